"""What a training says, at any width of the terminal."""

import io
import logging
import re
import sys
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest
from tqdm import tqdm

from paddle_aug.config import TrainConfig
from paddle_aug.training import console
from paddle_aug.training.fit import fit
from paddle_aug.training.state import Progress, warn_of_other_machine

CONFIG = TrainConfig(augment="userDef", epochs=30, log_dir="logs", model_dir="models")


def progress(**more):
    curves = {"lossTrain": [1.3, 1.104], "accTrain": [0.5, 0.633],
              "lossEval": [1.4, 1.213], "accEval": [0.61, 0.607]}  # fmt: skip
    return Progress(curves, [{"seconds": 1.0}, {"seconds": 0.94, **more}])


def test_an_epoch_is_a_line_in_per_cent():
    line = "userDef 2/30  train 63.3 %  eval 60.7 %  loss 1.10/1.21  0.9 s"
    assert console.epoch_line(CONFIG, progress()) == line
    clean = console.epoch_line(CONFIG, progress(clean={"loss": 0.5, "acc": 0.98}))
    assert clean == line.replace("  loss", "  clean 98.0 %  loss")


def test_the_result_is_the_best_epoch_the_weights_and_the_next_command(monkeypatch):
    done = progress()
    done.test = {"loss": 1.0, "acc": 0.5}
    assert console.result(CONFIG, done) == (
        "userDef: best epoch 1 of 2, eval 61.0 %, weights in models/userDefAug_best.pdparams\n"
        "userDef: test 50.0 % with the last weights, models/userDefAug_last.pdparams"
    )
    monkeypatch.setattr(sys, "argv", ["tools/train.py"])
    command = "next: python tools/evaluate.py models/userDefAug_best.pdparams"
    assert console.next_command([CONFIG]) == command
    monkeypatch.setattr(sys, "argv", ["paddle-aug train"])
    both = [CONFIG, replace(CONFIG, augment="none")]
    assert console.next_command(both) == "next: paddle-aug plot logs"


def open_terminal(monkeypatch) -> io.StringIO:
    """What a terminal is sent from now on."""

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(console, "tqdm", partial(tqdm, mininterval=0, miniters=1))
    return terminal


@pytest.mark.parametrize(("columns", "more"), [(80, False), (120, True)])
def test_the_bar_keeps_what_matters_in_a_narrow_terminal(config, data, monkeypatch, columns, more):
    terminal = open_terminal(monkeypatch)
    monkeypatch.setenv("COLUMNS", str(columns))
    fit(replace(config, epochs=1), data)
    bars = [part for part in re.split(r"[\r\n]", terminal.getvalue()) if "acc" in part]
    assert bars
    for bar in bars:
        assert re.search(r"userDef 1/1:? .*img.*acc \d+\.\d %, wait \d+%", bar), bar
        assert ("loss" in bar) is more
        assert len(bar) <= columns


def test_with_quiet_there_is_no_bar(config, data, monkeypatch, caplog):
    terminal = open_terminal(monkeypatch)
    caplog.set_level(logging.WARNING, "paddle_aug")  # what --quiet sets
    fit(replace(config, epochs=1), data)
    assert terminal.getvalue() == ""


@pytest.mark.parametrize(
    ("changed", "decoded", "processes", "advice"),
    [
        ({"engine": "imgaug"}, None, 0, "--engine native draws the same pipeline"),
        ({}, None, 0, "--cache ram or disk would decode each image only once"),
        ({}, "held", 1, "--num-workers 4 would augment on every core"),
        ({}, "held", 4, "all cores augment already"),
    ],
)
def test_a_long_wait_for_data_brings_advice_that_shortens_it(
    changed, decoded, processes, advice, monkeypatch, caplog
):
    monkeypatch.setattr(console, "cores", lambda: 4)
    workers = SimpleNamespace(
        datasets={"train": SimpleNamespace(decoded=decoded)}, processes=processes
    )
    run = SimpleNamespace(config=replace(CONFIG, **changed))
    for wait, seconds in ((0.1, 2.0), (0.234, 2.0), (0.345, 0.5)):
        console.Console(workers).on_epoch_end(run, progress(data_wait=wait, seconds=seconds))
    (message,) = (each.getMessage() for each in caplog.records if each.levelname == "WARNING")
    assert message.startswith("userDef: waiting for data took 23 % of the epoch; " + advice)


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({}, None),
        ({"cpu": "Intel Xeon"}, "CPU Intel Xeon (before: AMD EPYC)"),
        ({"mkl": None}, "MKL_DEBUG_CPU_TYPE unset (before: 5)"),
        ({"versions": {"paddle": "2.6.2"}}, "Paddle 2.6.2 (before: 3.3.1)"),
        ({"device": "gpu:1"}, "device gpu (before: cpu)"),
    ],
)
def test_a_resumed_run_on_another_machine_says_that_its_bits_differ(change, difference, caplog):
    before = {"device": "cpu", "cpu": "AMD EPYC", "mkl": "5", "versions": {"paddle": "3.3.1"}}
    warn_of_other_machine(CONFIG, before, {**before, **change})
    messages = [record.getMessage() for record in caplog.records]
    assert [difference in message for message in messages] == ([True] if difference else [])
    earlier = {name: value for name, value in before.items() if name != "cpu"}
    caplog.clear()
    warn_of_other_machine(CONFIG, earlier, before)
    assert not caplog.records
