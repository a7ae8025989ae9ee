"""Draws of an augmentation as training makes them, and what is odd about them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from time import perf_counter
from typing import NamedTuple

import numpy as np

from paddle_aug.augment import ops
from paddle_aug.augment.modes import mix_of
from paddle_aug.augment.transform import Chain, Identity, Params, Shape, Steps, Transform
from paddle_aug.config import TrainConfig
from paddle_aug.data.augmented import Augmented, Key
from paddle_aug.errors import UserError
from paddle_aug.inputs import dataset_of, members, of_mode, op_name
from paddle_aug.rng import generator
from paddle_aug.studio.controls import excessive
from paddle_aug.studio.state import Studio

MAX_SIDE = 4096  # pixels of an image between two ops
SECONDS = 8.0  # of one request
# The ops that erase parts of an image, or move them out of the frame.
HIDING = (
    ops.Affine, ops.CenterCrop, ops.CenterCropResize, ops.CoarseDropout, ops.Crop, ops.Cutout,
    ops.Flip, ops.GridMask, ops.HideAndSeek, ops.HorizontalFlip, ops.KerasAffine, ops.RandomCrop,
    ops.RandomErasing, ops.RandomResizedCrop, ops.RandomRotation, ops.Resize, ops.Rotate,
    ops.ShearX, ops.ShearY, ops.TranslateX, ops.TranslateY, ops.VerticalFlip,
)  # fmt: skip
CELLS = 8  # a side, of an image; those that are left say how much of it is
HIDDEN = 0.5  # of the cells


@dataclass(frozen=True)
class Muted(Transform):
    """Draws like its op and changes nothing, so that the other ops draw as they do with it."""

    op: Transform

    def sample(self, rng: np.random.Generator, shape: Shape) -> Params:
        self.op.sample(rng, shape)
        return {}

    def apply(self, image: np.ndarray) -> np.ndarray:
        return image

    def for_epoch(self, epoch: int) -> Transform:
        return Muted(self.op.for_epoch(epoch))


@dataclass
class Drawn:
    """A draw: its pixels, the ops with their parameters, the places of the steps that changed
    something, the share of the original that is still there, and how long it took."""

    image: np.ndarray
    ops: list[tuple[str, Params]] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)
    visible: float = 1.0
    seconds: float = 0.0


class Pipeline(NamedTuple):
    """A text under which photos are drawn: the part that changes single images, the mix behind it,
    and the images."""

    text: str
    mix: str
    dataset: Augmented


def pipeline(
    config: TrainConfig, samples: Sequence, text: str, muted: Sequence[int] = ()
) -> Pipeline:
    """The samples under a text, without the steps at the places that are `muted`.

    Raises:
        UserError: the text cannot be read, or would take too long.
    """
    config = of_mode(replace(config, cache="off", mix="none"), text.strip() or "none")
    dataset = dataset_of(config, samples)
    for op in members(dataset.transform):
        if fault := excessive(op, op_name(op)):
            raise UserError(fault)
    if muted:
        dataset.transform = without(dataset.transform, muted)
    mix = mix_of(config.augment, config.mix)
    return Pipeline(config.augment, "" if mix == "none" else mix, dataset)


def without(transform: Transform, muted: Sequence[int]) -> Transform:
    """A chain, or a single op, with some of its steps muted."""
    steps = transform.ops if type(transform) is Chain else (transform,)
    return Chain(*(Muted(op) if place in muted else op for place, op in enumerate(steps)))


class TooLong(Exception):
    """The time of a request is over."""


def draw(
    dataset: Augmented, image: np.ndarray, key: Key, proceed: Callable[[], None] = lambda: None
) -> Drawn:
    """What training makes of an unchanged image: the bytes of `dataset.augmented(image, key)`.

    `proceed` is called between two ops, and may raise what ends the work.

    Raises:
        UserError: an op fails, or makes the image too large.
    """
    rng = generator(dataset.seed, "augment", *key)
    transform = dataset.transform_for_epoch(key[0])
    begun = perf_counter()
    params = transform.sample(rng, image.shape)
    drawn = Drawn(image, seconds=perf_counter() - begun)
    marks = marked(image.shape)
    hiding = False
    for place, op, drawn_params in leaves(transform, params):
        proceed()
        before = drawn.image
        shape = op.output_shape(before.shape, **drawn_params)
        if max(shape[:2]) > max(MAX_SIDE, *image.shape[:2]):  # photos may be larger themselves
            raise UserError(
                f"{op_name(op)} makes the image {shape[0]} × {shape[1]} pixels; the studio draws "
                f"up to {MAX_SIDE} a side"
            )
        try:
            begun = perf_counter()
            drawn.image = op.apply(before, **drawn_params)
            drawn.seconds += perf_counter() - begun
            if isinstance(op, HIDING):
                marks, hiding = op.apply(marks, **drawn_params), True
            elif shape != before.shape:
                marks = op.apply(marks, **drawn_params)
        except Exception as error:
            words = f"{type(error).__name__}: {error}"
            raise UserError(f"{op} fails with {drawn_params}: {words}") from error
        if before is not drawn.image and not np.array_equal(before, drawn.image):
            drawn.changed.add(place)
        if not isinstance(op, Identity | Muted):
            drawn.ops.append((op_name(op), drawn_params))
    drawn.image = dataset.sized(drawn.image, image, rng, key)
    if hiding:
        drawn.visible = cells(marks) / cells(marked(image.shape))
    return drawn


def leaves(transform: Transform, params: Params) -> Iterator[tuple[int, Transform, Params]]:
    """The ops that these parameters apply, in order, each with the place of its step in a chain."""
    if not isinstance(transform, Steps):
        yield 0, transform, params
        return
    for member, inner in params["steps"]:
        for place, op, drawn in leaves(transform.ops[member], inner):
            yield (member if type(transform) is Chain else place), op, drawn


@lru_cache(16)
def marked(shape: Shape) -> np.ndarray:
    """An image of this shape whose red and green say where a pixel is from, and whose blue is full,
    which no erased pixel is."""
    height, width = shape[:2]
    marks = np.full((height, width, 3), 255, np.uint8)
    marks[..., 0] = np.arange(width) * CELLS // width * (256 // CELLS) + 128 // CELLS
    marks[..., 1] = (np.arange(height) * CELLS // height * (256 // CELLS) + 128 // CELLS)[:, None]
    return marks


def cells(marks: np.ndarray) -> int:
    """The number of cells of the original that are in a marked image."""
    step = max(1, min(marks.shape[:2]) // (6 * CELLS))
    red, green, blue = np.moveaxis(marks[::step, ::step] // (256 // CELLS), 2, 0)
    there = blue == CELLS - 1
    return int(np.count_nonzero(np.bincount((red[there] * CELLS + green[there]).astype(int))))


class Draws(NamedTuple):
    """Draws of one request, the median time of one, and whether time ran out before the last."""

    drawn: list[Drawn]
    milliseconds: float
    late: bool


def draw_all(
    studio: Studio, dataset: Augmented, images: Sequence[np.ndarray], keys: Sequence[Key]
) -> Draws:
    """A draw of each image by its key, until the time of a request is over.

    Raises:
        UserError: see `draw`; or the first image takes longer.
    """
    begun = perf_counter()

    def proceed() -> None:
        studio.proceed()
        if perf_counter() - begun > SECONDS:
            raise TooLong

    drawn: list[Drawn] = []
    try:
        for image, key in zip(images, keys, strict=True):
            proceed()
            drawn.append(draw(dataset, image, key, proceed))
    except TooLong:
        if not drawn:
            raise UserError(f"one image takes more than {SECONDS:g} seconds") from None
    taken = sorted(one.seconds for one in drawn)
    return Draws(drawn, 1000 * taken[len(taken) // 2], len(drawn) < len(keys))


def warnings(
    drawn: Sequence[Drawn], originals: Sequence[np.ndarray], steps: int, muted: Sequence[int] = ()
) -> list[dict]:
    """What somebody who looks at these draws should know: draws in which most of the photo is gone,
    and steps that change nothing in any of them."""
    found: list[dict] = []
    hidden = sum(one.visible < HIDDEN for one in drawn)
    if 4 * hidden >= len(drawn) > 0:
        found.append({"kind": "hidden", "count": hidden, "of": len(drawn)})
    changed = set().union(*(one.changed for one in drawn))
    idle = [place for place in range(steps) if place not in changed and place not in muted]
    same = all(
        np.array_equal(one.image, original) for one, original in zip(drawn, originals, strict=False)
    )
    if same and steps != len(muted):
        found.append({"kind": "same"})
    elif steps > 1 and idle:
        found.append({"kind": "idle", "steps": idle})
    return found
