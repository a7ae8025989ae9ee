"""Pipelines written as text: hflip|rotate(20)|maybe(0.5, noise(5))."""

import ast

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


def build(spec: str, registry: Registry) -> Transform:
    """Build the pipeline of a text: names of ops with literal arguments, joined by `|`.

    >>> from paddle_aug.augment.modes import AUGMENTATIONS
    >>> build("hflip|rotate(20)|maybe(0.5, noise(5))", AUGMENTATIONS).ops[1]
    Rotate(degrees=20)

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


def _build_node(node: ast.expr, spec: str, registry: Registry) -> Transform:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        members: list[ast.expr] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp) and isinstance(left.op, ast.BitOr):
            members.append(left.right)
            left = left.left
        members.append(left)
        return Chain(*(_build_node(member, spec, registry) for member in reversed(members)))
    if isinstance(node, ast.Name):
        return _call(node.id, [], {}, spec, registry)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        args = [_build_argument(arg, spec, registry) for arg in node.args]
        named = {item.arg: _build_argument(item.value, spec, registry) for item in node.keywords}
        if len(named) < len(node.keywords):
            raise UserError(f"the augmentation {spec!r} gives {node.func.id!r} an argument twice")
        return _call(node.func.id, args, named, spec, registry)
    raise UserError(
        f"cannot read {ast.unparse(node)!r} in the augmentation {spec!r}; "
        "want a name or name(arguments)"
    )


def _build_argument(node: ast.expr, spec: str, registry: Registry):
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):  # TypeError: a list as a key of a dict
        return _build_node(node, spec, registry)


def _call(name: str, args: list, named: dict, spec: str, registry: Registry) -> Transform:
    try:
        if name in COMBINATORS:
            transform = COMBINATORS[name](*args, **named)
            if not all(isinstance(op, Transform) for op in transform.ops):
                raise TypeError("its members must be augmentations")
        elif name in registry:
            if any(isinstance(value, Transform) for value in [*args, *named.values()]):
                raise TypeError("it takes no augmentations")
            transform = registry[name](*args, **named)
            # Finds rotate('x') and rotate((9, 3)).
            transform.sample(generator(0, "augment"), (8, 8, 3))
        else:
            known = [*registry, *COMBINATORS]
            raise UserError(f"no {registry.kind} named {name!r}; {near_miss(name, known)}")
    except (TypeError, ValueError, OverflowError) as error:
        raise UserError(f"cannot make {name!r} in the augmentation {spec!r}: {error}") from None
    return transform
