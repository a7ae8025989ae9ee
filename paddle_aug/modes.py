"""Every augmentation that has a name: the ops, and the notebook's modes that are made of them."""

from paddle_aug.adapters.imgaug import Imgaug, notebook_pipeline
from paddle_aug.ops.color import Brightness, Color, Contrast, Sharpness
from paddle_aug.ops.geometry import CenterCropResize, Flip, HorizontalFlip, Rotate, VerticalFlip
from paddle_aug.ops.noise import GaussianNoise
from paddle_aug.registry import Registry, build
from paddle_aug.transform import Chain, Identity, Shuffled, Transform

AUGMENTATIONS = Registry("augmentation")
for name, op in {
    "brightness": Brightness,
    "contrast": Contrast,
    "color": Color,
    "sharpness": Sharpness,
    "center_crop_resize": CenterCropResize,
    "flip": Flip,
    "hflip": HorizontalFlip,
    "vflip": VerticalFlip,
    "rotate": Rotate,
    "noise": GaussianNoise,
}.items():
    AUGMENTATIONS.add(name)(op)

# The notebook's five, in the order in which it trains them.
NOTEBOOK_MODES = ("none", "userDef", "imgaugLib", "allab", "allba")


@AUGMENTATIONS.add("none")
def none() -> Transform:
    """No augmentation; the notebook writes it as ''."""
    return Identity()


@AUGMENTATIONS.add("userDef")
def user_def() -> Transform:
    """The eight hand-written ops of the notebook, all of them, in random order."""
    return Shuffled(
        Brightness(),
        Contrast(),
        Color(),
        Sharpness(),
        CenterCropResize(),
        Flip(),
        Rotate((0, 359)),
        GaussianNoise(),
    )


@AUGMENTATIONS.add("imgaugLib")
def imgaug_lib() -> Transform:
    """The notebook's heavy imgaug pipeline."""
    return Imgaug(notebook_pipeline)


@AUGMENTATIONS.add("allab")
def all_ab() -> Transform:
    """userDef, then imgaugLib."""
    return Chain(user_def(), imgaug_lib())


@AUGMENTATIONS.add("allba")
def all_ba() -> Transform:
    """imgaugLib, then userDef."""
    return Chain(imgaug_lib(), user_def())


def augmentation(spec: str) -> Transform:
    """The augmentation of a mode's name or of a text such as "hflip|rotate(20)"; '' is none.

    Raises:
        UserError: an unknown name or argument, or a text that cannot be read.
    """
    return build(spec or "none", AUGMENTATIONS)


def split_modes(text: str) -> list[str]:
    """The modes that `--augment` names: a comma list, or "all" for the notebook's five.

    Commas inside parentheses belong to an op's arguments: "none,hflip|rotate((-5, 20))" is two.
    """
    if text == "all":
        return list(NOTEBOOK_MODES)
    parts, depth = [""], 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() or "none" for part in parts]
