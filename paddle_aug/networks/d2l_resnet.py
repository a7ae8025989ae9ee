"""The ResNet-18 with which "Dive into Deep Learning" (d2l.ai) trains CIFAR-10, `d2l.resnet18`."""

import paddle.nn.functional as F
from paddle import nn
from paddle.nn.initializer import XavierUniform

SMALLEST = 5  # each of the three halvings still has more than one pixel to halve


def conv(channels: int, width: int, kernel: int, stride: int = 1) -> nn.Conv2D:
    """With a bias, and the start of the book's training: Xavier's, zero biases as in Gluon."""
    start = XavierUniform()
    return nn.Conv2D(channels, width, kernel, stride, kernel // 2, weight_attr=start)


class Residual(nn.Layer):
    """Two 3×3 convolutions beside a shortcut, which a 1×1 convolution without norm may project."""

    def __init__(self, channels: int, width: int, stride: int):
        super().__init__()
        self.conv1 = conv(channels, width, 3, stride)
        self.conv2 = conv(width, width, 3)
        self.conv3 = nn.Identity() if stride == 1 else conv(channels, width, 1, stride)
        self.bn1 = nn.BatchNorm2D(width)
        self.bn2 = nn.BatchNorm2D(width)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + self.conv3(x))


def stage(channels: int, width: int, stride: int) -> nn.Sequential:
    return nn.Sequential(Residual(channels, width, stride), Residual(width, width, 1))


class D2LResNet(nn.Sequential):
    """A 3×3 convolution without pooling, then four stages of two residual blocks.

    Weights do not depend on the image size; the book's images have 32 pixels. Layers have the names
    that the book gives them.
    """

    heads = ("fc.1",)

    def __init__(self, num_classes: int, image_size: int):
        if image_size < SMALLEST:
            raise ValueError(f"the ResNet of D2L needs images of {SMALLEST} pixels or more")
        head = nn.Linear(512, num_classes, weight_attr=XavierUniform())
        super().__init__(
            ("0", conv(3, 64, 3)),
            ("1", nn.BatchNorm2D(64)),
            ("2", nn.ReLU()),
            ("resnet_block1", stage(64, 64, stride=1)),
            ("resnet_block2", stage(64, 128, stride=2)),
            ("resnet_block3", stage(128, 256, stride=2)),
            ("resnet_block4", stage(256, 512, stride=2)),
            ("global_avg_pool", nn.AdaptiveAvgPool2D(1)),
            ("fc", nn.Sequential(nn.Flatten(), head)),
        )
