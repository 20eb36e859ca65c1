"""[P] Backups: all that a storage adapter keeps, in a file from which any adapter can be filled."""
