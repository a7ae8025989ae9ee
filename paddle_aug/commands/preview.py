"""Draw what an augmentation does to images."""

import argparse
import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from paddle_aug.augment.modes import split_modes
from paddle_aug.commands._options import (
    CommandParser,
    add_import,
    add_language,
    add_options,
    add_recipe,
    pop_fields,
)
from paddle_aug.config import TrainConfig, flag
from paddle_aug.data.samples import Sample
from paddle_aug.errors import UserError
from paddle_aug.inputs import MIXING, SOURCES, dataset_of, mixes, of_modes
from paddle_aug.preview import preview
from paddle_aug.preview.figure import draw
from paddle_aug.preview.listing import listing
from paddle_aug.preview.page import write_page
from paddle_aug.preview.preview import Cell, Draws, Section, Shown
from paddle_aug.preview.sweep import range_note, sweep_by_op, sweep_of
from paddle_aug.results.colours import colours
from paddle_aug.results.language import _
from paddle_aug.system.script_task import kept

logger = logging.getLogger(__name__)

FIELDS = (*SOURCES, "name", "seed", "image_size", "stretch", "interpolation", "engine", *MIXING)
EXAMPLES = (
    "userDef --data photos",
    "--ops userDef --data photos --output ops.png",
    "allab,allba --images 4 --html page.html",
    "--sweep 'rotate|noise' --data photos --html sweep.html",
)
MANY_OPS = 10  # more are drawn two side by side


def main() -> None:
    options, given = parse()
    refuse(options, given)
    if options.list:
        print(listing())
        return
    shown = shown_of(options, given)
    samples = shown[0].dataset.samples
    indices = indices_of(options, samples)
    with words_of(options):
        sections, columns = sections_of(options, shown, indices)
        title = title_of(options, shown, sections)
    if options.html:
        modes = [one.config.mode for one in shown]
        write_page(
            options.html,
            sections,
            title,
            facts=facts_of(options, shown[0]) + (range_note(sections) if options.sweep else []),
            modes={mode: colours(modes)[mode] for mode in modes} if len(modes) > 1 else None,
            original=options.original,
            exact=options.run is not None,
        )
    else:
        if not options.original and len(indices) == 1:  # no caption of an original has its path
            title = f"{title} · {samples[indices[0]].path}"
        elif not options.original:
            sections = [one._replace(title=f"{one.title} {one.image}") for one in sections]
        draw(sections, columns, options.output, title)
    print(f"wrote {options.html or options.output}")


def parse() -> tuple[argparse.Namespace, dict]:
    """The command's own options, and the fields of the config that are given."""
    parser = CommandParser(
        "Draw training images under an augmentation, with the parameters drawn for each.",
        "[AUGMENT]",
        EXAMPLES,
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "augment",
        nargs="?",
        metavar="AUGMENT",
        help="a mode, a pipeline such as 'hflip|rotate(20)', either with a mix as in "
        "userDef+mixup, or a comma list of them",
    )
    what.add_argument("--list", action="store_true", help="list all that AUGMENT may name")
    what.add_argument("--ops", metavar="AUGMENT", help="draw each operation of it alone")
    text = "draw each operation of it at five strengths, weak to strong"
    what.add_argument("--sweep", metavar="AUGMENT", help=text)
    text = "draw what a run saw, by its run.json"
    what.add_argument("--run", type=Path, metavar="FILE", help=text)
    image = parser.add_mutually_exclusive_group()
    text = "training image by its path in the list, or any image file"
    image.add_argument("--file", metavar="FILE", help=text)
    image.add_argument("--index", type=int, help="training image by its place in the list, from 0")
    image.add_argument(
        "--images",
        type=int,
        help="N training images of different classes (default: the first image; 6 with --html, 3 "
        "with --html and --ops or --sweep)",
    )
    parser.add_argument("--epoch", type=int, default=1, help="epoch of the first draw, from 1")
    text = "rows of an image's grid (default: 3; 1 with several images or --run)"
    parser.add_argument("--rows", type=int, help=text)
    text = "columns of an image's grid (default: 3 for one image, up to 6 for several)"
    parser.add_argument("--columns", type=int, help=text)
    parser.add_argument(
        "--original",
        action=argparse.BooleanOptionalAction,
        default=argparse.SUPPRESS,
        help="begin each grid with the image as it is (default: yes)",
    )
    parser.set_defaults(original=True)
    to = parser.add_mutually_exclusive_group()
    output = Path(kept("logs/preview.png"))
    to.add_argument("--output", type=Path, default=output, metavar="FILE", help="png, svg or pdf")
    to.add_argument("--html", type=Path, metavar="FILE", help="write a page to scroll through")
    add_import(parser)
    add_language(parser)
    add_recipe(parser)
    add_options(parser, FIELDS, (*SOURCES, "image_size", "seed"), ("aistudio", "sample"))
    options = parser.parse_args()
    return options, pop_fields(options, FIELDS)


def refuse(options: argparse.Namespace, given: dict) -> None:
    """Refuse options that exclude each other or are out of range."""
    for name in ("images", "rows", "columns"):
        number = getattr(options, name)
        if number is not None and number < 1:
            raise UserError(f"{flag(name)} must be at least 1, not {number}")
    if not 1 <= options.epoch <= 2**32:
        raise UserError(f"--epoch must be from 1 to 2**32, not {options.epoch}")
    for name in ("ops", "sweep"):
        spec = getattr(options, name)
        if spec and len(split_modes(spec)) > 1:
            raise UserError(f"--{name} takes one augmentation, not {len(split_modes(spec))}")
        if spec and options.rows is not None:
            raise UserError(f"--{name} draws a row for each operation; drop --rows")
    idle = {"columns": options.columns is not None, "epoch": options.epoch > 1}
    for name, is_given in {**idle, "seed": "seed" in given}.items():
        if options.sweep and is_given:
            raise UserError(f"--sweep draws five strengths of each operation; drop --{name}")
    own = [name for name in given if name != "data"] + ["recipe"] * (options.recipe is not None)
    if options.run and own:
        raise UserError(f"--run takes {flag(own[0])} from the run; drop it")


def shown_of(options: argparse.Namespace, given: dict) -> list[Shown]:
    """The run or the modes to draw, each with the images under it; warns of versions that have
    changed since the run."""
    if options.run:
        run = preview.read_run(options.run, given.get("data"))
        for note in run.notes:
            logger.warning(note)
        return [run]
    spec = options.ops or options.sweep or options.augment or "none"
    config, samples = preview.as_training(given, options.recipe, options.file)
    configs = of_modes(config, spec)
    return [Shown(config, dataset_of(config, samples)) for config in configs]


def indices_of(options: argparse.Namespace, samples: Sequence[Sample]) -> list[int]:
    """The indices of the images to draw."""
    images = options.images
    if images is None and options.html and options.file is None and options.index is None:
        images = 3 if options.ops or options.sweep else 6
    if images is None:
        return [preview.image_index(samples, options.file, options.index)]
    return preview.spread_over_classes(samples, images)


def words_of(options: argparse.Namespace) -> AbstractContextManager:
    """The language of the pictures' words, which for a figure depends on the fonts."""
    if options.html:
        return nullcontext()
    # Matplotlib takes a second to import, and pages do not need it.
    from paddle_aug.results.style import words_with_a_font

    return words_with_a_font()


def sections_of(
    options: argparse.Namespace, shown: list[Shown], indices: list[int]
) -> tuple[list[Section], int]:
    """The sections, by op or mode and then by image, and the number of their columns."""
    config, samples = shown[0].config, shown[0].dataset.samples
    if options.ops:
        ops = preview.ops_of(config, samples)
        columns = options.columns or (3 if len(ops) > MANY_OPS and not options.html else 5)
        draws = draws_of(options, columns, config)
        by_image = [preview.draws_by_op(ops, index, draws) for index in indices]
        return [section for of_op in zip(*by_image, strict=True) for section in of_op], columns
    if options.sweep:
        sweep, first = sweep_of(config), options.original
        by_image = [sweep_by_op(sweep, shown[0].dataset, index, first) for index in indices]
        return [section for of_op in zip(*by_image, strict=True) for section in of_op], 5 + first
    rows, columns = (3, 3) if len(indices) == 1 else (1, 5)
    if options.html or options.run:
        rows, columns = 1, (6 if len(shown) == 1 else 4) if options.html else 2
    rows, columns = options.rows or rows, options.columns or columns
    draws = draws_of(options, rows * columns, config)
    titles = [one.config.mode if len(shown) > 1 else "" for one in shown]
    sections = [
        Section(title, samples[index].path, cells_of(one, index, draws))
        for one, title in zip(shown, titles, strict=True)
        for index in indices
    ]
    return sections, columns


def title_of(
    options: argparse.Namespace, shown: Sequence[Shown], sections: Sequence[Section]
) -> str:
    """The title of the pictures: the modes, or what a sweep shows."""
    if not options.sweep:
        return ", ".join(one.config.mode for one in shown)
    ops = list(dict.fromkeys(section.title for section in sections))
    if len(ops) == 1:
        return _("{op}, weak to strong").format(op=ops[0])
    return _("{number} operations, weak to strong").format(number=len(ops))


def draws_of(options: argparse.Namespace, cells: int, config: TrainConfig) -> Draws:
    """The draws that fill `cells` cells, or up to the last epoch of a run."""
    count = cells - options.original
    if count == 0:
        raise UserError(
            "the original fills the only picture; ask for more pictures, or for --no-original"
        )
    if options.run:
        if options.epoch > config.epochs:
            raise UserError(
                f"--epoch must be from 1 to {config.epochs} for this run, not {options.epoch}"
            )
        count = min(count, config.epochs - options.epoch + 1)
    return Draws(count, options.epoch - 1, options.original)


def cells_of(shown: Shown, index: int, draws: Draws) -> list[Cell]:
    """The image and its draws, mixed if the config mixes images."""
    if not mixes(shown.config):
        return preview.cells_of(shown, index, draws)
    # Only these pictures need Paddle, which takes seconds to import.
    from paddle_aug.preview.mixing import mixed_cells

    return mixed_cells(shown, index, draws)


def facts_of(options: argparse.Namespace, shown: Shown) -> list[str]:
    """The facts above the pictures of a page."""
    config = shown.config
    images = _("{number:,} training images of {data}")
    size = _("seed {seed}, {side} × {side} pixels")
    if not config.stretch:
        size = _("seed {seed}, {side} × {side} pixels, not stretched")
    facts = [
        images.format(number=len(shown.dataset), data=config.data or _("the sample")),
        size.format(seed=config.seed, side=config.image_size),
    ]
    if options.run and shown.certain:
        exactly = _("what the network of {run} was given, pixel by pixel")
        if mixes(config):
            exactly = _("what the network of {run} was given, to a grey level")
        facts.append(exactly.format(run=options.run))
    return [*facts, *shown.notes]
