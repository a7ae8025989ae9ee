"""How near our ops come to Pillow, imgaug and SciPy at the same parameters.

imgaug is that of the adapter, which tests/golden compares with imgaug as published. The pixels that
an op draws (noise, masks) are read off its result and given to imgaug; another figure says how they
are distributed.
"""

from collections.abc import Callable
from statistics import NormalDist

import cv2
import numpy as np
import PIL
import scipy.ndimage
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from benchmarks.peers.ours import SPECS, spec
from paddle_aug.augment.adapters.imgaug import load
from paddle_aug.augment.modes import augmentation
from paddle_aug.augment.ops.elastic import elastic_field
from paddle_aug.augment.ops.geometry import INTERPOLATIONS
from paddle_aug.augment.ops.piecewise import piecewise_affine
from paddle_aug.rng import generator

SEED = 2022
DRAWS = 16  # of parameters, for each picture
GREY = 128  # noise up to 127 either way can be read off it


def parity(images: list[np.ndarray]) -> tuple[dict, list[dict]]:
    """The versions compared, and a row for each op and each of its interpolations."""
    imgaug, _ = load()
    rows = [row for name in SPECS if name in ORACLES for row in compare(name, images)]
    rows += [superpixels_row(images)]
    versions = {
        "Pillow": PIL.__version__,
        "imgaug": imgaug.__version__,
        "scipy": scipy.__version__,
        "numpy": np.__version__,
        "opencv": cv2.__version__,
    }
    return {"ours and theirs": versions}, rows


def compare(name: str, images: list[np.ndarray]) -> list[dict]:
    """A row for each interpolation of an op, or one row."""
    against, oracle = ORACLES[name]
    differences, distances = {}, []
    for index, image in enumerate(images):
        op = augmentation(spec(name, image.shape[0]))
        for draw in range(DRAWS):
            params = op.sample(generator(SEED, "augment", draw, index), image.shape)
            if name == "affine":
                params["cval"] = params["cval"][:1] * 3  # imgaug fills with greys only
            if name == "piecewise_affine":
                ours = piecewise_affine(image, params["jitter"], diagonals(image, params))
            else:
                ours = op.apply(image, **params)
            difference = np.abs(ours.astype(int) - oracle(op, image, params)).astype(np.uint8)
            way = params.get("interpolation")
            label = f"{name}, {way}" if way else name
            differences.setdefault(label, []).append(difference.ravel())
            if name in SIGMAS:
                distances.append(normal_distance(op, image.shape, params, params[SIGMAS[name]]))
    rows = []
    for label, parts in sorted(differences.items()):
        off = np.concatenate(parts)
        row = {
            "name": label,
            "against": against,
            "identical": float((off == 0).mean()),
            "max": int(off.max()),
            "mean": float(off.mean()),
        }
        if distances:
            row["note"] = f"distance to the normal distribution {np.mean(distances):.4f} (KS)"
        rows.append(row)
    return rows


def pillow(change: Callable) -> tuple[str, Callable]:
    """An oracle from a function of a picture and parameters by name."""
    return "Pillow", lambda op, image, params: np.array(change(Image.fromarray(image), **params))


def imgaug(make: Callable) -> tuple[str, Callable]:
    """An oracle from a function that makes an imgaug augmenter from our parameters."""
    return "imgaug", lambda op, image, params: make(load()[1], **params)(image=image)


def cropped(picture, width_ratio, height_ratio, interpolation):
    """The notebook's random_crop."""
    width, height = picture.size
    left, top = width * (1 - 1 / width_ratio) / 2, height * (1 - 1 / height_ratio) / 2
    box = (left, top, left + width / width_ratio, top + height / height_ratio)
    return picture.crop(box).resize((width, height), INTERPOLATIONS[interpolation])


def flipped(picture, horizontal, vertical):
    if horizontal:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM) if vertical else picture


def affine(iaa, scale, translate, rotate, shear, cval, order, mode):
    def axes(values):
        return dict(zip("xy", values, strict=True))

    return iaa.Affine(
        scale=axes(scale),
        translate_percent=axes(translate),
        rotate=rotate,
        shear=axes(shear),
        cval=cval[0],
        order=order,
        mode=mode,
    )


def channelwise(function: Callable) -> tuple[str, Callable]:
    """An oracle from a function of imgaug with one number, for ops that may draw three."""

    def oracle(op, image, params):
        (values,) = params.values()
        planes = zip(cv2.split(image), np.broadcast_to(values, 3).tolist(), strict=True)
        return np.stack([function(load()[1], plane, value) for plane, value in planes], axis=2)

    return "imgaug", oracle


def displaced(op, image, params):
    field = elastic_field(*image.shape[:2], **params)
    return load()[1].ElasticTransformation()._map_coordinates(image, *field, order=3)


def masked(op, image, params):
    """imgaug's product with the mask that our op shows on white."""
    kept = op.apply(np.full_like(image, 255), **params) // 255
    return load()[1].arithmetic.multiply_elementwise(image, kept)


def noise_of(op, shape, params) -> np.ndarray:
    return op.apply(np.full(shape, GREY, np.uint8), **params).astype(int) - GREY


def imgaugs_sum(op, image, params):
    return load()[1].arithmetic.add_elementwise(image, noise_of(op, image.shape, params))


def numpys_sum(op, image, params):
    return np.clip(image + noise_of(op, image.shape, params), 0, 255)


def moved(op, image, params):
    """imgaug's PiecewiseAffine with our jitter."""
    _, iaa = load()
    jitter = np.array(params["jitter"])
    rows, columns = jitter.shape[:2]
    samples = iaa.geometric._PiecewiseAffineSamplingResult(
        nb_rows=[rows],
        nb_cols=[columns],
        jitter=[jitter.reshape(-1, 2)],
        order=[1],
        cval=[0],
        mode=["constant"],
    )
    return iaa.PiecewiseAffine()._augment_images_by_samples([image.copy()], samples)[0]


def diagonals(image, params) -> tuple[tuple[str, ...], ...]:
    """How qhull cuts the cells of this grid, which is an accident of the image's size."""
    jitter = np.array(params["jitter"])
    rows, columns = jitter.shape[:2]
    mesh = (
        load()[1]
        .PiecewiseAffine()
        ._get_transformer(image.shape, image.shape, rows, columns, jitter.reshape(-1, 2))
    )
    triangles = [set(corners) for corners in mesh._tesselation.simplices.tolist()]

    def cut(row, column):
        rising = {row * columns + column + 1, (row + 1) * columns + column}
        return "rising" if any(rising <= triangle for triangle in triangles) else "falling"

    return tuple(
        tuple(cut(row, column) for column in range(columns - 1)) for row in range(rows - 1)
    )


def stretched(op, image, params):
    """The image, or the part that was drawn, through Pillow's `resize`."""
    box = None
    if params:
        top, left = params["top"], params["left"]
        box = (left, top, left + params["width"], top + params["height"])
    height, width, _ = op.output_shape(image.shape, **params)
    # Cut out first, as torchvision does: Pillow's `box` would also use what surrounds it.
    picture = Image.fromarray(image).crop(box or (0, 0, image.shape[1], image.shape[0]))
    return np.array(picture.resize((width, height), Image.Resampling.BILINEAR))


def middle(op, image, params):
    rest = [length - op.size for length in image.shape[:2]]
    top, left = round(rest[0] / 2), round(rest[1] / 2)
    return np.array(Image.fromarray(image).crop((left, top, left + op.size, top + op.size)))


def padded_crop(op, image, params):
    padded = ImageOps.expand(Image.fromarray(image), op.padding, op.fill)
    top, left = params["top"] + op.padding, params["left"] + op.padding
    return np.array(padded.crop((left, top, left + op.size, top + op.size)))


def turned(picture, shift):
    """torchvision's adjust_hue."""
    hue, *others = picture.convert("HSV").split()
    hue = Image.fromarray(np.array(hue) + np.int32(shift * 255).astype(np.uint8))
    return Image.merge("HSV", (hue, *others)).convert("RGB")


def jittered(picture, order, **amounts):
    return stepped(picture, [(name, amounts[name]) for name in order])


def keras_moved(op, image, params):
    """keras-preprocessing's apply_affine_transform, without shear, which is not drawn here."""
    cos, sin = np.cos(np.deg2rad(params["theta"])), np.sin(np.deg2rad(params["theta"]))
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    move = np.array([[1, 0, params["tx"]], [0, 1, params["ty"]], [0, 0, 1]])
    centre = np.eye(3)
    centre[:2, 2] = image.shape[0] / 2 + 0.5, image.shape[1] / 2 + 0.5
    zoom = np.diag([params["zx"], params["zy"], 1])
    matrix = centre @ turn @ move @ zoom @ np.linalg.inv(centre)
    planes = [
        scipy.ndimage.affine_transform(
            plane.astype(np.float32), matrix[:2, :2], matrix[:2, 2], order=1, mode=op.fill_mode
        )
        for plane in cv2.split(image)
    ]
    return np.rint(np.stack(planes, axis=2))


def keras_shifted(op, image, params):
    return np.rint(np.clip(image + params["shift"], image.min(), image.max()))


def nearest(picture, *matrix):
    return picture.transform(picture.size, Image.Transform.AFFINE, matrix, Image.Resampling.NEAREST)


def blend(enhancer: type) -> Callable:
    return lambda picture, factor: enhancer(picture).enhance(factor)


# What torchvision does to Pillow's images; blur and grey are DeiT's.
STEPS = {
    "identity": lambda picture: picture,
    "shear_x": lambda picture, amount: nearest(picture, 1, amount, 0, 0, 1, 0),
    "shear_y": lambda picture, amount: nearest(picture, 1, 0, 0, amount, 1, 0),
    "translate_x": lambda picture, pixels: nearest(picture, 1, 0, -pixels, 0, 1, 0),
    "translate_y": lambda picture, pixels: nearest(picture, 1, 0, 0, 0, 1, -pixels),
    "rotate": lambda picture, degrees: picture.rotate(degrees),
    "brightness": blend(ImageEnhance.Brightness),
    "color": blend(ImageEnhance.Color),
    "saturation": blend(ImageEnhance.Color),
    "hue": turned,
    "contrast": blend(ImageEnhance.Contrast),
    "sharpness": blend(ImageEnhance.Sharpness),
    "posterize": ImageOps.posterize,
    "solarize": ImageOps.solarize,
    "autocontrast": ImageOps.autocontrast,
    "equalize": ImageOps.equalize,
    "invert": ImageOps.invert,
    "grayscale": lambda picture, alpha: picture.convert("L").convert("RGB"),
    "gaussian_blur": lambda picture, sigma: picture.filter(ImageFilter.GaussianBlur(sigma)),
}


def stepped(picture, ops):
    """A policy's steps."""
    for name, *arguments in ops:
        picture = STEPS[name](picture, *arguments)
    return picture


def averaged(op, image, params):
    """The mean of a policy's chains."""
    picture = Image.fromarray(image)
    images = [picture, *(stepped(picture, chain) for chain in params["chains"])]
    parts = zip(params["weights"], images, strict=True)
    return np.floor(sum(weight * np.asarray(each, float) for weight, each in parts))


def pasted(picture, top, left, height, width):
    """A black rectangle."""
    picture.paste(0, (left, top, left + width, top + height))
    return picture


def grid_of_numpy(op, image, params):
    """The place of each pixel before the grid was turned, in doubles."""
    angle, period = np.deg2rad(params["degrees"]), params["period"]
    y, x = (np.indices(image.shape[:2]).T - (np.array(image.shape[:2]) - 1) / 2).T
    middle = (np.ceil(np.hypot(*image.shape[:2])) - 1) / 2
    rows = np.floor(np.sin(angle) * x + np.cos(angle) * y + middle + 0.5) - params["top"]
    columns = np.floor(np.cos(angle) * x - np.sin(angle) * y + middle + 0.5) - params["left"]
    hidden = (rows % period < params["hole"]) & (columns % period < params["hole"])
    return np.where(hidden[..., None], 0, image)


ORACLES = {
    **{
        name: pillow(STEPS[name])
        for name in (
            *("posterize", "solarize", "autocontrast", "equalize", "hue", "rotate"),
            *("shear_x", "shear_y", "translate_x", "translate_y"),
            *("brightness", "contrast", "color", "sharpness"),
        )
    },
    "cutout": pillow(pasted),
    "random_erasing": pillow(pasted),
    "gridmask": ("NumPy", grid_of_numpy),
    "hide_and_seek": ("imgaug, the mask given", masked),
    "autoaugment": pillow(stepped),
    "randaugment": pillow(stepped),
    "trivialaugment": pillow(stepped),
    "threeaugment": pillow(stepped),
    "augmix": ("Pillow", averaged),
    "center_crop_resize": pillow(cropped),
    "flip": pillow(flipped),
    "noise": ("a saturating sum", numpys_sum),
    "hflip": imgaug(lambda iaa, horizontal: iaa.Fliplr(float(horizontal))),
    "vflip": imgaug(lambda iaa, vertical: iaa.Flipud(float(vertical))),
    "crop": imgaug(lambda iaa, **sides: iaa.Crop(px=tuple(sides.values()))),
    "affine": imgaug(affine),
    "gaussian_blur": imgaug(lambda iaa, sigma: iaa.GaussianBlur(sigma)),
    "average_blur": imgaug(lambda iaa, k: iaa.AverageBlur(k)),
    "median_blur": imgaug(lambda iaa, k: iaa.MedianBlur(k)),
    "sharpen": imgaug(lambda iaa, **params: iaa.Sharpen(**params)),
    "emboss": imgaug(lambda iaa, **params: iaa.Emboss(**params)),
    "edge_detect": imgaug(lambda iaa, alpha: iaa.EdgeDetect(alpha)),
    # imgaug cuts the degrees off to whole ones.
    "directed_edge_detect": imgaug(
        lambda iaa, alpha, degrees: iaa.DirectedEdgeDetect(alpha, direction=(degrees + 0.5) / 360)
    ),
    "additive_gaussian_noise": ("imgaug, the noise given", imgaugs_sum),
    "dropout": ("imgaug, the mask given", masked),
    "coarse_dropout": ("imgaug, the mask given", masked),
    "invert": channelwise(
        lambda iaa, plane, chosen: iaa.arithmetic.invert(plane) if chosen else plane
    ),
    "add": channelwise(lambda iaa, plane, value: iaa.arithmetic.add_scalar(plane, value)),
    "multiply": channelwise(lambda iaa, plane, mul: iaa.arithmetic.multiply_scalar(plane, mul)),
    "linear_contrast": channelwise(
        lambda iaa, plane, alpha: iaa.contrast.adjust_contrast_linear(plane, alpha)
    ),
    "grayscale": imgaug(lambda iaa, alpha: iaa.Grayscale(alpha)),
    "elastic_transformation": ("imgaug, the field given", displaced),
    "piecewise_affine": ("imgaug, its diagonals", moved),
    "resize": ("Pillow", stretched),
    "center_crop": ("Pillow", middle),
    "random_crop": ("Pillow", padded_crop),
    "random_resized_crop": ("Pillow", stretched),
    "random_rotation": pillow(STEPS["rotate"]),
    "color_jitter": pillow(jittered),
    "keras_affine": ("SciPy", keras_moved),
    "channel_shift": ("NumPy", keras_shifted),
}
# The parameter that is the deviation of the noise.
SIGMAS = {"noise": "sigma", "additive_gaussian_noise": "scale"}


def normal_distance(op, shape, params, sigma: float) -> float:
    """The largest difference of the noise's distribution function from the rounded normal one."""
    noise = noise_of(op, shape, params)
    levels = np.arange(noise.min() - 1, noise.max() + 1)
    share = np.searchsorted(np.sort(noise, axis=None), levels, side="right") / noise.size
    normal = NormalDist(0, max(sigma, 1e-9))
    return float(np.max(np.abs(share - [normal.cdf(level + 0.5) for level in levels])))


def superpixels_row(images: list[np.ndarray]) -> dict:
    """All segments painted, by us and by imgaug: both lose as much of the picture."""
    _, iaa = load()
    op = augmentation("superpixels((1.0, 1.0), (20, 200))")
    gains, differences = [], []
    for index, image in enumerate(images):
        params = op.sample(generator(SEED, "augment", 0, index), image.shape)
        ours = op.apply(image, **params)
        theirs = iaa.Superpixels(1.0, params["n_segments"])(image=image)
        gains.append(10 * np.log10(mean_square(theirs, image) / mean_square(ours, image)))
        differences.append(np.abs(ours.astype(int) - theirs).mean())
    return {
        "name": "superpixels",
        "against": "imgaug, by statistics",
        "mean": float(np.mean(differences)),
        "note": f"PSNR to the picture {np.mean(gains):+.2f} dB of imgaug's",
    }


def mean_square(image: np.ndarray, other: np.ndarray) -> float:
    return float(np.mean((image.astype(float) - other) ** 2))
