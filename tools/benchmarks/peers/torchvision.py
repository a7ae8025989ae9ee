"""torchvision's transforms v2: functions of a uint8 tensor that do what an op of ours does.

Making the tensors is not timed; Python's `random` draws the parameters, the cheapest way.
"""

import random

import numpy as np
import torch

from benchmarks.peers import ranges

torch.set_num_threads(1)


def without_its_operators(register):
    """PyPI's torchvision is built for CUDA's torch, and describing its own operators (nms, …) to
    that for CPUs fails at import. The transforms need none of them."""

    def register_others(name, *args, **kwargs):
        if name.startswith("torchvision::"):
            return lambda function: function
        return register(name, *args, **kwargs)

    return register_others


torch.library.register_fake = without_its_operators(torch.library.register_fake)

import torchvision  # noqa: E402
from torchvision.transforms import InterpolationMode, v2  # noqa: E402
from torchvision.transforms.v2 import functional as F  # noqa: E402

NEAREST, BILINEAR = InterpolationMode.NEAREST, InterpolationMode.BILINEAR
WAYS = (NEAREST, BILINEAR, InterpolationMode.BICUBIC, InterpolationMode.BICUBIC)
PACKAGES = {"torchvision": torchvision, "torch": torch}


def convert(image):
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))


def subjects(size: int) -> dict:
    uniform = random.uniform

    def crop(image):
        way = random.choice(WAYS)
        return F.resized_crop(image, *ranges.middle(size), [size, size], way, antialias=False)

    def crop_of_sides(image):
        return F.resized_crop(image, *ranges.inside(size), [size, size], BILINEAR, antialias=False)

    def moved(image):
        return F.affine(
            image, *ranges.affine(size), random.choice((NEAREST, BILINEAR)), fill=[127.0]
        )

    def blur(image):
        sigma = uniform(0, 3.0)
        width = int(max(3.3 * sigma, 5)) | 1
        return F.gaussian_blur(image, [width, width], [max(sigma, 1e-3)] * 2)

    def random_crop(image):
        return F.crop(F.pad(image, [4]), *ranges.place(size, 4))

    def resized_crop(image):
        return F.resized_crop(image, *ranges.resized(size), [size, size], BILINEAR, antialias=True)

    def sheared(x=0, y=0):
        return lambda image: F.affine(
            image,
            0,
            [0, 0],
            1,
            [x and ranges.shear(), y and ranges.shear()],
            NEAREST,
            center=[0, 0],
        )

    def translated(x=0, y=0):
        return lambda image: F.affine(
            image, 0, [x and ranges.move(size), y and ranges.move(size)], 1, [0, 0], NEAREST
        )

    nothing = torch.zeros(1, 1, 1, dtype=torch.uint8)
    # The blur's window is that of ours at sigma 2.
    firsts = v2.RandomChoice(
        [v2.Grayscale(3), v2.RandomSolarize(128, p=1), v2.GaussianBlur(7, (0.1, 2.0))]
    )
    whole = [ranges.part(size), ranges.part(size)]
    elastic = v2.ElasticTransform(alpha=20.0, sigma=4.0)
    return {
        "brightness": lambda image: F.adjust_brightness(image, ranges.factor()),
        "contrast": lambda image: F.adjust_contrast(image, ranges.factor()),
        "color": lambda image: F.adjust_saturation(image, ranges.factor()),
        "sharpness": lambda image: F.adjust_sharpness(image, ranges.factor()),
        "center_crop_resize": crop,
        "rotate": lambda image: F.rotate(image, random.randrange(360), NEAREST),
        "noise": lambda image: F.gaussian_noise(image, sigma=uniform(0, 10 / 255)),
        "hflip": F.horizontal_flip,
        "vflip": F.vertical_flip,
        "crop": crop_of_sides,
        "affine, constant border": moved,
        "gaussian_blur": blur,
        "invert": F.invert,
        "grayscale": lambda image: F.adjust_saturation(image, uniform(0, 1)),
        "elastic_transformation, sigma 4": elastic,
        "resize": lambda image: F.resize(image, whole, BILINEAR, antialias=True),
        "center_crop": lambda image: F.center_crop(image, whole),
        "random_crop": random_crop,
        "random_resized_crop": resized_crop,
        "random_rotation": lambda image: F.rotate(image, uniform(-45, 45), NEAREST),
        "hue": lambda image: F.adjust_hue(image, ranges.shift()),
        "color_jitter": lambda image: ranges.jittered(image, F),
        "posterize": lambda image: F.posterize(image, 4),
        "solarize": lambda image: F.solarize(image, 128),
        "autocontrast": F.autocontrast,
        "equalize": F.equalize,
        "shear_x": sheared(x=1),
        "shear_y": sheared(y=1),
        "translate_x": translated(x=1),
        "translate_y": translated(y=1),
        "cutout": lambda image: F.erase(image, *ranges.square(size), nothing),
        "random_erasing": v2.RandomErasing(p=1),
        "autoaugment": v2.AutoAugment(),
        "randaugment": v2.RandAugment(),
        "trivialaugment": v2.TrivialAugmentWide(),
        "threeaugment": v2.Compose([firsts, v2.ColorJitter(0.3, 0.3, 0.3)]),
        "augmix": v2.AugMix(interpolation=NEAREST),
    }
