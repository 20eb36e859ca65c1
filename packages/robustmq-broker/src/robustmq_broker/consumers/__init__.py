"""[P] Consumer groups: named positions in the logs of a storage adapter."""
