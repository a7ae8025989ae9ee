"""The one exception that a user's mistake raises; tools print it and exit with code 2."""

from contextlib import contextmanager
from pathlib import Path

LONGEST = 1000  # characters of a line of a message
KEPT = "\t\u3000"  # the blank of Chinese texts; another odd one would be taken for a plain one


class UserError(Exception):
    """A mistake in what the user gave: the message says where it is and what to do about it."""

    def __str__(self):
        return printable(super().__str__())


@contextmanager
def found_in(file: Path):
    """Let the messages of mistakes within begin with the file that they come from."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{file}: {error}") from None


def printable(text: str) -> str:
    """A text as a terminal may be given it, which may quote from files of strangers.

    What would move the cursor, ring or turn the writing is escaped, and so is what no encoding
    can write; of lines that are longer than anyone reads, the middle is left out.
    """
    if len(text) <= LONGEST and text.isprintable():  # and so of one line
        return text
    return "\n".join(_shortened(line) for line in text.split("\n"))


def _shortened(line: str) -> str:
    if len(line) > LONGEST:
        line = f"{line[: LONGEST // 2]}…{line[-LONGEST // 2 :]}"
    if line.isprintable():
        return line
    return "".join(
        character
        if character.isprintable() or character in KEPT
        else character.encode("unicode_escape").decode()
        for character in line
    )
