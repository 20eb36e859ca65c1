"""Authentication by JSON Web Tokens (RFC 7519), and what their ACL claim allows."""
