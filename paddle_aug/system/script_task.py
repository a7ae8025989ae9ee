"""Script tasks of AI Studio: where they have data, and where results outlive the task."""

import os
from pathlib import Path

SCRIPT_TASK = Path("/root/paddlejob/workspace")


def kept(name: str, script_task: Path = SCRIPT_TASK) -> str:
    """The default path of results: in a script task below `output/`, which is packed for download
    while all else is thrown away; anywhere else in the current folder."""
    output = script_task / "output"
    return str(output / name) if os.path.isdir(output) else name
