"""The parser that every command uses, and the options made from the fields of TrainConfig."""

import argparse
import logging
import shlex
import sys
import textwrap
from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import NoReturn

from paddle_aug.config import (
    GROUPS,
    TrainConfig,
    flag,
    load_recipe,
    make_config,
    recipe_names,
    value_type,
)
from paddle_aug.errors import UserError
from paddle_aug.names import near_miss
from paddle_aug.results import language
from paddle_aug.system import plugins
from paddle_aug.system.program import is_command

METAVARS = {int: "N", float: "X", str: "NAME", Path: "FOLDER"}


class CommandParser(argparse.ArgumentParser):
    """A command line whose mistakes are UserErrors, with --quiet and --verbose.

    `examples` are command lines, without the program, that `--help` ends with. `arguments` is what
    the usage line shows before the options.
    """

    def __init__(self, description: str | None, arguments: str = "", examples: Sequence[str] = ()):
        program = sys.argv[0]
        prog = program if is_command() else f"python {shlex.quote(program)}"
        super().__init__(
            prog,
            f"{prog} {arguments} [options]".replace("  ", " "),
            description,
            add_help=False,
            allow_abbrev=False,
            formatter_class=_HelpFormatter,
        )
        self._positionals.title = "arguments"
        self.examples = examples
        self.rare = 0  # options that only --help-all shows

    def format_help(self) -> str:
        lines = [f"  {self.prog} {example}" for example in self.examples]
        return "\n".join([super().format_help(), *(["examples:", *lines, ""] if lines else [])])

    def parse_args(self, args: Sequence[str] | None = None, namespace=None) -> argparse.Namespace:
        """Parse the options, and set how much the command logs, and in which language it reports.

        Raises:
            UserError: an option is unknown, misses its value, or has one of the wrong type.
        """
        words = sys.argv[1:] if args is None else list(args)
        self._add_general_options()
        self._refuse_unknown(words)
        options = super().parse_args(words, namespace)
        plugins.load(filter(None, (vars(options).pop("imports", None) or "").split(",")))
        if "lang" in options:
            language.use(vars(options).pop("lang") or language.of_environment())
        if options.quiet:
            logging.getLogger("paddle_aug").setLevel(logging.WARNING)
        elif options.verbose:
            logging.getLogger("paddle_aug").setLevel(logging.DEBUG)
        del options.quiet, options.verbose
        return options

    def rarely(self, text: str) -> str:
        """The help of an option that only `--help-all` shows."""
        self.rare += 1
        return text if "--help-all" in sys.argv else argparse.SUPPRESS

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; see {self.prog} --help")

    def _add_general_options(self) -> None:
        """Add the options of every command, which stand last in the help."""
        group = self.add_argument_group("general")
        group.add_argument("-h", "--help", action="help", help="show this help and exit")
        if self.rare:
            text = f"show all options, {self.rare} more, and exit"
            group.add_argument("--help-all", action="help", help=text)
        loudness = group.add_mutually_exclusive_group()
        text = "print results and warnings only"
        loudness.add_argument("--quiet", action="store_true", help=text)
        loudness.add_argument("-v", "--verbose", action="store_true", help="print details too")

    def _refuse_unknown(self, words: list[str]) -> None:
        known = [name for name in self._option_string_actions if name.startswith("--")]
        for word in words[: words.index("--")] if "--" in words else words:
            name = word.split("=")[0]
            if name.startswith("--") and " " not in name and name not in known:
                advice = f"see {self.prog} --help{'-all' if self.rare else ''}"
                raise UserError(f"no option {name}; {near_miss(name, known, advice)}")


class _HelpFormatter(argparse.HelpFormatter):
    """Help with defaults, and with names such as aistudio-lenet kept whole."""

    def _get_default_metavar_for_optional(self, action: argparse.Action) -> str:
        return METAVARS.get(action.type, action.dest.upper())

    def _get_help_string(self, action: argparse.Action) -> str:
        unset = action.nargs == 0 or action.default in (None, "", (), [], argparse.SUPPRESS)
        if unset or "(default" in action.help:
            return action.help
        return f"{action.help} (default: %(default)s)"

    def _split_lines(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(text, width, break_on_hyphens=False)


class _Joined(argparse.Action):
    """Joins the values of an option that is given several times to a comma list."""

    def __call__(self, parser, namespace, values, option_string=None):
        earlier = getattr(namespace, self.dest, None)
        setattr(namespace, self.dest, f"{earlier},{values}" if earlier else values)


def add_import(parser: CommandParser, rare: bool = False) -> None:
    """Add `--import`, which is done as soon as the command line is parsed; a `rare` option is left
    to `--help-all`."""
    text = (
        "Python file, or module, that adds ops or networks (docs/plugins.md); once for each, or a "
        "comma list"
    )
    if rare:
        text = parser.rarely(text)
    parser.add_argument("--import", dest="imports", action=_Joined, metavar="FILE", help=text)


def add_language(parser) -> None:
    """Add `--lang`; messages remain English."""
    text = "language of the report, its tables and figures (default: that of LC_ALL or LANG)"
    parser.add_argument("--lang", choices=language.LANGUAGES, help=text)


def add_recipe(parser, default: str | None = None) -> None:
    """Add `--recipe`; None is the default that depends on the data."""
    known = f"set of options: {', '.join(recipe_names())}, or a YAML file"
    text = f"{known} (default: {default or 'sample for the sample data, aistudio for other data'})"
    parser.add_argument("-c", "--recipe", default=default, metavar="NAME", help=text)


def add_options(
    parser: CommandParser,
    names: Iterable[str],
    common: Collection[str] | None = None,
    recipes: Sequence[str] = (),
) -> None:
    """Add an option for each of these fields, in groups.

    An option that is not given is absent from the parsed options, so it does not hide a recipe's.

    Args:
        common: the fields that `--help` shows; the others are left to `--help-all`.
        recipes: the recipes that the command uses by default, whose values the help names.
    """
    settings = {name: load_recipe(name) for name in recipes}
    first_fields = {field: title for title, field in GROUPS.items()}
    group = None
    for item in fields(TrainConfig):
        if title := first_fields.get(item.name):
            group = parser.add_argument_group(title)
        if item.name not in names:
            continue
        text = item.metadata["help"] + default_text(item.name, item.default, settings)
        text = text.replace("%", "%%")
        if common is not None and item.name not in common:
            text = parser.rarely(text)
        kind = value_type(item.name)
        if kind is bool:
            how = {"action": argparse.BooleanOptionalAction}
        else:
            how = {"type": kind, "metavar": item.metadata["metavar"]}
            if item.metadata["repeated"]:
                how["action"] = _Joined
            if item.metadata["bare"]:
                how |= {"nargs": "?", "const": item.metadata["bare"]}
        group.add_argument(flag(item.name), default=argparse.SUPPRESS, help=text, **how)


def pop_fields(options: argparse.Namespace, names: Iterable[str]) -> dict:
    """Take the fields of the config that were given out of the options."""
    values = vars(options)
    return {name: values.pop(name) for name in names if name in values}


def words_of(config: TrainConfig, recipe: str) -> list[str]:
    """The options with which `train` makes this config."""
    base, words = make_config({}, recipe), ["--recipe", recipe]
    for item in fields(TrainConfig):
        value = getattr(config, item.name)
        if value == getattr(base, item.name):
            continue
        if isinstance(value, bool):
            words.append(flag(item.name) if value else f"--no-{flag(item.name)[2:]}")
        else:
            words.append(f"{flag(item.name)}={value}")
    return words


def default_text(name: str, default, recipes: dict[str, dict]) -> str:
    """The end of an option's help: its default, unless the text says what happens without it."""
    if any(name in values for values in recipes.values()):
        values = [f"{recipe}: {values.get(name, default)}" for recipe, values in recipes.items()]
        return f" (by the recipe; {', '.join(values)})"
    if default is None or default is False or default == "":
        return ""
    if default is True:
        return " (default: yes)"
    return f" (default: {default:g})" if isinstance(default, float) else f" (default: {default})"
