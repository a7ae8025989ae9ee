"""Several processes train as one does."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import paddle
import pytest
from in_process import run_tool
from recording_rank import fed, record
from rounding_rank import calculate_in
from trained import options_of, tiny_config

from paddle_aug.config import TrainConfig
from paddle_aug.data.augmented import epoch_keys
from paddle_aug.data.normalize import KNOWN
from paddle_aug.data.workers import Workers
from paddle_aug.errors import UserError
from paddle_aug.inputs import augmented
from paddle_aug.networks import NETWORKS
from paddle_aug.results import runlog
from paddle_aug.training import checkpoint, device, state
from paddle_aug.training import fit as train
from paddle_aug.training.batches import Batches, Normalize
from paddle_aug.training.distributed import Group, join_group
from paddle_aug.training.frozen import Way

ROOT = Path(__file__).parent.parent.parent


def curves(log_dir):
    (run,) = (run for run in runlog.read_runs(log_dir) if run.mode == "userDef+mixup:1")
    return np.array([run.curves[name] for name in runlog.CURVES]), run.run


def launched(folder, script, *words, ranks=2, **environment):
    """A script of tests/support in some processes on the CPU; their logs are in `workers`."""
    launcher = ["-m", "paddle.distributed.launch", f"--nproc_per_node={ranks}"]
    return subprocess.run(
        [
            *(sys.executable, *launcher, "--log_dir", str(folder / "workers")),
            *(str(ROOT / "tests" / "support" / script), *words),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )


def train_in_ranks(folder, *configs, ranks=2):
    """Train in some processes, one run after another; returns what their networks were given."""
    (folder / "fed").mkdir()
    words = json.dumps([options_of(config) for config in configs])
    ended = launched(folder, "recording_rank.py", words, ranks=ranks, FED=str(folder / "fed"))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return fed(folder / "fed")


@pytest.fixture(scope="module")
def alone(tmp_path_factory, photos):
    """A run in one process: its config, its curves, and what its network was given.

    Of its batches of 9 of the 24 images, one of two processes has five images and the other four,
    which are mixed with images of the other's part, too.
    """
    folder = tmp_path_factory.mktemp("alone")
    config = tiny_config(
        photos, folder, augment="userDef+mixup:1", network="lenet", image_size=32, batch_size=9,
        ema=0.5, epochs=3,
    )  # fmt: skip
    (folder / "fed").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "add_gradients", record(folder / "fed", "0"))
        train.fit(config)
    found, _ = curves(config.log_dir)
    return config, found, fed(folder / "fed")


def moved(config, folder, **changes):
    """The same config with logs and weights in the folder."""
    places = {"log_dir": str(folder / "logs"), "model_dir": str(folder / "models")}
    return replace(config, **places, **changes)


@pytest.fixture(scope="module")
def together(tmp_path_factory, photos, alone):
    """Runs of two processes: their configs, by what is tested of them, what their networks were
    given, and the folder of their logs. They take six steps, six, six and three.

    Of an accumulated batch of 9 images they have five and four, which go through the network in two
    parts. With batch normalisation, each measures other images.
    """
    folder = tmp_path_factory.mktemp("together")
    two = moved(alone[0], folder, epochs=2)
    batch = {"batch_size": TrainConfig.batch_size, "global_batch": 9, "accumulate": 2}
    configs = {
        "modes": replace(two, augment="none,userDef+mixup:1"),
        "accumulated": moved(two, folder / "accumulated", **batch),
        "normalized": tiny_config(
            photos, folder / "normalized", augment="none", batch_size=9, learning_rate=1e-2
        ),
    }
    return configs, train_in_ranks(folder, *configs.values()), folder / "workers"


@pytest.mark.slow
def test_two_processes_train_as_one_does_and_one_goes_on_with_their_run(alone, together, tmp_path):
    (config, expected, given), (configs, seen, logs) = alone, together
    two = replace(configs["modes"], augment=config.augment, epochs=config.epochs)
    found, run = curves(two.log_dir)
    np.testing.assert_allclose(found, expected[:, :2], rtol=1e-4)
    assert seen[6:12] == given[:6]  # behind those of the first mode
    assert run["sessions"][0]["processes"] == 2
    first, second = ((logs / f"workerlog.{rank}").read_text() for rank in (0, 1))
    assert "images of 3 classes to train on" in first
    assert not re.search("loss|to train on", second), "the first one writes"

    shutil.copytree(two.log_dir, tmp_path / "logs")
    shutil.copytree(two.model_dir, tmp_path / "models")
    here = {"log_dir": str(tmp_path / "logs"), "model_dir": str(tmp_path / "models")}
    train.fit(replace(two, **here, resume=True))
    found, run = curves(tmp_path / "logs")
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert [session["processes"] for session in run["sessions"]] == [2, 1]


@pytest.mark.slow
def test_all_processes_stop_when_training_diverges(photos, tmp_path):
    config = tiny_config(
        photos, tmp_path, network="vgg_thin", optimizer="sgd", learning_rate=1e20, batch_size=9
    )
    (tmp_path / "fed").mkdir()
    words = json.dumps([options_of(config)])
    ended = launched(tmp_path, "recording_rank.py", words, FED=str(tmp_path / "fed"))
    assert ended.returncode != 0
    for rank in range(2):
        printed = (tmp_path / "workers" / f"workerlog.{rank}").read_text(encoding="utf-8")
        assert printed.count("none: the training diverged in epoch 1 of 1") == 1
        assert "Traceback" not in printed
    assert runlog.read_run_file(config.log_dir, config.mode)["diverged"]["epoch"] == 1


@pytest.mark.slow
def test_three_processes_go_on_with_the_run_of_one(tmp_path, alone):
    config, expected, given = alone
    three = moved(config, tmp_path)
    train.fit(replace(three, epochs=1))
    seen = train_in_ranks(tmp_path, replace(three, resume=True), ranks=3)
    found, run = curves(three.log_dir)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert seen == given[3:]
    assert [session["processes"] for session in run["sessions"]] == [1, 3]


@pytest.mark.slow
def test_two_processes_accumulate_to_the_step_of_one(alone, together):
    (_, expected, given), (configs, seen, _) = alone, together
    assert seen[12:18] == given[:6]
    found, run = curves(configs["accumulated"].log_dir)
    np.testing.assert_allclose(found, expected[:, :2], rtol=1e-4)
    assert (run["config"]["global_batch"], run["config"]["accumulate"]) == (9, 2)


@pytest.mark.slow
@pytest.mark.parametrize("dies", ["SIGKILL", "exception"])
def test_a_rank_that_dies_ends_all_ranks_of_its_machine(tmp_path, alone, dies):
    config, *_ = alone
    words = options_of(moved(config, tmp_path, epochs=10_000))
    ended = launched(tmp_path, "dying_rank.py", *words, DIES=dies)  # within its timeout
    assert ended.returncode != 0
    logs = [file.read_text() for file in (tmp_path / "workers").glob("workerlog.*")]
    assert len(logs) == 2
    assert ("ValueError: it broke" in "".join(logs)) == (dies == "exception")


@pytest.mark.slow
def test_batch_normalisation_over_two_processes_is_that_of_one_in_a_step_and_in_training(
    tmp_path, alone, monkeypatch
):
    """In float64; that of float32 comes apart by rounding (docs/many-devices.md)."""
    config, *_ = alone
    one = moved(config, tmp_path, network="resnet18", sync_bn=True, ema=0.0, epochs=1)
    calculate_in("float64", replace=monkeypatch.setattr)
    train.fit(one)

    folder = tmp_path / "two"
    folder.mkdir()
    two = moved(one, folder)
    ended = launched(folder, "normalizing_rank.py", *options_of(two))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    logs = [file.read_text() for file in (folder / "workers").glob("workerlog.*")]
    assert ["as one" in log for log in logs] == [True, True]
    (expected, _), (found, run) = curves(one.log_dir), curves(two.log_dir)
    assert run["sessions"][0]["processes"] == 2
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.slow
def test_what_two_processes_evaluate_is_what_the_first_one_saves(together, data):
    config = together[0]["normalized"]
    (run,) = runlog.read_runs(config.log_dir)

    network = NETWORKS["vgg_thin_bn"](3, 16)
    path = state.model_file(config, "last.pdparams")
    checkpoint.load_weights(network, checkpoint.load(path), path)
    dataset = augmented(config, data.eval, "none")
    with Workers({"eval": dataset}, 0, 9) as workers:
        batches = Batches(workers, "eval", 9, 0, False, Group())
        way = Way(Batches, Normalize(KNOWN["half"]), network)
        found = train.evaluate(way, batches)
    assert found["acc"] == run.curves["accEval"][0]
    assert found["loss"] == pytest.approx(run.curves["lossEval"][0], rel=1e-5)


class Recorder:
    """In the place of workers: its images are the indices that it is asked for."""

    def __init__(self, length):
        self.datasets = {"made": range(length)}

    def batches(self, name, keys):
        for part in keys:
            yield np.array([index for _, index in part]), np.array([0] * len(part))


def test_the_parts_of_all_processes_are_the_batches():
    for shuffle in (True, False):
        whole = list(epoch_keys(23, 5, 0, 1, shuffle, fewest=6))
        parts = [
            list(Batches(Recorder(23), "made", 5, 0, shuffle, Group(rank, 3)).of(1))
            for rank in range(3)
        ]
        for number, keys in enumerate(whole):
            seen = [part[number] for part in parts]
            assert sorted(i for images, _, _ in seen for i in images.tolist()) == sorted(
                index for _, index in keys
            )
            assert {size for _, _, size in seen} == {len(keys)}
        assert [len(keys) for keys in whole] == ([5, 5, 5, 8] if shuffle else [5, 5, 5, 5, 3])


def test_a_process_without_a_part_of_an_evaluations_last_batch_goes_without():
    groups = [Group(rank, 4) for rank in range(4)]
    found = [
        [images.tolist() for images, _, _ in Batches(Recorder(7), "made", 6, 0, False, group).of(0)]
        for group in groups
    ]
    assert found == [[[0, 4], [6]], [[1, 5]], [[2]], [[3]]]


def test_alone_a_process_is_the_first_of_one_and_sums_are_its_own(monkeypatch):
    monkeypatch.delenv("PADDLE_TRAINERS_NUM", raising=False)
    group = join_group()
    assert group == Group(0, 1)
    assert group.is_first
    assert group.sum([1.5, 2.0]) == [1.5, 2.0]
    network = paddle.nn.Linear(1, 1)
    assert group.wrap(network) is network


class Halved(Group):
    """Two processes, of which the other one finds nothing."""

    def sum(self, values):
        return values


def test_a_run_that_only_some_processes_find_is_not_gone_on_with(tmp_path):
    config = TrainConfig(
        resume=True, log_dir=str(tmp_path / "logs"), model_dir=str(tmp_path / "models")
    )
    run = train.Run(config, None, Halved(1, 2), None, None, None, None, None)
    path = state.model_file(config, "checkpoint.pdstates")
    state.refuse_unshared(run, path)
    path.parent.mkdir()
    path.touch()
    with pytest.raises(UserError, match=r"checkpoint\.pdstates.* are missing for some "):
        state.refuse_unshared(run, path)


def test_several_processes_do_not_share_a_gpu(monkeypatch):
    monkeypatch.setenv("PADDLE_TRAINERS_NUM", "2")
    with pytest.raises(UserError, match="--device gpu:1: each of 2 processes has its own GPU"):
        device.use_device(TrainConfig(device="gpu:1"))


def test_the_benchmark_of_several_processes_measures_steps_of_one(monkeypatch, capsys):
    assert run_tool("benchmark.py", "ranks", monkeypatch=monkeypatch) == 0
    printed = capsys.readouterr().out
    assert re.search(r"1 processes, Paddle .*, cpu", printed)
    steps = re.findall(r"^(\w+), .* MB: processor [\d.]+ ms, clock [\d.]+ ms$", printed, re.M)
    assert steps == ["lenet", "vgg_thin"]
