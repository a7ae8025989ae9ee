"""AlexNet in one column (Krizhevsky, arXiv 1404.5997), as paddle.vision.models has it."""

from paddle import nn
from paddle.nn.initializer import Uniform

SMALLEST = 63  # leaves one pixel before the dense layers
BEHIND_DROPOUT = ("_fc6.weight", "_fc7.weight")


def conv(channels: int, width: int, kernel: int, **how) -> nn.Conv2D:
    bound = (channels * kernel**2) ** -0.5
    start = Uniform(-bound, bound)
    return nn.Conv2D(channels, width, kernel, weight_attr=start, bias_attr=start, **how)


def conv_pool(channels: int, width: int, kernel: int, **how) -> nn.Sequential:
    return nn.Sequential(
        ("_conv", conv(channels, width, kernel, **how)),
        ("relu", nn.ReLU()),
        ("_pool", nn.MaxPool2D(3, stride=2)),
    )


class AlexNet(nn.Sequential):
    """Five convolutions, three of them with max pooling, then three dense layers.

    The first dense layer follows the image size; at 224 pixels the weights of paddle.vision.models
    load by name and give the same output. As there, dropout scales at inference time instead of in
    training, and there is no local response normalisation.
    """

    heads = ("_fc8",)

    def __init__(self, num_classes: int, image_size: int):
        if image_size < SMALLEST:
            raise ValueError(f"AlexNet needs images of {SMALLEST} pixels or more")
        side = (image_size - 7) // 4 + 1  # after the first convolution
        for _ in range(3):
            side = (side - 3) // 2 + 1  # after a max pooling; 6 in the end at 224 pixels
        flat = 256 * side**2

        def dense(wide, width):
            # Paddle's takes the bound of the first dense layer for all three.
            start = Uniform(-(flat**-0.5), flat**-0.5)
            return nn.Linear(wide, width, weight_attr=start, bias_attr=start)

        super().__init__(
            ("_conv1", conv_pool(3, 64, 11, stride=4, padding=2)),
            ("_conv2", conv_pool(64, 192, 5, padding=2)),
            ("_conv3", conv(192, 384, 3, padding=1)),
            ("relu3", nn.ReLU()),
            ("_conv4", conv(384, 256, 3, padding=1)),
            ("relu4", nn.ReLU()),
            ("_conv5", conv_pool(256, 256, 3, padding=1)),
            ("flatten", nn.Flatten()),
            ("_drop1", nn.Dropout(0.5, mode="downscale_in_infer")),
            ("_fc6", dense(flat, 4096)),
            ("relu6", nn.ReLU()),
            ("_drop2", nn.Dropout(0.5, mode="downscale_in_infer")),
            ("_fc7", dense(4096, 4096)),
            ("relu7", nn.ReLU()),
            ("_fc8", dense(4096, num_classes)),
        )
