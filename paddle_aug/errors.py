"""The exception for a user's mistake; commands print its message and exit with code 2."""

import codecs
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MAX_LINE = 1000  # characters of a line of a message
KEPT = "\t\u3000"  # the tab and the space of Chinese texts; other odd spaces look like plain ones


class UserError(Exception):
    """A mistake in the user's input; the message says where it is and what to do about it."""

    def __str__(self) -> str:
        return printable(super().__str__())


class Diverged(UserError):
    """A training whose losses or weights are no longer finite numbers."""


@contextmanager
def found_in(file: Path) -> Iterator[None]:
    """Prefix the message of a UserError with the file that it comes from."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{file}: {error}") from None


@contextmanager
def writing(target: str) -> Iterator[None]:
    """Turn an OSError in this context into "cannot write TARGET" and the reason."""
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot write {target}: {error.strerror or error}") from None


def printable(text: str) -> str:
    """A text that is safe to print, though it may quote from untrusted files.

    Control characters, characters that change the writing direction and lone surrogates are
    escaped; the middle of very long lines is left out.
    """
    return "\n".join(map(_printable_line, text.split("\n")))


def _printable_line(line: str) -> str:
    if len(line) > MAX_LINE:
        line = f"{line[: MAX_LINE // 2]}…{line[-MAX_LINE // 2 :]}"
    return "".join(
        character
        if character.isprintable() or character in KEPT
        else character.encode("unicode_escape").decode()
        for character in line
    )


def escaped(error: UnicodeError) -> tuple[str, int]:
    """For `codecs`: characters that the terminal cannot encode, escaped as JSON does."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def bytes_or_escaped(error: UnicodeError) -> tuple[str | bytes, int]:
    """For `codecs`: as `escaped`, but the bytes of a file's name that are not UTF-8 stay bytes."""
    if isinstance(error, UnicodeEncodeError):
        error.end = error.start + 1
        if "\udc80" <= error.object[error.start] <= "\udcff":
            return bytes([ord(error.object[error.start]) - 0xDC00]), error.end
    return escaped(error)


codecs.register_error("paddle_aug.escaped", escaped)
codecs.register_error("paddle_aug.bytes_or_escaped", bytes_or_escaped)
