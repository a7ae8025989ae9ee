"""Is it luck? Means with intervals, paired differences, and sentences that the evidence supports.

Accuracies are from 0 to 1 here, and per cent or points in sentences.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import TypeVar

import numpy as np
from scipy.special import nctdtr, stdtr, stdtrit

from paddle_aug.errors import UserError
from paddle_aug.results.language import _, count
from paddle_aug.results.runlog import Run
from paddle_aug.results.text import MINUS

LAST = 10  # epochs whose mean is quoted: it varies less than the last one alone
ALPHA = 0.05
POWER = 0.8
MAX_PAIRS = 1000  # nobody plans more seeds
MIN_QUARTER = 4  # epochs, which are needed to tell a rise from noise
LEAST_RISE = 0.01  # within the last quarter of epochs: a smaller one hardly changes an answer

Name = TypeVar("Name")

# Numbers that differ only by the rounding of a mean have no spread.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Estimate:
    """A mean of `n` values; `margin` is half of its 95 % interval, None if there is no interval."""

    mean: float
    margin: float | None
    n: int

    def __str__(self):
        margin = "" if self.margin is None else f" ± {100 * self.margin:.1f}"
        return f"{100 * self.mean:.1f}{margin}"


@dataclass(frozen=True)
class Difference:
    """The mean of value minus baseline over `n` pairs, and whether it could be chance.

    `spread` is the standard deviation of the pairs' differences. `margin` and `p` are None for one
    pair, or if all pairs differ by the same: that says nothing about chance.
    """

    mean: float
    spread: float
    margin: float | None
    p: float | None
    n: int

    @property
    def points(self) -> str:
        """The difference with its interval, which no correction widens: "+6.1 ± 1.4"."""
        margin = "" if self.margin is None else f" ± {100 * self.margin:.1f}"
        mean = round(100 * self.mean, 1) + 0.0  # not -0.0
        return f"{mean:+.1f}{margin}".replace("-", MINUS)


@dataclass(frozen=True)
class Comparison:
    """One of `among` differences that were tested together; `p` is after Holm's correction. Each
    pair is of one `unit`: a seed or a fold."""

    difference: Difference
    p: float | None
    among: int
    unit: str = "seed"

    @property
    def shown(self) -> bool:
        """Whether the evidence supports more than "no difference shown"."""
        return self.p is not None and self.p < ALPHA

    @property
    def word(self) -> str:
        """How the values are shown to compare with the baseline: "better", "worse" or ""."""
        if not self.shown:
            return ""
        return "better" if self.difference.mean > 0 else "worse"

    @property
    def points(self) -> str:
        return self.difference.points

    def __str__(self):
        mean, units = self.difference.mean, count(self.difference.n, self.unit)
        if self.shown:
            text = _("better by {points} points") if mean > 0 else _("worse by {points} points")
            return text.format(points=self.points[1:])
        if self.difference.n == 1:
            text = _("no difference shown: one {unit} cannot tell a difference from chance")
            return text.format(unit=_(self.unit))
        if self.difference.p is None:
            text = _("no difference shown: the same with each of {units}")
            if mean:
                text = _(
                    "no difference shown: {points} points with each of {units}, and where nothing "
                    "varies, nothing can be said about chance"
                )
            return text.format(points=self.points, units=units)
        text = _("no difference shown with {units}")
        if abs(mean) <= _ROUNDING:
            text = _("no difference shown with {units}: the means are equal")
        elif self.unit == "seed":  # more folds would share more images, and change the question
            text = _(
                "no difference shown with {units}; if the true difference is the one seen here, "
                "about {needed} seeds would show it"
            )
            needed = pairs_needed(self.difference, ALPHA / self.among)
            if math.isinf(needed):
                text = _(
                    "no difference shown with {units}; if the true difference is the one seen "
                    "here, more than {needed} seeds would show it"
                )
            return text.format(units=units, needed=f"{min(needed, MAX_PAIRS):,}")
        return text.format(units=units)


def last_epochs(epochs: int) -> int:
    """The number of last epochs that a run's accuracy averages: a quarter, ten at most."""
    return min(LAST, math.ceil(epochs / 4))


def last_quarter(epochs: int) -> int:
    """The number of last epochs that show whether a curve still rises."""
    return min(epochs, max(MIN_QUARTER, math.ceil(epochs / 4)))


def still_rising(curves: Mapping[Name, np.ndarray]) -> dict[Name, float]:
    """The names whose mean eval curve still rises within its `last_quarter`, and by how much.

    `curves` are arrays [seeds, epochs]. A straight line through a mean curve must rise by
    LEAST_RISE or more, and by more than noise allows. Noise is the scatter of the mean curve about
    its line and, as neighbouring epochs may be alike, also the spread of the seeds' own rises,
    pooled over the names. Each is a one-sided t-test at 5 % for all names together (Bonferroni).
    Where each name has one seed, none is called rising.
    """
    rises = {name: _rises(curve) for name, curve in curves.items() if len(curve)}
    freedom = sum(len(of_seed) - 1 for of_seed in rises.values())
    squares = sum(len(of_seed) * float(of_seed.var()) for of_seed in rises.values())
    if not freedom:
        return {}
    level, shown = 1 - ALPHA / len(rises), {}
    for name, of_seed in rises.items():
        rise, n = float(of_seed.mean()), last_quarter(curves[name].shape[1])
        if n < MIN_QUARTER or rise < LEAST_RISE:
            continue
        last = curves[name].mean(0)[-n:]
        epochs = _centred(n)
        scatter = last - last.mean() - rise * epochs
        errors = (
            (n - 2, math.sqrt(scatter @ scatter / (n - 2) / (epochs @ epochs))),
            (freedom, math.sqrt(squares / freedom / len(of_seed))),
        )
        if all(rise > stdtrit(free, level) * error for free, error in errors):
            shown[name] = rise
    return shown


def _rises(curves: np.ndarray) -> np.ndarray:
    """By how much a straight line through the last quarter of each curve rises."""
    last = curves[:, -last_quarter(curves.shape[1]) :]
    epochs = _centred(last.shape[1])
    return last @ epochs / (epochs @ epochs)


def _centred(epochs: int) -> np.ndarray:
    """As many places, from -1/2 to 1/2."""
    return np.linspace(-0.5, 0.5, epochs)


def best_epoch(accuracies: Sequence[float] | np.ndarray) -> int:
    """The first epoch of the highest accuracy, counted from 0; NaN is below every number."""
    accuracies = np.asarray(accuracies, np.float64)
    return int(np.argmax(np.where(np.isnan(accuracies), -np.inf, accuracies)))


def final_accuracy(run: Run) -> float | None:
    """A run's accuracy: its mean eval accuracy over the `last_epochs`, or that on the images which
    have `judged` it; None if it diverged."""
    if run.diverged is not None:
        return None
    if run.judged:
        return run.judged["acc"]
    return float(np.mean(run.curves["accEval"][-last_epochs(run.epochs) :]))


def margin(spread: float, n: int) -> float | None:
    """Half of the 95 % t-interval of a mean of `n` values with this standard deviation; None if it
    is 0, which says nothing about chance."""
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
        UserError: they have no seed in common.
    """
    seeds = sorted(values.keys() & baseline.keys())
    if not seeds:
        raise UserError("the two have no seed in common, so there are no pairs to compare")
    mean, spread, n = _moments([values[seed] - baseline[seed] for seed in seeds])
    if spread == 0:
        return Difference(mean, spread, None, None, n)
    p = 2 * float(stdtr(n - 1, -abs(mean) / (spread / math.sqrt(n))))
    return Difference(mean, spread, margin(spread, n), p, n)


def compared_together(
    differences: Mapping[Name, Difference], unit: str = "seed"
) -> dict[Name, Comparison]:
    """The differences that one answer consists of, with Holm's correction for all of them."""
    corrected = holm([difference.p for difference in differences.values()])
    return {
        name: Comparison(difference, p, len(differences), unit)
        for (name, difference), p in zip(differences.items(), corrected, strict=True)
    }


def compared_in_pairs(
    pairs: Mapping[Name, tuple[Mapping[int, float], Mapping[int, float]]],
    unit: str = "seed",
) -> dict[Name, Comparison]:
    """Accuracies by seed, each with those of its baseline, as one answer compares them; without
    those that have no seed in common."""
    return compared_together(
        {
            name: difference(*pair)
            for name, pair in pairs.items()
            if pair[0].keys() & pair[1].keys()
        },
        unit,
    )


def ranks(values: Mapping[str, Mapping[int, float]]) -> dict[str, tuple[int, int]]:
    """The best and the worst rank, from 1, that each name may have. Every two names are compared in
    pairs by seed, with Holm's correction; a name ranks below those shown to be better."""
    comparisons = compared_in_pairs(
        {(one, other): (values[one], values[other]) for one, other in combinations(values, 2)}
    )
    above, below = dict.fromkeys(values, 0), dict.fromkeys(values, 0)
    for (one, other), comparison in comparisons.items():
        if comparison.shown:
            better, worse = (one, other) if comparison.difference.mean > 0 else (other, one)
            above[worse] += 1
            below[better] += 1
    return {name: (1 + above[name], len(values) - below[name]) for name in values}


def clearly_worse(values: Mapping[Name, Sequence[float]], level: float) -> list[Name]:
    """The names whose mean is below the best one's by more than chance at this level allows.

    `values` has as many for each name, in the order of the seeds. These are blocks, and the spread
    is what names and seeds do not explain. The chance that any name is called worse than one that
    it equals is at most `level`.

    Source: Tukey's range test for a design in randomised blocks.
    """
    table = np.array([*values.values()], np.float64)
    names, seeds = table.shape
    means = table.mean(axis=1)
    residuals = table - means[:, None] - table.mean(axis=0) + table.mean()
    freedom = (names - 1) * (seeds - 1)
    spread = math.sqrt((residuals**2).sum() / freedom)
    if spread <= _ROUNDING:
        return []
    allowed = studentized_range(1 - level, names, freedom) * spread / math.sqrt(seeds)
    return [name for name, mean in zip(values, means, strict=True) if means.max() - mean > allowed]


@cache
def studentized_range(probability: float, names: int, freedom: int) -> float:
    """The quantile of the range of `names` means, in units of their estimated spread."""
    from scipy.stats import studentized_range  # takes a second to import

    return float(studentized_range.ppf(probability, names, freedom))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down correction: the chance of any false claim at p < 5 % is at most 5 %.

    None, a test that could say nothing, stays None and counts as one of the tests.

    Source: Holm, "A simple sequentially rejective multiple test procedure", 1979.
    """
    known = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, place) in enumerate(known):
        largest = max(largest, min(1.0, p * (len(p_values) - rank)))
        corrected[place] = largest
    return corrected


def pairs_needed(seen: Difference, alpha: float = ALPHA) -> float:
    """How many pairs a t-test needs to show a true difference like this one, whose pairs must have
    a spread, with a power of 80 %.

    `math.inf` if MAX_PAIRS are too few. The spread of few pairs is a rough guess, and so is the
    answer.
    """
    n = np.arange(2, MAX_PAIRS + 1)
    noncentrality = abs(seen.mean) / seen.spread * np.sqrt(n)
    # The probability that n pairs show the difference, with the right sign, by the noncentral t.
    powers = 1 - nctdtr(n - 1, noncentrality, stdtrit(n - 1, 1 - alpha / 2))
    return next((int(pairs) for pairs in n[~(powers < POWER)]), math.inf)


def _moments(values: Sequence[float]) -> tuple[float, float, int]:
    """Mean, standard deviation (0 for one value, or equal ones) and number."""
    array = np.asarray(values, np.float64)
    if np.ptp(array) <= _ROUNDING:
        return float(array.mean()), 0.0, len(array)
    return float(array.mean()), float(array.std(ddof=1)), len(array)
