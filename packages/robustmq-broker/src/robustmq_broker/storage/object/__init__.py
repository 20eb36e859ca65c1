"""The storage adapter `object`: shards in an object store, with a local write-ahead log."""
