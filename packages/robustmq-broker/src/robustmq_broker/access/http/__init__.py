"""Authentication and authorization by a service over HTTP."""
