"""Make geometry.npz: what imgaug 0.4.0 does to small images where all parameters are given.

Run once, in an environment of its own, on the stack that imgaug was written for:

    pip install imgaug==0.4.0 numpy==1.23.5 scikit-image==0.22.0 scipy==1.11.4 \
        opencv-python==4.10.0.84 Pillow==9.5.0 imageio==2.31.6
    python tests/golden/make_geometry.py

The parameters are in the file too, or in the names of what they made, as JSON.
"""

import functools
import json
from pathlib import Path

import cv2
import imgaug.augmenters as iaa
import numpy as np
import skimage.data
import skimage.segmentation
from imgaug.augmenters import geometric, segmentation

FIELD_UNIT = 1 / 1024  # of a pixel: exact in float32
JITTER_UNIT = 1 / 10000  # of the image's size

rng = np.random.default_rng(20)
astronaut = skimage.data.astronaut()
images = {
    "photo": np.ascontiguousarray(astronaut[90:137, 200:231]),
    "noise": rng.integers(0, 256, (17, 24, 3), np.uint8),
    "constant": np.full((9, 12, 3), (200, 3, 77), np.uint8),
    "small": rng.integers(0, 256, (5, 3, 3), np.uint8),
    "row": rng.integers(0, 256, (1, 6, 3), np.uint8),
    "pixel": np.full((1, 1, 3), (9, 130, 250), np.uint8),
}
made = {f"image {name}": image for name, image in images.items()}


def keep(op, image, result, **parameters):
    made[f"{op} {image} {json.dumps(parameters)}"] = result


def affine(image, mode, order):
    def between(low, high):
        return round(float(rng.uniform(low, high)), 3)

    scale = [between(0.8, 1.2), between(0.8, 1.2)]
    translate = [between(-0.2, 0.2), between(-0.2, 0.2)]
    rotate, shear = between(-45, 45), [between(-16, 16), between(-16, 16)]
    cval = between(0, 255)
    scale_xy, translate_xy, shear_xy = (
        dict(zip("xy", pair, strict=True)) for pair in (scale, translate, shear)
    )
    augmenter = iaa.Affine(
        scale_xy, translate_xy, rotate=rotate, shear=shear_xy, order=order, cval=cval, mode=mode
    )
    keep(
        "affine", image, augmenter(image=images[image]),
        scale=scale, translate=translate, rotate=rotate, shear=shear,
        order=order, cval=[cval] * 3, mode=mode,
    )  # fmt: skip


for order in (0, 1):
    for mode in ("constant", "edge", "symmetric", "reflect", "wrap"):
        for image in images:
            affine(image, mode, order)

for image, sides in [
    ("photo", (1, 2, 3, 4)),
    ("photo", (0, 0, 0, 5)),
    ("photo", (0, 0, 0, 0)),
    ("photo", (4, 3, 0, 0)),
    ("noise", (2, 0, 1, 5)),
    ("noise", (8, 11, 8, 12)),
    ("constant", (1, 1, 0, 3)),
    ("small", (1, 1, 2, 0)),
    ("row", (0, 2, 0, 1)),
    ("pixel", (0, 0, 0, 0)),
]:
    keep("crop", image, iaa.Crop(px=sides)(image=images[image]), sides=sides)


def elastic(image, order, mode, cval):
    height, width = images[image].shape[:2]
    field = rng.integers(-3584, 3584, (2, height, width), np.int16)
    made.setdefault(f"field {height} {width}", field)
    dx, dy = made[f"field {height} {width}"] * np.float32(FIELD_UNIT)
    augmenter = iaa.ElasticTransformation()
    result = augmenter._map_coordinates(images[image], dx, dy, order=order, cval=cval, mode=mode)
    keep("elastic", image, result, order=order, mode=mode, cval=cval)


for mode in ("constant", "nearest", "reflect", "wrap"):
    elastic("photo", 3, mode, 77)
for image in images:
    elastic(image, 3, "constant", 0)
    elastic(image, 1, "nearest", 0)
    elastic(image, 0, "wrap", 0)


def piecewise(image, rows, columns, scale):
    jitter = np.round(rng.normal(0, scale, (rows, columns, 2)) / JITTER_UNIT).astype(np.int16)
    augmenter, shape = iaa.PiecewiseAffine(), images[image].shape
    flat = jitter.reshape(-1, 2) * JITTER_UNIT
    samples = geometric._PiecewiseAffineSamplingResult(
        nb_rows=[rows], nb_cols=[columns], jitter=[flat], order=[1], cval=[0], mode=["constant"]
    )
    (result,) = augmenter._augment_images_by_samples([images[image].copy()], samples)
    transformer = augmenter._get_transformer(shape, shape, rows, columns, flat)
    triangles = [] if transformer is None else transformer._tesselation.simplices.tolist()
    rising = np.zeros((rows - 1, columns - 1), np.uint8)
    for row, column in np.ndindex(rising.shape):
        ends = {row * columns + column + 1, (row + 1) * columns + column}
        rising[row, column] = any(ends <= set(triangle) for triangle in triangles)
    keep("piecewise", image, result, jitter=jitter.tolist(), rising=rising.tolist())


for rows in (2, 3, 4):
    piecewise("photo", rows, 3, 0.05)
    piecewise("noise", 4, rows, 0.03)
piecewise("constant", 3, 2, 0.05)
piecewise("small", 2, 2, 0.1)
piecewise("row", 2, 3, 0.1)
piecewise("pixel", 2, 2, 0.1)


# Superpixels: scikit-image >= 0.19 counts labels from 1, imgaug takes them to begin at 0.
slic = functools.partial(skimage.segmentation.slic, start_label=0)
segmentation.skimage.segmentation.slic = slic


# Noise of sigma 10, which is hard on SLIC, and three photos of about the size at which it works.
noise = np.round(rng.normal(0, 10, (96, 112, 3))).astype(np.int8)
photos = {
    "astronaut": astronaut[:256, 80:380],
    "chelsea": skimage.data.chelsea()[20:260, 80:360],
    "coffee": skimage.data.coffee()[:400, 80:540],
}
made["superpixels noise"] = noise
for name, photo in photos.items():
    clean = cv2.resize(np.ascontiguousarray(photo), (112, 96), interpolation=cv2.INTER_AREA)
    made[f"superpixels photo {name}"] = clean
    for kind, image in {
        "clean": clean,
        "noisy": np.clip(clean.astype(int) + noise, 0, 255).astype(np.uint8),
    }.items():
        for n_segments in (20, 45, 80, 120, 160, 200):
            painted = iaa.Superpixels(p_replace=1.0, n_segments=n_segments)(image=image)
            count = len(np.unique(slic(image, n_segments=n_segments, compactness=10)))
            # Thousandths of the mean squared difference, and the number of segments.
            mean_square = np.mean((image.astype(float) - painted) ** 2)
            result = np.array([round(1000 * mean_square), count])
            keep("superpixels", name, result, kind=kind, n_segments=n_segments)

np.savez_compressed(Path(__file__).with_name("geometry.npz"), **made)
