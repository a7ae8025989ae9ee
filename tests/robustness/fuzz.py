"""Bad input by the thousand: each case is taken, or refused with one clear message.

    python tests/robustness/fuzz.py --cases 10000 --seed 0

A case writes files of its kind and hands them to what the tools hand them to. It is broken by any
exception but a UserError, an unclear message, a file written outside its output folder, a program
started, more than MOST_SECONDS, or MOST_BYTES more memory than before. Processes of a few cases
each, forked from this one, run them; some are run by the real command line besides.
docs/bad-input.md is about what is defended, and its figures are of this.
"""

import argparse
import contextlib
import faulthandler
import io
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
if __name__ == "__main__":
    sys.path.insert(1, str(ROOT))  # as tools/_clone.py does for a bare clone

from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from paddle_aug.errors import UserError  # noqa: E402

MOST_SECONDS = 20  # of processor time
MOST_WAIT = 120  # seconds of the clock, on a machine that others use too
MOST_BYTES = 2 * 2**30  # resident, more than before the case
WALL = 4 * 2**30  # of private memory, more than before: the machine is not to be filled
MOST_LINES = 80  # of a message
MOST_COLUMNS = 1500
CHUNK = 40  # cases a process
BY_COMMAND = 4  # of so many processes one runs its last case by the command line, too


class Attempt(NamedTuple):
    """What a case does. A refusal must say one of the `names`; `command` is a tool and its
    arguments that meet the same files, and writes below `out` of the case's folder."""

    run: Callable[[], object]
    names: tuple[str, ...]
    command: tuple[str, ...] = ()


class Kind(NamedTuple):
    """`make(draw, folder)` writes a case into the folder; `share` of all cases are of this kind."""

    make: Callable[[Callable, Path], Attempt]
    share: int

    def made(self, draw: Callable, folder: Path) -> Attempt:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of libraries that would rather not write such files
            return self.make(draw, folder)


class Verdict(NamedTuple):
    """How a case ended: its message if it was refused, its seconds, and the bytes that it took."""

    message: str | None
    seconds: float
    taken: int


class Broken(AssertionError):
    """A case that ended in another way."""


class TooSlow(BaseException):
    """Raised within the case; no `except Exception` keeps it."""


STARTS = ("os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty")
CHANGES = (
    "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.chmod", "os.utime", "os.rename",
    "os.link", "os.symlink", "os.mkfifo",
)  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class _Watch:
    """What the interpreter is about to do, which an audit hook is told of: hooks stay for good, so
    there is one, asleep between the cases."""

    def __init__(self):
        self.allowed: Path | None = None
        self.breaches: list[str] = []
        self.hooked = False

    def begin(self, allowed: Path) -> None:
        if not self.hooked:
            sys.addaudithook(self.told)
            self.hooked = True
        self.allowed, self.breaches = allowed.resolve(), []

    def end(self) -> list[str]:
        self.allowed = None
        return self.breaches

    def told(self, event: str, args: tuple) -> None:
        if self.allowed is None:
            return
        if event in STARTS or event.startswith("socket.connect"):
            self.breaches.append(f"{event} {args}")
        elif event == "open":
            path, mode, flags = args
            writes = flags & WRITING if mode is None else set(mode) & set("wax+")
            if writes and not isinstance(path, int):
                self.changed(event, path)
        elif event in CHANGES:
            # Links: what they point to may be anywhere, where they are may not.
            paths = args[1:2] if event == "os.symlink" else args[:2]
            for path in paths:
                if isinstance(path, str | bytes | os.PathLike):
                    self.changed(event, path)

    def changed(self, event: str, path) -> None:
        real = os.path.realpath(os.fsdecode(path))
        if real != os.devnull and not f"{real}/".startswith(f"{self.allowed}/"):
            self.breaches.append(f"{event} {real}")


watch = _Watch()


def memory() -> dict[str, int]:
    """Of this process, in bytes: VmRSS, VmHWM (its highest since `forget_peak`), VmData."""
    text = Path("/proc/self/status").read_text()
    return {name: int(kib) * 1024 for name, kib in re.findall(r"(Vm\w+):\s+(\d+) kB", text)}


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


@contextlib.contextmanager
def limited(seconds: float, wait: float, more_bytes: int):
    """Raise TooSlow after so long, and give no more private memory than so much more."""

    def stop(*_):
        raise TooSlow

    before = {each: signal.signal(each, stop) for each in (signal.SIGALRM, signal.SIGPROF)}
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (memory()["VmData"] + more_bytes, hard))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, wait)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
        for each, handler in before.items():
            signal.signal(each, handler)


def unclear(message: str, names: tuple[str, ...]) -> str | None:
    """What is wrong with a message."""
    if not message.strip():
        return "it is empty"
    if "Traceback" in message:
        return "it is a traceback"
    if not any(name in message for name in names):
        return f"it names none of {', '.join(names)}"
    lines = message.split("\n")
    if len(lines) > MOST_LINES or max(map(len, lines)) > MOST_COLUMNS:
        return f"it has {len(lines)} lines of up to {max(map(len, lines))} characters"
    odd = {character for line in lines for character in line if not character.isprintable()}
    if odd - {"\t"}:  # they would move the cursor, ring, or hide what follows
        return f"it holds {odd!r}"
    return None


def judge(
    attempt: Attempt, folder: Path, seconds=MOST_SECONDS, wait=MOST_WAIT, most=MOST_BYTES
) -> Verdict:
    """Run a case.

    Raises:
        Broken: it ended in any other way than success or one clear UserError.
    """
    (folder / "out").mkdir(exist_ok=True)
    forget_peak()
    before, started, here = memory()["VmRSS"], time.process_time(), Path.cwd()
    message = None
    watch.begin(folder / "out")
    try:
        with (
            limited(seconds, wait, WALL),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")  # Pillow's remarks on damaged files
            os.chdir(folder / "out")
            attempt.run()
    except UserError as error:
        message = str(error)
    except TooSlow:
        raise Broken(f"took more than {seconds} s, or {wait} s of the clock") from None
    except (Exception, SystemExit, RecursionError) as error:
        raise Broken(f"{type(error).__name__}: {str(error)[:300]}") from error
    finally:
        breaches = watch.end()
        os.chdir(here)
        taken, took = max(0, memory()["VmHWM"] - before), time.process_time() - started
    if breaches:
        raise Broken(f"did {breaches[0]}")
    if taken > most:
        raise Broken(f"took {taken / 2**20:,.0f} MiB")
    if message is not None and (wrong := unclear(message, attempt.names)):
        raise Broken(f"the message is not clear, {wrong}: {message[:300]!r}")
    return Verdict(message, took, taken)


def judge_command(attempt: Attempt, folder: Path) -> tuple[int, int]:
    """Run a case by the real command line; its exit code, and the most memory that it had.

    Raises:
        Broken: it ended by a traceback, a signal, or another code than 0, 1 and 2, or too late.
    """
    tool, *arguments = attempt.command
    (folder / "out").mkdir(exist_ok=True)

    def wall():
        resource.setrlimit(resource.RLIMIT_DATA, (WALL, WALL))

    words = [sys.executable, str(ROOT / "tools" / tool), *arguments]
    with open(folder / "out" / "stderr", "w+b") as told, open(os.devnull, "w+b") as nothing:
        started = subprocess.Popen(
            words, cwd=folder / "out", stdin=nothing, stdout=nothing, stderr=told, preexec_fn=wall
        )
        end = time.monotonic() + 2 * MOST_WAIT  # importing Paddle and all
        while not (ended := os.wait4(started.pid, os.WNOHANG))[0]:
            if time.monotonic() > end:
                started.kill()
                started.wait()
                raise Broken(f"{tool} took more than {2 * MOST_WAIT} s")
            time.sleep(0.02)
        code = started.returncode = os.waitstatus_to_exitcode(ended[1])
        told.seek(0)
        message = told.read().decode()
    if code not in (0, 1, 2) or "Traceback" in message:
        raise Broken(f"{tool} ended with {code}: {message[-1500:]}")
    if code == 2 and tool != "check.py" and not message.strip():  # whose errors are its report
        raise Broken(f"{tool} ended with 2 and said nothing")
    return code, ended[2].ru_maxrss * 1024


def kinds() -> dict[str, Kind]:
    """All kinds of cases; those of weights bring Paddle with them."""
    from fuzz_data import KINDS as DATA
    from fuzz_images import KINDS as IMAGES
    from fuzz_texts import KINDS as TEXTS
    from fuzz_weights import KINDS as WEIGHTS

    return {**DATA, **IMAGES, **TEXTS, **WEIGHTS}


QUIET = {"database": None, "deadline": None, "suppress_health_check": list(HealthCheck)}


def run_chunk(name: str, kind: Kind, chunk_seed: int, count: int, folder: Path, note: Path) -> dict:
    """So many cases, in this process. `note` always says which one is under way."""
    told = {
        "refused": 0, "taken": 0, "commands": {}, "seconds": 0.0, "bytes": 0, "command_bytes": 0,
        "broken": [],
    }  # fmt: skip
    done = 0

    @seed(chunk_seed)
    @settings(max_examples=count, phases=(Phase.generate,), **QUIET)
    @given(st.data())
    def one(data):
        nonlocal done
        here = folder / str(done)
        done += 1
        note.write_text(f"{name} --seed {chunk_seed}, case {done}")
        here.mkdir()
        keep = False
        faulthandler.dump_traceback_later(2 * MOST_WAIT, exit=True)
        try:
            attempt = kind.made(data.draw, here)
            verdict = judge(attempt, here)
            told["refused" if verdict.message else "taken"] += 1
            told["seconds"] = max(told["seconds"], verdict.seconds)
            told["bytes"] = max(told["bytes"], verdict.taken)
            if attempt.command and done == count and chunk_seed % BY_COMMAND == 0:
                faulthandler.cancel_dump_traceback_later()
                code, most = judge_command(attempt, here)
                told["commands"][code] = told["commands"].get(code, 0) + 1
                told["command_bytes"] = max(told["command_bytes"], most)
        except Broken as error:
            keep = True
            told["broken"].append([str(here), str(error), where(error)])
        finally:
            faulthandler.cancel_dump_traceback_later()
            if not keep:
                shutil.rmtree(here)

    one()
    return told


def where(error: BaseException) -> str:
    """The innermost lines of ours that an error came through."""
    if error.__cause__ is None:
        return ""
    frames = traceback.extract_tb(error.__cause__.__traceback__)
    ours = [frame for frame in frames if "paddle_aug/" in frame.filename] or frames
    return " < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(ours[-3:]))


def forked(task: Callable[[Path], dict], folder: Path) -> int:
    """Start a process that writes what `task` says of itself into the folder; its id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        with open(folder / "said", "wb") as said:
            os.dup2(said.fileno(), 2)
        faulthandler.enable()
        (folder / "told.json").write_text(json.dumps(task(folder)))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def collected(folder: Path, status: int) -> dict:
    """What a process came to; of one that died, the case that killed it is broken."""
    if (folder / "told.json").exists():
        return json.loads((folder / "told.json").read_text())
    note = folder / "note"
    case = note.read_text() if note.exists() else "?"
    said = (folder / "said").read_text(errors="replace")[-2500:]
    return {"broken": [[str(folder), f"{case} ended the process ({status}): {said}", ""]]}


def plan(chosen: dict[str, Kind], cases: int, first_seed: int) -> list[tuple[str, int, int]]:
    """Kind, seed and number of cases of each chunk, all kinds by their shares, and evenly spread:
    wherever a run is stopped, all kinds have had theirs."""
    total = sum(kind.share for kind in chosen.values())
    chunks = []
    for place, (name, kind) in enumerate(chosen.items()):
        left = max(1, round(cases * kind.share / total))
        number = 0
        while left:
            count = min(CHUNK, left)
            chunks.append((name, 1_000_000 * first_seed + 10_000 * place + number, count))
            left -= count
            number += 1
    numbers = Counter(name for name, _, _ in chunks)
    return sorted(chunks, key=lambda chunk: (chunk[1] % 10_000 + 0.5) / numbers[chunk[0]])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", help="these only")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--keep", type=Path, help="folder for the files of cases that are broken")
    options = parser.parse_args()
    known = kinds()
    chosen = {name: known[name] for name in options.kinds or known}
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    tempfile.tempdir = str(folder)
    told = {name: Counter() for name in chosen}
    most = {name: Counter() for name in chosen}
    broken = []
    waiting, running = plan(chosen, options.cases, options.seed)[::-1], {}
    while waiting or running:
        while waiting and len(running) < options.processes:
            name, chunk_seed, count = waiting.pop()
            here = folder / f"{name}-{chunk_seed}"
            here.mkdir()

            def task(here, name=name, chunk_seed=chunk_seed, count=count):
                return run_chunk(name, chosen[name], chunk_seed, count, here, here / "note")

            running[forked(task, here)] = name, here
        try:
            pid, status = os.wait()
        except KeyboardInterrupt:  # those that are under way are waited for
            waiting.clear()
            continue
        name, here = running.pop(pid)
        found = collected(here, os.waitstatus_to_exitcode(status))
        for each in found["broken"]:
            broken.append((name, *each))
            print(f"BROKEN {name}: {each[1]}\n    {each[2]}\n    {each[0]}", flush=True)
        for key in ("refused", "taken"):
            told[name][key] += found.get(key, 0)
        for code, count in found.get("commands", {}).items():
            told[name][f"exit {code}"] += count
        for key in ("seconds", "bytes", "command_bytes"):
            most[name][key] = max(most[name][key], found.get(key, 0))
        if found["broken"] and options.keep:
            shutil.copytree(here, options.keep / here.name, symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(here)
    shutil.rmtree(folder)
    print(table(told, most, Counter(each[0] for each in broken)))
    print(f"{time.monotonic() - started:,.0f} s, {len(broken):,} broken")
    return 1 if broken else 0


def table(told: dict[str, Counter], most: dict[str, Counter], broken: Counter) -> str:
    """A line a kind, and one for all."""
    lines = ["| kind | cases | taken | refused | broken | by command (exit 0, 1, 2) | s | MiB |"]
    lines.append("| --- " + "| ---: " * 7 + "|")
    everything, highest = Counter(), Counter()
    for name, counts in told.items():
        counts["broken"] = broken[name]
        everything += counts
        highest |= most[name]
        lines.append(_row(name, counts, most[name]))
    lines.append(_row("all", everything, highest))
    return "\n".join(lines)


def _row(name: str, counts: Counter, most: Counter) -> str:
    cases = counts["taken"] + counts["refused"] + counts["broken"]
    by_command = ", ".join(str(counts[f"exit {code}"]) for code in range(3))
    return (
        f"| {name} | {cases:,} | {counts['taken']:,} | {counts['refused']:,} | {counts['broken']} "
        f"| {by_command} | {most['seconds']:.1f} | {most['bytes'] / 2**20:,.0f} |"
    )


if __name__ == "__main__":
    sys.modules.setdefault("fuzz", sys.modules["__main__"])  # which the kinds import
    sys.exit(main())
