"""Training that Ctrl-C or SIGTERM ends goes on after its last whole epoch, to the same bits."""

import os
import signal
from dataclasses import replace

import paddle
import pytest
from same_run import assert_same_run, checkpoint_of
from trained import tiny_config

from paddle_aug.inputs import selected
from paddle_aug.results import runlog
from paddle_aug.system.signals import sigterm_raises
from paddle_aug.training import fit as train
from paddle_aug.training import gradients

STEPS = 5  # an epoch: 24 images, five a step


@pytest.fixture
def config(tmp_path):
    return tiny_config(
        "", tmp_path, augment="userDef", network="vgg_thin", batch_size=5, learning_rate=1e-2,
        epochs=2,
    )  # fmt: skip


def train_undisturbed(config, data, tmp_path):
    whole = replace(config, log_dir=str(tmp_path / "b"), model_dir=str(tmp_path / "mb"))
    train.fit(whole, data)
    return whole


def interrupted(config, data, losses, number=signal.SIGTERM):
    """Train until the signal, which comes while so many a loss of this session is computed."""
    compute, seen = gradients.smoothed_loss, []

    def interrupting(*args):
        seen.append(1)
        if len(seen) == losses:
            os.kill(os.getpid(), number)
        return compute(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gradients, "smoothed_loss", interrupting)
        with sigterm_raises(), pytest.raises(KeyboardInterrupt) as stop:
            train.fit(config, data)
    assert getattr(stop.value, "number", signal.SIGINT) == number
    assert len(seen) == losses, "it ends at once"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"network": "vgg_thin_bn", "ema": 0.5, "mix": "mixup:1+cutmix", "schedule": "cosine"},
        {"num_workers": 1, "optimizer": "sgd", "momentum": 0.9, "holdout": 0.25},
    ],
    ids=["dropout", "batch norm, average, mixing", "a worker and a test list"],
)
def test_interrupted_in_each_epoch_equals_undisturbed(config, data, tmp_path, changes):
    config = replace(config, **changes)
    chosen = selected(config, data)
    whole = train_undisturbed(config, chosen, tmp_path)
    resumed = replace(config, resume=True)
    steps = -(-len(chosen.train) // 5)
    interrupted(resumed, chosen, 2)
    interrupted(resumed, chosen, steps + 2, signal.SIGINT)
    train.fit(resumed, chosen)
    assert_same_run(config, whole)
    sessions = runlog.read_run_file(config.log_dir, config.mode)["sessions"]
    assert [session["from_epoch"] for session in sessions] == [0, 1]


class OddScaler:
    """In the place of Paddle's, which wants a GPU: its factor is no power of two and changes with
    each step, so that a factor lost is a bit lost."""

    def __init__(self, enable):
        self.steps = 0

    @property
    def factor(self):
        return 3.0 + self.steps

    def scale(self, loss):
        return loss * self.factor

    def step(self, optimizer):
        for parameter in optimizer._parameter_list:
            if parameter.grad is not None:
                parameter.grad.set_value(parameter.grad / self.factor)
        optimizer.step()

    def update(self):
        self.steps += 1

    def state_dict(self):
        return {"steps": self.steps}

    def load_state_dict(self, state):
        self.steps = state["steps"]


def test_the_scaler_of_mixed_precision_goes_on_too(config, data, tmp_path, monkeypatch):
    monkeypatch.setattr(paddle.amp, "GradScaler", OddScaler)
    whole = train_undisturbed(config, data, tmp_path)
    interrupted(config, data, STEPS + 3)
    train.fit(replace(config, resume=True), data)
    assert checkpoint_of(config)["scaler"] == {"steps": 2 * STEPS}
    assert_same_run(config, whole)
