"""Options of the commands that take trained weights."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from paddle_aug.commands._options import CommandParser, add_import, add_options, pop_fields
from paddle_aug.config import TrainConfig

COMPUTING = ("num_workers", "device", "threads")


def trained_parser(description: str, arguments: str, examples: Sequence[str]) -> CommandParser:
    """A command line that begins with the weights."""
    parser = CommandParser(description, f"WEIGHTS {arguments}", examples)
    text = "such as models/userDefAug_best.pdparams"
    parser.add_argument("weights", type=Path, metavar="WEIGHTS", help=text)
    text = "run.json of weights that are too old to describe themselves"
    parser.add_argument("--run", type=Path, metavar="FILE", help=text)
    add_import(parser)
    return parser


def add_prediction_options(parser: CommandParser) -> None:
    """Add the options that decide how images are predicted, and on what device."""
    parser.add_argument(
        "--tta",
        metavar="AUGMENT",
        help="average the predictions for each image and draws of this augmentation; for hflip, "
        "those for the image and its mirror image",
    )
    parser.add_argument("--tta-draws", type=int, help="draws of --tta per image (default: 8)")
    parser.add_argument("--batch-size", type=int, default=32, help="images per batch")
    add_options(parser, COMPUTING)


def computing(options: argparse.Namespace) -> TrainConfig:
    """A config with the options of the device.

    Raises:
        UserError: a number is out of range.
    """
    return TrainConfig(batch_size=options.batch_size, **pop_fields(options, COMPUTING))
