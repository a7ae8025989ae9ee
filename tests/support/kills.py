"""Kill a command at many moments, each time going on by the same command, until it is done.

    report = survive(command, folder, spread(26, 0.5, rng) + [At("half", "*run.json")], check)

The command is any that writes below `folder` alone and goes on where it was; test_kills.py
does it to training and to export.
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
STATES = ("opened", "half", "whole", "in place")
PATIENCE = 600  # seconds for a session; what takes longer hangs
ORPHANS_END = 40  # seconds after which nothing may be left of what a killed process started


@dataclass(frozen=True)
class After:
    """So many seconds behind the first file that the command writes. A signal other than SIGKILL it
    may answer, and ends with the code for that."""

    seconds: float
    number: int = signal.SIGKILL


@dataclass(frozen=True)
class At:
    """When the count-th file of this name, a pattern, is opened for writing, half written, whole
    but not yet under its name, or in place; counted anew in each process of each session."""

    state: str
    name: str
    count: int = 1


Moment = After | At


@dataclass
class Report:
    """What happened: `missed` are aimed moments that the command did not come to before it was
    done."""

    killed: list[Moment] = field(default_factory=list)
    missed: list[Moment] = field(default_factory=list)
    finished: int = 0  # times that it was done and checked
    sessions: int = 0

    def __str__(self):
        return (
            f"{len(self.killed)} kills ({sum(isinstance(each, At) for each in self.killed)} of "
            f"them aimed), {len(self.missed)} moments never came, {self.sessions} sessions, "
            f"{self.finished} times done and compared"
        )


def spread(count: int, seconds: float, rng: np.random.Generator, **more) -> list[After]:
    """Moments by chance in the first seconds of sessions."""
    return [After(round(float(each), 3), **more) for each in rng.uniform(0, seconds, count)]


def survive(
    command: Sequence[str] | Callable[[int], Sequence[str]],
    folder: Path,
    moments: Sequence[Moment],
    check: Callable[[], None],
    alone: bool = True,
) -> Report:
    """Kill the command at each moment in turn; done early, it is checked, and begun anew in an
    emptied folder, so that all moments come. Seconds that are more than a whole one takes are
    halved. Ends when it is done after the last one.

    `command` may be another one in each session, counted from 0. `alone` kills the process itself,
    and what it has started must end by that; else, and at an aimed moment, all are killed, as where
    the power fails. Aimed moments that do not come in an undisturbed run either are `missed`.

    Raises:
        AssertionError: a session ends otherwise, with what it printed; or a process outlives it.
    """
    report, left, begun = Report(), list(moments), False
    while True:
        words = command(report.sessions) if callable(command) else command
        moment = left.pop(0) if left else None
        with tempfile.TemporaryDirectory() as hook:
            code, reached, said = session(list(words), folder, Path(hook), moment, alone)
        report.sessions += 1
        if moment and reached:
            report.killed.append(moment)
            allowed = {-signal.SIGKILL}
            if isinstance(moment, After):
                allowed = {-moment.number, 128 + moment.number}
            assert code in allowed, f"{moment}: exit code {code}\n{said}"
            begun = True
            continue
        assert code == 0, f"{moment}: exit code {code}\n{said}"
        check()
        report.finished += 1
        if moment and begun:
            left.insert(0, moment)  # what was left to do was too little for it
        elif isinstance(moment, After):
            left.insert(0, replace(moment, seconds=moment.seconds / 2))  # so is a whole one
        elif moment:
            report.missed.append(moment)
        if not left:
            return report
        shutil.rmtree(folder)
        begun = False


def session(
    words: list[str], folder: Path, hook: Path, moment: Moment | None, alone: bool
) -> tuple[int, bool, str]:
    """Run the command until the moment or its end: its exit code, whether the moment came, and the
    end of what it printed."""
    aimed = asdict(moment) if isinstance(moment, At) else {}
    (hook / "moment.json").write_text(json.dumps({"folder": str(folder.absolute()), **aimed}))
    shutil.copy(HOOK, hook / "sitecustomize.py")
    paths = [str(hook), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    env.pop("COVERAGE_PROCESS_CONFIG", None)  # what is killed tells nothing of its lines
    with open(hook / "said", "w+b") as said:
        process = subprocess.Popen(
            words, stdout=said, stderr=subprocess.STDOUT, env=env, start_new_session=True
        )
        reached = False
        try:
            if isinstance(moment, After):
                reached = wait_for_moment(process, hook / "began", moment)
            code = process.wait(PATIENCE)
            if not alone and reached and moment.number == signal.SIGKILL:
                end_session(process.pid)
            deadline = time.monotonic() + ORPHANS_END
            while orphans := session_members(process.pid):
                assert time.monotonic() < deadline, f"{moment}: {orphans} outlive {words}"
                time.sleep(0.02)
        finally:
            end_session(process.pid)
            process.wait()
        said.seek(0)
        return code, reached or (hook / "reached").exists(), said.read().decode()[-4000:]


def wait_for_moment(process: subprocess.Popen, began: Path, moment: After) -> bool:
    """Send the signal when its time has come, unless the command ends before."""
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
    # What it was about to end with, it may have come to before the signal did.
    return process.wait(PATIENCE) != 0


def end_session(leader: int) -> None:
    for number in session_members(leader):
        with suppress(ProcessLookupError):  # it has just ended
            os.kill(number, signal.SIGKILL)


def session_members(leader: int) -> list[int]:
    """The processes of a session that are no zombies."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, of_session = status.read_text().rpartition(")")[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
        if int(of_session) == leader and state != "Z":
            found.append(int(status.parent.name))
    return found


def tool(name: str, *words) -> list[str]:
    """A tool of this clone, in this Python."""

    return [
        sys.executable,
        str(Path(__file__).parent.parent.parent / "tools" / name),
        *map(str, words),
    ]
