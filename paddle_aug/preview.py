"""Pictures of what augmentations do: a grid of draws of one image, each above what was drawn."""

import dataclasses
import inspect
import json
import textwrap
from collections.abc import Sequence
from dataclasses import fields, replace
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from paddle_aug.config import TrainConfig
from paddle_aug.data.dataset import open_dataset
from paddle_aug.data.feeding import Augmented
from paddle_aug.data.listfile import Sample
from paddle_aug.errors import UserError
from paddle_aug.files import write_bytes
from paddle_aug.modes import AUGMENTATIONS, OPS, augmentation
from paddle_aug.pipeline import (
    DRAWS,
    MIXING,
    SOURCES,
    augmented,
    drawn,
    engine,
    members,
    op_name,
    open_data,
    own_size,
    versions,
)
from paddle_aug.registry import COMBINATORS, near_miss

WIDTH = 8.0  # inches, which at DPI is the width of a README
DPI = 130
FONT = 8.5  # points
NBSP = "\u00a0"
HIDDEN = ("seed", "interpolation", "mode", "order", "cval")
ANGLES = ("degrees", "theta", "rotate")
FORMATS = ("png", "svg", "pdf")


class Cell(NamedTuple):
    """A picture of the grid, uint8 [H, W, 3], with a few words above it and more below."""

    image: np.ndarray
    title: str
    caption: str = ""


class Seen(NamedTuple):
    """A run, the images that its network was trained on, and what is to be known besides."""

    config: TrainConfig
    dataset: Augmented
    notes: list[str]
    sessions: list[dict]


def choose(
    data: str | None, file: str | None = None, index: int | None = None
) -> tuple[list[Sample], int]:
    """The training images of the data, and which of them is meant; or a file that is no part of it.

    Raises:
        UserError: no such data, file or index.
    """
    if file is not None and data is None and Path(file).is_file():
        return [Sample(file, Path(file), 0, 0)], 0
    return place(open_dataset(data, check=False).train, file, index)


def place(samples: list[Sample], file: str | None, index: int | None) -> tuple[list[Sample], int]:
    """The images, and the index of the one that is meant; by default the first."""
    paths = [sample.path for sample in samples]
    if file is not None:
        found = [i for i, path in enumerate(paths) if path == file or path.endswith(f"/{file}")]
        if not found:
            raise UserError(f"--file {file} is no training image here; {_near(file, paths)}")
        return samples, found[0]
    index = index or 0
    if not 0 <= index < len(paths):
        raise UserError(f"--index {index} is not of 0 to {len(paths) - 1}, the training images")
    return samples, index


def _near(file: str, paths: list[str]) -> str:
    hint = near_miss(file, paths)
    return hint if hint.startswith("did") else f"the first is {paths[0]}"


def dataset_of(config: TrainConfig, samples: list[Sample]) -> Augmented:
    """The images as training augments them; without `stretch`, before they are made of one size."""
    if config.stretch:
        return augmented(replace(config, cache="off"), samples, config.augment)
    return own_size(config, samples)


def cells_of(dataset: Augmented, index: int, epoch: int, count: int) -> list[Cell]:
    """The image as it is before it is augmented, and as it is in each epoch."""
    image = dataset.unchanged(index)
    cells = [Cell(image, "original", dataset.samples[index].path)]
    for number in range(epoch, epoch + count):
        key = (number, index)
        caption = describe(drawn(dataset, image, key))
        cells.append(Cell(dataset.augmented(image, key), f"epoch {number}", caption))
    return cells


def draws_by_op(
    config: TrainConfig, samples: list[Sample], index: int, epoch: int, count: int
) -> list[Cell]:
    """For each op of the augmentation, whatever combines them: the image, and draws of the op."""
    cells = []
    for op in members(augmentation(config.augment, engine(config))):
        dataset = own_size(config, samples)
        dataset.transform, dataset.stretch = op, config.stretch
        image = dataset.unchanged(index)
        cells.append(Cell(image, op_name(op)))
        # Each row has epochs of its own: of one, ops that draw alike would all draw the same.
        for number in range(epoch, epoch + count):
            key = (number, index)
            ((_, params),) = drawn(dataset, image, key)
            cells.append(Cell(dataset.augmented(image, key), "", values(params)))
        epoch += count
    return cells


def read_run(file: Path | str, data: str | None = None) -> Seen:
    """What the network of a run.json saw: `dataset[epoch, index]` is the very image.

    `data` is where the run's data is now, if it is elsewhere. `notes` tell what may have changed
    the pixels since.

    Raises:
        UserError: it is no run.json, or its data cannot be had or is other data.
    """
    file = Path(file)
    try:
        run = json.loads(file.read_text(encoding="utf-8"))
        kept = {
            name: run["config"][name]
            for name in (*SOURCES, *DRAWS, *MIXING)
            if name in run["config"]
        }
        config = TrainConfig(**kept)
        fingerprint, then = run["data"]["fingerprint"], run["versions"]
        config = replace(config, engine=run.get("engine", config.engine), cache="off")
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror}; --run wants a run.json") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file} is not the run.json of a run: {error!r}") from None
    if data is not None:
        config = replace(config, **{**dict.fromkeys(SOURCES), "data": data})
    found = open_data(config, check=False)
    if found.fingerprint != fingerprint:
        raise UserError(
            f"{file}: the run's data {run['data'].get('name')} has changed since, or {found.name} "
            "is other data; --data names where it is now"
        )
    notes = [
        f"{name} was {before} in the run, and is {versions()[name]} here"
        for name, before in then.items()
        if name in versions() and name != "python" and versions()[name] != before
    ]
    dataset = augmented(config, found.train, config.augment)
    return Seen(config, dataset, notes, run.get("sessions", []))


def describe(ops: Sequence[tuple[str, dict]]) -> str:
    """What was drawn, short enough to stand below a picture: "rotate 12° · hflip yes"."""
    return " · ".join(f"{name} {values(params)}".rstrip() for name, params in ops) or "unchanged"


def values(params: dict) -> str:
    """What one op has drawn, in as few words."""
    # A seed tells a reader nothing, unless there is nothing else; nor does how pixels are read.
    shown = {name: value for name, value in params.items() if name not in HIDDEN} or params
    if len(shown) == 1:
        return _value(*shown.items())
    if shown and all(isinstance(value, bool) for value in shown.values()):
        return ", ".join(name for name, value in shown.items() if value) or "no"
    return ", ".join(
        f"{name.removesuffix('_ratio')} {_value((name, value))}" for name, value in shown.items()
    )


def _value(pair: tuple[str, object]) -> str:
    name, value = pair
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float | int):
        text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
        return text.replace("-", "−") + ("°" if name in ANGLES else "")
    if name == "ops":  # of a policy
        steps = (" ".join(_value((step[0], part)) for part in step) for step in value)
        return ", ".join(steps) or "unchanged"
    if name == "chains":
        return " / ".join(_value(("ops", chain)) for chain in value)
    if isinstance(value, list | tuple):
        plain = all(isinstance(part, bool | int | float | str) for part in value)
        if len(value) > 5 or not (plain or all(len(part) == 2 for part in value)):
            return "…"
        if plain:
            return f"({', '.join(_value((name, part)) for part in value)})"
        return ", ".join(" ".join(_value(("", each)) for each in part) for part in value)
    return str(value)


def wrap(caption: str, letters: int) -> list[str]:
    """Lines of at most so many letters, broken between ops where an op fits into a line."""
    parts = caption.split(" · ")
    # textwrap breaks at no non-breaking space.
    kept = [part.replace(" ", NBSP) if len(part) + 2 <= letters else part for part in parts]
    return textwrap.wrap(f"{NBSP}· ".join(kept), letters)


def draw(cells: Sequence[Cell], rows: int, columns: int, file: Path | str, title: str = "") -> None:
    """Write the grid, row by row, as a figure of a README's width.

    Raises:
        UserError: the format is not one of `FORMATS`, or the file cannot be written.
    """
    file = Path(file)
    suffix = file.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise UserError(f"--output {file} ends in none of .{', .'.join(FORMATS)}")
    content = BytesIO()
    # Matplotlib takes a second to import, and --list needs none.
    import matplotlib

    with matplotlib.rc_context({"text.parse_math": False}):
        figure(cells, rows, columns, title).savefig(content, format=suffix)
    try:
        write_bytes(file, content.getvalue())
    except OSError as error:
        raise UserError(f"cannot write {file}: {error.strerror}; choose another --output") from None


def figure(cells: Sequence[Cell], rows: int, columns: int, title: str = ""):
    """Lay the cells out, each row as high as its tallest picture and longest caption."""
    from matplotlib.figure import Figure

    gap, line, edge = 0.12, FONT * 1.28 / 72, 0.1  # inches
    width = (min(WIDTH, 2.6 * columns) - 2 * edge - gap * (columns - 1)) / columns
    letters = int(width * 72 / (FONT * 0.53))
    grid = [cells[start : start + columns] for start in range(0, rows * columns, columns)]
    grid = [row for row in grid if row]
    texts = [[wrap(cell.caption, letters) for cell in row] for row in grid]
    heights = [
        (
            line * 1.25 * any(cell.title for cell in row),
            max(width * cell.image.shape[0] / cell.image.shape[1] for cell in row),
            line * (max(map(len, text)) + 0.6),
        )
        for row, text in zip(grid, texts, strict=True)
    ]
    total = min(WIDTH, 2.6 * columns)
    heading = textwrap.wrap(title, int(total * 72 / (10 * 0.55)))
    top = edge + len(heading) * 0.18 + (0.08 if heading else 0)
    high = top + edge + sum(map(sum, heights)) + gap * (len(grid) - 1)
    made = Figure(figsize=(total, high), dpi=DPI)
    if heading:
        made.text(edge / total, 1 - edge / high, "\n".join(heading), va="top", fontsize=10)
    y = high - top
    for row, text, (above, picture, below) in zip(grid, texts, heights, strict=True):
        for column, (cell, lines) in enumerate(zip(row, text, strict=True)):
            x = edge + column * (width + gap)
            tall = width * cell.image.shape[0] / cell.image.shape[1]
            box = (x / total, (y - above - tall) / high, width / total, tall / high)
            axes = made.add_axes(box, xticks=[], yticks=[])
            pixels = round(width * DPI), round(tall * DPI)
            axes.imshow(_sized(cell.image, pixels), interpolation="nearest", aspect="auto")
            axes.spines[:].set(color="#bbbbbb", linewidth=0.6)
            made.text(
                x / total, (y - line * 0.1) / high, cell.title, va="top", fontsize=FONT,
                weight="bold",
            )  # fmt: skip
            made.text(
                x / total, (y - above - tall - line * 0.35) / high, "\n".join(lines), va="top",
                fontsize=FONT, color="#333333", linespacing=1.12,
            )  # fmt: skip
        y -= above + picture + below + gap
    return made


def _sized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The picture at (width, height) of the figure's pixels: Matplotlib's own way is coarser."""
    smaller = size[0] < image.shape[1]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)


def listing() -> str:
    """Every op, mode and combinator as it is written, with its defaults, and what it does."""
    modes = {name: AUGMENTATIONS[name] for name in AUGMENTATIONS if name not in OPS}
    parts = []
    for title, made in (("Ops", OPS), ("Modes", modes), ("Combinators", COMBINATORS)):
        parts.append(f"{title}:")
        for name, item in made.items():
            parts.append(f"  {name}{_defaults(item)}\n      {_first_line(name, item)}")
    return "\n".join(parts)


def _defaults(item) -> str:
    """The arguments: "(degrees=180)", or "(size)" where there is no default."""
    if item in COMBINATORS.values():
        arguments = inspect.signature(item).parameters.values()
        stars = {inspect.Parameter.VAR_POSITIONAL: "*"}
        return f"({', '.join(stars.get(each.kind, '') + each.name for each in arguments)})"
    if not dataclasses.is_dataclass(item) or not fields(item):
        return ""
    parts = [
        field.name if field.default is dataclasses.MISSING else f"{field.name}={field.default!r}"
        for field in fields(item)
    ]
    return f"({', '.join(parts)})"


def _first_line(name: str, item) -> str:
    return inspect.getdoc(item).split("\n")[0]
