"""paddle.vision's functions of NumPy images, its cv2 backend."""

import random

import paddle
from paddle.vision.transforms import functional as F

from benchmarks.peers import ranges

WAYS = ("nearest", "bilinear", "bicubic", "bicubic")
PACKAGES = {"paddle": paddle}


def subjects(size: int) -> dict:
    def crop(image):
        return F.resize(F.crop(image, *ranges.middle(size)), (size, size), random.choice(WAYS))

    def crop_of_sides(image):
        return F.resize(F.crop(image, *ranges.inside(size)), (size, size), "bilinear")

    def moved(image):
        way = random.choice(("nearest", "bilinear"))
        return F.affine(image, *ranges.affine(size), way, fill=(127, 127, 127))

    def random_crop(image):
        return F.crop(F.pad(image, 4), *ranges.place(size, 4))

    def resized_crop(image):
        return F.resize(F.crop(image, *ranges.resized(size)), (size, size), "bilinear")

    def sheared(x=0, y=0):
        return lambda image: F.affine(
            image, 0, (0, 0), 1, (x and ranges.shear(), y and ranges.shear()), "nearest"
        )

    def translated(x=0, y=0):
        return lambda image: F.affine(
            image, 0, (x and ranges.move(size), y and ranges.move(size)), 1, (0, 0), "nearest"
        )

    def random_erasing(image):
        rectangle = ranges.erased(size)
        return image if rectangle is None else F.erase(image, *rectangle, 0)

    whole = (ranges.part(size), ranges.part(size))
    return {
        "brightness": lambda image: F.adjust_brightness(image, ranges.factor()),
        "contrast": lambda image: F.adjust_contrast(image, ranges.factor()),
        "color": lambda image: F.adjust_saturation(image, ranges.factor()),
        "center_crop_resize": crop,
        "rotate": lambda image: F.rotate(image, random.randrange(360), "nearest"),
        "hflip": F.hflip,
        "vflip": F.vflip,
        "crop": crop_of_sides,
        "affine, constant border": moved,
        "grayscale": lambda image: F.adjust_saturation(image, random.uniform(0, 1)),
        "resize": lambda image: F.resize(image, whole, "bilinear"),
        "center_crop": lambda image: F.center_crop(image, whole),
        "random_crop": random_crop,
        "random_resized_crop": resized_crop,
        "random_rotation": lambda image: F.rotate(image, random.uniform(-45, 45), "nearest"),
        "hue": lambda image: F.adjust_hue(image, ranges.shift()),
        "color_jitter": lambda image: ranges.jittered(image, F),
        "shear_x": sheared(x=1),
        "shear_y": sheared(y=1),
        "translate_x": translated(x=1),
        "translate_y": translated(y=1),
        "cutout": lambda image: F.erase(image, *ranges.square(size), 0),
        "random_erasing": random_erasing,
    }
