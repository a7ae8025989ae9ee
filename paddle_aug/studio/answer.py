"""What answers a request: a dict, which is sent as JSON, or a picture."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from paddle_aug.results.image_bytes import encode, is_small

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
