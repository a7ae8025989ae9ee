"""Training, export and comparison survive kills at any moment, and end with the same files.

By default a share of the moments is tried; all 50 of each, in some minutes, with

    python -m pytest tests/robustness/test_kills.py --kills 50
"""

import signal
from pathlib import Path

import pytest
from kills import STATES, At, spread, survive, tool
from same_run import assert_same_comparison, assert_same_run
from trained import options_of, tiny_config

from paddle_aug.rng import generator

ALL = 50
ASKED = (signal.SIGTERM, signal.SIGINT)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc"),
]


def shuffled(moments):
    return [moments[index] for index in generator(0, "noise", 2).permutation(len(moments))]


def contents(folder):
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def moments_of_training():
    """The cache is written once, so it comes first; the last weights are written at the end."""
    rng = generator(0, "noise", 3)
    cache = [At(state, "*.pixels", count) for count in (1, 2) for state in STATES[:3]]
    names = ("checkpoint.pdstates", "lossTrain.npy", "accEval.npy", "run.json", "best.pdparams")
    aimed = [At(state, f"*{name}") for name in names for state in STATES]
    aimed += [At(state, "*checkpoint.pdstates", 3) for state in STATES]
    asked = [moment for number in ASKED for moment in spread(3, 0.5, rng, number=number)]
    last = [At(state, "*last.pdparams") for state in STATES[1:3]]
    return [*cache, *shuffled(aimed + asked + spread(12, 0.8, rng)), *last]


def moments_of_export():
    rng = generator(0, "noise", 4)
    aimed = [At(state, "*.png", count) for count in (1, 7, 12) for state in STATES]
    aimed += [At(state, ".manifest*part") for state in STATES]
    asked = [moment for number in ASKED for moment in spread(3, 0.3, rng, number=number)]
    last = [At(state, name) for name in ("Train.txt", "manifest.jsonl") for state in STATES]
    return [*shuffled(aimed + asked + spread(20, 0.5, rng)), *last]


def moments_of_comparison():
    rng = generator(0, "noise", 5)
    names = ("*checkpoint.pdstates", "*accEval.npy", "*run.json", "compare.json")
    aimed = [At(state, name) for name in names for state in STATES]
    # The logs say that a run is done, so half-written weights of a killed one have to go.
    aimed += [At(state, "*last.pdparams") for state in ("opened", "half")]
    asked = [moment for number in ASKED for moment in spread(2, 6.0, rng, number=number)]
    reports = ("examples.png", "modes.png", "report.html", "runs.csv", "*lossEval.npy")
    last = [At(state, name) for name in reports for state in STATES[1:3]]
    return [*shuffled(aimed + asked + spread(18, 8.0, rng)), *last]


@pytest.fixture
def survives(tmp_path, request):
    """Run a command undisturbed in the folder `whole`, then with kills in `killed`, and compare."""

    def survives(command, moments, check, **options):
        assert len(moments) == ALL
        survive(lambda _: command(tmp_path / "whole", 0), tmp_path / "whole", [], lambda: None)
        count = request.config.getoption("--kills")
        chosen = sorted(generator(0, "noise", 1).permutation(ALL)[:count])
        report = survive(
            lambda session: command(tmp_path / "killed", session),
            *(tmp_path / "killed", [moments[index] for index in chosen]),
            lambda: check(tmp_path / "killed", tmp_path / "whole"),
            **options,
        )
        print(report)
        assert (len(report.killed), report.missed) == (len(chosen), [])

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
        *(moments_of_training(), check),
    )


def test_a_killed_export_equals_an_undisturbed_one(photos, survives):
    def command(place, session):
        return tool(
            "export.py", place / "out", "--data", photos, "--augment", "userDef", "--copies", 8,
            "--image-size", 32, "--originals", "--num-workers", session % 3,
        )  # fmt: skip

    def check(killed, whole):
        assert contents(killed) == contents(whole)

    survives(command, moments_of_export(), check)


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

    survives(command, moments_of_comparison(), check, alone=False)
