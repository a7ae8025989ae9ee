"""Draw what an augmentation does to images."""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from paddle_aug.augment.modes import split_modes
from paddle_aug.commands._options import CommandParser, add_options
from paddle_aug.config import TrainConfig, flag
from paddle_aug.data.samples import Sample
from paddle_aug.errors import UserError
from paddle_aug.inputs import MIXING, SOURCES, of_mode
from paddle_aug.preview import preview
from paddle_aug.preview.figure import draw
from paddle_aug.preview.listing import listing
from paddle_aug.preview.page import write_page
from paddle_aug.preview.preview import Cell, Draws, Section, Shown

logger = logging.getLogger(__name__)

FIELDS = (*SOURCES, "seed", "image_size", "stretch", "engine", *MIXING)
EXAMPLES = (
    "userDef --data photos",
    "--ops userDef --data photos --output ops.png",
    "allab,allba --images 4 --html page.html",
)
MANY_OPS = 10  # more are drawn two side by side


def main() -> None:
    asked, given = parse()
    refuse(asked, given)
    if asked.list:
        print(listing())
        return
    shown = [run_of(asked, given)] if asked.run else modes_of(asked, given)
    samples = shown[0].dataset.samples
    indices = indices_of(asked, samples)
    sections, columns = sections_of(asked, shown, indices)
    title = ", ".join(one.config.mode for one in shown)
    if asked.html:
        facts = facts_of(asked, shown[0])
        write_page(sections, columns, asked.html, title, facts, exact=asked.run is not None)
    else:
        if not asked.original and len(indices) == 1:  # no caption of an original has its path
            title = f"{title} · {samples[indices[0]].path}"
        elif not asked.original:
            sections = [one._replace(title=f"{one.title} {one.image}") for one in sections]
        draw(sections, columns, asked.output, title)
    print(f"wrote {asked.html or asked.output}")


def parse() -> tuple[argparse.Namespace, dict]:
    """The command's own options, and the fields of the config that are given."""
    parser = CommandParser(
        "Draw training images under an augmentation, with the parameters drawn for each.",
        "[AUGMENT]",
        EXAMPLES,
    )
    parser.add_argument(
        "augment",
        nargs="?",
        metavar="AUGMENT",
        help="a mode, a pipeline such as 'hflip|rotate(20)', either with a mix as in "
        "userDef+mixup, or a comma list of them",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--list", action="store_true", help="list all that AUGMENT may name")
    what.add_argument("--ops", metavar="AUGMENT", help="draw each operation of it alone")
    what.add_argument(
        "--run", type=Path, metavar="FILE", help="draw what a run saw, by its run.json"
    )
    image = parser.add_mutually_exclusive_group()
    image.add_argument(
        "--file", metavar="FILE", help="training image by its path in the list, or any image file"
    )
    image.add_argument(
        "--index", type=int, metavar="N", help="training image by its place in the list, from 0"
    )
    image.add_argument(
        "--images",
        type=int,
        metavar="N",
        help="N training images of different classes (default: the first image; 6 with --html, 3 "
        "with --html and --ops)",
    )
    parser.add_argument(
        "--epoch", type=int, default=0, metavar="N", help="epoch of the first draw (default: 0)"
    )
    parser.add_argument(
        "--rows",
        type=int,
        metavar="N",
        help="rows of an image's grid (default: 3; 1 with several images or --run)",
    )
    parser.add_argument(
        "--columns",
        type=int,
        metavar="N",
        help="columns of an image's grid (default: 3 for one image, up to 6 for several)",
    )
    parser.add_argument(
        "--original",
        action=argparse.BooleanOptionalAction,
        default=argparse.SUPPRESS,
        help="begin each grid with the image as it is (default: yes)",
    )
    parser.set_defaults(original=True)
    to = parser.add_mutually_exclusive_group()
    to.add_argument(
        "--output",
        type=Path,
        default=Path("preview.png"),
        metavar="FILE",
        help="png, svg or pdf (default: preview.png)",
    )
    to.add_argument("--html", type=Path, metavar="FILE", help="write a page to scroll through")
    add_options(parser, FIELDS, (*SOURCES, "image_size", "seed"))
    options = vars(parser.parse_args())
    given = {name: options.pop(name) for name in FIELDS if name in options}
    return argparse.Namespace(**options), given


def refuse(asked: argparse.Namespace, given: dict) -> None:
    """Refuse options that exclude each other or are out of range."""
    if sum(map(bool, (asked.augment is not None, asked.list, asked.ops, asked.run))) != 1:
        raise UserError("give one of: an augmentation, --ops SPEC, --run FILE, --list")
    for name in ("images", "rows", "columns"):
        number = getattr(asked, name)
        if number is not None and number < 1:
            raise UserError(f"{flag(name)} must be at least 1, not {number}")
    if not 0 <= asked.epoch < 2**32:
        raise UserError(f"--epoch must be from 0 to 2**32 - 1, not {asked.epoch}")
    if asked.ops and len(split_modes(asked.ops)) > 1:
        raise UserError(f"--ops takes one augmentation, not {len(split_modes(asked.ops))}")
    if asked.ops and asked.rows is not None:
        raise UserError("--ops draws a row for each operation; drop --rows")
    own = [name for name in given if name != "data"]
    if asked.run and own:
        raise UserError(f"--run takes {flag(own[0])} from the run; drop it")


def run_of(asked: argparse.Namespace, given: dict) -> Shown:
    """The run to draw; warns of versions that have changed since."""
    run = preview.read_run(asked.run, given.get("data"))
    for note in run.notes:
        logger.warning(note)
    return run


def modes_of(asked: argparse.Namespace, given: dict) -> list[Shown]:
    """The modes to draw, each with the images under it."""
    spec = asked.augment if asked.ops is None else asked.ops
    configs = [of_mode(TrainConfig(**given), mode) for mode in split_modes(spec)]
    sources = {name: given[name] for name in SOURCES if name in given}
    samples = preview.training_images(sources, asked.file)
    return [Shown(config, preview.dataset_of(config, samples)) for config in configs]


def indices_of(asked: argparse.Namespace, samples: Sequence[Sample]) -> list[int]:
    """The indices of the images to draw."""
    images = asked.images
    if images is None and asked.html and asked.file is None and asked.index is None:
        images = 3 if asked.ops else 6
    if images is None:
        return [preview.image_index(samples, asked.file, asked.index)]
    return preview.spread_over_classes(samples, images)


def sections_of(
    asked: argparse.Namespace, shown: list[Shown], indices: list[int]
) -> tuple[list[Section], int]:
    """The sections, by op or mode and then by image, and the number of their columns."""
    config, samples = shown[0].config, shown[0].dataset.samples
    if asked.ops:
        ops = preview.ops_of(config, samples)
        columns = asked.columns or (3 if len(ops) > MANY_OPS and not asked.html else 5)
        draws = draws_of(asked, columns, config)
        by_image = [preview.draws_by_op(ops, index, draws) for index in indices]
        return [section for of_op in zip(*by_image, strict=True) for section in of_op], columns
    rows, columns = (3, 3) if len(indices) == 1 else (1, 5)
    if asked.html or asked.run:
        rows, columns = 1, 6 if asked.html else 2
    rows, columns = asked.rows or rows, asked.columns or columns
    draws = draws_of(asked, rows * columns, config)
    sections = [
        Section(
            one.config.mode if len(shown) > 1 else "",
            samples[index].path,
            cells_of(one, index, draws),
        )
        for one in shown
        for index in indices
    ]
    return sections, columns


def draws_of(asked: argparse.Namespace, cells: int, config: TrainConfig) -> Draws:
    """The draws that fill so many cells, or up to the last epoch of a run."""
    count = cells - asked.original
    if count == 0:
        raise UserError(
            "the original fills the only picture; ask for more pictures, or for --no-original"
        )
    if asked.run:
        if asked.epoch >= config.epochs:
            raise UserError(
                f"--epoch must be from 0 to {config.epochs - 1} for this run, not {asked.epoch}"
            )
        count = min(count, config.epochs - asked.epoch)
    return Draws(count, asked.epoch, asked.original)


def cells_of(shown: Shown, index: int, draws: Draws) -> list[Cell]:
    """The image and its draws, mixed if the config mixes images."""
    if not preview.mixes(shown.config):
        return preview.cells_of(shown.dataset, index, draws)
    # Only these pictures need Paddle, which takes seconds to import.
    from paddle_aug.preview.mixing import mixed_cells

    return mixed_cells(shown, index, draws)


def facts_of(asked: argparse.Namespace, shown: Shown) -> list[str]:
    """The facts above the pictures of a page."""
    config = shown.config
    pixels = f"{config.image_size} × {config.image_size} pixels"
    if not config.stretch:
        pixels = f"{pixels}, not stretched"
    facts = [
        f"{len(shown.dataset):,} training images of {config.data or 'the sample'}",
        f"seed {config.seed}, {pixels}",
    ]
    if asked.run:
        exactly = "to a grey level" if preview.mixes(config) else "pixel by pixel"
        facts.append(f"what the network of {asked.run} was given, {exactly}")
    return [*facts, *shown.notes]
