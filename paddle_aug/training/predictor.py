"""Networks compiled for Paddle Inference."""

import copy
import tempfile
from pathlib import Path

import numpy as np
import paddle

from paddle_aug.training.pretrained import NORMS

STEM = "inference"
PROGRAMS = (f"{STEM}.json", f"{STEM}.pdmodel")  # of Paddle 3 and 2


def save(network: paddle.nn.Layer, folder: Path, images: paddle.static.InputSpec) -> None:
    """Write the program of a network and its weights. Compiling changes the network."""
    static = paddle.jit.to_static(network, input_spec=[images], full_graph=True)
    paddle.jit.save(static, str(folder / STEM))
    (folder / f"{STEM}.pdiparams.info").unlink(missing_ok=True)  # no predictor reads it


def program(folder: Path) -> Path:
    """The program's file, whichever Paddle wrote it."""
    return next(folder / name for name in PROGRAMS if (folder / name).exists())


def open_predictor(folder: Path, onednn: bool, threads: int = 1) -> paddle.inference.Predictor:
    """The model in a folder, on the CPU."""
    config = paddle.inference.Config(str(program(folder)), str(folder / f"{STEM}.pdiparams"))
    config.disable_gpu()
    config.disable_glog_info()
    config.set_cpu_math_library_num_threads(threads)
    config.enable_mkldnn() if onednn else config.disable_mkldnn()
    return paddle.inference.create_predictor(config)


def run(predictor: paddle.inference.Predictor, images: np.ndarray) -> np.ndarray:
    """The outputs for a batch."""
    predictor.get_input_handle(predictor.get_input_names()[0]).copy_from_cpu(images)
    predictor.run()
    return predictor.get_output_handle(predictor.get_output_names()[0]).copy_to_cpu()


def compiled(network: paddle.nn.Layer, threads: int) -> paddle.inference.Predictor:
    """A predictor by oneDNN for images float32 [N, 3, H, W] of any size, as the weights are now."""
    network = copy.deepcopy(network)  # compiling changes it
    network.eval()
    fill_norms(network)
    with tempfile.TemporaryDirectory() as folder:
        images = paddle.static.InputSpec([None, 3, None, None], "float32", "images")
        save(network, Path(folder), images)
        return open_predictor(Path(folder), onednn=True, threads=threads)


def fill_norms(network: paddle.nn.Layer) -> None:
    """Give batch normalisations without weight and bias ones and zeros, which change nothing.

    Without them, Paddle's predictor ends with a segmentation fault on a CPU.
    """
    for layer in network.sublayers():
        if not isinstance(layer, NORMS):
            continue
        for name, value in (("weight", 1.0), ("bias", 0.0)):
            if getattr(layer, name) is None:
                constant = paddle.nn.initializer.Constant(value)
                filled = layer.create_parameter(layer._mean.shape, default_initializer=constant)
                setattr(layer, name, filled)
