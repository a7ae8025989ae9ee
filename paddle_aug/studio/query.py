"""The query of a request, each value with its type and bounds."""

import math
from collections.abc import Mapping

from paddle_aug.errors import UserError


class Query:
    """The words of a query, and the body of a POST. Bad values raise UserError."""

    def __init__(self, words: Mapping[str, str] | None = None, body: bytes = b""):
        self.words = dict(words or {})
        self.body = body

    def text(self, name: str, default: str | None = None, most: int = 4000) -> str:
        """A text of at most `most` characters; without a default, it must be there."""
        value = self.words.get(name, default)
        if value is None:
            raise UserError(f"the request lacks {name}")
        if len(value) > most:
            raise UserError(f"{name} has {len(value):,} characters; the most are {most:,}")
        return value

    def whole(
        self, name: str, default: int | None = None, least: int = 0, most: int = 2**32 - 1
    ) -> int:
        """A whole number from `least` to `most`."""
        text = self.text(name, None if default is None else str(default), 40)
        try:
            value = int(text)
        except ValueError:
            raise UserError(f"{name} wants a whole number, not {text!r}") from None
        if not least <= value <= most:
            raise UserError(f"{name} wants a number from {least} to {most}, not {value}")
        return value

    def number(self, name: str) -> float:
        """A finite number."""
        text = self.text(name, most=40)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise UserError(f"{name} wants a number, not {text!r}")
        return value

    def flag(self, name: str) -> bool:
        """Whether a word is there and is neither "0" nor empty."""
        return self.words.get(name, "0") not in ("", "0")
