"""A training that diverges: where it is noticed, what is kept, and what is said."""

import json
import logging
import math
from dataclasses import replace

import numpy as np
import paddle
import pytest
from in_process import refusal
from same_run import assert_same_run
from trained import options_of

from paddle_aug.errors import Diverged
from paddle_aug.results import runlog
from paddle_aug.training import checkpoint
from paddle_aug.training.callbacks import Callback
from paddle_aug.training.distributed import Group
from paddle_aug.training.fit import fit
from paddle_aug.training.meters import EpochMetrics
from paddle_aug.training.state import model_file

GOOD, LOST = [[2.0, 1.0]], [[math.nan, 1.0]]
RIGHT = paddle.to_tensor([[1.0, 0.0]])


class Poison(Callback):
    """Makes a value of the state NaN after a step, that of the last layer's bias unless the end of
    another name is given; epochs and steps count from 1."""

    def __init__(self, epoch, step, ending=".bias"):
        self.place, self.ending = (epoch, step), ending

    def on_batch_end(self, run, progress, step):
        if (progress.done + 1, step.number) == self.place:
            *_, name = (name for name in run.network.state_dict() if name.endswith(self.ending))
            value = run.network.state_dict()[name]
            value.set_value(value * math.nan)


def strict(file):
    """A JSON file, in which no NaN is allowed."""

    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    return json.loads(file.read_text(encoding="utf-8"), parse_constant=refuse)


def diverge(config, data, *poison):
    """Train until it diverges; returns the message and run.json."""
    with pytest.raises(Diverged) as stopped:
        fit(config, data, [Poison(*poison)])
    return str(stopped.value), strict(runlog.run_file(config.log_dir, config.mode))


def test_an_epoch_that_diverges_is_dropped_and_the_epochs_before_stay(config, data, elsewhere):
    whole, kept = replace(config, epochs=2), replace(config, **elsewhere)
    fit(whole, data)
    message, facts = diverge(kept, data, 3, 2)
    best = model_file(kept, "best.pdparams")
    assert message == (
        "userDef: the training diverged in epoch 3 of 3: its losses are not finite numbers from "
        "step 3 of 5 on, at learning rate 0.001; the logs, the checkpoint and "
        f"{best} are those of the 2 epochs before. Try the same command with --learning-rate "
        "0.0001 or --warmup 1"
    )
    assert facts["diverged"] == {"epoch": 3, "step": 3, "steps": 5, "learning_rate": 0.001}
    assert not facts["finished"]
    assert len(facts["epochs"]) == 2
    (run,), (before,) = runlog.read_runs(kept.log_dir), runlog.read_runs(whole.log_dir)
    assert run.diverged == 3
    for name, curve in run.curves.items():
        np.testing.assert_array_equal(curve, [*before.curves[name], np.nan])
    assert best.read_bytes() == model_file(whole, "best.pdparams").read_bytes()
    assert not model_file(kept, "last.pdparams").exists()
    assert len(checkpoint.load(model_file(kept, "checkpoint.pdstates"))["epochs"]) == 2


def test_what_is_kept_can_be_resumed_to_the_bit(config, data, elsewhere):
    again = replace(config, **elsewhere)
    diverge(config, data, 2, 1)
    fit(replace(config, resume=True), data)
    fit(again, data)
    assert_same_run(config, again)


def test_a_run_that_diverged_at_once_has_nothing_to_resume(config, data):
    message, facts = diverge(config, data, 1, 1)
    assert "epoch 1 of 3: its losses are not finite numbers from step 2 of 5 on" in message
    assert "checkpoint" not in message
    assert (facts["best"], facts["epochs"]) == (None, [])
    with pytest.raises(Diverged, match=r"it diverged in epoch 1; drop --resume to start"):
        fit(replace(config, resume=True), data)


@pytest.mark.parametrize(
    ("step", "ending"),
    [
        (5, ".bias"),
        (2, "features.0.weight"),  # whose ReLU turns NaN into 0
        (2, "._mean"),  # running statistics, which a step that --amp skips may spoil
    ],
)
def test_weights_that_no_training_loss_shows_are_noticed_in_the_same_epoch(
    step, ending, config, data
):
    message, facts = diverge(config, data, 2, step, ending)
    assert facts["diverged"]["step"] == 5
    assert (
        "in epoch 2 of 3: its weights or outputs are not finite numbers after step 5 of 5, at"
    ) in message


def test_a_large_learning_rate_ends_the_command_with_one_message(
    config, monkeypatch, capsys
):  # fmt: skip
    config = replace(config, network="vgg_thin", optimizer="sgd", learning_rate=1e20)
    words = [*options_of(config), "--quiet"]
    line = refusal("train.py", *words, monkeypatch=monkeypatch, capsys=capsys)
    assert line.startswith("userDef: the training diverged in epoch 1 of 3: its ")
    assert line.endswith("--learning-rate 0.1 or --warmup 1\n")


class Numb(Callback):
    """From the second epoch on, the weights of the last layer are 0 after each step."""

    def on_batch_end(self, run, progress, step):
        *_, last = (value for value in run.network.state_dict().values() if value.ndim == 2)
        if progress.done:
            last.set_value(last * 0)


def test_a_network_that_gives_all_images_the_same_outputs_brings_one_warning(config, data, caplog):
    with caplog.at_level(logging.WARNING, "paddle_aug"):
        progress = fit(config, data, [Numb()])
    (line,) = [message for message in caplog.messages if "outputs" in message]
    assert line == (
        "userDef: after epoch 2 the network gives all eval images the same outputs: it is dead and "
        "will hardly learn again. Try the same command with --learning-rate 0.0001 or --warmup 1"
    )
    assert progress.finished(config)


@pytest.mark.parametrize(
    ("logits", "step"), [([GOOD, LOST, GOOD], 2), ([LOST], 1), ([GOOD, GOOD], None)]
)
def test_the_step_is_found_from_one_number_on_the_device(logits, step):
    metrics = EpochMetrics()
    for each in logits:
        metrics.add(paddle.to_tensor(each), RIGHT)
    assert metrics.first_lost(Group()) == step
    assert math.isfinite(metrics.means()["loss"]) == (LOST not in logits)


def test_steps_that_mixed_precision_skips_are_no_divergence():
    skipping, plain = EpochMetrics(amp=True), EpochMetrics()
    assert math.isnan(skipping.means()["loss"])
    for logits in (LOST, GOOD, LOST, GOOD):
        skipping.add(paddle.to_tensor(logits), RIGHT)
    for logits in (GOOD, GOOD):
        plain.add(paddle.to_tensor(logits), RIGHT)
    assert skipping.means() == plain.means()
    assert skipping.first_lost(Group()) is None
    nothing = EpochMetrics(amp=True)
    nothing.add(paddle.to_tensor(LOST), RIGHT)
    assert math.isnan(nothing.means()["loss"])
    assert nothing.first_lost(Group()) == 1
