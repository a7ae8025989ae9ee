"""The heads of a network that does not name them."""

from collections.abc import Callable

import paddle
from paddle import nn


def find_heads(
    network: nn.Layer, build: Callable[[int], nn.Layer], num_classes: int
) -> tuple[str, ...]:
    """The names of the layers whose parameters change their shape with the number of classes.

    `network` is `build(num_classes)`; another one is built, without memory for its weights.
    """
    # Parameters are numbered by process; those of this network must not shift the others' numbers.
    with paddle.LazyGuard(), paddle.utils.unique_name.guard():
        other = dict(build(num_classes + 1).named_parameters())
    changed = [
        name.rpartition(".")[0]
        for name, value in network.named_parameters()
        if name not in other or value.shape != other[name].shape
    ]
    return tuple(dict.fromkeys(changed))
