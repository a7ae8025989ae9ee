"""Trained networks as models for Paddle Inference and ONNX, with checked outputs.

The folder of a model has `inference.json` (Paddle 3) or `inference.pdmodel` (Paddle 2) with
`inference.pdiparams`, `description.json` on its input and output, `infer.py`, which predicts with
these files and without this package, and `inference.yml` for PaddleX.
"""

import inspect
import logging
import math
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import paddle

from paddle_aug.augment.modes import augmentation
from paddle_aug.augment.ops.resize import CenterCrop, Resize, Size
from paddle_aug.augment.transform import Chain, Identity
from paddle_aug.data.normalize import Normalization
from paddle_aug.data.samples import Sample
from paddle_aug.errors import UserError, writing
from paddle_aug.export import paddlex
from paddle_aug.inputs import augmented, op_name
from paddle_aug.rng import generator
from paddle_aug.system.files import held, set_aside, write_json
from paddle_aug.training.batches import Normalize
from paddle_aug.training.predictor import PROGRAMS, STEM, Predictor, program, save
from paddle_aug.training.weights import Trained

INFER = Path(__file__).with_name("infer.py")
# The largest difference of outputs, relative to the largest logit or, if that is less, to 1.
TOLERANCE = 1e-5
# oneDNN, the default of Paddle Inference on a CPU, and ONNX Runtime add in another order: a LeNet
# that subtracts each image's own mean is 2e-5 off.
TOLERANCE_ELSEWHERE = 1e-4
PADDLE = "Paddle Inference"
ONNX_RUNTIME = "ONNX Runtime"
OPSET = 13  # from 2021; older runtimes are rare
# How to stretch in another program, by interpolation.
STRETCHES = {
    "linear": "cv2.resize(image, ({side}, {side}), interpolation=cv2.INTER_LINEAR), whatever the "
    "aspect ratio; not Pillow's resize, which averages when it shrinks and costs accuracy here",
    "area": "to {side} x {side} whatever the aspect ratio: cv2.INTER_AREA along sides that shrink, "
    "then cv2.INTER_LINEAR",
}

logger = logging.getLogger(__name__)


class FromPixels(paddle.nn.Layer):
    """A network that normalises its input itself: uint8 RGB pixels [N, height, width, 3]."""

    def __init__(self, network: paddle.nn.Layer, normalization: Normalization):
        super().__init__()
        self.network = network
        self.per_image = normalization.per_image
        self.register_buffer("mean", paddle.to_tensor(normalization.mean, "float32"))
        self.register_buffer("std", paddle.to_tensor(normalization.std, "float32"))

    def forward(self, images):
        mean, std, levels = self.mean, self.std, images.astype("float32") / 255.0
        if self.per_image:
            # Not mean(), for which Paddle Inference 3.3 with oneDNN prints a line of its own, and
            # not std(), for which it would square `levels` in place. Paddle 2.6 has no shape of
            # uint8 here.
            axes, count = [1, 2, 3], math.prod(levels.shape[1:])
            mean = levels.sum(axes, keepdim=True) / count
            squares = (levels - mean) * (levels - mean)
            std = paddle.sqrt(squares.sum(axes, keepdim=True) / count) + std
        return self.network(((levels - mean) / std).transpose([0, 3, 1, 2]))


class Probabilities(paddle.nn.Layer):
    """A network that gives probabilities instead of logits."""

    def __init__(self, network: paddle.nn.Layer):
        super().__init__()
        self.network = network

    def forward(self, images):
        # Not softmax(): Paddle 3.3 prints a warning of its own code as it compiles that.
        return paddle.nn.functional.log_softmax(self.network(images)).exp()


def export(
    trained: Trained,
    folder: Path,
    pixels: np.ndarray,
    with_normalization: bool = False,
    onnx: bool = False,
    softmax: bool = True,
) -> dict[str, float]:
    """Write the model into a folder if its outputs are those of the network.

    The outputs are probabilities with `softmax`, else logits. They are compared on `pixels`, uint8
    [N, image_size, image_size, 3]. Returns the largest difference for each runtime; with `onnx`,
    ONNX Runtime is one of them if it is installed.

    Raises:
        UserError: the outputs are not finite or differ, the network cannot be converted to ONNX, or
            the folder cannot be written to; nothing is written then.
    """
    paddle2onnx = import_paddle2onnx() if onnx else None
    size = trained.config.image_size
    network = trained.network
    to_network = Normalize(trained.normalization)
    normalized = to_network(paddle.to_tensor(pixels))
    logits = trained.logits(normalized)
    want = (paddle.nn.functional.softmax(logits) if softmax else logits).numpy()
    scale = max(1.0, float(logits.abs().max()))
    if with_normalization:
        network, images = FromPixels(network, trained.normalization), pixels
        shape, dtype = [None, size, size, 3], "uint8"
    else:
        images, shape, dtype = normalized.numpy(), [None, 3, size, size], "float32"
    if softmax:
        network = Probabilities(network)
    refusal = f"another export is writing to {folder}; wait for it to end"
    with (
        held(folder, "the folder", refusal),
        writing(f"to {folder}"),
        tempfile.TemporaryDirectory(dir=folder, prefix=".") as temporary,
    ):
        model = Path(temporary)
        save(network, model, paddle.static.InputSpec([*shape], dtype, "images"))
        outputs = {PADDLE: Predictor(model, onednn=False)(images)}
        outputs[f"{PADDLE} with oneDNN"] = Predictor(model, onednn=True)(images)
        if paddle2onnx:
            write_onnx(paddle2onnx, model)
            outputs[ONNX_RUNTIME] = run_onnx(model / f"{STEM}.onnx", images)
        differences = {
            runtime: compare(want, given, runtime, scale)
            for runtime, given in outputs.items()
            if given is not None
        }
        write_json(model / "description.json", description(trained, shape, dtype, softmax))
        if trained.config.stretch or fitting_ops(trained.config.eval_transform) is not None:
            shutil.copyfile(INFER, model / INFER.name)
        else:
            logger.warning(
                "no infer.py: it knows resize and center_crop, not --eval-transform %s",
                trained.config.eval_transform,
            )
        how = trained.config, trained.normalization
        reason = paddlex.obstacle(*how, with_normalization, softmax)
        if reason is None:
            paddlex.write(model / paddlex.FILE, *how, trained.class_names)
        else:
            logger.warning("no %s for PaddleX: %s", paddlex.FILE, reason)
        other = folder / INFER.name  # of a user, or of another version
        if other.exists() and other.read_bytes() != INFER.read_bytes():
            logger.info("moved %s to %s", other, set_aside([other]))
        if moved := paddlex.set_other_aside(folder / paddlex.FILE):
            logger.info("moved %s to %s", folder / paddlex.FILE, moved)
        # From an earlier export.
        for name in (*PROGRAMS, f"{STEM}.onnx", INFER.name, paddlex.FILE):
            (folder / name).unlink(missing_ok=True)
        for file in model.iterdir():
            file.replace(folder / file.name)
    return differences


def description(trained: Trained, shape: list[int | None], dtype: str, softmax: bool) -> dict:
    """The content of description.json; the batch size is free."""
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
        "output": {"probabilities" if softmax else "logits": [None, len(trained.class_names)]},
        "preparation": preparation(trained, dtype),
        "image_size": config.image_size,
        "stretch": config.stretch,
        "interpolation": config.interpolation,
        "eval_transform": config.eval_transform,
        "normalization": trained.normalization.as_dict(),
        "data": {"name": trained.data_name, "fingerprint": trained.fingerprint},
        "paddle": paddle.__version__,
    }


def preparation(trained: Trained, dtype: str) -> list[dict]:
    """The steps from an image file to the input; `how` describes each for people."""
    config, side = trained.config, trained.config.image_size
    steps = [
        {"step": "decode", "how": "RGB of 8 bits, turned as EXIF says, transparency over white"}
    ]
    if config.stretch:
        step = {"step": "stretch", "size": side, "interpolation": config.interpolation}
        steps.append({**step, "how": STRETCHES[config.interpolation].format(side=side)})
    else:
        step = {"step": "fit", "size": side, "ops": fitting_ops(config.eval_transform)}
        how = f"unless it is {side} x {side} already: {config.eval_transform}, as torchvision does"
        steps.append({**step, "how": how})
    if dtype == "float32":
        how = "(pixels / 255 - mean) / std for each channel"
        if trained.normalization.per_image:
            how = "(pixels / 255 - the image's mean) / (its deviation + std)"
        how += ", then transposed to [3, height, width]"
        steps.append({"step": "normalize", **trained.normalization.as_dict(), "how": how})
    return steps


def fitting_ops(spec: str) -> list[tuple[str, Size]] | None:
    """The ops of `--eval-transform`, such as ("resize", 256); None if `infer.py` lacks one."""
    transform = augmentation(spec)
    ops = transform.ops if isinstance(transform, Chain) else (transform,)
    if not all(isinstance(op, (Resize, CenterCrop, Identity)) for op in ops):
        return None
    return [(op_name(op), op.size) for op in ops if not isinstance(op, Identity)]


def compare(want: np.ndarray, given: np.ndarray, runtime: str, scale: float) -> float:
    """The largest difference between a runtime's outputs and the network's.

    Raises:
        UserError: it is more than the tolerance, relative to `scale`.
    """
    difference = float(np.abs(given - want).max())
    tolerance = TOLERANCE if runtime == PADDLE else TOLERANCE_ELSEWHERE
    if not difference <= tolerance * scale:
        raise UserError(
            f"the outputs of {runtime} differ from the network's by up to {difference:.2g}; no "
            "model was written"
        )
    return difference


def import_paddle2onnx() -> ModuleType:
    """The converter, an optional package.

    Raises:
        UserError: it cannot be imported.
    """
    try:
        import paddle2onnx
    except ImportError as error:
        raise UserError(
            f"--onnx needs paddle2onnx ({error}): pip install paddle2onnx; or drop --onnx, which "
            "writes the Paddle model alone"
        ) from None
    return paddle2onnx


def write_onnx(paddle2onnx: ModuleType, folder: Path) -> None:
    """Convert the model in this folder to ONNX.

    Raises:
        UserError: paddle2onnx cannot convert the model.
    """
    options = {"opset_version": OPSET, "verbose": False}
    if "optimize_tool" in inspect.signature(paddle2onnx.export).parameters:
        options["optimize_tool"] = "none"  # its default installs packages
    try:
        paddle2onnx.export(
            str(program(folder)),
            str(folder / f"{STEM}.pdiparams"),
            str(folder / f"{STEM}.onnx"),
            **options,
        )
    except Exception as error:  # it logs the reason, and raises any kind of error
        raise UserError(
            f"paddle2onnx cannot convert this network: {error}; drop --onnx for the Paddle model"
        ) from error


def run_onnx(file: Path, images: np.ndarray) -> np.ndarray | None:
    """The outputs of ONNX Runtime for a batch; None if it is not installed."""
    try:
        import onnxruntime
    except ImportError:
        return None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only: it warns of each unused constant
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: images})[0]


def comparison_pixels(trained: Trained, samples: Sequence[Sample]) -> np.ndarray:
    """Four fixed images of noise, and up to 16 samples as evaluation prepares them.

    Raises:
        UserError: an image cannot be read.
    """
    size = trained.config.image_size
    noise = generator(0, "drawing").integers(0, 256, (4, size, size, 3)).astype(np.uint8)
    prepared = augmented(replace(trained.config, cache="off"), samples[:16], "none")
    return np.stack([*noise, *(prepared[0, index][0] for index in range(len(prepared)))])
