"""The candidates that a search proposes, and how its plan shares the budget out."""

from itertools import pairwise

import pytest

from paddle_aug.config import TrainConfig
from paddle_aug.experiments import search_space
from paddle_aug.experiments.runner import check_mode
from paddle_aug.experiments.search_plan import (
    MIN_EPOCHS,
    MIN_TEST_EPOCHS,
    Plan,
    Rung,
    halving,
    make_plan,
    of_length,
    shortened,
)

# What is proposed


def test_the_same_seed_proposes_the_same_list_and_a_shorter_one_is_its_beginning():
    assert search_space.propose(3, 20) == search_space.propose(3, 40)[:20]
    assert search_space.propose(3, 20) != search_space.propose(4, 20)


def test_every_text_of_the_space_can_be_trained_with():
    config = TrainConfig()
    operations = [text for family in search_space.OPERATIONS.values() for text in family]
    mixed = [f"hflip+{mix}" for mix in search_space.MIXES]
    for mode in [*operations, *search_space.MODES, *mixed, *search_space.propose(0, 200)]:
        check_mode(config, mode)


def test_candidates_are_distinct_every_third_is_a_mode_until_there_are_no_more():
    proposed = search_space.propose(0, 60)
    assert len(set(proposed)) == 60
    modes = [mode for mode in proposed if mode in search_space.MODES]
    assert proposed[: 3 * len(modes) : 3] == modes
    assert set(modes) == set(search_space.MODES)
    assert any("+" in mode for mode in proposed)


def test_of_a_space_that_is_used_up_there_are_fewer(monkeypatch):
    monkeypatch.setattr(search_space, "OPERATIONS", {"flip": ("hflip",), "noise": ("noise(3)",)})
    monkeypatch.setattr(search_space, "MAX_MEMBERS", 2)
    monkeypatch.setattr(search_space, "MODES", ("userDef",))
    monkeypatch.setattr(search_space, "MIXES", ("cutmix",))
    pipelines = {
        "hflip", "noise(3)", "hflip|noise(3)", "shuffled(hflip, noise(3))",
        "someof(1, 2, hflip, noise(3))",
    }  # fmt: skip
    mixed = {f"{pipeline}+cutmix" for pipeline in pipelines}
    assert set(search_space.propose(0, 100)) == {"userDef", *pipelines, *mixed}


# What is planned


def test_of_each_rung_the_best_third_goes_on_for_longer_and_with_more_seeds():
    assert halving(27, 4, 100) == [Rung(27, 4, 1), Rung(9, 6, 2), Rung(3, 12, 3)]
    assert halving(12, 3, 100) == [Rung(12, 3, 1), Rung(4, 4, 2), Rung(2, 9, 3)]
    assert halving(3, 5, 5) == [Rung(3, 5, 1)]
    assert [rung.epochs for rung in halving(27, 10, 20)] == [10, 15, 20]


def plan(left, epoch=1.0, start=0.0, epochs=100, candidates=27, modes=5, seeds=3):
    def takes(count):
        return start + count * epoch

    return make_plan(left, takes, takes, candidates, Rung(modes, epochs, seeds))


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


def test_for_too_little_time_the_shortest_that_suffices_is_returned_and_it_does():
    least = plan(100, start=0.5)
    assert seconds(plan(least + 1e-6, start=0.5), start=0.5) <= least
    assert not isinstance(plan(least - 1, start=0.5), Plan)


def test_a_rung_without_time_has_fewer_epochs_then_seeds_then_candidates_then_is_left_out():
    def takes(rung):
        return rung.candidates * rung.epochs * rung.seeds

    for seconds_left, rung in (
        (150, Rung(5, 10, 3)), (100, Rung(5, 6, 3)), (40, Rung(5, 3, 2)), (10, Rung(3, 3, 1)),
        (5, None),
    ):  # fmt: skip
        assert shortened(Rung(5, 10, 3), seconds_left, takes) == rung
    assert shortened(Rung(5, 2, 3), 15, takes) == Rung(5, 2, 1)


def test_the_schedule_of_a_shorter_run_is_shortened_along():
    config = TrainConfig(epochs=100, schedule="step", milestones="50,80", warmup=5.0)
    made = of_length(config, 10)
    assert (made.epochs, made.milestones, made.warmup) == (10, "5,8", 0.5)
    assert of_length(config, 1).milestones == "1"
    assert of_length(config, 100) == config
