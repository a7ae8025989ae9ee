"""Training, exporting and comparing survive being killed at any moment, and come out the same.

A share of the moments is tried by default; all 50 of each, in some minutes, by

    python -m pytest tests/robustness/test_kills.py --kills 50
"""

import signal
import sys
from pathlib import Path

import pytest
from kills import STATES, At, spread, survive, tool
from made_data import write_dataset
from same_run import assert_same_comparison, assert_same_run

from paddle_aug.config import TrainConfig
from paddle_aug.rng import generator

ALL = 50  # --kills beyond this are no more

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="processes are looked for in /proc"
)


def share(moments, count):
    """So many of the moments, by chance, in their order."""
    chosen = generator(0, "noise", 1).permutation(len(moments))[:count]
    return [moments[index] for index in sorted(chosen)]


def in_disorder(moments):
    return [moments[index] for index in generator(0, "noise", 2).permutation(len(moments))]


def contents(folder):
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def kills_of_training():
    """The cache is written once, so it comes first; the last weights are written at the end."""
    cache = [At(state, "*.pixels", count) for count in (1, 2) for state in STATES[:3]]
    names = (
        "*checkpoint.pdstates",
        "*lossTrain.npy",
        "*accEval.npy",
        "*run.json",
        "*best.pdparams",
    )
    aimed = [At(state, name) for name in names for state in STATES]
    later = [At(state, "*checkpoint.pdstates", 3) for state in STATES]
    rng = generator(0, "noise", 3)
    asked = spread(3, 0.5, rng, number=signal.SIGTERM) + spread(3, 0.5, rng, number=signal.SIGINT)
    chance = in_disorder(aimed + later + asked + spread(12, 0.8, rng))
    return [*cache, *chance, *(At(state, "*last.pdparams") for state in STATES[1:3])]


def kills_of_export():
    rng = generator(0, "noise", 4)
    images = [At(state, "*.png", count) for count in (1, 7, 12) for state in STATES]
    part = [At(state, ".manifest.0-of-1.part") for state in STATES]
    asked = spread(3, 0.3, rng, number=signal.SIGTERM) + spread(3, 0.3, rng, number=signal.SIGINT)
    last = [At(state, name) for name in ("Train.txt", "manifest.jsonl") for state in STATES]
    return [*in_disorder(images + part + asked + spread(20, 0.5, rng)), *last]


def kills_of_comparison():
    rng = generator(0, "noise", 5)
    aimed = [
        At(state, name)
        for name in ("*checkpoint.pdstates", "*accEval.npy", "*run.json", "compare.json")
        for state in STATES
    ]
    # A run is finished by its logs, so what is left of its weights has to go.
    aimed += [At(state, "*last.pdparams") for state in ("opened", "half")]
    asked = spread(2, 6.0, rng, number=signal.SIGTERM) + spread(2, 6.0, rng, number=signal.SIGINT)
    reports = ("examples.png", "modes.png", "report.html", "runs.csv", "*lossEval.npy")
    last = [At(state, name) for name in reports for state in STATES[1:3]]
    return [*in_disorder(aimed + asked + spread(18, 8.0, rng)), *last]


def test_there_are_as_many_moments_as_is_said():
    moments = kills_of_training(), kills_of_export(), kills_of_comparison()
    assert [len(each) for each in moments] == [ALL] * 3


@pytest.mark.slow
def test_training_killed_again_and_again_equals_undisturbed(tmp_path, request):
    """The cache on the disk, and now and then a worker."""
    data = write_dataset(tmp_path / "made")

    def command(place, session):
        return tool(
            "train.py", "--data", data, "--augment", "userDef+mixup", "--network", "vgg_thin",
            "--image-size", 16, "--batch-size", 5, "--learning-rate", 1e-2, "--epochs", 12,
            "--ema", 0.5, "--device", "cpu", "--threads", 1, "--cache", "disk",
            "--cache-dir", place / "cache", "--log-dir", place / "logs",
            "--model-dir", place / "models", "--num-workers", int(session % 4 == 3), "--resume",
        )  # fmt: skip

    def config(place):
        return TrainConfig(
            augment="userDef+mixup", log_dir=str(place / "logs"), model_dir=str(place / "models")
        )

    def check():
        assert_same_run(config(tmp_path / "killed"), config(tmp_path / "whole"))
        for folder in ("logs", "models"):
            assert not list((tmp_path / "killed" / folder).glob("*.part"))  # hidden ones, too

    survive(command(tmp_path / "whole", 0), tmp_path / "whole", [], lambda: None)
    moments = share(kills_of_training(), request.config.getoption("--kills"))
    report = survive(
        lambda session: command(tmp_path / "killed", session), tmp_path / "killed", moments, check
    )
    print(f"training: {report}", file=sys.__stdout__)
    assert (len(report.killed), report.missed) == (len(moments), [])


@pytest.mark.slow
def test_an_export_killed_again_and_again_equals_undisturbed(tmp_path, request):
    data = write_dataset(tmp_path / "made")

    def command(place, session):
        return tool(
            "export.py", place / "out", "--data", data, "--augment", "userDef", "--copies", 8,
            "--image-size", 32, "--originals", "--num-workers", session % 3,
        )  # fmt: skip

    def check():
        assert contents(tmp_path / "killed") == contents(tmp_path / "whole")

    survive(command(tmp_path / "whole", 0), tmp_path / "whole", [], lambda: None)
    moments = share(kills_of_export(), request.config.getoption("--kills"))
    report = survive(
        lambda session: command(tmp_path / "killed", session), tmp_path / "killed", moments, check
    )
    print(f"export: {report}", file=sys.__stdout__)
    assert (len(report.killed), report.missed) == (len(moments), [])


@pytest.mark.slow
def test_a_comparison_killed_again_and_again_equals_undisturbed(tmp_path, request):
    """Of two modes and two seeds, two runs side by side."""
    data = write_dataset(tmp_path / "made")

    def command(place):
        return tool(
            "compare.py", "--data", data, "--modes", "none,hflip", "--seeds", 2, "--out", place,
            "--network", "lenet", "--image-size", 28, "--epochs", 3, "--batch-size", 6,
            "--device", "cpu", "--jobs", 2, "--threads", 1,
        )  # fmt: skip

    def check():
        assert_same_comparison(tmp_path / "whole", tmp_path / "killed")

    survive(command(tmp_path / "whole"), tmp_path / "whole", [], lambda: None)
    moments = share(kills_of_comparison(), request.config.getoption("--kills"))
    report = survive(command(tmp_path / "killed"), tmp_path / "killed", moments, check, alone=False)
    print(f"comparing: {report}", file=sys.__stdout__)
    assert (len(report.killed), report.missed) == (len(moments), [])
