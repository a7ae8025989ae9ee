"""What distinguishes the epochs of a run: the best one, and the seed of dropout."""

from dataclasses import replace

import paddle
import pytest

from paddle_aug.training.fit import fit


@pytest.fixture
def config(config):
    # So slow that no prediction changes: all epochs are equally good.
    return replace(config, network="vgg_thin", learning_rate=1e-12)


def test_of_equally_good_epochs_the_first_is_the_best(config):
    progress = fit(config)
    assert len(set(progress.curves["accEval"])) == 1
    assert progress.best["epoch"] == 1


def test_each_epoch_seeds_dropout_differently(config, monkeypatch):
    seeds, set_seed = [], paddle.seed

    def record(seed):
        seeds.append(seed)
        return set_seed(seed)

    monkeypatch.setattr(paddle, "seed", record)
    fit(config)
    assert len(seeds) >= 4, "for the network's weights, and for each epoch"
    assert len(set(seeds)) == len(seeds)
