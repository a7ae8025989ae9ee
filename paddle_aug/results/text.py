"""Numbers and lists as people read them, and tables in Markdown."""

import csv
import io
import math
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence

from paddle_aug.errors import UserError

MINUS = "\u2212"


def duration(seconds: float, up: bool = False) -> str:
    """A time as `--budget` takes it, such as 1h30m or 45s, rounded up to seconds, with `up` to
    minutes.

    >>> duration(5400), duration(44.2)
    ('1h30m', '45s')
    """
    whole = math.ceil(seconds / 60) * 60 if up and seconds > 60 else math.ceil(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    parts = [f"{number}{unit}" for number, unit in ((hours, "h"), (minutes, "m")) if number]
    return "".join([*parts, *([f"{rest}s"] if rest or not parts else [])])


def parse_duration(text: str) -> float:
    """Seconds of a text such as 90s, 30m, 2h or 1h30m.

    Raises:
        UserError: the text is not a time, or the time is 0.
    """
    match = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", text.strip())
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    if not hours + minutes + seconds:
        raise UserError(f"--budget {text!r} is not a time; write it like 90s, 30m, 2h or 1h30m")
    return float(3600 * hours + 60 * minutes + seconds)


def count(number: int, thing: str, several: str | None = None) -> str:
    """
    >>> count(1, "seed"), count(1029, "image")
    ('1 seed', '1,029 images')
    """
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {several or thing + 's'}"


def listed(items: Sequence[str]) -> str:
    """
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([", ".join(items[:-1])] * (len(items) > 1) + [*items[-1:]])


def shortened(items: Sequence[str], most: int = 4) -> str:
    """
    >>> shortened(["a", "b", "c"], 2)
    'a, b, …'
    """
    return ", ".join(items[:most]) + ", …" * (len(items) > most)


def p_text(p: float | None) -> str:
    """A p-value; a dash where there is none."""
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def code(text: str) -> str:
    """Words of a program, for Markdown."""
    return f"`{text}`"


def terminal_width() -> int | None:
    """The columns of the terminal that stdout is, or those that COLUMNS sets; None for a file."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS"):
        return shutil.get_terminal_size().columns
    return None


def columns_of(text: str) -> int:
    """The columns that a text takes on a terminal: two a Chinese letter."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def csv_text(rows: Iterable[Sequence]) -> str:
    """A table as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are numbers."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )
