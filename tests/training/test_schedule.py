"""The learning rate over a run."""

import math
from dataclasses import replace

import pytest

from paddle_aug.config import TrainConfig
from paddle_aug.errors import UserError
from paddle_aug.training.schedule import learning_rate, plateaus

CONFIG = TrainConfig(learning_rate=0.1, epochs=20)


def over_epochs(config, losses=(1.0,) * 20):
    return [learning_rate(config, epoch, 1.0, losses[:epoch]) for epoch in range(config.epochs)]


def test_a_constant_rate_stays_and_a_cosine_falls_from_it_to_nothing():
    assert over_epochs(CONFIG) == [0.1] * 20
    rates = over_epochs(replace(CONFIG, schedule="cosine", epochs=4))
    assert rates == pytest.approx([0.1, 0.1 * (1 + 0.5**0.5) / 2, 0.05, 0.1 * (1 - 0.5**0.5) / 2])


def test_a_step_lowers_the_rate_from_its_epoch_on():
    """As the document does: `if epoch == 15: set_learning_rate(optimizer, 0.01)`, from 0."""
    rates = over_epochs(replace(CONFIG, schedule="step", milestones="15"))
    assert rates == pytest.approx([0.1] * 15 + [0.01] * 5)
    twice = over_epochs(replace(CONFIG, schedule="step", milestones="5,10", gamma=0.5))
    assert twice == pytest.approx([0.1] * 5 + [0.05] * 5 + [0.025] * 10)


def test_a_plateau_lowers_the_rate_after_so_many_epochs_without_a_lower_loss():
    losses = [3.0, 2.0, 2.5, 2.1, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    config = replace(CONFIG, schedule="plateau", patience=2, epochs=10)
    # Two epochs (2.5, 2.1) lie behind the fifth, then five of 1.0 behind the first 1.0.
    expected = [0.1] * 4 + [0.01] * 3 + [0.001] * 2 + [0.0001]
    assert over_epochs(config, losses) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("losses", "count"), [([0.9, 0.8], 0), ([0.99999, 0.99998], 1), ([math.nan, math.nan], 1)]
)
def test_a_loss_that_is_no_number_or_hardly_lower_is_not_lower(losses, count):
    assert plateaus([1.0, *losses], patience=2) == count


def test_a_warm_up_rises_with_every_step_and_multiplies_the_schedule():
    config = replace(CONFIG, warmup=2.0)
    assert learning_rate(config, 0, 0.1, []) == pytest.approx(0.005)
    assert learning_rate(config, 1, 0.5, []) == pytest.approx(0.075)
    assert learning_rate(config, 2, 0.01, []) == 0.1
    cosine = replace(config, schedule="cosine", epochs=4)
    bare = replace(cosine, warmup=0.0)
    assert learning_rate(cosine, 1, 0.5, []) == 0.75 * learning_rate(bare, 1, 0.5, [])


@pytest.mark.parametrize("milestones", ["x", "0", "5,3", "4,4", "-1", "1.5"])
def test_milestones_that_are_none_are_refused(milestones):
    with pytest.raises(UserError, match="--milestones takes rising epochs"):
        TrainConfig(schedule="step", milestones=milestones)


@pytest.mark.parametrize("given", [{"schedule": "step"}, {"milestones": "5"}])
def test_steps_and_milestones_belong_together(given):
    with pytest.raises(UserError, match="need each other"):
        TrainConfig(**given)
