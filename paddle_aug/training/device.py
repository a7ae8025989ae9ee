"""The device to train on, and the number of worker processes beside it."""

import re

import paddle

from paddle_aug.config import TrainConfig
from paddle_aug.errors import UserError
from paddle_aug.system.processes import cores
from paddle_aug.training.cpu import keep_freed_memory, use_fast_instructions
from paddle_aug.training.distributed import processes


def use_device(config: TrainConfig) -> str:
    """Set Paddle's device and its CPU threads, and return the device's name: "cpu", "gpu:0" ….

    Raises:
        UserError: there is no such device, or it is a CPU and `--amp` needs a GPU.
    """
    gpus = paddle.device.cuda.device_count() if paddle.device.is_compiled_with_cuda() else 0
    name = config.device
    if name == "auto":
        name = "gpu" if gpus else "cpu"
    if name.startswith("gpu:") and processes() > 1:
        raise UserError(
            f"--device {name}: each of {processes()} processes has its own GPU; use --device gpu"
        )
    if name == "gpu" and processes() > 1:
        name = f"gpu:{paddle.distributed.ParallelEnv().device_id}"
    kind, _, number = name.partition(":")
    if not re.fullmatch(r"cpu|gpu(:[0-9]+)?", name):
        raise UserError(f"--device {name!r} is none of auto, cpu, gpu, gpu:0, gpu:1 …")
    if kind == "gpu" and int(number or 0) >= gpus:
        raise UserError(f"--device {name}: Paddle sees {gpus} GPUs here; use --device cpu")
    if kind == "cpu" and config.amp:
        raise UserError("--amp needs a GPU, and this run uses the CPU")
    paddle.set_device(name)
    if kind == "cpu":
        use_fast_instructions()
        keep_freed_memory()
        # Paddle's default is one thread, unless OMP_NUM_THREADS is set.
        paddle.base.core.set_num_threads(config.threads or cores())
    return paddle.get_device()


def num_workers(config: TrainConfig, device: str) -> int:
    """The number of processes that augment: one per core beside a GPU, none beside a CPU."""
    if config.num_workers is not None:
        return config.num_workers
    return 0 if device == "cpu" else cores()
