"""What tests do with a studio's answers, without a port."""

import base64
import io

import numpy as np
from PIL import Image

from paddle_aug.studio.answer import Picture
from paddle_aug.studio.query import Query


def query(body: bytes = b"", **words) -> Query:
    """A request with these words, which need not be texts."""
    return Query({name: str(value) for name, value in words.items()}, body)


def pixels(picture: Picture | str) -> np.ndarray:
    """The image of a picture, or of an address that contains it."""
    content = (
        base64.b64decode(picture.partition(",")[2]) if isinstance(picture, str) else picture.bytes
    )
    return np.asarray(Image.open(io.BytesIO(content)))
