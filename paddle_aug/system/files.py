"""Files that appear whole or not at all, whatever happens while they are written; and the reading
of files that may be anything."""

import errno
import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterable
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import numpy as np

from paddle_aug.errors import UserError

if sys.platform != "win32":
    import fcntl

NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)  # of a drive
MOST_JSON = 2**25  # bytes; it takes fifty times as many in memory, at worst


def opened(path: Path | str, most: int | None = None) -> BinaryIO:
    """Open an ordinary file of at most so many bytes, to be read.

    A pipe would be waited for, and a device need not come to an end.

    Raises:
        OSError: it cannot be opened, is something else, or has more bytes.
    """
    file = open(path, "rb", opener=_at_once)  # noqa: SIM115, the caller closes it
    status = os.fstat(file.fileno())
    if stat.S_ISREG(status.st_mode) and (most is None or status.st_size <= most):
        return file
    file.close()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not an ordinary file", str(path))
    reason = f"{status.st_size:,} bytes are more than {most:,}, the most that is read"
    raise OSError(errno.EFBIG, reason, str(path))


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # which Windows has not


def read_bytes(path: Path | str, most: int | None = None) -> bytes:
    """All of an ordinary file.

    Raises:
        OSError: as `opened`.
    """
    with opened(path, most) as file:
        return file.read()


def read_json(path: Path | str):
    """What a JSON file holds.

    Raises:
        OSError: as `opened`.
        ValueError: it is damaged, not UTF-8, or nested deeper than anyone would.
    """
    try:
        return json.loads(read_bytes(path, MOST_JSON).decode("utf-8-sig"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


@contextmanager
def replacing(path: Path | str):
    """Open a binary file beside `path`, and move it there once it is complete and on the disk.

    An exception in the block, or a kill at any moment, leaves what stood at `path` as it was.
    """
    # As text: of a Path Python keeps each name in a table, which grows by names that come and go.
    path = os.fspath(path).rstrip("/")
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    beside = part_of(path)
    try:
        with open(beside, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        if error.errno and not error.filename:  # of a full disk Python tells no name
            error.filename = path
        raise
    finally:
        with suppress(FileNotFoundError):
            os.unlink(beside)


def part_of(path: Path | str) -> str:
    """What of a file is written so far. A kill leaves it; the next writer takes it over."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.part")


def remove(path: Path | str) -> None:
    """Remove a file if it is there, and what a kill left of one."""
    for each in (path, part_of(path)):
        with suppress(FileNotFoundError):
            os.unlink(each)


def write_bytes(path: Path | str, content: bytes) -> None:
    """Write a whole file."""
    with replacing(path) as file:
        file.write(content)


def write_text(path: Path | str, text: str) -> None:
    """Write text for people (see `readable`)."""
    write_bytes(path, readable(text).encode())


def write_json(path: Path | str, content: dict, **lists: Iterable[dict]) -> None:
    """Write a dict as readable JSON, and under their names `lists` of dicts, a line each.

    Those are written as they come: all at once, long ones take many times their size in memory.
    """
    content = {**content, **{name: [] for name in lists}}
    rest = escaped(json.dumps(content, indent=2, ensure_ascii=False)) + "\n"
    with replacing(path) as file:
        for name, items in lists.items():
            start = f'\n  "{name}": ['  # two blanks, as nothing has that is farther within
            before, rest = rest.split(start)
            file.write((before + start).encode())
            comma = ""
            for item in items:
                line = escaped(json.dumps(item, ensure_ascii=False))
                file.write(f"{comma}\n    {line}".encode())
                comma = ","
            file.write(b"\n  " if comma else b"")
        file.write(rest.encode())


def escaped(text: str) -> str:
    """JSON that is UTF-8: names of files may be of any bytes, and what of them is not is escaped as
    JSON does, so that the same names are read."""
    return text.encode(errors="backslashreplace").decode()


def readable(text: str) -> str:
    """Text that is UTF-8: names of files may be of any bytes, and each that is not becomes a
    question mark."""
    return text.encode(errors="replace").decode()


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
        Path(folder).mkdir(parents=True, exist_ok=True)
        # Without a name, as several processes may begin in one folder at once.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(f"cannot write to {option} {folder}: {error.strerror}") from None


@contextmanager
def locked(folder: Path, refusal: str | None = None):
    """Let one process of this machine at a time in; the lock ends with its process, however that
    ends.

    The others wait, or with a `refusal` stop with it. Windows and some network drives know no such
    lock: there all are let in.

    Raises:
        UserError: another process is in, and there is a `refusal`.
    """
    if sys.platform == "win32":
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (fcntl.LOCK_NB if refusal else 0))
        except BlockingIOError:
            raise UserError(refusal) from None
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
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
