"""Is it luck? Means with intervals, differences in pairs, and words that the evidence carries.

Accuracies are from 0 to 1 here, and per cent or points in the words.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy.special import nctdtr, stdtr, stdtrit

from paddle_aug.errors import UserError
from paddle_aug.results.runlog import Run

LAST = 10  # epochs whose mean is quoted: less chancy than the last one alone
ALPHA = 0.05
POWER = 0.8
MOST_PAIRS = 1000  # a larger number of seeds is nobody's plan

Name = TypeVar("Name")

# Numbers that are equal but for the rounding of a mean have no spread.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Estimate:
    """A mean of `n` values; `margin` is the half of its 95 % interval, None where there is none."""

    mean: float
    margin: float | None
    n: int

    def __str__(self):
        margin = "" if self.margin is None else f" ± {100 * self.margin:.1f}"
        return f"{100 * self.mean:.1f}{margin}"


@dataclass(frozen=True)
class Difference:
    """Of two things in pairs: the mean of value less baseline, and if it could be chance.

    `spread` is the standard deviation of the pairs' differences. Where one pair, or pairs that all
    differ by the same, say nothing of chance, `margin` and `p` are None.
    """

    mean: float
    spread: float
    margin: float | None
    p: float | None
    n: int


@dataclass(frozen=True)
class Comparison:
    """A difference, one of `among` that were tested together; `p` is after Holm's correction."""

    difference: Difference
    p: float | None
    among: int

    @property
    def shown(self) -> bool:
        """Whether the evidence carries more than "no difference shown"."""
        return self.p is not None and self.p < ALPHA

    @property
    def points(self) -> str:
        """The difference with its interval, which no correction widens: "+6.1 ± 1.4"."""
        found = self.difference
        margin = "" if found.margin is None else f" ± {100 * found.margin:.1f}"
        return f"{100 * found.mean:+.1f}{margin}"

    def __str__(self):
        found = self.difference
        seeds = f"{found.n} seed" if found.n == 1 else f"{found.n} seeds"
        if self.shown:
            word = "better" if found.mean > 0 else "worse"
            return f"{word} by {self.points[1:]} points"
        if found.n == 1:
            return "no difference shown: one seed cannot tell one from chance"
        if found.p is None:
            if found.mean == 0:
                return f"no difference shown: the same with each of {seeds}"
            return (
                f"no difference shown: {100 * found.mean:+.1f} points with each of {seeds}, and "
                "where nothing varies nothing can be said of chance"
            )
        text = f"no difference shown with {seeds}"
        if abs(found.mean) <= _ROUNDING:
            return f"{text}: the means are equal"
        needed = pairs_needed(found, ALPHA / self.among)
        many = f"more than {MOST_PAIRS:,}" if math.isinf(needed) else f"about {needed:,}"
        return f"{text}; {many} would be needed, were the difference seen the true one"


def last_epochs(epochs: int) -> int:
    """Of how many last epochs a run's accuracy is the mean: a quarter, ten at most."""
    return min(LAST, math.ceil(epochs / 4))


def last_mean(curve: Sequence[float] | np.ndarray, last: int = LAST) -> float:
    """The mean of a curve's last epochs, of all where there are fewer."""
    return float(np.mean(np.asarray(curve, np.float64)[-last:]))


def final_accuracy(run: Run, last: int = LAST) -> float:
    """What a run has come to: its mean eval accuracy over the last epochs, or over all if fewer.

    Raises:
        UserError: they are not all numbers.
    """
    accuracy = last_mean(run.curves["accEval"], last)
    if not math.isfinite(accuracy):
        raise UserError(
            f"{run.folder}: among the last {min(last, run.epochs)} eval accuracies of "
            f"{run.mode or 'none'} is one that is no number; leave the run out"
        )
    return accuracy


def margin(spread: float, n: int) -> float | None:
    """Half of the 95 % t-interval of a mean of `n` values with this standard deviation; None where
    nothing is known of chance."""
    if spread == 0:
        return None
    return float(stdtrit(n - 1, 1 - ALPHA / 2)) * spread / math.sqrt(n)


def estimate(values: Sequence[float]) -> Estimate:
    """The mean of independent values with a t-interval."""
    mean, spread, n = _moments(values)
    return Estimate(mean, margin(spread, n), n)


def difference(values: Mapping[int, float], baseline: Mapping[int, float]) -> Difference:
    """Paired t-test of accuracies by seed, over the seeds that both have.

    Raises:
        UserError: there is none.
    """
    seeds = sorted(values.keys() & baseline.keys())
    if not seeds:
        raise UserError("no seed was trained of both, so there are no pairs to compare")
    mean, spread, n = _moments([values[seed] - baseline[seed] for seed in seeds])
    if spread == 0:
        return Difference(mean, spread, None, None, n)
    p = 2 * float(stdtr(n - 1, -abs(mean) / (spread / math.sqrt(n))))
    return Difference(mean, spread, margin(spread, n), p, n)


def compare(
    values: Mapping[int, float], baselines: Mapping[str, Mapping[int, float]]
) -> dict[str, Comparison]:
    """Accuracies by seed against those of each baseline, with Holm's correction for all of them."""
    return compared_together(
        {name: difference(values, baseline) for name, baseline in baselines.items()}
    )


def compared_together(found: Mapping[Name, Difference]) -> dict[Name, Comparison]:
    """Differences that one answer is made of, with Holm's correction for all of them."""
    corrected = holm([each.p for each in found.values()])
    return {
        name: Comparison(each, p, len(found))
        for (name, each), p in zip(found.items(), corrected, strict=True)
    }


def ranks(values: Mapping[str, Mapping[int, float]]) -> dict[str, tuple[int, int]]:
    """The best and the worst rank, from 1, that each name may have: all pairs of names are tested
    in pairs by seed, with Holm's correction, and those shown to be better are above it."""
    names = list(values)
    pairs = [
        (one, other)
        for place, one in enumerate(names)
        for other in names[place + 1 :]
        if values[one].keys() & values[other].keys()
    ]
    found = compared_together(
        {pair: difference(*(values[name] for name in pair)) for pair in pairs}
    )
    above = dict.fromkeys(names, 0)
    below = dict.fromkeys(names, 0)
    for (one, other), each in found.items():
        if each.shown:
            better, worse = (one, other) if each.difference.mean > 0 else (other, one)
            above[worse] += 1
            below[better] += 1
    return {name: (1 + above[name], len(names) - below[name]) for name in names}


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down correction: with all below 5 %, a single false one among them has 5 %.

    None, a test that could say nothing, stays None, and counts as one of the tests.

    Source: Holm, "A simple sequentially rejective multiple test procedure", 1979.
    """
    known = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, place) in enumerate(known):
        largest = max(largest, min(1.0, p * (len(p_values) - rank)))
        corrected[place] = largest
    return corrected


def pairs_needed(found: Difference, alpha: float = ALPHA, power: float = POWER) -> float:
    """How many pairs a t-test needs to show this difference with this power, were it the true one.

    `math.inf` where MOST_PAIRS are too few. Of few pairs the spread is a rough guess, and so is the
    answer.

    Raises:
        ValueError: there is no spread, so that nothing can be told.
    """
    if found.margin is None:
        raise ValueError("pairs without a spread tell nothing of how many are needed")
    effect = abs(found.mean) / found.spread
    low, high = 1, 2  # the power grows with the pairs; low are too few
    while _power(effect, high, alpha) < power:
        if high == MOST_PAIRS:
            return math.inf
        low, high = high, min(2 * high, MOST_PAIRS)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _power(effect, middle, alpha) >= power else (middle, high)
    return high


def _power(effect: float, n: int, alpha: float) -> float:
    """The probability that `n` pairs show it, with the right sign, by the noncentral t."""
    critical = stdtrit(n - 1, 1 - alpha / 2)
    return 1 - float(nctdtr(n - 1, effect * math.sqrt(n), critical))


def _moments(values: Sequence[float]) -> tuple[float, float, int]:
    """Mean, standard deviation (0 for one value, or equal ones) and number."""
    array = np.asarray(values, np.float64)
    if np.ptp(array) <= _ROUNDING:
        return float(array.mean()), 0.0, len(array)
    return float(array.mean()), float(array.std(ddof=1)), len(array)
