"""Trains on the machines of a Ray cluster: each run has a GPU or cores of its own."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from paddle_aug.config import TrainConfig
from paddle_aug.data.cache import Decoded
from paddle_aug.data.dataset import Dataset
from paddle_aug.errors import UserError
from paddle_aug.system.cluster import cluster_workers, connect
from paddle_aug.system.tasks import Worker


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

    def workers(
        self, data: Dataset, devices: Sequence[str], threads: int
    ) -> AbstractContextManager[list[Worker]]:
        places = [(self.needs(device, threads), device) for device in devices]
        return cluster_workers(self.ray, self.folder, portable(data), places)

    def needs(self, device: str, threads: int) -> dict[str, float]:
        """What an actor takes of its machine."""
        if device == "cpu":
            return {"num_cpus": threads, "num_gpus": 0}
        return {"num_cpus": 1, "num_gpus": 1 / self.per_gpu}


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
