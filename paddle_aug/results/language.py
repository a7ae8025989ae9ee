"""The language of reports, tables and figures: English, or that of a catalogue in `locale`.

A command chooses it once, by `use`. Messages are English whatever the language.
"""

import ast
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from paddle_aug.results import text

LOCALE = Path(__file__).parent.parent / "locale"
CATALOGUES = {"zh": LOCALE / "zh_CN" / "LC_MESSAGES" / "paddle_aug.po"}
LANGUAGES = ("en", *CATALOGUES)

_translations: dict[str, str] = {}


def use(language: str) -> None:
    """Write reports, tables and figures in this language from now on."""
    _translations.clear()
    if language in CATALOGUES:
        _translations.update(read_catalogue(CATALOGUES[language]))


@contextmanager
def used(language: str) -> Iterator[None]:
    """Another language for a while."""
    before = dict(_translations)
    use(language)
    try:
        yield
    finally:
        _translations.clear()
        _translations.update(before)


def letters() -> str:
    """All letters of the language in use, for which figures need a font; "" for English."""
    return "".join(sorted({letter for other in _translations.values() for letter in other}))


def of_environment(environment: Mapping[str, str] = os.environ) -> str:
    """The language that LC_ALL, LC_MESSAGES or LANG ask for, the first that is set; "en" if we do
    not have it."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    wanted = next((environment[name] for name in names if environment.get(name)), "")
    return next((name for name in CATALOGUES if wanted.lower().startswith(name)), "en")


def read_catalogue(file: Path) -> dict[str, str]:
    """The translations in a .po file, by the English text.

    Each entry has one form: Chinese has no plural.
    """
    joined = file.read_text(encoding="utf-8").replace('"\n"', "")
    pairs = re.findall(r'^msgid (".*")\nmsgstr (".*")$', joined, re.M)
    return {ast.literal_eval(english): ast.literal_eval(other) for english, other in pairs[1:]}


def _(english: str) -> str:
    """The text in the language in use."""
    return _translations.get(english, english)


def N_(english: str) -> str:
    """Marks a text that is translated where it is shown."""
    return english


def is_english() -> bool:
    return not _translations


def tag() -> str:
    """The language in use as HTML names it."""
    return "en" if is_english() else "zh-CN"


def count(number: int, thing: str, several: str | None = None) -> str:
    """`text.count` in the language in use, whose word is that for `several` if it is given."""
    word = several or thing
    if word in _translations:
        return f"{number:,} {_(word)}"
    return text.count(number, thing, several)


def seeds_text(numbers: Collection[int], unit: str = "seed") -> str:
    """
    >>> seeds_text([5, 5]), seeds_text([3, 5, 4])
    ('5 seeds', '3 to 5 seeds')
    """
    low, high = min(numbers, default=0), max(numbers, default=0)
    seeds = count(high, unit)
    return seeds if low == high else _("{low} to {high}").format(low=low, high=seeds)


def listed(items: Sequence[str]) -> str:
    """`text.listed` in the language in use."""
    return _(" and ").join([_(", ").join(items[:-1])] * (len(items) > 1) + [*items[-1:]])


def joined(sentences: Sequence[str]) -> str:
    """Sentences as a paragraph; Chinese ones need no blank between them."""
    return (" " if is_english() else "").join(sentences)
