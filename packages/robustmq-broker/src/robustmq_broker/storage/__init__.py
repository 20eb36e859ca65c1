"""Storage: the memory adapter, and the group commit above whichever adapter is chosen."""
