"""Write augmented copies as a data set of their own."""

import argparse
import logging
import os
from pathlib import Path

from paddle_aug.commands._options import CommandParser, add_options
from paddle_aug.config import TrainConfig
from paddle_aug.errors import UserError
from paddle_aug.export import manifest
from paddle_aug.export.dataset import FORMATS, Export, export, verify
from paddle_aug.inputs import SOURCES
from paddle_aug.system.versions import differing_versions

logger = logging.getLogger(__name__)

FIELDS = (
    *SOURCES, "augment", "first", "fraction", "holdout", "engine", "seed", "image_size",
    "interpolation",
)  # fmt: skip
EXAMPLES = (
    "--data photos --augment userDef --copies 2 photos-2",
    "--data photos --augment allab --copies 4 --even photos-4",
    "--verify photos-2",
)
STOPPED = "stopped; run the same command to continue"


def main() -> int:
    parser = CommandParser(
        "Write augmented copies of the training images as a data set, with Train.txt, Eval.txt and "
        "labels.txt. Copy 000 is what training sees in epoch 1, copy 001 in epoch 2, and so on.",
        "[OUT]",
        EXAMPLES,
    )
    text = "folder of the new data set"
    parser.add_argument("out", nargs="?", type=Path, metavar="OUT", help=text)
    parser.add_argument("--copies", type=int, default=1, help="copies of each image")
    parser.add_argument(
        "--even",
        action=argparse.BooleanOptionalAction,
        default=argparse.SUPPRESS,
        help="write more copies of rare classes, so that all classes are as large as the largest",
    )
    parser.add_argument(
        "--originals",
        action=argparse.BooleanOptionalAction,
        default=argparse.SUPPRESS,
        help="write the training images as they are too",
    )
    text = "png keeps every pixel; jpg has quality 95"
    parser.add_argument("--format", choices=FORMATS, default="png", help=text)
    parser.add_argument(
        "--no-stretch",
        action="store_true",
        help="augment images at their own size, instead of resizing them first",
    )
    parser.add_argument(
        "--num-workers",
        type=int,
        help="processes that write, besides this one (default: one per core, if there is work)",
    )
    parser.add_argument(
        "--verify",
        type=Path,
        metavar="OUT",
        help="check a data set against its manifest and make missing files again; the exit code "
        "is 1 if any file differs",
    )
    add_options(parser, FIELDS)
    options = vars(parser.parse_args())
    out, verified, workers = (options.pop(name) for name in ("out", "verify", "num_workers"))
    if workers is not None and workers < 0:
        raise UserError(f"--num-workers must not be negative: {workers}")
    if verified is not None:
        return check(verified, out, options.get("data"), workers)
    if out is None:
        raise UserError("name the folder of the new data set, or --verify an existing one")
    stretch = not options.pop("no_stretch")
    if not stretch and "image_size" in options:
        raise UserError("--no-stretch keeps the images' own sizes; drop --image-size")
    names = ("copies", "format", "originals", "even")
    choices = {name: options.pop(name) for name in names if name in options}
    if not options.get("augment", "").strip():
        raise UserError("give the augmentation of the copies, such as --augment 'hflip|rotate(20)'")
    files = export(Export(TrainConfig(**options, stretch=stretch), **choices), out, workers)
    print(f"{out}: {files:,} images; to train on them: python tools/train.py --data {out}")
    return 0


def check(folder: Path, out: Path | None, data: str | None, workers: int | None) -> int:
    """Print what `verify` finds; returns the exit code."""
    if out is not None:
        raise UserError(f"--verify {folder} checks that data set only; drop {out}")
    state = verify(folder, data, workers)
    for path in state.made_again:
        print(f"made again: {path}")
    for path in state.different:
        print(f"differs: {path}")
    for path in state.extra:
        # Names of files may be of any bytes.
        print(f"not in the manifest: {os.fsencode(path).decode(errors='replace')}")
    print(
        f"{folder}: {len(state.whole):,} files are intact, {len(state.made_again):,} were missing "
        f"and made again, {len(state.different):,} differ, {len(state.extra):,} are not in the "
        "manifest"
    )
    if state.different:
        header, _ = manifest.read(folder)
        for line in differing_versions(header["versions"]):
            logger.warning(line)
    return 1 if state.different else 0
