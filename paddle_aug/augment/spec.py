"""Pipelines written as text: hflip|rotate(20)|maybe(0.5, noise(5))."""

import ast
import inspect
import math
from collections.abc import Callable
from types import UnionType
from typing import Annotated, Any, get_args, get_origin

from paddle_aug.augment.transform import Chain, Maybe, OneOf, Ramp, Shuffled, SomeOf, Transform
from paddle_aug.errors import UserError
from paddle_aug.names import Registry, near_miss
from paddle_aug.rng import generator

COMBINATORS = {
    "chain": Chain,
    "shuffled": Shuffled,
    "oneof": OneOf,
    "someof": SomeOf,
    "maybe": Maybe,
    "ramp": Ramp,
}


class Augmentations(Registry[Transform]):
    """Ops, and functions that make transforms, by name; `@AUGMENTATIONS.add("fog")` adds one."""

    def adopted(self, name: str, item: Callable[..., Any]) -> Callable[..., Any]:
        if not name.isidentifier() or name in COMBINATORS:
            raise ValueError(
                f"{name!r} cannot name an augmentation; take another word, as a variable has"
            )
        if isinstance(item, type):
            refuse_class(item)
        elif next(iter(inspect.signature(item).parameters), "") in ("image", "img"):
            raise TypeError(
                f"the function {item.__name__} takes an image; write a class with it as a method: "
                f"class {name.title().replace('_', '')}(Transform): def apply(self, image): …"
            )
        return item

    def hint(self, name: str) -> str:
        known = sorted([*self.names(), *COMBINATORS])
        return near_miss(name, known, f"known: {', '.join(known)}; --import FILE adds your own")


def refuse_class(op: type) -> None:
    """Raise TypeError for a class that is no op, with what to write."""
    if not issubclass(op, Transform):
        raise TypeError(f"{op.__name__} is no Transform: write class {op.__name__}(Transform):")
    if op.apply is Transform.apply:
        raise TypeError(f"{op.__name__} has no apply: write def apply(self, image, …), an image")
    if inspect.get_annotations(op) and "__dataclass_fields__" not in vars(op):
        raise TypeError(
            f"{op.__name__} has fields, but is no dataclass: write @dataclass(frozen=True) above it"
        )


def build(spec: str, registry: Registry[Transform]) -> Transform:
    """Build the pipeline of a text: names of ops with literal arguments, joined by `|`.

    >>> from paddle_aug.augment.modes import AUGMENTATIONS
    >>> build("hflip|rotate(20)|maybe(0.5, noise(5))", AUGMENTATIONS).ops[1]
    Rotate(degrees=20, exact=False)

    The text is parsed, never evaluated. Arguments are numbers, strings and tuples of them; the
    combinators chain, shuffled, oneof, someof, maybe and ramp take further ops.

    Raises:
        UserError: the text cannot be parsed, or it names an unknown op or argument.
    """
    try:
        return _build_node(ast.parse(spec.strip(), mode="eval").body, spec, registry)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UserError(
            f"cannot read the augmentation {spec!r}; write it like hflip|rotate(20)|noise(5)"
        ) from None


def _build_node(node: ast.expr, spec: str, registry: Registry[Transform]) -> Transform:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        left, right = (_build_node(side, spec, registry) for side in (node.left, node.right))
        # a|b|c is one chain of three, but chain(a, b)|c has a chain as its first member.
        if isinstance(left, Chain) and isinstance(node.left, ast.BinOp):
            return Chain(*left.ops, right)
        return Chain(left, right)
    if isinstance(node, ast.Name):
        return _call(node.id, [], {}, spec, registry)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        args = [_build_argument(arg, spec, registry) for arg in node.args]
        named = {
            item.arg or "**": _build_argument(item.value, spec, registry) for item in node.keywords
        }
        if len(named) < len(node.keywords):
            raise UserError(f"the augmentation {spec!r} gives {node.func.id!r} an argument twice")
        return _call(node.func.id, args, named, spec, registry)
    raise UserError(
        f"cannot read {ast.unparse(node)!r} in the augmentation {spec!r}; "
        "want a name or name(arguments)"
    )


def _build_argument(node: ast.expr, spec: str, registry: Registry[Transform]) -> Any:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError):  # TypeError: a list as a key of a dict
        return _build_node(node, spec, registry)
    return tuple(value) if isinstance(value, list) else value


def _call(
    name: str, args: list[Any], named: dict[str, Any], spec: str, registry: Registry[Transform]
) -> Transform:
    make = COMBINATORS[name] if name in COMBINATORS else registry[name]
    try:
        _check_arguments(name, make, args, named)
        transform = make(*args, **named)
        if not isinstance(transform, Transform):
            raise TypeError(f"it makes a {type(transform).__name__}, and must make a Transform")
        if name not in COMBINATORS:
            # Finds what only drawing can find, such as hide_and_seek(()).
            transform.sample(generator(0, "augment"), (8, 8, 3))
    except (TypeError, ValueError, OverflowError) as error:
        raise UserError(f"cannot make {name!r} in the augmentation {spec!r}: {error}") from None
    return transform


def arguments(make: Callable[..., Any]) -> str:
    """The arguments with their defaults: "(degrees=180)", or "(size)" if there is no default."""
    parameters = inspect.signature(make).parameters.values()
    parts = [str(parameter.replace(annotation=parameter.empty)) for parameter in parameters]
    return f"({', '.join(parts)})" if parts else ""


def _check_arguments(
    name: str, make: Callable[..., Any], args: list[Any], named: dict[str, Any]
) -> None:
    """Raise TypeError or ValueError for missing, unknown and wrongly typed arguments."""
    signature = inspect.signature(make)
    try:
        bound = signature.bind(*args, **named)
    except TypeError as error:
        raise TypeError(f"{error}; want {name}{arguments(make)}") from None
    for field, given in bound.arguments.items():
        parameter = signature.parameters[field]
        hint = parameter.annotation
        if get_origin(hint) is Annotated:
            hint = get_args(hint)[0]
        for value in given if parameter.kind is parameter.VAR_POSITIONAL else (given,):
            if not _fits(value, hint):
                shown = "an augmentation" if isinstance(value, Transform) else repr(value)
                raise ValueError(f"{field} wants {_wanted(hint)}, got {shown}")


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value has a type; whole numbers count as numbers, infinite numbers do not.

    The ops of users may have any annotations; values fit all those that are not in `WORDS`.
    """
    inner = get_args(hint)
    if get_origin(hint) is tuple:
        if not isinstance(value, tuple):
            return False
        types = inner[:1] * len(value) if ... in inner else inner
        return len(types) == len(value) and all(map(_fits, value, types))
    if isinstance(hint, UnionType):
        return any(_fits(value, one) for one in inner)
    if hint is float:
        return type(value) in (int, float) and math.isfinite(value)
    if hint is int:
        return type(value) is int
    return hint not in WORDS or isinstance(value, hint)


WORDS = {
    float: "a number",
    int: "a whole number",
    bool: "True or False",
    str: "a name in quotes",
    type(None): "None",
    Transform: "an augmentation",
}


def _wanted(hint: Any) -> str:
    """A type in words: "a number or (number, number)"."""
    inner = get_args(hint)
    if get_origin(hint) is tuple:
        parts = ["…" if one is ... else WORDS.get(one, "value").removeprefix("a ") for one in inner]
        return f"({', '.join(parts)})"
    return " or ".join(map(_wanted, inner)) if inner else WORDS.get(hint, "a value")
