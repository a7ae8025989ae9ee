"""Draw what an augmentation does to an image: python tools/preview.py 'hflip|rotate(20)'"""

import argparse
import sys
from pathlib import Path

from _clone import run

from paddle_aug import preview
from paddle_aug.config import TrainConfig, add_options
from paddle_aug.data.feeding import Augmented
from paddle_aug.errors import UserError
from paddle_aug.modes import mix_of
from paddle_aug.pipeline import MIXING, of_mode


def cells_of(
    config: TrainConfig,
    dataset: Augmented,
    index: int,
    epoch: int,
    count: int,
    sessions: list[dict],
) -> list[preview.Cell]:
    """The image and its draws, mixed if the config says so."""
    if mix_of(config.augment, config.mix) == "none":
        return preview.cells_of(dataset, index, epoch, count)
    # The only pictures that need Paddle, which takes seconds to import.
    from paddle_aug.preview_mixing import mixed_cells

    return mixed_cells(config, dataset, index, epoch, count, sessions)


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Draw one training image under draws of an augmentation, with what was drawn.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "augment", nargs="?", help="a mode or a pipeline, such as 'hflip|rotate(20)'"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--list", action="store_true", help="print every op, mode and combinator")
    what.add_argument("--ops", metavar="SPEC", help="a row for each op of this augmentation")
    what.add_argument(
        "--run", type=Path, metavar="FILE", help="what the network of this run.json saw"
    )
    image = parser.add_mutually_exclusive_group()
    image.add_argument("--file", help="training image by its path in the list, or any image file")
    image.add_argument("--index", type=int, help="training image by its place in the list, from 0")
    parser.add_argument("--epoch", type=int, default=0, help="of the first draw, from 0")
    parser.add_argument("--rows", type=int, help="of the grid (default: 3; 1 with --run)")
    parser.add_argument("--columns", type=int, help="default: 3; 5 with --ops, 2 with --run")
    parser.add_argument("--output", type=Path, default=Path("preview.png"), help="png, svg or pdf")
    add_options(parser, ("data", "seed", "image_size", "stretch", "engine", *MIXING))
    given = vars(parser.parse_args())
    names = ("augment", "list", "ops", "run", "file", "index", "epoch", "rows", "columns", "output")
    augment, listed, ops, seen, file, index, epoch, rows, columns, output = map(given.pop, names)

    if sum((augment is not None, listed, ops is not None, seen is not None)) != 1:
        raise UserError("give one of: an augmentation, --ops SPEC, --run FILE, --list")
    if listed:
        print(preview.listing())
        return
    for option, number in (("--rows", rows), ("--columns", columns)):
        if number is not None and number < 1:
            raise UserError(f"{option} must be at least 1, not {number}")
    if not 0 <= epoch < 2**32:
        raise UserError(f"--epoch must be from 0 to 2**32 - 1, not {epoch}")
    if ops is not None and rows is not None:
        raise UserError("--ops has a row for each op; leave --rows away")
    if seen is not None:
        data = given.pop("data", None)
        if given:
            raise UserError(f"--run has its own --{next(iter(given)).replace('_', '-')}")
        found = preview.read_run(seen, data)
        for line in found.notes:
            print(line, file=sys.stderr)
        _, index = preview.place(found.dataset.samples, file, index)
        rows, columns = rows or 1, columns or 2
        config = found.config
        cells = cells_of(config, found.dataset, index, epoch, rows * columns - 1, found.sessions)
        title = config.mode
    else:
        samples, index = preview.choose(given.pop("data", None), file, index)
        config = of_mode(TrainConfig(**given), augment or ops)
        title = config.mode
        columns = columns or (3 if ops is None else 5)
        if ops is None:
            rows = rows or 3
            dataset = preview.dataset_of(config, samples)
            cells = cells_of(config, dataset, index, epoch, rows * columns - 1, [])
        else:
            cells = preview.draws_by_op(config, samples, index, epoch, columns - 1)
            rows = len(cells) // columns
    preview.draw(cells, rows, columns, output, title)
    print(f"wrote {output}")


if __name__ == "__main__":
    run(main)
