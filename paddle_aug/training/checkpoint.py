"""Weights and interrupted runs on the disk: pickles of arrays and plain values only."""

import pickle
from pathlib import Path

import numpy as np
import paddle

from paddle_aug.errors import UserError
from paddle_aug.system import pickles
from paddle_aug.system.files import open_file, replacing

# What a file of weights may hold besides: what they are of (weights.py), and a note by paddle.save.
# Paddle's `set_state_dict` passes over both without a word.
DESCRIPTION = "paddle_aug@@"
NOTES = (DESCRIPTION, "StructuredToParameterName@@")

# What Paddle's optimizers keep of each parameter, and its shape, where it is not the parameter's.
ADAM: dict[str, list[int] | None] = {
    "moment1": None,
    "moment2": None,
    "beta1_pow_acc": [1],
    "beta2_pow_acc": [1],
}
KEPT: dict[type, dict[str, list[int] | None]] = {
    paddle.optimizer.Adam: ADAM,
    paddle.optimizer.AdamW: ADAM,
    paddle.optimizer.Momentum: {"velocity": None},
}


def save(path: Path, content: dict) -> None:
    """Write a dict whose values are arrays, tensors, plain values, or dicts and lists of them."""
    with replacing(path) as file:
        _TensorsAsArrays(file, protocol=4).dump(content)


class _TensorsAsArrays(pickle.Pickler):
    """Takes each tensor's array as it comes to it; of all at once there would be a second copy."""

    def reducer_override(self, value):
        if isinstance(value, paddle.Tensor):
            return value.numpy().__reduce_ex__(4)
        return NotImplemented


def load(path: Path) -> dict:
    """Read a file that `save` or paddle.save wrote, without running anything that is in it.

    Raises:
        UserError: the file is missing, damaged, or holds more than arrays and plain values.
    """
    try:
        with open_file(path) as file:
            content = pickles.load(file)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except pickle.UnpicklingError as error:
        raise UserError(f"{path} is damaged, or not made of arrays alone: {error}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path} holds no weights by name")
    if not all(isinstance(name, str) for name in content):
        raise UserError(f"{path} holds weights by other than names")
    return content


def load_weights(network: paddle.nn.Layer, weights: dict, path: Path) -> None:
    """Put weights into a network, all of them and of the right shapes.

    The network may be one of paddle.LazyGuard, which takes no memory before its weights fit.

    Raises:
        UserError: a weight is missing, too many, or of another type or shape: it is another
            network's.
    """
    found = {name: value for name, value in weights.items() if name not in NOTES}
    refuse_others(network.state_dict(), found, path)
    for parameter in network.parameters():
        if not parameter._is_initialized():
            parameter.initialize()
    network.set_state_dict(weights)


def load_optimizer(
    optimizer: paddle.optimizer.Optimizer, state: dict, stepped: bool, path: Path
) -> None:
    """Put the state of an optimizer into one that has done no step, as the other may not have,
    either, if it is not known to have `stepped`.

    Raises:
        UserError: it is another optimizer's, or another network's.
    """
    kinds = KEPT[type(optimizer)] if state or stepped else {}
    learned = [each for each in optimizer._parameter_list if not each.stop_gradient]
    wanted = {
        f"{each.name}_{kind}_0": np.empty(shape or each.shape, np.float32)
        for each in learned
        for kind, shape in kinds.items()
    }
    refuse_others(wanted, state, path)
    optimizer.set_state_dict(state)


def kept_by(optimizer: paddle.optimizer.Optimizer) -> dict:
    """What an optimizer keeps from step to step.

    Paddle 2.6 does not tell, before the first step, what `set_state_dict` has given it.
    """
    given = {} if optimizer._accumulators else optimizer._accumulators_holder
    return {**given, **optimizer.state_dict()}


def refuse_others(wanted: dict, found: dict, path: Path) -> None:
    """Stop where arrays are not there, too many, or of another type or shape than they must be."""
    for name in sorted({*wanted, *found}, key=str):
        here = described(wanted[name]) if name in wanted else "unknown"
        there = described(found[name]) if name in found else "missing"
        if here != there:
            raise UserError(
                f"{path} is of another network: {name} is {there} in it, {here} in this one"
            )


def described(value) -> str:
    """Of an array or a tensor its type and shape, "float32 [64, 3, 3, 3]"; of anything else, what
    it is."""
    if isinstance(value, np.ndarray | paddle.Tensor):
        return f"{str(value.dtype).removeprefix('paddle.')} {list(value.shape)}"
    return f"a {type(value).__name__}"
