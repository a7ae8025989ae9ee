"""Cases of what Paddle is needed for: weights, checkpoints, and a search that goes on."""

import _codecs
import atexit
import json
import os
import pickle
import shutil
import struct
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from damage import damaged, maybe_odd
from fuzz import Attempt, Kind
from fuzz_data import ODD_VALUES, picture, write_images
from fuzz_texts import JSON, as_json, changed, run_json
from hypothesis import strategies as st
from test_search import Played, settings

from paddle_aug.config import TrainConfig
from paddle_aug.data.dataset import Dataset, open_dataset
from paddle_aug.data.normalize import KNOWN
from paddle_aug.experiments import search, search_report
from paddle_aug.networks import NETWORKS
from paddle_aug.training import checkpoint
from paddle_aug.training import fit as train
from paddle_aug.training.history import Epochs
from paddle_aug.training.pretrained import load_pretrained
from paddle_aug.training.weights import describe, load_trained

NETWORK, SIZE = "lenet", 32


@cache
def whole() -> dict:
    """Weights as training leaves them, with their description."""
    config = TrainConfig(network=NETWORK, image_size=SIZE)
    data = Dataset("photos", [], [], ["cat", "dog", "cow"])
    half = KNOWN["half"]
    normalization = {"mean": half.mean, "std": half.std, "per_image": False}
    description = json.loads(json.dumps(describe(config, data, normalization)))
    network = NETWORKS[NETWORK](3, SIZE)
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    return {**weights, checkpoint.DESCRIPTION: description}


class Called:
    """Pickled, it is a call."""

    def __init__(self, function, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


def nested(times: int) -> tuple:
    """A pair of pairs of pairs, each twice the same: few bytes, and 2 ** times to go through."""
    made: tuple = ()
    for _ in range(times):
        made = made, made
    return made


GLOBALS = (
    b"os\nsystem", b"builtins\neval", b"builtins\nexec", b"builtins\ngetattr", b"numpy\nload",
    b"numpy\nndarray", b"numpy\ndtype", b"builtins\ntuple", b"collections\nOrderedDict",
    b"numpy.core.multiarray\n_reconstruct", b"numpy.core.multiarray\nscalar", b"_codecs\nencode",
    b"paddle_aug.files\nwrite_bytes", b"subprocess\nPopen", b"pathlib\nPath", b"os.path\nos",
)  # fmt: skip
CALLS = (
    (np.ndarray, (10**9,), "O"), (np.ndarray, (10**11,), "u1"), (np.ndarray, (2,), "V2000000000"),
    (np.dtype, "V2000000000"), (np.dtype, "(100000,100000)f8"), (np.dtype, [("a", "O")] * 2),
    (OrderedDict, [(1, 2)]), (tuple, b"x" * 9),
)  # fmt: skip


def crafted(draw: Callable, folder: Path) -> bytes:
    """A pickle that someone has made with care."""
    ran = str(folder / "ran")
    protocol = draw(st.integers(0, 5))
    match draw(st.sampled_from(("call", "numpy", "nested", "opcodes", "keys", "encode", "state"))):
        case "call":
            made = draw(
                st.sampled_from(
                    (Called(os.system, f"touch {ran}"), Called(Path.touch, Path(ran)),
                     Called(eval, f"open({ran!r}, 'w')"), Called(exec, f"open({ran!r}, 'w')"),
                     Called(os.mkdir, ran), Called(np.save, ran, np.zeros(2)))
                )
            )  # fmt: skip
            return pickle.dumps({"conv.weight": made, "x": np.zeros(3)}, protocol)
        case "numpy":
            return pickle.dumps({"a": Called(*draw(st.sampled_from(CALLS)))}, protocol)
        case "nested":
            inside = nested(draw(st.sampled_from((10, 60, 900))))
            place = draw(st.sampled_from(("value", "class", "network", "key", "set")))
            content = dict(whole())
            described = content[checkpoint.DESCRIPTION]
            if place == "value":
                content["x"] = inside
            elif place == "class":
                data = {**described["data"], "class_names": [inside] * 3}
                content[checkpoint.DESCRIPTION] = {**described, "data": data}
            elif place == "network":
                config = {**described["config"], "network": inside}
                content[checkpoint.DESCRIPTION] = {**described, "config": config}
            else:  # put together by hand: here, too, it would take for ever
                pairs = b"".join(b"q" + bytes([i]) + b"h" + bytes([i]) + b"\x86" for i in range(90))
                end = b"K\x01s." if place == "key" else b"\x91."
                return b"\x80\x04" + (b"}" if place == "key" else b"(") + b")" + pairs + end
            return pickle.dumps(content, 4)
        case "keys":
            key = draw(st.one_of(st.integers(), st.none(), st.binary(), st.just((1, 2)), st.text()))
            return pickle.dumps({**whole(), key: draw(ODD_VALUES)}, protocol)
        case "encode":
            codec = draw(st.sampled_from(("latin1", "punycode", "idna", "zlib", "rot13", "x")))
            text = "é" * draw(st.sampled_from((10, 100_000)))
            return pickle.dumps({"a": Called(_codecs.encode, text, codec)}, protocol)
        case "state":
            name = draw(st.sampled_from(GLOBALS))
            state = draw(
                st.sampled_from(
                    (b"}X\x01\x00\x00\x00aK\x01s", b"N}X\x0c\x00\x00\x00__defaults__K\x01\x85s\x86",
                     b"(K\x01K\x02t", b"N",
                     b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t")
                )
            )  # fmt: skip
            made = draw(st.sampled_from((b"", b")R", b"U\x02f8\x85R", b")\x81", b"K\x01\x85R")))
            return b"\x80\x02c" + name + b"\n" + made + state + b"b."
    opcodes = st.sampled_from(
        [bytes([opcode]) for opcode in b"(.012NIKMJLUTXBC)]}aeduslitbRc\x81\x85\x86\x87\x88\x89"
         b"\x8f\x90\x91\x92\x93\x94\x95\x96\x97\x98"]
        + [b"c" + name + b"\n" for name in GLOBALS]
        + [b"K\x02", b"U\x02f8", b"X\x03\0\0\0abc", b"h\0", b"q\0", b"B\xff\xff\xff\x7f",
           b"\x8e" + struct.pack("<Q", 2**40), b"\x95" + struct.pack("<Q", 2**62), b"I1\n",
           b"\x8b" + struct.pack("<i", 2**31 - 1), b"ios\nsystem\n", b"o", b"Pid\n", b"\x82\x01"]
    )  # fmt: skip
    return b"\x80\x04" + b"".join(draw(st.lists(opcodes, max_size=25))) + b"."


def content_of(draw: Callable, folder: Path) -> bytes:
    """A file of weights, or what is called one."""
    content = dict(whole())
    how = draw(st.sampled_from(("damaged", "changed", "described", "crafted", "crafted", "state")))
    if how == "crafted":
        return crafted(draw, folder)
    if how == "changed":
        for _ in range(draw(st.integers(1, 2))):
            name = draw(st.sampled_from(sorted(whole())))
            if draw(st.booleans()):
                content.pop(name, None)
            else:
                content[name] = draw(ODD_VALUES)
    if how == "described":
        if draw(st.booleans()):
            part = draw(st.sampled_from(("image_size", "network", "class_names", "engine", "mean")))
            value = draw(st.one_of(JSON, st.sampled_from((10**5, 10**9, "vgg16", ["a"] * 10**6))))
            made = json.loads(json.dumps(content[checkpoint.DESCRIPTION]))
            inside = {"class_names": made["data"], "mean": made["normalization"], "engine": made}
            inside.get(part, made["config"])[part] = value
        else:
            made = changed(draw, content[checkpoint.DESCRIPTION])
        content[checkpoint.DESCRIPTION] = made
    if how == "state":
        content = {"network": content, "epochs": [], "config": {}}
    packed = pickle.dumps(content, draw(st.integers(2, 5)))
    return damaged(draw, packed, 1000) if how == "damaged" else packed


def weights(draw: Callable, folder: Path) -> Attempt:
    """Weights, perhaps with a run.json besides, that are loaded, or started from."""
    file, run_file = folder / "weights.pdparams", folder / "run.json"
    file.write_bytes(content_of(draw, folder))
    run_file.write_bytes(as_json(draw, {**run_json(), "normalization": {}}))
    maybe_odd(draw, [file, run_file])
    how = draw(st.sampled_from(("load", "load", "with run.json", "start from")))
    run = run_file if how == "with run.json" else None

    def load():
        try:
            if how == "start from":
                load_pretrained(NETWORKS[NETWORK](3, SIZE), str(file), NETWORK)
            else:
                trained = load_trained(file, run)
                assert all(isinstance(name, str) for name in trained.class_names)
                assert trained.config.image_size > 0
        finally:
            assert not (folder / "ran").exists(), "code of the file has run"

    image = folder / "image.png"
    image.write_bytes(picture(1))
    words = ("predict.py", str(file), str(image), *(("--run", str(run)) if run else ()))
    return Attempt(load, (file.name, run_file.name), words)


@contextmanager
def played():
    """Searches whose training is played."""
    before = search.fit, search_report.write
    search.fit = Played().fit
    search_report.write = lambda state, folder: search_report.report(state)
    try:
        yield
    finally:
        search.fit, search_report.write = before


@cache
def finished() -> tuple[str, Dataset]:
    """The state of a search that has been done, as text, and its data, which stay on the disk."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    write_images(folder)
    lines = "".join(f"{name} {number // 2}\n" for number, name in enumerate(sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*.png"))))  # fmt: skip
    (folder / "Train.txt").write_text(lines * 4)
    (folder / "Eval.txt").write_text("")
    for number in (0, 1):
        (folder / f"eval{number}.png").write_bytes(picture(30 + number))
    (folder / "Eval.txt").write_text("eval0.png 0\neval1.png 1\n")
    data = open_dataset(folder)
    out = folder / "search"
    with played():
        search.Search(settings(), data, out, "python tools/train.py", Played().clock).run()
    return (out / "search.json").read_text(), data


def searches(draw: Callable, folder: Path) -> Attempt:
    """A search.json to go on with."""
    state, data = finished()
    out = folder / "out"
    out.mkdir()
    state = json.loads(state)
    match draw(st.sampled_from(("as it is", "unfinished", "fewer runs"))):
        case "unfinished":
            state["final"] = None
        case "fewer runs":
            state["runs"] = state["runs"][: draw(st.integers(0, len(state["runs"])))]
    file = out / "search.json"
    file.write_bytes(as_json(draw, state))
    maybe_odd(draw, [file])

    def run():
        with played():
            made = search.Search(settings(), data, out, "python tools/train.py", Played().clock)
            search_report.answer(made.run())

    return Attempt(run, ("search.json", "--out", "--budget"))


@cache
def trained() -> tuple[dict, TrainConfig, Dataset]:
    """The checkpoint of a run of two epochs, its config, and its data, which stay on the disk."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    names = [f"{number}.png" for number in range(6)]
    for number, name in enumerate(names):
        (folder / name).write_bytes(picture(number))
    lines = [f"{name} {number % 2}\n" for number, name in enumerate(names)]
    (folder / "Train.txt").write_text("".join(lines[:4]))
    (folder / "Eval.txt").write_text("".join(lines[4:]))
    data = open_dataset(folder)
    config = TrainConfig(
        data=str(folder), network=NETWORK, image_size=SIZE, batch_size=2, epochs=2, num_workers=0,
        ema=0.9, device="cpu", threads=1, log_dir=str(folder / "l"), model_dir=str(folder / "m"),
    )  # fmt: skip
    train.fit(config, data)
    return checkpoint.load(train.model_file(config, "checkpoint.pdstates")), config, data


def part(step: int) -> dict:
    """What a checkpoint has of an epoch that was interrupted."""
    total = {"loss": 1.0, "correct": 1.0, "right": [1.0, 0.0], "count": 2 * step}
    return {
        "step": step, "total": total, "seconds": 1.0, "waited": 0.0,
        "dropout": {"paddle": "none", "device": "cpu", "next": np.zeros(8, np.float32)},
    }  # fmt: skip


def checkpoints(draw: Callable, folder: Path) -> Attempt:
    """A checkpoint to go on with for an epoch."""
    state, config, data = trained()
    config = replace(
        config, log_dir=str(folder / "out" / "l"), model_dir=str(folder / "out" / "m"),
        epochs=3, resume=True,
    )  # fmt: skip
    file = train.model_file(config, "checkpoint.pdstates")
    file.parent.mkdir(parents=True)
    state = dict(state)
    if draw(st.sampled_from((False, False, True))):  # as an earlier version keeps them
        state["curves"] = {name: curve.tolist() for name, curve in state["curves"].items()}
        state["epochs"] = list(Epochs.of(state["epochs"]))
    if draw(st.booleans()):
        state["part"] = part(draw(st.integers(1, 2)))
    how = draw(st.sampled_from(("whole", "changed", "changed", "arrays", "crafted", "damaged")))
    if how == "changed":
        for _ in range(draw(st.integers(1, 3))):
            inside = state
            while True:
                name = draw(st.sampled_from(list(inside)))
                if isinstance(inside[name], dict) and inside[name] and draw(st.booleans()):
                    inside[name] = inside = dict(inside[name])
                    continue
                break
            if draw(st.booleans()):
                del inside[name]
            else:
                inside[name] = draw(st.one_of(ODD_VALUES, JSON))
            if not state:
                break
    if how == "arrays":
        place = draw(st.sampled_from(("network", "optimizer")))
        name = draw(st.sampled_from(sorted(state[place])))
        array = np.asarray(state[place][name])
        other = draw(
            st.sampled_from(
                (array.astype(np.float64), array[..., None], array[:1], array.astype(np.float16),
                 array.astype(bool), np.zeros(0, np.float32), array * np.nan, array.tolist())
            )
        )  # fmt: skip
        state[place] = {**state[place], name: other}
    packed = pickle.dumps(state, 4)
    if how == "crafted":
        packed = crafted(draw, folder)
    elif how == "damaged":
        packed = damaged(draw, packed, 1000)
    file.write_bytes(packed)
    maybe_odd(draw, [file])

    def go_on():
        # It asks git for the clone's commit, which is no program that a file starts.
        before, train.commit = train.commit, lambda: None
        try:
            train.fit(config, data)
        finally:
            train.commit = before
            assert not (folder / "ran").exists(), "code of the file has run"

    words = (
        "train.py", "--data", config.data, "--network", NETWORK, "--image-size", str(SIZE),
        "--batch-size", "2", "--epochs", "3", "--num-workers", "0", "--ema", "0.9",
        "--device", "cpu", "--threads", "1", "--log-dir", config.log_dir,
        "--model-dir", config.model_dir, "--resume",
    )  # fmt: skip
    return Attempt(go_on, (file.name,), words)


KINDS = {
    "weights": Kind(weights, 64),
    "checkpoints": Kind(checkpoints, 48),
    "search.json": Kind(searches, 24),
}
