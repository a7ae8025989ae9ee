"""`paddle-aug` and `python -m paddle_aug`."""

from paddle_aug.system.start import exit_on_interrupt


def main() -> None:
    exit_on_interrupt()
    from paddle_aug import cli

    cli.main()


if __name__ == "__main__":
    main()
