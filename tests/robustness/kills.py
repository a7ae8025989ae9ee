"""Kill a command at many moments and repeat it each time, until it is done."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

HOOK = Path(__file__).with_name("kill_hook")
TOOLS = Path(__file__).parent.parent.parent / "tools"
STATES = ("opened", "half", "whole", "in place")
PATIENCE = 600  # seconds after which a command, or what it started, counts as hanging


class At(NamedTuple):
    """When a process opens the count-th file of this name, a pattern, for writing; or when that
    file is half written, whole but not yet under its name, or in place."""

    state: str
    name: str
    count: int = 1


def survive(
    command: Callable[[int], Sequence],
    folder: Path,
    moments: Sequence[At],
    check: Callable[[], None] = lambda: None,
) -> None:
    """Kill the command at each moment in turn, and let it finish after the last one.

    When the command is done before a moment comes, `check` runs, and it starts over in an empty
    folder.

    Args:
        command: the words of the command in each session, counted from 0. It writes below `folder`
            alone, and continues when it is repeated.

    Raises:
        AssertionError: a session fails, or leaves a process behind, or a moment never comes.
    """
    left, begun = list(moments), False
    for number in itertools.count():
        moment = left[0] if left else None
        code, output = session(command(number), moment)
        if moment and code == -signal.SIGKILL:
            left.pop(0)
            begun = True
            continue
        assert code == 0, f"{moment}: exit code {code}\n{output}"
        check()
        if not moment:
            return
        assert begun, f"{moment} never comes"
        shutil.rmtree(folder)
        begun = False


def session(words: Sequence, moment: At | None) -> tuple[int, str]:
    """Run the command until the moment or its end; returns its exit code and its output."""
    env = dict(os.environ)
    if moment:
        env["KILL_AT"] = json.dumps(moment._asdict())
        env["PYTHONPATH"] = os.pathsep.join([str(HOOK), *filter(None, [env.get("PYTHONPATH")])])
        env.pop("COVERAGE_PROCESS_CONFIG", None)  # a killed process cannot report its lines
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, start_new_session=True
    )
    try:
        output = process.communicate(timeout=PATIENCE)[0].decode()
        deadline = time.monotonic() + PATIENCE
        while orphans := session_members(process.pid):
            assert time.monotonic() < deadline, f"{moment}: {orphans} outlive {words}"
            time.sleep(0.02)
    finally:
        end_session(process.pid)
        process.wait()
    return process.returncode, output


def end_session(leader: int) -> None:
    for number in session_members(leader):
        with suppress(ProcessLookupError):  # it has just ended
            os.kill(number, signal.SIGKILL)


def session_members(leader: int) -> list[int]:
    """The processes of a session, without zombies."""
    members = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, of_session = status.read_text().rpartition(")")[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
        if int(of_session) == leader and state != "Z":
            members.append(int(status.parent.name))
    return members


def tool(name: str, *words) -> list[str]:
    """The command that runs a tool in this Python."""
    return [sys.executable, str(TOOLS / name), *map(str, words)]
