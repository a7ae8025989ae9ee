"""Ctrl-C and SIGTERM end each tool with one line and its code, and leave its files whole."""

import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from in_process import run_tool
from kills import end_session, tool
from same_run import assert_same_run, contents
from trained import options_of, tiny_config, train_tiny

from paddle_aug.commands import export as export_command
from paddle_aug.commands import train as train_command
from paddle_aug.data import image
from paddle_aug.evaluation import invariance
from paddle_aug.training import checkpoint, state
from paddle_aug.training import fit as train

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])


@pytest.fixture(scope="module")
def weights(tmp_path_factory, photos):
    return train_tiny(photos, tmp_path_factory.mktemp("run"))


def ask_at(monkeypatch, module, name, count, number):
    """Send the signal to this process when a function is called for the count-th time."""
    call, calls = getattr(module, name), []

    def asking(*args, **kwargs):
        calls.append(1)
        if len(calls) == count:
            os.kill(os.getpid(), number)
        return call(*args, **kwargs)

    monkeypatch.setattr(module, name, asking)


def commands(photos, weights, out):
    """Words of each tool that writes to `out`, and the call at which it is asked to stop."""
    pictures = sorted((photos / "Images").rglob("*.png"))
    logs = weights.parent.parent / "logs"
    decode, load, classify = (image, "_decode"), (np, "load"), (invariance, "classified")
    return {
        "check": ([photos, "--json", out / "report.json", "--montage", out / "m"], (*decode, 30)),
        "preview": (["userDef", "--data", photos, "--output", out / "p.png"], (*decode, 1)),
        "predict": ([weights, photos / "Images", "--csv", out / "found.csv"], (*decode, 20)),
        "evaluate": ([weights, "--out", out], (*decode, 10)),
        "invariance": ([weights, "--ops", "hflip,brightness", "--out", out], (*classify, 3)),
        "export_model": ([weights, out, "--images", *pictures], (*decode, 10)),
        "plot": ([logs, "--output", out], (*load, 3)),
    }


@BOTH
@pytest.mark.parametrize("name", commands(*[Path()] * 3))
def test_a_tool_that_is_stopped_leaves_what_was_there(
    name, number, photos, weights, tmp_path, monkeypatch, capsys
):
    words, call = commands(photos, weights, tmp_path / "out")[name]
    assert run_tool(f"{name}.py", *words, monkeypatch=monkeypatch) in (0, 1)
    before = contents(tmp_path)
    capsys.readouterr()
    ask_at(monkeypatch, *call, number)
    assert run_tool(f"{name}.py", *words, monkeypatch=monkeypatch) == 128 + number
    assert capsys.readouterr().err.splitlines() == ["stopped"]
    assert contents(tmp_path) == before


@BOTH
def test_an_export_that_is_stopped_says_that_the_same_command_goes_on(
    number, photos, tmp_path, monkeypatch, capsys
):
    words = ["--data", photos, "--augment", "userDef", "--image-size", 32, "--num-workers", 0]
    assert run_tool("export.py", tmp_path / "whole", *words, monkeypatch=monkeypatch) == 0
    capsys.readouterr()
    with monkeypatch.context() as patch:
        ask_at(patch, image, "_decode", 50, number)
        code = run_tool("export.py", tmp_path / "out", *words, monkeypatch=monkeypatch)
    assert code == 128 + number
    assert capsys.readouterr().err.splitlines()[-1] == export_command.STOPPED
    assert not (tmp_path / "out" / "Train.txt").exists()
    assert run_tool("export.py", tmp_path / "out", *words, monkeypatch=monkeypatch) == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.slow
@BOTH
def test_a_training_whose_processes_are_all_asked_to_stop_says_how_to_continue(
    number, photos, tmp_path
):
    """As terminals and batch systems ask; the workers say nothing."""
    config = tiny_config(
        photos, tmp_path / "stopped", augment="userDef", network="vgg_thin", batch_size=5,
        epochs=10_000, num_workers=2, cache="off",
    )  # fmt: skip
    running = subprocess.Popen(
        tool("train.py", *options_of(config)),
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        while epochs_done(config) < 2:  # by the second one both workers are there
            assert running.poll() is None
            time.sleep(0.02)
        os.killpg(running.pid, number)
        printed = running.communicate(timeout=120)[1]
    finally:
        end_session(running.pid)
    assert running.returncode == 128 + number, printed
    assert printed.splitlines()[-1] == train_command.STOPPED
    assert "Traceback" not in printed
    resumed = replace(config, epochs=epochs_done(config) + 1, resume=True)
    train.fit(resumed)
    logs, models = str(tmp_path / "logs"), str(tmp_path / "models")
    undisturbed = replace(resumed, log_dir=logs, model_dir=models, resume=False)
    train.fit(undisturbed)
    assert_same_run(resumed, undisturbed)


def epochs_done(config):
    """The whole epochs in a run's checkpoint."""
    file = state.model_file(config, "checkpoint.pdstates")
    return len(checkpoint.load(file)["curves"]["accEval"]) if file.exists() else 0
