"""Kills a Python program where moment.json says; kills.py puts it there as its sitecustomize.py.

So the program itself knows of nothing. What it starts is hooked, too, and dies with it.
"""

import fnmatch
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

HERE = Path(__file__).parent
MOMENT = json.loads((HERE / "moment.json").read_text(encoding="utf-8"))
WRITING = os.O_WRONLY | os.O_RDWR

seen = 0


def comes(state: str, path) -> bool:
    """Whether this is the moment."""
    global seen
    name, wanted = os.path.basename(os.fsdecode(path)), MOMENT.get("name")
    # It is written beside, as .<name>.part or .<name>.<chance>.part, until it is whole.
    if MOMENT.get("state") != state or not (
        fnmatch.fnmatch(name, wanted) or fnmatch.fnmatch(name, f".{wanted}.*part")
    ):
        return False
    seen += 1
    return seen == MOMENT["count"]


def kill() -> None:
    """All of this program's session, workers too, and this one last."""
    (HERE / "reached").touch()
    own = os.getpid()
    for number in [*(each for each in session_members() if each != own), own]:
        with suppress(ProcessLookupError):  # it has just ended
            os.kill(number, signal.SIGKILL)


def session_members() -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(ProcessLookupError):
            if os.getsid(int(folder.name)) == os.getsid(0):
                found.append(int(folder.name))
    return found


def watch_opened(event: str, values: tuple) -> None:
    if event != "open" or isinstance(values[0], int) or not (values[2] or 0) & WRITING:
        return
    path = os.path.abspath(os.fsdecode(values[0]))
    if path.startswith(MOMENT["folder"] + os.sep):
        began = HERE / "began"
        if not os.path.exists(began):
            os.close(os.open(began, os.O_CREAT))
        if comes("opened", path):
            kill()


def replace(source, target, **options) -> None:
    """os.replace, at which a file is whole, and gets its name."""
    if comes("half", target):  # what a kill in the midst of writing leaves
        os.truncate(source, os.path.getsize(source) // 2)
        kill()
    if comes("whole", target):
        kill()
    replace_really(source, target, **options)
    if comes("in place", target):
        kill()


replace_really, os.replace = os.replace, replace
sys.addaudithook(watch_opened)
