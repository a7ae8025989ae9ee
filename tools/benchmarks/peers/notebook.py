"""The notebook's way: eight functions of Pillow and NumPy, and an imgaug pipeline that is rebuilt
for each image.

Written after the notebook, with its global generators, which are part of the cost, and its noise
that wraps around.
"""

# ruff: noqa: NPY002  np.random is what is measured

import random

import _clone  # noqa: F401  puts the clone first on sys.path
import numpy as np
import PIL
from PIL import Image, ImageEnhance

from paddle_aug.augment.adapters.imgaug import load, notebook_pipeline

imgaug, _ = load()
PACKAGES = {"numpy": np, "Pillow": PIL, "imgaug": imgaug}
FILTERS = (
    Image.Resampling.NEAREST,
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
)


def convert(image):
    """An array for the modes, and a Pillow image, which is what its ops take and return."""
    return image, Image.fromarray(image)


def subjects(size: int) -> dict:
    def of_picture(function):
        return lambda both: function(both[1])

    def of_array(function):
        return lambda both: function(both[0])

    modes = {
        "userDef": user_def,
        "imgaugLib": imgaug_lib,
        "allab": lambda image: imgaug_lib(user_def(image)),
        "allba": lambda image: user_def(imgaug_lib(image)),
    }
    ops = {name: of_picture(function) for name, function in OPS.items()}
    return ops | {name: of_array(function) for name, function in modes.items()}


def enhance(enhancer):
    return lambda picture: enhancer(picture).enhance(np.random.uniform(0.5, 1.5))


def crop(picture):
    height, width, _ = np.asarray(picture).shape
    across, down = random.uniform(1, 1.5), random.uniform(1, 1.5)
    left, top = width * (1 - 1 / across) / 2, height * (1 - 1 / down) / 2
    box = (left, top, left + width / across, top + height / down)
    # The notebook goes through NumPy and back on the way.
    cut = Image.fromarray(np.asarray(picture)).crop(box)
    return cut.resize((width, height), FILTERS[random.randint(0, 3)])


def flip(picture):
    pixels = np.asarray(picture)
    if random.random() > 0.5:
        pixels = pixels[:, ::-1]
    if random.random() > 0.5:
        pixels = pixels[::-1]
    return Image.fromarray(pixels)


def rotate(picture):
    return picture.rotate(np.random.randint(0, 360))


def noise(picture):
    pixels = np.asarray(picture)
    sigma = np.random.uniform(0, 10)
    drawn = np.round(np.random.randn(pixels.shape[0], pixels.shape[1], 3) * sigma)
    pixels = pixels + drawn.astype(np.uint8)
    pixels[pixels > 255] = 255
    pixels[pixels < 0] = 0
    return Image.fromarray(pixels)


OPS = {
    "brightness": enhance(ImageEnhance.Brightness),
    "contrast": enhance(ImageEnhance.Contrast),
    "color": enhance(ImageEnhance.Color),
    "sharpness": enhance(ImageEnhance.Sharpness),
    "center_crop_resize": crop,
    "flip": flip,
    "rotate": rotate,
    "noise": noise,
}


def user_def(image):
    functions = list(OPS.values())
    np.random.shuffle(functions)
    picture = Image.fromarray(image)
    for function in functions:
        picture = function(picture)
    return np.asarray(picture)


def imgaug_lib(image):
    batch = np.array([image])
    imgaug.seed(random.randint(0, 10000))
    return notebook_pipeline()(images=batch)[0]
