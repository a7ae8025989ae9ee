"""The contract of an augmentation, and how augmentations are combined; no pixels here."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from PIL import Image

from paddle_aug.errors import UserError
from paddle_aug.rng import generator_from_global_state

Params = dict[str, Any]
Shape = tuple[int, ...]
Drawn = list[list[Any]]  # [[member, its parameters], …]
Picture = TypeVar("Picture", np.ndarray, Image.Image)


class Transform:
    """An augmentation: `sample` draws parameters, `apply` is a pure function of image and them.

    Images are uint8 [H, W, 3], RGB; the input is never written to.

    >>> import numpy as np
    >>> from paddle_aug import augmentation
    >>> aug = augmentation("hflip|rotate(20)")
    >>> image = np.zeros((48, 40, 3), np.uint8)
    >>> aug(image).shape
    (48, 40, 3)

    Parameters are plain numbers, strings, lists and dicts: print them, store them as JSON, and
    replay them. Equal parameters give equal pixels.

    >>> params = aug.sample(np.random.default_rng(7), image.shape)
    >>> params
    {'steps': [[0, {'horizontal': False}], [1, {'degrees': 16}]]}
    >>> augmented = aug.apply(image, **params)

    What was drawn for an image can be replayed on others of its size, such as the second of a pair.
    A mask goes in as three equal channels, under ops that only move pixels and fill with black:
    Flip, HorizontalFlip, VerticalFlip, Rotate, RandomRotation, ShearX, ShearY, TranslateX,
    TranslateY, CenterCrop, RandomCrop, and Affine(order=(0,)); keep ops of colour in a second
    pipeline, for the image alone. All others change labels or blend them at edges. There is no
    replay on boxes and keypoints.

    >>> mask = np.zeros((48, 40), np.uint8)
    >>> moved = aug.apply(np.repeat(mask[:, :, None], 3, axis=2), **params)[:, :, 0]
    """

    def __post_init__(self) -> None:
        """Run the checks of a dataclass's fields: functions of a field's name and value, which
        stand in its annotation, as in `Annotated[int, check]`."""
        for field in fields(self):  # type: ignore[arg-type]  # subclasses are dataclasses
            for check in filter(callable, getattr(field.type, "__metadata__", ())):
                check(field.name, getattr(self, field.name))

    def sample(self, rng: np.random.Generator, shape: Shape) -> Params:
        """Draw the parameters for one image of this shape."""
        return {}

    def apply(self, image: np.ndarray, *args: Any, **params: Any) -> np.ndarray:
        """Return the image under parameters that `sample` drew. It is not checked, for speed.

        An op's own `apply` names its parameters: `apply(self, image, degrees)`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no apply()")

    def output_shape(self, shape: Shape, *args: Any, **params: Any) -> Shape:
        """The shape of what `apply` returns; override it in an op that changes the size."""
        return shape

    def for_epoch(self, epoch: int) -> "Transform":
        """The augmentation in this epoch, counted from 0; override it if it changes with time."""
        return self

    @property
    def keeps_shape(self) -> bool:
        """Whether `output_shape` always returns its argument."""
        return type(self).output_shape is Transform.output_shape

    def __call__(self, image: Picture, rng: np.random.Generator | None = None) -> Picture:
        """Draw parameters and return the augmented image: `sample` and `apply`, and a check first.

        Takes a uint8 array [H, W, 3] or a PIL image, both RGB, and returns the same kind.

        Without `rng`, each call draws from NumPy's global generator, which paddle.io seeds in every
        worker process: no two workers and no two epochs repeat each other. `np.random.seed(n)` in
        the parent process (`paddle.seed` does not reach NumPy) repeats the draws, given the same
        workers, batch size and order of samples; distributed ranks need a seed each. Pools of
        processes that you fork yourself must call `np.random.seed()` first in each. Only `fit` has
        draws that depend on none of these: it knows the epoch and index of an image.

        Raises:
            UserError: the image is of another kind or `rng` is not a generator.
        """
        if isinstance(image, Image.Image) and image.mode == "RGB":
            return Image.fromarray(self(np.asarray(image), rng))
        if not (
            isinstance(image, np.ndarray)
            and image.dtype == np.uint8
            and image.ndim == 3
            and image.shape[2] == 3
            and image.size
        ):
            raise UserError(
                "an augmentation wants a uint8 array [H, W, 3] or an RGB PIL image, got "
                f"{kind_of(image)}; put it before what makes tensors or floats (ToTensor, "
                "Transpose, Normalize), make other PIL images RGB with convert('RGB'), and grey "
                "arrays with cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)"
            )
        if rng is None:
            rng = generator_from_global_state()
        elif not isinstance(rng, np.random.Generator):
            raise UserError(
                f"rng wants a numpy.random.Generator, such as numpy.random.default_rng(7), got "
                f"{rng!r}"
            )
        return self.apply(image, **self.sample(rng, image.shape))


def kind_of(image: object) -> str:
    """What to call an image, or an object of another kind, in a message."""
    if isinstance(image, np.ndarray):
        return f"{image.dtype} {image.shape}"
    if isinstance(image, Image.Image):
        return f"a PIL image of mode {image.mode}"
    return type(image).__name__


@dataclass(frozen=True)
class Identity(Transform):
    """Changes nothing."""

    def apply(self, image: np.ndarray) -> np.ndarray:
        return image


@dataclass(frozen=True, init=False)
class Steps(Transform):
    """A combination of members: `sample` picks some as `steps`, [[member, parameters], …], and
    `apply` applies these in order."""

    ops: tuple[Transform, ...]

    def __init__(self, *ops: Transform):
        object.__setattr__(self, "ops", ops)

    def for_epoch(self, epoch: int) -> Transform:
        ops = tuple(op.for_epoch(epoch) for op in self.ops)
        if ops == self.ops:
            return self
        changed = copy.copy(self)
        object.__setattr__(changed, "ops", ops)
        vars(changed).pop("keeps_shape", None)  # cached for the members of all epochs
        return changed

    @cached_property  # asked for each image
    def keeps_shape(self) -> bool:
        return all(op.keeps_shape for op in self.ops)

    def sample_steps(
        self, members: Iterable[int], rng: np.random.Generator, shape: Shape
    ) -> Params:
        """Draw the parameters of these members, each for the shape that the last one returns."""
        steps = []
        for member in members:
            op = self.ops[member]
            params = op.sample(rng, shape)
            if not op.keeps_shape:
                shape = op.output_shape(shape, **params)
            steps.append([member, params])
        return {"steps": steps}

    def apply(self, image: np.ndarray, steps: Drawn) -> np.ndarray:
        for member, params in steps:
            image = self.ops[member].apply(image, **params)
        return image

    def output_shape(self, shape: Shape, steps: Drawn) -> Shape:
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

    def sample(self, rng: np.random.Generator, shape: Shape) -> Params:
        return self.sample_steps(range(len(self.ops)), rng, shape)


class Shuffled(Steps):
    """All members, in an order drawn for each image."""

    def sample(self, rng: np.random.Generator, shape: Shape) -> Params:
        return self.sample_steps(random_order(rng, len(self.ops)), rng, shape)


class OneOf(Steps):
    """One member, each with the same probability."""

    def __init__(self, *ops: Transform):
        if not ops:
            raise ValueError("oneof wants at least one member")
        super().__init__(*ops)

    def sample(self, rng: np.random.Generator, shape: Shape) -> Params:
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

    def sample(self, rng: np.random.Generator, shape: Shape) -> Params:
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

    def sample(self, rng: np.random.Generator, shape: Shape) -> Params:
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

    def for_epoch(self, epoch: int) -> Maybe:
        return Maybe(self.p * min(1, epoch / self.epochs), self.ops[0].for_epoch(epoch))
