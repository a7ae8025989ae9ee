"""Fields that no image can be made with are refused when a text is read, in the user's words."""

import re
from dataclasses import fields

import pytest
from op_specs import noise

from paddle_aug.augment.modes import OPS, augmentation
from paddle_aug.errors import UserError
from paddle_aug.rng import generator

# What a field wants, and texts that are refused for it.
REFUSED = {
    "wants numbers from 0 to 1, got": [
        *("random_erasing((0.5, 1.5))", "gridmask(keep=1.5)", "hide_and_seek(p_hide=2)"),
        *("random_resized_crop(area=(0.5, 1.5))", "grayscale(1.5)", "dropout((0.5, 1.5))"),
        *("coarse_dropout(size_percent=2)", "edge_detect((-0.5, 1))", "crop((-0.1, 0.1))"),
        *("crop((0, 10))", "add(per_channel=3)", "superpixels((0, 2))", "flip(7)"),
    ],
    "wants numbers of 0 or more, got": [
        *("color_jitter(contrast=(-0.1, 1))", "hide_and_seek((4, -1))"),
        *("keras_affine(width_shift=-0.1)", "keras_affine(height_shift=-3)", "randaugment(-1)"),
        *("random_crop(8, padding=-1)", "threeaugment((-0.5, 1))", "threeaugment(sigma=-1)"),
        *("gaussian_blur((-1, 3))", "additive_gaussian_noise(scale=(-1, 3))"),
        *("brightness((-0.5, 1))", "multiply((-1, 1))", "linear_contrast((-1, 1))"),
        *("sharpen(lightness=(-1, 1))", "elastic_transformation((-1, 1))"),
    ],
    "wants numbers of 1 or more, got": [
        *("cutout(0)", "gridmask((0, 9))", "augmix(width=0)", "augmix(depth=0)"),
        *("average_blur((0, 3))", "coarse_dropout(min_size=0)", "center_crop_resize(0.9)"),
        "superpixels(n_segments=(0, 9))",
    ],
    "wants numbers of 2 or more, got": [
        *("randaugment(2, 0, 1)", "trivialaugment(1)", "piecewise_affine(rows=(1, 3))"),
    ],
    "wants numbers from -0.5 to 0.5, got": ["hue(0.6)", "color_jitter(hue=0.6)"],
    "wants numbers from -1 to 1, got": [
        *("affine(translate_percent=20)", "translate_x(20)", "shear_y(20)"),
    ],
    "wants numbers from -89 to 89, got": ["affine(shear=90)"],
    "wants numbers from 0 to 8, got": ["posterize(9)"],
    "wants numbers from 0 to 30, got": ["randaugment(2, 31)"],
    "wants numbers from 0 to 255, got": ["keras_affine(cval=300)"],
    "wants numbers from 0 to 256, got": ["solarize(257)", "threeaugment(threshold=300)"],
    "wants numbers from 1 to 10, got": ["augmix(11)"],
    "wants a range from a low to a high number, got": [
        *("gridmask((9, 3))", "crop((0.2, 0.1))", "shear_x((0.2, 0.1))", "brightness(-0.5)"),
        *("maybe(0.5, rotate((9, 3)))", "affine(scale=(0.5, -1))"),
    ],
    "wants to stay above 0, got": ["affine(scale=1.0)", "keras_affine(zoom=1.0)"],
    "wants a number above 0, got": ["augmix(alpha=0)"],
    "wants odd numbers, got": ["median_blur((3, 10))"],
    "wants whole numbers, got": ["rotate(20.5)"],
    "wants 0 < low <= high, got": [
        *("random_erasing(ratio=(0, 1))", "random_resized_crop(ratio=(0, 2))"),
    ],
    "wants one of": [
        *("affine(order=(0, 3))", "affine(mode=('mirror',))", "random_erasing(fill='pixel')"),
        *("keras_affine(fill_mode='edge')", "random_crop(8, mode='wrap')", "autoaugment('cifar')"),
        *("elastic_transformation(order=2)", "elastic_transformation(mode='edge')"),
    ],
    "fill wants a level from 0 to 255 or three, got": [
        *("cutout(fill=256)", "random_crop(8, fill=256)", "gridmask(fill=999)"),
    ],
    "size wants a whole number": [
        *("resize(0)", "center_crop((3, -4))", "center_crop('x')", "random_crop(None)"),
        *("random_resized_crop('x')", "resize((3, 4, 5))"),
    ],
    "want one or more values to draw from, got none": ["hide_and_seek(())"],
    "wants a whole number or (whole number, whole number, whole number), got": [
        *("hide_and_seek(fill='noise')", "cutout(fill=(1, 2))"),
    ],
    "wants a whole number or (whole number, whole number), got": [
        *("posterize(2.5)", "solarize((0.5, 3))"),
    ],
    "wants a whole number, got": ["randaugment(2, 9.5)", "someof(0.5, 1, hflip)"],
    "wants a number or (number, number), got": [
        *("rotate('x')", "brightness([1])", "rotate(True)", "color_jitter('x')"),
    ],
    "wants a number, got": ["noise(1e400)", "noise((3, 10))", "maybe(hflip, 0.5)"],
    "wants (number, number), got 0.1": ["crop(0.1)"],
    "wants (whole number, whole number), got 96": ["gridmask(96)"],
    "wants (whole number, …), got 1": ["affine(order=1)"],
    "wants (name in quotes, …), got 'edge'": ["affine(mode='edge')"],
    "wants True or False, got 'edge'": ["rotate(20, 'edge')"],
    "missing a required argument: 'size'; want resize(size, exact=False)": ["resize"],
    "too many positional arguments; want userDef": ["userDef(3)"],
    "mixup mixes the images of a batch, so it comes last, behind a +, as in hflip+mixup:0.2": [
        *("mixup:0.2", "hflip|mixup"),
    ],
    "as in hflip+cutmix:1.0": ["cutmix(1)|hflip"],
    "as in hflip+samplePairing": ["maybe(0.5, samplePairing)"],
}


VALUES = (
    *(-2, -0.5, 0, 0.5, 2, 20, 300, True, None, "edge", {}),
    *((-2, 0.5), (0.5, 2), (2, 0.5), (3, 5), (20, 300), (0, 1), (1, 2, 3), ("edge",)),
)


@pytest.mark.parametrize("name", OPS)
def test_every_value_of_every_field_works_or_is_refused_by_a_fields_name(name):
    image = noise(24, 32)
    names = [field.name for field in fields(OPS[name])]
    for field in names:
        required = {"size": 16} if name in ("resize", "center_crop", "random_crop") else {}
        for value in VALUES:
            named = required | {field: value}
            spec = f"{name}({', '.join(f'{key}={value!r}' for key, value in named.items())})"
            try:
                op = augmentation(spec)
            except UserError as error:
                refused = str(error)
                assert any(f": {name} wants " in refused for name in names), spec
                continue
            for draw in range(3):
                params = op.sample(generator(0, "augment", 0, draw), image.shape)
                if not (name == "random_crop" and field == "size" and value != 2):
                    changed = op.apply(image, **params)
                    assert changed.dtype == "uint8", spec
                    assert changed.shape == op.output_shape(image.shape, **params), spec


@pytest.mark.parametrize(
    ("spec", "message"), [(spec, message) for message, specs in REFUSED.items() for spec in specs]
)
def test_a_field_that_no_image_can_be_made_with_is_refused(spec, message):
    with pytest.raises(UserError, match=re.escape(message)):
        augmentation(spec)
