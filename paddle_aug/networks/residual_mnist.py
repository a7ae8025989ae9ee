"""The residual network of the document that augments MNIST at 96 pixels."""

import paddle.nn.functional as F
from paddle import nn

SMALLEST, LARGEST = 52, 115  # what the last pooling, a window of 4×4, leaves as one pixel


def conv3x3(channels: int, width: int, stride: int = 1) -> nn.Conv2D:
    return nn.Conv2D(channels, width, 3, stride=stride, padding=1, bias_attr=False)


class ResidualBlock(nn.Layer):
    """Two 3×3 convolutions, ReLU after both, beside a shortcut; the halving one projects it."""

    def __init__(self, channels: int, width: int, stride: int = 1):
        super().__init__()
        self.conv1 = conv3x3(channels, width, stride)
        self.bn1 = nn.BatchNorm2D(width)
        self.conv2 = conv3x3(width, width)
        self.bn2 = nn.BatchNorm2D(width)
        self.conv3 = nn.Identity() if stride == 1 else nn.Conv2D(channels, width, 1, stride=stride)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.conv3(x) + y)


class ResidualMNIST(nn.Layer):
    """One plain convolution, then four stages of two residual blocks.

    The document's takes one channel; grey images come as three equal ones here. Weights do not
    depend on the image size. They start as Paddle starts them, not as PyTorch.
    """

    heads = ("classifier",)

    def __init__(self, num_classes: int, image_size: int):
        super().__init__()
        if not SMALLEST <= image_size <= LARGEST:
            raise ValueError(
                f"the residual network for MNIST needs images of {SMALLEST} to {LARGEST} pixels"
            )
        self.block1 = nn.Conv2D(3, 32, 3)
        self.block2 = nn.Sequential(
            nn.MaxPool2D(2, stride=2), ResidualBlock(32, 32), ResidualBlock(32, 32)
        )
        self.block3 = nn.Sequential(ResidualBlock(32, 64, stride=2), ResidualBlock(64, 64))
        self.block4 = nn.Sequential(ResidualBlock(64, 128, stride=2), ResidualBlock(128, 128))
        self.block5 = nn.Sequential(
            ResidualBlock(128, 256, stride=2), ResidualBlock(256, 256), nn.AvgPool2D(4)
        )
        self.flatten = nn.Flatten()
        self.classifier = nn.Linear(256, num_classes)

    def forward(self, images):
        x = self.block3(self.block2(self.block1(images)))
        return self.classifier(self.flatten(self.block5(self.block4(x))))
