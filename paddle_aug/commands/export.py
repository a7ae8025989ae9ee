"""Write augmented copies as a data set."""

import argparse
import logging
import os
from pathlib import Path

from paddle_aug.commands._options import CommandParser, add_options
from paddle_aug.config import TrainConfig
from paddle_aug.errors import UserError
from paddle_aug.export.dataset import FORMATS, Export, differing_versions, export, verify
from paddle_aug.inputs import SOURCES
from paddle_aug.system.processes import Shard

logger = logging.getLogger(__name__)

TAKEN = (*SOURCES, "augment", "first", "fraction", "holdout", "engine", "seed", "image_size")


STOPPED = "stopped; the same command goes on from here"


def main() -> int:
    parser = CommandParser(
        "Write augmented copies of the training images as a data set of their own, "
        "with Train.txt, Eval.txt and labels.txt: copy k is what training sees in epoch k, "
        "counted from 0.",
    )
    parser.add_argument("out", nargs="?", type=Path, help="folder of the new data set")
    add_options(parser, TAKEN)
    parser.add_argument(
        "--no-stretch",
        action="store_true",
        help="augment at the images' own size, instead of resizing them first",
    )
    parser.add_argument("--copies", type=int, default=1, help="of each image (default: 1)")
    parser.add_argument(
        "--even",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="more copies of images of rare classes, so that all come to as many as the largest",
    )
    parser.add_argument(
        "--originals",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="the training images as they are, too",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="png",
        help="png keeps every pixel; jpg has quality 95 (default: png)",
    )
    parser.add_argument(
        "--num-workers",
        type=int,
        help="processes beside this one (default: one a core where there are files for it)",
    )
    parser.add_argument(
        "--verify",
        type=Path,
        metavar="OUT",
        help="check a set against its manifest and make missing files again; exit code 1 if any "
        "file differs",
    )
    options = vars(parser.parse_args())
    out, checked, workers = (options.pop(name) for name in ("out", "verify", "num_workers"))
    if workers is not None and workers < 0:
        raise UserError(f"--num-workers must not be negative: {workers}")
    shard = Shard.of_environment()
    if checked is not None and shard.size > 1:
        raise UserError("--verify runs in one process; leave paddle.distributed.launch away")
    if checked is not None:
        return check(checked, out, options.get("data"), workers)
    if out is None:
        raise UserError("name the folder of the new data set, or --verify one that is there")
    stretch = not options.pop("no_stretch")
    if not stretch and "image_size" in options:
        raise UserError("--no-stretch keeps the images' own sizes; leave --image-size away")
    own = {name: options.pop(name) for name in ("copies", "format", "originals", "even")}
    if not options.get("augment", "").strip():
        raise UserError("--augment says what the copies go through, such as 'hflip|rotate(20)'")
    files = export(Export(TrainConfig(**options, stretch=stretch), **own), out, workers, shard)
    if shard.is_first:
        print(f"{out}: {files:,} images; python tools/train.py --data {out} trains on them")
    else:
        logger.info("%s: %s has made its part; the first one finishes the set", out, shard)
    return 0


def check(folder: Path, out: Path | None, data: str | None, workers: int | None) -> int:
    """Print what `verify` finds."""
    if out is not None:
        raise UserError(f"--verify {folder} checks that set alone; leave {out} away")
    found = verify(folder, data, workers)
    for path in found.made_again:
        print(f"made again: {path}")
    for path in found.different:
        print(f"differs: {path}")
    for path in found.extra:
        # Names of files may be of any bytes.
        print(f"not of the set: {os.fsencode(path).decode(errors='replace')}")
    print(
        f"{folder}: {len(found.whole):,} files are whole, {len(found.made_again):,} were missing "
        f"and made again, {len(found.different):,} differ, {len(found.extra):,} are not of the set"
    )
    if found.different:
        for line in differing_versions(folder):
            logger.warning(line)
    return 1 if found.different else 0
