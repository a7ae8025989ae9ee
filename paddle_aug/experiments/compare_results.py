"""The results of a comparison: its finished runs, and the statistics over them.

All of it is read from the comparison's folder: compare.json holds the settings, the logs of the
runs the rest.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median

import numpy as np

from paddle_aug.errors import UserError
from paddle_aug.experiments.state import COMPARISON, read_state
from paddle_aug.results.runlog import Run, has_ended, read_run
from paddle_aug.results.stats import (
    Comparison,
    Difference,
    Estimate,
    compared_in_pairs,
    difference,
    estimate,
    final_accuracy,
    last_epochs,
    ranks,
)

STATE = "compare.json"
# Times of a mode's epochs may differ by so much on a machine that does nothing else.
STEADY = 1.25

# By fraction of the training list, mode and seed.
Runs = dict[float, dict[str, dict[int, Run]]]


def part_folder(fraction: float) -> Path:
    """Where, below the comparison's folder, the runs on this fraction of the training list are."""
    return Path() if fraction == 1 else Path(f"fraction-{fraction:g}")


@dataclass(frozen=True)
class ModeRow:
    """A mode's row of the table: its accuracy, and how it compares with the baseline."""

    mode: str
    accuracy: Estimate
    comparison: Comparison | None  # None for the baseline, and without a common seed
    rank: tuple[int, int]


@dataclass(frozen=True)
class Cost:
    """What a mode's training takes, medians over its epochs; None where the logs do not say."""

    images_per_s: float
    data_wait: float | None
    epoch_seconds: float


@dataclass(frozen=True)
class Results:
    """The finished runs of a comparison, with those that diverged, and what follows from them."""

    folder: Path
    state: dict
    runs: Runs

    @property
    def settings(self) -> dict:
        return self.state["settings"]

    @property
    def unit(self) -> str:
        """What the runs of a mode differ in: their seed or, with one seed for each, their fold."""
        return "fold" if self.settings.get("kfold") else "seed"

    @property
    def modes(self) -> list[str]:
        return self.settings["modes"]

    @property
    def baseline(self) -> str:
        return self.settings["baseline"]

    @property
    def main(self) -> float:
        """The fraction of the training list that the answer is about: the largest."""
        return max(self.settings["fractions"])

    @property
    def fractions(self) -> list[float]:
        """Those that have a finished run, the largest first."""
        return [fraction for fraction in self.runs if self.finished(fraction)]

    def finished(self, fraction: float) -> list[Run]:
        """The finished runs on this fraction of the training list."""
        return [run for by_seed in self.runs[fraction].values() for run in by_seed.values()]

    @cached_property
    def accuracies(self) -> dict[float, dict[str, dict[int, float]]]:
        """Means of the last epochs, by fraction, mode and seed; without runs that diverged."""
        return {
            fraction: {
                mode: {
                    seed: final_accuracy(run)
                    for seed, run in by_seed.items()
                    if run.diverged is None
                }
                for mode, by_seed in by_mode.items()
            }
            for fraction, by_mode in self.runs.items()
        }

    def diverged(self, fraction: float) -> dict[str, dict[int, int]]:
        """The epochs in which runs diverged, by seed, of the modes that have such runs."""
        by_mode = {
            mode: {seed: run.diverged for seed, run in by_seed.items() if run.diverged is not None}
            for mode, by_seed in self.runs[fraction].items()
        }
        return {mode: epochs for mode, epochs in by_mode.items() if epochs}

    def lost(self, fraction: float) -> list[str]:
        """The modes whose runs all diverged, among those that have runs."""
        return [mode for mode in self.diverged(fraction) if not self.accuracies[fraction][mode]]

    def comparisons(self, fraction: float) -> dict[str, Comparison]:
        """Each mode against the baseline, where they have a seed in common."""
        others = dict(self.accuracies[fraction])
        baseline = others.pop(self.baseline)
        pairs = {mode: (by_seed, baseline) for mode, by_seed in others.items()}
        return compared_in_pairs(pairs, self.unit)

    def rows(self, fraction: float) -> list[ModeRow]:
        """The modes that have an accuracy, the best mean first."""
        trained = {mode: by_seed for mode, by_seed in self.accuracies[fraction].items() if by_seed}
        comparisons, places = self.comparisons(fraction), ranks(trained)
        rows = [
            ModeRow(mode, estimate([*by_seed.values()]), comparisons.get(mode), places[mode])
            for mode, by_seed in trained.items()
        ]
        return sorted(rows, key=lambda row: -row.accuracy.mean)

    def pair(self, mode: str) -> tuple[Estimate, Estimate]:
        """The accuracies of a mode and of the baseline, over the seeds that both have."""
        both = self.accuracies[self.main][mode], self.accuracies[self.main][self.baseline]
        seeds = both[0].keys() & both[1].keys()
        one, other = (estimate([by_seed[seed] for seed in seeds]) for by_seed in both)
        return one, other

    def class_changes(self) -> dict[str, list[Difference | None]]:
        """By mode, the change of each class's accuracy against the baseline, over the pairs that
        evaluate images of the class; None where no pair does."""
        recalls = {
            mode: {
                seed: values for seed, run in by_seed.items() if (values := recall(run)) is not None
            }
            for mode, by_seed in self.runs[self.main].items()
        }
        baseline = recalls.pop(self.baseline)
        changes = {}
        for mode, by_seed in recalls.items():
            if not by_seed.keys() & baseline.keys():
                continue
            pairs = [
                [
                    {seed: row[label] for seed, row in rows.items() if not math.isnan(row[label])}
                    for rows in (by_seed, baseline)
                ]
                for label in range(len(self.state["data"]["class_names"]))
            ]
            changes[mode] = [
                difference(one, other) if one.keys() & other.keys() else None
                for one, other in pairs
            ]
        return changes

    def class_order(self) -> list[int]:
        """The classes by their mean change over the modes, the largest rise first."""
        means = [
            np.mean([change.mean if change else 0.0 for change in of_class])
            for of_class in zip(*self.class_changes().values(), strict=True)
        ]
        return sorted(range(len(means)), key=lambda label: -means[label])

    def cost(self, mode: str, fraction: float) -> Cost:
        """What the runs of a mode took."""
        runs = list(self.runs[fraction][mode].values())
        epochs = [epoch for run in runs for epoch in run.run["epochs"]]
        waits = [run.data_wait for run in runs if run.data_wait is not None]
        return Cost(
            median(epoch["images_per_s"] for epoch in epochs),
            median(waits) if waits else None,
            median(epoch["seconds"] for epoch in epochs),
        )

    @property
    def steady(self) -> bool:
        """Whether each mode's epochs took about the same time, as on a machine that did nothing
        else: nine in ten of them less than `STEADY` times the fastest tenth. The first epoch of a
        run does not count, as it begins more slowly."""
        for by_seed in self.runs[self.main].values():
            epochs = [epoch for run in by_seed.values() for epoch in run.run["epochs"][1:]]
            seconds = [epoch["seconds"] for epoch in epochs]
            if seconds and np.percentile(seconds, 90) > STEADY * np.percentile(seconds, 10):
                return False
        return True

    def trained_on(self, fraction: float) -> int:
        """The number of training images of a fraction that has a finished run."""
        return self.finished(fraction)[0].run["data"]["train"]


def read(folder: Path | str) -> Results:
    """The comparison in a folder: its finished runs.

    Raises:
        UserError: the folder holds none, one of its files is damaged, or no run that the answer is
            about is finished.
    """
    folder = Path(folder)
    state = read_state(folder / STATE, COMPARISON)
    settings = state["settings"]
    runs: Runs = {}
    for fraction in sorted(settings["fractions"], reverse=True):
        by_mode = runs[fraction] = {mode: {} for mode in settings["modes"]}
        for seed in settings["seeds"]:
            logs = folder / part_folder(fraction) / f"seed-{seed}"
            for mode in settings["modes"]:
                if has_ended(logs, mode):
                    by_mode[mode][seed] = read_run(logs, mode)
    if not any(runs[max(runs)].values()):
        raise UserError(f"{folder / STATE}: no run of this comparison is finished yet")
    return Results(folder, state, runs)


def recall(run: Run) -> np.ndarray | None:
    """The accuracy of each class, mean of the last epochs; NaN for a class without eval images,
    None where the log does not say or the run diverged."""
    if run.diverged is not None:
        return None
    last, images = last_epochs(run.epochs), run.run["data"].get("eval_of_class")
    counts = [epoch["right"] for epoch in run.run["epochs"][-last:] if "right" in epoch]
    if run.judged:
        last, images = 1, run.run["data"].get("test_of_class")
        counts = [run.judged["right"]]
    if len(counts) < last or images is None:
        return None
    with np.errstate(invalid="ignore"):
        return np.mean(counts, axis=0) / np.array(images)
