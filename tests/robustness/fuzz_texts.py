"""Cases of texts: recipes, augmentations, curves, and run.json."""

import io
import json
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from pathlib import Path

import numpy as np
from damage import damage, maybe_odd
from fuzz import Attempt
from fuzz_data import ODD_TEXT, picture
from hypothesis import strategies as st

from paddle_aug.augment.modes import OPS, augmentation, split_modes
from paddle_aug.augment.spec import COMBINATORS
from paddle_aug.config import TrainConfig, load_recipe, make_config
from paddle_aug.data.normalize import normalization
from paddle_aug.inputs import of_mode
from paddle_aug.results import curves as figures
from paddle_aug.results import runlog, table
from paddle_aug.rng import generator
from paddle_aug.training.mixing import mixes_of

NUMBERS = st.one_of(
    st.integers(-3, 60), st.integers(), st.floats(), st.sampled_from(
        (10**20, -(10**400), 2**31, 2**32, 2**63, 1e308, 5e-324, 0.5, float("nan"), float("inf"))
    )
)  # fmt: skip
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, ODD_TEXT, st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=4,
)
YAML = st.one_of(
    st.sampled_from(
        ("1", "0", "-1", "1.5", "1e-4", ".inf", ".nan", "yes", "~", "2020-13-45", "2020-01-01",
         "1:30", "0x10", "0b2", "0o9", "!!int x", "!!float x", "!!binary x", "!!timestamp x",
         "!!set {1, 2}", "!!omap [1]", "!!python/object/apply:os.system [touch out/ran]", "&a [*a]",
         "*nowhere", "{[1]: 2}", "{{}: 1}", "? x", "|\n  x", ">\n  x", "'", "[", "{", "@", "`",
         "9" * 5000, "1" + "_" * 10, "1_000", "-.", "<<", "=", "!", "&", "%TAG ! x", "--- 1")
    ),
    JSON.map(json.dumps),
    st.sampled_from(("all", "cosine", "data", "mixup:0.4", "none", "sgd", "userDef")),
    st.text(max_size=10),
)  # fmt: skip
FIELDS = [field.name for field in fields(TrainConfig)]
DEEP = "[" * 100_000


def recipes(draw: Callable, folder: Path) -> Attempt:
    """A recipe."""
    key = st.one_of(st.sampled_from(FIELDS), st.text(max_size=6), st.sampled_from(("<<", "~", "1")))
    options = draw(st.lists(st.tuples(key, YAML), max_size=4))
    text = "about: a case\nconfig:\n  epochs: 3\n"
    text += "".join(f"  {name}: {value}\n" for name, value in options)
    match draw(st.sampled_from(("", "", "", "alias", "deep", "odd", "more"))):
        case "alias":
            text = "about: &a [1, 2]\nconfig:\n  epochs: *a\n"
        case "deep":
            text += f"  epochs: {DEEP[: draw(st.sampled_from((100, 1000, 100_000)))]}"
        case "odd":
            text = draw(st.one_of(ODD_TEXT, st.text(), YAML))
        case "more":
            text += f"{draw(ODD_TEXT)}: {draw(YAML)}\n"
    file = folder / "recipe.yaml"
    file.write_bytes(damage(draw, text.encode(errors="surrogatepass"), 200))
    maybe_odd(draw, [file])

    def run():
        load_recipe(str(file))
        config = make_config({}, str(file))
        for mode in split_modes(config.augment):
            of_this_mode = of_mode(config, mode)
            augmentation(of_this_mode.augment)
            augmentation(of_this_mode.eval_transform)
            mixes_of(of_this_mode)
            normalization(of_this_mode.normalize, [np.zeros((4, 4, 3), np.uint8)])

    # A wrong value is refused by the name of its option.
    options = tuple("--" + name.replace("_", "-") for name in FIELDS)
    command = ("train.py", "--recipe", str(file), "--data", str(folder / "nowhere"))
    return Attempt(run, (file.name, *options, "augmentation", "mix"), command)


ARGUMENTS = st.one_of(
    NUMBERS.map(repr),
    st.tuples(NUMBERS, NUMBERS).map(repr),
    st.sampled_from(
        ("", "None", "True", "'x'", "b'x'", "[]", "{}", "()", "(1,)", "-1", "1j", "...", "9**9",
         "'a'*9", "x", "__import__('os')", "lambda: 0", "*a", "**a", "f'{1}'", "'\\d'",
         "1if 1else 2", "0x", "1_0", "'\ud800'", "(0.5, 'x')", "((1, 2), (3, 4))",
         "-" * 3000 + "1", "~1", "1e999", "-(1)", "--1", "{**{}}", "{1: [2]}", "9" * 5000)
    ),
    st.sampled_from(("hflip", "rotate(20)", "none", "userDef", "maybe(0.5, hflip)")),
)  # fmt: skip
KEYWORDS = ("", "", "", "degrees=", "p=", "size=", "scale=", "ops=", "op=", "low=", "mode=", "x=")
SHAPES = ((16, 12), (1, 1), (40, 40), (7, 33), (2, 3))


def specs(draw: Callable, folder: Path) -> Attempt:
    """An augmentation's text, applied to an image."""
    name = st.sampled_from([*OPS, *COMBINATORS, "none", "userDef", "imgaugLib", "allab", "rotat"])
    argument = st.tuples(st.sampled_from(KEYWORDS), ARGUMENTS).map("".join)
    call = st.tuples(name, st.lists(argument, max_size=3)).map(
        lambda parts: f"{parts[0]}({', '.join(parts[1])})" if parts[1] else parts[0]
    )
    chain = st.lists(call, min_size=1, max_size=3).map("|".join)
    spec = draw(st.one_of(chain, chain, chain, st.text(max_size=20), ODD_TEXT))
    match draw(st.sampled_from(("", "", "", "damaged", "deep", "long", "nested"))):
        case "damaged":
            spec = damage(draw, spec.encode(errors="surrogatepass")).decode(errors="replace")
        case "deep":
            spec = draw(st.sampled_from("([{-~")) * draw(st.sampled_from((50, 300, 100_000))) + spec
        case "long":
            spec = "|".join([spec] * draw(st.sampled_from((10, 100))))
        case "nested":
            times = draw(st.sampled_from((5, 150)))
            spec = "maybe(1, " * times + spec + ")" * times
    spec = spec.replace("\0", "") if draw(st.booleans()) else spec
    shape = draw(st.sampled_from(SHAPES))
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)

    def run():
        for mode in split_modes(spec):
            config = of_mode(TrainConfig(), mode)
            mixes_of(config)
            changed = augmentation(config.augment)(image, generator(0, "augment"))
            assert changed.dtype == np.uint8
            assert changed.shape[2] == 3

    file = folder / "image.png"
    file.write_bytes(picture(1))
    command = ("preview.py", f"--ops={spec}" if draw(st.booleans()) else spec, "--file", str(file))
    command += ("--image-size", "16", "--output", str(folder / "out/x.png"))
    if "\0" in spec or spec.startswith("-") or len(spec) > 10_000:  # not a word of a command line
        command = ()
    return Attempt(run, ("augmentation", "--augment", "--mix", "mix"), command)


def odd_curve(draw: Callable) -> bytes:
    """Something else than the .npy of a curve."""
    kinds = ("f8", "f4", ">f8", "f2", "g", "i8", "c16", "O", "U3", "V8")
    shapes = ((4,), (4,), (5,), (4, 1), (), (0,), (400,))
    values = np.zeros(draw(st.sampled_from(shapes)), draw(st.sampled_from(kinds)))
    if values.dtype.kind == "f":
        values += draw(st.sampled_from((0.5, -1.0, np.nan, np.inf, 60000.0)))
    content = io.BytesIO()
    draw(st.sampled_from((np.save, np.save, np.savez)))(content, values)
    return damage(draw, content.getvalue(), 140)


@cache
def run_json() -> dict:
    """The facts of a run of four epochs, as training writes them."""
    epoch = {"seconds": 2.0, "data_wait": 0.1, "clean": {"loss": 0.5, "acc": 0.7}, "correct": [1]}
    return {
        "augment": "userDef", "mix": "none", "seed": 3, "epochs": [epoch] * 4, "finished": True,
        "config": TrainConfig(data="../data", augment="userDef", epochs=4).asdict(),
        "data": {"name": "sample", "fingerprint": "0" * 64, "class_names": ["a", "b"]},
        "engine": "native", "versions": {"numpy": "1"},
        "sessions": [{"from_epoch": 0, "processes": 1}],
    }  # fmt: skip


def changed(draw: Callable, value, depth: int = 0):
    """A value of JSON in which one thing is missing, or something else."""
    if isinstance(value, dict | list) and value and draw(st.integers(0, 3 + depth)) < 3:
        keys = sorted(value) if isinstance(value, dict) else range(len(value))
        key = draw(st.sampled_from(list(keys)))
        value = value.copy()
        if draw(st.integers(0, 9)) == 9:
            del value[key]
        else:
            value[key] = changed(draw, value[key], depth + 1)
        return value
    return draw(JSON)


def as_json(draw: Callable, value) -> bytes:
    for _ in range(draw(st.integers(0, 2))):
        value = changed(draw, value)
    text = json.dumps(value)
    match draw(st.integers(0, 12)):
        case 11:
            return damage(draw, text.encode(), len(text))
        case 12:
            return draw(st.sampled_from((DEEP, '{"a":' * 100_000, "9" * 5000, "", "null"))).encode()
    return text.encode()


def curves(draw: Callable, folder: Path) -> Attempt:
    """The logs of a run or two."""
    logs = folder / "logs"
    for seed in range(draw(st.integers(1, 2))):
        here = logs / f"seed-{seed}" if draw(st.integers(0, 3)) else logs
        here.mkdir(parents=True, exist_ok=True)
        modes = draw(st.sampled_from((("userDef",), ("no",), ("no", "userDef"), ("x\x1b[2J",))))
        for mode in modes:
            for name in runlog.CURVES:
                np.save(here / f"{mode}Aug_{name}.npy", np.linspace(0.1, 0.9, 4))
            (here / f"{mode}Aug_run.json").write_bytes(as_json(draw, {**run_json(), "seed": seed}))
    if draw(st.booleans()):
        file = draw(st.sampled_from(sorted(logs.rglob("*.npy"))))
        file.write_bytes(odd_curve(draw))
    maybe_odd(draw, sorted(logs.rglob("*.*")))
    draws = draw(st.integers(0, 24)) == 24  # it takes a second

    def run():
        runs = runlog.read_seeds([logs])
        for markdown in (False, True):
            table.table(runs, markdown).encode()
        table.notes(runs)
        if draws:
            figures.draw(runs, folder / "out", "png")

    return Attempt(run, (str(logs),), ("plot.py", str(logs), "--output", str(folder / "out")))


KINDS = {"recipes": recipes, "specs": specs, "curves": curves}
