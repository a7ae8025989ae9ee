"""Pipelines written as text, and registries of names."""

import re
from dataclasses import dataclass

import pytest

from paddle_aug.augment.spec import Augmentations, build
from paddle_aug.augment.transform import Chain, Maybe, OneOf, Ramp, Shuffled, SomeOf, Transform
from paddle_aug.errors import UserError

OPS = Augmentations("augmentation")


@OPS.add("hflip")
@dataclass(frozen=True)
class Flip(Transform):
    def apply(self, image):
        return image


@OPS.add("rotate")
@dataclass(frozen=True)
class Rotate(Transform):
    degrees: float | tuple[float, float] = 15
    fill: str = "black"

    def apply(self, image):
        return image

    def __post_init__(self):
        if self.degrees == 0:
            raise ValueError("0 degrees is no rotation")


def refusal(spec):
    with pytest.raises(UserError) as caught:
        build(spec, OPS)
    return str(caught.value)


def test_a_registry_keeps_its_names_in_order_and_takes_each_once():
    assert OPS["rotate"] is Rotate
    assert list(OPS) == ["hflip", "rotate"]
    with pytest.raises(ValueError, match="augmentation 'rotate' is registered twice"):
        OPS.add("rotate")(Flip)
    assert OPS["rotate"] is Rotate


def test_a_cell_that_runs_again_replaces_what_it_registered():
    ops = Augmentations("augmentation")
    cell = "@ops.add('fog')\nclass Fog(Transform):\n    apply = staticmethod(len)\n"
    names = {"__name__": "__main__", "ops": ops, "Transform": Transform}
    for _ in range(2):
        exec(cell, names)
        assert ops["fog"] is names["Fog"]
    with pytest.raises(ValueError, match="augmentation 'fog' is registered twice"):
        exec(cell.replace("class Fog", "class Mist"), names)
    with pytest.raises(ValueError, match="augmentation 'fog' is registered twice"):
        exec(cell, {**names, "__name__": "my_ops"})
    assert ops["fog"] is names["Fog"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rotat", "no augmentation named 'rotat'; did you mean 'rotate'?"),
        ("ROTATE", "did you mean 'rotate'?"),
        ("zzz", "no augmentation named 'zzz'; known: chain, hflip, maybe, oneof, ramp, rotate"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest_one_or_with_all(name, message):
    with pytest.raises(UserError, match=re.escape(message)):
        OPS[name]


@pytest.mark.parametrize(
    ("spec", "made"),
    [
        ("hflip", Flip()),
        ("hflip()", Flip()),
        ("  rotate ", Rotate()),
        ("rotate(20)", Rotate(20)),
        ("rotate(-20.5)", Rotate(-20.5)),
        ("rotate((-5, 30))", Rotate((-5, 30))),
        ("rotate(degrees=20, fill='white')", Rotate(20, "white")),
        ("hflip|rotate(20)", Chain(Flip(), Rotate(20))),
        ("hflip | rotate | hflip", Chain(Flip(), Rotate(), Flip())),
        ("maybe(0.5, rotate(20))", Maybe(0.5, Rotate(20))),
        ("ramp(0.8, rotate(20), 40)", Ramp(0.8, Rotate(20), 40)),
        ("maybe(p=0.5, op=hflip)", Maybe(0.5, Flip())),
        ("maybe(0.5, hflip|rotate)", Maybe(0.5, Chain(Flip(), Rotate()))),
        ("chain(hflip, rotate)", Chain(Flip(), Rotate())),
        ("shuffled(hflip, rotate(9))", Shuffled(Flip(), Rotate(9))),
        ("oneof(hflip, maybe(0.1, rotate))", OneOf(Flip(), Maybe(0.1, Rotate()))),
        ("someof(0, 2, hflip, rotate)", SomeOf(0, 2, Flip(), Rotate())),
        ("(hflip|rotate)|hflip", Chain(Flip(), Rotate(), Flip())),
        ("hflip|(rotate|hflip)", Chain(Flip(), Chain(Rotate(), Flip()))),
    ],
)
def test_a_text_builds_the_pipeline_that_it_describes(spec, made):
    assert build(spec, OPS) == made


def test_a_long_pipeline_builds():
    assert build("|".join(["hflip"] * 300), OPS) == Chain(*[Flip()] * 300)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("", "cannot read the augmentation ''; write it like hflip|rotate(20)"),
        ("hflip||rotate", "cannot read the augmentation"),
        ("hflip|rotate(20", "cannot read the augmentation"),
        ("hflip rotate", "cannot read the augmentation"),
        ("rotat(20)", "no augmentation named 'rotat'; did you mean 'rotate'?"),
        ("maybe(0.5, hflp)", "no augmentation named 'hflp'; did you mean 'hflip'?"),
        ("mayb(0.5, hflip)", "did you mean 'maybe'?"),
        ("rotate(deg=20)", "argument 'deg'; want rotate(degrees=15, fill='black')"),
        ("rotate(1, 'red', 3)", "too many positional arguments; want rotate(degrees=15, fill="),
        ("rotate(0)", "0 degrees is no rotation"),
        ("maybe(2, hflip)", "probability from 0 to 1"),
        ("maybe(0.5)", "missing a required argument: 'op'; want maybe(p, op)"),
        ("someof(1, 3, hflip)", "0 <= low <= high <= 1"),
        ("oneof(hflip, 3)", "ops wants an augmentation, got 3"),
        ("rotate|3", "cannot read '3'"),
        ("hflip + rotate", "cannot read 'hflip + rotate'"),
        ("rotate(20) if 1 else hflip", "cannot read"),
        ("rotate(x)", "no augmentation named 'x'"),
        ("rotate(20)(30)", "cannot read 'rotate(20)(30)'"),
        ("rotate(*[20])", "cannot read '*[20]'"),
        ("rotate({[1]: 2})", "cannot read"),
        ("rotate(**{'degrees': 20})", "unexpected keyword argument '**'"),
        ("rotate(degrees=1, degrees=2)", ""),
        ("rotate(hflip)", "degrees wants a number or (number, number), got an augmentation"),
        ("oneof()", "at least one member"),
    ],
)
def test_a_mistake_is_answered_with_what_is_wrong(spec, message):
    assert message in refusal(spec)


@pytest.mark.parametrize(
    "spec",
    [
        "__import__('pathlib').Path({marker!r}).touch()",
        "rotate(degrees=open({marker!r}, 'w'))",
        "rotate(f\"{{open({marker!r}, 'w')}}\")",
        "(lambda: open({marker!r}, 'w'))()",
        "hflip.__class__.__init__.__globals__['__builtins__']['open']({marker!r}, 'w')",
    ],
)
def test_a_text_is_never_executed(spec, tmp_path):
    marker = tmp_path / "executed"
    refusal(spec.format(marker=str(marker)))
    assert not marker.exists()


@pytest.mark.parametrize(
    "spec",
    ["(" * 1000 + "hflip" + ")" * 1000, "hflip" + ".a" * 900, "-" * 10_000 + "1", "hflip\0"],
    ids=["parentheses", "attributes", "signs", "zero"],
)
def test_a_text_that_is_too_much_for_pythons_parser_is_refused(spec):
    assert "cannot read" in refusal(spec)
