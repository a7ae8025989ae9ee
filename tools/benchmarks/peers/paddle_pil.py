"""paddle.vision's functions of Pillow's images; making the images is not timed."""

import PIL
from PIL import Image

from benchmarks.peers import paddle_cv2
from benchmarks.peers.paddle_cv2 import subjects  # noqa: F401  the functions are the same

convert = Image.fromarray

PACKAGES = paddle_cv2.PACKAGES | {"Pillow": PIL}
