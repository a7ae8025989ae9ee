"""The contract of an augmentation, and how augmentations are combined; no pixels here."""

import copy
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

Params = dict
Shape = tuple[int, int, int]


class Transform:
    """An augmentation: `sample` draws parameters, `apply` is a pure function of image and them.

    Images are uint8, height × width × 3, RGB; the input is never written to. Parameters are plain
    numbers, strings, lists and dicts, so that they can be printed, stored as JSON and replayed:
    `apply(image, **params)` always gives the same pixels.
    """

    def __post_init__(self):
        """Run the checks of a dataclass's fields: functions of a field's name and value, which
        stand in its annotation, as in `Annotated[int, check]`."""
        for field in fields(self):
            for check in filter(callable, getattr(field.type, "__metadata__", ())):
                check(field.name, getattr(self, field.name))

    def sample(self, rng: np.random.Generator, shape: Shape) -> Params:
        """Draw the parameters for one image of this shape."""
        return {}

    def apply(self, image: np.ndarray, **params) -> np.ndarray:
        """Return the augmented image."""
        raise NotImplementedError(f"{type(self).__name__} has no apply()")

    def output_shape(self, shape: Shape, **params) -> Shape:
        """The shape of what `apply` returns; override it in an op that changes the size."""
        return shape

    def for_epoch(self, epoch: int) -> "Transform":
        """The augmentation in this epoch, counted from 0; override it if it changes with time."""
        return self

    @property
    def keeps_shape(self) -> bool:
        """Whether `output_shape` always returns its argument."""
        return type(self).output_shape is Transform.output_shape

    def __call__(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return self.apply(image, **self.sample(rng, image.shape))


@dataclass(frozen=True)
class Identity(Transform):
    """Changes nothing."""

    def apply(self, image):
        return image


@dataclass(frozen=True, init=False)
class Steps(Transform):
    """A combination of members: `sample` picks some as `steps`, [[member, parameters], …], and
    `apply` applies these in order."""

    ops: tuple[Transform, ...]

    def __init__(self, *ops: Transform):
        object.__setattr__(self, "ops", ops)

    def for_epoch(self, epoch):
        ops = tuple(op.for_epoch(epoch) for op in self.ops)
        if ops == self.ops:
            return self
        changed = copy.copy(self)
        object.__setattr__(changed, "ops", ops)
        vars(changed).pop("keeps_shape", None)  # cached for the members of all epochs
        return changed

    @cached_property  # asked for each image
    def keeps_shape(self):
        return all(op.keeps_shape for op in self.ops)

    def sample_steps(self, members, rng, shape) -> Params:
        """Draw the parameters of these members, each for the shape that the last one returns."""
        steps = []
        for member in members:
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
    """The innermost member of a transform that fails on an image, and its parameters."""
    if isinstance(transform, Steps):
        for member, member_params in params["steps"]:
            op = transform.ops[member]
            try:
                image = op.apply(image, **member_params)
            except Exception:
                return failing_step(op, image, member_params)
    return transform, params


def random_order(rng: np.random.Generator, count: int) -> list[int]:
    """`rng.permutation(count)` as a list, in half the time."""
    order = list(range(count))
    rng.shuffle(order)
    return order


class Chain(Steps):
    """All members, one after another."""

    def sample(self, rng, shape):
        return self.sample_steps(range(len(self.ops)), rng, shape)


class Shuffled(Steps):
    """All members, in an order drawn for each image."""

    def sample(self, rng, shape):
        return self.sample_steps(random_order(rng, len(self.ops)), rng, shape)


class OneOf(Steps):
    """One member, each with the same probability."""

    def __init__(self, *ops: Transform):
        if not ops:
            raise ValueError("oneof wants at least one member")
        super().__init__(*ops)

    def sample(self, rng, shape):
        return self.sample_steps([int(len(self.ops) * rng.random())], rng, shape)


@dataclass(frozen=True, init=False)
class SomeOf(Steps):
    """`low` to `high` different members in random order.

    Each number, both ends included, has the same probability.
    """

    low: int
    high: int

    def __init__(self, low: int, high: int, *ops: Transform):
        if not 0 <= low <= high <= len(ops):
            raise ValueError(
                f"someof wants 0 <= low <= high <= {len(ops)} members, got {low} and {high}"
            )
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)
        super().__init__(*ops)

    def sample(self, rng, shape):
        count = self.low + int((self.high + 1 - self.low) * rng.random())
        return self.sample_steps(random_order(rng, len(self.ops))[:count], rng, shape)


@dataclass(frozen=True, init=False)
class Maybe(Steps):
    """The member with probability `p`, else the image unchanged."""

    p: float

    def __init__(self, p: float, op: Transform):
        if not 0 <= p <= 1:
            raise ValueError(f"maybe wants a probability from 0 to 1, got {p}")
        object.__setattr__(self, "p", p)
        super().__init__(op)

    def sample(self, rng, shape):
        return self.sample_steps([0] if rng.random() < self.p else [], rng, shape)


@dataclass(frozen=True, init=False)
class Ramp(Maybe):
    """The member with a probability that rises from 0 in the first epoch to `p` after `epochs`."""

    epochs: int

    def __init__(self, p: float, op: Transform, epochs: int):
        if epochs < 1:
            raise ValueError(f"ramp wants at least 1 epoch, got {epochs}")
        object.__setattr__(self, "epochs", epochs)
        super().__init__(p, op)

    def for_epoch(self, epoch):
        return Maybe(self.p * min(1, epoch / self.epochs), self.ops[0].for_epoch(epoch))
