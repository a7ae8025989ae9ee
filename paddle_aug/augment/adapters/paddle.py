"""Our transforms in `paddle.vision.transforms.Compose`, and paddle.vision's as ours.

Both sides are callables from image to image, so Paddle itself is not needed here.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from paddle_aug.augment.adapters.foreign import Foreign, kind_of, name_of
from paddle_aug.augment.transform import Transform
from paddle_aug.errors import UserError
from paddle_aug.rng import generator_from_global_state


@dataclass(frozen=True)
class InCompose:
    """Our transform for a Compose of paddle.vision, or any `__getitem__`: image in, image out.

    Takes a uint8 array [H, W, 3] or a PIL image, both RGB, and returns the same kind. Each call
    draws from NumPy's global generator, which paddle.io seeds in every worker process, so no two
    workers and no two epochs repeat each other. `np.random.seed(n)` in the parent process
    (`paddle.seed` does not reach NumPy) repeats the draws, given the same workers, batch size and
    order of samples; distributed ranks need a seed each. Only `fit` has draws that depend on none
    of these: its generators are named by epoch and index, which a Compose does not know.
    """

    transform: Transform

    def __post_init__(self):
        if not isinstance(self.transform, Transform):
            raise UserError(
                f"InCompose wants a Transform, got {self.transform!r}; make one of a text with "
                "paddle_aug.augment.modes.augmentation('hflip|rotate(20)')"
            )

    def __call__(self, image: np.ndarray | Image.Image) -> np.ndarray | Image.Image:
        is_picture = isinstance(image, Image.Image) and image.mode == "RGB"
        array = np.asarray(image) if is_picture else image
        if not (
            isinstance(array, np.ndarray)
            and array.dtype == np.uint8
            and array.ndim == 3
            and array.shape[2] == 3
        ):
            raise UserError(
                "InCompose wants a uint8 array [H, W, 3] or an RGB PIL image, got "
                f"{kind_of(image)}; put it before what makes tensors or floats (ToTensor, "
                "Transpose, Normalize), and convert other PIL images with convert('RGB')"
            )
        augmented = self.transform(array, generator_from_global_state())
        return Image.fromarray(augmented) if is_picture else augmented


@dataclass(frozen=True)
class PaddleVision(Foreign):
    """A transform of paddle.vision, or any function from image to image, as one of ours.

    It may draw from Python's `random` and NumPy's global generator, as all of paddle.vision's
    transforms do on arrays and PIL images: both are seeded for the call and restored afterwards.
    Generators that the op keeps itself are out of reach (use the adapters for albumentations and
    imgaug), and other threads must not draw from the same two meanwhile.

    With `pil` the op gets a PIL image, as from paddle.vision's data sets, else an array; it may
    return either. An op that changes the size needs `size`, (height, width).

    Raises:
        UserError: the op is of another kind, or its result is not a uint8 image of the right size.
    """

    pil: bool = False

    def __post_init__(self):
        super().__post_init__()
        reason = None
        if hasattr(self.op, "set_random_state"):
            reason = "keeps its own generator, wrap it in adapters.albumentations.Albumentations"
        elif hasattr(self.op, "augment_image"):
            reason = "keeps its own generator, wrap it in adapters.imgaug.Imgaug"
        elif not callable(self.op) or isinstance(self.op, type | Transform):
            reason = "cannot be called with an image, want an object such as ColorJitter(0.4)"
        if reason:
            raise UserError(f"PaddleVision({name_of(self.op)}): it {reason}")

    def call(self, image, seed):
        result = self.op(Image.fromarray(image) if self.pil else image)
        return np.asarray(result) if isinstance(result, Image.Image) else result
