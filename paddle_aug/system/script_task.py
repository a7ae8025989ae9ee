"""Script tasks of AI Studio: where their data is, and where results outlive the task."""

import os
from pathlib import Path

SCRIPT_TASK = Path("/root/paddlejob/workspace")


def kept(name: str, script_task: Path = SCRIPT_TASK) -> str:
    """The default path of results: below `output/` in a script task, which keeps nothing else, and
    in the current folder elsewhere."""
    output = script_task / "output"
    return str(output / name) if os.path.isdir(output) else name
