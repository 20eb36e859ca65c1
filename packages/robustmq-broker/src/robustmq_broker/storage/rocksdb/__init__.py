"""The storage adapter `rocksdb`: shards on this machine's disk."""
