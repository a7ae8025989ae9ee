"""Bad input by the thousand: a tool accepts each case, or refuses it with one clear message.

    python tests/robustness/fuzz.py --cases 10000 --seed 0

A case writes files into a folder and hands them to the functions that the tools call. A case is
broken if it raises anything but a UserError, if the message is not clear, if it writes outside its
output folder or starts a program, and if it takes longer than MAX_SECONDS. See docs/bad-input.md.
"""

import argparse
import contextlib
import faulthandler
import io
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
    sys.path[1:1] = [str(ROOT), str(ROOT / "tests" / "support")]

from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from paddle_aug.errors import UserError  # noqa: E402

MAX_SECONDS = 120
MAX_BYTES = 4 * 2**30  # of private memory on top of what is there, so that the machine lives on
MAX_LINES, MAX_COLUMNS = 80, 1500  # of a message
BY_COMMAND = 100  # one case in so many runs by the real command line, too
QUIET = {"database": None, "deadline": None, "suppress_health_check": list(HealthCheck)}


class Attempt(NamedTuple):
    """What a case does. A refusal must mention one of the `names`; `command` is a tool and its
    arguments that read the same files and write below the folder `out` of the case."""

    run: Callable[[], object]
    names: tuple[str, ...]
    command: tuple[str, ...] = ()


Kind = Callable[[Callable, Path], Attempt]  # (draw, folder): writes a case into the folder


class Broken(AssertionError):
    """The case ended neither in success nor in a clear refusal."""


class TooSlow(BaseException):
    """Raised within the case; no `except Exception` catches it."""


STARTS = ("os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty")
CHANGES = (
    "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.chmod", "os.utime", "os.rename",
    "os.link", "os.symlink", "os.mkfifo",
)  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Watch:
    """An audit hook that records forbidden acts. Hooks cannot be removed, so there is one for all
    cases, and it sleeps between them."""

    def __init__(self):
        self.allowed: Path | None = None
        self.breaches: list[str] = []
        self.hooked = False

    def begin(self, allowed: Path) -> None:
        if not self.hooked:
            sys.addaudithook(self.hear)
            self.hooked = True
        self.allowed, self.breaches = allowed.resolve(), []

    def end(self) -> list[str]:
        self.allowed = None
        return self.breaches

    def hear(self, event: str, args: tuple) -> None:
        if self.allowed is None:
            return
        # Training asks git for the commit.
        if (event in STARTS and args[0] != "git") or event.startswith("socket.connect"):
            self.breaches.append(f"{event} {args}")
        elif event == "open":
            path, mode, flags = args
            writes = flags & WRITING if mode is None else set(mode) & set("wax+")
            if writes and not isinstance(path, int):
                self.hear_change(event, path)
        elif event in CHANGES:
            # A link may point anywhere, but not lie anywhere.
            for path in args[1:2] if event == "os.symlink" else args[:2]:
                if isinstance(path, str | bytes | os.PathLike):
                    self.hear_change(event, path)

    def hear_change(self, event: str, path) -> None:
        real = os.path.realpath(os.fsdecode(path))
        if real != os.devnull and not f"{real}/".startswith(f"{self.allowed}/"):
            self.breaches.append(f"{event} {real}")


watch = Watch()


@contextlib.contextmanager
def limits(seconds: float):
    """Raise TooSlow after some time, and MemoryError instead of filling the machine."""

    def stop(*_):
        raise TooSlow

    used = re.search(r"VmData:\s+(\d+) kB", Path("/proc/self/status").read_text())
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (int(used[1]) * 1024 + MAX_BYTES, hard))
    handler = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def fault_of(message: str, names: tuple[str, ...]) -> str | None:
    """What is wrong with a message, if anything."""
    if not message.strip():
        return "it is empty"
    if "Traceback" in message:
        return "it is a traceback"
    if not any(name in message for name in names):
        return f"it mentions none of {', '.join(names)}"
    lines = message.split("\n")
    if len(lines) > MAX_LINES or max(map(len, lines)) > MAX_COLUMNS:
        return f"it has {len(lines)} lines of up to {max(map(len, lines))} characters"
    odd = {character for line in lines for character in line if not character.isprintable()}
    if odd - {"\t"}:  # they would move the cursor, ring, or hide what follows
        return f"it holds {odd!r}"
    return None


def judge(attempt: Attempt, folder: Path, seconds: float = MAX_SECONDS) -> str | None:
    """Run a case; returns its message if it was refused.

    Raises:
        Broken: it ended in any other way than success or one clear UserError.
    """
    (folder / "out").mkdir(exist_ok=True)
    here, message = Path.cwd(), None
    watch.begin(folder / "out")
    try:
        with (
            limits(seconds),
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
        raise Broken(f"took more than {seconds} s") from None
    except (Exception, SystemExit) as error:
        raise Broken(f"{type(error).__name__}: {str(error)[:300]}") from error
    finally:
        breaches = watch.end()
        os.chdir(here)
    if breaches:
        raise Broken(f"did {breaches[0]}")
    if message is not None and (fault := fault_of(message, attempt.names)):
        raise Broken(f"the message is not clear, {fault}: {message[:300]!r}")
    return message


def judge_command(attempt: Attempt, folder: Path) -> int:
    """Run a case by the real command line; returns its exit code.

    Raises:
        Broken: it ended with a traceback, a signal or another code than 0, 1 and 2, or too late.
    """
    tool, *arguments = attempt.command
    (folder / "out").mkdir(exist_ok=True)
    words = [sys.executable, str(ROOT / "tools" / tool), *arguments]
    try:
        ended = subprocess.run(
            words, cwd=folder / "out", stdin=subprocess.DEVNULL, capture_output=True, timeout=600
        )
    except subprocess.TimeoutExpired:
        raise Broken(f"{tool} does not end") from None
    message = ended.stderr.decode()
    if ended.returncode not in (0, 1, 2) or "Traceback" in message:
        raise Broken(f"{tool} ended with {ended.returncode}: {message[-1500:]}")
    if ended.returncode == 2 and not message.strip() and tool != "check.py":  # it prints a report
        raise Broken(f"{tool} ended with 2 and said nothing")
    return ended.returncode


def case(kind: Kind, draw: Callable, folder: Path) -> Attempt:
    """Write a case of a kind into the folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # libraries that would rather not write such files
        return kind(draw, folder)


def kinds() -> dict[str, Kind]:
    """All kinds of cases; those of weights import Paddle."""
    import fuzz_data
    import fuzz_images
    import fuzz_texts
    import fuzz_weights

    return fuzz_data.KINDS | fuzz_images.KINDS | fuzz_texts.KINDS | fuzz_weights.KINDS


def run_kind(name: str, kind: Kind, cases: int, first_seed: int, keep: Path | None) -> Counter:
    """Run cases of a kind and print the broken ones; returns how many ended how."""
    counts: Counter = Counter()

    @seed(first_seed)
    @settings(max_examples=cases, phases=(Phase.generate,), **QUIET)
    @given(st.data())
    def run_case(data):
        number = counts.total()
        folder = Path(tempfile.mkdtemp(prefix=f"{name.replace(' ', '-')}-{number}-"))
        try:
            attempt = case(kind, data.draw, folder)
            message = judge(attempt, folder)
            if attempt.command and number % BY_COMMAND == BY_COMMAND - 1:
                judge_command(attempt, folder)
            counts["accepted" if message is None else "refused"] += 1
        except Broken as error:
            counts["broken"] += 1
            print(f"BROKEN {folder.name}: {error}", flush=True)
            traceback.print_exception(error.__cause__, limit=-3, file=sys.stdout)
            if keep:
                shutil.copytree(folder, keep / folder.name, symlinks=True)
        finally:
            shutil.rmtree(folder)

    run_case()
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    parser.add_argument("--cases", type=int, default=10_000, help="of all kinds together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", help="only these")
    parser.add_argument("--keep", type=Path, help="folder for the files of broken cases")
    options = parser.parse_args()
    faulthandler.enable()
    known = kinds()
    chosen = {name: known[name] for name in options.kinds or known}
    started = time.monotonic()
    total: Counter = Counter()
    print("| kind | accepted | refused | broken |\n| --- | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
        tempfile.tempdir = folder
        for name, kind in chosen.items():
            cases = max(1, options.cases // len(chosen))
            counts = run_kind(name, kind, cases, options.seed, options.keep)
            total += counts
            print(row(name, counts), flush=True)
    print(row("all", total))
    print(f"{time.monotonic() - started:,.0f} s")
    return 1 if total["broken"] else 0


def row(name: str, counts: Counter) -> str:
    numbers = (f"{counts[key]:,}" for key in ("accepted", "refused", "broken"))
    return f"| {name} | {' | '.join(numbers)} |"


if __name__ == "__main__":
    sys.modules.setdefault("fuzz", sys.modules["__main__"])  # the kinds import it
    sys.exit(main())
