"""paddle.vision's functions of NumPy images, its cv2 backend."""

import random

import paddle
from paddle.vision.transforms import functional as F

WAYS = ("nearest", "bilinear", "bicubic", "bicubic")


def convert(image):
    return image


def versions() -> dict[str, str]:
    return {"paddle": paddle.__version__}


def subjects(size: int) -> dict:
    uniform = random.uniform

    def factor():
        return uniform(0.5, 1.5)

    def crop(image):
        down, across = size / uniform(1, 1.5), size / uniform(1, 1.5)
        top, left = round((size - down) / 2), round((size - across) / 2)
        cut = F.crop(image, top, left, round(down), round(across))
        return F.resize(cut, (size, size), random.choice(WAYS))

    def crop_of_sides(image):
        top, right, bottom, left = (round(size * uniform(0, 0.1)) for _ in range(4))
        cut = F.crop(image, top, left, size - top - bottom, size - left - right)
        return F.resize(cut, (size, size), "bilinear")

    def affine(image):
        shift = [uniform(-0.2, 0.2) * size for _ in range(2)]
        shear = [uniform(-16, 16)] * 2
        way = random.choice(("nearest", "bilinear"))
        angle, scale = uniform(-45, 45), uniform(0.8, 1.2)
        return F.affine(image, angle, shift, scale, shear, way, fill=(127, 127, 127))

    return {
        "brightness": lambda image: F.adjust_brightness(image, factor()),
        "contrast": lambda image: F.adjust_contrast(image, factor()),
        "color": lambda image: F.adjust_saturation(image, factor()),
        "center_crop_resize": crop,
        "rotate": lambda image: F.rotate(image, random.randrange(360), "nearest"),
        "hflip": F.hflip,
        "vflip": F.vflip,
        "crop": crop_of_sides,
        "affine, constant border": affine,
        "grayscale": lambda image: F.adjust_saturation(image, uniform(0, 1)),
    }
