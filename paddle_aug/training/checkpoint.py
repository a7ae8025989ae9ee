"""Weights and interrupted runs on the disk: pickles of arrays and plain values only."""

import os
import pickle
from pathlib import Path

import numpy as np
import paddle

from paddle_aug.errors import UserError
from paddle_aug.networks.vgg import VGG, without_biases
from paddle_aug.system import pickles, torch_files
from paddle_aug.system.files import open_file, replacing

# A file of weights may also hold their description (weights.py) and a note by paddle.save.
# Paddle's `set_state_dict` ignores both.
DESCRIPTION = "paddle_aug@@"
NOTES = (DESCRIPTION, "StructuredToParameterName@@")

# The state that optimizers keep for each parameter, and its shape; None stands for the parameter's.
ADAM = {"moment1": None, "moment2": None, "beta1_pow_acc": [1], "beta2_pow_acc": [1]}
OPTIMIZER_STATE: dict[type, dict[str, list[int] | None]] = {
    paddle.optimizer.Adam: ADAM,
    paddle.optimizer.AdamW: ADAM,
    paddle.optimizer.Momentum: {"velocity": None},
}


def save(path: Path, content: dict) -> None:
    """Write a dict whose values are arrays, tensors, plain values, or dicts and lists of them."""
    with replacing(path) as file:
        _TensorsAsArrays(file, protocol=4).dump(content)


class _TensorsAsArrays(pickle.Pickler):
    """Converts tensors one by one; converting all of them first would copy the whole network."""

    def reducer_override(self, value):
        if isinstance(value, paddle.Tensor):
            return value.numpy().__reduce_ex__(4)
        return NotImplemented


def load(path: Path) -> dict:
    """Read a file that `save` or paddle.save wrote; code in it does not run.

    Raises:
        UserError: the file is missing, damaged, or holds more than arrays and plain values.
    """
    if torch_files.is_torch(path):
        raise UserError(
            f"{path} is a PyTorch file, which can only start a training: --pretrained {path}"
        )
    try:
        with open_file(path) as file:
            content = pickles.load(file)
    except OSError as error:
        whole = f"{path}.pdparams"  # PaddleClas names weights without the ending
        hint = f"; did you mean {whole}?" if os.path.isfile(whole) else ""
        raise UserError(f"cannot read {path}: {error.strerror}{hint}") from None
    except pickle.UnpicklingError as error:
        raise UserError(f"{path} is damaged, or not made of arrays alone: {error}") from None
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise UserError(f"{path} holds no weights by name")
    return content


def load_weights(network: paddle.nn.Layer, weights: dict, path: Path) -> None:
    """Load weights into a network. All must be there, with the right dtypes and shapes.

    A network made under paddle.LazyGuard takes no memory until the weights are known to fit.

    Raises:
        UserError: the weights are another network's, or not all of them are finite.
    """
    if isinstance(network, VGG):
        weights = without_biases(weights)
    arrays = {name: value for name, value in weights.items() if name not in NOTES}
    refuse_others(network.state_dict(), arrays, path)
    refuse_diverged(arrays, path)
    for parameter in network.parameters():
        if not parameter._is_initialized():
            parameter.initialize()
    network.set_state_dict(weights)


def load_optimizer(
    optimizer: paddle.optimizer.Optimizer, state: dict, stepped: bool, path: Path
) -> None:
    """Load a state into a new optimizer. It may be empty unless the saved optimizer had `stepped`.

    Raises:
        UserError: the state is of another optimizer or another network.
    """
    kinds = OPTIMIZER_STATE[type(optimizer)] if state or stepped else {}
    expected = {
        f"{parameter.name}_{kind}_0": np.empty(shape or parameter.shape, np.float32)
        for parameter in optimizer._parameter_list
        if not parameter.stop_gradient
        for kind, shape in kinds.items()
    }
    refuse_others(expected, state, path)
    optimizer.set_state_dict(state)


def refuse_others(expected: dict, loaded: dict, path: Path) -> None:
    """Stop unless the loaded arrays have the expected names, dtypes and shapes."""
    for name in sorted({*expected, *loaded}, key=str):
        here = described(expected[name]) if name in expected else "unknown"
        there = described(loaded[name]) if name in loaded else "missing"
        if here != there:
            raise UserError(
                f"{path} is of another network: {name} is {there} in it, {here} in this one"
            )


def refuse_diverged(weights: dict, path: Path) -> None:
    """Stop unless all weights are finite numbers."""
    for name, value in weights.items():
        if not np.isfinite(value).all():
            raise UserError(
                f"{path} holds weights of a training that diverged: {name} is not "
                "finite; use other weights, or train again with a smaller --learning-rate"
            )


def described(value) -> str:
    """The dtype and shape of an array or tensor, "float32 [64, 3, 3, 3]", or the type of others."""
    if isinstance(value, np.ndarray | paddle.Tensor):
        return f"{str(value.dtype).removeprefix('paddle.')} {list(value.shape)}"
    return f"a {type(value).__name__}"
