"""What the tools that take trained weights have in common."""

import argparse
from pathlib import Path

from paddle_aug.commands._options import CommandParser, add_options
from paddle_aug.config import TrainConfig
from paddle_aug.errors import UserError

COMPUTING = ("num_workers", "device", "threads")


def argument_parser(description: str) -> argparse.ArgumentParser:
    """A command line that begins with the weights."""
    parser = CommandParser(description)
    parser.add_argument("weights", type=Path, help="trained weights, such as models/*.pdparams")
    parser.add_argument(
        "--run",
        type=Path,
        metavar="FILE",
        help="run.json of weights from before weights said themselves what they are of",
    )
    return parser


def add_prediction_options(parser: argparse.ArgumentParser) -> None:
    """How images are predicted, and where it is computed."""
    parser.add_argument(
        "--tta",
        metavar="AUGMENT",
        help="take the mean over each image and draws of this augmentation; of hflip, the "
        "mirrored image",
    )
    parser.add_argument("--tta-draws", type=int, help="draws of --tta for each image (default: 8)")
    parser.add_argument("--batch-size", type=int, default=32, help="images a step (default: 32)")
    add_options(parser, COMPUTING)


def computing(options: argparse.Namespace) -> TrainConfig:
    """Where it is computed.

    Raises:
        UserError: a number is out of range.
    """
    if options.batch_size < 1:
        raise UserError(f"--batch-size must be at least 1, not {options.batch_size}")
    return TrainConfig(**{name: vars(options)[name] for name in COMPUTING if name in options})
