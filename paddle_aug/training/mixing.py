"""Mixing: an image of a batch with another of it, and their labels as soft targets.

Each mix is a pure function of a batch, the batch of its partners and drawn numbers; a class further
down draws the numbers. Partners come from the batch before mixing: nothing is mixed twice.

Images are float32 [N, C, H, W], normalised, on their device; targets are float32 [N, classes], and
each row sums to 1. Each image has a number, [N], or a box, int [N, 4]: top, bottom, left and right,
where bottom and right are exclusive.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
import paddle

from paddle_aug.augment.modes import mix_of
from paddle_aug.config import TrainConfig
from paddle_aug.errors import UserError
from paddle_aug.names import Registry
from paddle_aug.rng import generator, generator_from_global_state
from paddle_aug.training.batches import tensor_of
from paddle_aug.training.distributed import Group

MIXES: "Registry[Mix]" = Registry("mix")

Batch = tuple[paddle.Tensor, paddle.Tensor]  # images and targets
Numbers = np.ndarray


def mixup(batch: Batch, partners: Batch, share: Numbers) -> Batch:
    """Weighted means of images and of targets; `share` is the weight of the image itself.

    Source: Zhang et al., arXiv 1710.09412.
    """
    return blend(batch[0], partners[0], share), blend(batch[1], partners[1], share)


def cutmix(batch: Batch, partners: Batch, box: Numbers) -> Batch:
    """Paste the partner's pixels into the box; its target weighs as much as the box covers.

    Source: Yun et al., arXiv 1905.04899.
    """
    images, targets = batch
    height, width = images.shape[2:]
    top, bottom, left, right = box.T[:, :, None]
    rows = (top <= np.arange(height)) & (np.arange(height) < bottom)
    columns = (left <= np.arange(width)) & (np.arange(width) < right)
    inside = tensor_of(rows[:, None, :, None]) & tensor_of(columns[:, None, None, :])
    area = (box[:, 1] - box[:, 0]) * (box[:, 3] - box[:, 2]) / (height * width)
    return paddle.where(inside, partners[0], images), blend(targets, partners[1], 1 - area)


def resizemix(batch: Batch, partners: Batch, box: Numbers) -> Batch:
    """Paste the whole partner, shrunk to the box; its target weighs as much as the box covers.

    Source: Qin et al., arXiv 2012.11101. Its code takes the nearest pixel, which aliases; this
    averages, by the triangle filter that Pillow calls bilinear.
    """
    height, width = batch[0].shape[2:]
    rows = shrinking(box[:, 0], box[:, 1], height).unsqueeze(1)
    columns = shrinking(box[:, 2], box[:, 3], width).unsqueeze(1)
    small = rows.matmul(partners[0]).matmul(columns, transpose_y=True)
    return cutmix(batch, (small, partners[1]), box)


def sample_pairing(batch: Batch, partners: Batch, share: Numbers) -> Batch:
    """Weighted means of images; each target stays that of the image itself.

    Source: Inoue, arXiv 1801.02929, where `share` is one half.
    """
    return blend(batch[0], partners[0], share), batch[1]


def blend(first: paddle.Tensor, second: paddle.Tensor, share: Numbers) -> paddle.Tensor:
    """`share` of the first and the rest of the second, [N, …]."""
    weight = tensor_of(share.astype(np.float32)).reshape([-1] + [1] * (first.ndim - 1))
    return first * weight + second * (1 - weight)


def shrinking(start: Numbers, end: Numbers, length: int) -> paddle.Tensor:
    """Matrices [N, length, length] that shrink a row of `length` pixels to the range [start, end).

    Row i holds the weights of all pixels in pixel i of the result. An empty range stays empty.
    """
    first, last = (tensor_of(edge.astype(np.float32)).reshape([-1, 1, 1]) for edge in (start, end))
    scale = length / paddle.clip(last - first, min=1)
    middle = paddle.arange(length, dtype="float32") + 0.5
    distance = (middle.reshape([1, -1, 1]) - first) * scale - middle.reshape([1, 1, -1])
    weights = paddle.clip(1 - paddle.abs(distance) / scale, min=0)
    return weights / paddle.clip(weights.sum(axis=2, keepdim=True), min=1e-6)


@dataclass(frozen=True)
class Mix:
    """One way of mixing; numbers equal to `unchanged` turn it off."""

    unchanged: ClassVar[float]

    @staticmethod
    def mix(batch: Batch, partners: Batch, numbers: Numbers, /) -> Batch:
        """Mix a batch by drawn numbers."""
        raise NotImplementedError

    def draw(self, rng: np.random.Generator, count: int, side: int) -> Numbers:
        """Draw `count` numbers for images of side × side pixels."""
        raise NotImplementedError(f"{type(self).__name__} has no draw()")

    def active(self, epoch: int, epochs: int) -> bool:
        """Whether this mix is used in an epoch, counted from 0, of a run of `epochs`."""
        return True


Drawn = list[tuple[Mix, Numbers]]


@MIXES.add("mixup")
@dataclass(frozen=True)
class Mixup(Mix):
    """Draws the image's share from Beta(alpha, alpha)."""

    alpha: float = 0.2
    mix = staticmethod(mixup)
    unchanged = 1.0

    def draw(self, rng: np.random.Generator, count: int, side: int) -> Numbers:
        return rng.beta(self.alpha, self.alpha, count)


@MIXES.add("cutmix")
@dataclass(frozen=True)
class CutMix(Mix):
    """Draws the box's share of the image from Beta(alpha, alpha), and its middle anywhere.

    Whatever lies outside of the image is cut off.
    """

    alpha: float = 1.0
    mix = staticmethod(cutmix)
    unchanged = 0

    def draw(self, rng: np.random.Generator, count: int, side: int) -> Numbers:
        half = side * np.sqrt(rng.beta(self.alpha, self.alpha, count)) / 2
        middle = rng.integers(side, size=(2, count))
        first, last = (np.clip(np.round(middle + way * half), 0, side) for way in (-1, 1))
        return np.stack([first[0], last[0], first[1], last[1]], axis=1).astype(np.int64)


@MIXES.add("resizemix")
@dataclass(frozen=True)
class ResizeMix(Mix):
    """Draws the box's side evenly from 0.1 to 0.8 of the image's, and its place anywhere inside."""

    mix = staticmethod(resizemix)
    unchanged = 0

    def draw(self, rng: np.random.Generator, count: int, side: int) -> Numbers:
        length = np.clip(np.round(side * rng.uniform(0.1, 0.8, count)), 1, side)
        top, left = np.floor(rng.random((2, count)) * (side - length + 1))
        return np.stack([top, top + length, left, left + length], axis=1).astype(np.int64)


@MIXES.add("samplePairing")
@dataclass(frozen=True)
class SamplePairing(Mix):
    """Half of each image, in eight of every ten epochs; never in the first and the last tenth."""

    mix = staticmethod(sample_pairing)
    unchanged = 1.0

    def draw(self, rng: np.random.Generator, count: int, side: int) -> Numbers:
        return np.full(count, 0.5)

    def active(self, epoch: int, epochs: int) -> bool:
        margin = epochs // 10
        return margin <= epoch < epochs - margin and epoch % 10 < 8


def parse_mix(text: str) -> list[Mix]:
    """The mixes that a text such as "mixup:0.4" or "mixup+cutmix:1" names; [] for "none".

    Raises:
        UserError: an unknown mix, or an alpha that is not above 0 or that the mix does not take.
    """
    if text == "none":
        return []
    return [_parse_member(member.strip(), text) for member in text.split("+")]


def _parse_member(member: str, text: str) -> Mix:
    name, colon, alpha = member.partition(":")
    if called := re.fullmatch(r"(\w+)\((?:alpha=)?([\d.]+)\)", member):
        raise UserError(f"--mix {text!r}: write {called[1]}:{called[2]}")
    mix = MIXES[name]()
    if not colon:
        return mix
    parameters = fields(mix)
    if not parameters:
        raise UserError(f"--mix {text!r}: {name} takes no number")
    try:
        value = float(alpha)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise UserError(
            f"--mix {text!r}: the number behind {name} must be above 0, as in "
            f"{name}:{parameters[0].default}"
        )
    return MIXES[name](value)


def mixes_of(config: TrainConfig) -> list[Mix]:
    """The mixes of a run, by its mode and its `--mix`.

    Raises:
        UserError: see `parse_mix`, or the mode has a mix of its own.
    """
    return parse_mix(mix_of(config.augment, config.mix))


class Mixer:
    """Mixes training batches as the config says: each image by one of its mixes at most.

    What it draws depends on seed, epoch and step alone. Partners come from the batch of all
    processes.
    """

    def __init__(self, config: TrainConfig, group: Group, prepare: Callable[[Any], paddle.Tensor]):
        self.config = config
        self.mixes = mixes_of(config)
        self.group = group
        self.prepare = prepare

    def __call__(
        self, epoch: int, step: int, images: paddle.Tensor, targets: paddle.Tensor, total: int
    ) -> Batch:
        """Return this process's images, normalised and mixed, and their targets.

        `images` are uint8 [N, H, W, 3] and `targets` float32 [N, classes], this process's part of a
        batch of `total` images. Epochs are counted from 0, steps from 1.
        """
        inputs = self.prepare(images)
        if not self.active(epoch):
            return inputs, targets
        partner, drawn = self.draw(epoch, step, total)
        own = slice(self.group.rank, None, self.group.size)
        chosen = tensor_of(partner[own])
        if self.group.size == 1:
            others = paddle.gather(inputs, chosen)
        else:  # uint8 is a quarter of the bytes to send
            whole_batch = self.group.whole_batch(images, total)
            others = self.prepare(paddle.gather(whole_batch, chosen))
        partners = others, paddle.gather(self.group.whole_batch(targets, total), chosen)
        batch = inputs, targets
        for mix, numbers in drawn:
            batch = mix.mix(batch, partners, numbers[own])
        return batch

    def active(self, epoch: int) -> list[Mix]:
        """The mixes that this epoch, counted from 0, may use."""
        config = self.config
        if epoch >= config.epochs - config.mix_off_epochs:
            return []
        return [mix for mix in self.mixes if mix.active(epoch, config.epochs)]

    def draw(self, epoch: int, step: int, count: int) -> tuple[np.ndarray, Drawn]:
        """Draw the partner of each of `count` images, [N], and the numbers of each mix."""
        config = self.config
        return draw_mixes(
            generator(config.seed, "mix", epoch, step),
            self.active(epoch),
            count,
            config.image_size,
            config.mix_prob,
            config.mix_per,
        )


def draw_mixes(
    rng: np.random.Generator, mixes: list[Mix], count: int, side: int, prob: float, per: str
) -> tuple[np.ndarray, Drawn]:
    """Draw the partner of each of `count` images, [N], and the numbers of each mix.

    `per` says which images share numbers: all of the "batch"; the two of a "pair", which are each
    other's partners; or none ("element"). Where a mix is not used, its numbers are `unchanged`.
    """
    order = rng.permutation(count)
    partner = order.copy()
    groups = np.zeros(count, np.int64)  # images of one group share their numbers
    if per == "pair":
        pairs = order[: count // 2 * 2].reshape(-1, 2)
        partner = np.arange(count)  # the odd one out is its own partner
        partner[pairs[:, 0]], partner[pairs[:, 1]] = pairs[:, 1], pairs[:, 0]
        groups[pairs] = np.arange(len(pairs))[:, None]
        groups[order[len(pairs) * 2 :]] = len(pairs)
    elif per == "element":
        groups = np.arange(count)
    num_groups = int(groups.max()) + 1
    chosen = rng.integers(max(1, len(mixes)), size=num_groups)
    unmixed = rng.random(num_groups) >= prob
    drawn = []
    for member, mix in enumerate(mixes):
        numbers = mix.draw(rng, num_groups, side)
        numbers[unmixed | (chosen != member)] = mix.unchanged
        drawn.append((mix, numbers[groups]))
    return partner, drawn


class MixCollate:
    """Mixes the batches of a `paddle.io.DataLoader`, as its `collate_fn`; for `paddle.Model.fit`.

    >>> import numpy as np
    >>> from paddle_aug import MixCollate
    >>> samples = [(np.zeros((3, 32, 32), np.float32), label) for label in (0, 3)]
    >>> images, targets = MixCollate("mixup:0.4+cutmix", num_classes=4)(samples)
    >>> tuple(images.shape), tuple(targets.shape)
    ((2, 3, 32, 32), (2, 4))

    Each sample is a normalised float32 image [3, S, S] and a label, a whole number. Targets are
    float32 [N, num_classes], and each row sums to 1: the loss is
    `paddle.nn.CrossEntropyLoss(soft_label=True)`.

    `mix`, `prob` and `per` are `--mix`, `--mix-prob` and `--mix-per`, and each batch is mixed by
    the functions of `fit`. Draws come from NumPy's global generator, as for a Transform called
    without one. samplePairing knows no epoch here, and does not pause.

    Raises:
        UserError: an unknown mix, or an image or a label of another kind.
    """

    def __init__(self, mix: str, num_classes: int, prob: float = 1.0, per: str = "batch"):
        config = TrainConfig(mix=mix, mix_prob=prob, mix_per=per)  # refuses as the options do
        self.mixes = mixes_of(config)
        self.num_classes = num_classes
        self.prob = prob
        self.per = per

    def __call__(self, samples: Sequence[tuple[np.ndarray, int]]) -> Batch:
        images = np.stack([np.asarray(image) for image, _ in samples])
        labels = np.array([label for _, label in samples]).reshape(-1)
        _, channels, height, width = images.shape if images.ndim == 4 else (0, 0, 0, 0)
        if not (images.dtype == np.float32 and channels == 3 and height == width):
            raise UserError(
                "MixCollate wants normalised float32 images [3, S, S], got "
                f"{images.dtype} {images.shape[1:]}; end the dataset's Compose with Transpose() "
                "and Normalize(127.5, 127.5)"
            )
        if not (labels.dtype.kind in "iu" and 0 <= labels.min() <= labels.max() < self.num_classes):
            raise UserError(
                f"MixCollate wants labels from 0 to {self.num_classes - 1}, got {labels.tolist()}"
            )
        partner, drawn = draw_mixes(
            generator_from_global_state(),
            self.mixes,
            len(images),
            images.shape[2],
            self.prob,
            self.per,
        )
        targets = np.eye(self.num_classes, dtype=np.float32)[labels]
        batch = tensor_of(images), tensor_of(targets)
        partners = tensor_of(images[partner]), tensor_of(targets[partner])
        for mix, numbers in drawn:
            batch = mix.mix(batch, partners, numbers)
        return batch
