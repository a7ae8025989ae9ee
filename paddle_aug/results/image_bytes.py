"""Images as the bytes of a file, and as addresses that contain them."""

import base64
import io

import cv2
import numpy as np
from PIL import Image

FORMATS = ("png", "jpg")
QUALITY = 95  # of JPEG
SMALL = 96  # pixels a side; in smaller pictures one sees single pixels


def encode(image: np.ndarray, format: str, quality: int = QUALITY) -> bytes:
    """A uint8 image [H, W, 3] as the bytes of a file: png keeps each pixel, jpg has a quality."""
    content = io.BytesIO()
    # Without 4:4:4, chroma would be kept for one pixel in four only.
    jpeg = {"format": "JPEG", "quality": quality, "subsampling": "4:4:4"}
    Image.fromarray(image).save(content, **({"format": "PNG"} if format == "png" else jpeg))
    return content.getvalue()


def data_uri(image: np.ndarray, exact: bool, quality: int = QUALITY) -> str:
    """A picture as an address that contains it: every pixel if `exact`, else as JPEG, which takes a
    third of the bytes."""
    format, kind = ("png", "png") if exact else ("jpg", "jpeg")
    content = base64.b64encode(encode(image, format, quality)).decode()
    return f"data:image/{kind};base64,{content}"


def is_small(image: np.ndarray) -> bool:
    return max(image.shape[:2]) < SMALL


def shrunk(image: np.ndarray, side: int) -> np.ndarray:
    """The image with at most `side` pixels in each direction."""
    scale = side / max(image.shape[:2])
    if scale >= 1:
        return image
    height, width = (max(1, round(scale * length)) for length in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
