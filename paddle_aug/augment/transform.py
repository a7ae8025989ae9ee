"""The contract of an augmentation, and how augmentations are put together: no pixels here."""

import copy
from dataclasses import dataclass, replace
from functools import cached_property
from operator import is_

import numpy as np

Params = dict
Shape = tuple[int, int, int]


class Transform:
    """An augmentation: `sample` draws its parameters, `apply` is a pure function of image and them.

    Images are uint8, height × width × 3, RGB; the input is never written to. Parameters are plain
    numbers, strings, lists and dicts, so that they can be printed, stored as JSON, and replayed:
    `apply(image, **params)` always gives the same pixels.
    """

    def sample(self, rng: np.random.Generator, shape: Shape) -> Params:
        """Draw the parameters for one image of this shape."""
        return {}

    def apply(self, image: np.ndarray, **params) -> np.ndarray:
        """Return the augmented image."""
        raise NotImplementedError(f"{type(self).__name__} has no apply()")

    def output_shape(self, shape: Shape, **params) -> Shape:
        """The shape that `apply` makes of this one; overridden by what changes it."""
        return shape

    def at(self, epoch: int) -> "Transform":
        """The augmentation as it is in this epoch, counted from 0; overridden by what changes."""
        return self

    @property
    def keeps_shape(self) -> bool:
        """Whether `output_shape` need not be asked."""
        return type(self).output_shape is Transform.output_shape

    def __call__(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return self.apply(image, **self.sample(rng, image.shape))


def around(value: float | tuple[float, float], centre: float) -> tuple[float, float]:
    """The range a field means: a scalar is "up to this much either way from doing nothing"."""
    if isinstance(value, tuple):
        low, high = value
        return low, high
    return centre - value, centre + value


def random_order(rng: np.random.Generator, count: int) -> list[int]:
    """`rng.permutation(count)` as a list, in half the time."""
    order = list(range(count))
    rng.shuffle(order)
    return order


@dataclass(frozen=True)
class Identity(Transform):
    """Changes nothing."""

    def apply(self, image):
        return image


class Steps(Transform):
    """Of several members: applies those that `sample` picked; `steps` is [[member, its parameters],
    …]."""

    ops: tuple[Transform, ...]

    def at(self, epoch):
        ops = [op.at(epoch) for op in self.ops]
        return self if all(map(is_, ops, self.ops)) else self.of(*ops)

    def of(self, *ops: Transform) -> "Steps":
        """The same with other members."""
        made = copy.copy(self)
        object.__setattr__(made, "ops", ops)
        vars(made).pop("keeps_shape", None)  # kept of the former members
        return made

    @cached_property  # asked for at each image
    def keeps_shape(self):
        return all(op.keeps_shape for op in self.ops)

    def sample_steps(self, order, rng, shape) -> Params:
        steps = []
        for member in order:
            op = self.ops[member]
            params = op.sample(rng, shape)
            if not op.keeps_shape:
                shape = op.output_shape(shape, **params)
            steps.append([member, params])
        return {"steps": steps}

    def apply(self, image, steps):
        for member, params in steps:
            image = self.ops[member].apply(image, **params)
        return image

    def output_shape(self, shape, steps):
        for member, params in steps:
            shape = self.ops[member].output_shape(shape, **params)
        return shape


def failing_step(
    transform: Transform, image: np.ndarray, params: Params
) -> tuple[Transform, Params]:
    """Of a transform that fails at an image: the innermost member that does, and its parameters."""
    if isinstance(transform, Steps):
        for member, inner in params["steps"]:
            op = transform.ops[member]
            try:
                image = op.apply(image, **inner)
            except Exception:
                return failing_step(op, image, inner)
    return transform, params


@dataclass(frozen=True, init=False)
class Chain(Steps):
    """All members, one after another."""

    ops: tuple[Transform, ...]

    def __init__(self, *ops: Transform):
        object.__setattr__(self, "ops", ops)

    def sample(self, rng, shape):
        return self.sample_steps(range(len(self.ops)), rng, shape)


@dataclass(frozen=True, init=False)
class Shuffled(Steps):
    """All members, in an order drawn anew for each image."""

    ops: tuple[Transform, ...]

    def __init__(self, *ops: Transform):
        object.__setattr__(self, "ops", ops)

    def sample(self, rng, shape):
        return self.sample_steps(random_order(rng, len(self.ops)), rng, shape)


@dataclass(frozen=True, init=False)
class OneOf(Steps):
    """One member, each as likely as the others."""

    ops: tuple[Transform, ...]

    def __init__(self, *ops: Transform):
        if not ops:
            raise ValueError("oneof wants at least one member")
        object.__setattr__(self, "ops", ops)

    def sample(self, rng, shape):
        member = int(len(self.ops) * rng.random())
        return {"steps": [[member, self.ops[member].sample(rng, shape)]]}


@dataclass(frozen=True, init=False)
class SomeOf(Steps):
    """`low` to `high` different members (both included, each number as likely), in random order."""

    low: int
    high: int
    ops: tuple[Transform, ...]

    def __init__(self, low: int, high: int, *ops: Transform):
        if not 0 <= low <= high <= len(ops):
            raise ValueError(
                f"someof wants 0 <= low <= high <= {len(ops)} members, got {low} and {high}"
            )
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)
        object.__setattr__(self, "ops", ops)

    def sample(self, rng, shape):
        count = self.low + int((self.high + 1 - self.low) * rng.random())
        return self.sample_steps(random_order(rng, len(self.ops))[:count], rng, shape)


@dataclass(frozen=True)
class Maybe(Steps):
    """The member with probability `p`, else the image as it is."""

    p: float
    op: Transform

    def __post_init__(self):
        if not 0 <= self.p <= 1:
            raise ValueError(f"maybe wants a probability from 0 to 1, got {self.p}")

    @property
    def ops(self):
        return (self.op,)

    def of(self, *ops):
        return replace(self, op=ops[0])

    def sample(self, rng, shape):
        steps = [[0, self.op.sample(rng, shape)]] if rng.random() < self.p else []
        return {"steps": steps}


@dataclass(frozen=True)
class Ramp(Maybe):
    """The member with a probability that rises from 0 in the first epoch to `p` after `epochs`."""

    epochs: int

    def __post_init__(self):
        super().__post_init__()
        if self.epochs < 1:
            raise ValueError(f"ramp wants at least 1 epoch, got {self.epochs}")

    def at(self, epoch):
        return Maybe(self.p * min(1, epoch / self.epochs), self.op.at(epoch))
