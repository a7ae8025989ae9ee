from dataclasses import dataclass

import pytest

from paddle_aug.augment.modes import AUGMENTATIONS, OPS, augmentation
from paddle_aug.augment.ops import Rotate
from paddle_aug.augment.transform import Transform
from paddle_aug.errors import UserError
from paddle_aug.inputs import op_name
from paddle_aug.rng import generator
from paddle_aug.studio import controls
from paddle_aug.studio.controls import Step, steps_of, written


def ends(one: controls.Control, size: int) -> list:
    """The values at both ends of a control's sliders."""
    sides = [size if end is None else end for end in (one.least, one.most, one.low, one.high)]
    least, most, low, high = (round(side) if one.whole else side for side in sides)
    numbers = [least, most] if one.kind in ("number", "either") else []
    pairs = [(low, low), (high, high), (low, high)] if one.kind in ("range", "either") else []
    choices = [(choice,) if one.several else choice for choice in one.choices]
    return [*numbers, *pairs, *choices, *([False, True] if one.kind == "check" else [])]


@pytest.mark.parametrize("size", [32, 224])
@pytest.mark.parametrize("name", OPS)
def test_an_op_draws_at_both_ends_of_each_slider(name, size):
    image = generator(1, "drawing").integers(0, 256, (size, size, 3)).astype("uint8")
    first = controls.first_arguments(name, size)
    for one in controls.controls(name):
        for value in [first.get(one.field, one.default), *ends(one, size)]:
            step = Step(name, {**first, one.field: value})
            op = augmentation(written([step]))
            op.apply(image, **op.sample(generator(0, "augment"), image.shape))
            assert controls.excessive(op, name) is None
            again = steps_of(written([step]))
            assert augmentation(written(again)) == op


def test_every_number_of_an_op_has_a_slider_whose_span_is_in_the_table():
    kinds = {f"{name}.{one.field}": one.kind for name in OPS for one in controls.controls(name)}
    sliders = {key for key, kind in kinds.items() if kind in ("number", "either", "range")}
    assert sliders == controls.SPANS.keys()
    assert {key for key, kind in kinds.items() if kind == "text"} == {
        "random_resized_crop.size", "hide_and_seek.grids"
    }  # fmt: skip
    assert set(controls.FALLING) < sliders


def test_a_control_knows_the_kind_of_its_field():
    of = {one.field: one for one in controls.controls("affine")}
    assert of["rotate"][:2] == ("rotate", "either")
    assert (of["rotate"].low, of["rotate"].high, of["rotate"].centre) == (-180, 180, 0)
    assert (of["scale"].low, of["scale"].centre) == (pytest.approx(0.1), 1)
    assert of["mode"].kind == "choice"
    assert of["mode"].several
    assert "edge" in of["mode"].choices
    whole = {name: controls.controls(name)[0].whole for name in ("rotate", "random_rotation")}
    assert whole == {"rotate": True, "random_rotation": False}
    assert controls.controls("resize")[0].most is None
    assert controls.controls("rotate")[1].kind == "check"


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("hflip|rotate(20)|noise(5)", "hflip|rotate(20)|noise(5)"),
        ("hflip(p=0.5)", "hflip"),
        ("affine(rotate=(0, 5), scale=0.2)", "affine(0.2, rotate=(0, 5))"),
        (" random_crop(20, padding = 3) ", "random_crop(20, 3)"),
        ("affine(mode=['edge'])", "affine(mode=('edge',))"),
        ("resize((20, 31), True)", "resize((20, 31), True)"),
        ("trivialaugment|cutout(16, fill=(1, 2, 3))", "trivialaugment|cutout(fill=(1, 2, 3))"),
    ],
)
def test_a_chain_of_ops_becomes_steps_and_text_again(text, steps):
    assert written(steps_of(text)) == steps
    assert augmentation(steps) == augmentation(text)


@pytest.mark.parametrize(
    "text", ["userDef", "maybe(0.5, noise)|hflip", "oneof(hflip, vflip)", "hflip|none"]
)
def test_other_texts_have_no_steps(text):
    augmentation(text)
    assert steps_of(text) is None


def test_a_ladder_goes_from_doing_nothing_to_the_end_of_the_slider():
    turns = controls.ladder("rotate", {"exact": True}, "degrees", 64, 5)
    assert written(turns[:2]) == "rotate((0, 0), True)|rotate((45, 45), True)"
    assert written(controls.ladder("brightness", {}, "strength", 64, 3)).startswith(
        "brightness((1.0, 1.0))"
    )
    assert [step.arguments["bits"] for step in controls.ladder("posterize", {}, "bits", 64, 3)] == [
        (8, 8), (4, 4), (1, 1)
    ]  # fmt: skip
    with pytest.raises(UserError, match="rotate has no slider exact"):
        controls.ladder("rotate", {}, "exact", 64, 3)


def test_numbers_far_beyond_a_slider_are_too_much():
    assert controls.excessive(Rotate(1800), "rotate") is None
    assert controls.excessive(Rotate((0, 1801)), "rotate") == (
        "rotate has degrees=1801, and the studio draws up to 1800"
    )


def test_an_op_of_a_plug_in_gets_sliders_from_its_defaults(monkeypatch):
    @dataclass(frozen=True)
    class Fog(Transform):
        strength: float = 0.3
        colour: str = "grey"
        off: bool = False
        weight: float = 0.0

        def apply(self, image):
            return image

    monkeypatch.setitem(AUGMENTATIONS, "fog", Fog)
    kinds = {one.field: (one.kind, one.most) for one in controls.controls("fog")}
    assert kinds == {
        "strength": ("number", 0.6),
        "colour": ("text", 1),
        "off": ("check", 1),
        "weight": ("number", 1),
    }
    assert written(steps_of("fog(0.4, off=True)")) == "fog(0.4, off=True)"
    assert op_name(augmentation("fog")) == "fog"


def test_an_op_of_a_plug_in_may_have_no_fields():
    class Still(Transform):
        def apply(self, image):
            return image

    assert controls.excessive(Still(), "still") is None
