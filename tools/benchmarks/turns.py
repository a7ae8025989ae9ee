"""Ops and modes against others, in turns of processor time."""

import argparse
import math
import sys
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np

from benchmarks.peers.contender import FLOOR, OURS, PEERS, Contender, python_of
from benchmarks.pictures import find_pictures
from paddle_aug.errors import UserError
from paddle_aug.results.stats import estimate

TURN_MS = 200  # of a slow op; faster ones take each image once
TINY = 4  # pixels a side: such an image costs only Python and drawing


def measure(options: argparse.Namespace, room: Path) -> dict:
    """The rows of `ops` or `modes` and those of the floor, with the versions of all contenders."""
    if options.starts < 2:
        raise UserError("--starts wants 2 or more: the interval comes from their differences")
    of_modes = options.command == "modes"
    pictures, about = find_pictures(options.images, room)
    all_sizes = [*options.sizes, TINY] if of_modes else options.sizes
    file = room / "pictures.npz"
    np.savez(file, **{str(size): resized(pictures, size) for size in all_sizes})
    pythons = {
        peer: python
        for peer in PEERS
        if peer.module in options.against and (python := python_of(peer, options.peers))
    }
    subjects = [(name, size) for size in options.sizes for name in options.only]
    times = {subject: [] for subject in subjects}
    bare = {}
    for start in range(options.starts):
        with ExitStack() as stack:
            ours = stack.enter_context(Contender(OURS, sys.executable, file))
            floor = stack.enter_context(Contender(FLOOR, sys.executable, file))
            others = [
                stack.enter_context(Contender(peer, python, file))
                for peer, python in pythons.items()
            ]
            for name, size in subjects:
                print(f"start {start + 1}: {name} at {size} px", file=sys.stderr)
                times[name, size].append(
                    take_turns(name, size, ours, others, options.repeats, len(pictures), of_modes)
                )
            for size in options.sizes:
                for name in floor.subjects:
                    bare.setdefault((name, size), []).extend(floor.ms(name, size, 60)[20:])
            versions = {each.name: each.versions for each in (ours, *others)}
    rows = [row for subject, taken in times.items() for row in compare(*subject, taken)]
    floors = [
        {"name": name, "size": size, "ms": float(np.median(ms))}
        for (name, size), ms in bare.items()
    ]
    return {
        "pictures": about,
        "starts": options.starts,
        "versions": versions,
        "rows": rows,
        "floor": floors,
    }


def resized(pictures: list[np.ndarray], size: int) -> np.ndarray:
    """The pictures as squares of this size, which is how the notebook begins."""
    return np.stack([cv2.resize(picture, (size, size)) for picture in pictures])


def take_turns(
    name: str,
    size: int,
    ours: Contender,
    others: list[Contender],
    repeats: int,
    pictures: int,
    of_modes: bool,
) -> dict[str, list[list[float]]]:
    """Milliseconds of each call in each round, for the contenders that have this op or mode; for a
    mode also those of its drawing and of a tiny image."""
    turns = [peer for peer in (ours, *others) if name in peer.subjects]
    calls = {}
    for contender in turns:
        first = np.median(contender.ms(name, size, 5)[1:])
        # Fills what is kept from call to call: filters by angle, grids by size.
        contender.ms(name, size, int(np.clip(TURN_MS / first, 1, 1500)))
        # The number is fixed beforehand: stopping at a time limit would leave out slow calls.
        calls[contender] = pictures if of_modes else int(np.clip(TURN_MS / first, 4, pictures))
    times = {contender.name: [] for contender in turns}
    for _ in range(repeats):
        for contender in turns:
            times[contender.name].append(contender.ms(name, size, calls[contender]))
    if of_modes:
        times["drawing"] = [ours.ms(f"{name}: drawing", size, 2 * pictures)]
        times["tiny"] = [ours.ms(name, TINY, 2 * pictures)]
    return times


def compare(name: str, size: int, starts: list[dict[str, list[list[float]]]]) -> list[dict]:
    """The rows of one op or mode at one size, one for each other contender, from what `take_turns`
    returned after each start.

    The time of a round is the mean of its images. `ratio` is that of the means over all rounds,
    `interval` its 95 % interval, and `start_ratios` those of each start.
    """
    # Starts × rounds; a round after one start may have other calls than after another.
    means = {
        who: np.array([[np.mean(calls) for calls in start[who]] for start in starts])
        for who in starts[0]
    }
    extra = {}
    if "tiny" in means:
        extra["ours_p99_ms"] = percentile(starts, "ours")
        extra["drawing_ms"] = float(means.pop("drawing").mean())
        extra["tiny_ms"] = float(means.pop("tiny").mean())
    ours = means.pop("ours")
    rows = []
    for who, theirs in means.items():
        row = {
            "name": name,
            "size": size,
            "ours_ms": float(ours.mean()),
            "against": who,
            "against_ms": float(theirs.mean()),
            "ratio": float(theirs.mean() / ours.mean()),
            "interval": interval(theirs, ours),
            "start_ratios": (theirs.mean(axis=1) / ours.mean(axis=1)).tolist(),
            **extra,
        }
        if extra:
            row["against_p99_ms"] = percentile(starts, who)
            row["p99_ratio"] = row["against_p99_ms"] / row["ours_p99_ms"]
        rows.append(row)
    return rows


def interval(theirs: np.ndarray, ours: np.ndarray) -> list[float]:
    """The 95 % interval of the ratio of the means (starts × rounds).

    A t-interval of the logarithms of the starts' ratios. Rounds after one start share the chance of
    that start, so a bootstrap over rounds gives too narrow an interval.
    """
    ratios = theirs.mean(axis=1) / ours.mean(axis=1)
    margin = estimate(np.log(ratios)).margin or 0.0  # None where all starts are equal
    ratio = theirs.mean() / ours.mean()
    return [float(ratio * math.exp(-margin)), float(ratio * math.exp(margin))]


def percentile(starts: list[dict[str, list[list[float]]]], who: str) -> float:
    calls = [ms for start in starts for calls in start[who] for ms in calls]
    return float(np.percentile(calls, 99))
