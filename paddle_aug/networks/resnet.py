"""ResNet (He et al., arXiv 1512.03385), by the names and the maths of paddle.vision.models."""

from functools import partial

from paddle import nn

SMALLEST = 17  # each of the five halvings still has more than one pixel to halve


class BasicBlock(nn.Layer):
    """Two 3×3 convolutions beside a shortcut."""

    expansion = 1

    def __init__(self, channels: int, width: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2D(channels, width, 3, stride=stride, padding=1, bias_attr=False)
        self.bn1 = nn.BatchNorm2D(width)
        self.conv2 = nn.Conv2D(width, width, 3, padding=1, bias_attr=False)
        self.bn2 = nn.BatchNorm2D(width)
        self.relu = nn.ReLU()
        self.downsample = shortcut(channels, width, stride)

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return self.relu(y + self.downsample(x))


class Bottleneck(nn.Layer):
    """Convolutions 1×1, 3×3 and 1×1 beside a shortcut; the 3×3 one strides ("ResNet v1.5")."""

    expansion = 4

    def __init__(self, channels: int, width: int, stride: int):
        super().__init__()
        out = width * self.expansion
        self.conv1 = nn.Conv2D(channels, width, 1, bias_attr=False)
        self.bn1 = nn.BatchNorm2D(width)
        self.conv2 = nn.Conv2D(width, width, 3, stride=stride, padding=1, bias_attr=False)
        self.bn2 = nn.BatchNorm2D(width)
        self.conv3 = nn.Conv2D(width, out, 1, bias_attr=False)
        self.bn3 = nn.BatchNorm2D(out)
        self.relu = nn.ReLU()
        self.downsample = shortcut(channels, out, stride)

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return self.relu(y + self.downsample(x))


def shortcut(channels: int, out: int, stride: int) -> nn.Layer:
    """The input as it is, or projected to what the block gives."""
    if stride == 1 and channels == out:
        return nn.Identity()
    return nn.Sequential(
        nn.Conv2D(channels, out, 1, stride=stride, bias_attr=False), nn.BatchNorm2D(out)
    )


def stage(block: type, channels: int, width: int, blocks: int, stride: int) -> nn.Sequential:
    out = width * block.expansion
    rest = [block(out, width, 1) for _ in range(blocks - 1)]
    return nn.Sequential(block(channels, width, stride), *rest)


class ResNet(nn.Sequential):
    """A 7×7 convolution and max pooling, then four stages of `blocks` residual blocks.

    Weights do not depend on the image size. Those of paddle.vision.models load by name and give the
    same output.
    """

    heads = ("fc",)

    def __init__(
        self, num_classes: int, image_size: int, block: type, blocks: tuple[int, int, int, int]
    ):
        if image_size < SMALLEST:
            raise ValueError(f"ResNet needs images of {SMALLEST} pixels or more")
        out = block.expansion
        super().__init__(
            ("conv1", nn.Conv2D(3, 64, 7, stride=2, padding=3, bias_attr=False)),
            ("bn1", nn.BatchNorm2D(64)),
            ("relu", nn.ReLU()),
            ("maxpool", nn.MaxPool2D(3, stride=2, padding=1)),
            ("layer1", stage(block, 64, 64, blocks[0], stride=1)),
            ("layer2", stage(block, 64 * out, 128, blocks[1], stride=2)),
            ("layer3", stage(block, 128 * out, 256, blocks[2], stride=2)),
            ("layer4", stage(block, 256 * out, 512, blocks[3], stride=2)),
            ("avgpool", nn.AdaptiveAvgPool2D(1)),
            ("flatten", nn.Flatten()),
            ("fc", nn.Linear(512 * out, num_classes)),
        )


# Table 1 of the paper.
RESNETS = {
    "resnet18": partial(ResNet, block=BasicBlock, blocks=(2, 2, 2, 2)),
    "resnet34": partial(ResNet, block=BasicBlock, blocks=(3, 4, 6, 3)),
    "resnet50": partial(ResNet, block=Bottleneck, blocks=(3, 4, 6, 3)),
    "resnet101": partial(ResNet, block=Bottleneck, blocks=(3, 4, 23, 3)),
    "resnet152": partial(ResNet, block=Bottleneck, blocks=(3, 8, 36, 3)),
}
