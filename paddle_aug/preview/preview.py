"""Pictures of what augmentations do: an image and draws of it, each with what was drawn."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from paddle_aug.augment.modes import augmentation, mix_of
from paddle_aug.augment.transform import Identity
from paddle_aug.config import TrainConfig, config_of
from paddle_aug.data.augmented import Augmented
from paddle_aug.data.cache import Store
from paddle_aug.data.dataset import open_dataset
from paddle_aug.data.samples import Sample
from paddle_aug.errors import UserError
from paddle_aug.inputs import (
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
)
from paddle_aug.names import near_miss
from paddle_aug.system import files
from paddle_aug.system.versions import versions

NBSP = "\u00a0"
HIDDEN = ("seed", "interpolation", "mode", "order", "cval")
ANGLES = ("degrees", "theta", "rotate")


class Cell(NamedTuple):
    """A picture, uint8 [H, W, 3], with a few words above it and more below."""

    image: np.ndarray
    title: str
    caption: str = ""


class Section(NamedTuple):
    """Cells that belong together: one image, by its path, under what the title says, and what
    there is to say about that."""

    title: str
    image: str
    cells: list[Cell]
    about: str = ""


class Shown(NamedTuple):
    """A config and the training images that it augments: `dataset[epoch, index]`.

    Of a run, `sessions` are those of its run.json, and `notes` tell what may have changed since.
    """

    config: TrainConfig
    dataset: Augmented
    sessions: Sequence[dict] = ()
    notes: Sequence[str] = ()


class Draws(NamedTuple):
    """How many draws of each image, from which epoch on, and whether the image itself is beside
    them."""

    count: int
    epoch: int = 0
    original: bool = True

    @property
    def epochs(self) -> range:
        return range(self.epoch, self.epoch + self.count)


def training_images(sources: dict[str, str], file: str | None = None) -> Sequence[Sample]:
    """Those of the data that the options in `SOURCES` name; or, without any, an image file.

    Raises:
        UserError: no such data.
    """
    if file is not None and not sources and Path(file).is_file():
        return [Sample(file, file, 0)]
    return open_dataset(**sources, check=False).train


def place(samples: Sequence[Sample], file: str | None = None, index: int | None = None) -> int:
    """The index of the image that is meant, by its path, the end of it, or its place in the list;
    by default the first.

    Raises:
        UserError: there is no such image.
    """
    paths = [sample.path for sample in samples]
    if file is not None:
        found = [i for i, path in enumerate(paths) if path == file or path.endswith(f"/{file}")]
        if not found:
            raise UserError(f"--file {file} is no training image here; {_near(file, paths)}")
        return found[0]
    index = index or 0
    if not 0 <= index < len(paths):
        raise UserError(f"--index {index} is not of 0 to {len(paths) - 1}, the training images")
    return index


def spread(samples: Sequence[Sample], count: int) -> list[int]:
    """The indices of so many images, or of all where there are fewer, of classes as different as
    can be: the first ones of each class, then the second ones."""
    seen: Counter[int] = Counter()
    places = []
    for index, sample in enumerate(samples):
        places.append((seen[sample.label], sample.label, index))
        seen[sample.label] += 1
    order = [index for _, _, index in sorted(places)]
    if count < len(seen):
        return [order[place * len(seen) // count] for place in range(count)]
    return order[:count]


def _near(file: str, paths: Sequence[str]) -> str:
    hint = near_miss(file, paths)
    return hint if hint.startswith("did") else f"the first is {paths[0]}"


def dataset_of(
    config: TrainConfig, samples: Sequence[Sample], store: Store | None = None
) -> Augmented:
    """The images as training augments them; without `stretch`, and where none are mixed, before
    they are made of one size."""
    if config.stretch or mixes(config):
        return augmented(replace(config, cache="off"), samples, config.augment, store)
    return own_size(config, samples, store)


def mixes(config: TrainConfig) -> bool:
    """Whether images are mixed with others of their batch."""
    return mix_of(config.augment, config.mix) != "none"


def original(dataset: Augmented, index: int) -> Cell:
    """The image before it is augmented."""
    return Cell(dataset.unchanged(index), "original", dataset.samples[index].path)


def cells_of(dataset: Augmented, index: int, draws: Draws) -> list[Cell]:
    """The image as it is before it is augmented, and as it is in each epoch."""
    first = original(dataset, index)
    cells = [first] if draws.original else []
    for epoch in draws.epochs:
        key = (epoch, index)
        caption = describe(drawn(dataset, first.image, key))
        cells.append(Cell(dataset.augmented(first.image, key), f"epoch {epoch}", caption))
    return cells


def ops_of(config: TrainConfig, samples: Sequence[Sample]) -> dict[str, Augmented]:
    """The images under each op of an augmentation alone, whatever combines them, by its name.

    Raises:
        UserError: the augmentation ends in a mix, which is no op; or it has none.
    """
    if config.mix != "none":
        raise UserError(f"--ops shows single ops, and +{config.mix} mixes images; leave it away")
    found: dict[str, Augmented] = {}
    for op in members(augmentation(config.augment, engine(config))):
        if isinstance(op, Identity):
            raise UserError(f"--ops {config.augment} has an op that changes nothing; leave it away")
        dataset = own_size(config, samples)
        dataset.transform, dataset.stretch = op, config.stretch
        name, number = op_name(op), 1
        while name in found:
            number += 1
            name = f"{op_name(op)} {number}"
        found[name] = dataset
    return found


def draws_by_op(ops: dict[str, Augmented], index: int, draws: Draws) -> list[Section]:
    """For each op the image, and draws of that op."""
    sections = []
    for name, dataset in ops.items():
        first = original(dataset, index)
        cells = [first._replace(title="", caption="original")] if draws.original else []
        for epoch in draws.epochs:
            key = (epoch, index)
            ((_, params),) = drawn(dataset, first.image, key)
            cells.append(Cell(dataset.augmented(first.image, key), "", values(params)))
        sections.append(Section(name, first.caption, cells, repr(dataset.transform)))
        # Each has epochs of its own: of one, ops that draw alike would all draw the same.
        draws = draws._replace(epoch=draws.epochs.stop)
    return sections


def read_run(file: Path | str, data: str | None = None) -> Shown:
    """What the network of a run.json saw: `dataset[epoch, index]` is the very image.

    `data` is where the run's data is now, if it is elsewhere.

    Raises:
        UserError: it is no run.json, or its data cannot be had or is other data.
    """
    file = Path(file)
    try:
        run = files.read_json(file)
        values = {**run["config"], "engine": run.get("engine", TrainConfig.engine), "cache": "off"}
        config = config_of(values, (*SOURCES, *DRAWS, *MIXING, "engine", "cache"), file)
        fingerprint, then = run["data"]["fingerprint"], dict(run["versions"])
        sessions = [
            {
                "from_epoch": int(session["from_epoch"]),
                "processes": int(session.get("processes", 1)),
            }
            for session in run.get("sessions", [])
        ]
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
    return Shown(config, dataset, sessions, notes)


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
