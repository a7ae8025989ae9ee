"""DenseNet-BC (Huang et al., arXiv 1608.06993), by the names and maths of paddle.vision.models."""

from functools import partial

import paddle
from paddle import nn
from paddle.nn.initializer import Uniform

SMALLEST = 29  # leaves one pixel after the five halvings, of which the last three round down
BOTTLENECK = 4  # a layer's 1×1 convolution has this many times the channels that the layer adds


def norm_conv(channels: int, width: int, kernel: int) -> nn.Sequential:
    """Batch normalisation, ReLU, convolution of the same size."""
    conv = nn.Conv2D(channels, width, kernel, padding=kernel // 2, bias_attr=False)
    return nn.Sequential(
        ("_batch_norm", nn.BatchNorm2D(channels)), ("relu", nn.ReLU()), ("_conv", conv)
    )


class DenseLayer(nn.Layer):
    """Adds `growth` channels, computed from all channels before, to these."""

    def __init__(self, channels: int, growth: int):
        super().__init__()
        self.bn_ac_func1 = norm_conv(channels, BOTTLENECK * growth, 1)
        self.bn_ac_func2 = norm_conv(BOTTLENECK * growth, growth, 3)

    def forward(self, x):
        return paddle.concat([x, self.bn_ac_func2(self.bn_ac_func1(x))], axis=1)


class DenseNet(nn.Sequential):
    """A 7×7 convolution and max pooling, then four dense blocks with a halving between each two.

    Weights do not depend on the image size. Those of paddle.vision.models load by name and give the
    same output. `channels` go into the first of the blocks, which have `layers` layers each.
    """

    heads = ("out",)

    def __init__(
        self,
        num_classes: int,
        image_size: int,
        channels: int,
        growth: int,
        layers: tuple[int, int, int, int],
    ):
        if image_size < SMALLEST:
            raise ValueError(f"DenseNet needs images of {SMALLEST} pixels or more")
        stem = nn.Sequential(
            ("_conv", nn.Conv2D(3, channels, 7, stride=2, padding=3, bias_attr=False)),
            ("_batch_norm", nn.BatchNorm2D(channels)),
            ("relu", nn.ReLU()),
        )
        parts = [("conv1_func", stem), ("pool2d_max", nn.MaxPool2D(3, stride=2, padding=1))]
        for number, count in enumerate(layers, start=2):  # the stem is number 1 in these names
            if number > 2:
                halving = nn.Sequential(
                    ("conv_ac_func", norm_conv(channels, channels // 2, 1)),
                    ("pool2d_avg", nn.AvgPool2D(2, stride=2)),
                )
                parts.append((f"tr_conv{number - 1}_blk", halving))
                channels //= 2
            block = [
                (f"conv{number}_{index + 1}", DenseLayer(channels + index * growth, growth))
                for index in range(count)
            ]
            parts.append((f"db_conv_{number}", nn.Sequential(*block)))
            channels += count * growth
        bound = channels**-0.5
        head = nn.Linear(channels, num_classes, weight_attr=Uniform(-bound, bound))
        super().__init__(
            *parts,
            ("batch_norm", nn.BatchNorm2D(channels)),
            ("relu", nn.ReLU()),
            ("pool2d_avg", nn.AdaptiveAvgPool2D(1)),
            ("flatten", nn.Flatten()),
            ("out", head),
        )


# Table 1 of the paper; 161 is no longer in its last version, and is torchvision's.
DENSENETS = {
    "densenet121": partial(DenseNet, channels=64, growth=32, layers=(6, 12, 24, 16)),
    "densenet161": partial(DenseNet, channels=96, growth=48, layers=(6, 12, 36, 24)),
    "densenet169": partial(DenseNet, channels=64, growth=32, layers=(6, 12, 32, 32)),
    "densenet201": partial(DenseNet, channels=64, growth=32, layers=(6, 12, 48, 32)),
}
