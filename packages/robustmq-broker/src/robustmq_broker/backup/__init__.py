"""[P] Backups: everything a storage adapter keeps, in one file that any adapter can be filled from."""
