"""Callbacks follow a training, may end it, and change nothing else."""

import re
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from made_data import write_dataset
from same_run import assert_same_run

from paddle_aug.results import runlog
from paddle_aug.training.callbacks import Callback
from paddle_aug.training.fit import fit
from paddle_aug.training.state import model_file

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
    # At this rate no prediction changes, so the first epoch stays the best.
    tiny = {"network": "vgg_thin", "image_size": 16, "learning_rate": 1e-12, "device": "cpu"}
    script = script.replace('"epochs": 50', f'"epochs": 50, **{tiny}').replace(
        "patience=5", "patience=1"
    )
    write_dataset(tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    exec(script, {"__name__": "__main__"})
    run = runlog.read_run_file("logs", "userDef")
    assert len(run["epochs"]) == 2
    assert run["finished"] is True
