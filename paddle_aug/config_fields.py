"""A field of the config: its text for `--help`, and what its values may be."""

from collections.abc import Callable
from dataclasses import field
from math import inf
from typing import NamedTuple


class Rule(NamedTuple):
    """What the values of a field must be, in words and as a test."""

    text: str
    holds: Callable[[float], bool]


AT_LEAST_ONE = Rule("at least 1", lambda value: value >= 1)
POSITIVE = Rule("more than 0", lambda value: 0 < value < inf)
NOT_NEGATIVE = Rule("0 or more", lambda value: 0 <= value < inf)
PROBABILITY = Rule("from 0 to 1", lambda value: 0 <= value <= 1)
BELOW_ONE = Rule("from 0 to below 1", lambda value: 0 <= value < 1)


def option(
    default,
    text: str,
    metavar: str | None = None,
    *,
    rule: Rule | None = None,
    choices: tuple[str, ...] | None = None,
    bare: str | None = None,
    repeated: bool = False,
):
    """A field of TrainConfig.

    `text` and `metavar` are for `--help`; `bare` is the value of an option that is given
    without one; an option may be `repeated` instead of given a comma list.
    """
    metadata = dict(
        help=text, metavar=metavar, rule=rule, choices=choices, bare=bare, repeated=repeated
    )
    return field(default=default, metadata=metadata)
