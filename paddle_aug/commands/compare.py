"""Compare augmentations on your data: which helps, by how much, and is it more than luck?"""

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
    words_of,
)
from paddle_aug.config import TrainConfig, flag, make_config
from paddle_aug.errors import UserError
from paddle_aug.results.text import parse_duration
from paddle_aug.system import plugins
from paddle_aug.system.program import tool
from paddle_aug.system.script_task import kept

RECIPE = "small"  # the default
# Options of a run that the comparison sets itself.
DECIDED = {"augment", "mix", "log_dir", "model_dir", "visualdl", "resume"}

# Options of a run that --help shows; --help-all shows all.
COMMON = ("data", "network", "image_size", "batch_size", "epochs", "device")
EXAMPLES = (
    "--data photos --seeds 3 --out logs/mine",
    "--data photos --modes none,hflip,userDef --budget 2h",
    "--data photos --fractions 0.1,0.5,1 --network resnet18",
)
STOPPED = "stopped; run the same command to continue"

logger = logging.getLogger(__name__)


def main() -> None:
    options, given = parse(sys.argv[1:])
    engine = engine_of(options)
    # Paddle takes seconds to import; --help and mistyped options need not wait for it.
    from paddle_aug.experiments import compare_report, runner
    from paddle_aug.experiments.compare import Experiment
    from paddle_aug.inputs import first_part, open_data

    settings = settings_of(options, given)
    command = shlex.join([*tool("compare"), *sys.argv[1:]])
    with runner.hold(options.out, other="search.json"):
        first = replace(settings.config, fold=settings.fold(settings.seed_numbers[0]))
        data = open_data(first, select_part=False)
        experiment = Experiment(
            settings, data, options.out, command, options.jobs, engine=engine, recipe=options.recipe
        )
        if options.list_commands:
            for config in experiment.unfinished():
                print(command_of(config, options.recipe))
            return

        def draw_examples() -> None:
            from paddle_aug.experiments import compare_examples  # slow to import

            part = first_part(settings.config, data)
            compare_examples.write(settings.config, list(settings.modes), part, options.out)

        results = experiment.run(meanwhile=draw_examples)
        from paddle_aug.experiments import compare_page

        files = compare_page.write(results)
    print(compare_report.as_text(results))
    for file in files:
        logger.info("wrote %s", file)


def parse(words: list[str]) -> tuple[argparse.Namespace, dict]:
    """The options of the comparison, and those of its runs that were given."""
    parser = CommandParser(
        "Train each mode with the same seeds, and report which augmentation helps, by "
        "how much, and whether that is more than luck. Run the same command again to continue a "
        "comparison that was stopped.",
        examples=EXAMPLES,
    )
    own = parser.add_argument_group("comparison")
    own.add_argument(
        "--modes",
        type=split_modes,
        default=",".join(COMPARED_MODES),
        help="the modes to compare, as in train's --augment; all for the notebook's five",
    )
    text = "the mode to compare the others with (default: none, or the first mode)"
    own.add_argument("--baseline", metavar="MODE", help=text)
    own.add_argument("--seeds", type=int, help="runs of each mode (default: 5)")
    text = "train each mode once for each of K folds of the training list, which are evaluated"
    own.add_argument("--kfold", type=int, metavar="K", help=f"instead of --seeds: {text}")
    own.add_argument(
        "--fractions",
        type=numbers,
        default=(),
        metavar="X,X",
        help="train on these parts of the training list, such as 0.1,0.5,1, with the same share of "
        "each class",
    )
    own.add_argument(
        "--learning-rates",
        type=numbers,
        default=(),
        metavar="X,X",
        help="choose each mode's learning rate among these, such as 1e-4,5e-4, on a held-back "
        "quarter of the training list",
    )
    own.add_argument(
        "--budget",
        type=parse_duration,
        metavar="TIME",
        help="time for all runs, such as 90s, 30m or 2h; --seeds is then the most for each mode",
    )
    text = "train a mode no further that is clearly worse than the best after three seeds or more"
    own.add_argument("--racing", action="store_true", help=text)
    add_import(parser, rare=True)
    add_recipe(own, RECIPE)
    add_engine(own)
    text = (
        "train nothing, and print a train command for each run that has not ended, for a queue "
        "such as Slurm's; the same command without this option then reports"
    )
    own.add_argument("--list-commands", action="store_true", help=text)
    text = "folder of the results"
    own.add_argument("--out", type=Path, default=Path(kept("logs/compare")), help=text)
    add_language(own)
    of_runs = [item.name for item in fields(TrainConfig) if item.name not in DECIDED]
    add_options(parser, of_runs, COMMON, [RECIPE])
    options = parser.parse_args(words)
    given = pop_fields(options, of_runs)
    for several, one in (("learning_rates", "learning_rate"), ("fractions", "fraction")):
        if getattr(options, several) and one in given:
            raise UserError(f"give {flag(several)} or {flag(one)}, not both")
    if options.kfold is not None and options.seeds is not None:
        raise UserError("give --kfold or --seeds, not both: with folds, a mode has a run for each")
    for name in ("learning_rates", "budget", "racing"):
        if options.list_commands and getattr(options, name):
            raise UserError(
                f"with {flag(name)}, which runs there are depends on the results of others, so no "
                f"list of commands has them all; drop {flag(name)}"
            )
    return options, given


def settings_of(options: argparse.Namespace, given: dict):
    """The settings of the comparison."""
    from paddle_aug.experiments.compare_plan import Settings
    from paddle_aug.inputs import of_mode

    config = replace(make_config(given, options.recipe), augment="none", mix="none")
    if options.kfold is not None:
        if config.fold:
            raise UserError("give --kfold or --fold, not both: one trains on all folds in turn")
        config = replace(config, fold=f"1/{max(options.kfold, 2)}")
    modes = tuple(of_mode(config, mode).mode for mode in options.modes)
    first = "none" if "none" in modes else modes[0]
    return Settings(
        config,
        modes,
        of_mode(config, options.baseline).mode if options.baseline else first,
        options.kfold or (5 if options.seeds is None else options.seeds),
        options.fractions or (config.fraction,),
        options.learning_rates,
        options.budget,
        options.kfold,
        options.racing,
    )


def command_of(config: TrainConfig, recipe: str) -> str:
    """The command that trains one of the runs."""
    imports = [f"--import={name}" for name in plugins.loaded()]
    return shlex.join([*tool("train"), *imports, *words_of(config, recipe)])


def numbers(text: str) -> tuple[float, ...]:
    """The numbers of a comma list."""
    return tuple(float(part) for part in text.split(",")) if text else ()
