"""AI Studio's own places: the home, and where a script task has its data and leaves results."""

import os
from pathlib import Path

HOME = Path("/home/aistudio")  # kept, but loaded at each start: the smaller, the better
SCRIPT_TASK = Path("/root/paddlejob/workspace")


def kept(name: str, script_task: Path = SCRIPT_TASK) -> str:
    """The default path of results: below `output/` in a script task, which keeps nothing else, and
    in the current folder elsewhere."""
    output = script_task / "output"
    return str(output / name) if os.path.isdir(output) else name
