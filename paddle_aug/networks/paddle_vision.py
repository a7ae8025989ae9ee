"""The classification networks of paddle.vision.models, as they are, by "paddle.vision:NAME"."""

import inspect

from paddle import nn
from paddle.vision import models

from paddle_aug.errors import UserError
from paddle_aug.names import near_miss
from paddle_aug.networks.contract import Maker, with_heads

PREFIX = "paddle.vision:"
# All but GoogLeNet, which returns three outputs in eval mode, too.
NAMES = sorted(
    name
    for name in models.__all__
    if inspect.isfunction(getattr(models, name)) and name != "googlenet"
)
# The smallest images, by the start of a name: those that leave a pixel after the last pooling. With
# smaller ones Paddle returns nonsense or crashes. Padded, the others would take any size; below 17
# pixels their last layers see one.
SMALLEST = {"vgg": 32, "alexnet": 223, "densenet": 29, "inception": 75, "squeezenet1_0": 35,
            "squeezenet1_1": 29, "": 17}  # fmt: skip
ALEXNET_LARGEST = 254  # its dense layers take maps of 6 × 6 alone


def maker(name: str) -> Maker:
    """The maker of a network, by its name with or without the prefix.

    Raises:
        UserError: there is no such network.
    """
    name = name.removeprefix(PREFIX)
    if name == "googlenet":
        raise UserError(
            f"--network {PREFIX}googlenet returns three outputs; --network googlenet is the same "
            "network, takes its weights, and returns one"
        )
    if name not in NAMES:
        raise UserError(f"paddle.vision.models has no network {name!r}; {near_miss(name, NAMES)}")

    def make(num_classes: int, image_size: int) -> nn.Layer:
        refuse_size(name, image_size)
        return getattr(models, name)(num_classes=num_classes)

    return with_heads(make)


def refuse_size(name: str, image_size: int) -> None:
    """Raise ValueError for images that the network cannot take."""
    smallest = next(side for start, side in SMALLEST.items() if name.startswith(start))
    if name == "alexnet" and not smallest <= image_size <= ALEXNET_LARGEST:
        raise ValueError(
            f"Paddle's AlexNet needs images of {smallest} to {ALEXNET_LARGEST} pixels; --network "
            "alexnet takes other sizes"
        )
    if image_size < smallest:
        raise ValueError(f"{name} needs images of {smallest} pixels or more")
