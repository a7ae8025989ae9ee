"""Statistics against scipy's own tests, by simulation, and the words for them."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats as scipy_stats

from paddle_aug.errors import UserError
from paddle_aug.results.runlog import Run
from paddle_aug.results.stats import (
    MAX_PAIRS,
    Comparison,
    Difference,
    best_epoch,
    compared_together,
    difference,
    estimate,
    final_accuracy,
    holm,
    last_epochs,
    pairs_needed,
    still_rising,
)
from paddle_aug.rng import generator


def by_seed(values):
    return dict(enumerate(values))


def run_of(*accuracies):
    curve = np.array(accuracies)
    return Run("userDef", Path("mine"), {"accEval": curve, "lossEval": curve}, {}, 0)


def with_moments(mean, spread, n):
    """A difference that pairs of this mean and standard deviation have."""
    pattern = np.resize([1.0, -1.0], n)
    pattern = pattern - pattern.mean()
    values = mean + spread * pattern / pattern.std(ddof=1)
    return difference(by_seed(values), by_seed(np.zeros(n)))


@pytest.mark.parametrize("n", [2, 3, 5, 20])
def test_means_have_scipys_t_interval_and_differences_are_its_paired_t_test(n):
    rng = generator(n, "drawing")
    ours, theirs = rng.normal(0.7, 0.02, n), rng.normal(0.69, 0.02, n)
    test = scipy_stats.ttest_rel(ours, theirs)
    mean, pairs = estimate(ours), difference(by_seed(ours), by_seed(theirs))
    of_mean = scipy_stats.t.interval(0.95, n - 1, ours.mean(), scipy_stats.sem(ours))
    for found, interval in ((mean, of_mean), (pairs, test.confidence_interval(0.95))):
        assert (found.mean - found.margin, found.mean + found.margin) == pytest.approx(interval)
        assert found.n == n
    assert pairs.p == pytest.approx(test.pvalue, rel=1e-9)


def test_a_difference_that_rounds_to_zero_has_no_minus():
    assert Difference(-0.0002, 0.01, 0.025, 0.9, 3).points == "+0.0 ± 2.5"
    assert Difference(-0.0206, 0.01, None, None, 1).points == "−2.1"


def test_pairs_are_of_the_same_seed_and_a_seed_without_partner_is_left_out():
    found = difference({3: 0.7, 1: 0.5, 9: 0.1}, {1: 0.4, 3: 0.5, 4: 0.9})
    assert (found.n, found.mean) == (2, pytest.approx(0.15))
    with pytest.raises(UserError, match=r"no seed in common"):
        difference({1: 0.5}, {2: 0.5})


def test_where_nothing_differs_holm_claims_something_in_at_most_5_of_100_searches():
    """One candidate against four baselines, all alike; uncorrected, one in nine would be false."""
    trials = generator(3, "drawing").normal(0.6, 0.03, (3000, 5, 4))
    false, uncorrected = 0, 0
    for ours, *theirs in trials:
        found = compared_together(
            {i: difference(by_seed(ours), by_seed(values)) for i, values in enumerate(theirs)}
        )
        false += any(each.shown for each in found.values())
        uncorrected += any(each.difference.p < 0.05 for each in found.values())
    assert false / len(trials) <= 0.05 + 0.004  # a standard error
    assert uncorrected / len(trials) > 0.08


def test_holm_multiplies_the_smallest_by_all_the_next_by_one_less_and_never_falls():
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []
    assert holm([0.01, None, 0.02]) == pytest.approx([0.03, None, 0.04]), "None is a test, too"


@pytest.mark.parametrize(
    ("ours", "theirs"),  # one seed, equal differences, equal but for rounding, equal accuracies
    [
        ([0.7], [0.6]),
        ([0.7, 0.8], [0.6, 0.7]),
        ([0.1 + 0.2, 0.5], [0.3, 0.5]),
        ([0.5] * 3, [0.5] * 3),
    ],
)
def test_where_nothing_can_be_said_there_is_neither_interval_nor_p(ours, theirs):
    found = difference(by_seed(ours), by_seed(theirs))
    assert (found.margin, found.p) == (None, None)
    assert not Comparison(found, None, 1).shown


def test_a_mean_of_one_value_or_of_equal_ones_has_no_interval():
    assert (estimate([0.5]).margin, str(estimate([0.5]))) == (None, "50.0")
    assert (estimate([0.7] * 3).margin, str(estimate([0.7] * 3))) == (None, "70.0")
    assert str(estimate([0.69, 0.71])) == "70.0 ± 12.7"


@pytest.mark.parametrize("effect", [0.15, 0.5, 1, 2, 5])
@pytest.mark.parametrize("alpha", [0.05, 0.0125])
def test_the_pairs_needed_are_the_fewest_with_which_scipys_noncentral_t_has_80_percent(
    effect, alpha
):
    def power(n):
        critical = scipy_stats.t.ppf(1 - alpha / 2, n - 1)
        return scipy_stats.nct.sf(critical, n - 1, effect * math.sqrt(n))

    needed = pairs_needed(with_moments(effect, 1, 3), alpha)
    assert power(needed) >= 0.8 > power(needed - 1)


def test_more_pairs_than_anybody_trains_are_not_counted():
    assert pairs_needed(with_moments(1, 1 / 0.0887, 3)) <= MAX_PAIRS  # 2.802 / sqrt(1000) = 0.0886
    assert math.isinf(pairs_needed(with_moments(1, 1 / 0.0885, 3)))
    assert math.isinf(pairs_needed(with_moments(0, 1, 4)))
    assert pairs_needed(with_moments(1e6, 1, 3), 0.001) == 2


@pytest.mark.parametrize(
    ("found", "p", "words"),
    [
        (Difference(0.061, 0.01, 0.014, 0.001, 5), 0.004, "better by 6.1 ± 1.4 points"),
        (Difference(-0.02, 0.01, 0.012, 0.009, 5), 0.036, "worse by 2.0 ± 1.2 points"),
        (
            with_moments(0.011, 0.01, 3), 0.2,
            "no difference shown with 3 seeds; if the true difference is the one seen here, about "
            "9 seeds would show it",
        ),
        (
            with_moments(0.0001, 0.01, 3), 0.99,
            "no difference shown with 3 seeds; if the true difference is the one seen here, more "
            "than 1,000 seeds would show it",
        ),
        (with_moments(0, 0.01, 4), 1.0, "no difference shown with 4 seeds: the means are equal"),
        (
            Difference(0.1, 0, None, None, 1), None,
            "no difference shown: one seed cannot tell a difference from chance",
        ),
        (
            Difference(0.1, 0, None, None, 3), None,
            "no difference shown: +10.0 points with each of 3 seeds, and where nothing "
            "varies, nothing can be said about chance",
        ),
        (
            Difference(0, 0, None, None, 3), None,
            "no difference shown: the same with each of 3 seeds",
        ),
    ],
)  # fmt: skip
def test_words_fit_the_evidence(found, p, words):
    assert str(Comparison(found, p, 1)) == words


def test_among_several_comparisons_more_seeds_are_needed_than_for_one():
    found = with_moments(0.011, 0.01, 3)
    assert pairs_needed(found) == 9
    assert pairs_needed(found, 0.05 / 4) > 9
    assert f"about {pairs_needed(found, 0.05 / 4)} " in str(Comparison(found, 0.5, 4))


def test_a_run_is_judged_by_the_last_quarter_of_its_epochs_ten_at_most():
    assert [last_epochs(count) for count in (1, 3, 4, 10, 40, 100)] == [1, 1, 1, 3, 10, 10]
    assert final_accuracy(run_of(0.9, 0.9, 0.9, 0.2, 0.4)) == pytest.approx(0.3)


def test_a_run_that_diverged_has_no_accuracy():
    assert final_accuracy(run_of(0.1, 0.1, 0.1, math.nan, math.nan)) is None


@pytest.mark.parametrize(
    ("accuracies", "best"),
    [([0.1, 0.3, 0.3, 0.2], 1), ([math.nan, 0.3, math.nan], 1), ([math.nan], 0)],
)
def test_the_best_epoch_is_the_first_of_the_highest_numbers(accuracies, best):
    assert best_epoch(accuracies) == best


def autocorrelated(rng, seeds, epochs, alike):
    """Noise whose neighbouring epochs correlate by `alike`."""
    noise = rng.standard_normal((seeds, epochs + 20))
    for epoch in range(1, epochs + 20):
        noise[:, epoch] = alike * noise[:, epoch - 1] + math.sqrt(1 - alike**2) * noise[:, epoch]
    return noise[:, 20:]


@pytest.mark.parametrize(("epochs", "seeds", "alike"), [(30, 3, 0.0), (30, 5, 0.5), (8, 3, 0.3)])
def test_flat_noisy_curves_are_called_rising_in_no_more_than_five_per_cent_of_comparisons(
    epochs, seeds, alike
):
    rng, comparisons, called = generator(7, "drawing"), 400, 0
    for _ in range(comparisons):
        curves = {mode: 0.6 + 0.02 * autocorrelated(rng, seeds, epochs, alike) for mode in range(5)}
        called += bool(still_rising(curves))
    assert called <= 0.05 * comparisons


def test_a_curve_that_rises_is_called_so_by_how_much_and_one_that_rises_little_is_not():
    rng = generator(8, "drawing")
    noise = {mode: 0.005 * rng.standard_normal((3, 40)) for mode in ("steep", "slow", "flat")}
    last = np.clip(np.arange(40) - 30, 0, None) / 9  # of the ten epochs of the last quarter
    rise = {"steep": 0.05, "slow": 0.004, "flat": 0}
    curves = {mode: 0.5 + rise[mode] * last + noise[mode] for mode in noise}
    shown = still_rising(curves)
    assert list(shown) == ["steep"]
    assert shown["steep"] == pytest.approx(0.05, abs=0.01)
    assert still_rising({mode: curve[:1] for mode, curve in curves.items()}) == {}
    assert still_rising({mode: curve[:, 30:33] for mode, curve in curves.items()}) == {}
