"""Records for VisualDL: the curves of a run, batches, and the graph of the network."""

import copy
import logging
import math
import struct
import warnings
from collections.abc import Iterator
from contextlib import nullcontext, redirect_stdout
from io import StringIO

import numpy as np
import paddle

from paddle_aug.config import TrainConfig
from paddle_aug.data.normalize import Normalization
from paddle_aug.errors import UserError
from paddle_aug.results.runlog import CURVES
from paddle_aug.system.files import write_bytes
from paddle_aug.training.callbacks import Callback, Step
from paddle_aug.training.state import Progress, Run, visualdl_folder

logger = logging.getLogger(__name__)

EVERY = 10  # epochs between pictures of a batch
MAX_IMAGES = 16  # in such a picture
TAGS = ("loss/train", "accuracy/train", "loss/eval", "accuracy/eval")  # of runlog.CURVES


class VisualDL(Callback):
    """Writes to the run's folder below `--visualdl`. Its steps are epochs, counted from 1.

    Raises:
        UserError: VisualDL is not installed.
    """

    def __init__(self, config: TrainConfig):
        try:
            import visualdl
        except ModuleNotFoundError:
            # Its pandas would replace NumPy by version 2, which Paddle 2.6 cannot use.
            raise UserError(
                "--visualdl needs VisualDL, which is not installed: "
                f'pip install visualdl "numpy=={np.__version__}"'
            ) from None
        self.open = visualdl.LogWriter
        self.config = config
        self.writer = None

    def on_train_begin(self, run: Run, progress: Progress) -> None:
        """Open the record, without what an earlier session wrote after its last saved epoch."""
        folder = visualdl_folder(self.config)
        file = folder / "vdlrecords.log"
        if file.exists():
            write_bytes(file, b"".join(records(file.read_bytes(), progress.done)))
        with redirect_stdout(StringIO()):  # it prints that the file exists
            self.writer = self.open(str(folder), file_name=file.name)
        if not list(folder.glob("vdlgraph*")):
            self.graph(run.network)

    def close(self) -> None:
        if self.writer:
            self.writer.close()

    def graph(self, network: paddle.nn.Layer) -> None:
        """Write the graph of the network, traced on a copy."""
        size = self.config.image_size
        images = paddle.static.InputSpec([None, 3, size, size], "float32")
        # VisualDL reads the programs of Paddle 2, which Paddle 3 makes under this guard.
        old_program = getattr(paddle.pir_utils, "OldIrGuard", nullcontext)
        with paddle.utils.unique_name.guard(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "full_graph=False", UserWarning)
            warnings.filterwarnings("ignore", "unclosed file", ResourceWarning)
            network = copy.deepcopy(network)
            network.eval()
            try:
                with old_program(), redirect_stdout(StringIO()):  # it prints the error, too
                    self.writer.add_graph(network, [images])
            except Exception as error:  # the traced program may raise anything
                reason = str(error).strip().split("\n")[-1].strip()
                logger.warning(
                    "--visualdl shows everything but the graph of %s, which VisualDL cannot make "
                    "on Paddle %s: %s",
                    self.config.network,
                    paddle.__version__,
                    reason,
                )

    def on_batch_end(self, run: Run, progress: Progress, step: Step) -> None:
        """Write the first images of an epoch as the network sees them: augmented and mixed."""
        if step.number == 1 and progress.done % EVERY == 0:
            images = pictures(step.inputs[:MAX_IMAGES], run.normalization)
            self.writer.add_image("batch", grid(images), progress.done + 1)

    def on_epoch_end(self, run: Run, progress: Progress) -> None:
        """Write the latest values, before the checkpoint: resuming drops those that follow it."""
        values = {
            **{tag: progress.curves[name][-1] for tag, name in zip(TAGS, CURVES, strict=True)},
            "learning_rate": run.optimizer.get_lr(),
            **{name: progress.epochs[-1][name] for name in ("images_per_s", "data_wait")},
        }
        for tag, value in values.items():
            self.writer.add_scalar(tag, value, progress.done)
        self.writer.flush()


def records(content: bytes, done: int) -> Iterator[bytes]:
    """The complete records of a VisualDL file up to the epoch `done`.

    Each is a protobuf message after its length; a kill may have cut off the last one.
    """
    from visualdl.proto.record_pb2 import Record

    start = 0
    while start + 8 <= len(content):
        end = start + 8 + struct.unpack_from("<Q", content, start)[0]
        if end > len(content):
            return
        if Record.FromString(content[start + 8 : end]).values[0].id <= done:
            yield content[start:end]
        start = end


def pictures(inputs: paddle.Tensor, norm: Normalization) -> np.ndarray:
    """Convert a network's inputs [N, 3, H, W] back to uint8 [N, H, W, 3].

    Images that were normalised by their own mean and deviation are stretched to full contrast.
    """
    pixels = inputs.transpose([0, 2, 3, 1]).numpy()
    if norm.per_image:
        low, high = (side(axis=(1, 2, 3), keepdims=True) for side in (pixels.min, pixels.max))
        levels = (pixels - low) / np.maximum(high - low, np.finfo(np.float32).tiny)
    else:
        levels = pixels * np.float32(norm.std) + np.float32(norm.mean)
    return np.rint(255 * levels.clip(0, 1)).astype(np.uint8)


def grid(images: np.ndarray) -> np.ndarray:
    """Arrange images [N, H, W, 3] in a square, row by row; VisualDL's grid would shrink them."""
    columns = math.ceil(math.sqrt(len(images)))
    rows = math.ceil(len(images) / columns)
    missing = rows * columns - len(images)
    framed = np.pad(images, ((0, missing), (1, 1), (1, 1), (0, 0)), constant_values=255)
    height, width = framed.shape[1:3]
    square = framed.reshape(rows, columns, height, width, 3).swapaxes(1, 2)
    return square.reshape(rows * height, columns * width, 3)
