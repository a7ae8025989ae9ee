"""Compare augmentations on your data: which helps, by how much, and is it more than luck?"""

import logging
import shlex
import sys
from dataclasses import fields, replace
from pathlib import Path

from paddle_aug.augment.modes import split_modes
from paddle_aug.commands._options import CommandParser, add_options
from paddle_aug.config import TrainConfig, make_config
from paddle_aug.errors import UserError, printable

logger = logging.getLogger(__name__)

# Of a run, what the comparison decides itself.
DECIDED = {"augment", "mix", "log_dir", "model_dir", "visualdl", "resume"}

STOPPED = "stopped; the same command goes on"


def main() -> None:
    parser = CommandParser(
        "Train each mode with the same seeds, and tell which augmentation helps, by "
        "how much, and if that is more than luck. The same command goes on where it was stopped.",
    )
    parser.add_argument(
        "--modes",
        default="none,userDef,imgaugLib,allab,allba",
        help="what is compared, as train's --augment takes it (default: %(default)s)",
    )
    parser.add_argument(
        "--baseline",
        help="the mode that the others are compared with (default: none, or the first)",
    )
    parser.add_argument("--seeds", type=int, default=5, help="runs of a mode (default: 5)")
    parser.add_argument(
        "--fractions",
        default="",
        help="train on parts of the training list, the same in each class, such as 0.1,0.5,1",
    )
    parser.add_argument(
        "--lr",
        default="",
        help="choose each mode's learning rate among these, such as 1e-4,5e-4, on a held-back "
        "quarter of the training list",
    )
    parser.add_argument(
        "--budget",
        help="time for all runs, such as 90s, 30m, 2h: --seeds are then the most that a mode gets",
    )
    parser.add_argument("-c", "--recipe", default="small", help="how runs train (default: small)")
    parser.add_argument(
        "--jobs", type=int, default=0, help="runs side by side (default: one a GPU, or a core)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("logs/compare"), help="folder (default: logs/compare)"
    )
    add_options(parser, [item.name for item in fields(TrainConfig) if item.name not in DECIDED])
    given = vars(parser.parse_args())
    names = ("modes", "baseline", "seeds", "fractions", "lr", "budget", "recipe", "jobs", "out")
    modes, baseline, seeds, fractions, lr, budget, recipe, jobs, out = map(given.pop, names)
    if lr and "learning_rate" in given:
        raise UserError("--lr and --learning-rate both say how fast to learn; give one of them")
    if fractions and "fraction" in given:
        raise UserError("--fractions and --fraction both say what to train on; give one of them")
    if jobs < 0:
        raise UserError(f"--jobs must not be negative: {jobs}")
    # Paddle takes seconds to import, so that --help need not wait for it.
    from paddle_aug.data.dataset import open_dataset
    from paddle_aug.experiments import compare_examples, compare_page, compare_report
    from paddle_aug.experiments.compare import Experiment, Settings
    from paddle_aug.experiments.search import parse_budget
    from paddle_aug.inputs import of_mode

    config = replace(make_config(given, recipe), augment="none", mix="none")
    wanted = tuple(of_mode(config, mode).mode for mode in split_modes(modes))
    settings = Settings(
        config,
        wanted,
        of_mode(config, baseline).mode if baseline else first_baseline(wanted),
        seeds,
        numbers("--fractions", fractions) or (config.fraction,),
        numbers("--lr", lr),
        parse_budget(budget) if budget else None,
    )
    data = open_dataset(config.data, config.train_list, config.eval_list, config.image_root)
    command = shlex.join(["python", "tools/compare.py", *sys.argv[1:]])
    experiment = Experiment(settings, data, out, command, jobs)
    compare_examples.write(settings.config, list(settings.modes), data, out)
    results = experiment.run()
    files = compare_page.write(results)
    print(printable(compare_report.answer(results)))
    for file in files:
        logger.info("wrote %s", file)


def first_baseline(modes: tuple[str, ...]) -> str:
    """No augmentation, or the first mode where that is not compared."""
    return "none" if "none" in modes else modes[0]


def numbers(option: str, text: str) -> tuple[float, ...]:
    """The numbers of a comma list.

    Raises:
        UserError: something in it is no number.
    """
    try:
        return tuple(float(part) for part in text.split(",")) if text else ()
    except ValueError:
        raise UserError(f"{option} wants numbers, such as 0.1,0.5, not {text}") from None
