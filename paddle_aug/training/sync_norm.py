"""Batch normalisation over the images of all processes, as one process has it of the whole batch.

Paddle's own `SyncBatchNorm` is not used: it has no kernel for CPUs, and the one for GPUs (Paddle
3.3, phi/kernels/funcs/sync_batch_norm_utils.h) takes E[x²] − E[x]² for the variance, which loses
digits, and divides the gradients by a process's own number of values, which is wrong where parts of
a batch differ by an image.
"""

from functools import partial

import numpy as np
import paddle
from paddle.autograd import PyLayer

from paddle_aug.training.distributed import Group
from paddle_aug.training.pretrained import NORMS


def synchronize(network: paddle.nn.Layer, group: Group) -> None:
    """Let the network's batch normalisation measure the images of all processes from now on.

    Its weights, statistics and names stay what they are.
    """
    if group.size == 1:
        return
    for layer in network.sublayers(include_self=True):
        if isinstance(layer, NORMS):
            layer.forward = partial(normalized, layer, group)


def normalized(layer: paddle.nn.Layer, group: Group, values: paddle.Tensor) -> paddle.Tensor:
    """What the layer makes of this process's values, [N, C, …]; each process has to call this."""
    if not layer.training:
        return type(layer).forward(layer, values)
    shape = [1, -1] + [1] * (values.ndim - 2)
    made = Standardized.apply(values, layer, group)
    if layer.weight is not None:
        made = made * layer.weight.reshape(shape)
    if layer.bias is not None:
        made = made + layer.bias.reshape(shape)
    return made.astype(values.dtype)


class Standardized(PyLayer):
    """Values less their channel's mean, by its deviation, both over all processes; in the precision
    of the layer's running statistics, which are brought up to date."""

    @staticmethod
    def forward(ctx, values, layer, group):
        axes = [0, *range(2, values.ndim)]
        shape = [1, -1] + [1] * (values.ndim - 2)
        values = values.astype(layer._mean.dtype)
        count = values.size / values.shape[1]
        mean = values.mean(axis=axes)
        squares = ((values - mean.reshape(shape)) ** 2).sum(axis=axes)
        # Of each process: its values a channel, their mean, the squares of what differs from it.
        counts, means, deviations = group.gathered(
            paddle.stack([paddle.full_like(mean, count), mean, squares])
        ).unbind(axis=1)
        total = counts.sum(axis=0)
        mean = (counts * means).sum(axis=0) / total
        variance = (deviations + counts * (means - mean) ** 2).sum(axis=0) / total
        # Paddle's kernels take these in float32, whatever the values are in.
        momentum, epsilon = np.float32([layer._momentum, layer._epsilon]).tolist()
        for running, latest in ((layer._mean, mean), (layer._variance, variance)):
            running.set_value(running * momentum + latest * (1 - momentum))
        scale = paddle.rsqrt(variance + epsilon).reshape(shape)
        made = (values - mean.reshape(shape)) * scale
        ctx.save_for_backward(made, scale, total)
        ctx.group = group
        return made

    @staticmethod
    def backward(ctx, gradient):
        made, scale, total = ctx.saved_tensor()
        axes = [0, *range(2, made.ndim)]
        sums = paddle.stack([gradient.sum(axis=axes), (gradient * made).sum(axis=axes)])
        mean, along = (ctx.group.gathered(sums).sum(axis=0) / total).unbind(axis=0)
        return (gradient - mean.reshape(scale.shape) - made * along.reshape(scale.shape)) * scale
