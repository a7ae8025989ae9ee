"""Published files as they are fetched: gzipped, unless something on the way has unpacked them."""

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
    """The file's bytes, unzipped while they are read if it begins as a gzip file does."""
    with files.open_file(path) as file:
        zipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if zipped:
            with gzip.GzipFile(fileobj=file) as content:
                yield content
        else:
            yield file
