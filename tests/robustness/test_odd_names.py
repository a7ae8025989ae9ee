"""File names are any bytes: data whose names are not UTF-8 goes through every command, and all that
is written or printed is UTF-8."""

import io
import json
import os
import sys

import numpy as np
import pytest
from in_process import run_tool
from PIL import Image

NAME = "d\udcff"  # Python's text for a byte that is not UTF-8
DATA = ("--data", f"folder:{NAME}")
SMALL = ("--network", "lenet", "--image-size", 32, "--epochs", 1, "--batch-size", 4, *DATA)


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A folder with class folders below `NAME`."""
    room = tmp_path_factory.mktemp("odd")
    rng = np.random.default_rng(0)
    try:
        for part in ("train", "val"):
            for class_name in ("a", "b"):
                folder = room / NAME / part / class_name
                folder.mkdir(parents=True)
                for number in range(4):
                    pixels = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
                    Image.fromarray(pixels).save(folder / f"\udcfe{number}.png")
    except OSError:
        pytest.skip("this system has no such names")
    return room


@pytest.fixture
def run(room, monkeypatch):
    """Run a tool in the room, on a terminal that takes UTF-8 alone; returns what it printed."""
    monkeypatch.chdir(room)

    def run(name, *arguments, code=0) -> str:
        with monkeypatch.context() as patch:
            stdout = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="strict")
            patch.setattr(sys, "stdout", stdout)
            assert run_tool(name, *arguments, monkeypatch=patch) == code
        stdout.flush()
        return stdout.buffer.getvalue().decode()

    return run


@pytest.fixture
def weights(room, run):
    file = room / "models" / "userDefAug_last.pdparams"
    if not file.exists():
        run("train.py", "--augment", "userDef", *SMALL)
    return file


def test_check_reports_them(run, room):
    for name in ("b", "\udcfe"):
        os.makedirs(room / "more" / name)
    run("check.py", "more", "--json", "report.json", "--montage", f"{NAME}/sheets", code=2)
    report = json.loads((room / "report.json").read_text("utf-8"))
    assert [class_["name"] for class_ in report["classes"]] == ["b", "\udcfe"]
    assert json.loads(run("check.py", "more", "--json", "-", code=2)) == report
    printed = run("check.py", f"folder:{NAME}", "--montage", "d\udcff.sheets", code=1)
    assert "d\\udcff.sheets: 2 sheets" in printed


def test_training_evaluation_and_prediction_take_them(run, room, weights):
    run("plot.py", "logs")
    log = json.loads((room / "logs" / "userDefAug_run.json").read_text("utf-8"))
    assert log["config"]["data"] == f"folder:{NAME}"
    evaluation = json.loads(run("evaluate.py", weights, "--out", "evaluated", "--json"))
    assert evaluation["images"] == 8
    assert (room / "evaluated" / "mistakes.png").exists()
    assert run("predict.py", weights, NAME, "--json", "predicted.json") == ""
    predictions = json.loads((room / "predicted.json").read_text("utf-8"))
    assert f"{NAME}/val/b/\udcfe3.png" in {prediction["path"] for prediction in predictions}


def test_exported_files_have_ascii_names(run, room):
    run("export.py", "exported", "--augment", "userDef", "--image-size", 32, *DATA)
    assert all(path.name.isascii() for path in (room / "exported").rglob("*"))


def test_previews_show_them(run, room):
    run("preview.py", "userDef", *DATA)
    run("preview.py", "userDef", "--html", "preview.html", *DATA)
    assert "?0.png" in (room / "preview.html").read_text("utf-8")


@pytest.mark.slow
def test_reports_name_them(run, room, weights):
    run("invariance.py", weights, "--ops", "brightness")
    run("compare.py", "--modes", "none,userDef", "--seeds", 2, "--out", "compared", *SMALL)
    assert "d?" in (room / "compared" / "report.md").read_text("utf-8")
