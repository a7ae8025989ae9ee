"""Measure what several processes cost each other: an all-reduce, and a step of a network.

    python -m paddle.distributed.launch --nproc_per_node=2 tools/benchmark.py ranks

The first process prints the least of its processor time and of time on the clock. On GPUs it
measures NCCL, on CPUs gloo. Without the launcher it measures steps of one process.
"""

import time
from functools import partial

import paddle

from paddle_aug.config import TrainConfig
from paddle_aug.networks import NETWORKS
from paddle_aug.training.device import use_device
from paddle_aug.training.distributed import join_group

MEGABYTES = (0.25, 1, 10, 100)
STEPS = (("lenet", 32, 16), ("vgg_thin", 64, 16))  # network, pixels, batch
REPEATS = 7


def measure() -> None:
    use_device(TrainConfig(threads=1))
    group = join_group()
    tell(group, f"{group.size} processes, Paddle {paddle.__version__}, {paddle.get_device()}")
    for megabytes in MEGABYTES if group.size > 1 else ():
        values = paddle.zeros([int(megabytes * 1e6 / 4)])
        tell(group, f"all-reduce of {megabytes:g} MB: {timed(partial(reduced, values))}")
    for name, pixels, batch in STEPS:
        network = NETWORKS[name](16, pixels)
        wrapped = group.wrap(network)
        images = paddle.zeros([batch // group.size, 3, pixels, pixels])
        megabytes = sum(each.size for each in network.parameters()) * 4 / 1e6
        took = timed(partial(stepped, network, wrapped, images))
        tell(group, f"{name}, {pixels} px, {batch} images among all, {megabytes:.1f} MB: {took}")


def tell(group, line: str) -> None:
    if group.is_first:
        print(line, flush=True)


def timed(call) -> str:
    """Milliseconds of a call, after one that warms up."""
    call()
    clock, processor = [], []
    for _ in range(REPEATS):
        started = time.perf_counter(), time.process_time()
        call()
        clock.append(1000 * (time.perf_counter() - started[0]))
        processor.append(1000 * (time.process_time() - started[1]))
    return f"processor {min(processor):.1f} ms, clock {min(clock):.1f} ms"


def reduced(values: paddle.Tensor) -> None:
    paddle.distributed.all_reduce(values)
    float(values[0])  # waits for the device


def stepped(network, wrapped, images: paddle.Tensor) -> None:
    """Gradients, averaged over processes."""
    loss = wrapped(images).mean()
    loss.backward()
    network.clear_gradients()
    float(loss)
