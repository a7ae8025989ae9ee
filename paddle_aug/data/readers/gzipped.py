"""Published files, which may be gzipped or unpacked already."""

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from paddle_aug.errors import UserError
from paddle_aug.system import files


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file; if it is gzipped, reading unpacks it.

    Raises:
        UserError: the file cannot be read, or it or a tar in it is damaged; also in the block.
    """
    try:
        with files.open_file(path) as file:
            zipped = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            if zipped:
                with gzip.GzipFile(fileobj=file) as content:
                    yield content
            else:
                yield file
    except (EOFError, ValueError, zlib.error, gzip.BadGzipFile, tarfile.TarError) as error:
        raise UserError(f"{path} is damaged or cut short ({error}); fetch it again") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
