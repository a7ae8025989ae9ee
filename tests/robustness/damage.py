"""What can happen to a file on its way here, drawn by Hypothesis."""

import os
from collections.abc import Callable
from pathlib import Path

from hypothesis import strategies as st

ODD = ("folder", "nowhere", "circle", "fifo", "endless", "empty")


def damage(draw: Callable, content: bytes, header: int = 400) -> bytes:
    """Cut, flip, overwrite, drop or repeat some bytes; half of the places are in the header."""
    for _ in range(draw(st.integers(0, 3))):
        if not content:
            break
        near = st.integers(0, min(header, len(content)) - 1)
        start = draw(st.one_of(near, st.integers(0, len(content) - 1)))
        stop = start + draw(st.integers(1, 64))
        how = draw(st.sampled_from(("cut", "flip", "byte", "number", "drop", "repeat")))
        before, after = content[:start], content[start:]
        match how:
            case "cut":
                content = before
            case "flip":
                content = before + bytes([after[0] ^ 1 << draw(st.integers(0, 7))]) + after[1:]
            case "byte":
                content = before + draw(st.binary(min_size=1, max_size=8)) + after[1:]
            case "number":
                number = draw(st.sampled_from((0, 1, 0xFF, 0x7FFFFFFF, 0xFFFFFFFF, 2**63 - 1)))
                size = draw(st.sampled_from((2, 4, 8)))
                order = draw(st.sampled_from(("big", "little")))
                content = before + (number % 256**size).to_bytes(size, order) + after[size:]
            case "drop":
                content = before + content[stop:]
            case "repeat":
                content = content[:stop] + after
    return content


def put_odd(path: Path, kind: str) -> None:
    """Replace a file by something that is no ordinary file, or an empty one."""
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    match kind:
        case "folder":
            path.mkdir()
        case "nowhere":
            path.symlink_to("nowhere")
        case "circle":
            path.symlink_to(path.name)
        case "fifo":
            os.mkfifo(path)
        case "endless":
            path.symlink_to("/dev/zero")
        case "empty":
            path.touch()


def maybe_odd(draw: Callable, paths: list[Path]) -> None:
    """In one case of ten, replace one of the files."""
    if draw(st.integers(0, 9)) == 9:
        put_odd(draw(st.sampled_from(paths)), draw(st.sampled_from(ODD)))
