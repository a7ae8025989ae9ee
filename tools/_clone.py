"""What every tool starts with: its clone first on sys.path, and a clean end."""

import os.path
import sys
from pathlib import Path

# The folder of AI Studio's users for packages that are to outlive a session.
sys.path.insert(0, os.path.expanduser("~/external-libraries"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from paddle_aug.cli import run, run_command

__all__ = ["run", "run_command"]
