"""[P] QUIC (RFC 9000): the protocol pack's bytes over one stream of a connection."""
