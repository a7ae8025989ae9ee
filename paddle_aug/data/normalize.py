"""Means and deviations that normalise pixels on their way to the network."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from paddle_aug.errors import UserError
from paddle_aug.names import near_miss

Triple = tuple[float, float, float]
EPSILON = 1e-6  # Keras's, for images of one colour


@dataclass(frozen=True)
class Normalization:
    """(x - mean) / std for each channel, RGB, with x from 0 to 1.

    With `per_image`, each image has its own mean and deviation over all channels, and `std` is
    added to that deviation.
    """

    mean: Triple
    std: Triple
    per_image: bool = False

    def as_dict(self) -> dict:
        """Lists and plain values, as in files."""
        return {"mean": list(self.mean), "std": list(self.std), "per_image": self.per_image}


KNOWN = {
    "half": Normalization((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),  # to [-1, 1], the notebook's
    "unit": Normalization((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),  # to [0, 1], ToTensor's
    # The means and deviations of the channels over ImageNet, with which its weights were trained.
    "imagenet": Normalization((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    # Keras's samplewise_center and samplewise_std_normalization.
    "image": Normalization((0.0, 0.0, 0.0), (EPSILON, EPSILON, EPSILON), per_image=True),
}
FROM_DATA = "data"  # Keras's featurewise_center and featurewise_std_normalization


def normalization(text: str, images: Iterable[np.ndarray]) -> Normalization:
    """The meaning of `--normalize`: a name, or "mean,mean,mean/std,std,std".

    `images` are the training images before they are augmented, uint8 [H, W, 3]; they are read only
    for "data".

    Raises:
        UserError: the text is neither a name nor six such numbers.
    """
    if text == FROM_DATA:
        return of_data(images)
    if text in KNOWN:
        return KNOWN[text]
    if "/" not in text:
        raise UserError(f"--normalize {text!r}: {near_miss(text, [*KNOWN, FROM_DATA])}")
    try:
        mean, std = (tuple(float(number) for number in part.split(",")) for part in text.split("/"))
    except ValueError:
        mean = std = ()
    finite = all(abs(number) < float("inf") for number in (*mean, *std))
    if len(mean) != 3 or len(std) != 3 or not finite or min(std) <= 0:
        raise UserError(
            f"--normalize {text!r}: want three means and three deviations above 0, for pixels from "
            "0 to 1, such as 0.485,0.456,0.406/0.229,0.224,0.225"
        )
    return Normalization(mean, std)


def of_data(images: Iterable[np.ndarray]) -> Normalization:
    """The mean and deviation of each channel over all pixels of these images."""
    count, total, squares = 0, np.zeros(3), np.zeros(3)
    for image in images:
        pixels = image.reshape(-1, 3).astype(np.uint64)  # integers: their order does not matter
        count += len(pixels)
        total += pixels.sum(axis=0)
        squares += (pixels * pixels).sum(axis=0)
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean * mean, 0))
    return Normalization(tuple((mean / 255).tolist()), tuple((std / 255 + EPSILON).tolist()))
