"""Callbacks follow a training, may end it, and change nothing else."""

import re
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from made_data import write_dataset
from same_run import assert_same_run

from paddle_aug.results import runlog
from paddle_aug.training.callbacks import Callback, EarlyStop
from paddle_aug.training.fit import fit
from paddle_aug.training.state import Progress, model_file

EVENTS = (
    "on_train_begin", "on_epoch_begin", "on_batch_end", "on_epoch_end", "on_train_end", "close",
)  # fmt: skip


@pytest.fixture
def config(config):
    changes = {"augment": "userDef+mixup:1", "network": "vgg_thin", "learning_rate": 1e-2}
    return replace(config, batch_size=12, **changes)


class Noting(Callback):
    """Notes each event, with the epochs done and the best weights' file."""

    def __init__(self):
        self.events = []

    def __getattribute__(self, name):
        if name not in EVENTS:
            return super().__getattribute__(name)
        return lambda *values: self.note(name, *values)

    def note(self, event, run=None, progress=None, step=None):
        saved = run is not None and model_file(run.config, "checkpoint.pdstates").exists()
        self.events.append((event, progress and progress.done, step and step.number, saved))
        if step:
            assert step.images == 12
            assert step.inputs.shape == [12, 3, 16, 16]
            assert step.targets.shape == step.logits.shape == [12, 3]
            assert 0 <= step.metrics.means()["acc"] <= 1
            assert 0 <= step.watch.share <= 1


class StopAfter(Callback):
    def __init__(self, epochs):
        self.epochs = epochs

    def on_epoch_end(self, run, progress):
        if progress.done == self.epochs:
            progress.stop()


def test_events_come_in_order_and_change_nothing(config, data, elsewhere):
    noting = Noting()
    fit(replace(config, epochs=2), data, [noting])
    assert noting.events == [
        ("on_train_begin", 0, None, False),
        ("on_epoch_begin", 0, None, False),
        ("on_batch_end", 0, 1, False),
        ("on_batch_end", 0, 2, False),
        ("on_epoch_end", 1, None, False),
        ("on_epoch_begin", 1, None, True),
        ("on_batch_end", 1, 1, True),
        ("on_batch_end", 1, 2, True),
        ("on_epoch_end", 2, None, True),
        ("on_train_end", 2, None, True),
        ("close", None, None, False),
    ]
    plain = replace(config, epochs=2, **elsewhere)
    fit(plain, data)
    assert_same_run(config, plain)


def test_a_callback_is_closed_after_an_error(config, data):
    class Failing(Noting):
        def note(self, event, *values):
            super().note(event, *values)
            if event == "on_epoch_end":
                raise ValueError("it broke")

    failing = Failing()
    with pytest.raises(ValueError, match="it broke"):
        fit(config, data, [failing])
    assert [event for event, *_ in failing.events][-2:] == ["on_epoch_end", "close"]


def test_a_stopped_training_is_finished_with_all_its_files_until_it_gets_more_epochs(
    config, data, elsewhere
):
    progress = fit(config, data, [StopAfter(2)])
    assert (progress.done, progress.stopped) == (2, True)
    assert model_file(config, "last.pdparams").exists()
    assert runlog.read_run_file(config.log_dir, config.mode)["finished"] is True
    assert fit(replace(config, resume=True), data).done == 2
    assert fit(replace(config, resume=True, epochs=4), data).done == 4
    whole = replace(config, epochs=4, **elsewhere)
    fit(whole, data)
    assert_same_run(replace(config, epochs=4), whole)


CURVES = {  # by epoch, from 1
    "accEval": [0.1, 0.5, 0.4, 0.5, 0.5, 0.6, 0.6, 0.6, 0.6],
    "lossEval": [3.0, 2.0, 1.0, 1.0, 0.9, 0.95, 0.9, 1.2, 1.5],
}


@pytest.mark.parametrize(
    ("by", "epochs", "end"),
    [("accuracy", 3, 5), ("accuracy", 2, 4), ("accuracy", 4, None), ("loss", 2, 7), ("loss", 1, 4),
     ("loss", 5, None), ("loss", 0, None), ("accuracy", 0, None)],
)  # fmt: skip
def test_early_stop_waits_so_many_epochs_for_an_improvement(config, by, epochs, end):
    """An equal value is no improvement."""
    run = SimpleNamespace(config=replace(config, early_stop=epochs, early_stop_by=by))
    ends = []
    for done in range(1, 10):
        curves = {name: values[:done] for name, values in CURVES.items()}
        progress = Progress(curves, epochs=[{}] * done)
        EarlyStop().on_epoch_end(run, progress)
        ends += [done] * progress.stopped
    assert ends[:1] == ([end] if end else [])


def test_an_early_stopped_run_is_finished_and_resumes_to_the_same_bits(
    config, data, elsewhere, caplog
):
    # At this rate no prediction changes, so the first epoch stays the best.
    config = replace(config, augment="userDef", early_stop=2, learning_rate=1e-12, epochs=9)
    whole = replace(config, **elsewhere)
    with caplog.at_level("INFO"):
        assert fit(whole, data).done == 3
    text = "stopped after epoch 3 of 9, as the eval accuracy has not improved since epoch 1"
    assert text in caplog.text
    fit(replace(config, epochs=2), data)
    fit(replace(config, resume=True), data)
    assert_same_run(config, whole)
    run = runlog.read_run_file(config.log_dir, config.mode)
    assert (run["finished"], run["stopped"], run["config"]["early_stop"]) == (True, True, 2)
    assert fit(replace(config, resume=True), data).done == 3
    assert fit(replace(config, resume=True, epochs=12), data).done == 4, "not improved either"


def scripts(repository):
    page = (repository / "docs" / "training.md").read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def test_the_callback_of_the_page_logs_each_epoch(config, data, repository, monkeypatch):
    """To a stand-in, as wandb is no requirement."""
    calls = []
    wandb = SimpleNamespace(
        init=lambda **facts: calls.append(facts),
        log=lambda values, step: calls.append((step, values)),
        finish=lambda: calls.append("finish"),
    )
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    page = {}
    exec(scripts(repository)[1], page)
    progress = fit(replace(config, epochs=2), data, [page["WandB"]()])
    began, *epochs, ended = calls
    assert began["name"] == config.mode
    assert began["config"]["epochs"] == 2
    curves = progress.curves.items()
    assert epochs == [
        (epoch + 1, {name: curve[epoch] for name, curve in curves}) for epoch in range(2)
    ]
    assert ended == "finish"


def test_the_script_of_the_page_stops_early(tmp_path, monkeypatch, repository):
    script, _ = scripts(repository)
    tiny = {"network": "vgg_thin", "image_size": 16, "device": "cpu"}
    script = script.replace('"epochs": 50', f'"epochs": 50, **{tiny}').replace(
        "accuracy=0.95", "accuracy=0.1"
    )
    write_dataset(tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    exec(script, {"__name__": "__main__"})
    run = runlog.read_run_file("logs", "userDef")
    assert len(run["epochs"]) == 1
    assert (run["finished"], run["stopped"]) == (True, True)
