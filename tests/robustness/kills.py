"""Kill a command at many moments and repeat it each time, until it is done.

    report = survive(command, folder, spread(26, 0.5, rng) + [At("half", "*run.json")], check)

The command writes below `folder` alone, and continues when it is repeated.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

HOOK = Path(__file__).with_name("kill_hook.py")
TOOLS = Path(__file__).parent.parent.parent / "tools"
STATES = ("opened", "half", "whole", "in place")
PATIENCE = 600  # seconds after which a session, or what it started, counts as hanging


@dataclass(frozen=True)
class After:
    """Some seconds after the command begins to write. It may answer a signal other than SIGKILL,
    and then ends with the exit code for that."""

    seconds: float
    number: int = signal.SIGKILL


@dataclass(frozen=True)
class At:
    """When a process opens the count-th file of this name, a pattern, for writing; or when that
    file is half written, whole but not yet under its name, or in place."""

    state: str
    name: str
    count: int = 1


Moment = After | At


@dataclass
class Report:
    """The moments at which the command was killed, and the aimed ones that never came."""

    killed: list[Moment] = field(default_factory=list)
    missed: list[Moment] = field(default_factory=list)
    finished: int = 0  # how often the command was done, and checked
    sessions: int = 0


def spread(count: int, seconds: float, rng: np.random.Generator, **more) -> list[After]:
    """Random moments in the first seconds."""
    return [After(round(float(each), 3), **more) for each in rng.uniform(0, seconds, count)]


def survive(
    command: Callable[[int], Sequence],
    folder: Path,
    moments: Sequence[Moment],
    check: Callable[[], None],
    alone: bool = True,
) -> Report:
    """Kill the command at each moment in turn, and let it finish after the last one.

    When the command is done before a moment comes, `check` runs, and it starts over in an empty
    folder. A moment that comes too late for a whole run is moved to half its seconds; an aimed one
    is `missed`.

    Args:
        command: the words of the command in each session, counted from 0.
        alone: SIGKILL goes to the first process alone, and what it started must then end. Without
            it, and at aimed moments, all processes are killed, as when the power fails.

    Raises:
        AssertionError: a session ends in another way, or leaves a process behind.
    """
    report, left, begun = Report(), list(moments), False
    while True:
        moment = left.pop(0) if left else None
        with tempfile.TemporaryDirectory() as hook:
            words = command(report.sessions)
            code, reached, output = session(words, folder, Path(hook), moment, alone)
        report.sessions += 1
        if moment and reached:
            report.killed.append(moment)
            expected = {-signal.SIGKILL}
            if isinstance(moment, After):
                expected = {-moment.number, 128 + moment.number}
            assert code in expected, f"{moment}: exit code {code}\n{output}"
            begun = True
            continue
        assert code == 0, f"{moment}: exit code {code}\n{output}"
        check()
        report.finished += 1
        if moment and begun:
            left.insert(0, moment)  # there was too little left to do
        elif isinstance(moment, After):
            left.insert(0, replace(moment, seconds=moment.seconds / 2))
        elif moment:
            report.missed.append(moment)
        if not left:
            return report
        shutil.rmtree(folder)
        begun = False


def session(
    words: Sequence, folder: Path, hook: Path, moment: Moment | None, alone: bool
) -> tuple[int, bool, str]:
    """Run the command until the moment or its end; returns its exit code, whether the moment came,
    and the end of the output."""
    aimed = asdict(moment) if isinstance(moment, At) else {}
    (hook / "moment.json").write_text(json.dumps({"folder": str(folder.absolute()), **aimed}))
    shutil.copy(HOOK, hook / "sitecustomize.py")
    paths = [str(hook), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    env.pop("COVERAGE_PROCESS_CONFIG", None)  # a killed process cannot report its lines
    with open(hook / "output", "w+b") as output:
        process = subprocess.Popen(
            words, stdout=output, stderr=subprocess.STDOUT, env=env, start_new_session=True
        )
        reached = False
        try:
            if isinstance(moment, After):
                reached = send_signal(process, hook / "began", moment)
            code = process.wait(PATIENCE)
            if not alone and reached and moment.number == signal.SIGKILL:
                end_session(process.pid)
            deadline = time.monotonic() + PATIENCE
            while orphans := session_members(process.pid):
                assert time.monotonic() < deadline, f"{moment}: {orphans} outlive {words}"
                time.sleep(0.02)
        finally:
            end_session(process.pid)
            process.wait()
        output.seek(0)
        return code, reached or (hook / "reached").exists(), output.read().decode()[-4000:]


def send_signal(process: subprocess.Popen, began: Path, moment: After) -> bool:
    """Send the signal at its moment; returns whether the command ended by it."""
    deadline = time.monotonic() + PATIENCE
    while not began.exists():
        if process.poll() is not None:
            return False
        assert time.monotonic() < deadline, f"{process.args} writes nothing"
        time.sleep(0.002)
    time.sleep(moment.seconds)
    if process.poll() is not None:
        return False
    process.send_signal(moment.number)
    return process.wait(PATIENCE) != 0  # it may have been done just before


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
