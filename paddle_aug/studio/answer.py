"""What answers a request: a dict, which is sent as JSON, or a picture."""

from collections.abc import Callable
from typing import Any, NamedTuple

import cv2
import numpy as np

from paddle_aug.preview.page import is_small
from paddle_aug.results.image_bytes import encode

HTML = "text/html"


class Picture(NamedTuple):
    """The bytes of a file with its media type. One of `HTML` is shown in a frame, shut off from
    the page."""

    bytes: bytes
    media_type: str


Answer = dict[str, Any] | Picture
Respond = Callable[..., Answer]  # of a Studio and a Query


def picture(image: np.ndarray, exact: bool = False) -> Picture:
    """A uint8 image [H, W, 3] as PNG if it is small or `exact`, else as JPEG."""
    if exact or is_small(image):
        return Picture(encode(image, "png"), "image/png")
    return Picture(encode(image, "jpg"), "image/jpeg")


def shrunk(image: np.ndarray, side: int) -> np.ndarray:
    """The image with at most `side` pixels in each direction."""
    scale = side / max(image.shape[:2])
    if scale >= 1:
        return image
    height, width = (max(1, round(scale * length)) for length in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
