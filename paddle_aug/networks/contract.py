"""What a network from elsewhere needs to be like one of ours."""

import inspect
from collections.abc import Callable

import paddle
from paddle import nn

from paddle_aug.errors import UserError

Maker = Callable[[int, int], nn.Layer]


def with_heads(make: Maker) -> Maker:
    """The maker, whose networks have `heads`, which `find_heads` finds for those without."""

    def made(num_classes: int, image_size: int) -> nn.Layer:
        network = make(num_classes, image_size)
        if not hasattr(network, "heads"):
            network.heads = find_heads(network, lambda more: make(more, image_size), num_classes)
        return network

    return made


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


def checked(name: str, make: Maker) -> Maker:
    """The maker, whose networks are layers that return logits.

    Raises:
        TypeError: it does not take (num_classes, image_size).
    """
    try:
        inspect.signature(make).bind(2, 224)
    except TypeError as error:
        raise TypeError(
            f"the network {name!r} must take (num_classes, image_size): {error}"
        ) from None

    def made(num_classes: int, image_size: int) -> nn.Layer:
        network = make(num_classes, image_size)
        if not isinstance(network, nn.Layer):
            raise UserError(
                f"--network {name} makes a {type(network).__name__}, not a paddle.nn.Layer"
            )
        # Under paddle.LazyGuard there are no weights yet.
        if all(value._is_initialized() for value in network.parameters()):
            refuse_outputs(name, network, num_classes, image_size)
        return network

    return made


def refuse_outputs(name: str, network: nn.Layer, num_classes: int, image_size: int) -> None:
    """Stop unless a network in eval mode returns the logits of an image."""
    network.eval()
    with paddle.no_grad():
        logits = network(paddle.zeros([1, 3, image_size, image_size]))
    network.train()
    shape = list(logits.shape) if hasattr(logits, "shape") else type(logits).__name__
    if shape != [1, num_classes]:
        raise UserError(
            f"--network {name} returns {shape} for an image [1, 3, {image_size}, {image_size}]; it "
            f"must return logits [1, {num_classes}]"
        )
