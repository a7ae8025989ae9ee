"""The bare OpenCV calls that no op can beat: they allocate nothing and draw nothing."""

import math

import cv2
import numpy as np

# The calls that an op needs at least. The other ops (dropout, superpixels, …) do most work outside
# OpenCV.
OF_OP = {
    "brightness": ["addWeighted"],
    "contrast": ["RGB to grey", "addWeighted"],
    "color": ["RGB to grey", "grey to RGB", "addWeighted"],
    "sharpness": ["blur 3", "addWeighted"],
    "center_crop_resize": ["resize bicubic"],
    "flip": ["flip"],
    "rotate": ["warpAffine nearest"],
    "noise": ["random bytes", "LUT", "addWeighted"],
    "hflip": ["flip"],
    "vflip": ["flip"],
    "crop": ["resize area"],
    "affine": ["warpAffine linear"],
    "affine, constant border": ["warpAffine linear"],
    "gaussian_blur": ["GaussianBlur 5"],
    "average_blur": ["blur 5"],
    **{f"median_blur, k {k}": [f"medianBlur {k}"] for k in (5, 7, 9, 11)},
    "sharpen": ["filter2D 3"],
    "emboss": ["filter2D 3"],
    "edge_detect": ["filter2D 3"],
    "directed_edge_detect": ["filter2D 3"],
    "additive_gaussian_noise": ["random bytes", "LUT", "addWeighted"],
    "invert": ["memcpy"],
    "add": ["add"],
    "multiply": ["LUT"],
    "linear_contrast": ["LUT"],
    "grayscale": ["RGB to grey", "grey to RGB", "addWeighted"],
    "elastic_transformation": ["remap bicubic"],
    "elastic_transformation, sigma 4": ["remap bicubic"],
    "piecewise_affine": ["remap linear"],
    "random_rotation": ["warpAffine nearest"],
    "keras_affine": ["warpAffine linear"],
    "channel_shift": ["LUT"],
    "posterize": ["memcpy"],
    "solarize": ["memcpy"],
    "autocontrast": ["LUT"],
    "equalize": ["LUT"],
    "shear_x": ["memcpy"],
    "shear_y": ["memcpy"],
    "translate_x": ["memcpy"],
    "translate_y": ["memcpy"],
    "cutout": ["memcpy"],
    "random_erasing": ["memcpy"],
}


PACKAGES = {"numpy": np, "opencv": cv2}


def subjects(size: int) -> dict:
    out = np.empty((size, size, 3), np.uint8)
    grey = np.empty((size, size), np.uint8)
    table = np.arange(256, dtype=np.uint8)
    cut = slice(math.ceil(size / 20), -math.ceil(size / 20))
    turn = cv2.getRotationMatrix2D((size / 2, size / 2), 20, 1)
    map_y, map_x = np.mgrid[:size, :size].astype(np.float32) * np.float32(0.97) + np.float32(0.3)
    kernel = np.float32([[-1, -1, -1], [-1, 9, -1], [-1, -1, -1]])
    words = np.random.SFC64(0)
    whole = (size, size)

    def resize(how):
        return lambda image: cv2.resize(image[cut, cut], whole, dst=out, interpolation=how)

    def warp(how):
        return lambda image: cv2.warpAffine(image, turn, whole, dst=out, flags=how)

    def remap(how):
        return lambda image: cv2.remap(image, map_x, map_y, how, dst=out)

    return {
        "memcpy": lambda image: np.copyto(out, image),
        "random bytes": lambda image: words.random_raw(image.size // 8),
        "flip": lambda image: cv2.flip(image, 1, dst=out),
        "add": lambda image: cv2.add(image, (5, 6, 7, 0), dst=out),
        "addWeighted": lambda image: cv2.addWeighted(image, 0.7, image, 0.3, 0, dst=out),
        "LUT": lambda image: cv2.LUT(image, table, dst=out),
        "RGB to grey": lambda image: cv2.cvtColor(image, cv2.COLOR_RGB2GRAY, dst=grey),
        "grey to RGB": lambda image: cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB, dst=out),
        "resize nearest": resize(cv2.INTER_NEAREST),
        "resize linear": resize(cv2.INTER_LINEAR),
        "resize area": resize(cv2.INTER_AREA),
        "resize bicubic": resize(cv2.INTER_CUBIC),
        "blur 3": lambda image: cv2.blur(image, (3, 3), dst=out),
        "blur 5": lambda image: cv2.blur(image, (5, 5), dst=out),
        "filter2D 3": lambda image: cv2.filter2D(image, -1, kernel, dst=out),
        "GaussianBlur 5": lambda image: cv2.GaussianBlur(image, (5, 5), 1.5, dst=out),
        "medianBlur 3": lambda image: cv2.medianBlur(image, 3, dst=out),
        "medianBlur 5": lambda image: cv2.medianBlur(image, 5, dst=out),
        "medianBlur 7": lambda image: cv2.medianBlur(image, 7, dst=out),
        "medianBlur 9": lambda image: cv2.medianBlur(image, 9, dst=out),
        "medianBlur 11": lambda image: cv2.medianBlur(image, 11, dst=out),
        "warpAffine nearest": warp(cv2.INTER_NEAREST),
        "warpAffine linear": warp(cv2.INTER_LINEAR),
        "remap nearest": remap(cv2.INTER_NEAREST),
        "remap linear": remap(cv2.INTER_LINEAR),
        "remap bicubic": remap(cv2.INTER_CUBIC),
    }
