"""Trains on the machines of a Ray cluster: each worker is an actor with a GPU or cores of its own.

All machines must see the folders of this one under the same paths, this project's among them.
"""

import contextlib
import os
import pickle
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from paddle_aug.config import TrainConfig
from paddle_aug.data.cache import Decoded
from paddle_aug.data.dataset import Dataset
from paddle_aug.errors import UserError
from paddle_aug.experiments.runner import Died, Training, Worker, stopped, train_logged
from paddle_aug.system.cluster import connect, refuse_unseen, witness
from paddle_aug.system.plugins import Loaded


class RayCluster:
    """The cluster at an address, HOST:PORT; by default the one that this machine is part of.

    Raises:
        UserError: Ray is not installed, or there is no such cluster.
    """

    def __init__(self, folder: Path, address: str = "auto", per_gpu: int = 1):
        self.ray = connect(address)
        self.folder = folder
        self.per_gpu = per_gpu

    def devices(self, config: TrainConfig, jobs: int = 0) -> list[str]:
        """`per_gpu` runs on each GPU of the cluster or, without any, one for as many cores as a run
        has threads."""
        total = self.ray.cluster_resources()
        gpus = int(total.get("GPU", 0)) * self.per_gpu
        if config.device == "cpu" or (config.device == "auto" and not gpus):
            cores, threads = int(total.get("CPU", 0)), config.threads or 1
            most = cores // threads
            if not most:
                raise UserError(f"--threads {threads}: the Ray cluster has {cores} cores")
            return ["cpu"] * min(jobs or most, most)
        if not gpus:
            raise UserError(f"--device {config.device}: the Ray cluster has no GPU; use cpu")
        return ["gpu"] * min(jobs or gpus, gpus)

    def threads(self, devices: Sequence[str]) -> int:
        cores = int(self.ray.cluster_resources().get("CPU", 1))
        return 1 if devices[0] == "cpu" else max(1, cores // len(devices))

    @contextlib.contextmanager
    def workers(
        self, data: Dataset, devices: Sequence[str], threads: int
    ) -> Iterator[list[Worker]]:
        sent = self.ray.put(portable(data))  # once; each machine fetches one copy
        with witness(self.folder) as seen:
            made = [
                RayWorker(self.ray, self.needs(device, threads), (sent, seen), device)
                for device in devices
            ]
            # Ray prints what has died, and stdout is for results.
            with contextlib.redirect_stdout(sys.stderr), stopped(made) as workers:
                yield workers

    def needs(self, device: str, threads: int) -> dict[str, float]:
        """What an actor takes of its machine."""
        if device == "cpu":
            return {"num_cpus": threads, "num_gpus": 0}
        return {"num_cpus": 1, "num_gpus": 1 / self.per_gpu}


class RayWorker:
    """An actor. Its process imports Paddle; its machine fetches the data once."""

    def __init__(self, ray, needs: dict[str, float], arguments: tuple, device: str):
        self.ray = ray
        self.needs = needs
        self.arguments = arguments
        self.device = device
        self.actor = None
        self.task = None

    def begin(self, training: Training) -> None:
        if self.actor is None:
            actor = self.ray.remote(Trainer).options(max_restarts=0, **self.needs)
            self.actor = actor.remote(os.getcwd(), *self.arguments)
        config = replace(training.config, device=self.device)
        pickled = pickle.dumps(replace(training, config=config))
        self.task = self.actor.train.remote(Loaded(), training.log, pickled)

    def result(self) -> float:
        try:
            result = self.ray.get(self.task)
        except self.ray.exceptions.RayActorError:
            self.stop()
            raise Died("its process on the Ray cluster ended") from None
        if isinstance(result, UserError):
            raise result
        return result

    def rest(self) -> None:
        self.stop()  # what it has may be what another worker waits for, after a machine was lost

    def interrupt(self) -> None:
        pass

    def stop(self) -> None:
        if self.actor is not None:
            self.ray.kill(self.actor)
            self.actor = None

    @staticmethod
    def ended(workers: "Sequence[RayWorker]") -> "list[RayWorker]":
        by_task = {worker.task: worker for worker in workers}
        done, _ = workers[0].ray.wait(list(by_task), num_returns=1, fetch_local=False)
        return [by_task[task] for task in done]


class Trainer:
    """The actor: trains in its process, in the folder in which the comparison runs."""

    def __init__(self, folder: str, data: Dataset, seen: Path):
        self.folder = folder
        self.data = data
        self.seen = seen

    def train(self, _: Loaded, log: Path, pickled: bytes) -> float | UserError:
        """As `runner.train_logged`."""
        try:
            refuse_unseen(self.seen)
        except UserError as error:
            return error
        os.chdir(self.folder)
        return train_logged(log, pickled, self.data)


@dataclass
class Pixels:
    """Bytes of decoded images, which all actors of a machine share."""

    array: np.ndarray


def portable(data: Dataset) -> Dataset:
    """The data for processes of other machines. Images that are decoded on the disk of this machine
    are left out, and decoded again there."""
    if data.store is None or data.store.images.way == "disk":
        return replace(data, store=None)
    images = data.store.images
    images = Decoded(Pixels(images.pixels.array), images.starts, images.shapes)
    return replace(data, store=replace(data.store, images=images))
