"""Bad input by the thousand: a tool accepts each case, or refuses it with one clear message.

A case writes files into a folder and hands them to the functions that the tools call. A case is
broken if it raises anything but a UserError, if the message is not clear, if it writes outside its
output folder or starts a program, and if it takes longer than MAX_SECONDS. See docs/bad-input.md.
"""

import contextlib
import io
import os
import re
import resource
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck

from paddle_aug.errors import UserError

TOOLS = Path(__file__).resolve().parent.parent.parent / "tools"
MAX_SECONDS = 120
MAX_BYTES = 4 * 2**30  # of private memory on top of what is there, so that the machine lives on
MAX_LINES, MAX_COLUMNS = 80, 1500  # of a message
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
    words = [sys.executable, str(TOOLS / tool), *arguments]
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
