"""Files that are written whole or not at all, and reading files that a user names."""

import errno
import json
import os
import re
import shutil
import stat
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from paddle_aug.errors import UserError, writing

if sys.platform != "win32":
    import fcntl

# What a drive without locks answers.
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF)


def open_file(path: Path | str) -> BinaryIO:
    """Open a regular file for reading. A pipe would block, and a device may never end.

    Raises:
        OSError: it cannot be opened, or is not a regular file.
    """
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # `open` refuses folders
        raise OSError(errno.EINVAL, "not an ordinary file", str(path))
    return open(path, "rb")


def read_bytes(path: Path | str) -> bytes:
    """Read a regular file.

    Raises:
        OSError: as `open_file`.
    """
    with open_file(path) as file:
        return file.read()


def read_json(path: Path | str):
    """Read a JSON file.

    Raises:
        OSError: as `open_file`.
        ValueError: it is not JSON, or is nested too deeply for Python.
    """
    try:
        return json.loads(read_bytes(path))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


@contextmanager
def replacing(path: Path | str):
    """Write a binary file beside `path`, and move it to `path` once all of it is on the disk.

    An exception in the block, or a kill at any moment, leaves the file at `path` as it was.
    """
    path = os.fspath(path).rstrip("/")
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    part = part_path(path)
    try:
        with open(part, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        if error.errno and not error.filename:  # Python names no file when a disk is full
            error.filename = path
        raise
    finally:
        with suppress(FileNotFoundError):
            os.unlink(part)


def part_path(path: Path | str) -> str:
    """The hidden file beside `path` while it is written; a kill leaves it, and the next writer
    overwrites it."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.part")


def remove(path: Path | str) -> None:
    """Remove a file if it exists, and the part that a kill left of it."""
    for file in (path, part_path(path)):
        with suppress(FileNotFoundError):
            os.unlink(file)


def remove_if_empty(folder: Path | str) -> None:
    """Remove a folder if it exists and nothing is in it."""
    with suppress(OSError):
        os.rmdir(folder)


def write_bytes(path: Path | str, content: bytes) -> None:
    """Write a whole file."""
    with replacing(path) as file:
        file.write(content)


def write_text(path: Path | str, text: str) -> None:
    """Write text for people, as `readable` leaves it."""
    write_bytes(path, readable(text).encode())


def write_json(path: Path | str, content: dict, one_per_line: Sequence[str] = ()) -> None:
    """Write a dict as indented JSON; the lists under the keys `one_per_line` get a line an item."""
    lists = {key: content[key] for key in one_per_line if key in content}
    text = json_text({**content, **{key: [] for key in lists}})
    for key, items in lists.items():
        lines = ",\n".join(f"    {json_text(item, indent=None)}" for item in items)
        if lines:
            # Two spaces: only a key of `content` itself is indented so little.
            text = text.replace(f'\n  "{key}": []', f'\n  "{key}": [\n{lines}\n  ]', 1)
    write_bytes(path, f"{text}\n".encode())


def json_text(content, indent: int | None = 2) -> str:
    """JSON in UTF-8. Bytes of a file's name that are not UTF-8 are escaped as JSON does, so that
    reading gives the same name.

    Raises:
        ValueError: a number is not finite, which JSON cannot express; use null for "not known".
    """
    text = json.dumps(content, indent=indent, ensure_ascii=False, allow_nan=False)
    return text.encode(errors="backslashreplace").decode()


def readable(text: str) -> str:
    """The text with a question mark for each byte of a file's name that is not UTF-8."""
    return text.encode(errors="replace").decode()


def plain_name(name: str) -> str:
    """A name in letters that every system takes in the name of a file; it may be empty."""
    return re.sub(r"[^\w.-]+", "_", name).strip("._")[:40]


def folder_names(names: Sequence[str]) -> list[str]:
    """A folder for each name, in letters that every system takes, after its number if two names
    would share a folder."""
    plain = [plain_name(name) for name in names]
    count = Counter(name.lower() for name in plain)
    numbered = [f"{number}_{name}" for number, name in enumerate(plain)]
    folders = [
        name if name and count[name.lower()] == 1 else after_number
        for name, after_number in zip(plain, numbered, strict=True)
    ]
    return folders if len({name.lower() for name in folders}) == len(folders) else numbered


def refuse_unwritable(folder: Path | str, option: str) -> None:
    """Make the folder and try to write to it, so that a run does not fail after its first epoch.

    Raises:
        UserError: it cannot be made or written to.
    """
    with writing(f"to {option} {folder}"):
        _try_to_write(Path(folder))


def refuse_unwritable_file(file: Path | str | None, option: str) -> None:
    """Make a file's folder and try to write to it, before the work whose result goes there. Nothing
    is done for None, and for "-", which is stdout.

    Raises:
        UserError: the folder cannot be made or written to, or the file is a folder.
    """
    if file in (None, "-"):
        return
    with writing(f"{option} {file}"):
        if Path(file).is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        _try_to_write(Path(file).parent)


def _try_to_write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    # A nameless file, because several processes may start in one folder at once.
    with tempfile.TemporaryFile(dir=folder):
        pass


@contextmanager
def held(folder: Path, option: str, refusal: str, name: str = ".lock"):
    """Keep a folder, or those of its files that the lock file `name` stands for, from other
    processes. The folder is made; if it stays empty, it is removed.

    Raises:
        UserError: another process holds it, with this refusal; or it cannot be made or written to.
    """
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    with ExitStack() as holding:
        for parent in reversed(missing):
            holding.callback(remove_if_empty, parent)
        refuse_unwritable(folder, option)
        with writing(f"to {option} {folder}"):
            holding.enter_context(locked(folder / name, refusal))
        yield


@contextmanager
def locked(file: Path, refusal: str | None = None):
    """Hold a lock file, which is made here and removed at the end; the lock ends with the process.

    Other processes wait or, with a `refusal`, stop with that message. Network drives keep out other
    machines as well, as far as they can. Windows and some drives have no locks; there nothing is
    locked.

    Raises:
        UserError: another process holds the lock, and there is a `refusal`.
        OSError: the file cannot be made.
    """
    if sys.platform == "win32":
        yield
        return
    while True:
        with open(file, "ab") as lock:  # for writing, as NFS wants it
            _flock(lock, refusal)
            if os.fstat(lock.fileno()).st_nlink == 0:  # the process before has removed the file
                continue
            try:
                yield
            finally:
                with suppress(OSError):
                    os.unlink(file)
            return


def _flock(lock: BinaryIO, refusal: str | None) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | (fcntl.LOCK_NB if refusal else 0))
    except BlockingIOError:
        raise UserError(refusal) from None
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise


def set_aside(files: list[Path]) -> Path | None:
    """Move the files that exist into a new folder `replaced/<time>/` beside them.

    Returns that folder, or None if there was nothing to move. After a kill half-way, the next call
    moves the rest into another folder.
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


def make_folder(folder: Path, fill: Callable[[Path], None]) -> bool:
    """Make a folder whole or not at all, unless it exists; returns whether it was made here.

    `fill` writes into a hidden folder beside it, which is then renamed. Of several processes, one
    makes the folder and the others wait.

    Raises:
        OSError: the folder cannot be made; nothing is left behind.
    """
    if folder.exists():
        return False
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.with_name(f".{folder.name}.lock")):
        if folder.exists():
            return False
        part = Path(part_path(folder))
        try:
            shutil.rmtree(part, ignore_errors=True)  # left by a run that was killed
            part.mkdir()
            fill(part)
            if hasattr(os, "sync"):
                os.sync()  # the content before the name; one fsync a file would take minutes
            part.rename(folder)
            return True
        finally:
            shutil.rmtree(part, ignore_errors=True)
