"""Pictures of what augmentations do: an image and draws of it, each with its parameters."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from paddle_aug.augment.transform import Identity
from paddle_aug.config import TrainConfig, config_of, make_config
from paddle_aug.data.augmented import Augmented, Key, epoch_keys, key_of_pass
from paddle_aug.data.dataset import checked
from paddle_aug.data.samples import Sample
from paddle_aug.errors import UserError, found_in
from paddle_aug.inputs import (
    DRAWS,
    MIXING,
    SOURCES,
    augmented,
    changing,
    config_and_data,
    drawn,
    members,
    mixes,
    op_name,
    open_data,
    own_size,
    selected,
    transform_of,
)
from paddle_aug.names import near_miss
from paddle_aug.preview.captions import caption, values
from paddle_aug.results.language import _
from paddle_aug.system import files, plugins
from paddle_aug.system.schema import TEXT, WHOLE, misfit
from paddle_aug.system.versions import differing_versions, versions

GREY = 128  # of a picture that an epoch does not have

# What a run.json must hold to be shown.
RUN = {
    "config": {},
    "data": {"fingerprint": TEXT},
    "versions": {},
    "sessions": [{"from_epoch": WHOLE}],
}


class Cell(NamedTuple):
    """A picture, uint8 [H, W, 3], with a title above it and a caption below."""

    image: np.ndarray
    title: str
    caption: str = ""


class Section(NamedTuple):
    """The cells of one image, named by its path, under the augmentation that the title names;
    `about` is that augmentation in full."""

    title: str
    image: str
    cells: list[Cell]
    about: str = ""


class Shown(NamedTuple):
    """A config and the training images that it augments: `dataset[epoch, index]`.

    For a run, `sessions` are those of its run.json, and `notes` say what has changed since. It is
    not `certain` if its run.json does not say which draws its network was given.
    """

    config: TrainConfig
    dataset: Augmented
    sessions: Sequence[dict] = ()
    notes: Sequence[str] = ()
    certain: bool = True


class NotDrawn(UserError):
    """An epoch does not draw the image."""


class Draws(NamedTuple):
    """The number of draws of each image, the epoch of the first, counted from 0, and whether the
    image itself comes before them."""

    count: int
    epoch: int = 0
    original: bool = True

    @property
    def epochs(self) -> range:
        return range(self.epoch, self.epoch + self.count)


def as_training(
    given: dict, recipe: str | None = None, file: str | None = None
) -> tuple[TrainConfig, list[Sample]]:
    """The config that training has with these options, without a recipe by its own default, and the
    images that it trains on; or one image file, if no option names data.

    Raises:
        UserError: there is no such recipe, data, or part of the data.
    """
    config = make_config(given, recipe or "aistudio")
    named = any(getattr(config, name) for name in SOURCES)
    if file is not None and not named and Path(file).is_file():
        return config, [Sample(file, file, 0)]
    config, found = config_and_data(given, recipe)
    data = checked(found, check=False)
    if data.eval or config.holdout:  # training refuses other data, but there is something to draw
        data = selected(config, data)
    return config, data.train


def image_index(
    samples: Sequence[Sample], file: str | None = None, index: int | None = None
) -> int:
    """The index of an image by its path or the end of its path, or by its index; without either, 0.

    Raises:
        UserError: there is no such image.
    """
    paths = [sample.path for sample in samples]
    if file is not None:
        matches = [i for i, path in enumerate(paths) if path == file or path.endswith(f"/{file}")]
        if not matches:
            hint = near_miss(file, paths)
            hint = hint if hint.startswith("did") else f"the first is {paths[0]}"
            raise UserError(f"--file {file} is not a training image here; {hint}")
        return matches[0]
    index = index or 0
    if not 0 <= index < len(paths):
        raise UserError(f"--index must be from 0 to {len(paths) - 1} here, not {index}")
    return index


def spread_over_classes(samples: Sequence[Sample], count: int) -> list[int]:
    """The indices of `count` images, or of all if there are fewer, from as many classes as
    possible: the first image of each class, then the second of each."""
    seen: Counter[int] = Counter()
    places = []
    for index, sample in enumerate(samples):
        places.append((seen[sample.label], sample.label, index))
        seen[sample.label] += 1
    order = [place[-1] for place in sorted(places)]
    if count < len(seen):
        return [order[place * len(seen) // count] for place in range(count)]
    return order[:count]


def original(dataset: Augmented, index: int) -> Cell:
    """The image before it is augmented."""
    return Cell(dataset.unchanged(index), _("original"), dataset.samples[index].path)


def cells_of(shown: Shown, index: int, draws: Draws) -> list[Cell]:
    """The image before it is augmented, and as it is in each epoch, with the ops that changed it;
    where none are mixed. For epochs of a run see `of_epochs`."""
    dataset = shown.dataset
    first = original(dataset, index)

    def seen(epoch: int) -> tuple[np.ndarray, str]:
        key = given_key(shown, (epoch, index))
        text = caption(changing(dataset, first.image, key))
        return dataset.augmented(first.image, key), text

    return ([first] if draws.original else []) + of_epochs(seen, draws, shown.config.image_size)


def of_epochs(seen: Callable[[int], tuple[np.ndarray, str]], draws: Draws, side: int) -> list[Cell]:
    """A cell for each epoch, by a function that gives its picture and caption; a grey one where a
    balanced epoch does not draw the image.

    Raises:
        UserError: none of the epochs draws it.
    """
    cells, missed = [], []
    for epoch in draws.epochs:
        try:
            image, text = seen(epoch)
        except NotDrawn as error:
            missed.append(error)
            image, text = np.full((side, side, 3), GREY, np.uint8), _("not drawn in this epoch")
        cells.append(Cell(image, _("epoch {number}").format(number=epoch + 1), text))
    if missed and len(missed) == len(cells):
        raise missed[0]
    return cells


def given_key(shown: Shown, key: Key) -> Key:
    """The key of what a run's network was given for this one; the same one where it is no run."""
    config, samples = shown.config, shown.dataset.samples
    if shown.sessions and config.sampler == "balanced":
        batch_of(config, [sample.label for sample in samples], key, 1)  # or NotDrawn
    passes = session_of(shown.sessions, key[0]).get("passes", 0)
    return key_of_pass(len(samples), config.seed, key[0], passes)(key)


def batch_of(
    config: TrainConfig, labels: list[int], key: Key, processes: int
) -> tuple[int, list[Key]]:
    """The step, counted from 1, in which training meets this key, and all keys of its batch.

    Raises:
        NotDrawn: a balanced epoch does not draw it.
    """
    how = (len(labels), config.step_batch, config.seed, key[0], True, 2 * processes)
    batches = epoch_keys(*how, labels if config.sampler == "balanced" else None)
    for step, keys in enumerate(batches, 1):
        if key in keys:
            return step, keys
    raise NotDrawn(
        f"--sampler balanced does not draw image {key[1]} in epoch {key[0] + 1}; show another "
        "epoch or image"
    )


def session_of(sessions: Sequence[dict], epoch: int) -> dict:
    """The session that trained in this epoch; {} if none says so."""
    reached = [session for session in sessions if session["from_epoch"] <= epoch]
    return reached[-1] if reached else {}


def ops_of(config: TrainConfig, samples: Sequence[Sample]) -> dict[str, Augmented]:
    """The images under each single op of an augmentation, by the op's name.

    Raises:
        UserError: the augmentation ends in a mix, or has an op that changes nothing.
    """
    if config.mix != "none":
        raise UserError(f"--ops shows single ops, and +{config.mix} mixes images; drop it")
    ops: dict[str, Augmented] = {}
    seen: Counter[str] = Counter()
    for op in members(transform_of(config)):
        if isinstance(op, Identity):
            raise UserError(f"--ops {config.augment} has an op that changes nothing; drop it")
        dataset = own_size(config, samples)
        dataset.transform, dataset.stretch = op, config.stretch
        dataset.interpolation = config.interpolation
        name = op_name(op)
        seen[name] += 1
        ops[f"{name} {seen[name]}" if seen[name] > 1 else name] = dataset
    return ops


def draws_by_op(ops: dict[str, Augmented], index: int, draws: Draws) -> list[Section]:
    """For each op the image, and draws of that op alone."""
    sections = []
    for name, dataset in ops.items():
        first = original(dataset, index)
        cells = [first._replace(title="", caption=_("original"))] if draws.original else []
        for epoch in draws.epochs:
            key = (epoch, index)
            ((_name, params),) = drawn(dataset, first.image, key)
            cells.append(Cell(dataset.augmented(first.image, key), "", values(params)))
        sections.append(Section(name, first.caption, cells, repr(dataset.transform)))
        # In the same epochs, ops that draw their parameters alike would all draw the same.
        draws = draws._replace(epoch=draws.epochs.stop)
    return sections


def read_run(file: Path | str, data: str | None = None) -> Shown:
    """The run of a run.json, of which `cells_of` shows what its network saw.

    `data` is where the run's data is now, if it has moved.

    Raises:
        UserError: it is not a run.json, or its data cannot be read or has changed.
    """
    file = Path(file)
    try:
        run = files.read_json(file)
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror}; give a run.json to --run") from None
    except ValueError as error:
        raise UserError(f"{file} is not the run.json of a run: {error}") from None
    run = {"sessions": [], **run} if isinstance(run, dict) else run
    if fault := misfit(run, RUN, "it"):
        raise UserError(f"{file} is not the run.json of a run: {fault}")
    values = {**run["config"], "engine": run.get("engine", TrainConfig.engine), "cache": "off"}
    config = config_of(values, (*SOURCES, *DRAWS, *MIXING, "engine", "cache"), file)
    if data is not None:
        config = replace(config, **{**dict.fromkeys(SOURCES), "data": data})
    fingerprint = run["data"]["fingerprint"]
    data_now = open_data(config, check=False, fingerprint=fingerprint)
    if not data_now.has_fingerprint(fingerprint):
        raise UserError(
            f"{file}: {data_now.name} is not the data of the run, {run['data'].get('name')}, or "
            "has changed; give its place by --data"
        )
    # Other versions of Python make the same pixels, and those of Paddle play no part.
    unused = {"python"} if config.engine == "imgaug" else {"python", "imgaug", "scikit-image"}
    names = versions().keys() - unused
    then = {name: value for name, value in run["versions"].items() if name in names}
    imports = (run["sessions"] or [{}])[-1].get("imports", {})
    with plugins.missing(imports), found_in(file):
        dataset = augmented(config, data_now.train, config.augment)
    notes = differing_versions(then)
    certain = mixes(config) or isinstance(dataset.transform, Identity) or says_passes(run)
    if not certain:
        notes.append(
            "this run.json is of an earlier version and does not say whether --passes "
            f"{run['config']['passes']} applied; if it did, the network saw other draws than these"
        )
    return Shown(config, dataset, run["sessions"], notes, certain)


def says_passes(run: dict) -> bool:
    """Whether a run.json says from how many passes of its frozen layers the epochs drew."""
    asked = run["config"].get("freeze") and run["config"].get("passes")
    return not asked or all("passes" in session for session in run["sessions"])
