"""LeNet-5 (LeCun et al., "Gradient-based learning applied to document recognition", 1998)."""

from paddle import nn

SMALLEST = 16  # leaves one pixel before the dense layers


class LeNet(nn.Layer):
    """Two 5×5 convolutions, each halved by average pooling, then three dense layers; tanh between.

    The paper's images have 32 pixels. Its network also has the scale of tanh, the trained factors
    of the poolings, the gaps in the table of connections of the second convolution and the radial
    basis functions at the end.

    Weights of paddle.vision.models do not fit: its LeNet takes grey images of 28 pixels, begins
    with 3×3 kernels, pools maxima after ReLU, and puts nothing between its dense layers, which so
    are one linear map.
    """

    heads = ("fc.4",)

    def __init__(self, num_classes: int, image_size: int):
        super().__init__()
        if image_size < SMALLEST:
            raise ValueError(f"LeNet needs images of {SMALLEST} pixels or more")
        side = ((image_size - 4) // 2 - 4) // 2  # 5 at 32 pixels
        self.features = nn.Sequential(
            nn.Conv2D(3, 6, 5),
            nn.Tanh(),
            nn.AvgPool2D(2, stride=2),
            nn.Conv2D(6, 16, 5),
            nn.Tanh(),
            nn.AvgPool2D(2, stride=2),
        )
        self.flatten = nn.Flatten()
        self.fc = nn.Sequential(
            nn.Linear(16 * side**2, 120),
            nn.Tanh(),
            nn.Linear(120, 84),
            nn.Tanh(),
            nn.Linear(84, num_classes),
        )

    def forward(self, images):
        return self.fc(self.flatten(self.features(images)))
