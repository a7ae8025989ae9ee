"""Fields that no image can be made with are refused when a text is read, in the user's words."""

from dataclasses import fields

import pytest
from op_specs import noise

from paddle_aug.augment.modes import OPS, augmentation
from paddle_aug.errors import UserError
from paddle_aug.rng import generator

REFUSED = [
    ("affine(scale=1.0)", "scale wants to stay above 0"),
    ("affine(order=(0, 3))", r"order wants one of \(0, 1\), got 3"),
    ("affine(mode=('mirror',))", "mode wants one of .*'wrap'.*, got 'mirror'"),
    ("hue(0.6)", "strength wants numbers from -0.5 to 0.5"),
    ("color_jitter(hue=0.6)", "hue wants numbers from -0.5 to 0.5"),
    ("color_jitter(contrast=(-0.1, 1))", "contrast wants numbers of 0 or more"),
    ("color_jitter('x')", "cannot make 'color_jitter'"),
    ("cutout(0)", "size wants numbers of 1 or more, got"),
    ("cutout(fill=256)", "fill wants a level from 0 to 255 or three, got 256"),
    ("random_erasing((0.5, 1.5))", "area wants numbers from 0 to 1, got"),
    ("random_erasing(ratio=(0, 1))", "ratio wants 0 < low <= high, got"),
    ("random_erasing(fill='pixel')", r"fill wants one of \('noise',\), got 'pixel'"),
    ("gridmask((0, 9))", "period wants numbers of 1 or more, got"),
    ("gridmask((9, 3))", r"period wants a range from a low to a high number, got \(9, 3\)"),
    ("gridmask(keep=1.5)", "keep wants numbers from 0 to 1, got"),
    ("gridmask(fill=999)", "fill wants a level"),
    ("hide_and_seek(())", "want one or more values to draw from, got none"),
    ("hide_and_seek((4, -1))", "grids wants numbers of 0 or more, got"),
    ("hide_and_seek(p_hide=2)", "p_hide wants numbers from 0 to 1, got 2"),
    ("hide_and_seek(fill='noise')", "fill wants a whole number or"),
    ("keras_affine(width_shift=-0.1)", "width_shift wants numbers of 0 or more"),
    ("keras_affine(height_shift=-3)", "height_shift wants numbers of 0 or more"),
    ("keras_affine(zoom=1.0)", "zoom wants to stay above 0, got 1.0"),
    ("keras_affine(fill_mode='edge')", "fill_mode wants one of .*'wrap'.*, got 'edge'"),
    ("keras_affine(cval=300)", "cval wants numbers from 0 to 255"),
    ("posterize(9)", "bits wants numbers from 0 to 8, got"),
    ("posterize(2.5)", r"bits wants a whole number or \(whole number, whole number\), got 2.5"),
    ("solarize(257)", "threshold wants numbers from 0 to 256, got"),
    ("solarize((0.5, 3))", "threshold wants a whole number or"),
    ("resize(0)", r"size wants a whole number from 1 or \(height, width\), got 0"),
    ("center_crop((3, -4))", "size wants"),
    ("center_crop('x')", "size wants"),
    ("random_crop(None)", "size wants"),
    ("random_resized_crop('x')", "size wants"),
    ("resize", r"missing a required argument: 'size'; want resize\(size, exact=False\)"),
    ("random_crop(8, padding=-1)", "padding wants numbers of 0 or more, got -1"),
    ("random_crop(8, fill=256)", "fill wants a level from 0 to 255 or three, got 256"),
    ("random_crop(8, mode='wrap')", "mode wants one of .*'symmetric'.*, got 'wrap'"),
    ("random_resized_crop(area=(0.5, 1.5))", "area wants numbers from 0 to 1"),
    ("random_resized_crop(ratio=(0, 2))", "ratio wants 0 < low <= high"),
    ("autoaugment('cifar')", "policy wants one of .*'cifar10'.*got 'cifar'"),
    ("randaugment(-1)", "n wants numbers of 0 or more"),
    ("randaugment(2, 31)", "m wants numbers from 0 to 30, got"),
    ("randaugment(2, 9.5)", "m wants a whole number, got 9.5"),
    ("randaugment(2, 0, 1)", "bins wants numbers of 2 or more"),
    ("trivialaugment(1)", "bins wants numbers of 2 or more"),
    ("threeaugment((-0.5, 1))", "jitter wants numbers of 0 or more"),
    ("threeaugment(threshold=300)", "threshold wants numbers from 0 to 256"),
    ("threeaugment(sigma=-1)", "sigma wants numbers of 0 or more"),
    ("augmix(11)", "severity wants numbers from 1 to 10"),
    ("augmix(width=0)", "width wants numbers of 1 or more"),
    ("augmix(depth=0)", "depth wants numbers of 1 or more"),
    ("augmix(alpha=0)", "alpha wants a number above 0, got 0"),
    ("grayscale(1.5)", r"alpha wants numbers from 0 to 1, got \(0, 1.5\)"),
    ("gaussian_blur((-1, 3))", r"sigma wants numbers of 0 or more, got \(-1, 3\)"),
    ("average_blur((0, 3))", r"k wants numbers of 1 or more, got \(0, 3\)"),
    ("median_blur((3, 10))", r"k wants odd numbers, got \(3, 10\)"),
    ("dropout((0.5, 1.5))", r"p wants numbers from 0 to 1, got \(0.5, 1.5\)"),
    ("coarse_dropout(min_size=0)", "min_size wants numbers of 1 or more"),
    ("coarse_dropout(size_percent=2)", "size_percent wants numbers from 0 to 1"),
    ("edge_detect((-0.5, 1))", r"alpha wants numbers from 0 to 1, got \(-0.5, 1\)"),
    ("elastic_transformation(order=2)", "order wants one of"),
    ("elastic_transformation(mode='edge')", "mode wants one of"),
    ("additive_gaussian_noise(scale=(-1, 3))", r"scale wants numbers of 0 or more, got \(-1, 3\)"),
    ("piecewise_affine(rows=(1, 3))", r"rows wants numbers of 2 or more, got \(1, 3\)"),
    ("center_crop_resize(0.9)", "max_ratio wants numbers of 1 or more, got 0.9"),
    ("crop((0.2, 0.1))", "percent wants a range from a low to a high number"),
    ("cutout(fill=(1, 2))", r"fill wants a whole number or \(whole number, .*, got \(1, 2\)"),
    ("resize((3, 4, 5))", "size wants"),
    ("crop((-0.1, 0.1))", "percent wants numbers from 0 to 1"),
    ("shear_x((0.2, 0.1))", "amount wants a range from a low to a high number"),
    ("rotate('x')", r"degrees wants a number or \(number, number\), got 'x'"),
    ("maybe(0.5, rotate((9, 3)))", "degrees wants a range from a low to a high number"),
    ("brightness([1])", r"strength wants a number or \(number, number\), got \(1,\)"),
    ("noise(1e400)", "max_sigma wants a number, got inf"),
    ("noise((3, 10))", r"max_sigma wants a number, got \(3, 10\)"),
    ("crop(0.1)", r"percent wants \(number, number\), got 0.1"),
    ("gridmask(96)", r"period wants \(whole number, whole number\), got 96"),
    ("affine(order=1)", r"order wants \(whole number, …\), got 1"),
    ("affine(mode='edge')", r"mode wants \(name in quotes, …\), got 'edge'"),
    ("rotate(20, 'edge')", "exact wants True or False, got 'edge'"),
    ("rotate(True)", "degrees wants a number or .*, got True"),
    ("rotate(deg=20)", r"argument 'deg'; want rotate\(degrees=180, exact=False\)"),
    ("rotate(1, True, 3)", r"too many positional arguments; want rotate\(degrees=180, exact=Fa"),
    ("userDef(3)", "too many positional arguments; want userDef"),
    ("maybe(hflip, 0.5)", "p wants a number, got an augmentation"),
    ("someof(0.5, 1, hflip)", "low wants a whole number, got 0.5"),
    ("brightness((-0.5, 1))", "strength wants numbers of 0 or more"),
    ("brightness(-0.5)", r"strength wants a range from a low to a high number, got \(1.5, 0.5\)"),
    ("multiply((-1, 1))", "mul wants numbers of 0 or more"),
    ("linear_contrast((-1, 1))", "alpha wants numbers of 0 or more"),
    ("sharpen(lightness=(-1, 1))", "lightness wants numbers of 0 or more"),
    ("affine(scale=(0.5, -1))", "scale wants a range from a low to a high number"),
    ("affine(shear=90)", "shear wants numbers from -89 to 89"),
    ("affine(translate_percent=20)", "translate_percent wants numbers from -1 to 1"),
    ("translate_x(20)", "share wants numbers from -1 to 1"),
    ("shear_y(20)", "amount wants numbers from -1 to 1"),
    ("crop((0, 10))", "percent wants numbers from 0 to 1"),
    ("add(per_channel=3)", "per_channel wants numbers from 0 to 1"),
    ("superpixels((0, 2))", "p_replace wants numbers from 0 to 1"),
    ("superpixels(n_segments=(0, 9))", "n_segments wants numbers of 1 or more"),
    ("elastic_transformation((-1, 1))", "alpha wants numbers of 0 or more"),
    ("flip(7)", "p wants numbers from 0 to 1, got 7"),
    ("rotate(20.5)", "degrees wants whole numbers, got"),
    ("mixup:0.2", r"mixup mixes .* comes last, behind a \+, as in hflip\+mixup:0.2"),
    ("cutmix(1)|hflip", r"as in hflip\+cutmix:1.0"),
    ("maybe(0.5, samplePairing)", r"as in hflip\+samplePairing"),
]


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


@pytest.mark.parametrize(("spec", "message"), REFUSED)
def test_a_field_that_no_image_can_be_made_with_is_refused(spec, message):
    with pytest.raises(UserError, match=message):
        augmentation(spec)
