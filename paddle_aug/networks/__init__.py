"""Architectures, one a file, in paddle.nn alone; each is found by its name.

A maker takes (num_classes, image_size), and raises ValueError for images that its network cannot
take. The network takes float32 images [N, 3, image_size, image_size] and returns logits
[N, num_classes]. Its `heads` are the names of its last layers, those as wide as there are classes:
the parameters of these ("fc" has "fc.weight"), and no others, change their shape with
`num_classes`.
"""

from collections.abc import Callable

from paddle import nn

from paddle_aug.names import Registry, near_miss
from paddle_aug.networks import paddle_vision
from paddle_aug.networks.alexnet import AlexNet
from paddle_aug.networks.contract import checked, with_heads
from paddle_aug.networks.d2l_resnet import D2LResNet
from paddle_aug.networks.densenet import DENSENETS
from paddle_aug.networks.efficientnet_lite0 import EfficientNetLite0
from paddle_aug.networks.googlenet import GoogLeNet
from paddle_aug.networks.keras_cnn import KerasCNN
from paddle_aug.networks.lenet import LeNet
from paddle_aug.networks.residual_mnist import ResidualMNIST
from paddle_aug.networks.resnet import RESNETS
from paddle_aug.networks.vgg import VGGS


class Networks(Registry[nn.Layer]):
    """The networks of this package and those of paddle.vision.models ("paddle.vision:NAME"), by
    name; `@NETWORKS.add("tiny")` adds one. A network is made by (num_classes, image_size)."""

    def adopted(self, name: str, item: Callable[..., nn.Layer]) -> Callable[..., nn.Layer]:
        return with_heads(checked(name, item))

    def __missing__(self, name: str) -> Callable[..., nn.Layer]:
        if name.startswith(paddle_vision.PREFIX):
            return paddle_vision.maker(name)
        return super().__missing__(name)

    def hint(self, name: str) -> str:
        names = self.names()
        others = [paddle_vision.PREFIX + other for other in paddle_vision.NAMES]
        advice = f"known: {', '.join(names)}, and paddle.vision:NAME"
        return near_miss(name, [*names, *others], advice)


NETWORKS = Networks(
    "network",
    {
        **VGGS,
        "lenet": LeNet,
        "alexnet": AlexNet,
        "googlenet": GoogLeNet,
        **RESNETS,
        **DENSENETS,
        "efficientnet_lite0": EfficientNetLite0,
        "keras_cnn": KerasCNN,
        "d2l_resnet18": D2LResNet,
        "residual_mnist": ResidualMNIST,
    },
    "paddle_aug.networks",
)
