"""Cases of texts: recipes, augmentations, curves with their run.json, and search.json."""

import io
import json
import pickle
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from pathlib import Path

import numpy as np
from damage import damaged, maybe_odd
from fuzz import Attempt, Kind
from fuzz_data import ODD_TEXT, picture, write_images
from hypothesis import strategies as st

from paddle_aug.augment.modes import OPS, augmentation, split_modes
from paddle_aug.augment.spec import COMBINATORS
from paddle_aug.config import TrainConfig, load_recipe, make_config
from paddle_aug.data.dataset import open_dataset
from paddle_aug.data.normalize import normalization
from paddle_aug.data.readers.listfile import Sample
from paddle_aug.data.workers import Augmented
from paddle_aug.inputs import of_mode
from paddle_aug.preview import preview
from paddle_aug.preview.mixing import processes
from paddle_aug.results import curves as plot
from paddle_aug.results import runlog
from paddle_aug.rng import generator
from paddle_aug.training.mixing import Mixing

NUMBERS = st.one_of(
    st.integers(-3, 60), st.integers(), st.floats(), st.sampled_from(
        (10**20, -(10**400), 2**31, 2**32, 2**63, 1e308, 5e-324, 0.5, float("nan"), float("inf"))
    )
)  # fmt: skip
PLAIN = st.one_of(st.none(), st.booleans(), NUMBERS, ODD_TEXT, st.text(max_size=8))
JSON = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=4,
)
FIELDS = [item.name for item in fields(TrainConfig)]
DEEP = "[" * 100_000
LAUGHS = "\n".join(  # each line is nine times the one before
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9) if before else 1}]"
    for before, name in zip(" abcdefghijkl"[:12], "abcdefghijklm"[:12], strict=True)
).replace("* ", "1")
YAML = st.one_of(
    st.sampled_from(
        ("1", "0", "-1", "1.5", "1e-4", ".inf", ".nan", "yes", "~", "2020-13-45", "2020-01-01",
         "1:30", "0x10", "0b2", "0o9", "!!int x", "!!float x", "!!binary x", "!!timestamp x",
         "!!set {1, 2}", "!!omap [1]", "!!python/object/apply:os.system [touch out/ran]", "&a [*a]",
         "*nowhere", "{[1]: 2}", "{{}: 1}", "? x", "|\n  x", ">\n  x", "'", "[", "{", "@", "`",
         "9" * 5000, "1" + "_" * 10, "1_000", "-.", "<<", "=", "!", "&", "%TAG ! x", "--- 1")
    ),
    JSON.map(lambda value: json.dumps(value)),
    st.sampled_from(sorted({"all", "none", "userDef", "mixup:0.4", "cosine", "sgd", "data"})),
    st.text(max_size=10),
)  # fmt: skip


def recipes(draw: Callable, folder: Path) -> Attempt:
    """A recipe."""
    key = st.one_of(st.sampled_from(FIELDS), st.text(max_size=6), st.sampled_from(("<<", "~", "1")))
    options = draw(st.lists(st.tuples(key, YAML), max_size=4))
    text = "about: a case\nconfig:\n  epochs: 3\n"
    text += "".join(f"  {name}: {value}\n" for name, value in options)
    match draw(st.sampled_from(("", "", "", "laughs", "merged", "deep", "odd", "more"))):
        case "laughs":
            text = f"{LAUGHS}\nconfig:\n  epochs: *l\n"
        case "merged":
            text = f"about: {{{LAUGHS.replace(chr(10), ', ')}}}\nconfig:\n  <<: *l\n"
        case "deep":
            text += f"  epochs: {DEEP[: draw(st.sampled_from((100, 1000, 100_000)))]}"
        case "odd":
            text = draw(st.one_of(ODD_TEXT, st.text(), YAML))
        case "more":
            text += f"{draw(ODD_TEXT)}: {draw(YAML)}\n"
    file = folder / "recipe.yaml"
    file.write_bytes(damaged(draw, text.encode(errors="surrogatepass"), 200))
    maybe_odd(draw, [file])

    def run():
        load_recipe(str(file))
        first = make_config({}, str(file))
        for mode in split_modes(first.augment):
            config = of_mode(first, mode)
            augmentation(config.augment)
            augmentation(config.eval_transform)
            Mixing.of(config)
            normalization(config.normalize, [np.zeros((4, 4, 3), np.uint8)])

    # What a value means is told by its option.
    flags = tuple("--" + name.replace("_", "-") for name in FIELDS)
    names = (file.name, *flags, "augmentation", "mix")
    command = ("train.py", "--recipe", str(file), "--data", str(folder / "nowhere"))
    return Attempt(run, names, command)


ARGUMENTS = st.one_of(
    NUMBERS.map(repr),
    st.tuples(NUMBERS, NUMBERS).map(repr),
    st.sampled_from(
        ("", "None", "True", "'x'", "b'x'", "[]", "{}", "()", "(1,)", "-1", "1j", "...", "9**9",
         "'a'*9", "x", "__import__('os')", "lambda: 0", "*a", "**a", "f'{1}'", "'\\d'",
         "1if 1else 2", "0x", "1_0", "'\ud800'", "(0.5, 'x')",
         "((1, 2), (3, 4))", "-" * 3000 + "1", "~1", "1e999",
         "-(1)", "--1", "{**{}}", "{1: [2]}", "9" * 5000, "[0]*9**9")
    ),
    st.sampled_from(("hflip", "rotate(20)", "none", "userDef", "maybe(0.5, hflip)")),
)  # fmt: skip
KEYWORDS = ("", "", "", "degrees=", "p=", "size=", "scale=", "ops=", "op=", "low=", "mode=", "x=")
SIZES = ((16, 12), (1, 1), (40, 40), (7, 33), (2, 3))


def specs(draw: Callable, folder: Path) -> Attempt:
    """An augmentation's text, and an image under it."""
    name = st.sampled_from([*OPS, *COMBINATORS, "none", "userDef", "imgaugLib", "allab", "rotat"])
    argument = st.tuples(st.sampled_from(KEYWORDS), ARGUMENTS).map("".join)
    call = st.tuples(name, st.lists(argument, max_size=3)).map(
        lambda made: f"{made[0]}({', '.join(made[1])})" if made[1] else made[0]
    )
    whole = st.lists(call, min_size=1, max_size=3).map("|".join)
    spec = draw(st.one_of(whole, whole, whole, st.text(max_size=20), ODD_TEXT))
    match draw(st.sampled_from(("", "", "", "damaged", "deep", "long", "nested"))):
        case "damaged":
            spec = damaged(draw, spec.encode(errors="surrogatepass")).decode(errors="replace")
        case "deep":
            spec = draw(st.sampled_from("([{-~")) * draw(st.sampled_from((50, 300, 100_000))) + spec
        case "long":
            spec = "|".join([spec] * draw(st.sampled_from((10, 100))))
        case "nested":
            times = draw(st.sampled_from((5, 150)))
            spec = "maybe(1, " * times + spec + ")" * times
    spec = spec.replace("\0", "") if draw(st.booleans()) else spec
    size = draw(st.sampled_from(SIZES))
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    sample = Sample("a.png", Path("a.png"), 0, 0, pixels)

    def run():
        for mode in split_modes(spec):
            config = of_mode(TrainConfig(), mode)
            Mixing.of(config)
            transform = augmentation(config.augment)
            dataset = Augmented([sample], 16, transform, 0, stretch=False)
            for epoch in range(2):
                rng = generator(0, "augment", epoch, 0)
                made = dataset.under(dataset.transform_at(epoch), pixels, rng, (epoch, 0))
                assert made.dtype == np.uint8
                assert made.shape[2] == 3

    shown = folder / "image.png"
    shown.write_bytes(picture(1))
    words = ("preview.py", f"--ops={spec}" if draw(st.booleans()) else spec, "--file", str(shown))
    words = (*words, "--image-size", "16", "--output", str(folder / "out/x.png"))
    if "\0" in spec or spec.startswith("-") or len(spec) > 10_000:  # no word of a command line
        words = ()
    return Attempt(
        run, ("augmentation", "--augment", "--mix", "mix", "a.png", "cannot read"), words
    )


def npy(draw: Callable) -> bytes:
    """A curve, or what is none."""
    kind = draw(
        st.sampled_from(("f8", "f8", "f8", "f4", ">f8", "f2", "g", "i8", "c16", "O", "U3", "V8"))
    )
    shape = draw(
        st.sampled_from(((4,), (4,), (4,), (5,), (4, 1), (), (0,), (2, 2), (4, 0), (400,)))
    )
    values = np.zeros(shape, kind)
    if values.dtype.kind == "f" and values.size:
        odd = st.sampled_from((0.5, -1.0, np.nan, np.inf, -np.inf, 1e308, 1e-308, 60000.0))
        with np.errstate(over="ignore"):
            values[...] = np.resize([draw(odd), draw(odd)], shape)
    content = io.BytesIO()
    match draw(st.sampled_from(("npy", "npy", "npy", "npz", "pickle", "header"))):
        case "npy":
            np.save(content, values)
        case "npz":
            np.savez(content, values)
        case "pickle":
            pickle.dump(values, content)
        case "header":
            size = draw(st.sampled_from((4, 10**6, 2**31, 10**12, 2**63, 10**30, -1)))
            text = draw(
                st.sampled_from(
                    (f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({size},)}}",
                     f"{{'descr': '<f8', 'fortran_order': True, 'shape': ({size}, 1)}}",
                     f"{{'descr': '|O', 'fortran_order': False, 'shape': ({size},)}}",
                     f"{{'descr': '|S{size}', 'fortran_order': False, 'shape': (1,)}}",
                     "{" * 5000, "__import__('os').system('touch out/ran')", "9**9**9", "{}")
                )
            )  # fmt: skip
            content.write(b"\x93NUMPY\x02\0" + len(text).to_bytes(4, "little") + text.encode())
            content.write(bytes(32))
    return content.getvalue()


@cache
def run_json() -> dict:
    """Of a run of four epochs, as training writes it."""
    epochs = [
        {"seconds": 2.0, "data_wait": 0.1, "clean": {"loss": 0.5, "acc": 0.7}, "correct": [1, 2]}
        for _ in range(4)
    ]
    return {
        "augment": "userDef", "mix": "none", "seed": 3, "epochs": epochs, "finished": True,
        "config": TrainConfig(data="../data", augment="userDef", epochs=4).asdict(),
        "data": {"name": "sample", "fingerprint": "0" * 64, "class_names": ["a", "b"]},
        "engine": "native", "versions": {"numpy": "1"},
        "sessions": [{"from_epoch": 0, "processes": 1}],
    }  # fmt: skip


def changed(draw: Callable, value, depth: int = 0):
    """A JSON value with one thing in it left out, or something else."""
    inner = isinstance(value, dict | list) and value
    if inner and draw(st.integers(0, 3 + depth)) < 3:
        keys = sorted(value) if isinstance(value, dict) else range(len(value))
        key = draw(st.sampled_from(list(keys)))
        made = value.copy()
        if draw(st.integers(0, 9)) == 9:
            del made[key]
        else:
            made[key] = changed(draw, value[key], depth + 1)
        return made
    return draw(JSON)


def as_json(draw: Callable, value) -> bytes:
    for _ in range(draw(st.integers(0, 2))):
        value = changed(draw, value)
    text = json.dumps(value)
    match draw(st.integers(0, 12)):
        case 11:
            return damaged(draw, text.encode(), len(text))
        case 12:
            return draw(st.sampled_from((DEEP, '{"a":' * 100_000, "9" * 5000, "", "null"))).encode()
    return text.encode()


def curves(draw: Callable, folder: Path) -> Attempt:
    """The logs of a run or two."""
    logs = folder / "logs"
    for seed in range(draw(st.integers(1, 2))):
        here = logs / f"seed-{seed}" if draw(st.integers(0, 3)) else logs
        here.mkdir(parents=True, exist_ok=True)
        for mode in draw(
            st.sampled_from((("userDef",), ("no",), ("no", "userDef"), ("x\x1b[2J",)))
        ):
            for name in runlog.CURVES:
                np.save(here / f"{mode}Aug_{name}.npy", np.linspace(0.1, 0.9, 4))
            (here / f"{mode}Aug_run.json").write_bytes(as_json(draw, {**run_json(), "seed": seed}))
    if draw(st.booleans()):
        file = draw(st.sampled_from(sorted(logs.rglob("*.npy"))))
        file.write_bytes(damaged(draw, npy(draw), 140))
    maybe_odd(draw, sorted(logs.rglob("*.*")))
    drawn = draw(st.integers(0, 24)) == 24

    def run():
        runs = runlog.read_seeds([logs])
        for markdown in (False, True):
            plot.table(runs, markdown).encode()
        plot.notes(runs)
        if drawn:
            plot.draw(runs, folder / "out", "png")

    command = ("plot.py", str(logs), "--output", str(folder / "out"))
    return Attempt(run, (str(logs),), command)


@cache
def _of_runs() -> list[str]:
    return []


def fingerprint(data: str) -> str:
    """Of the data below; it is the same wherever they are."""
    if not _of_runs():
        _of_runs().append(open_dataset(data).fingerprint)
    return _of_runs()[0]


def runs(draw: Callable, folder: Path) -> Attempt:
    """A run.json that preview is to draw from."""
    data = folder / "data"
    write_images(data)
    (data / "Train.txt").write_text("a/0.png 0\nb/0.png 1\n")
    (data / "Eval.txt").write_text("a/1.png 0\nb/1.png 1\n")
    file = folder / "run.json"
    described = {**run_json()["data"], "fingerprint": fingerprint(str(data))}
    file.write_bytes(as_json(draw, {**run_json(), "data": described}))
    maybe_odd(draw, [file])
    given = str(data) if draw(st.integers(0, 3)) else None

    def run():
        shown = preview.read_run(file, given)
        processes(shown.sessions, 0)
        if not preview.mixes(shown.config):
            preview.cells_of(shown.dataset, 0, preview.Draws(1))

    names = (file.name, str(data), "data", "--")
    words = ("preview.py", "--run", str(file), "--output", str(folder / "out/x.png"))
    return Attempt(run, names, (*words, "--data", str(data)))


KINDS = {
    "recipes": Kind(recipes, 64),
    "specs": Kind(specs, 72),
    "curves": Kind(curves, 56),
    "run.json": Kind(runs, 24),
}
