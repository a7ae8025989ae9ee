"""An op and a network of a user's files, in training and in all that loads its weights."""

import json

import pytest
from in_process import refusal, run_tool
from made_data import write_dataset
from plugged_in import FOG, TINY, forgotten_plugins

from paddle_aug.results import runlog
from paddle_aug.training import checkpoint


@pytest.fixture(autouse=True)
def restored():
    with forgotten_plugins():
        yield


def write_plugins(folder):
    (folder / "fog.py").write_text(FOG)
    (folder / "tiny.py").write_text(TINY)
    return folder


@pytest.fixture
def files(tmp_path):
    return write_plugins(tmp_path)


OPTIONS = (
    "--schedule", "constant", "--image-size", 16, "--device", "cpu", "--threads", 1,
    "--batch-size", 8,
)  # fmt: skip


def train(files, photos, monkeypatch, *more, epochs=1, workers=0):
    words = ("--data", photos, "-c", "small", *OPTIONS, "--epochs", epochs)
    words += ("--num-workers", workers, "--network", "tiny", "--augment", "fog|hflip")
    words += ("--import", f"{files / 'fog.py'},{files / 'tiny.py'}")
    words += ("--log-dir", files / "logs", "--model-dir", files / "models", *more)
    with forgotten_plugins():
        return run_tool("train.py", *words, monkeypatch=monkeypatch)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, photos):
    """The folder of a run, which tests leave as it is."""
    files = write_plugins(tmp_path_factory.mktemp("trained"))
    with pytest.MonkeyPatch.context() as patch:
        assert train(files, photos, patch, workers=2) == 0
    return files


@pytest.fixture
def weights(trained):
    (file,) = (trained / "models").glob("*_best.pdparams")
    return file


def test_all_that_loads_the_weights_takes_the_network_that_is_imported(
    trained, weights, photos, tmp_path, monkeypatch, capsys
):
    (run,) = runlog.read_runs(trained / "logs")
    assert list(run.run["sessions"][0]["imports"]) == [
        str(trained / "fog.py"),
        str(trained / "tiny.py"),
    ]
    tiny, out = ("--import", trained / "tiny.py"), tmp_path / "out"
    for words in (
        ("evaluate.py", weights, *tiny, "--out", out, "--json"),
        ("predict.py", weights, next(photos.rglob("*.png")), *tiny),
        ("invariance.py", weights, *tiny, "--ops", "rotate", "--images", 3, "--out", out),
        ("export_model.py", weights, out, *tiny),
    ):
        with forgotten_plugins():
            assert run_tool(*words, monkeypatch=monkeypatch) == 0
        if words[0] == "evaluate.py":
            accuracy = json.loads(capsys.readouterr().out)["accuracy"]
            assert accuracy == run.curves["accEval"][-1]
    assert json.loads((out / "description.json").read_text())["network"] == "tiny"


def test_weights_do_not_import_anything_and_say_what_they_need(
    trained, weights, tmp_path, monkeypatch, capsys
):
    line = refusal("evaluate.py", weights, monkeypatch=monkeypatch, capsys=capsys)
    assert "no network named 'tiny'" in line
    assert (
        f"with --import {trained / 'fog.py'},{trained / 'tiny.py'}: if you trust that code" in line
    )
    (run,) = (trained / "logs").glob("*_run.json")
    line = refusal("preview.py", "--run", run, monkeypatch=monkeypatch, capsys=capsys)
    assert "no augmentation named 'fog'" in line
    assert "if you trust that code, give the same here" in line
    words = ("preview.py", "--run", run, "--import", trained / "fog.py")
    assert run_tool(*words, "--output", tmp_path / "p.png", monkeypatch=monkeypatch) == 0


def test_a_file_that_changed_is_told_when_a_run_is_resumed(files, photos, monkeypatch, capsys):
    for more, told in (
        ((), False),
        (("--resume",), False),
        (("--resume",), True),
    ):
        if told:
            (files / "fog.py").write_text(FOG + "# changed\n")
        epochs = 1 + len(runlog.read_runs(files / "logs")[0].run["epochs"]) if more else 1
        assert train(files, photos, monkeypatch, *more, epochs=epochs) == 0
        messages = capsys.readouterr().err
        changed = f"changed since the epochs before: {files / 'fog.py'}; from here on images"
        assert (changed in messages) == told


@pytest.mark.slow
def test_the_runs_of_a_comparison_know_ops_networks_and_names(files, monkeypatch, capsys):
    data = write_dataset(files / "data", classes=2, train=8, evaluate=4)
    words = ("--data", data, *OPTIONS, "--epochs", 1, "--seeds", 2, "--network", "tiny")
    words += ("--import", files / "fog.py", "--import", files / "tiny.py")
    words += ("--modes", "none,fog,mild", "--name", "mild=hflip|fog(0.2)", "--jobs", 1)
    words += ("--out", files / "compared")
    assert run_tool("compare.py", *words, monkeypatch=monkeypatch) == 0
    state = json.loads((files / "compared" / "compare.json").read_text())
    assert state["finished"]
    assert "Named pipelines: `mild=hflip|fog(0.2)`." in (files / "compared/report.md").read_text()
    assert len(list((files / "compared").rglob("mildAug_accEval.npy"))) == 2
    (files / "fog.py").write_text(FOG + "# changed\n")
    capsys.readouterr()
    with forgotten_plugins():
        run_tool("compare.py", *words, monkeypatch=monkeypatch)
    assert "changed since this comparison began" in capsys.readouterr().err


def test_a_description_names_its_imports(weights, trained):
    description = checkpoint.load(weights)[checkpoint.DESCRIPTION]
    assert description["imports"] == [str(trained / "fog.py"), str(trained / "tiny.py")]
