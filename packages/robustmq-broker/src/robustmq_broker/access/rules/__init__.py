"""Rules on what clients may publish and subscribe to, from a file or from the broker's storage."""
