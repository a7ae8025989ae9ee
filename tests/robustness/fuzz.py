"""Bad input by the thousand: a reader accepts each case, or refuses it with one clear message.

A case writes files into a folder and hands them to the functions that the tools call. It is broken
if it raises anything but a UserError, if the message does not mention what was given, or if it
changes a file outside the folder `out`. See docs/bad-input.md.
"""

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from paddle_aug.errors import UserError

MAX_LINES = 80  # of a message


class Attempt(NamedTuple):
    """What a case does. A refusal must mention one of the `names`."""

    run: Callable[[], object]
    names: tuple[str, ...]


Kind = Callable[[Callable, Path], Attempt]  # (draw, folder): writes a case into the folder


def judge(attempt: Attempt, folder: Path) -> str | None:
    """Run a case in its folder; returns its message if it was refused.

    Raises:
        Exception: the case ended in any other way than success or one clear UserError.
    """
    (folder / "out").mkdir(exist_ok=True)
    os.chdir(folder)
    before, message = changes(folder), None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on damaged files
            attempt.run()
    except UserError as error:
        message = str(error)
    assert changes(folder) == before, "it wrote outside the folder `out`"
    if message is not None:
        named = any(name in message for name in attempt.names)
        assert named, f"{message!r} mentions none of {attempt.names}"
        assert message.count("\n") < MAX_LINES, f"a message of {message.count(chr(10))} lines"
    return message


def changes(folder: Path) -> list[tuple[Path, int]]:
    """All files that a case must not touch, and when each one was changed."""
    files = [file for file in folder.rglob("*") if file.relative_to(folder).parts[0] != "out"]
    return sorted((file, file.lstat().st_mtime_ns) for file in files)


def damage(draw: Callable, content: bytes) -> bytes:
    """Cut, flip, overwrite, drop or repeat some bytes; half of the places are in the header."""
    for _ in range(draw(st.integers(0, 3))):
        if not content:
            break
        header = st.integers(0, min(400, len(content)) - 1)
        start = draw(st.one_of(header, st.integers(0, len(content) - 1)))
        stop = start + draw(st.integers(1, 64))
        before, after = content[:start], content[start:]
        match draw(st.sampled_from(("cut", "flip", "overwrite", "drop", "repeat"))):
            case "cut":
                content = before
            case "flip":
                content = before + bytes([after[0] ^ 1 << draw(st.integers(0, 7))]) + after[1:]
            case "overwrite":
                written = draw(st.binary(min_size=1, max_size=8))
                content = before + written + after[len(written) :]
            case "drop":
                content = before + content[stop:]
            case "repeat":
                content = content[:stop] + after
    return content


def maybe_odd(draw: Callable, paths: list[Path]) -> None:
    """In one case of ten, replace one of the files by something that is no ordinary file."""
    if draw(st.integers(0, 9)) < 9:
        return
    path = draw(st.sampled_from(paths))
    path.unlink()
    match draw(st.sampled_from(("folder", "nowhere", "circle", "empty"))):
        case "folder":
            path.mkdir()
        case "nowhere":
            path.symlink_to("nowhere")
        case "circle":
            path.symlink_to(path.name)
        case "empty":
            path.touch()
