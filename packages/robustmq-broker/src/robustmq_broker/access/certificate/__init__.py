"""Who a client is by its TLS certificate."""
