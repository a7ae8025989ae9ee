"""Make pipelines.npz: statistics of what the notebook's two pipelines make of small photos.

Run once, on the stack that imgaug was written for, and kept:

    pip install numpy==1.23.5 imgaug==0.4.0 "opencv-python<4.11" "scikit-image<0.23" "Pillow<10"
    PYTHONPATH=. python tests/golden/make_pipelines.py

The originals are the notebook's own functions, but for their noise, which saturates as ours does
instead of wrapping around, and imgaug 0.4.0 with the labels of its Superpixels mended. Images are
kept, of each result only what `statistics` says.
"""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageEnhance
from skimage import data

from paddle_aug.augment.adapters.imgaug import Imgaug, notebook_pipeline

FILE = Path(__file__).with_name("pipelines.npz")
DRAWS = 2000
ALONE = 1000  # of an op alone
SLOW = ("Superpixels", "PiecewiseAffine")  # ops of imgaug's that take a minute for these
SIZE = 64

STATISTICS = (
    "mean",
    "deviation",
    "gradient energy",
    "saturation",
    "share of 0",
    "share of 255",
    "share of 250 and more",
    "red minus blue",
)


def statistics(images: np.ndarray) -> np.ndarray:
    """N images to N × 8 numbers, rounded so that equal pixels give equal numbers everywhere."""
    values = images.astype(np.int16)
    laplacian = 4 * values[:, 1:-1, 1:-1]
    laplacian -= values[:, :-2, 1:-1] + values[:, 2:, 1:-1]
    laplacian -= values[:, 1:-1, :-2] + values[:, 1:-1, 2:]
    whole = (1, 2, 3)
    columns = [
        images.mean(whole),
        images.std(whole),
        np.abs(laplacian).mean(whole),
        np.ptp(values, axis=3).mean((1, 2)),
        (images == 0).mean(whole),
        (images == 255).mean(whole),
        (images >= 250).mean(whole),
        (values[..., 0] - values[..., 2]).mean((1, 2)),
    ]
    return np.stack(columns, axis=1).round(4).astype(np.float32)


def enhance(enhancer: type):
    """The notebook's random_brightness, random_contrast, random_color or random_sharpness."""
    return lambda image, rng: enhancer(image).enhance(rng.uniform(0.5, 1.5))


def crop(image, rng):
    width, height = image.size
    m, n = rng.uniform(1, 1.5), rng.uniform(1, 1.5)
    left, top = width * (1 - 1 / m) / 2, height * (1 - 1 / n) / 2
    image = image.crop((left, top, left + width / m, top + height / n))
    resampling = Image.Resampling
    filters = [resampling.NEAREST, resampling.BILINEAR, resampling.BICUBIC, resampling.LANCZOS]
    return image.resize((width, height), filters[rng.integers(4)])


def flip(image, rng):
    image = np.asarray(image)
    if rng.random() > 0.5:
        image = image[:, ::-1]
    if rng.random() > 0.5:
        image = image[::-1]
    return Image.fromarray(np.ascontiguousarray(image))


def rotate(image, rng):
    return image.rotate(int(rng.integers(0, 360)))


def noise(image, rng):
    image = np.asarray(image)
    drawn = np.round(rng.standard_normal(image.shape) * rng.uniform(0, 10))
    return Image.fromarray((image + drawn).clip(0, 255).astype(np.uint8))


# In the notebook's order, which is that of `modes.user_def`.
USER_DEF = {
    "brightness": enhance(ImageEnhance.Brightness),
    "contrast": enhance(ImageEnhance.Contrast),
    "color": enhance(ImageEnhance.Color),
    "sharpness": enhance(ImageEnhance.Sharpness),
    "crop": crop,
    "flip": flip,
    "rotate": rotate,
    "noise": noise,
}


def user_def(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The notebook's image_augment."""
    picture, ops = Image.fromarray(image), list(USER_DEF.values())
    for index in rng.permutation(len(ops)):
        picture = ops[index](picture, rng)
    return np.asarray(picture)


ORIGINALS = {"userDef": user_def, "imgaugLib": Imgaug(notebook_pipeline)}


def photos() -> np.ndarray:
    """Of scikit-image's photos the squares in the middle, shrunk."""
    squares = []
    for name in ("astronaut", "coffee", "chelsea", "rocket", "immunohistochemistry"):
        photo = getattr(data, name)()
        height, width = photo.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        square = photo[top : top + side, left : left + side]
        squares.append(cv2.resize(square, (SIZE, SIZE), interpolation=cv2.INTER_AREA))
    return np.stack(squares)


def draw(augment, images: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Augment the images in turn, `count` times in all."""
    return np.stack([augment(images[index % len(images)], rng) for index in range(count)])


def ops_of(pipeline) -> list:
    """imgaug's ops in a tree of its own lists of them."""
    children = [each for members in pipeline.get_children_lists() for each in members]
    return [op for each in children for op in ops_of(each)] or [pipeline]


def drawn_alone(original, images: np.ndarray) -> np.ndarray:
    """Statistics of an op of imgaug's alone, on the images in turn."""
    original.seed_(1)
    return statistics(original(images=images[np.arange(ALONE) % len(images)]))


def main():
    images = photos()
    rng = np.random.default_rng(2020)
    drawn = {
        mode: statistics(draw(original, images, DRAWS, rng)) for mode, original in ORIGINALS.items()
    }
    for op in ops_of(notebook_pipeline()):
        if (name := op.__class__.__name__) in SLOW:
            drawn[name] = drawn_alone(op, images)
    np.savez_compressed(FILE, images=images, **drawn)


if __name__ == "__main__":
    main()
