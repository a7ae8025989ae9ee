"""ElasticTransformation: each pixel comes from a random place nearby, and neighbours from
neighbouring places."""

from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np

from paddle_aug.augment.ops.blur import gaussian_window
from paddle_aug.augment.ops.draws import Strengths, draw, draw_seed, one_of, within
from paddle_aug.augment.ops.scratch import scratch
from paddle_aug.augment.transform import Transform
from paddle_aug.rng import generator

ORDERS = {0: cv2.INTER_NEAREST, 1: cv2.INTER_LINEAR, 3: cv2.INTER_CUBIC}
BORDERS = {
    "constant": cv2.BORDER_CONSTANT,
    "nearest": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT_101,
    "wrap": cv2.BORDER_WRAP,
}
# Up to here the middle of the Gaussian has 99.87 % of the weight: the blur does next to nothing.
SIGMA_WITHOUT_EFFECT = 0.25
# Pixels by which the image is continued first. OpenCV is slow where it must look outside: 2 to 4 %
# of `remap` at 224 × 224 and displacements of a few pixels.
MARGIN = 8


def elastic_field(
    height: int, width: int, alpha: float, sigma: float, seed: int, out: np.ndarray | None = None
) -> np.ndarray:
    """Draw how far each pixel's source lies to the left and above: 2 (x, y) × height × width.

    Uniform from -alpha to alpha, then blurred by a Gaussian of `sigma` pixels, which also makes it
    smaller. Simard et al., "Best practices for convolutional neural networks", ICDAR 2003.
    """
    if out is None:
        out = np.empty((2, height, width), np.float32)
    if sigma <= SIGMA_WITHOUT_EFFECT:
        return _uniform(alpha, seed, out)
    margin = gaussian_window(sigma)
    wide = scratch("elastic wide field", (2, height + 2 * margin, width + 2 * margin))
    for drawn, axis in zip(_uniform(alpha, seed, wide), out, strict=True):
        blurred = cv2.GaussianBlur(drawn, (margin, margin), sigma)
        axis[:] = blurred[margin:-margin, margin:-margin]
    return out


def _uniform(alpha: float, seed: int, out: np.ndarray) -> np.ndarray:
    # 16 bits are far finer than the 1/32 of a pixel that OpenCV uses.
    words = generator(seed, "noise").bit_generator.random_raw(out.size // 4 + 1)
    drawn = words.view(np.int16)[: out.size].reshape(out.shape)
    return np.multiply(drawn, np.float32(alpha / 2**15), out=out)


def displace(
    image: np.ndarray, field: np.ndarray, order: int = 3, mode: str = "constant", cval: float = 0
) -> np.ndarray:
    """Take each pixel from `field` to the left and above: nearest (0), bilinear (1), cubic (3).

    In the mode "constant" pixels from outside are the grey `cval`, cut to a whole level; in the
    others the image is continued. The modes have SciPy's names.
    """
    height, width = image.shape[:2]
    border, fill = BORDERS[mode], [int(cval)] * 3
    margin = 0
    if mode in ("constant", "nearest"):  # beyond the margin these continue in the same way
        margin = MARGIN
        image = cv2.copyMakeBorder(image, *[margin] * 4, border, value=fill)
    map_x, map_y = scratch("elastic map", (2, height, width))
    np.subtract(np.arange(margin, margin + width, dtype=np.float32), field[0], out=map_x)
    rows = np.arange(margin, margin + height, dtype=np.float32)
    np.subtract(rows[:, None], field[1], out=map_y)
    return cv2.remap(image, map_x, map_y, ORDERS[order], borderMode=border, borderValue=fill)


@dataclass(frozen=True)
class ElasticTransformation(Transform):
    """imgaug's: draws strength and smoothness for each image, and a seed for the field."""

    alpha: Strengths = (0.0, 40.0)
    sigma: Strengths = (4.0, 8.0)
    order: Annotated[int, one_of(ORDERS)] = 3
    mode: Annotated[str, one_of(BORDERS)] = "constant"
    cval: Annotated[float, within(0, 255)] = 0

    def sample(self, rng, shape):
        return {
            "alpha": draw(rng, self.alpha),
            "sigma": draw(rng, self.sigma),
            "seed": draw_seed(rng),
        }

    def apply(self, image, alpha, sigma, seed):
        height, width = image.shape[:2]
        room = scratch("elastic field", (2, height, width))
        field = elastic_field(height, width, alpha, sigma, seed, out=room)
        return displace(image, field, self.order, self.mode, self.cval)
