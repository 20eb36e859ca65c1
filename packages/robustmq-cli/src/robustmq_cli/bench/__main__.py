"""[A] `python -m robustmq_cli.bench` is the same as `robust-bench`."""

from robustmq_cli.bench import main

if __name__ == "__main__":
    main()
