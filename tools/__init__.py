"""What builds, checks and proves this repository; run as `python -m tools.<name>` from its root."""
