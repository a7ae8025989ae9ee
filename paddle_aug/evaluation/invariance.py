"""The invariance map: the accuracy of trained networks under ops from weak to strong."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from statistics import NormalDist

import numpy as np
from tqdm import tqdm

from paddle_aug.config import TrainConfig
from paddle_aug.data.augmented import Augmented
from paddle_aug.data.dataset import Dataset
from paddle_aug.data.samples import Sample
from paddle_aug.data.split import stratified_order
from paddle_aug.errors import UserError, found_in
from paddle_aug.evaluation.invariance_ops import Op
from paddle_aug.inputs import augmented
from paddle_aug.results.colours import label
from paddle_aug.results.metrics import wilson
from paddle_aug.rng import generator
from paddle_aug.system.progress import no_bar
from paddle_aug.training.batches import Normalize, tensor_of
from paddle_aug.training.weights import Trained, eval_data, load_trained

CONFIDENCE = 0.95
BATCH_SIZE = 32


@dataclass(frozen=True)
class Subject:
    """A trained network and its name; `mode` is that of its training, "" for none."""

    name: str
    mode: str
    weights: Path
    trained: Trained

    @property
    def config(self) -> TrainConfig:
        """The config of its training."""
        return self.trained.config


def load_subjects(weights: Sequence[Path], runs: Sequence[Path] = ()) -> list[Subject]:
    """The networks of these weights, in eval mode; `runs` are their run.json files, for weights
    that do not describe themselves.

    Raises:
        UserError: weights or a run.json are missing, damaged or do not belong together, or the
            networks have different classes.
    """
    if runs and len(runs) != len(weights):
        raise UserError(
            f"--run is given {len(runs)} times for {len(weights)} weights; give it once for each"
        )
    loaded = list(map(load_trained, weights, runs or [None] * len(weights)))
    for path, trained in zip(weights, loaded, strict=True):
        if len(trained.class_names) != len(loaded[0].class_names):
            raise UserError(
                f"{weights[0]} has {len(loaded[0].class_names)} classes and {path} has "
                f"{len(trained.class_names)}; compare networks of the same classes"
            )
    modes = [trained.config.mode.strip() for trained in loaded]
    modes = ["" if mode == "none" else mode for mode in modes]
    return list(map(Subject, names_of(modes, weights), modes, weights, loaded))


def names_of(modes: Sequence[str], weights: Sequence[Path]) -> list[str]:
    """A name for each network: its mode or, if two modes are equal, its file.

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
    """The data whose `eval` images no network was trained on, according to their runs.

    `given` are fields of `SOURCES` that name other data; see `eval_data`.

    Raises:
        UserError: the data cannot be read, has changed, or has other classes; or the networks were
            evaluated on different images, on which one of them may have been trained.
    """
    first, *others = (eval_data(subject.trained, given) for subject in networks)
    for subject, data in zip(networks[1:], others, strict=True):
        if _listed(data) != _listed(first):
            raise UserError(
                f"{subject.weights} was evaluated on other images than {networks[0].weights}, on "
                "which it may have been trained; give images that are new to both by --data or, of "
                "data with lists, by --eval-list"
            )
    return first


def _listed(data: Dataset) -> list[tuple[str, int]]:
    return [(sample.path, sample.label) for sample in data.eval]


def some_of(samples: Sequence[Sample], count: int | None) -> Sequence[Sample]:
    """`count` of the samples, each class in proportion; the same ones each time.

    Raises:
        UserError: there are fewer.
    """
    if count is None:
        return samples
    if not 0 < count <= len(samples):
        raise UserError(
            f"--images must be from 1 to {len(samples):,}, the held-out images, not {count}"
        )
    order = stratified_order([sample.label for sample in samples], generator(0, "fraction"))
    return [samples[index] for index in sorted(order[:count])]


@dataclass(frozen=True, eq=False)
class Curve:
    """One network under one op; `correct`, bool [magnitudes, images], says what it gets right."""

    subject: Subject
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
        """The mean accuracy over all other magnitudes, as a share of the clean accuracy."""
        return float(np.delete(self.accuracy, self.op.neutral_place).mean() / self.clean)

    @property
    def interval(self) -> tuple[np.ndarray, np.ndarray]:
        """The low and high ends of the accuracy's 95 % interval, by Wilson's score."""
        ends = [wilson(int(row.sum()), len(row)) for row in self.correct]
        low, high = np.transpose(ends)
        return low, high

    def kept(self, tolerance: float) -> tuple[float, float]:
        """The range of magnitudes around the neutral one that cost at most this share of the clean
        accuracy.

        Its ends are measured magnitudes. It ends before the first magnitude that costs more than
        chance explains: one-sided, at 95 % for all magnitudes together (Bonferroni). The same
        images are compared, changed and unchanged, so what counts is how many become right or
        wrong.
        """
        place = self.op.neutral_place
        excess = self.correct - (1 - tolerance) * self.correct[place]
        mean = excess.mean(axis=1)
        error = excess.std(axis=1) / math.sqrt(excess.shape[1])
        sure = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / (len(mean) - 1))
        stays = mean > -1e-9  # a sum of 0 may be rounded to less
        lost = mean + sure * error < 0

        def last_kept(places: range) -> float:
            near = list(takewhile(lambda at: not lost[at], places))
            return self.op.magnitudes[[at for at in near if stays[at]][-1]]

        return last_kept(range(place, -1, -1)), last_kept(range(place, len(mean)))


def measure(
    networks: Sequence[Subject], samples: Sequence[Sample], ops: Sequence[Op]
) -> dict[str, list[Curve]]:
    """The curves of each op by its name, one for each network, which sees unchanged images once.

    Raises:
        UserError: an image cannot be read, or a network gets no unchanged image right.
    """
    passes = sum(len(op.magnitudes) - 1 for op in ops) + 1
    curves = {op.name: [] for op in ops}
    with tqdm(total=passes * len(networks) * len(samples), unit="img", disable=no_bar()) as bar:
        for subject in networks:
            dataset = augmented(subject.config, samples, "none")
            bar.set_description(subject.name)
            with found_in(subject.weights):
                clean = classified(subject.trained, dataset, bar)
            if not clean.any():
                raise UserError(
                    f"{subject.weights} gets none of the {len(samples):,} unchanged images right, "
                    "so it has no accuracy to lose"
                )
            for op in ops:
                bar.set_description(f"{subject.name} {op.name}")
                rows = [
                    clean
                    if magnitude == op.neutral
                    else classified(subject.trained, dataset, bar, op, magnitude)
                    for magnitude in op.magnitudes
                ]
                curves[op.name].append(Curve(subject, op, np.stack(rows)))
    return curves


def classified(
    trained: Trained, dataset: Augmented, bar: tqdm, op: Op | None = None, magnitude: float = 0
) -> np.ndarray:
    """Whether each prediction is right, bool [images], after `op` has changed the image at the
    network's input size; the op's seed is the index of the image."""
    predicted: list[int] = []
    to_network = Normalize(trained.normalization)
    for start in range(0, len(dataset), BATCH_SIZE):
        places = range(start, min(start + BATCH_SIZE, len(dataset)))
        images = [dataset[0, place][0] for place in places]
        if op:
            pairs = zip(images, places, strict=True)
            images = [op.apply(image, magnitude, place) for image, place in pairs]
        logits = trained.logits(to_network(tensor_of(np.stack(images))))
        predicted += logits.argmax(axis=1).tolist()
        bar.update(len(places))
    return np.array(predicted) == [sample.label for sample in dataset.samples]
