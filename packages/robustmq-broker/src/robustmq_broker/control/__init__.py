"""[P] What a running broker can be asked and told by whoever may use its control socket."""
