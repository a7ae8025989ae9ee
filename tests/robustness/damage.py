"""What may happen to a file on its way here, drawn by hypothesis."""

import os
from collections.abc import Callable
from pathlib import Path

from hypothesis import strategies as st

ODD = ("folder", "nowhere", "circle", "fifo", "endless", "huge", "empty")
HUGE = 2**36  # bytes of a file with nothing in it


def damaged(draw: Callable, content: bytes, first: int = 400) -> bytes:
    """The bytes cut, with some flipped, overwritten, left out, doubled, or as they are.

    Half of the places are among the `first`, where headers are.
    """
    for _ in range(draw(st.integers(0, 3))):
        if not content:
            break
        near = st.integers(0, min(first, len(content)) - 1)
        start = draw(st.one_of(near, st.integers(0, len(content) - 1)))
        length = draw(st.integers(1, 64))
        how = draw(st.sampled_from(("cut", "flip", "byte", "number", "leave out", "double")))
        before, there, after = content[:start], content[start : start + length], content[start:]
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
            case "leave out":
                content = before + after[length:]
            case "double":
                content = before + there + after
    return content


def put_odd(path: Path, kind: str) -> None:
    """Put there what is no file of a sane size, in place of what is there."""
    if path.exists() or path.is_symlink():
        path.unlink()
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
        case "huge":
            with open(path, "wb") as file:
                file.truncate(HUGE)
        case "empty":
            path.touch()


def maybe_odd(draw: Callable, paths: list[Path]) -> None:
    """Once in a while one of these is no file of a sane size."""
    if draw(st.integers(0, 9)) == 9:
        put_odd(draw(st.sampled_from(paths)), draw(st.sampled_from(ODD)))
