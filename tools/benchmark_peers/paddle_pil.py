"""paddle.vision's functions of Pillow's images, which are made beforehand."""

import PIL
from benchmark_peers import paddle_cv2
from benchmark_peers.paddle_cv2 import subjects  # noqa: F401  the functions are the same
from PIL import Image

convert = Image.fromarray


def versions() -> dict[str, str]:
    return paddle_cv2.versions() | {"Pillow": PIL.__version__}
