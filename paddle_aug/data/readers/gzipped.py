"""Published files, which may have been unpacked on their way: gzipped or not."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from paddle_aug.system import files

DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file, and unzip it while it is read if it begins like a gzip file."""
    with files.open_file(path) as file:
        zipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if zipped:
            with gzip.GzipFile(fileobj=file) as content:
                yield content
        else:
            yield file
