"""The parser that every command uses, and the options made from the fields of TrainConfig."""

import argparse
import logging
import sys
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import NoReturn

from paddle_aug.config import TrainConfig, flag, value_type
from paddle_aug.errors import UserError
from paddle_aug.names import near_miss


class CommandParser(argparse.ArgumentParser):
    """A command line whose mistakes are UserErrors; with --quiet and --verbose."""

    def __init__(self, description: str | None, **settings):
        super().__init__(description=description, allow_abbrev=False, **settings)
        loudness = self.add_mutually_exclusive_group()
        loudness.add_argument(
            "--quiet", action="store_true", help="print results, warnings and errors only"
        )
        loudness.add_argument(
            "-v", "--verbose", action="store_true", help="print more about what is done"
        )

    def parse_args(self, args: Sequence[str] | None = None, namespace=None) -> argparse.Namespace:
        """Parse the options, and set how much the command logs.

        Raises:
            UserError: an option is unknown, misses its value, or has one of the wrong type.
        """
        words = sys.argv[1:] if args is None else list(args)
        self._refuse_unknown(words)
        options = super().parse_args(words, namespace)
        if options.quiet:
            logging.getLogger("paddle_aug").setLevel(logging.WARNING)
        elif options.verbose:
            logging.getLogger("paddle_aug").setLevel(logging.DEBUG)
        del options.quiet, options.verbose
        return options

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; see {self.prog} --help")

    def _refuse_unknown(self, words: list[str]) -> None:
        known = [name for name in self._option_string_actions if name.startswith("--")]
        for word in words[: words.index("--")] if "--" in words else words:
            name = word.split("=")[0]
            if name.startswith("--") and " " not in name and name not in known:
                raise UserError(f"no option {name}; {near_miss(name, known)}")


def add_options(parser: argparse.ArgumentParser, names: Iterable[str]) -> None:
    """Add an option for each of these fields.

    An option that is not given is absent from the parsed options, so it does not hide a recipe's.
    """
    for item in fields(TrainConfig):
        if item.name not in names:
            continue
        default = "" if item.default in (None, False) else f" (default: {item.default})"
        text = (item.metadata["help"] + default).replace("%", "%%")
        kind = value_type(item.name)
        if kind is bool:
            action = {"action": argparse.BooleanOptionalAction}
        else:
            action = {"type": kind, "metavar": item.name.upper()}
            if item.metadata["bare"]:
                action |= {"nargs": "?", "const": item.metadata["bare"]}
        parser.add_argument(flag(item.name), default=argparse.SUPPRESS, help=text, **action)
