"""`python -m paddle_aug` is `paddle-aug`."""

from paddle_aug.cli import main

if __name__ == "__main__":
    main()
