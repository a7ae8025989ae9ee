"""albumentations 2.0.8: its transforms that do what an op of ours does, over the same ranges.

Where a transform takes one value and ours draws from several (kernel sizes, borders), there is a
transform for each value, and each image draws one of them. It has no sharpness after Pillow's
filter, no edges and no contrast about grey 127; its CoarseDropout and Sharpness do something else.
"""

import itertools
import math
import random

import albumentations as A
import cv2
import numpy as np

from benchmarks.peers.ranges import part

PACKAGES = {"albumentations": A, "numpy": np, "opencv": cv2}


def subjects(size: int) -> dict:
    def jitter(**changed):
        same = {"brightness": (1, 1), "contrast": (1, 1), "saturation": (1, 1), "hue": (0, 0)}
        return A.ColorJitter(**(same | changed), p=1)

    def area_of_ratios(interpolation):
        return A.RandomResizedCrop(
            (size, size), (1 / 1.5**2, 1), (1 / 1.5, 1.5), interpolation, p=1
        )

    def moved(**fields):
        return A.Affine(**fields, interpolation=cv2.INTER_NEAREST, p=1)

    shear = (-math.degrees(math.atan(0.3)), math.degrees(math.atan(0.3)))
    bicubic = cv2.INTER_CUBIC
    ways = (cv2.INTER_NEAREST, cv2.INTER_LINEAR, bicubic, bicubic)
    borders = (
        cv2.BORDER_CONSTANT,
        cv2.BORDER_REPLICATE,
        cv2.BORDER_REFLECT,
        cv2.BORDER_REFLECT_101,
        cv2.BORDER_WRAP,
    )
    affine = [
        A.Affine(
            scale={"x": (0.8, 1.2), "y": (0.8, 1.2)},
            translate_percent={"x": (-0.2, 0.2), "y": (-0.2, 0.2)},
            rotate=(-45, 45),
            shear=(-16, 16),
            interpolation=interpolation,
            border_mode=border,
            fill=127,
            p=1,
        )
        for interpolation, border in itertools.product(
            (cv2.INTER_NEAREST, cv2.INTER_LINEAR), borders
        )
    ]
    chosen = {
        "brightness": [jitter(brightness=(0.5, 1.5))],
        "contrast": [jitter(contrast=(0.5, 1.5))],
        "color": [jitter(saturation=(0.5, 1.5))],
        "center_crop_resize": [area_of_ratios(way) for way in ways],
        "rotate": [A.Rotate((0, 359), interpolation=cv2.INTER_NEAREST, fill=0, p=1)],
        "noise": [A.GaussNoise(std_range=(0, 10 / 255), p=1)],
        "hflip": [A.HorizontalFlip(p=1)],
        "vflip": [A.VerticalFlip(p=1)],
        "crop": [A.CropAndPad(percent=(-0.1, 0), keep_size=True, p=1)],
        "affine": affine,
        "superpixels": [A.Superpixels(p_replace=(0, 1), n_segments=(20, 200), p=1)],
        "gaussian_blur": [A.GaussianBlur(blur_limit=0, sigma_limit=(0, 3.0), p=1)],
        "average_blur": [A.Blur(blur_limit=(3, 7), p=1)],
        "median_blur": [
            A.MedianBlur(blur_limit=(k, k), p=1) for k in (3, 5, 5, 7, 7, 9, 9, 11, 11)
        ],
        **{f"median_blur, k {k}": [A.MedianBlur(blur_limit=(k, k), p=1)] for k in (5, 7, 9, 11)},
        "sharpen": [A.Sharpen(alpha=(0, 1.0), lightness=(0.75, 1.5), p=1)],
        "emboss": [A.Emboss(alpha=(0, 1.0), strength=(0, 2.0), p=1)],
        "additive_gaussian_noise": [
            A.GaussNoise(std_range=(0, 0.05), per_channel=each, p=1) for each in (False, True)
        ],
        "dropout": [
            A.PixelDropout(dropout_prob=percent / 100, per_channel=each, p=1)
            for percent, each in itertools.product(range(1, 11), (False, True))
        ],
        "invert": [A.InvertImg(p=1)],
        "add": [
            A.RandomBrightnessContrast((-10 / 255, 10 / 255), (0, 0), p=1),
            A.RGBShift(*[(-10, 10)] * 3, p=1),
        ],
        "multiply": [
            A.MultiplicativeNoise((0.5, 1.5), per_channel=each, p=1) for each in (False, True)
        ],
        "grayscale": [jitter(saturation=(0, 1))],
        "elastic_transformation, sigma 4": [
            A.ElasticTransform(alpha=20, sigma=4, interpolation=bicubic, p=1)
        ],
        "resize": [A.Resize(part(size), part(size), cv2.INTER_LINEAR, p=1)],
        "center_crop": [A.CenterCrop(part(size), part(size), p=1)],
        "random_crop": [A.Compose([A.Pad(4, p=1), A.RandomCrop(part(size), part(size), p=1)])],
        "random_resized_crop": [
            A.RandomResizedCrop((size, size), (0.08, 1), (3 / 4, 4 / 3), cv2.INTER_LINEAR, p=1)
        ],
        "random_rotation": [A.Rotate((-45, 45), interpolation=cv2.INTER_NEAREST, fill=0, p=1)],
        "hue": [jitter(hue=(-0.5, 0.5))],
        "color_jitter": [A.ColorJitter((0.5, 1.5), (0.5, 1.5), (0.5, 1.5), (-0.5, 0.5), p=1)],
        "keras_affine": [
            A.Affine(
                scale={"x": (0.8, 1.2), "y": (0.8, 1.2)},
                translate_percent={"x": (-0.2, 0.2), "y": (-0.2, 0.2)},
                rotate=(-20, 20),
                border_mode=cv2.BORDER_REPLICATE,
                p=1,
            )
        ],
        "posterize": [A.Posterize(4, p=1)],
        "solarize": [A.Solarize((0.5, 0.5), p=1)],
        "autocontrast": [A.AutoContrast(method="pil", p=1)],
        "equalize": [A.Equalize(mode="pil", p=1)],
        "shear_x": [moved(shear={"x": shear, "y": 0})],
        "shear_y": [moved(shear={"x": 0, "y": shear})],
        "translate_x": [moved(translate_percent={"x": (-0.45, 0.45), "y": 0})],
        "translate_y": [moved(translate_percent={"x": 0, "y": (-0.45, 0.45)})],
        "cutout": [A.CoarseDropout((1, 1), (16, 16), (16, 16), fill=0, p=1)],
        "random_erasing": [A.Erasing(p=1)],
        "random_erasing, noise": [A.Erasing(fill="random", p=1)],
        "gridmask, not turned": [
            A.GridDropout(0.4, unit_size_range=(period, period + 1), fill=0, p=1)
            for period in range(size * 96 // 224, size - 1)
        ],
        "piecewise_affine": [A.PiecewiseAffine((0.01, 0.05), nb_rows=(2, 4), nb_cols=(2, 4), p=1)],
    }

    def call(transforms):
        return lambda image: random.choice(transforms)(image=image)["image"]

    return {name: call(transforms) for name, transforms in chosen.items()}
