"""[A] `python -m robustmq_cli.server` is the same as `robust-server`."""

from robustmq_cli.server import main

if __name__ == "__main__":
    main()
