"""The invariance map: the accuracy of trained networks under each op, from weak to strong."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import paddle
from tqdm import tqdm

from paddle_aug.augment.ops import arithmetic, blur, color, elastic, geometry, noise
from paddle_aug.augment.ops.affine import affine_matrix, warp_affine
from paddle_aug.augment.ops.dropout import drop
from paddle_aug.config import TrainConfig
from paddle_aug.data.augmented import Augmented
from paddle_aug.data.dataset import Dataset, open_dataset
from paddle_aug.data.samples import Sample
from paddle_aug.data.split import stratified_order
from paddle_aug.errors import UserError
from paddle_aug.inputs import SOURCES, augmented, selected
from paddle_aug.names import near_miss
from paddle_aug.results.metrics import wilson
from paddle_aug.results.style import label
from paddle_aug.rng import generator
from paddle_aug.training.batches import ToNetwork, tensor_of
from paddle_aug.training.weights import Trained, load_trained

CONFIDENCE = 0.95
BATCH_SIZE = 32


class Op(NamedTuple):
    """A kernel with the magnitudes that it is tried at, rising, the neutral one among them.

    `apply(image, magnitude, seed)` is not called at the neutral magnitude, which is the image as it
    is. `unit` is that of the magnitudes; an op without one is on or off, 1 or 0.
    """

    name: str
    apply: Callable[[np.ndarray, float, int], np.ndarray]
    neutral: float
    magnitudes: tuple[float, ...]
    unit: str = ""

    @property
    def neutral_place(self) -> int:
        """Of the neutral magnitude among the others."""
        return self.magnitudes.index(self.neutral)

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest magnitude."""
        return self.magnitudes[0], self.magnitudes[-1]


def move(
    image: np.ndarray, scale: float = 1, x: float = 0, y: float = 0, shear: float = 0
) -> np.ndarray:
    """The op `affine` in one of its parts: bilinear, with a black border."""
    return warp_affine(image, affine_matrix(image.shape, (scale, scale), (x, y), 0, (shear, 0)))


def erase_centre(image: np.ndarray, share: float) -> np.ndarray:
    """Blacken a square in the middle, its side this share of the image's shorter one."""
    height, width = image.shape[:2]
    side = round(share * min(height, width))
    top, left = (height - side) // 2, (width - side) // 2
    kept = np.full((height, width), 255, np.uint8)
    kept[top : top + side, left : left + side] = 0
    return drop(image, kept)


def distort(image: np.ndarray, share: float, seed: int) -> np.ndarray:
    """The op `elastic_transformation`, in terms of the image's height: pixels come from so large a
    share of it away (root mean square, each axis), smoothly over a sixteenth of it."""
    height, width = image.shape[:2]
    field = elastic.elastic_field(height, width, 1, height / 16, seed)
    field *= share * height / math.sqrt(np.mean(np.square(field)))
    return elastic.displace(image, field)


def both_ways(*magnitudes: float) -> tuple[float, ...]:
    """The magnitudes, 0, and the same below 0."""
    return (*(-magnitude for magnitude in reversed(magnitudes)), 0, *magnitudes)


FACTORS = (0, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 2)
SHIFTS = both_ways(5, 10, 20, 30, 40, 50)

OPS = (
    Op(
        "rotate",
        lambda image, degrees, _: geometry.rotate(image, degrees),
        0,
        both_ways(10, 20, 30, 45, 60, 90, 120, 150, 180),
        "degrees",
    ),
    Op(
        "scale",
        lambda image, factor, _: move(image, scale=factor),
        1,
        (0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2),
        "factor",
    ),
    Op("shift_x", lambda image, share, _: move(image, x=share / 100), 0, SHIFTS, "% of the width"),
    Op("shift_y", lambda image, share, _: move(image, y=share / 100), 0, SHIFTS, "% of the height"),
    Op(
        "shear_x",
        lambda image, degrees, _: move(image, shear=degrees),
        0,
        both_ways(10, 20, 30, 40),
        "degrees",
    ),
    Op(
        "elastic",
        lambda image, share, seed: distort(image, share / 100, seed),
        0,
        (0, 1, 2, 3, 4, 5, 6),
        "% of the height, typical shift",
    ),
    Op(
        "brightness",
        lambda image, factor, _: color.brightness(image, factor),
        1,
        FACTORS,
        "factor",
    ),
    Op("contrast", lambda image, factor, _: color.contrast(image, factor), 1, FACTORS, "factor"),
    Op("color", lambda image, factor, _: color.color(image, factor), 1, FACTORS, "factor"),
    Op(
        "hue",
        lambda image, turn, _: color.hue(image, turn),
        0,
        both_ways(0.05, 0.1, 0.2, 0.3, 0.4, 0.5),
        "of a turn",
    ),
    Op(
        "sharpness",
        lambda image, factor, _: color.sharpness(image, factor),
        1,
        (0, 0.5, 1, 1.5, 2, 3, 4),
        "factor",
    ),
    Op(
        "gaussian_blur",
        lambda image, sigma, _: blur.gaussian_blur(image, sigma),
        0,
        (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4),
        "sigma, pixels",
    ),
    Op(
        "noise",
        lambda image, sigma, seed: noise.gaussian_noise(image, sigma, seed),
        0,
        (0, 5, 10, 15, 20, 30, 40, 50),
        "sigma, grey levels",
    ),
    Op(
        "erase",
        lambda image, share, _: erase_centre(image, share / 100),
        0,
        (0, 10, 20, 30, 40, 50, 60, 70, 80),
        "% of the side, square in the middle",
    ),
    Op("hflip", lambda image, *_: geometry.flip(image, True, False), 0, (0, 1)),
    Op("vflip", lambda image, *_: geometry.flip(image, False, True), 0, (0, 1)),
    Op("invert", lambda image, *_: arithmetic.invert(image), 0, (0, 1)),
)


def choose_ops(names: str | None) -> tuple[Op, ...]:
    """The ops of a comma list, in the table's order; all of them without one.

    Raises:
        UserError: there is none of a name.
    """
    known = [op.name for op in OPS]
    chosen = known if names is None else [name.strip() for name in names.split(",")]
    for name in chosen:
        if name not in known:
            raise UserError(f"--ops {name!r}: {near_miss(name, known)}")
    return tuple(op for op in OPS if op.name in chosen)


@dataclass(frozen=True)
class Subject:
    """A trained network and what it is called; `mode` is what it was trained under, "" for none."""

    name: str
    mode: str
    weights: Path
    trained: Trained

    @property
    def config(self) -> TrainConfig:
        """Of its training."""
        return self.trained.config


def load_subjects(weights: Sequence[Path], runs: Sequence[Path] = ()) -> list[Subject]:
    """The networks of these weights, in eval mode; `runs` are their run.json files, if given.

    Raises:
        UserError: weights or a run.json are not there, damaged, or do not belong together; or the
            networks do not tell the same classes apart.
    """
    if runs and len(runs) != len(weights):
        raise UserError(f"--run is given {len(runs)} times for {len(weights)} weights; one each")
    loaded = [
        load_trained(path, run)
        for path, run in zip(weights, runs or [None] * len(weights), strict=True)
    ]
    for path, trained in zip(weights, loaded, strict=True):
        if len(trained.class_names) != len(loaded[0].class_names):
            raise UserError(
                f"{weights[0]} tells {len(loaded[0].class_names)} classes apart and {path} "
                f"{len(trained.class_names)}; compare networks of the same classes"
            )
    modes = [trained.config.mode.strip() for trained in loaded]
    modes = ["" if mode == "none" else mode for mode in modes]
    names = names_of(modes, weights)
    return [Subject(*each) for each in zip(names, modes, weights, loaded, strict=True)]


def names_of(modes: Sequence[str], weights: Sequence[Path]) -> list[str]:
    """What each network is called: by its mode or, where that tells not all of them apart, by its
    file.

    Raises:
        UserError: a file is given twice.
    """
    for names in (
        [label(mode) for mode in modes],
        [path.stem for path in weights],
        [f"{path.absolute().parent.name}/{path.stem}" for path in weights],
        [str(path) for path in weights],
    ):
        if len(set(names)) == len(names):
            return names
    raise UserError(f"{max(names, key=names.count)} is given twice")


def held_out(networks: Sequence[Subject], given: dict) -> Dataset:
    """The data whose `eval` are images that none of the networks was trained on, by their runs.

    `given` are fields of `SOURCES` that name other data. Where they name an eval list, it is that
    which is taken, and not what a run held back of its training list.

    Raises:
        UserError: the data cannot be had, has changed, or has other classes; or the networks were
            evaluated on different images, which one of them may have been trained on.
    """
    if "data" in given:
        given = {**dict.fromkeys(SOURCES), **given}
    if given.get("eval_list"):
        given = {**given, "holdout": 0.0}
    opened: dict[tuple, Dataset] = {}
    taken = []
    for subject in networks:
        config = replace(subject.config, **given)
        sources = tuple((name, getattr(config, name)) for name in SOURCES)
        if sources not in opened:
            opened[sources] = open_dataset(**dict(sources), check=bool(given))
        data = selected(config, opened[sources])
        if not given and data.fingerprint != subject.trained.fingerprint:
            raise UserError(
                f"the data of {subject.weights} have changed since it was trained, or {data.name} "
                "are other data; --data names what to take"
            )
        refuse_other_classes(subject, data)
        taken.append(data)
        if _listed(data) != _listed(taken[0]):
            raise UserError(
                f"{subject.weights} was evaluated on other images than {networks[0].weights}, and "
                "may have been trained on those; --eval-list names images that are new to both"
            )
    return taken[0]


def _listed(data: Dataset) -> list[tuple[str, int]]:
    return [(sample.path, sample.label) for sample in data.eval]


def refuse_other_classes(subject: Subject, data: Dataset) -> None:
    """Stop where a label would not mean what it meant to the network."""
    theirs, here = subject.trained.class_names, data.class_names
    if len(theirs) != len(here):
        raise UserError(
            f"{data.name} has {len(here)} classes, and {subject.weights} tells {len(theirs)} apart"
        )
    if theirs != here and sorted(theirs) == sorted(here):
        raise UserError(f"{data.name} has its classes in another order than {subject.weights}")


def some_of(samples: Sequence[Sample], count: int | None) -> Sequence[Sample]:
    """So many of the samples, of each class by its share; drawn, but the same each time.

    Raises:
        UserError: there are not so many.
    """
    if count is None:
        return samples
    if not 0 < count <= len(samples):
        raise UserError(f"--images {count} is not of 1 to {len(samples):,}, the held-out images")
    order = stratified_order([sample.label for sample in samples], generator(0, "fraction"))
    return [samples[index] for index in sorted(order[:count])]


@dataclass(frozen=True, eq=False)
class Curve:
    """One network under one op; `correct`, bool [magnitudes, images], says which images it gets
    right."""

    op: Op
    correct: np.ndarray

    @cached_property
    def accuracy(self) -> np.ndarray:
        """At each magnitude, from 0 to 1."""
        return self.correct.mean(axis=1)

    @property
    def clean(self) -> float:
        """The accuracy on unchanged images."""
        return float(self.accuracy[self.op.neutral_place])

    @property
    def mean_share(self) -> float:
        """The part of the clean accuracy that is left, the mean over all other magnitudes."""
        return float(np.delete(self.accuracy, self.op.neutral_place).mean() / self.clean)

    @property
    def interval(self) -> tuple[np.ndarray, np.ndarray]:
        """The 95 % interval of the accuracy, low and high ends, by Wilson's score."""
        images = self.correct.shape[1]
        ends = [wilson(int(right), images) for right in self.correct.sum(axis=1)]
        low, high = np.transpose(ends)
        return low, high

    def kept(self, tolerance: float) -> tuple[float, float]:
        """The range of magnitudes around the neutral one in which at most this part of the clean
        accuracy is lost.

        Its ends are magnitudes at which that was measured. It ends before the first magnitude where
        more is lost than chance explains: one-sided, at 95 % for all magnitudes together
        (Bonferroni). The images are the same ones, changed and unchanged, so that what counts is
        how many became right or wrong.
        """
        place = self.op.neutral_place
        excess = self.correct - (1 - tolerance) * self.correct[place]
        mean = excess.mean(axis=1)
        error = excess.std(axis=1) / math.sqrt(excess.shape[1])
        sure = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / (len(mean) - 1))
        stays = mean > -1e-9  # of a sum that may be 0
        lost = mean + sure * error < 0

        def steps(order: range) -> int:
            reached = place
            for each in order:
                if lost[each]:
                    break
                if stays[each]:
                    reached = each
            return reached

        low = steps(range(place, -1, -1))
        high = steps(range(place, len(mean)))
        return self.op.magnitudes[low], self.op.magnitudes[high]


def measure(
    networks: Sequence[Subject], samples: Sequence[Sample], ops: Sequence[Op]
) -> dict[str, list[Curve]]:
    """The curves of each op, by its name, one a network; unchanged images are looked at once.

    Raises:
        UserError: an image cannot be read, or a network is right about none of them.
    """
    passes = sum(len(op.magnitudes) - 1 for op in ops) + 1
    curves = {op.name: [] for op in ops}
    with tqdm(total=passes * len(networks) * len(samples), unit="img", disable=None) as bar:
        for subject in networks:
            dataset = augmented(subject.config, samples, "none")
            bar.set_description(subject.name)
            clean = classified(subject.trained, dataset, lambda image, index: image, bar)
            if not clean.any():
                raise UserError(
                    f"{subject.weights} is right about none of the {len(samples):,} unchanged "
                    "images, so there is no accuracy to keep"
                )
            for op in ops:
                bar.set_description(f"{subject.name} {op.name}")
                rows = []
                for magnitude in op.magnitudes:
                    if magnitude == op.neutral:
                        rows.append(clean)
                        continue

                    def change(image, index, op=op, magnitude=magnitude):
                        return op.apply(image, magnitude, index)

                    rows.append(classified(subject.trained, dataset, change, bar))
                curves[op.name].append(Curve(op, np.stack(rows)))
    return curves


@paddle.no_grad()
def classified(
    trained: Trained,
    dataset: Augmented,
    change: Callable[[np.ndarray, int], np.ndarray],
    bar: tqdm,
) -> np.ndarray:
    """Which images the network gets right, bool [images], when each is changed at the size that the
    network sees; `change` takes the image and its place in the list."""
    correct = np.empty(len(dataset), bool)
    to_network = ToNetwork(trained.normalization)
    for start in range(0, len(dataset), BATCH_SIZE):
        places = range(start, min(start + BATCH_SIZE, len(dataset)))
        images = np.stack([change(dataset[0, place][0], place) for place in places])
        logits = trained.network(to_network(tensor_of(images)))
        labels = [dataset.samples[place].label for place in places]
        correct[start : start + BATCH_SIZE] = logits.argmax(axis=1).numpy() == labels
        bar.update(len(places))
    return correct
