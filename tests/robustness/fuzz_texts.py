"""Cases of texts: recipes and augmentations."""

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
from fuzz import Attempt, damage, maybe_odd
from fuzz_data import ODD_TEXT
from hypothesis import strategies as st

from paddle_aug.augment.modes import OPS, augmentation, split_modes
from paddle_aug.augment.spec import COMBINATORS
from paddle_aug.config import TrainConfig, load_recipe, make_config
from paddle_aug.data.normalize import normalization
from paddle_aug.inputs import of_mode
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
         "!!set {1, 2}", "!!omap [1]", "!!python/object/apply:os.system [touch ran]", "&a [*a]",
         "*nowhere", "{[1]: 2}", "{{}: 1}", "? x", "|\n  x", ">\n  x", "'", "[", "{", "@", "`",
         "9" * 5000, "1" + "_" * 10, "1_000", "-.", "<<", "=", "!", "&", "%TAG ! x", "--- 1")
    ),
    JSON.map(json.dumps),
    st.sampled_from(("all", "cosine", "data", "mixup:0.4", "none", "sgd", "userDef")),
    st.text(max_size=10),
)  # fmt: skip
FIELDS = [field.name for field in fields(TrainConfig)]


def recipes(draw: Callable, folder: Path) -> Attempt:
    """A recipe."""
    key = st.one_of(st.sampled_from(FIELDS), st.text(max_size=6), st.sampled_from(("<<", "~", "1")))
    options = draw(st.lists(st.tuples(key, YAML), max_size=4))
    text = "about: a case\nconfig:\n  epochs: 3\n"
    text += "".join(f"  {name}: {value}\n" for name, value in options)
    match draw(st.sampled_from(("", "", "", "odd", "more"))):
        case "odd":
            text = draw(st.one_of(ODD_TEXT, st.text(), YAML))
        case "more":
            text += f"{draw(ODD_TEXT)}: {draw(YAML)}\n"
    file = folder / "recipe.yaml"
    file.write_bytes(damage(draw, text.encode(errors="surrogatepass")))
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
    options = ("--" + name.replace("_", "-") for name in FIELDS)
    return Attempt(run, (file.name, *options, "augmentation", "mix"))


ARGUMENTS = st.one_of(
    NUMBERS.map(repr),
    st.tuples(NUMBERS, NUMBERS).map(repr),
    st.sampled_from(
        ("", "None", "True", "'x'", "b'x'", "[]", "{}", "()", "(1,)", "-1", "1j", "...", "9**9",
         "'a'*9", "x", "__import__('os')", "lambda: 0", "*a", "**a", "f'{1}'", "'\\d'",
         "1if 1else 2", "0x", "1_0", "'\ud800'", "(0.5, 'x')", "((1, 2), (3, 4))",
         "~1", "1e999", "-(1)", "--1", "{**{}}", "{1: [2]}", "9" * 5000)
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
    match draw(st.sampled_from(("", "", "", "damaged", "nested"))):
        case "damaged":
            spec = damage(draw, spec.encode(errors="surrogatepass")).decode(errors="replace")
        case "nested":
            spec = "maybe(1, " * 5 + spec + ")" * 5
    shape = draw(st.sampled_from(SHAPES))
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)

    def run():
        for mode in split_modes(spec):
            config = of_mode(TrainConfig(), mode)
            mixes_of(config)
            changed = augmentation(config.augment)(image, generator(0, "augment"))
            assert changed.dtype == np.uint8
            assert changed.shape[2] == 3

    return Attempt(run, ("augmentation", "--augment", "--mix", "mix"))


KINDS = {"recipes": recipes, "specs": specs}
