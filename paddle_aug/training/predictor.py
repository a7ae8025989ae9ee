"""Networks compiled for Paddle Inference."""

import copy
import tempfile
from pathlib import Path

import numpy as np
import paddle

from paddle_aug.training.cpu import keep_freed_memory
from paddle_aug.training.pretrained import NORMS

STEM = "inference"
PROGRAMS = (f"{STEM}.json", f"{STEM}.pdmodel")  # of Paddle 3 and 2


def save(network: paddle.nn.Layer, folder: Path, images: paddle.static.InputSpec) -> None:
    """Write the program of a network, in eval mode, and its weights."""
    network = copy.deepcopy(network)  # compiling changes it
    network.eval()
    fill_norms(network)
    static = paddle.jit.to_static(network, input_spec=[images], full_graph=True)
    paddle.jit.save(static, str(folder / STEM))
    (folder / f"{STEM}.pdiparams.info").unlink(missing_ok=True)  # no predictor reads it


def fill_norms(network: paddle.nn.Layer) -> None:
    """Give batch normalisations that lack weight and bias ones and zeros, which change nothing.

    Without them, Paddle's predictor ends with a segmentation fault on a CPU.
    """
    norms = [layer for layer in network.sublayers() if isinstance(layer, NORMS)]
    for norm in norms:
        for name, value in (("weight", 1.0), ("bias", 0.0)):
            if getattr(norm, name) is None:
                constant = paddle.nn.initializer.Constant(value)
                filled = norm.create_parameter(norm._mean.shape, default_initializer=constant)
                setattr(norm, name, filled)


def program(folder: Path) -> Path:
    """The program's file, whichever Paddle wrote it."""
    return next(folder / name for name in PROGRAMS if (folder / name).exists())


class Predictor:
    """The model in a folder, on the CPU."""

    def __init__(self, folder: Path, onednn: bool, threads: int = 1):
        keep_freed_memory()
        config = paddle.inference.Config(str(program(folder)), str(folder / f"{STEM}.pdiparams"))
        config.disable_gpu()
        config.disable_glog_info()
        config.set_cpu_math_library_num_threads(threads)
        config.enable_mkldnn() if onednn else config.disable_mkldnn()
        self.predictor = paddle.inference.create_predictor(config)
        (name,) = self.predictor.get_input_names()
        self.input = self.predictor.get_input_handle(name)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """The outputs for a batch."""
        self.input.copy_from_cpu(images)
        self.predictor.run()
        (name,) = self.predictor.get_output_names()
        return self.predictor.get_output_handle(name).copy_to_cpu()


def compiled(network: paddle.nn.Layer, threads: int) -> Predictor:
    """The network as it is now, by oneDNN, for images float32 [N, 3, H, W] of any size."""
    images = paddle.static.InputSpec([None, 3, None, None], "float32", "images")
    with tempfile.TemporaryDirectory() as folder:
        save(network, Path(folder), images)
        return Predictor(Path(folder), onednn=True, threads=threads)
