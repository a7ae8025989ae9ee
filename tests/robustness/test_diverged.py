"""Every tool that meets what a diverged training leaves: weights, outputs or curves of NaN."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from in_process import refusal, run_tool
from made_logs import curves
from trained import options_of, tiny_config

from paddle_aug.results import runlog
from paddle_aug.system.files import write_json
from paddle_aug.training import checkpoint
from paddle_aug.training.fit import fit
from paddle_aug.training.state import model_file

WEIGHTS_LOST = "holds weights of a training that diverged: "
OUTPUTS_LOST = "the outputs of the trained network are not finite numbers"


@pytest.fixture(scope="module")
def run(tmp_path_factory, photos):
    """The config of a training whose files tests copy."""
    config = tiny_config(photos, tmp_path_factory.mktemp("run"), network="lenet", image_size=32)
    fit(config)
    return config


def spoiled(run, folder: Path, value: float) -> Path:
    """The weights of the run, of which those of the last layer all have one value."""
    content = checkpoint.load(model_file(run, "last.pdparams"))
    *_, name = (name for name, array in content.items() if np.ndim(array) == 2)
    content[name] = np.full_like(content[name], value)
    file = folder / "spoiled.pdparams"
    checkpoint.save(file, content)
    return file


@pytest.mark.parametrize(("value", "message"), [(math.nan, WEIGHTS_LOST), (3e38, OUTPUTS_LOST)])
@pytest.mark.parametrize("tool", ["evaluate", "predict", "invariance", "export_model"])
def test_a_tool_refuses_weights_that_give_no_numbers(
    tool, value, message, run, photos, tmp_path, monkeypatch, capsys
):
    out = tmp_path / "out"
    words = {
        "evaluate": ["--out", out, "--num-workers", 0],
        "predict": [photos / "Images", "--csv", tmp_path / "out.csv", "--num-workers", 0],
        "invariance": ["--out", out, "--ops", "rotate"],
        "export_model": [out],
    }[tool]
    file = spoiled(run, tmp_path, value)
    line = refusal(
        f"{tool}.py", file, *words, "--quiet", monkeypatch=monkeypatch, capsys=capsys
    )  # fmt: skip
    assert message in line
    assert "--learning-rate" in line
    assert not [found for found in tmp_path.rglob("*") if found.is_file() and found != file]


def test_training_does_not_start_from_weights_that_are_lost(
    run, tmp_path, photos, monkeypatch, capsys
):
    config = tiny_config(
        photos, tmp_path, network="lenet", image_size=32,
        pretrained=str(spoiled(run, tmp_path, math.nan)),
    )  # fmt: skip
    words = [*options_of(config), "--quiet"]
    line = refusal("train.py", *words, monkeypatch=monkeypatch, capsys=capsys)
    assert WEIGHTS_LOST in line


@pytest.mark.parametrize("part", ["network", "average"])
def test_a_checkpoint_of_an_earlier_version_with_lost_weights_is_not_resumed(
    part, photos, tmp_path, monkeypatch, capsys
):
    config = tiny_config(photos, tmp_path, network="lenet", image_size=32, ema=0.5)
    fit(config)
    file = model_file(config, "checkpoint.pdstates")
    state = checkpoint.load(file)
    weights = state["network"] if part == "network" else state["average"]["weights"]
    weights["fc3.bias" if "fc3.bias" in weights else sorted(weights)[0]] *= np.nan
    checkpoint.save(file, state)
    words = [*options_of(config), "--resume", "--epochs", 2, "--quiet"]
    line = refusal("train.py", *words, monkeypatch=monkeypatch, capsys=capsys)
    assert WEIGHTS_LOST in line


def test_curves_of_earlier_versions_are_drawn_with_gaps_and_reported(tmp_path, monkeypatch, capsys):
    """They went on to the end, at the accuracy of guessing."""
    for mode, epochs_before in (("", 0), ("userDef", 4), ("imgaugLib", 12)):
        made = curves(12)
        for name in ("lossTrain", "lossEval"):
            made[name][epochs_before:] = [math.nan] * (12 - epochs_before)
        runlog.write(tmp_path, mode, made, {"augment": mode, "seed": 0})
    assert run_tool("plot.py", tmp_path, monkeypatch=monkeypatch) == 0
    printed = capsys.readouterr()
    rows = [line.split() for line in printed.out.splitlines()]
    assert [row[1] for row in rows[1:]] == ["diverged", "diverged", rows[3][1]]
    assert rows[2][2:4] == [f"{100 * max(curves(12)['accEval'][:4]):.1f}", "(4)"]
    assert "nan" not in printed.out
    assert "none: 1 run of 1 diverged (epoch 1)" in printed.err
    assert "userDef: 1 run of 1 diverged (epoch 5)" in printed.err


def test_no_file_of_json_ever_holds_nan(tmp_path):
    for value in (math.nan, math.inf, -math.inf):
        with pytest.raises(ValueError, match="Out of range float"):
            write_json(tmp_path / "file.json", {"deep": [{"number": value}]})
    assert not (tmp_path / "file.json").exists()
    write_json(tmp_path / "file.json", {"number": None})
    assert json.loads((tmp_path / "file.json").read_text()) == {"number": None}
