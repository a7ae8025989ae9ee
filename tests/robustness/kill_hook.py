"""Kills a Python program at the moment in moment.json. kills.py installs this file as the program's
sitecustomize.py, so the program knows nothing of it; the processes that it starts are hooked too.
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

count = 0


def is_the_moment(state: str, path) -> bool:
    global count
    name, pattern = os.path.basename(os.fsdecode(path)), MOMENT.get("name")
    # Until a file is whole, its name is .<name>.part or .<name>.<chance>.part.
    if MOMENT.get("state") != state or not (
        fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(name, f".{pattern}.*part")
    ):
        return False
    count += 1
    return count == MOMENT["count"]


def kill() -> None:
    """Kill all processes of this session, and this one last."""
    (HERE / "reached").touch()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(ProcessLookupError):  # it has just ended
            if int(folder.name) != os.getpid() and os.getsid(int(folder.name)) == os.getsid(0):
                os.kill(int(folder.name), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def watch_opened(event: str, values: tuple) -> None:
    if event != "open" or isinstance(values[0], int) or not (values[2] or 0) & WRITING:
        return
    path = os.path.abspath(os.fsdecode(values[0]))
    if path.startswith(MOMENT["folder"] + os.sep):
        began = HERE / "began"
        if not os.path.exists(began):
            os.close(os.open(began, os.O_CREAT))
        if is_the_moment("opened", path):
            kill()


def replace(source, target, **options) -> None:
    """os.replace, by which a whole file gets its name."""
    if is_the_moment("half", target):
        os.truncate(source, os.path.getsize(source) // 2)
        kill()
    if is_the_moment("whole", target):
        kill()
    os_replace(source, target, **options)
    if is_the_moment("in place", target):
        kill()


os_replace, os.replace = os.replace, replace
sys.addaudithook(watch_opened)
