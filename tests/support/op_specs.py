"""Every op and mode as text, for the tests that run over all of them."""

from paddle_aug.augment.modes import AUGMENTATIONS

# Of those that have no defaults, or that do nothing by them.
ARGUMENTS = {
    "resize": "((20, 31))",
    "center_crop": "((16, 40))",
    "random_crop": "(9, padding=6)",
    "color_jitter": "(0.4, 0.4, 0.4, 0.1)",
    "keras_affine": "(30, 0.2, 0.2, 0.2, 10)",
}
SPECS = {name: name + ARGUMENTS.get(name, "") for name in AUGMENTATIONS}
