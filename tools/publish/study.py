"""What the study's runs show: which augmentation helps, from which start, on which data.

    PYTHONPATH=tools python -m publish.study logs/study logs/reference/study

keeps the logs of each comparison as one archive; `publish.evidence` makes the page about them.
"""

import argparse
import math
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from scipy.special import stdtr, stdtrit

from paddle_aug.experiments.compare_results import STATE
from paddle_aug.results import runlog
from paddle_aug.results.runlog import Run
from paddle_aug.results.stats import (
    ALPHA,
    Comparison,
    Difference,
    compared_in_pairs,
    difference,
    estimate,
    final_accuracy,
)
from paddle_aug.results.text import code, markdown_table, p_text
from paddle_aug.system.files import read_json

SETS = ("photos16", "flowers17", "hotdog", "cifar2000")
STARTS = ("small", "probe")  # from random weights, and from ImageNet's
BASELINE = "none"

Seeds = Mapping[int, float]


@dataclass(frozen=True)
class Arm:
    """The runs of one mode on one data set; accuracies are by seed, from 0 to 1."""

    runs: dict[int, Run]

    @property
    def watched(self) -> Seeds:
        """On the images that every epoch evaluates and choices may look at: those which a run holds
        back from training or, where it holds back none, the test images."""
        return {seed: final_accuracy(run) for seed, run in self.runs.items()}

    @property
    def test(self) -> Seeds:
        """On the test images, by a run that holds others back."""
        return {seed: run.run["test"]["acc"] for seed, run in self.runs.items()}

    @property
    def trained(self) -> Seeds:
        """On the training images as the network saw them, in the last epoch."""
        return {seed: float(run.curves["accTrain"][-1]) for seed, run in self.runs.items()}

    @property
    def trained_early(self) -> Seeds:
        """The same in the mean of the first quarter of the epochs."""
        return {
            seed: float(run.curves["accTrain"][: max(1, run.epochs // 4)].mean())
            for seed, run in self.runs.items()
        }


Arms = dict[str, Arm]  # by mode


def pack(folder: Path, output: Path) -> None:
    """Keep the logs of the finished runs of each comparison in a folder, without what training
    printed."""
    for state in sorted(folder.glob(f"*/{STATE}")):
        runs = [run for run in state.parent.rglob("*Aug_run.json") if read_json(run)["finished"]]
        logs = [
            file
            for run in runs
            for file in run.parent.glob(f"{run.name.removesuffix('run.json')}*")
            if file.suffix in (".json", ".npy")
        ]
        if not logs:
            continue
        with tarfile.open(output / f"{state.parent.name}.tar.xz", "w:xz") as archive:
            for file in [state, *sorted(logs)]:
                archive.add(file, file.relative_to(state.parent), filter=anonymous)


def anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without time, owner and rights, so that equal logs make equal archives."""
    return entry.replace(mtime=0, mode=0o644, uid=0, gid=0, uname="", gname="", deep=False)


@contextmanager
def unpacked(archive: Path) -> Iterator[Path]:
    """A folder with the logs of an archive."""
    with tempfile.TemporaryDirectory() as folder, tarfile.open(archive) as logs:
        logs.extractall(folder, filter="data")
        yield Path(folder)


def read(archive: Path) -> Arms:
    """The runs of a comparison on all of its training images or on one part of them, by mode. Some
    modes may have more seeds than others."""
    with unpacked(archive) as folder:
        [part] = [*folder.glob("fraction-*")] or [folder]
        return of_folder(part)


def of_folder(folder: Path) -> Arms:
    """The runs in the folders seed-0, seed-1 … of a folder, by mode."""
    runs = runlog.by_mode(runlog.read_seeds(sorted(folder.glob("seed-*"))))
    return {
        mode or BASELINE: Arm({run.seed: run for run in of_mode}) for mode, of_mode in runs.items()
    }


def chosen(arms: Mapping[str, Arms], sets: Sequence[str]) -> tuple[str, float]:
    """The mode that gains most over the baseline on the images held back from these sets, and the
    mean of its gains."""
    gains = {
        mode: fmean(
            difference(arms[name][mode].watched, arms[name][BASELINE].watched).mean for name in sets
        )
        for mode in arms[sets[0]]
        if all(mode in arms[name] for name in sets)
    }
    best = max(gains, key=gains.get)
    return best, gains[best]


def accuracy_table(arms: Mapping[str, Arms]) -> str:
    """A row a mode, with its seeds, its test accuracy on each data set and the difference to the
    baseline. The baseline comes first, then the modes that are on all data sets, by their mean
    difference."""
    compared = {name: comparisons(of_set) for name, of_set in arms.items()}
    modes = dict.fromkeys(mode for of_set in arms.values() for mode in of_set)
    everywhere = [mode for mode in modes if all(mode in of_set for of_set in arms.values())]
    gains = {mode: mean_gain(arms, mode) for mode in everywhere if mode != BASELINE}
    ranked = sorted(gains, key=lambda mode: -gains[mode].mean)
    rows = []
    for mode in [BASELINE, *ranked, *(mode for mode in modes if mode not in {BASELINE, *gains})]:
        present = {name: of_set[mode] for name, of_set in arms.items() if mode in of_set}
        cells = []
        for name in arms:
            if name not in present:
                cells.append("–")
                continue
            accuracy = str(estimate([*present[name].test.values()]))
            cells.append(
                accuracy if mode == BASELINE else with_difference(accuracy, compared[name][mode])
            )
        gain = gains.get(mode)
        shown = gain and gain.p is not None and gain.p < ALPHA
        mean = "–" if gain is None else f"**{gain.points}**" if shown else gain.points
        seeds = sorted({len(arm.runs) for arm in present.values()})
        rows.append([code(mode), " or ".join(map(str, seeds)), *cells, mean])
    return markdown_table(["mode", "seeds", *arms, "mean difference"], rows)


def with_difference(accuracy: str, comparison: Comparison) -> str:
    mark = "**" if comparison.shown else ""
    return f"{accuracy} ({mark}{comparison.points}{mark})"


def pooled(differences: Sequence[Difference]) -> Difference:
    """The mean of the differences on several data sets; its interval is about these sets, by the
    spread of the pairs within each and Welch's degrees of freedom."""
    mean, pairs = fmean(one.mean for one in differences), sum(one.n for one in differences)
    squares = [one.spread**2 / one.n for one in differences]
    error = math.sqrt(sum(squares)) / len(differences)
    if not error or min(one.n for one in differences) < 2:
        return Difference(mean, 0.0, None, None, pairs)
    parts = [square**2 / (one.n - 1) for square, one in zip(squares, differences, strict=True)]
    freedom = sum(squares) ** 2 / sum(parts)
    p = 2 * float(stdtr(freedom, -abs(mean) / error))
    half = float(stdtrit(freedom, 1 - ALPHA / 2)) * error
    return Difference(mean, error * math.sqrt(pairs), half, p, pairs)


def mean_gain(arms: Mapping[str, Arms], mode: str, over: str = BASELINE) -> Difference:
    """What a mode gains over another in the mean of the data sets."""
    return pooled([difference(one[mode].test, one[over].test) for one in arms.values()])


def comparisons(arms: Arms) -> dict[str, Comparison]:
    """Each mode's test accuracies against the baseline's, in pairs by seed."""
    others = {
        mode: (arm.test, arms[BASELINE].test) for mode, arm in arms.items() if mode != BASELINE
    }
    return compared_in_pairs(others)


def default_table(arms: Mapping[str, Arms]) -> str:
    """A row a data set: the mode chosen on the other ones, and what it gains on this one's test
    images."""
    rows = []
    for left, tested in zip(arms, carried(arms), strict=True):
        mode, gain = chosen(arms, [name for name in arms if name != left])
        rows.append([left, code(mode), f"{100 * gain:+.1f}", tested.points, p_text(tested.p)])
    rows.append(["mean", "", "", pooled(carried(arms)).points, ""])
    heads = ["data", "chosen on the other three", "gain on their held-back images"]
    heads += ["gain on the test images here", "p"]
    return markdown_table(heads, rows)


def read_sets(folder: Path, start: str) -> dict[str, Arms]:
    """The runs from a start, by data set."""
    archives = {name: folder / f"{start}-{name}.tar.xz" for name in SETS}
    return {name: read(archive) for name, archive in archives.items() if archive.exists()}


def carried(arms: Mapping[str, Arms]) -> list[Difference]:
    """By data set: what the mode that is chosen on the other ones gains on its test images."""
    found = []
    for left, here in arms.items():
        mode, _ = chosen(arms, [name for name in arms if name != left])
        found.append(difference(here[mode].test, here[BASELINE].test))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    pack(**vars(parser.parse_args()))
