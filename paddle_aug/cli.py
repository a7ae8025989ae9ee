"""The command line: `paddle-aug train`, like tools/train.py, runs commands/train.py."""

import ast
import errno
import importlib
import io
import logging
import os
import pkgutil
import shlex
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from tqdm import tqdm

from paddle_aug import __version__, commands
from paddle_aug.errors import UserError, printable
from paddle_aug.names import near_miss
from paddle_aug.system.commit import commit
from paddle_aug.system.processes import is_first_process
from paddle_aug.system.program import MODULE, SCRIPT
from paddle_aug.system.signals import sigterm_raises
from paddle_aug.system.start import raise_on_interrupt

# Warnings of Paddle that concern nobody: it builds nothing here, batch normalisation is meant to
# track its means, and its GPU wheel may run on a CPU.
REMARKS = ("No ccache found", "When training, we now always", "You are using GPU version")

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

# As the extras of pyproject.toml.
CPU_PADDLE = "paddlepaddle>=3.3,<3.4"
GPU_PADDLE = ("paddlepaddle-gpu>=2.6,<4", "numpy>=1.26,<2")


def main() -> None:
    """`paddle-aug`, and `python -m paddle_aug`."""
    run(chosen_command)


def chosen_command() -> None:
    """Run the command that the first word names; without one, list the commands.

    Raises:
        UserError: no such command.
    """
    program = SCRIPT if Path(sys.argv[0]).name != "__main__.py" else shlex.join(MODULE)
    match sys.argv[1:]:
        case [] | ["-h" | "--help", *_]:
            print(overview(program))
        case ["--version", *_]:
            print(f"paddle-aug {__version__}, commit {commit() or 'unknown'}")
        case [name, *words]:
            if name not in names():
                raise UserError(
                    f"no command {name!r}; {near_miss(name, names())} see {program} --help"
                )
            sys.argv = [f"{program} {name}", *words]  # for the command's help and messages
            run_command(name)


def names() -> list[str]:
    """The commands, such as "export-model"."""
    modules = [module.name for module in pkgutil.iter_modules(commands.__path__)]
    return [name.replace("_", "-") for name in modules if not name.startswith("_")]


def module_name(name: str) -> str:
    """The module of a command."""
    return f"{commands.__name__}.{name.replace('-', '_')}"


def overview(program: str) -> str:
    """The commands, a line each."""
    width = max(map(len, names()))
    usage = f"usage: {program} COMMAND …\n       {program} COMMAND --help\n"
    return "\n".join([usage, *(f"  {name:{width}}  {first_line(name)}" for name in names())])


def first_line(name: str) -> str:
    """What a command does; its module is read, as importing it takes long."""
    module = module_name(name)
    source = find_spec(module).loader.get_source(module)
    return ast.get_docstring(ast.parse(source)).split("\n")[0]


def run_command(name: str) -> None:
    """Run a command on the command line's options, and exit."""
    command = importlib.import_module(module_name(name))
    run(command.main, getattr(command, "STOPPED", "stopped"))


class StderrHandler(logging.Handler):
    """Writes a record's message as a line on stderr, above the progress bars that are there."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            tqdm.write(printable(self.format(record)), file=sys.stderr)
        except Exception:
            self.handleError(record)


@contextmanager
def logging_to_stderr() -> Iterator[None]:
    """Show what the package logs, from INFO on; the command's options may change the level.

    Of several processes that train together, the first one shows all and the others only warnings.
    """
    logger = logging.getLogger("paddle_aug")
    before = logger.handlers, logger.level, logger.propagate
    handler = StderrHandler(logging.NOTSET if is_first_process() else logging.WARNING)
    logger.handlers, logger.propagate = [handler], False  # Paddle gives the root a handler
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.handlers, logger.propagate = before[0], before[2]
        logger.setLevel(before[1])


def run(main: Callable[[], int | None], stopped: str = "stopped") -> None:
    """Run `main` and exit.

    The exit code is what `main` returns; 2 after a UserError, on a full disk and where a command
    lacks Paddle, with a message; 130 after Ctrl-C and 143 after SIGTERM, with the message
    `stopped`; and 141 if the reader of the output has gone. Characters that the terminal cannot
    encode are escaped.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="paddle_aug.escaped")
    for remark in REMARKS:
        warnings.filterwarnings("ignore", remark, UserWarning)
    try:
        raise_on_interrupt()
        with sigterm_raises(), logging_to_stderr():
            code = main()
            sys.stdout.flush()
        sys.exit(code)
    except BrokenPipeError:  # as in `paddle-aug predict … | head`: nobody reads on
        give_up_output()
        sys.exit(141)
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except ModuleNotFoundError as error:
        if error.name != "paddle":
            raise
        print(without_paddle(), file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt as interrupt:
        print(": ".join(filter(None, [str(interrupt), stopped])), file=sys.stderr)
        sys.exit(128 + getattr(interrupt, "number", signal.SIGINT))
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        if not error.filename:
            give_up_output()
        where = error.filename or "the output, or a file"  # Python does not name open files
        print(f"cannot write {where}: {error.strerror}; make room, then try again", file=sys.stderr)
        sys.exit(2)


def without_paddle() -> str:
    """The message of a command that needs Paddle, where there is none."""
    pip = [sys.executable, "-m", "pip", "install"]
    return (
        "this command needs PaddlePaddle, which is not installed; install it with\n"
        f"  {shlex.join([*pip, CPU_PADDLE])}\n"
        "or, for an NVIDIA GPU, with\n"
        f"  {shlex.join([*pip, *GPU_PADDLE])}"
    )


def give_up_output() -> None:
    """Send Python's last flush of stdout nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
