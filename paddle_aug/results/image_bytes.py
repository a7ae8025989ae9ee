"""Images as the bytes of a file."""

import io

import numpy as np
from PIL import Image

FORMATS = ("png", "jpg")
# Without it, chroma would be kept for one pixel in four only.
JPEG = {"format": "JPEG", "quality": 95, "subsampling": "4:4:4"}


def encode(image: np.ndarray, format: str) -> bytes:
    """A uint8 image [H, W, 3] as the bytes of a file: png keeps each pixel, jpg has quality 95."""
    content = io.BytesIO()
    Image.fromarray(image).save(content, **({"format": "PNG"} if format == "png" else JPEG))
    return content.getvalue()
