"""From a sample to its pixels, wherever they are: in a file, or in an array that came with it."""

import numpy as np

from paddle_aug.data.image import UnreadableImage, image_shape, read_image, resize
from paddle_aug.data.listfile import Sample


def read_sample(sample: Sample, size: int | None = None) -> np.ndarray:
    """The sample's image, uint8 [H, W, 3]: as large as it is, or stretched to `size` × `size`.

    Raises:
        UnreadableImage: it holds no image, or cannot be read at all (any more).
    """
    try:
        image = read_image(sample.file)
    except OSError as error:
        raise UnreadableImage(sample.file, f"cannot be read ({error.strerror})") from None
    return image if size is None else resize(image, size)


def sample_shape(sample: Sample) -> tuple[int, int]:
    """Height and width of what `read_sample` reads; of a JPEG without decoding it.

    Raises:
        UnreadableImage: as `read_sample`.
    """
    try:
        return image_shape(sample.file)
    except OSError as error:
        raise UnreadableImage(sample.file, f"cannot be read ({error.strerror})") from None
