"""Cases of weights and checkpoints, which are pickles, and so programs unless read with care."""

import atexit
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from fuzz import Attempt, damage, maybe_odd
from fuzz_data import write_images
from fuzz_texts import JSON
from hypothesis import strategies as st
from trained import tiny_config

from paddle_aug.config import TrainConfig
from paddle_aug.networks import NETWORKS
from paddle_aug.training import checkpoint, state
from paddle_aug.training import fit as train
from paddle_aug.training.pretrained import load_pretrained
from paddle_aug.training.weights import load_trained

NETWORK, SIZE = "lenet", 32
SMALL = {"network": NETWORK, "image_size": SIZE, "batch_size": 2, "ema": 0.9}


@cache
def photos() -> Path:
    """A data set, and beside it logs and models of a run of two epochs."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    data = folder / "photos"
    write_images(data)
    (data / "Train.txt").write_text("a/0.png 0\na/1.png 0\nb/0.png 1\n")
    (data / "Eval.txt").write_text("b/1.png 1\n")
    train.fit(tiny_config(data, folder, epochs=2, **SMALL))
    return data


class Call:
    """An object whose pickle is a call."""

    def __init__(self, function: Callable, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


CALLS = (
    Call(os.system, "touch ran"), Call(eval, "open('ran', 'w')"), Call(os.mkdir, "ran"),
    Call(np.save, "ran", np.zeros(2)), Call(tuple, b"x"), Call(np.ndarray, (2,), "O"),
)  # fmt: skip
SHAPES = st.sampled_from(((), (0,), (2,), (2, 32, 32, 3)))
DTYPES = st.sampled_from(("u1", "i8", "f4", "O", "U3", "?", "c8"))
ARRAYS = st.builds(np.zeros, SHAPES, DTYPES)
ODD_VALUES = st.one_of(JSON, ARRAYS, st.binary(max_size=5), st.sampled_from(CALLS))


def changed(draw: Callable, value):
    """A value in which one thing is missing, or something else."""
    if isinstance(value, dict | list) and value and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(list(value) if isinstance(value, dict) else range(len(value))))
        value = value.copy()
        if draw(st.integers(0, 9)):
            value[key] = changed(draw, value[key])
        else:
            del value[key]
        return value
    is_of_floats = isinstance(value, np.ndarray) and value.dtype.kind == "f"
    if is_of_floats and draw(st.booleans()):
        others = (value.astype(np.float64), value[..., None], value.ravel()[:1], value * np.nan)
        return draw(st.sampled_from((*others, value.tolist())))
    return draw(ODD_VALUES)


def spoiled(draw: Callable, name: str) -> bytes:
    """A file of the run, in which something is wrong."""
    content = checkpoint.load(state.model_file(tiny_config(photos(), photos().parent), name))
    for _ in range(draw(st.integers(0, 3))):
        content = changed(draw, content)
    packed = pickle.dumps(content, draw(st.integers(2, 5)))
    return packed if draw(st.booleans()) else damage(draw, packed)


def weights(draw: Callable, folder: Path) -> Attempt:
    """Weights to predict with or to start from."""
    file = folder / "weights.pdparams"
    file.write_bytes(spoiled(draw, "last.pdparams"))
    maybe_odd(draw, [file])
    starts = draw(st.booleans())

    def load():
        if starts:
            config = TrainConfig(network=NETWORK, pretrained=str(file))
            load_pretrained(NETWORKS[NETWORK](3, SIZE), config)
            return
        trained = load_trained(file)
        assert all(isinstance(name, str) for name in trained.class_names)
        assert trained.config.image_size > 0

    return Attempt(load, (file.name,))


def checkpoints(draw: Callable, folder: Path) -> Attempt:
    """A checkpoint to resume from for an epoch."""
    config = tiny_config(photos(), folder / "out", epochs=3, resume=True, **SMALL)
    file = state.model_file(config, "checkpoint.pdstates")
    file.parent.mkdir(parents=True)
    file.write_bytes(spoiled(draw, "checkpoint.pdstates"))
    maybe_odd(draw, [file])
    return Attempt(lambda: train.fit(config), (file.name,))


KINDS = {"weights": weights, "checkpoints": checkpoints}
