"""[A] `python -m robustmq_cli.ctl` is the same as `robust-ctl`."""

from robustmq_cli.ctl import main

if __name__ == "__main__":
    main()
