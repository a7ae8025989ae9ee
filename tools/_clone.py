"""What every tool starts with: its clone first on sys.path, and a clean end."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from paddle_aug.cli import run, run_command

__all__ = ["run", "run_command"]
