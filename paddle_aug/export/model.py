"""Trained networks as Paddle Inference models, and as ONNX; what is written is what was trained.

A folder of `inference.pdmodel` (of Paddle 2) or `inference.json` (of Paddle 3),
`inference.pdiparams`, and `description.json`, which says what goes in and what comes out.
"""

import copy
import inspect
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import paddle

from paddle_aug.data.normalize import Normalization
from paddle_aug.data.samples import Sample
from paddle_aug.errors import UserError
from paddle_aug.inputs import augmented
from paddle_aug.rng import generator
from paddle_aug.system.files import write_json
from paddle_aug.training.batches import ToNetwork
from paddle_aug.training.weights import Trained

STEM = "inference"
PROGRAMS = (f"{STEM}.json", f"{STEM}.pdmodel")  # of Paddle 3 and 2
# What logits may differ by, as a share of the largest, or of 1 if that is less.
TOLERANCE = 1e-5
# oneDNN, which Paddle Inference takes on a CPU unless it is told otherwise, and ONNX Runtime add up
# in another order: LeNet with each image's own mean inside is 2e-5 off.
TOLERANCE_ELSEWHERE = 1e-4
PADDLE = "Paddle Inference"
ONNX_RUNTIME = "ONNX Runtime"
OPSET = 13  # of 2021; older runtimes are rare
NORMS = (paddle.nn.BatchNorm1D, paddle.nn.BatchNorm2D)


class FromPixels(paddle.nn.Layer):
    """A network that takes pixels: uint8 [N, height, width, 3], RGB, which it normalises itself."""

    def __init__(self, network: paddle.nn.Layer, normalization: Normalization):
        super().__init__()
        self.network = network
        self.per_image = normalization.per_image
        self.register_buffer("mean", paddle.to_tensor(normalization.mean, "float32"))
        self.register_buffer("std", paddle.to_tensor(normalization.std, "float32"))

    def forward(self, images):
        mean, std, levels = self.mean, self.std, images.astype("float32") / 255.0
        if self.per_image:
            mean = levels.mean(axis=[1, 2, 3], keepdim=True)
            # Not levels.std(): Paddle Inference 3.3 with oneDNN squares in place what it divides.
            squares = (levels - mean) * (levels - mean)
            std = paddle.sqrt(squares.mean(axis=[1, 2, 3], keepdim=True)) + std
        return self.network(((levels - mean) / std).transpose([0, 3, 1, 2]))


def export(
    trained: Trained,
    folder: Path,
    pixels: np.ndarray,
    with_normalization: bool = False,
    onnx: bool = False,
) -> dict[str, float]:
    """Write the model into a folder, once its outputs are the network's.

    They are compared on `pixels`, uint8 [N, image_size, image_size, 3]. Returns how far apart they
    are at most, by the runtime; ONNX Runtime is among them if `onnx` is asked for and it is here.

    Raises:
        UserError: they differ by more than they may, ONNX is asked for and cannot be made, or the
            folder cannot be written to.
    """
    size = trained.config.image_size
    network = copy.deepcopy(trained.network)  # compiling changes a network
    fill_norms(network)
    to_network = ToNetwork(trained.normalization)
    with paddle.no_grad():
        normalized = to_network(paddle.to_tensor(pixels))
        want = trained.network(normalized).numpy()
    if with_normalization:
        network, images = FromPixels(network, trained.normalization), pixels
        shape, dtype = [None, size, size, 3], "uint8"
    else:
        images, shape, dtype = normalized.numpy(), [None, 3, size, size], "float32"
    network.eval()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".") as beside:
            made = Path(beside)
            save(network, made, paddle.static.InputSpec([*shape], dtype, "images"))
            outputs = {PADDLE: run(made, images, onednn=False)}
            outputs[f"{PADDLE} with oneDNN"] = run(made, images, onednn=True)
            if onnx:
                write_onnx(made)
                outputs[ONNX_RUNTIME] = run_onnx(made / f"{STEM}.onnx", images)
            apart = {
                runtime: compare(want, logits, runtime)
                for runtime, logits in outputs.items()
                if logits is not None
            }
            write_json(made / "description.json", description(trained, shape, dtype))
            for name in (*PROGRAMS, f"{STEM}.onnx"):  # of another export, or of another Paddle
                (folder / name).unlink(missing_ok=True)
            for file in made.iterdir():
                file.replace(folder / file.name)
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {error.strerror}") from None
    return apart


def description(trained: Trained, shape: list[int | None], dtype: str) -> dict:
    """What goes in, of any number of images, and what comes out."""
    config = trained.config
    return {
        "network": config.network,
        "class_names": trained.class_names,
        "input": {
            "name": "images",
            "shape": shape,
            "dtype": dtype,
            "colours": "RGB",
            "normalized_by_the_model": dtype == "uint8",
        },
        "output": {"logits": [None, len(trained.class_names)]},
        "image_size": config.image_size,
        "stretch": config.stretch,
        "eval_transform": config.eval_transform,
        "normalization": trained.normalization.as_dict(),
        "data": {"name": trained.data_name, "fingerprint": trained.fingerprint},
        "paddle": paddle.__version__,
    }


def fill_norms(network: paddle.nn.Layer) -> None:
    """Give batch normalisations without weight and bias ones and zeros, which change nothing.

    Paddle's predictor on a CPU is killed by a segmentation fault where there are none.
    """
    for layer in network.sublayers():
        if not isinstance(layer, NORMS):
            continue
        for name, value in (("weight", 1.0), ("bias", 0.0)):
            if getattr(layer, name) is None:
                constant = paddle.nn.initializer.Constant(value)
                filled = layer.create_parameter(layer._mean.shape, default_initializer=constant)
                setattr(layer, name, filled)


def save(network: paddle.nn.Layer, folder: Path, images: paddle.static.InputSpec) -> None:
    """Write the program and its weights."""
    static = paddle.jit.to_static(network, input_spec=[images], full_graph=True)
    paddle.jit.save(static, str(folder / STEM))
    (folder / f"{STEM}.pdiparams.info").unlink(missing_ok=True)  # which no predictor reads


def program(folder: Path) -> Path:
    """The file of the two names that this Paddle gives it."""
    return next(folder / name for name in PROGRAMS if (folder / name).exists())


def run(folder: Path, images: np.ndarray, onednn: bool) -> np.ndarray:
    """What Paddle Inference makes of a batch by the model in this folder, on the CPU."""
    config = paddle.inference.Config(str(program(folder)), str(folder / f"{STEM}.pdiparams"))
    config.disable_gpu()
    config.disable_glog_info()
    config.enable_mkldnn() if onednn else config.disable_mkldnn()
    predictor = paddle.inference.create_predictor(config)
    predictor.get_input_handle(predictor.get_input_names()[0]).copy_from_cpu(images)
    predictor.run()
    return predictor.get_output_handle(predictor.get_output_names()[0]).copy_to_cpu()


def compare(want: np.ndarray, logits: np.ndarray, runtime: str) -> float:
    """The largest difference of a runtime's logits from those of the network.

    Raises:
        UserError: it is more than may be.
    """
    apart = float(np.abs(logits - want).max())
    tolerance = TOLERANCE if runtime == PADDLE else TOLERANCE_ELSEWHERE
    if not apart <= tolerance * max(1.0, float(np.abs(want).max())):
        raise UserError(
            f"{runtime} gives other logits than the network, by up to {apart:.2g}; the model was "
            "not kept"
        )
    return apart


def write_onnx(folder: Path) -> None:
    """Make ONNX of the model in this folder.

    Raises:
        UserError: there is no paddle2onnx, or it cannot convert this model.
    """
    try:
        import paddle2onnx
    except ImportError as error:
        raise UserError(f"--onnx wants paddle2onnx (pip install paddle2onnx): {error}") from None
    options = {"opset_version": OPSET, "verbose": False}
    if "optimize_tool" in inspect.signature(paddle2onnx.export).parameters:
        options["optimize_tool"] = "none"  # polygraphy would install packages as it sees fit
    try:
        paddle2onnx.export(
            str(program(folder)),
            str(folder / f"{STEM}.pdiparams"),
            str(folder / f"{STEM}.onnx"),
            **options,
        )
    except Exception as error:  # what was wrong it logs, and then it fails of something else
        raise UserError(f"paddle2onnx cannot convert this network: {error}") from error


def run_onnx(file: Path, images: np.ndarray) -> np.ndarray | None:
    """What ONNX Runtime makes of a batch; None where it is not installed."""
    try:
        import onnxruntime
    except ImportError:
        return None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors: it would tell of each unused constant
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: images})[0]


def comparison_pixels(trained: Trained, samples: Sequence[Sample]) -> np.ndarray:
    """Images of noise, the same each time, and up to 16 of the samples as evaluation prepares them.

    Raises:
        UserError: an image cannot be read.
    """
    size = trained.config.image_size
    noise = generator(0, "drawing").integers(0, 256, (4, size, size, 3)).astype(np.uint8)
    prepared = augmented(replace(trained.config, cache="off"), samples[:16], "none")
    return np.stack([*noise, *(prepared[0, index][0] for index in range(len(prepared)))])
