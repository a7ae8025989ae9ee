"""What every tool starts with: its clone first on sys.path, and a clean end."""

import os.path
import sys
from collections.abc import Callable
from pathlib import Path

# The folder of AI Studio's users for packages that are to outlive a session.
sys.path.insert(0, os.path.expanduser("~/external-libraries"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from paddle_aug.system.start import exit_on_interrupt


def run_command(name: str) -> None:
    """`cli.run_command`; workers, which import the tool's script, do not call it."""
    exit_on_interrupt()
    from paddle_aug import cli

    cli.run_command(name)


def run(main: Callable[[], int | None]) -> None:
    """`cli.run`, for what is no command."""
    from paddle_aug import cli

    cli.run(main)
