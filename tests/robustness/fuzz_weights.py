"""Cases of weights and checkpoints, which are pickles, and so programs unless read with care."""

import atexit
import json
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from damage import damage, maybe_odd
from fuzz import Attempt
from fuzz_data import ODD_VALUES, picture, write_images
from fuzz_texts import JSON, as_json, changed, run_json
from hypothesis import strategies as st
from trained import options_of, tiny_config

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


def saved(name: str) -> dict:
    return checkpoint.load(state.model_file(tiny_config(photos(), photos().parent), name))


class Call:
    """An object whose pickle is a call."""

    def __init__(self, function: Callable, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


GLOBALS = (
    b"os\nsystem", b"builtins\neval", b"builtins\nexec", b"builtins\ngetattr", b"numpy\nload",
    b"numpy\nndarray", b"numpy\ndtype", b"builtins\ntuple", b"collections\nOrderedDict",
    b"numpy.core.multiarray\n_reconstruct", b"numpy.core.multiarray\nscalar", b"_codecs\nencode",
    b"paddle_aug.system.files\nwrite_bytes", b"subprocess\nPopen", b"pathlib\nPath",
)  # fmt: skip
OPCODES = st.sampled_from(
    [bytes([opcode]) for opcode in b"(.012NIKMJLUTXBC)]}aeduslitbRc\x81\x85\x86\x87\x88\x89"
     b"\x8f\x90\x91\x92\x93\x94\x95\x96\x97\x98"]
    + [b"c" + name + b"\n" for name in GLOBALS]
    + [b"K\x02", b"U\x02f8", b"X\x03\0\0\0abc", b"h\0", b"q\0", b"I1\n", b"ios\nsystem\n", b"o"]
)  # fmt: skip


def crafted(draw: Callable, folder: Path) -> bytes:
    """A pickle with bad intentions; if it runs, it makes the file `ran`."""
    ran = str(folder / "ran")
    protocol = draw(st.integers(0, 5))
    match draw(st.sampled_from(("call", "opcodes", "keys"))):
        case "call":
            calls = (
                Call(os.system, f"touch {ran}"), Call(Path.touch, Path(ran)),
                Call(eval, f"open({ran!r}, 'w')"), Call(exec, f"open({ran!r}, 'w')"),
                Call(os.mkdir, ran), Call(np.save, ran, np.zeros(2)), Call(tuple, b"x"),
                Call(np.ndarray, (2,), "O"), Call(np.dtype, [("a", "O")] * 2),
            )  # fmt: skip
            value = draw(st.sampled_from(calls))
            return pickle.dumps({"conv.weight": value, "x": np.zeros(3)}, protocol)
        case "keys":
            key = draw(st.one_of(st.integers(), st.none(), st.binary(), st.just((1, 2)), st.text()))
            return pickle.dumps({**saved("last.pdparams"), key: draw(ODD_VALUES)}, protocol)
    return b"\x80\x04" + b"".join(draw(st.lists(OPCODES, max_size=25))) + b"."


def weights_content(draw: Callable, folder: Path) -> bytes:
    content = saved("last.pdparams")
    how = draw(st.sampled_from(("damaged", "changed", "described", "crafted", "crafted")))
    if how == "crafted":
        return crafted(draw, folder)
    if how == "changed":
        for name in draw(st.lists(st.sampled_from(sorted(content)), max_size=2, unique=True)):
            content[name] = draw(ODD_VALUES)
            if draw(st.booleans()):
                del content[name]
    if how == "described":
        description = json.loads(json.dumps(content[checkpoint.DESCRIPTION]))
        content[checkpoint.DESCRIPTION] = changed(draw, description)
    packed = pickle.dumps(content, draw(st.integers(2, 5)))
    return damage(draw, packed, 1000) if how == "damaged" else packed


def weights(draw: Callable, folder: Path) -> Attempt:
    """Weights, perhaps with a run.json beside them, to predict with or to start from."""
    file, run_file = folder / "weights.pdparams", folder / "run.json"
    file.write_bytes(weights_content(draw, folder))
    run_file.write_bytes(as_json(draw, {**run_json(), "normalization": {}}))
    maybe_odd(draw, [file, run_file])
    how = draw(st.sampled_from(("load", "load", "with run.json", "start from")))
    run = run_file if how == "with run.json" else None

    def load():
        try:
            if how == "start from":
                load_pretrained(NETWORKS[NETWORK](3, SIZE), str(file), NETWORK)
            else:
                weights = load_trained(file, run)
                assert all(isinstance(name, str) for name in weights.class_names)
                assert weights.config.image_size > 0
        finally:
            assert not (folder / "ran").exists(), "code of the file has run"

    image = folder / "image.png"
    image.write_bytes(picture(1))
    command = ("predict.py", str(file), str(image), *(("--run", str(run)) if run else ()))
    return Attempt(load, (file.name, run_file.name), command)


def checkpoints(draw: Callable, folder: Path) -> Attempt:
    """A checkpoint to resume from for an epoch."""
    config = tiny_config(photos(), folder / "out", epochs=3, resume=True, **SMALL)
    content = saved("checkpoint.pdstates")
    how = draw(st.sampled_from(("whole", "changed", "changed", "arrays", "crafted", "damaged")))
    if how == "changed":
        for _ in range(draw(st.integers(1, 3))):
            inside = content
            name = draw(st.sampled_from(list(inside)))
            while isinstance(inside[name], dict) and inside[name] and draw(st.booleans()):
                inside = inside[name]
                name = draw(st.sampled_from(list(inside)))
            inside[name] = draw(st.one_of(ODD_VALUES, JSON))
            if draw(st.booleans()) and len(inside) > 1:
                del inside[name]
    if how == "arrays":
        arrays = content[draw(st.sampled_from(("network", "optimizer")))]
        name = draw(st.sampled_from(sorted(arrays)))
        array = np.asarray(arrays[name])
        others = (
            array.astype(np.float64), array[..., None], array[:1], array.astype(np.float16),
            array.astype(bool), np.zeros(0, np.float32), array * np.nan, array.tolist(),
        )  # fmt: skip
        arrays[name] = draw(st.sampled_from(others))
    packed = crafted(draw, folder) if how == "crafted" else pickle.dumps(content, 4)
    file = state.model_file(config, "checkpoint.pdstates")
    file.parent.mkdir(parents=True)
    file.write_bytes(damage(draw, packed, 1000) if how == "damaged" else packed)
    maybe_odd(draw, [file])

    def resume():
        try:
            train.fit(config)
        finally:
            assert not (folder / "ran").exists(), "code of the file has run"

    return Attempt(resume, (file.name,), ("train.py", *options_of(config)))


KINDS = {"weights": weights, "checkpoints": checkpoints}
