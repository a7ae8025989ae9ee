"""Search for the augmentation that helps on your data."""

import argparse
import logging
import shlex
import sys
from dataclasses import fields, replace
from pathlib import Path

from paddle_aug.augment.modes import COMPARED_MODES, split_modes
from paddle_aug.commands._engine import add_engine, engine_of
from paddle_aug.commands._options import (
    CommandParser,
    add_import,
    add_language,
    add_options,
    add_recipe,
    pop_fields,
)
from paddle_aug.config import TrainConfig, flag, make_config
from paddle_aug.errors import UserError
from paddle_aug.results.text import parse_duration
from paddle_aug.system import plugins
from paddle_aug.system.program import tool
from paddle_aug.system.script_task import kept

RECIPE = "small"  # the default
# Options of a run that the search sets itself.
DECIDED = {"augment", "mix", "log_dir", "model_dir", "resume"}

# Options of a run that --help shows; --help-all shows all.
COMMON = ("data", "network", "image_size", "batch_size", "epochs", "device")
EXAMPLES = (
    "--data photos",
    "--data photos --budget 30m --also 'hflip|rotate(20)'",
    "--data folder:photos --holdout 0.25 --network resnet18",
)
STOPPED = "stopped; run the same command to continue"

logger = logging.getLogger(__name__)


def main() -> None:
    options, given = parse(sys.argv[1:])
    if options.resume and not (options.out / "search.json").exists():
        raise UserError(f"there is no search in {options.out}; drop --resume to begin one")
    engine = engine_of(options)
    # Paddle takes seconds to import; --help and mistyped options need not wait for it.
    from paddle_aug.experiments import runner, search_report
    from paddle_aug.experiments.search import Search, Settings
    from paddle_aug.inputs import find_data, open_data

    config = replace(make_config(given, options.recipe), augment="none", mix="none")
    settings = Settings(
        config,
        options.budget,
        options.seeds,
        options.candidates,
        tuple(options.against),
        tuple(options.also),
    )
    with runner.hold(options.out, other="compare.json"):
        found = find_data(config)
        divided = config if found.eval else replace(config, holdout=settings.holdout)
        data = open_data(divided, found=found, select_part=False)
        command, dropped = training_command(
            given, options.recipe, holdout=None if data.eval else settings.holdout
        )
        search = Search(
            settings, data, options.out, command, options.jobs, engine=engine,
            recipe=options.recipe, dropped=dropped,
        )  # fmt: skip
        state = search.run()
    print(search_report.as_text(state))
    logger.info("wrote %s", options.out / "report.html")


def parse(words: list[str]) -> tuple[argparse.Namespace, dict]:
    """The options of the search, and those of its runs that were given."""
    parser = CommandParser(
        "Train candidates briefly and the best of them for longer, then test the "
        "winner on the eval list. Run the same command again to continue a search that was "
        "stopped.",
        examples=EXAMPLES,
    )
    own = parser.add_argument_group("search")
    text = "time for all runs, such as 90s, 30m or 2h"
    own.add_argument("--budget", type=parse_duration, default="2h", metavar="TIME", help=text)
    add_import(parser, rare=True)
    add_recipe(own, RECIPE)
    text = "runs of each mode in the test; more if time allows"
    own.add_argument("--seeds", type=int, default=3, help=text)
    text = "try at most N; fewer if time is short"
    own.add_argument("--candidates", type=int, default=27, help=text)
    text = "further candidates, a comma list of modes"
    own.add_argument("--also", type=split_modes, default=(), metavar="MODES", help=text)
    own.add_argument(
        "--against",
        type=split_modes,
        default=",".join(COMPARED_MODES),
        metavar="MODES",
        help="the modes to compare the winner with",
    )
    add_engine(own)
    own.add_argument(
        "--out", type=Path, default=Path(kept("logs/search")), help="folder of the results"
    )
    add_language(own)
    own.add_argument(
        "--resume",
        action="store_true",
        help="continue the search in the folder, as the same command does anyway, but stop if "
        "there is none",
    )
    of_runs = [item.name for item in fields(TrainConfig) if item.name not in DECIDED]
    add_options(parser, of_runs, (*COMMON, "holdout"), [RECIPE])
    options = parser.parse_args(words)
    return options, pop_fields(options, of_runs)


def training_command(
    given: dict, recipe: str, holdout: float | None = None
) -> tuple[str, list[str]]:
    """The command that trains with what the search finds, up to the mode, and the options that it
    lacks: those that only made the search's runs shorter than the recipe's. `holdout` is the part
    to hold back of data without an eval list."""
    base = make_config({}, recipe)
    saving = {
        name: value
        for name, value in given.items()
        if name in ("fraction", "first")
        or (name in ("image_size", "epochs") and value < getattr(base, name))
    }
    words = [*tool("train"), "--recipe", recipe]
    if imports := plugins.loaded():
        words += ["--import", ",".join(imports)]
    for name, value in given.items():
        # A training of its own has all cores.
        if name in saving or name in ("holdout", "fold", "threads"):
            continue
        if isinstance(value, bool):
            words.append(flag(name) if value else flag(name).replace("--", "--no-", 1))
        else:
            words += [flag(name), str(value)]
    words += ["--holdout", f"{holdout:g}"] if holdout else []
    options = [f"{flag(name)} {value}" for name, value in saving.items()]
    return shlex.join([*words, "--augment"]), options
