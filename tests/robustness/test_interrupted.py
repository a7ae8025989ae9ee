"""Training that Ctrl-C or SIGTERM ends goes on after its last whole epoch, to the same bits."""

import os
import signal
from dataclasses import replace

import paddle
import pytest
from same_run import assert_same_run, checkpoint_of

from paddle_aug.config import TrainConfig
from paddle_aug.data.augmented import Augmented
from paddle_aug.data.workers import WorkerKilled
from paddle_aug.errors import UserError
from paddle_aug.inputs import selected
from paddle_aug.results import runlog
from paddle_aug.system.signals import sigterm_raises
from paddle_aug.training import checkpoint, gradients, state
from paddle_aug.training import fit as train

STEPS = 5  # an epoch: 24 images, five a step


@pytest.fixture
def config(tmp_path):
    return TrainConfig(
        augment="userDef", network="vgg_thin", image_size=16, batch_size=5, learning_rate=1e-2,
        epochs=2, device="cpu", threads=1, num_workers=0, log_dir=str(tmp_path / "logs"),
        model_dir=str(tmp_path / "models"),
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


def test_interrupted_in_an_evaluation_equals_undisturbed(config, data, tmp_path, monkeypatch):
    config = replace(config, ema=0.5)
    whole = train_undisturbed(config, data, tmp_path)
    make, evaluated = Augmented.__getitem__, []

    def interrupting(self, key):
        evaluated.append(len(self) != 24)
        if sum(evaluated) == 12 + 8:  # in the second epoch
            os.kill(os.getpid(), signal.SIGINT)
        return make(self, key)

    with monkeypatch.context() as patch:
        patch.setattr(Augmented, "__getitem__", interrupting)
        with pytest.raises(KeyboardInterrupt):
            train.fit(config, data)
    train.fit(replace(config, resume=True), data)
    assert_same_run(config, whole)


def test_a_worker_that_dies_is_told(config, data, monkeypatch):
    def dying(self, epoch):
        raise WorkerKilled("a worker process was killed")
        yield

    monkeypatch.setattr(train.Batches, "of", dying)
    with pytest.raises(WorkerKilled, match="a worker process was killed"):
        train.fit(config, data)


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


def test_a_checkpoint_that_an_earlier_version_wrote_within_an_epoch_is_refused(config, data):
    train.fit(replace(config, epochs=1), data)
    path = state.model_file(config, "checkpoint.pdstates")
    part = {"step": 2, "seconds": 1.0, "waited": 0.5, "total": {}, "dropout": {}}
    checkpoint.save(path, {**checkpoint.load(path), "part": part})
    with pytest.raises(UserError, match=r"in the middle of epoch 2 .* earlier version"):
        train.fit(replace(config, resume=True), data)
    checkpoint.save(path, {**checkpoint.load(path), "part": None})
    assert train.fit(replace(config, resume=True), data).done == 2
