"""The candidates that a search proposes, and how its plan shares the budget out."""

from itertools import pairwise

import pytest

from paddle_aug.config import TrainConfig
from paddle_aug.experiments import search_space
from paddle_aug.experiments.runner import check_mode
from paddle_aug.experiments.search_plan import (
    MIN_EPOCHS,
    MIN_TEST_EPOCHS,
    Rung,
    TooShort,
    halving,
    make_plan,
    of_length,
    shortened,
)
from paddle_aug.results.stats import last_epochs

# What is proposed


def test_the_same_seed_proposes_the_same_list_and_a_shorter_one_is_its_beginning():
    assert search_space.propose(3, 20) == search_space.propose(3, 40)[:20]
    assert search_space.propose(3, 20) != search_space.propose(4, 20)


def test_every_text_of_the_space_can_be_trained_with():
    config = TrainConfig()
    for family in search_space.OPERATIONS.values():
        for text in family:
            check_mode(config, text)
    for mode in search_space.MODES:
        check_mode(config, mode)
    for mix in search_space.MIXES:
        check_mode(config, f"hflip+{mix}")
    for candidate in search_space.propose(0, 200):
        check_mode(config, candidate)


def test_candidates_are_distinct_every_third_is_a_mode_until_there_are_no_more():
    found = search_space.propose(0, 60)
    assert len(set(found)) == 60
    modes = [mode for mode in found if mode in search_space.MODES]
    assert found[: 3 * len(modes) : 3] == modes
    assert set(modes) == set(search_space.MODES)
    assert any("+" in mode for mode in found)


def test_of_a_space_that_is_used_up_there_are_fewer(monkeypatch):
    monkeypatch.setattr(search_space, "OPERATIONS", {"flip": ("hflip",), "noise": ("noise(3)",)})
    monkeypatch.setattr(search_space, "MAX_MEMBERS", 2)
    monkeypatch.setattr(search_space, "MODES", ("userDef",))
    monkeypatch.setattr(search_space, "MIXES", ("cutmix",))
    found = search_space.propose(0, 100)
    pipelines = {
        "hflip", "noise(3)", "hflip|noise(3)", "shuffled(hflip, noise(3))",
        "someof(1, 2, hflip, noise(3))",
    }  # fmt: skip
    assert set(found) == {"userDef", *pipelines, *(f"{each}+cutmix" for each in pipelines)}


# What is planned


def test_of_each_rung_the_best_third_goes_on_for_longer_and_with_more_seeds():
    assert halving(27, 4, 100) == [Rung(27, 4, 1), Rung(9, 6, 2), Rung(3, 12, 3)]
    assert halving(12, 3, 100) == [Rung(12, 3, 1), Rung(4, 4, 2), Rung(2, 9, 3)]
    assert halving(3, 5, 5) == [Rung(3, 5, 1)]
    assert [rung.epochs for rung in halving(27, 10, 20)] == [10, 15, 20]


def plan(left, epoch=1.0, start=0.0, epochs=100, candidates=27, modes=5, seeds=3):
    def takes(count):
        return start + count * epoch

    return make_plan(left, takes, takes, Rung(candidates, epochs, 1), Rung(modes, epochs, seeds))


def seconds(made, epoch=1.0, start=0.0):
    return sum(
        rung.candidates * rung.seeds * (start + rung.epochs * epoch)
        for rung in [*made.rungs, made.final]
    )


@pytest.mark.parametrize("left", [300, 500, 1000, 3000, 10_000, 100_000])
@pytest.mark.parametrize("start", [0.0, 0.5])
def test_a_plan_fits_into_the_time_that_there_is(left, start):
    made = plan(left, start=start)
    assert seconds(made, start=start) <= left
    assert made.reserved == pytest.approx(15 * (start + made.final.epochs))
    assert made.final.epochs >= MIN_TEST_EPOCHS
    assert made.rungs[0].epochs >= MIN_EPOCHS


def test_more_time_goes_into_longer_runs_then_into_more_candidates():
    plans = [plan(left) for left in (300, 400, 700, 1500, 4000, 20_000)]
    for earlier, later in pairwise(plans):
        assert later.rungs[0].candidates >= earlier.rungs[0].candidates
        assert later.rungs[0].epochs >= earlier.rungs[0].epochs
        assert later.final.epochs >= earlier.final.epochs
    assert plans[-1].rungs == halving(27, 12, 100)
    assert plans[-1].final == Rung(5, 100, 3)


def test_with_time_enough_the_test_has_its_share_and_runs_of_all_epochs_at_most():
    made = plan(2000)
    assert made.reserved <= 0.4 * 0.95 * 2000 < made.reserved + 15
    assert plan(10_000, epochs=20).final == Rung(5, 20, 3)


def test_of_too_little_time_the_least_that_would_do_is_told_and_it_does():
    with pytest.raises(TooShort) as error:
        plan(100, start=0.5)
    assert seconds(plan(error.value.seconds + 1e-6, start=0.5), start=0.5) <= error.value.seconds
    with pytest.raises(TooShort):
        plan(error.value.seconds - 1, start=0.5)


def test_a_rung_without_time_has_fewer_epochs_then_seeds_then_candidates_then_is_left_out():
    def takes(rung):
        return rung.candidates * rung.epochs * rung.seeds

    assert shortened(Rung(5, 10, 3), 150, takes, 4) == Rung(5, 10, 3)
    assert shortened(Rung(5, 10, 3), 100, takes, 4) == Rung(5, 6, 3)
    assert shortened(Rung(5, 10, 3), 55, takes, 4) == Rung(5, 4, 2)
    assert shortened(Rung(5, 10, 3), 15, takes, 4) == Rung(3, 4, 1)
    assert shortened(Rung(5, 10, 3), 7, takes, 4) is None
    assert shortened(Rung(5, 2, 3), 15, takes, 4) == Rung(5, 2, 1)


def test_the_schedule_of_a_shorter_run_is_shortened_along():
    config = TrainConfig(epochs=100, schedule="step", milestones="50,80", warmup=5.0)
    made = of_length(config, 10)
    assert (made.epochs, made.milestones, made.warmup) == (10, "5,8", 0.5)
    assert of_length(config, 1).milestones == "1"
    assert of_length(config, 100) == config


def test_a_run_is_judged_by_the_last_quarter_of_its_epochs_ten_at_most():
    assert [last_epochs(count) for count in (1, 3, 4, 10, 40, 100)] == [1, 1, 1, 3, 10, 10]
