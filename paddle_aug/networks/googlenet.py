"""GoogLeNet (Szegedy et al., arXiv 1409.4842), by the names and maths of paddle.vision.models."""

import paddle
import paddle.nn.functional as F
from paddle import nn
from paddle.nn.initializer import Uniform

SMALLEST = 61  # leaves one pixel after the four poolings


def conv(channels: int, width: int, kernel: int, stride: int = 1) -> nn.Sequential:
    padding = kernel // 2
    return nn.Sequential(
        ("_conv", nn.Conv2D(channels, width, kernel, stride, padding, bias_attr=False))
    )


def dense(wide: int, width: int, fan_in: int) -> nn.Linear:
    bound = (3 / fan_in) ** 0.5
    return nn.Linear(wide, width, weight_attr=Uniform(-bound, bound))


class Inception(nn.Layer):
    """Four branches, side by side in the channels; the numbers are a row of the paper's Table 1."""

    def __init__(
        self, channels: int, one: int, three_in: int, three: int, five_in: int, five: int, pool: int
    ):
        super().__init__()
        self._conv1 = conv(channels, one, 1)
        self._conv3r = conv(channels, three_in, 1)
        self._conv3 = conv(three_in, three, 3)
        self._conv5r = conv(channels, five_in, 1)
        self._conv5 = conv(five_in, five, 5)
        self._pool = nn.MaxPool2D(3, stride=1, padding=1)
        self._convprj = conv(channels, pool, 1)

    def forward(self, x):
        branches = [
            self._conv1(x),
            self._conv3(self._conv3r(x)),
            self._conv5(self._conv5r(x)),
            self._convprj(self._pool(x)),
        ]
        return F.relu(paddle.concat(branches, axis=1))


class GoogLeNet(nn.Layer):
    """Nine Inception blocks with two auxiliary classifiers on the way.

    In train mode it returns three logits, those of the head and of the two auxiliary classifiers,
    whose losses the paper weighs by 0.3; in eval mode the head's alone.

    At 224 pixels the weights of paddle.vision.models load by name and give the same output. Its
    network departs from the paper: convolutions have no bias, and ReLU stands only at the end of an
    Inception block and in the first auxiliary classifier; maxima are pooled without padding, so
    that the blocks see 27, 13 and 6 pixels a side instead of 28, 14 and 7 and the auxiliary
    classifiers 3 instead of 4; there is no local response normalisation; dropout scales at
    inference time. The auxiliary classifiers follow the image size: a dense layer as wide as their
    maps, and below 93 pixels a smaller pooling window.
    """

    heads = ("_fc_out", "_out1", "_out2")

    def __init__(self, num_classes: int, image_size: int):
        super().__init__()
        if image_size < SMALLEST:
            raise ValueError(f"GoogLeNet needs images of {SMALLEST} pixels or more")
        side = (image_size - 1) // 2 + 1  # after the first convolution
        for _ in range(3):
            side = (side - 3) // 2 + 1  # after a max pooling; in the end of the blocks 4a to 4e
        window = min(5, side)
        flat = 128 * ((side - window) // 3 + 1) ** 2

        self._conv = conv(3, 64, 7, stride=2)
        self._pool = nn.MaxPool2D(3, stride=2)
        self._conv_1 = conv(64, 64, 1)
        self._conv_2 = conv(64, 192, 3)
        self._ince3a = Inception(192, 64, 96, 128, 16, 32, 32)
        self._ince3b = Inception(256, 128, 128, 192, 32, 96, 64)
        self._ince4a = Inception(480, 192, 96, 208, 16, 48, 64)
        self._ince4b = Inception(512, 160, 112, 224, 24, 64, 64)
        self._ince4c = Inception(512, 128, 128, 256, 24, 64, 64)
        self._ince4d = Inception(512, 112, 144, 288, 32, 64, 64)
        self._ince4e = Inception(528, 256, 160, 320, 32, 128, 128)
        self._ince5a = Inception(832, 256, 160, 320, 32, 128, 128)
        self._ince5b = Inception(832, 384, 192, 384, 48, 128, 128)
        self._pool_5 = nn.AdaptiveAvgPool2D(1)
        self._drop = nn.Dropout(0.4, mode="downscale_in_infer")
        self._fc_out = dense(1024, num_classes, 1024)

        # 2048 is the paper's 4×4 map, by which Paddle's starts these layers whatever their width.
        self._pool_o = nn.AvgPool2D(window, stride=3)
        self._conv_o1 = conv(512, 128, 1)
        self._fc_o1 = dense(flat, 1024, 2048)
        self._drop_o1 = nn.Dropout(0.7, mode="downscale_in_infer")
        self._out1 = dense(1024, num_classes, 1024)
        self._conv_o2 = conv(528, 128, 1)
        self._fc_o2 = dense(flat, 1024, 2048)
        self._drop_o2 = nn.Dropout(0.7, mode="downscale_in_infer")
        self._out2 = dense(1024, num_classes, 1024)

    def forward(self, images):
        x = self._pool(self._conv(images))
        x = self._pool(self._conv_2(self._conv_1(x)))
        x = self._pool(self._ince3b(self._ince3a(x)))
        first = self._ince4a(x)
        second = self._ince4d(self._ince4c(self._ince4b(first)))
        x = self._pool(self._ince4e(second))
        x = self._pool_5(self._ince5b(self._ince5a(x)))
        logits = self._fc_out(self._drop(paddle.flatten(x, 1)))
        if not self.training:
            return logits
        first = paddle.flatten(self._conv_o1(self._pool_o(first)), 1)
        first = self._out1(self._drop_o1(F.relu(self._fc_o1(first))))
        second = paddle.flatten(self._conv_o2(self._pool_o(second)), 1)
        second = self._out2(self._drop_o2(self._fc_o2(second)))
        return logits, first, second
