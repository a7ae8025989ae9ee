"""Processes that train: how their runs end, and where their output goes."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial

import pytest
from in_process import refusal

from paddle_aug.config import TrainConfig
from paddle_aug.errors import UserError
from paddle_aug.experiments import runner
from paddle_aug.experiments.runner import Training
from paddle_aug.inputs import selected
from paddle_aug.system import tasks


def refusing(data):
    raise UserError("these data will not do")


def dying_once(flag, config, data):
    """Killed at first, as by the system when memory runs out."""
    if not flag.exists():
        flag.touch()
        print("printed by the run", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    return selected(config, data)


def waiting(flag, data):
    flag.touch()
    time.sleep(600)


@pytest.fixture
def training(tmp_path):
    config = TrainConfig(
        network="lenet", image_size=28, batch_size=6, epochs=1, device="cpu", threads=1,
        num_workers=0, log_dir=str(tmp_path / "logs"), model_dir=str(tmp_path / "models"),
    )  # fmt: skip
    return Training("seed 0 none", config, partial(selected, config))


def test_one_process_does_all_runs_but_for_those_that_die_and_their_output_is_in_their_logs(
    training, data, tmp_path, caplog, capfd
):
    config = replace(training.config, augment="hflip")
    dying = partial(dying_once, tmp_path / "flag", config)
    second = Training("seed 0 hflip", config, dying)
    third = Training("refused", config, refusing)
    ends = []
    with runner.Local().workers(data, ["cpu"], 1) as workers:
        with pytest.raises(UserError, match=r"^refused: these data will not do$"):
            ends.extend(tasks.run(workers, [training, second, third]))
        process = workers[0].process
        assert process.is_alive()
    assert not process.is_alive()
    assert [run for run, _ in ends] == [training, second]
    assert all(seconds > 0 for _, seconds in ends)
    assert "seed 0 hflip: its process was killed by signal 9; beginning it again" in caplog.messages
    assert "1/1" in training.log.read_text()
    assert "printed by the run" in second.log.read_text()
    assert capfd.readouterr() == ("", "")


def test_two_comparisons_or_searches_do_not_share_a_folder(tmp_path):
    another = (
        rf"another .* is running in {tmp_path}; wait for it to end, or add --out {tmp_path}-2$"
    )
    held = partial(runner.hold, tmp_path, "search.json")
    with held(), pytest.raises(UserError, match=another), held():
        pass


@pytest.mark.parametrize(("command", "other"), [("compare", "search"), ("search", "compare")])
def test_a_search_and_a_comparison_keep_each_others_report(
    command, other, tmp_path, monkeypatch, capsys
):
    (tmp_path / f"{other}.json").touch()
    words = (f"{command}.py", "--data", "sample", "--out", tmp_path)
    said = refusal(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert f"{other}.json exists, and its report would be replaced; add --out {tmp_path}-2" in said


def test_a_comparison_or_search_in_several_processes_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("PADDLE_TRAINERS_NUM", "2")
    refusal = "run them without paddle.distributed.launch"
    with pytest.raises(UserError, match=refusal), runner.hold(tmp_path, "x"):
        pass


def test_a_run_is_interrupted_when_the_context_ends(training, data, tmp_path):
    flag = tmp_path / "flag"
    with runner.Local().workers(data, ["cpu"], 1) as (worker,):
        worker.begin(replace(training, select=partial(waiting, flag)))
        while not flag.exists():
            time.sleep(0.01)
        process = worker.process
    assert process.exitcode == 0


KILLING = """
import signal, sys, time
from functools import partial
from pathlib import Path

from paddle_aug.config import TrainConfig
from paddle_aug.data.dataset import open_dataset
from paddle_aug.experiments import runner
from paddle_aug.system import tasks
from tqdm import tqdm


def ignoring(flag, data):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tqdm(disable=True)
    flag.touch()
    time.sleep(600)


if __name__ == "__main__":
    photos, folder = map(Path, sys.argv[1:])
    tasks.PATIENCE = 0
    with runner.Local().workers(open_dataset(photos), ["cpu"], 1) as (worker,):
        select = partial(ignoring, folder / "flag")
        worker.begin(runner.Training("run", TrainConfig(log_dir=str(folder)), select))
        while not (folder / "flag").exists():
            time.sleep(0.01)
"""


def test_a_run_that_ignores_the_interrupt_is_killed_without_a_word(photos, tmp_path, repository):
    script = tmp_path / "killing.py"
    script.write_text(KILLING)
    command, paths = [sys.executable, script, photos, tmp_path], {"PYTHONPATH": str(repository)}
    ended = subprocess.run(command, env={**os.environ, **paths}, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
