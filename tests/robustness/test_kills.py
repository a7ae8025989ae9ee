"""Training, export and comparison survive kills at any moment, and end with the same files.

By default a share of the moments is tried; all of them, in some minutes, with

    python -m pytest tests/robustness/test_kills.py --kills 100
"""

from pathlib import Path

import pytest
from in_process import run_tool
from kills import STATES, At, survive, tool
from same_run import assert_same_comparison, assert_same_run, contents
from trained import options_of, tiny_config

from paddle_aug.rng import generator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc"),
]


def moments(*names: str, states=STATES, count: int = 1) -> list[At]:
    return [At(state, name, count) for name in names for state in states]


MOMENTS_OF_TRAINING = [
    *moments("*-*.npy"),  # the cache
    *moments("*checkpoint.pdstates", "*lossTrain.npy", "*accEval.npy", "*run.json"),
    *moments("*best.pdparams"),
    *moments("*checkpoint.pdstates", count=3),
    *moments("*last.pdparams", states=STATES[1:3]),
]
MOMENTS_OF_EXPORT = [
    *(moment for count in (1, 7, 12) for moment in moments("*.png", count=count)),
    *moments(".manifest*part", "Train.txt", "manifest.jsonl"),
]
MOMENTS_OF_COMPARISON = [
    *moments("*checkpoint.pdstates", "*accEval.npy", "*run.json", "compare.json"),
    *moments("*checkpoint.pdstates", states=STATES[:2], count=2),
    *moments("examples.png", "modes.png", "report.html", "runs.csv", states=STATES[1:3]),
    *moments("*lossEval.npy", states=STATES[1:3]),
]


@pytest.fixture
def survives(tmp_path, request, monkeypatch):
    """Run a command undisturbed in the folder `whole`, then with kills in `killed`, and compare."""

    def survives(command, moments, check):
        _, file, *words = command(tmp_path / "whole", 0)
        assert run_tool(Path(file).name, *words, monkeypatch=monkeypatch) == 0
        count = request.config.getoption("--kills")
        chosen = sorted(generator(0, "noise").permutation(len(moments))[:count])
        survive(
            lambda session: command(tmp_path / "killed", session),
            tmp_path / "killed",
            [moments[index] for index in chosen],
            lambda: check(tmp_path / "killed", tmp_path / "whole"),
        )

    return survives


def test_a_killed_training_equals_an_undisturbed_one(photos, survives):
    """With a cache on the disk, and in each fourth session a worker."""

    def config(place, session=0):
        return tiny_config(
            photos, place, augment="userDef+mixup", network="vgg_thin", batch_size=5, epochs=12,
            learning_rate=1e-2, ema=0.5, cache="disk", cache_dir=str(place / "cache"),
            num_workers=int(session % 4 == 3), resume=True,
        )  # fmt: skip

    def check(killed, whole):
        assert_same_run(config(killed), config(whole))
        assert not [*(killed / "logs").glob("*.part"), *(killed / "models").glob("*.part")]

    survives(
        lambda place, session: tool("train.py", *options_of(config(place, session))),
        MOMENTS_OF_TRAINING,
        check,
    )


def test_a_killed_export_equals_an_undisturbed_one(photos, survives):
    def command(place, session):
        return tool(
            "export.py", place / "out", "--data", photos, "--augment", "userDef", "--copies", 8,
            "--image-size", 32, "--originals", "--num-workers", session % 3,
        )  # fmt: skip

    def check(killed, whole):
        assert contents(killed) == contents(whole)

    survives(command, MOMENTS_OF_EXPORT, check)


def test_a_killed_comparison_equals_an_undisturbed_one(photos, survives):
    """Two modes and two seeds, two runs side by side."""

    def command(place, session):
        return tool(
            "compare.py", "--data", photos, "--modes", "none,hflip", "--seeds", 2, "--out", place,
            "--network", "lenet", "--image-size", 28, "--epochs", 3, "--batch-size", 6,
            "--device", "cpu", "--jobs", 2, "--threads", 1,
        )  # fmt: skip

    def check(killed, whole):
        assert_same_comparison(whole, killed)

    survives(command, MOMENTS_OF_COMPARISON, check)
