"""Assertions that two runs, or two comparisons, differ in nothing but times."""

import json
from pathlib import Path

import numpy as np

from paddle_aug.config import TrainConfig
from paddle_aug.experiments import compare_report, compare_results, search_report
from paddle_aug.results import runlog
from paddle_aug.training import checkpoint
from paddle_aug.training.state import MAY_CHANGE, model_file

OF_ONE_SESSION = ("sessions", "argv", "versions", "commit", "device")
TIMES = ("seconds", "data_wait", "images_per_s")


def contents(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def checkpoint_of(config: TrainConfig) -> dict:
    return checkpoint.load(model_file(config, "checkpoint.pdstates"))


def facts(config: TrainConfig) -> dict:
    """run.json without times and without the facts of a session."""
    run = runlog.read_run_file(config.log_dir, config.mode)
    for name in OF_ONE_SESSION:
        del run[name]
    run["config"] = {name: value for name, value in run["config"].items() if name not in MAY_CHANGE}
    for epoch in run["epochs"]:
        for name in TIMES:
            del epoch[name]
    return run


def assert_same_values(one, other, where: str = "") -> None:
    """Compare dicts and lists of arrays and plain values."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            assert_same_values(one[key], other[key], f"{where}.{key}")
    else:
        np.testing.assert_array_equal(one, other, err_msg=where)


def assert_same_run(one: TrainConfig, other: TrainConfig) -> None:
    assert facts(one) == facts(other)
    for name in runlog.CURVES:
        file = f"{runlog.prefix(one.mode)}{name}.npy"
        assert (Path(one.log_dir) / file).read_bytes() == (Path(other.log_dir) / file).read_bytes()
    for name in ("best.pdparams", "last.pdparams"):
        ours, theirs = (checkpoint.load(model_file(run, name)) for run in (one, other))
        assert_same_values(ours, theirs, name)
    for name in ("network", "optimizer", "average", "scaler", "curves", "test"):
        assert_same_values(checkpoint_of(one)[name], checkpoint_of(other)[name], name)


def assert_same_comparison(one, other):
    """Two folders of a comparison are equal but for times and commands, figures to the byte."""
    names = [{str(file.relative_to(out)) for file in out.rglob("*")} for out in (one, other)]
    # The figure of cost is only drawn where times are steady.
    assert names[0] ^ names[1] <= {"cost.png"}
    for file in sorted(one.rglob("*.npy")):
        assert file.read_bytes() == (other / file.relative_to(one)).read_bytes()
    left, right = compare_results.read(one), compare_results.read(other)
    assert compare_report.answer(left) == compare_report.answer(right)
    assert compare_report.method(left) == compare_report.method(right)
    assert compare_report.accuracy_table(left, 1.0) == compare_report.accuracy_table(right, 1.0)
    assert compare_report.class_table(left) == compare_report.class_table(right)
    for name in ("modes.png", "accuracy.png", "accuracy_all.png", "classes.png", "examples.png"):
        if (one / name).exists():
            assert (one / name).read_bytes() == (other / name).read_bytes(), name
    states = [json.loads((folder / compare_results.STATE).read_text()) for folder in (one, other)]
    for state in states:
        for name in ("spent", "command", "commit"):
            del state[name]
    assert states[0] == states[1]


def assert_same_search(one: Path, other: Path) -> None:
    """Two folders of a search are equal but for times, commands and the order of their runs."""
    names = [{str(file.relative_to(out)) for file in out.rglob("*")} for out in (one, other)]
    assert names[0] == names[1]
    for file in sorted(one.rglob("*.npy")):
        assert file.read_bytes() == (other / file.relative_to(one)).read_bytes()
    states = [json.loads((folder / "search.json").read_text()) for folder in (one, other)]
    assert search_report.answer(states[0]) == search_report.answer(states[1])
    for state in states:
        for name in ("spent", "side_by_side", "command"):
            del state[name]
        del state["plan"]["reserved"]
        for run in state["runs"]:
            del run["seconds"], run["epoch_seconds"]
        state["runs"].sort(key=lambda run: (run["part"], run["seed"], run["mode"]))
    assert states[0] == states[1]
