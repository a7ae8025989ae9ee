"""Search for the augmentation that helps on your data."""

import logging
import shlex
from dataclasses import fields, replace
from pathlib import Path

from paddle_aug.augment.modes import split_modes
from paddle_aug.commands._options import CommandParser, add_options
from paddle_aug.config import TrainConfig, flag, make_config
from paddle_aug.errors import UserError, printable

logger = logging.getLogger(__name__)

# Of a run, what the search decides itself.
DECIDED = {"augment", "mix", "log_dir", "model_dir", "resume"}

STOPPED = "stopped; the same command goes on"


def main() -> None:
    parser = CommandParser(
        "Train candidates for a while and the best of them for longer, then test the "
        "winner on the eval list.",
    )
    parser.add_argument("--budget", default="2h", help="training time: 90s, 30m, 2h (the default)")
    parser.add_argument("-c", "--recipe", default="small", help="how runs train (default: small)")
    parser.add_argument(
        "--seeds", type=int, default=3, help="of the test; more if there is time (default: 3)"
    )
    parser.add_argument(
        "--candidates", type=int, default=27, help="at most; fewer if time is short (default: 27)"
    )
    parser.add_argument("--also", default="", help="modes that are candidates, too: a comma list")
    parser.add_argument(
        "--against",
        default="none,userDef,imgaugLib,trivialaugment",
        help="what the winner is compared with (default: %(default)s)",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("logs/search"), help="folder (default: logs/search)"
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with the search in the folder, as the same command does anyway; there must be "
        "one",
    )
    add_options(parser, [item.name for item in fields(TrainConfig) if item.name not in DECIDED])
    given = vars(parser.parse_args())
    names = ("budget", "recipe", "seeds", "candidates", "also", "against", "out", "resume")
    budget, recipe, seeds, candidates, also, against, out, resume = map(given.pop, names)
    if resume and not (out / "search.json").exists():
        raise UserError(f"no search in {out} to go on with; leave --resume away to begin one")
    # Paddle takes seconds to import, so that --help need not wait for it.
    from paddle_aug.data.dataset import open_dataset
    from paddle_aug.experiments.search import Search, Settings, parse_budget

    config = make_config(given, recipe)
    config = replace(config, augment="none", mix="none")
    settings = Settings(
        config,
        parse_budget(budget),
        seeds,
        candidates,
        tuple(split_modes(against)),
        tuple(split_modes(also)) if also else (),
    )
    data = open_dataset(config.data, config.train_list, config.eval_list, config.image_root)
    state = Search(settings, data, out, training_command(given, recipe)).run()
    from paddle_aug.experiments import search_report

    print(printable(search_report.answer(state)))
    logger.info("wrote %s", out / "report.md")


def training_command(given: dict, recipe: str) -> str:
    """The command that trains as the search did, up to the mode."""
    words = ["python", "tools/train.py", "--recipe", recipe]
    for name, value in given.items():
        if name == "holdout":
            continue
        if isinstance(value, bool):
            words.append(flag(name) if value else flag(name).replace("--", "--no-", 1))
        else:
            words += [flag(name), str(value)]
    return shlex.join([*words, "--augment"])
