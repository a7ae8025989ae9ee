"""Names of files may be of any bytes: data whose names are not UTF-8 goes through every command,
and what is written and printed of it is UTF-8."""

import io
import json
import os
import sys

import numpy as np
import pytest
from in_process import run_tool
from PIL import Image

NAME = "d\udcff"  # as Python has a byte that is not UTF-8


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A folder with data in class folders, which is told as `folder:NAME` there."""
    room = tmp_path_factory.mktemp("odd")
    rng = np.random.default_rng(0)
    try:
        for part in ("train", "val"):
            for name in ("a", "b"):
                folder = room / NAME / part / name
                folder.mkdir(parents=True)
                for number in range(4):
                    pixels = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
                    Image.fromarray(pixels).save(folder / f"\udcfe{number}.png")
    except OSError:
        pytest.skip("this system has no such names")
    return room


@pytest.fixture
def run(room, monkeypatch):
    """Run a tool there as in a terminal of UTF-8; returns what it printed."""
    monkeypatch.chdir(room)

    def run(name, *arguments, code=0) -> str:
        with monkeypatch.context() as patch:
            printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="strict")
            patch.setattr(sys, "stdout", printed)
            assert run_tool(name, *arguments, monkeypatch=patch) == code
        printed.flush()
        return printed.buffer.getvalue().decode()

    return run


DATA = ("--data", f"folder:{NAME}")
SMALL = ("--network", "lenet", "--image-size", 32, "--epochs", 1, "--batch-size", 4, *DATA)


@pytest.fixture
def trained(room, run):
    """Weights of a run there."""
    made = room / "models" / "userDefAug_last.pdparams"
    if not made.exists():
        run("train.py", "--augment", "userDef", *SMALL)
    return made


def test_a_look_at_the_data_names_them(run, room):
    for name in ("b", "\udcfe"):
        os.makedirs(room / "more" / name)
    run("check.py", "more", "--json", "found.json", "--montage", f"{NAME}/sheets", code=2)
    found = json.loads((room / "found.json").read_text("utf-8"))
    assert [each["name"] for each in found["classes"]] == ["b", "\udcfe"]
    assert json.loads(run("check.py", "more", "--json", "-", code=2)) == found
    printed = run("check.py", f"folder:{NAME}", "--montage", "d\udcff.sheets", code=1)
    assert "d\\udcff.sheets: 2 sheets" in printed


def test_training_evaluating_and_predicting(run, room, trained):
    run("plot.py", "logs")
    log = json.loads((room / "logs" / "userDefAug_run.json").read_text("utf-8"))
    assert log["config"]["data"] == f"folder:{NAME}"
    found = json.loads(run("evaluate.py", trained, "--out", "evaluated", "--json"))
    assert found["images"] == 8
    assert (room / "evaluated" / "mistakes.png").exists()
    printed = run("predict.py", trained, NAME, "--json", "predicted.json")
    assert printed == ""
    paths = {each["path"] for each in json.loads((room / "predicted.json").read_text("utf-8"))}
    assert f"{NAME}/val/b/\udcfe3.png" in paths


def test_what_is_exported_has_names_of_its_own(run, room):
    run("export.py", "exported", "--augment", "userDef", "--image-size", 32, *DATA)
    assert all(path.name.isascii() for path in (room / "exported").rglob("*"))


def test_previews_show_them(run, room):
    run("preview.py", "userDef", *DATA)
    run("preview.py", "userDef", "--html", "preview.html", *DATA)
    assert "?0.png" in (room / "preview.html").read_text("utf-8")


def test_reports_name_them(run, room, trained):
    run("invariance.py", trained, "--ops", "brightness")
    run("compare.py", "--modes", "none,userDef", "--seeds", 2, "--out", "compared", *SMALL)
    assert "d?" in (room / "compared" / "report.md").read_text("utf-8")
