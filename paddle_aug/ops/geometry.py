"""Where the pixels go: flips, rotation, and the notebook's crop."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from paddle_aug.transform import Transform, around

INTERPOLATIONS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,  # called ANTIALIAS in the notebook's day
}


def flip(image: np.ndarray, horizontal: bool, vertical: bool) -> np.ndarray:
    """Mirror left to right, top to bottom, or both."""
    return np.ascontiguousarray(image[:: -1 if vertical else 1, :: -1 if horizontal else 1])


def rotate(image: np.ndarray, degrees: float) -> np.ndarray:
    """Turn counter-clockwise about the centre: nearest pixel, the same size, black corners."""
    return np.array(Image.fromarray(image).rotate(degrees))


def center_crop_resize(
    image: np.ndarray, width_ratio: float, height_ratio: float, interpolation: str
) -> np.ndarray:
    """Cut out the middle, 1/ratio of each side, and stretch it to the image's size.

    The cut is rounded to whole pixels, by Pillow's `crop`.
    """
    height, width = image.shape[:2]
    left = width * (1 - 1 / width_ratio) / 2
    top = height * (1 - 1 / height_ratio) / 2
    box = (left, top, left + width / width_ratio, top + height / height_ratio)
    cut = Image.fromarray(image).crop(box)
    return np.array(cut.resize((width, height), INTERPOLATIONS[interpolation]))


@dataclass(frozen=True)
class Flip(Transform):
    """The notebook's random_flip: each axis by itself, with probability `p`."""

    p: float = 0.5

    def sample(self, rng, shape):
        return {"horizontal": bool(rng.random() < self.p), "vertical": bool(rng.random() < self.p)}

    def apply(self, image, horizontal, vertical):
        return flip(image, horizontal, vertical)


@dataclass(frozen=True)
class HorizontalFlip(Transform):
    """Mirrors left to right with probability `p`."""

    p: float = 0.5

    def sample(self, rng, shape):
        return {"horizontal": bool(rng.random() < self.p)}

    def apply(self, image, horizontal):
        return flip(image, horizontal, vertical=False)


@dataclass(frozen=True)
class VerticalFlip(Transform):
    """Mirrors top to bottom with probability `p`."""

    p: float = 0.5

    def sample(self, rng, shape):
        return {"vertical": bool(rng.random() < self.p)}

    def apply(self, image, vertical):
        return flip(image, horizontal=False, vertical=vertical)


@dataclass(frozen=True)
class Rotate(Transform):
    """Turns by a whole number of degrees, both ends included."""

    degrees: int | tuple[int, int] = 180

    def sample(self, rng, shape):
        low, high = around(self.degrees, 0)
        return {"degrees": int(rng.integers(low, high + 1))}

    def apply(self, image, degrees):
        return rotate(image, degrees)


@dataclass(frozen=True)
class CenterCropResize(Transform):
    """The notebook's random_crop, which is a crop of the centre by a ratio drawn for each axis.

    Its interpolation is drawn too: nearest, bilinear, bicubic or Lanczos.
    """

    max_ratio: float = 1.5

    def sample(self, rng, shape):
        return {
            "width_ratio": float(rng.uniform(1, self.max_ratio)),
            "height_ratio": float(rng.uniform(1, self.max_ratio)),
            "interpolation": list(INTERPOLATIONS)[rng.integers(len(INTERPOLATIONS))],
        }

    def apply(self, image, width_ratio, height_ratio, interpolation):
        return center_crop_resize(image, width_ratio, height_ratio, interpolation)
