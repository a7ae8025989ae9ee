"""All augmentations by name: the ops, and the notebook's modes, which combine them."""

import re
from collections.abc import Callable

from paddle_aug.augment import ops
from paddle_aug.augment.adapters.imgaug import Imgaug, notebook_pipeline
from paddle_aug.augment.ops.affine import BORDERS
from paddle_aug.augment.spec import Augmentations, build
from paddle_aug.augment.transform import Chain, Identity, Maybe, OneOf, Shuffled, SomeOf, Transform
from paddle_aug.errors import UserError
from paddle_aug.system.opencv import warn_of_opencv

# In the order in which the notebook trains them.
NOTEBOOK_MODES = ("none", "userDef", "imgaugLib", "allab", "allba")

# What `compare` trains by default, and what `search` compares its winner with: no augmentation, the
# one of the recipe probe, a policy without settings, and the notebook's two. `--modes all` asks the
# notebook's own question: allab and allba take as long as both of these together.
MILD = "random_resized_crop(area=(0.5, 1))|hflip"
COMPARED_MODES = ("none", MILD, "trivialaugment", "userDef", "imgaugLib")

# The mode that stands for the one docs/evidence.md recommends, see `recommended`.
AUTO = "auto"

# The modes of the notebook's sequel (AI Studio project 422256) and the mixes they bring.
SEQUEL_MIXES = {"samplePairing": "samplePairing", "mixup": "mixup:1.5"}

# What each mix does, under its name with its default number. Written by hand:
# paddle_aug.training.mixing imports Paddle, which takes seconds and may not be installed.
MIXES = {
    "mixup:0.2": "Both images and labels, weighted by a share from Beta(0.2, 0.2).",
    "cutmix:1.0": "A box of the other image, its area from Beta(1, 1), and that much of its label.",
    "resizemix": "The whole other image, shrunk into a box, and that much of its label.",
    "samplePairing": "Half of each image, and the label of the first; it pauses in some epochs.",
}

OPS = {
    "brightness": ops.Brightness,
    "contrast": ops.Contrast,
    "color": ops.Color,
    "sharpness": ops.Sharpness,
    "center_crop_resize": ops.CenterCropResize,
    "flip": ops.Flip,
    "hflip": ops.HorizontalFlip,
    "vflip": ops.VerticalFlip,
    "rotate": ops.Rotate,
    "noise": ops.GaussianNoise,
    "crop": ops.Crop,
    "affine": ops.Affine,
    "superpixels": ops.Superpixels,
    "gaussian_blur": ops.GaussianBlur,
    "average_blur": ops.AverageBlur,
    "median_blur": ops.MedianBlur,
    "sharpen": ops.Sharpen,
    "emboss": ops.Emboss,
    "edge_detect": ops.EdgeDetect,
    "directed_edge_detect": ops.DirectedEdgeDetect,
    "additive_gaussian_noise": ops.AdditiveGaussianNoise,
    "dropout": ops.Dropout,
    "coarse_dropout": ops.CoarseDropout,
    "invert": ops.Invert,
    "add": ops.Add,
    "multiply": ops.Multiply,
    "linear_contrast": ops.LinearContrast,
    "grayscale": ops.Grayscale,
    "elastic_transformation": ops.ElasticTransformation,
    "piecewise_affine": ops.PiecewiseAffine,
    "resize": ops.Resize,
    "center_crop": ops.CenterCrop,
    "random_crop": ops.RandomCrop,
    "random_resized_crop": ops.RandomResizedCrop,
    "random_rotation": ops.RandomRotation,
    "hue": ops.Hue,
    "color_jitter": ops.ColorJitter,
    "keras_affine": ops.KerasAffine,
    "channel_shift": ops.ChannelShift,
    "posterize": ops.Posterize,
    "solarize": ops.Solarize,
    "autocontrast": ops.AutoContrast,
    "equalize": ops.Equalize,
    "shear_x": ops.ShearX,
    "shear_y": ops.ShearY,
    "translate_x": ops.TranslateX,
    "translate_y": ops.TranslateY,
    "cutout": ops.Cutout,
    "random_erasing": ops.RandomErasing,
    "gridmask": ops.GridMask,
    "hide_and_seek": ops.HideAndSeek,
    "autoaugment": ops.AutoAugment,
    "randaugment": ops.RandAugment,
    "trivialaugment": ops.TrivialAugmentWide,
    "threeaugment": ops.ThreeAugment,
    "augmix": ops.AugMix,
}


def user_def() -> Shuffled:
    """The eight hand-written ops of the notebook, all of them, in random order."""
    return Shuffled(
        ops.Brightness(),
        ops.Contrast(),
        ops.Color(),
        ops.Sharpness(),
        ops.CenterCropResize(),
        ops.Flip(),
        ops.Rotate((0, 359)),
        ops.GaussianNoise(),
    )


def sequel_user_def() -> Transform:
    """The sequel's userDef: its noise is weaker and left out half the time."""
    *others, _ = user_def().ops
    return Shuffled(*others, Maybe(0.5, ops.GaussianNoise(5)))


def imgaug_lib() -> Transform:
    """The notebook's heavy imgaug pipeline, built from our own ops."""
    blur = OneOf(ops.GaussianBlur((0, 3.0)), ops.AverageBlur((2, 7)), ops.MedianBlur((3, 11)))
    edges = OneOf(ops.EdgeDetect((0, 0.7)), ops.DirectedEdgeDetect((0, 0.7), direction=(0.0, 1.0)))
    dropout = OneOf(
        ops.Dropout((0.01, 0.1), per_channel=0.5),
        ops.CoarseDropout((0.03, 0.15), size_percent=(0.02, 0.05), per_channel=0.2),
    )
    affine = ops.Affine(
        scale=(0.8, 1.2),
        translate_percent=(-0.2, 0.2),
        rotate=(-45, 45),
        shear=(-16, 16),
        order=(0, 1),
        cval=(0, 255),
        mode=tuple(BORDERS),
    )
    return Shuffled(
        ops.HorizontalFlip(0.5),
        ops.VerticalFlip(0.2),
        Maybe(0.5, ops.Crop((0, 0.1))),
        Maybe(0.5, affine),
        SomeOf(
            0,
            5,
            Maybe(0.5, ops.Superpixels(p_replace=(0, 1.0), n_segments=(20, 200))),
            blur,
            ops.Sharpen(alpha=(0, 1.0), lightness=(0.75, 1.5)),
            ops.Emboss(alpha=(0, 1.0), strength=(0, 2.0)),
            Maybe(0.5, edges),
            ops.AdditiveGaussianNoise(scale=(0.0, 0.05 * 255), per_channel=0.5),
            dropout,
            ops.Invert(0.05, per_channel=1.0),
            ops.Add((-10, 10), per_channel=0.5),
            ops.Multiply((0.5, 1.5), per_channel=0.5),
            ops.LinearContrast((0.5, 2.0), per_channel=0.5),
            ops.Grayscale((0.0, 1.0)),
            Maybe(0.5, ops.ElasticTransformation(alpha=(0.5, 3.5), sigma=(0.25, 0.25))),
            Maybe(0.5, ops.PiecewiseAffine(scale=(0.01, 0.05))),
        ),
    )


def modes(imgaug_lib: Callable[[], Transform]) -> dict[str, Callable[..., Transform]]:
    """The notebook's modes, with `imgaugLib`, alone and stacked, built by this function."""

    def allab() -> Transform:
        """userDef, then imgaugLib."""
        return Chain(user_def(), imgaug_lib())

    def allba() -> Transform:
        """imgaugLib, then userDef."""
        return Chain(imgaug_lib(), user_def())

    return {
        "none": Identity,
        "userDef": user_def,
        "imgaugLib": imgaug_lib,
        "allab": allab,
        "allba": allba,
    }


# Plug-ins add to these: @AUGMENTATIONS.add("name").
AUGMENTATIONS = Augmentations("augmentation", OPS | modes(imgaug_lib), "paddle_aug.ops")
# The modes that an engine runs otherwise.
ENGINES = {"native": {}, "imgaug": modes(lambda: Imgaug(notebook_pipeline))}


def augmentation(spec: str, engine: str = "native") -> Transform:
    """The augmentation of a mode's name or of a text such as "hflip|rotate(20)"; '' is none.

    >>> from paddle_aug import augmentation
    >>> aug = augmentation("hflip|maybe(0.5, rotate(20))")
    >>> aug.ops[1]
    Maybe(ops=(Rotate(degrees=20, exact=False),), p=0.5)

    `engine` says what runs the notebook's imgaug pipeline: "native", our own ops, or "imgaug".

    Raises:
        UserError: a name or argument is unknown, or the text cannot be read.
    """
    warn_of_opencv()
    spec, mix = split_mix(spec)
    if mix:
        raise UserError(f"{spec}+{mix} mixes the images of a batch; give {spec} alone here")
    if spec == AUTO:
        raise UserError(
            f"auto depends on a network's first weights; give {recommended(False)}, or with "
            f"pretrained ones {recommended(True)}"
        )
    if spec in SEQUEL_MIXES:
        return sequel_user_def()
    for mix in MIXES:
        name = mix.split(":")[0]
        if re.search(rf"\b{name}\b", spec):
            raise UserError(
                f"cannot read the augmentation {spec!r}: {name} mixes the images of a batch, so "
                f"it comes last, behind a +, as in hflip+{mix}"
            )
    known = AUGMENTATIONS
    if engine != "native":
        known = Augmentations(known.kind, known | ENGINES[engine], known.group)
    return build(spec, known)


def split_mix(mode: str) -> tuple[str, str]:
    """Split a mode's text at its first "+" into augmentation and mix; the mix may be ''.

    >>> split_mix("hflip|rotate(20)+mixup:0.4")
    ('hflip|rotate(20)', 'mixup:0.4')
    """
    augment, *mixes = (part.strip() for part in split_outside(mode, "+"))
    return augment or "none", "+".join(mixes)


def mix_of(augment: str, mix: str) -> str:
    """The mix of a run: the one that `--mix` names, or its mode's own, or "none".

    Raises:
        UserError: the mode has a mix and `--mix` names another.
    """
    own = SEQUEL_MIXES.get(augment, "none")
    if "none" not in (own, mix):
        raise UserError(f"the mode {augment} has its own mix; with --mix {mix} take another mode")
    return mix if own == "none" else own


def recommended(pretrained: bool) -> str:
    """What "auto" stands for, by where the network starts: docs/evidence.md has the runs.

    >>> recommended(pretrained=False)
    'trivialaugment'
    """
    return MILD if pretrained else "trivialaugment"


def split_outside(text: str, separator: str) -> list[str]:
    """Split a text at the separators outside parentheses."""
    parts, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character == separator and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def split_modes(text: str) -> list[str]:
    """The modes that `--augment` names: a comma list, where "all" means the notebook's five.

    Commas inside parentheses belong to an op's arguments: "none,hflip|rotate((-5, 20))" is two.

    Raises:
        UserError: a mode is named twice, or there is nothing between two commas.
    """
    if not text.strip():
        return ["none"]
    names = [part.strip() for part in split_outside(text, ",")]
    if "" in names:
        raise UserError(f"--augment {text!r} has a comma with no mode at its side")
    modes = [mode for name in names for mode in (NOTEBOOK_MODES if name == "all" else [name])]
    refuse_twice(modes, text)
    return modes


def refuse_twice(modes: list[str], text: str) -> None:
    """Refuse modes, named by a text, of which two are the same."""
    for mode in modes:
        if modes.count(mode) > 1:
            raise UserError(f"--augment {text!r} names {mode!r} twice")
