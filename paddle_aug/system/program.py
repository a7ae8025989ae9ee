"""The running command and its siblings, as a user types them."""

import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

SCRIPT = "paddle-aug"
MODULE = ("python", "-m", "paddle_aug")  # where pip's folder of scripts is not on the PATH


def tool(name: str) -> list[str]:
    """A command of this project, called in the same way as the running one."""
    if _is_tool():
        return ["python", str(Path(sys.argv[0]).with_name(f"{name}.py"))]
    return [*sys.argv[0].split()[:-1], name] if is_command() else [*MODULE, name]


def again(*more: str, instead_of: Path | None = None, data: Path | str = "") -> str:
    """The running command with more options, and with `data` in the place of a folder.

    Each option has a value. It replaces the same option of the running command, which may lack its
    value. In a script or a notebook of the user's own: these options alone.
    """
    program, *words = sys.argv
    named = ("--data", str(data)) if data else ()
    if not (_is_tool() or is_command()):
        return shlex.join([*named, *more])
    for place, word in enumerate(words if data else ()):
        if words[place - 1 : place] in (["--image-root"], ["--out"]):
            continue
        before, path = re.fullmatch("((?:--data=)?(?:folder:)?)(.*)", word, re.DOTALL).groups()
        if path and Path(path).expanduser() == instead_of:
            words[place], named = f"{before}{data}", ()
    more = (*named, *more)
    words = replaced(words, dict(zip(more[::2], more[1::2], strict=True)))
    start = ["python", program] if _is_tool() else program.split(" ")
    return shlex.join([*start, *words])


def replaced(words: Sequence[str], options: Mapping[str, str | None]) -> list[str]:
    """A command's words with these options and no others of their names; None drops an option.

    Earlier ones are left out with their values; new ones stand at the end.
    """
    words = list(words)
    for option in options:
        while option in (names := [word.partition("=")[0] for word in words]):
            place = names.index(option)
            alone = "=" in words[place] or "".join(words[place + 1 : place + 2]).startswith("-")
            del words[place : place + (1 if alone else 2)]
    return [
        *words,
        *(part for name, value in options.items() if value is not None for part in (name, value)),
    ]


def value_of(words: Sequence[str], option: str) -> str | None:
    """The value that a command gives to an option; None if it does not give it."""
    for place, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name == option:
            return value if equals else "".join(words[place + 1 : place + 2])
    return None


def sibling(words: Sequence[str], name: str, other: str) -> list[str]:
    """The words of a command `name`, with the project's command `other` in its place."""
    place = next(place for place, word in enumerate(words) if Path(word).stem == name)
    called = Path(words[place])
    return [*words[:place], str(called.with_name(other + called.suffix)), *words[place + 1 :]]


def _is_tool() -> bool:
    return Path(sys.argv[0]).parent.name == "tools"


def is_command() -> bool:
    """Whether cli.py has put the command into `sys.argv[0]`, as in "paddle-aug train"."""
    return sys.argv[0].startswith((f"{SCRIPT} ", f"{shlex.join(MODULE)} "))
