"""One run on several devices: each trains on a part of every batch, and the first one writes files.

`python -m paddle.distributed.launch` starts one process, or rank, for each device.
"""

import os
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import paddle


@dataclass(frozen=True)
class Group:
    """The processes of a run, and the rank of this one. The default is a single process."""

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes the files and logs of the run."""
        return self.rank == 0

    def sum(self, values: list[float]) -> list[float]:
        """Sum each value over all processes; every process must call this."""
        if self.size == 1:
            return values
        total = paddle.to_tensor(np.array(values, np.float64))
        paddle.distributed.all_reduce(total)
        return total.numpy().tolist()

    def whole_batch(self, part: paddle.Tensor, total: int) -> paddle.Tensor:
        """Gather a batch of `total` rows, of which each process has every `size`-th."""
        if self.size == 1:
            return part
        padding = paddle.zeros([self.max_part(total) - len(part), *part.shape[1:]], part.dtype)
        parts = self.gathered(paddle.concat([part, padding]))
        return parts.transpose([1, 0, *range(2, parts.ndim)]).flatten(0, 1)[:total]

    def gathered(self, values: paddle.Tensor) -> paddle.Tensor:
        """Stack the values of all processes, [size, …]; they must have the same shape."""
        parts = []
        paddle.distributed.all_gather(parts, values)
        return paddle.stack(parts)

    def wait(self) -> None:
        """Wait until all processes have reached this call."""
        self.sum([0.0])

    def max_part(self, total: int) -> int:
        """The largest number of images that a process has of a batch of `total`."""
        return -(-total // self.size)

    def wrap(self, network: paddle.nn.Layer) -> paddle.nn.Layer:
        """The network to call in training: its gradients are averaged over all processes."""
        return network if self.size == 1 else paddle.DataParallel(network)

    def no_sync(self, network: paddle.nn.Layer):
        """A context in which a wrapped network adds up gradients without averaging them.

        The next backward pass outside of it averages the sums over all processes.
        """
        return network.no_sync() if isinstance(network, paddle.DataParallel) else nullcontext()

    def average_statistics(self, weights: dict[str, paddle.Tensor]) -> None:
        """Average the running statistics of batch normalisation over all processes."""
        if self.size == 1:
            return
        for name, value in weights.items():
            if name.endswith(("._mean", "._variance")):
                paddle.distributed.all_reduce(value)
                value.set_value(value / self.size)


def processes() -> int:
    """The number of processes that `paddle.distributed.launch` started, including this one."""
    return int(os.environ.get("PADDLE_TRAINERS_NUM", "1"))


def join_group() -> Group:
    """Connect to the other processes of this run. Set the device first."""
    if processes() == 1:
        return Group()
    if paddle.get_device() == "cpu":
        os.environ["PADDLE_DISTRI_BACKEND"] = "gloo"  # the default is NCCL where there are GPUs
    if not paddle.distributed.is_initialized():  # an earlier mode of this command may have done it
        paddle.distributed.init_parallel_env()
    return Group(paddle.distributed.get_rank(), paddle.distributed.get_world_size())
