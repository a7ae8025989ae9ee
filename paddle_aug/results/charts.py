"""What a figure shows, as plain numbers; `curves` draws them with Matplotlib."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from paddle_aug.results.colours import colours, label
from paddle_aug.results.language import N_, _, count, seeds_text
from paddle_aug.results.runlog import Run, clean_points, sound, stack
from paddle_aug.results.stats import estimate

INTERVALS_FROM = 3  # runs; below, a figure shows the runs themselves
SEPARATOR = " · "

EVAL_ACCURACY = N_("Eval accuracy (%)")
AXES = {"loss": (N_("Cross-entropy loss"), 1), "acc": (N_("Accuracy (%)"), 100)}


@dataclass(frozen=True)
class Line:
    """A mode's curve on one part of the data, "train" or "eval", a value an epoch from the first.

    `values` are the mean of the runs, those of a single run smoothed. `raw` are the curves of the
    runs, to be drawn faintly, where they are fewer than `INTERVALS_FROM`; from there on, `spread`
    is their standard deviation. `points` are values on clean training images by epoch.
    """

    mode: str
    note: str
    part: str
    values: np.ndarray
    spread: np.ndarray | None
    raw: list[np.ndarray]
    points: dict[int, float]

    @property
    def name(self) -> str:
        return f"{self.mode} {self.note}".rstrip()


@dataclass(frozen=True)
class CurvesChart:
    """A quantity over the epochs: a line a mode and part, and the level of guessing."""

    title: str
    axis: str
    lines: list[Line]
    chance: float | None
    colours: dict[str, str]

    @property
    def modes(self) -> list[str]:
        return list(dict.fromkeys(line.mode for line in self.lines))


@dataclass(frozen=True)
class Measured:
    """The accuracies of a mode's runs in per cent, their mean and half of its 95 % interval, which
    is None below `INTERVALS_FROM` runs."""

    mode: str
    values: list[float]
    mean: float
    margin: float | None
    note: str = ""


@dataclass(frozen=True)
class ModesChart:
    """The accuracies of modes, a row each, and the level of guessing."""

    title: str
    axis: str
    rows: list[Measured]
    chance: float | None
    colours: dict[str, str]


@dataclass(frozen=True)
class AgainstChart:
    """Accuracies against a quantity: by mode, pairs of quantity and accuracies."""

    title: str
    x_axis: str
    axis: str
    points: dict[str, list[tuple[float, Measured]]]
    chance: float | None
    colours: dict[str, str]


def measured(mode: str, accuracies: Sequence[float], note: str = "") -> Measured:
    """Accuracies of runs, 0 to 1, as a figure shows them."""
    values = [100 * accuracy for accuracy in accuracies]
    mean = estimate(values)
    margin = mean.margin if mean.n >= INTERVALS_FROM else None
    return Measured(label(mode), values, mean.mean, margin, note)


def curves_chart(quantity: str, groups: Mapping[str, Sequence[Run]]) -> CurvesChart:
    """The "loss" or the "acc" of these runs, which are by mode, over the epochs."""
    axis, factor = AXES[quantity]
    numbers = {len(runs) for runs in groups.values()}
    lines = []
    for mode, runs in groups.items():
        note = f"(n = {len(runs)})" if len(numbers) > 1 else ""
        note = note if sound(runs) else _("(diverged)")
        for part in ("train", "eval"):
            values = factor * stack(runs, f"{quantity}{part.title()}")
            mean, spread = mean_and_spread(values)
            several = len(values) >= INTERVALS_FROM
            points = clean_points(runs, quantity) if part == "train" else {}
            lines.append(
                Line(
                    mode=label(mode),
                    note=note,
                    part=part,
                    values=mean if len(values) > 1 else smoothed(mean),
                    spread=spread if several else None,
                    raw=[] if several else list(values),
                    points={epoch: factor * value for epoch, value in points.items()},
                )
            )
    runs = [run for members in groups.values() for run in members]
    classes = same(run.run.get("data", {}).get("classes") for run in runs)
    chance = None
    if classes:
        chance = math.log(classes) if quantity == "loss" else 100 / classes
    title = SEPARATOR.join([*of_runs(runs), _statistic(numbers, lines)])
    return CurvesChart(title, _(axis), lines, chance, colours([label(mode) for mode in groups]))


def of_runs(runs: Sequence[Run]) -> list[str]:
    """The data and the network of these runs, where run.json gives the same for all."""
    data = same(run.run.get("data", {}).get("name") for run in runs)
    network = same(run.run.get("config", {}).get("network") for run in runs)
    return [name for name in (data, network) if name]


def same(values):
    """The value that all of these are; None if they differ."""
    different = set(values)
    return different.pop() if len(different) == 1 else None


def _statistic(numbers: set[int], lines: Sequence[Line]) -> str:
    """How many runs a curve stands for, and how."""
    if max(numbers) >= INTERVALS_FROM:
        return _("{seeds}, mean ± standard deviation").format(seeds=seeds_text(numbers))
    if max(numbers) > 1:
        return _("{seeds}, mean over faint runs").format(seeds=seeds_text(numbers))
    width = window(max(len(line.values) for line in lines))
    seed = count(1, "seed")
    if width == 1:
        return seed
    text = _("{seed}, mean of {epochs} over faint values")
    return text.format(seed=seed, epochs=count(width, "epoch"))


def mean_and_spread(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean over the runs and their sample standard deviation (0 for one run) in each epoch."""
    with np.errstate(invalid="ignore"):  # inf - inf, where a run has diverged
        return values.mean(0), values.std(0, ddof=1) if len(values) > 1 else 0 * values[0]


def window(epochs: int) -> int:
    """The number of epochs that a smoothed value is the mean of: about a twentieth of them all."""
    return 1 + 2 * (epochs // 40)


def smoothed(values: np.ndarray) -> np.ndarray:
    """The mean of the epochs around each one, as many before as after it; gaps stay gaps."""
    reach = window(len(values)) // 2
    epochs = range(len(values))
    near = [min(reach, epoch, len(values) - 1 - epoch) for epoch in epochs]
    return np.array([values[e - n : e + n + 1].mean() for e, n in zip(epochs, near, strict=True)])
