"""A trained network in memory, for the page. It is the only module of the studio that meets Paddle.

Paddle's threads are set for each thread that calculates, so one thread does all of it.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from paddle.nn import functional as F

from paddle_aug.config import TrainConfig
from paddle_aug.data.dataset import Dataset
from paddle_aug.data.samples import Sample
from paddle_aug.errors import UserError
from paddle_aug.evaluation.evaluate import coloured
from paddle_aug.evaluation.gradcam import grad_cam
from paddle_aug.evaluation.predict import predictions
from paddle_aug.rng import generator
from paddle_aug.system.processes import cores
from paddle_aug.training.batches import Normalize, tensor_of
from paddle_aug.training.device import use_device
from paddle_aug.training.predictor import compiled
from paddle_aug.training.weights import Trained, eval_data, load_trained

logger = logging.getLogger(__name__)

TOLERANCE = 1e-5  # of a probability


@dataclass(frozen=True)
class Loaded:
    """A network, and its evaluation data or the words why there is none.

    `trained` predicts by Paddle's own kernels, which Grad-CAM needs; `quick` has the same
    probabilities, on a CPU by oneDNN in a fraction of the time.
    """

    trained: Trained
    quick: Trained
    data: Dataset | str

    def probabilities(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Those of prepared images, float64 [N, classes]."""
        return probabilities(self.quick, np.stack(images))

    def heat(self, image: np.ndarray, label: int) -> np.ndarray:
        """Where the network sees a class in a prepared image, in colours, uint8 [H, W, 3]."""
        inputs = Normalize(self.trained.normalization)(tensor_of(image[None]))
        (heat,) = grad_cam(self.trained.network, inputs, [label]).values()
        return np.rint(coloured(heat, *image.shape[:2])).astype(np.uint8)

    def predictions(
        self, samples: Sequence[Sample], at_once: int
    ) -> Iterator[np.ndarray | UserError]:
        """As `predict.predictions`."""
        return predictions(self.quick, samples, batch_size=at_once)


def load(weights: Path, given: dict) -> Loaded:
    """The network of a file of weights, and the data to evaluate it on; see `eval_data` for
    `given`.

    Raises:
        UserError: see `load_trained`.
    """
    device = use_device(TrainConfig())
    trained = load_trained(weights)
    quick = quickened(trained) if device == "cpu" else trained
    try:
        data = eval_data(trained, given)
    except UserError as error:
        return Loaded(trained, quick, str(error))
    if not data.eval:
        return Loaded(trained, quick, f"{data.name} has no eval images to evaluate on")
    return Loaded(trained, quick, data)


def quickened(trained: Trained) -> Trained:
    """The same with its network compiled or, where that fails or predicts otherwise, unchanged."""
    try:
        predictor = compiled(trained.network, cores())
        quick = replace(trained, network=lambda inputs: tensor_of(predictor(inputs.numpy())))
        side = trained.config.image_size
        image = generator(0, "drawing").integers(0, 256, (1, side, side, 3), np.uint8)
        difference = probabilities(quick, image) - probabilities(trained, image)
        if np.abs(difference).max() > TOLERANCE:
            raise ValueError("the compiled network predicts otherwise")
    except Exception as error:  # Paddle raises many kinds for what it cannot compile
        logger.info("%s is not compiled: %s", trained.config.network, error)
        return trained
    return quick


def probabilities(trained: Trained, images: np.ndarray) -> np.ndarray:
    """Those of prepared images, uint8 [N, H, W, 3]: float64 [N, classes]."""
    inputs = Normalize(trained.normalization)(tensor_of(images))
    return F.softmax(trained.logits(inputs).astype("float64")).numpy()
