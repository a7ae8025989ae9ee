"""Files that appear whole or not at all, whatever happens while they are written."""

import json
import os
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import numpy as np

from paddle_aug.errors import UserError

try:
    import fcntl
except ModuleNotFoundError:  # on Windows
    fcntl = None


@contextmanager
def replacing(path: Path | str):
    """Open a binary file beside `path`, and move it there once it is complete and on the disk.

    An exception in the block, or a kill at any moment, leaves what stood at `path` as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")  # a kill leaves it, the next writer takes it over
    try:
        with open(beside, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def write_bytes(path: Path | str, content: bytes) -> None:
    """Write a whole file."""
    with replacing(path) as file:
        file.write(content)


def write_json(path: Path | str, content: dict) -> None:
    """Write a dict as readable JSON."""
    write_bytes(path, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())


def write_array(path: Path | str, values: np.ndarray) -> None:
    """Write an array as `.npy`."""
    with replacing(path) as file:
        np.save(file, values, allow_pickle=False)


def refuse_unwritable(folder: Path | str, option: str) -> None:
    """Make the folder, and a file in it for a moment: better now than after the first epoch.

    Raises:
        UserError: it cannot be made, or not be written to.
    """
    try:
        write_bytes(Path(folder) / "writable", b"")
        (Path(folder) / "writable").unlink()
    except OSError as error:
        raise UserError(f"cannot write to {option} {folder}: {error.strerror}") from None


@contextmanager
def taking_turns(folder: Path):
    """Wait for other processes of this machine that are in such a context for the same folder.

    A process that is killed leaves it. Windows and some network drives know no such lock: there
    nobody waits.
    """
    if fcntl is None:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # that the drive has no locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def set_aside(files: list[Path]) -> Path | None:
    """Move those of the files that exist into a new folder below `replaced/`, beside them.

    Returns that folder, or None where there was nothing to move. A kill half-way loses nothing:
    the next call moves the rest into a folder of its own.
    """
    files = [file for file in files if file.exists()]
    if not files:
        return None
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    folder, number = files[0].parent / "replaced" / stamp, 1
    while folder.exists():
        number += 1
        folder = folder.with_name(f"{stamp}-{number}")
    folder.mkdir(parents=True)
    for file in files:
        file.rename(folder / file.name)
    return folder
