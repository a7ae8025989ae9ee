"""Depthwise convolutions that are fast on small maps, too."""

from functools import cache

import paddle
from paddle import nn

MAX_PIXELS = 64  # of a map on which the product of matrices is faster on a CPU


class DepthwiseConv2D(nn.Conv2D):
    """A convolution of each channel by itself, with TensorFlow's "same" padding and without bias.

    On a CPU and a small map it is one product of matrices a channel, 4 to 70 times as fast as
    Paddle's kernel, and equal to about 1e-7 (Paddle 3.3). A compiled network has Paddle's.
    """

    def __init__(self, channels: int, kernel: int, stride: int):
        super().__init__(
            channels, channels, kernel, stride, padding="SAME", groups=channels, bias_attr=False
        )
        self.kernel, self.stride = kernel, stride

    def forward(self, x):
        small = paddle.in_dynamic_mode() and x.shape[2] * x.shape[3] <= MAX_PIXELS
        if not small or not x.place.is_cpu_place():
            return nn.Conv2D.forward(self, x)  # Paddle 2.6 cannot compile super()
        taps, out = taps_of(*x.shape[2:], self.kernel, self.stride)
        # [channels, pixels, pixels of the output]
        matrices = paddle.matmul(self.weight.flatten(1), taps.flatten(1)).reshape(
            [-1, *taps.shape[1:]]
        )
        result = paddle.matmul(x.flatten(2).transpose([1, 0, 2]), matrices)
        return result.transpose([1, 0, 2]).reshape([0, 0, *out])


@cache
def taps_of(
    height: int, width: int, kernel: int, stride: int
) -> tuple[paddle.Tensor, tuple[int, int]]:
    """Where each tap of a kernel takes which pixel: 0 and 1, float32 [kernel², pixels, pixels of
    the output]; and the height and width of the output."""
    down, across = (taps_along(length, kernel, stride) for length in (height, width))
    out = down.shape[2], across.shape[2]
    taps = down.reshape([kernel, 1, height, 1, -1, 1]) * across.reshape(
        [1, kernel, 1, width, 1, -1]
    )
    return taps.reshape([kernel**2, height * width, out[0] * out[1]]), out


def taps_along(length: int, kernel: int, stride: int) -> paddle.Tensor:
    """The same along one axis, [kernel, pixels, pixels of the output]."""
    count = -(-length // stride)
    padding = max((count - 1) * stride + kernel - length, 0) // 2
    taken = paddle.arange(count) * stride - padding + paddle.arange(kernel).reshape([-1, 1, 1])
    return (paddle.arange(length).reshape([-1, 1]) == taken).astype("float32")
