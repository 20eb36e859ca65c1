"""Measurements of the broker beside others on this machine: `make bench`, see README.md."""
