"""[P] Topics that are kept in a way of their own: their rules and their logs."""
