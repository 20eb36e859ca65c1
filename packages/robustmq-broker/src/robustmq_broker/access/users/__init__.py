"""[P] The users that the broker itself keeps."""
