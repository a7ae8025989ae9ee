"""Batch normalisation over the images of all processes, as if one process had the whole batch.

Why not Paddle's `SyncBatchNorm`: it has no CPU kernel, and its GPU kernel (Paddle 3.3,
phi/kernels/funcs/sync_batch_norm_utils.h) computes the variance as E[x²] − E[x]², which loses
digits, and divides gradients by a process's own number of values, which is wrong where the parts of
a batch differ by an image.
"""

from functools import partial

import numpy as np
import paddle
from paddle.autograd import PyLayer

from paddle_aug.training.distributed import Group
from paddle_aug.training.pretrained import NORMS


def synchronize(network: paddle.nn.Layer, group: Group) -> None:
    """Make the network's batch normalisation use the images of all processes from now on.

    Weights, running statistics and names stay the same.
    """
    if group.size == 1:
        return
    for layer in network.sublayers(include_self=True):
        if isinstance(layer, NORMS):
            layer.forward = partial(normalized, layer, group)


def normalized(layer: paddle.nn.Layer, group: Group, values: paddle.Tensor) -> paddle.Tensor:
    """The layer's output for this process's values, [N, C, …]; every process must call this."""
    if not layer.training:
        return type(layer).forward(layer, values)
    shape = [1, -1] + [1] * (values.ndim - 2)
    output = Standardize.apply(values, layer, group)
    if layer.weight is not None:
        output = output * layer.weight.reshape(shape)
    if layer.bias is not None:
        output = output + layer.bias.reshape(shape)
    if activation := getattr(layer, "_act", None):  # of Paddle's DenseNet
        output = getattr(paddle.nn.functional, activation)(output)
    return output.astype(values.dtype)


class Standardize(PyLayer):
    """Subtracts each channel's mean and divides by its deviation, both over all processes.

    Computes in the precision of the layer's running statistics, which it updates.
    """

    @staticmethod
    def forward(ctx, values, layer, group):
        axes = [0, *range(2, values.ndim)]
        shape = [1, -1] + [1] * (values.ndim - 2)
        values = values.astype(layer._mean.dtype)
        count = values.size / values.shape[1]
        mean = values.mean(axis=axes)
        squares = ((values - mean.reshape(shape)) ** 2).sum(axis=axes)
        # For each process and channel: number of values, mean, sum of squared differences from it.
        counts, means, deviations = group.gathered(
            paddle.stack([paddle.full_like(mean, count), mean, squares])
        ).unbind(axis=1)
        total = counts.sum(axis=0)
        mean = (counts * means).sum(axis=0) / total
        variance = (deviations + counts * (means - mean) ** 2).sum(axis=0) / total
        # Paddle's kernels take these two in float32, whatever the dtype of the values.
        momentum, epsilon = np.float32([layer._momentum, layer._epsilon]).tolist()
        for running, latest in ((layer._mean, mean), (layer._variance, variance)):
            running.set_value(running * momentum + latest * (1 - momentum))
        scale = paddle.rsqrt(variance + epsilon).reshape(shape)
        output = (values - mean.reshape(shape)) * scale
        ctx.save_for_backward(output, scale, total)
        ctx.group = group
        return output

    @staticmethod
    def backward(ctx, gradient):
        output, scale, total = ctx.saved_tensor()
        axes = [0, *range(2, output.ndim)]
        sums = paddle.stack([gradient.sum(axis=axes), (gradient * output).sum(axis=axes)])
        mean, along = (ctx.group.gathered(sums).sum(axis=0) / total).unbind(axis=0)
        return (gradient - mean.reshape(scale.shape) - output * along.reshape(scale.shape)) * scale
