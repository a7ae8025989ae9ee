"""Write augmented copies as a data set of their own."""

import logging
import os
import shlex
from pathlib import Path

from paddle_aug.commands._engine import address, place
from paddle_aug.commands._options import (
    CommandParser,
    add_import,
    add_options,
    add_recipe,
    pop_fields,
)
from paddle_aug.config import TrainConfig, flag, make_config
from paddle_aug.errors import UserError
from paddle_aug.export import manifest
from paddle_aug.export.dataset import Export, export, verify
from paddle_aug.inputs import SOURCES, config_and_data
from paddle_aug.results.image_bytes import FORMATS
from paddle_aug.system.cluster import connect
from paddle_aug.system.program import tool
from paddle_aug.system.versions import differing_versions

logger = logging.getLogger(__name__)

FIELDS = (
    *SOURCES, "augment", "name", "first", "fraction", "holdout", "engine", "seed", "image_size",
    "stretch", "interpolation",
)  # fmt: skip
EXAMPLES = (
    "--data photos -c small --augment userDef --copies 2 photos-2",
    "--data photos --augment allab --copies 4 --even photos-4",
    "--verify photos-2",
)
STOPPED = "stopped; run the same command to continue"


def main() -> int:
    parser = CommandParser(
        "Write augmented copies of the training images as a data set, with Train.txt, Eval.txt and "
        "labels.txt. Copy 000 is what training sees in epoch 1, copy 001 in epoch 2, and so on; "
        "a training of the head alone draws from the first --passes of these in each epoch.",
        "[OUT]",
        EXAMPLES,
    )
    text = "folder of the new data set"
    parser.add_argument("out", nargs="?", type=Path, metavar="OUT", help=text)
    parser.add_argument("--copies", type=int, default=1, help="copies of each image")
    text = "write more copies of rare classes, so that all classes are as large as the largest"
    parser.add_argument("--even", action="store_true", help=text)
    text = "write the training images as they are too"
    parser.add_argument("--originals", action="store_true", help=text)
    text = "png keeps every pixel; jpg has quality 95"
    parser.add_argument("--format", choices=FORMATS, default="png", help=text)
    text = "processes that write, besides this one (default: one per core, if there is work)"
    parser.add_argument("--num-workers", type=int, help=text)
    text = "where to make the files: local, ray, or ray:HOST:PORT for the Ray cluster there"
    parser.add_argument("--on", type=place, default="local", metavar="WHERE", help=text)
    text = (
        "check a data set against its manifest and make missing files again; the exit code is 1 if "
        "any file differs"
    )
    parser.add_argument("--verify", type=Path, metavar="OUT", help=text)
    add_import(parser)
    add_recipe(parser)
    common = (*SOURCES, "holdout", "augment", "image_size", "seed")
    add_options(parser, FIELDS, common, ("aistudio", "sample"))
    options = parser.parse_args()
    given = pop_fields(options, FIELDS)
    out, workers, recipe = options.out, options.num_workers, options.recipe
    if workers is not None and workers < 0:
        raise UserError(f"--num-workers must not be negative: {workers}")
    if options.verify is not None:
        return check(options.verify, out, given.get("data"), workers)
    if out is None:
        raise UserError("name the folder of the new data set, or --verify an existing one")
    if not given.get("augment", "").strip():
        raise UserError("give the augmentation of the copies, such as --augment 'hflip|rotate(20)'")
    cluster = None
    if options.on != "local":
        cluster = address(options.on)
        connect(cluster)  # refused before the data is read
    config, found = config_and_data(given, recipe)
    if not config.stretch and "image_size" in given:
        raise UserError("without --stretch, copies keep their own sizes; drop --image-size")
    choices = {name: getattr(options, name) for name in manifest.OPTIONS}
    files = export(Export(config, **choices), out, workers, found, cluster)
    side = config.image_size
    size = f"of {side} × {side} pixels" if config.stretch else "at their own sizes"
    recipe = recipe or ("sample" if found.drawn else None)
    words = ["--data", str(out), *(["--recipe", recipe] if recipe else [])]
    words += training_options(given, config, make_config({}, recipe or "aistudio"))
    command = shlex.join([*tool("train"), *words])
    print(f"{out}: {files:,} images, copies {size}; to train on them: {command}")
    return 0


def training_options(given: dict, config: TrainConfig, recipe: TrainConfig) -> list[str]:
    """The options that a training on the copies needs besides its recipe: copies are augmented and
    divided already, and have the sizes that the config gave them."""
    words = []
    for name in ("image_size", "interpolation"):
        words += [flag(name), str(given[name])] if name in given else []
    for name, done in (("augment", "none"), ("fraction", 1.0), ("holdout", 0.0)):
        words += [flag(name), f"{done}"] if getattr(recipe, name) != done else []
    if config.stretch != recipe.stretch:
        words.append("--stretch" if config.stretch else "--no-stretch")
    if not config.stretch and config.eval_transform == "none":
        side = config.image_size
        words += ["--eval-transform", f"resize({side * 8 // 7})|center_crop({side})"]
    return words


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
