"""WebSocket: the handshake, the frames and the layer that turns them into a byte stream."""
