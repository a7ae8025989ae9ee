"""One run on several devices: each has its part of every batch, and the first one writes.

`python -m paddle.distributed.launch` starts a process a device, which here are called ranks.
"""

import os
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import paddle


@dataclass(frozen=True)
class Group:
    """The processes of a run, and which of them this is; alone, it is the first of one."""

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the one that writes files and lines."""
        return self.rank == 0

    def sum(self, values: list[float]) -> list[float]:
        """The sums over all processes; each has to call this, and with as many values."""
        if self.size == 1:
            return values
        total = paddle.to_tensor(np.array(values, np.float64))
        paddle.distributed.all_reduce(total)
        return total.numpy().tolist()

    def united(self, part: paddle.Tensor, whole: int) -> paddle.Tensor:
        """A batch of `whole`, of which each process has every `size`-th; uint8 or int64 [N, …]."""
        if self.size == 1:
            return part
        padding = paddle.zeros([self.most(whole) - len(part), *part.shape[1:]], part.dtype)
        parts = self.gathered(paddle.concat([part, padding]))
        return parts.transpose([1, 0, *range(2, parts.ndim)]).flatten(0, 1)[:whole]

    def gathered(self, values: paddle.Tensor) -> paddle.Tensor:
        """The values of each process, [size, …], in which all have the same shape."""
        parts = []
        paddle.distributed.all_gather(parts, values)
        return paddle.stack(parts)

    def wait(self) -> None:
        """Go on when all processes have come here."""
        self.sum([0.0])

    def most(self, whole: int) -> int:
        """The images that a process has of a batch of `whole`, at most."""
        return -(-whole // self.size)

    def wrap(self, network: paddle.nn.Layer) -> paddle.nn.Layer:
        """The network to call in training: its gradients are the means over all processes."""
        return network if self.size == 1 else paddle.DataParallel(network)

    def apart(self, network: paddle.nn.Layer):
        """A context in which what `wrap` returned adds up its gradients in each process alone; the
        next ones outside of it are added, and then averaged over all processes."""
        return network.no_sync() if isinstance(network, paddle.DataParallel) else nullcontext()

    def unite_statistics(self, weights: dict[str, paddle.Tensor]) -> None:
        """Make what batch normalisation has measured, of other parts in each process, the mean."""
        if self.size == 1:
            return
        for name, value in weights.items():
            if name.endswith(("._mean", "._variance")):
                paddle.distributed.all_reduce(value)
                value.set_value(value / self.size)


def processes() -> int:
    """How many processes `paddle.distributed.launch` has started, this one among them."""
    return int(os.environ.get("PADDLE_TRAINERS_NUM", "1"))


def join_group() -> Group:
    """Meet the other processes of this run; the device is to be set before."""
    if processes() == 1:
        return Group()
    if paddle.get_device() == "cpu":
        os.environ["PADDLE_DISTRI_BACKEND"] = "gloo"  # or it would be NCCL where there are GPUs
    if not paddle.distributed.is_initialized():  # by the mode that was trained before
        paddle.distributed.init_parallel_env()
    return Group(paddle.distributed.get_rank(), paddle.distributed.get_world_size())
