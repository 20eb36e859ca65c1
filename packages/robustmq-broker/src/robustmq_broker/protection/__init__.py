"""What keeps a broker up: bans, limits, and refusals while there is too much to do."""
