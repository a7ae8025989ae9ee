"""Processes that train: what they say of their end, and that they end with what started them."""

import os
import signal
import time
from functools import partial

import pytest
from made_data import write_dataset

from paddle_aug.config import TrainConfig
from paddle_aug.data.dataset import open_dataset
from paddle_aug.errors import UserError
from paddle_aug.experiments.runner import Died, Training, ended, trainers
from paddle_aug.inputs import selected


@pytest.fixture
def training(tmp_path):
    config = TrainConfig(
        network="lenet", image_size=28, batch_size=6, epochs=1, device="cpu", threads=1,
        num_workers=0, log_dir=str(tmp_path / "logs"), model_dir=str(tmp_path / "models"),
    )  # fmt: skip
    return Training(config, partial(selected, config), tmp_path / "training.log")


def refusing(data):
    raise UserError("these data will not do")


def wait_for(workers):
    while not (found := ended(workers, 1.0)):
        pass
    return found[0]


def waiting(data):
    time.sleep(600)


def test_one_process_does_one_after_the_other_and_says_what_is_the_users_to_mend(
    training, tmp_path
):
    data = open_dataset(write_dataset(tmp_path / "made"))
    with trainers(data, ["cpu"]) as (worker,):
        worker.begin(training)
        assert wait_for([worker]) is worker
        worker.result()
        number = worker.process.pid
        assert "none epoch: 1/1" in training.log.read_text()
        worker.begin(Training(training.config, refusing, training.log))
        wait_for([worker])
        with pytest.raises(UserError, match=r"^these data will not do$"):
            worker.result()
        assert worker.process.pid == number


@pytest.mark.slow
def test_a_process_that_dies_is_told_of_and_another_takes_its_place(training, tmp_path):
    data = open_dataset(write_dataset(tmp_path / "made"))
    with trainers(data, ["cpu"]) as (worker,):
        worker.begin(Training(training.config, waiting, training.log))
        os.kill(worker.process.pid, signal.SIGKILL)
        wait_for([worker])
        with pytest.raises(Died, match="its process was killed by signal 9"):
            worker.result()
        worker.begin(training)
        wait_for([worker])
        worker.result()
        process = worker.process
    assert not process.is_alive()
