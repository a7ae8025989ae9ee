"""Sliders for the fields of ops: their kinds come from annotations, their spans from one table."""

import ast
import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from paddle_aug.augment.modes import AUGMENTATIONS
from paddle_aug.augment.ops import draws
from paddle_aug.augment.transform import Transform
from paddle_aug.errors import UserError

# From where to where a slider goes: for a single number, and for both ends of a range unless the
# number means "up to this much either way". None is the side of the picture.
SPANS: dict[str, tuple[float, float | None]] = {
    "brightness.strength": (0, 1), "contrast.strength": (0, 1), "color.strength": (0, 1),
    "sharpness.strength": (0, 3), "center_crop_resize.max_ratio": (1, 4), "flip.p": (0, 1),
    "hflip.p": (0, 1), "vflip.p": (0, 1), "rotate.degrees": (0, 180), "noise.max_sigma": (0, 60),
    "crop.percent": (0, 0.45), "affine.scale": (0, 0.9), "affine.translate_percent": (0, 0.6),
    "affine.rotate": (0, 180), "affine.shear": (0, 60), "affine.cval": (0, 255),
    "superpixels.p_replace": (0, 1), "superpixels.n_segments": (2, 400),
    "superpixels.max_size": (32, 512), "gaussian_blur.sigma": (0, 10), "average_blur.k": (1, 21),
    "median_blur.k": (1, 21), "sharpen.alpha": (0, 1), "sharpen.lightness": (0, 1),
    "emboss.alpha": (0, 1), "emboss.strength": (0, 3), "edge_detect.alpha": (0, 1),
    "directed_edge_detect.alpha": (0, 1), "directed_edge_detect.direction": (0, 1),
    "additive_gaussian_noise.loc": (0, 100), "additive_gaussian_noise.scale": (0, 100),
    "additive_gaussian_noise.per_channel": (0, 1), "dropout.p": (0, 0.9),
    "dropout.per_channel": (0, 1), "coarse_dropout.p": (0, 0.9),
    "coarse_dropout.size_percent": (0.01, 0.5), "coarse_dropout.per_channel": (0, 1),
    "coarse_dropout.min_size": (1, 32), "invert.p": (0, 1), "invert.per_channel": (0, 1),
    "add.value": (0, 150), "add.per_channel": (0, 1), "multiply.mul": (0, 1),
    "multiply.per_channel": (0, 1), "linear_contrast.alpha": (0, 1),
    "linear_contrast.per_channel": (0, 1), "grayscale.alpha": (0, 1),
    "elastic_transformation.alpha": (0, 300), "elastic_transformation.sigma": (0.5, 20),
    "elastic_transformation.cval": (0, 255), "piecewise_affine.scale": (0, 0.15),
    "piecewise_affine.rows": (2, 8), "piecewise_affine.columns": (2, 8), "resize.size": (8, None),
    "center_crop.size": (8, None), "random_crop.size": (8, None), "random_crop.padding": (0, 64),
    "random_crop.fill": (0, 255), "random_resized_crop.area": (0.01, 1),
    "random_resized_crop.ratio": (0.2, 5), "random_rotation.degrees": (0, 180),
    "hue.strength": (0, 0.5), "color_jitter.brightness": (0, 1), "color_jitter.contrast": (0, 1),
    "color_jitter.saturation": (0, 1), "color_jitter.hue": (0, 0.5),
    "keras_affine.rotation": (0, 180), "keras_affine.width_shift": (0, 0.9),
    "keras_affine.height_shift": (0, 0.9), "keras_affine.zoom": (0, 0.9),
    "keras_affine.shear": (0, 60), "keras_affine.cval": (0, 255), "channel_shift.levels": (0, 150),
    "posterize.bits": (1, 8), "solarize.threshold": (0, 256), "shear_x.amount": (0, 1),
    "shear_y.amount": (0, 1), "translate_x.share": (0, 1), "translate_y.share": (0, 1),
    "cutout.size": (1, None), "cutout.fill": (0, 255), "random_erasing.area": (0, 1),
    "random_erasing.ratio": (0.1, 10), "random_erasing.fill": (0, 255), "gridmask.period": (2, 400),
    "gridmask.keep": (0, 1), "gridmask.rotate": (0, 180), "gridmask.fill": (0, 255),
    "hide_and_seek.p_hide": (0, 1), "hide_and_seek.fill": (0, 255), "randaugment.n": (0, 8),
    "randaugment.m": (0, 30), "randaugment.bins": (31, 101), "trivialaugment.bins": (2, 101),
    "threeaugment.jitter": (0, 1), "threeaugment.threshold": (0, 256),
    "threeaugment.sigma": (0, 10), "augmix.severity": (1, 10), "augmix.width": (1, 8),
    "augmix.depth": (-1, 6), "augmix.alpha": (0.1, 5),
}  # fmt: skip
# Where less is stronger.
FALLING = (
    "superpixels.n_segments", "posterize.bits", "solarize.threshold", "threeaugment.threshold",
    "gridmask.keep", "random_resized_crop.area", "center_crop.size", "random_crop.size",
    "resize.size",
)  # fmt: skip
# What an op without defaults begins with.
FIRST = {
    "random_crop": {"padding": 8},
    "color_jitter": {"brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "hue": 0.1},
    "keras_affine": {"rotation": 20, "width_shift": 0.1, "height_shift": 0.1, "zoom": 0.1},
}
# Typed numbers may exceed a slider's end this many times; more would only keep the machine busy.
BEYOND = 10

NUMBER, EITHER, RANGE, CHECK, CHOICE, TEXT = "number", "either", "range", "check", "choice", "text"


class Control(NamedTuple):
    """A field of an op. A slider of `kind` number goes from `least` to `most`, in whole numbers
    with `whole`; both ends of a range go from `low` to `high`; `either` may be both, and its number
    means "up to this much either way of `centre`", if that is known. None is the side of the
    picture. A value of `choices` stands alone in a tuple with `several`."""

    field: str
    kind: str
    default: Any
    required: bool = False
    whole: bool = False
    least: float | None = 0
    most: float | None = 1
    low: float | None = 0
    high: float | None = 1
    centre: float | None = None
    falling: bool = False
    choices: tuple = ()
    several: bool = False


def controls(name: str) -> list[Control]:
    """The controls of an op's fields, in the order of its arguments."""
    parameters = inspect.signature(AUGMENTATIONS[name]).parameters.values()
    return [control(name, one) for one in parameters if one.kind is not one.VAR_POSITIONAL]


def control(name: str, parameter: inspect.Parameter) -> Control:
    """The control of a field, by its annotation; of another kind of annotation, its text."""
    key = f"{name}.{parameter.name}"
    required = parameter.default is parameter.empty
    default = None if required else parameter.default
    hint, check = parameter.annotation, {}
    if get_origin(hint) is Annotated:
        hint, *checks = get_args(hint)
        check = checked_by(checks[0])
    start = Control(parameter.name, TEXT, default, required)
    if hint is bool:
        return start._replace(kind=CHECK)
    if choices := check.get("choices"):
        several = get_origin(hint) is tuple
        return start._replace(kind=CHOICE, choices=tuple(choices), several=several)
    kind, whole = kind_of(hint)
    if kind == TEXT or (key not in SPANS and not isinstance(default, int | float | tuple)):
        return start
    least, most = SPANS.get(key) or guessed(default)
    kind = NUMBER if most is None else kind  # a pair of sides is no range
    whole = whole or check.get("whole", False)
    low, high, centre = least, most, check.get("centre") if kind == EITHER else None
    if centre is not None:
        low, high = max(centre - most, check["low"]), centre + most
    return start._replace(
        **{"kind": kind, "whole": whole, "least": least, "most": most, "low": low, "high": high},
        centre=centre,
        falling=key in FALLING,
    )


def checked_by(check: Callable) -> dict[str, Any]:
    """What the check of a field knows: its choices, or its limits and the centre of a number that
    means "up to this much either way"."""
    if check is draws.check_scale:
        return {"centre": 1, "low": 0.05}
    known = inspect.getclosurevars(check).nonlocals
    centre = {draws.around: 0, draws.factors: 1}.get(known.get("read"))
    return known | {"centre": centre}


def kind_of(hint: Any) -> tuple[str, bool]:
    """The kind of control of an annotation, and whether its numbers are whole."""
    parts = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    numbers = [part for part in parts if part in (int, float)]
    pairs = [get_args(part) for part in parts if get_origin(part) is tuple]
    pairs = [pair for pair in pairs if len(pair) == 2 and set(pair) <= {int, float}]
    if type(None) in parts or not (numbers or pairs):
        return TEXT, False
    whole = (int in numbers and float not in numbers) or (not numbers and pairs[0] == (int, int))
    if not numbers:
        return RANGE, whole
    return (EITHER if pairs else NUMBER), whole


def guessed(default: Any) -> tuple[float, float]:
    """The span of a field that is in no table, as of plug-ins: twice the default."""
    numbers = default if isinstance(default, tuple) else (default,)
    most = max((abs(number) for number in numbers if isinstance(number, int | float)), default=0)
    return (0, 2 * most or 1)


class Step(NamedTuple):
    """An op of a pipeline with the arguments that are written, by field."""

    name: str
    arguments: dict[str, Any]


def steps_of(spec: str) -> list[Step] | None:
    """The ops of a text that is a plain chain of them; None for any other text. The text must
    have been built before, so that names and arguments are known to be right."""
    try:
        nodes = _chained(ast.parse(spec.strip(), mode="eval").body)
        return [_step(node) for node in nodes]
    except (SyntaxError, ValueError, TypeError, KeyError):
        return None


def _chained(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_chained(node.left), *_chained(node.right)]
    return [node]


def _step(node: ast.expr) -> Step:
    called = isinstance(node, ast.Call)
    name = node.func.id if called and isinstance(node.func, ast.Name) else getattr(node, "id", "")
    if name == "none" or not isinstance(dict(AUGMENTATIONS).get(name), type):
        raise KeyError(name)  # a mode, or a combinator
    args = [ast.literal_eval(arg) for arg in node.args] if called else []
    named = {word.arg: ast.literal_eval(word.value) for word in node.keywords} if called else {}
    bound = inspect.signature(AUGMENTATIONS[name]).bind(*args, **named).arguments
    return Step(name, {field: _plain(value) for field, value in bound.items()})


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def written(steps: list[Step]) -> str:
    """The text of ops: leading fields as positional arguments, defaults left out."""
    return "|".join(map(_written, steps)) or "none"


def _written(step: Step) -> str:
    words, positional = [], True
    for one in controls(step.name):
        value = step.arguments.get(one.field, one.default)
        if one.field not in step.arguments or (value == one.default and not one.required):
            positional = False
            continue
        words.append(repr(value) if positional else f"{one.field}={value!r}")
    return f"{step.name}({', '.join(words)})" if words else step.name


def first_arguments(name: str, size: int) -> dict[str, Any]:
    """The arguments of an op that is added to a pipeline: those without which it does nothing."""
    required = {one.field: size for one in controls(name) if one.required}
    return required | FIRST.get(name, {})


def ladder(name: str, arguments: dict[str, Any], field: str, size: int, count: int) -> list[Step]:
    """An op with one of its fields from weak to strong, the others as they are."""
    one = next((one for one in controls(name) if one.field == field), None)
    if one is None or one.kind not in (NUMBER, EITHER, RANGE):
        raise UserError(f"{name} has no slider {field}")
    low, high = (size if end is None else end for end in (one.least, one.most))
    values = [low + (high - low) * place / (count - 1) for place in range(count)]
    steps = []
    for value in reversed(values) if one.falling else values:
        number = (one.centre or 0) + value
        number = round(number) if one.whole else float(f"{number:.3g}")
        fixed = number if one.kind == NUMBER else (number, number)
        steps.append(Step(name, {**arguments, field: fixed}))
    return steps


def excessive(op: Transform, name: str) -> str | None:
    """What is wrong with an op whose number is far beyond the end of its slider."""
    for field in fields(op) if is_dataclass(op) else ():  # a plug-in without fields is none
        span = SPANS.get(f"{name}.{field.name}")
        value = getattr(op, field.name)
        if span is None:
            continue
        end = BEYOND * max(abs(span[0]), 400 if span[1] is None else span[1])
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, int | float) and not abs(number) <= end:
                return f"{name} has {field.name}={number:g}, and the studio draws up to {end:g}"
    return None
