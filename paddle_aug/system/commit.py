"""The commit of this code, for run.json. setup.py runs this file where no library is installed."""

import subprocess
from pathlib import Path

NOTE = Path(__file__).with_suffix(".txt")  # written by `git archive` and setup.py


def commit() -> str | None:
    """The clone's commit, followed by "+" if tracked files differ from it; where there is no clone,
    the one that the package or archive was made from; None if nobody noted it."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        noted = NOTE.read_text().strip()
        return None if noted.startswith("$") else noted or None
    describe = ["git", "-C", str(root), "describe", "--always", "--exclude=*", "--abbrev=40"]
    try:
        described = subprocess.run([*describe, "--dirty=+"], capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return described.stdout.strip() or None
