"""Mixing: an image of a batch with another of it, and their labels as soft targets.

Each mix is a pure function of the batch, its images' partners and drawn numbers; what draws the
numbers stands right below it. Partners are taken from the batch as it was: nothing is mixed twice.

Images are float32 [N, C, H, W], normalised, on their device; targets are float32 [N, classes], each
row's sum 1. A number stands for each image, [N], or a box, int [N, 4]: the first row and the one
after the last, the first column and the one after the last.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
import paddle

from paddle_aug.augment.modes import mix_of
from paddle_aug.config import TrainConfig
from paddle_aug.errors import UserError
from paddle_aug.names import Registry
from paddle_aug.rng import generator
from paddle_aug.training.batches import tensor_of
from paddle_aug.training.distributed import Group

MIXES = Registry("mix")

Batch = tuple[paddle.Tensor, paddle.Tensor]  # images and targets
Numbers = np.ndarray


def mixup(batch: Batch, partners: Batch, share: Numbers) -> Batch:
    """Weighted means of images and of targets, `share` the weight of the image itself.

    Source: Zhang et al., arXiv 1710.09412.
    """
    return blend(batch[0], partners[0], share), blend(batch[1], partners[1], share)


def cutmix(batch: Batch, partners: Batch, box: Numbers) -> Batch:
    """The partner's pixels in the box, and as much of its target as the box has of the image.

    Source: Yun et al., arXiv 1905.04899.
    """
    images, targets = batch
    pasted = paddle.where(inside(box, images.shape), partners[0], images)
    return pasted, blend(targets, partners[1], 1 - area(box, images.shape))


def resizemix(batch: Batch, partners: Batch, box: Numbers) -> Batch:
    """The whole partner made as small as the box, in the box; targets as by `cutmix`.

    Source: Qin et al., arXiv 2012.11101. Its code takes the nearest pixel, which aliases; this
    averages, by the triangle filter that Pillow calls bilinear.
    """
    images, targets = batch
    height, width = images.shape[2:]
    rows = shrinking(box[:, 0], box[:, 1], height).unsqueeze(1)
    columns = shrinking(box[:, 2], box[:, 3], width).unsqueeze(1)
    small = paddle.matmul(paddle.matmul(rows, partners[0]), columns, transpose_y=True)
    pasted = paddle.where(inside(box, images.shape), small, images)
    return pasted, blend(targets, partners[1], 1 - area(box, images.shape))


def sample_pairing(batch: Batch, partners: Batch, share: Numbers) -> Batch:
    """Weighted means of images, where the target stays that of the image itself.

    Source: Inoue, arXiv 1801.02929, where `share` is one half.
    """
    return blend(batch[0], partners[0], share), batch[1]


def blend(first: paddle.Tensor, second: paddle.Tensor, share: Numbers) -> paddle.Tensor:
    """`share` of the first and the rest of the second, [N, …]."""
    weight = tensor_of(share.astype(np.float32)).reshape([-1] + [1] * (first.ndim - 1))
    return first * weight + second * (1 - weight)


def inside(box: Numbers, shape: list[int]) -> paddle.Tensor:
    """Where the box is, bool [N, 1, H, W]."""
    height, width = np.arange(shape[2]), np.arange(shape[3])
    rows = (box[:, :1] <= height) & (height < box[:, 1:2])
    columns = (box[:, 2:3] <= width) & (width < box[:, 3:])
    return tensor_of(rows[:, None, :, None]) & tensor_of(columns[:, None, None, :])


def area(box: Numbers, shape: list[int]) -> Numbers:
    """The box as a part of the image, [N]."""
    return (box[:, 1] - box[:, 0]) * (box[:, 3] - box[:, 2]) / (shape[2] * shape[3])


def shrinking(start: Numbers, end: Numbers, length: int) -> paddle.Tensor:
    """Matrices, [N, length, length], that make a row of `length` pixels fit from start to end: what
    each pixel there takes of each pixel of the row. An empty range is left empty."""
    first, last = (tensor_of(each.astype(np.float32)).reshape([-1, 1, 1])
                   for each in (start, end))  # fmt: skip
    scale = length / paddle.clip(last - first, min=1)
    middle = paddle.arange(length, dtype="float32") + 0.5
    distance = (middle.reshape([1, -1, 1]) - first) * scale - middle.reshape([1, 1, -1])
    weights = paddle.clip(1 - paddle.abs(distance) / scale, min=0)
    return weights / paddle.clip(weights.sum(axis=2, keepdim=True), min=1e-6)


class Mix:
    """One way of mixing: `mix` is the function of a batch, its partners' batch and numbers, of
    which `unchanged` is the one that changes nothing."""

    mix: Callable[[Batch, Batch, Numbers], Batch]
    unchanged: float

    def draw(self, rng: np.random.Generator, count: int, side: int) -> Numbers:
        """So many numbers for images of side × side pixels."""
        raise NotImplementedError(f"{type(self).__name__} has no draw()")

    def active(self, epoch: int, epochs: int) -> bool:
        """Whether it is taken in this epoch, counted from 0, of so many."""
        return True


Drawn = list[tuple[Mix, Numbers]]


@MIXES.add("mixup")
@dataclass(frozen=True)
class Mixup(Mix):
    """The image's share is drawn from Beta(alpha, alpha)."""

    alpha: float = 0.2
    mix = staticmethod(mixup)
    unchanged = 1.0

    def draw(self, rng, count, side):
        return rng.beta(self.alpha, self.alpha, count)


@MIXES.add("cutmix")
@dataclass(frozen=True)
class CutMix(Mix):
    """The box takes a share drawn from Beta(alpha, alpha), its middle is anywhere, and what of it
    lies outside of the image is cut off."""

    alpha: float = 1.0
    mix = staticmethod(cutmix)
    unchanged = 0

    def draw(self, rng, count, side):
        half = side * np.sqrt(rng.beta(self.alpha, self.alpha, count)) / 2
        middle = rng.integers(side, size=(2, count))
        first, last = (np.clip(np.round(middle + way * half), 0, side) for way in (-1, 1))
        return np.stack([first[0], last[0], first[1], last[1]], axis=1).astype(np.int64)


@MIXES.add("resizemix")
@dataclass(frozen=True)
class ResizeMix(Mix):
    """The box has a side drawn evenly from 0.1 to 0.8 of the image's, and lies anywhere in it."""

    mix = staticmethod(resizemix)
    unchanged = 0

    def draw(self, rng, count, side):
        length = np.clip(np.round(side * rng.uniform(0.1, 0.8, count)), 1, side)
        top, left = np.floor(rng.random((2, count)) * (side - length + 1))
        return np.stack([top, top + length, left, left + length], axis=1).astype(np.int64)


@MIXES.add("samplePairing")
@dataclass(frozen=True)
class SamplePairing(Mix):
    """One half of each, in eight of every ten epochs, and in none of the first and last tenth."""

    mix = staticmethod(sample_pairing)
    unchanged = 1.0

    def draw(self, rng, count, side):
        return np.full(count, 0.5)

    def active(self, epoch, epochs):
        margin = epochs // 10
        return margin <= epoch < epochs - margin and epoch % 10 < 8


def parse_mix(text: str) -> list[Mix]:
    """The mixes that a text such as "mixup:0.4" or "mixup+cutmix:1" names; "none" is none.

    Raises:
        UserError: an unknown mix, or an alpha that is not above 0 or that the mix does not take.
    """
    if text == "none":
        return []
    return [_parse_member(member.strip(), text) for member in text.split("+")]


def _parse_member(member: str, text: str) -> Mix:
    name, colon, alpha = member.partition(":")
    mix = MIXES[name]()
    if not colon:
        return mix
    if not fields(mix):
        raise UserError(f"--mix {text!r}: {name} takes no number")
    try:
        value = float(alpha)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise UserError(
            f"--mix {text!r}: the number behind {name} must be above 0, as in {name}:{mix.alpha}"
        )
    return replace(mix, alpha=value)


@dataclass(frozen=True)
class Mixing:
    """Which mixes a run takes, one of them at a time, and when.

    `per` is what the numbers are drawn for: the whole batch; each pair of images, which are each
    other's partners; or each element.
    """

    members: list[Mix]
    probability: float = 1.0
    per: str = "batch"
    epochs: int = 1
    off_epochs: int = 0

    @classmethod
    def of(cls, config: TrainConfig) -> "Mixing":
        """What a run's options ask for."""
        return cls(
            parse_mix(mix_of(config.augment, config.mix)),
            config.mix_prob,
            config.mix_per,
            config.epochs,
            config.mix_off_epochs,
        )

    def active(self, epoch: int) -> list[Mix]:
        """The mixes that this epoch, counted from 0, may take."""
        if epoch >= self.epochs - self.off_epochs:
            return []
        return [mix for mix in self.members if mix.active(epoch, self.epochs)]

    def draw(
        self, rng: np.random.Generator, epoch: int, count: int, side: int
    ) -> tuple[np.ndarray, Drawn]:
        """For a batch of `count` images: each one's partner, [N], and mixes with their numbers.

        An image is changed by one of these mixes at most; for the others its number says no change.
        """
        order = rng.permutation(count)
        partner = order.copy()
        groups = np.zeros(count, np.int64)  # which images are drawn for together
        if self.per == "pair":
            pairs = order[: count // 2 * 2].reshape(-1, 2)
            partner = np.arange(count)  # of an odd one out, itself
            partner[pairs[:, 0]], partner[pairs[:, 1]] = pairs[:, 1], pairs[:, 0]
            groups[pairs] = np.arange(len(pairs))[:, None]
            groups[order[len(pairs) * 2 :]] = len(pairs)
        elif self.per == "element":
            groups = np.arange(count)
        active = self.active(epoch)
        several = int(groups.max()) + 1
        chosen = rng.integers(max(1, len(active)), size=several)
        left = rng.random(several) >= self.probability
        drawn = []
        for member, mix in enumerate(active):
            numbers = mix.draw(rng, several, side)
            numbers[left | (chosen != member)] = mix.unchanged
            drawn.append((mix, numbers[groups]))
        return partner, drawn


def mixed(batch: Batch, partners: Batch, drawn: Drawn) -> Batch:
    """The batch under what was drawn for it."""
    for mix, numbers in drawn:
        batch = mix.mix(batch, partners, numbers)
    return batch


class Mixer:
    """Mixes a training batch as the config says.

    What is drawn depends on seed, epoch and step alone, and partners come from the batch of all
    processes.
    """

    def __init__(self, config: TrainConfig, group: Group):
        self.mixing = Mixing.of(config)
        self.config = config
        self.group = group

    def __call__(
        self, epoch: int, step: int, inputs: paddle.Tensor, targets: paddle.Tensor, whole: int
    ) -> Batch:
        """Return the normalised images [N, 3, H, W] and targets [N, classes] of this process, mixed
        with others of its batch of `whole` images; epochs are counted from 0, steps from 1."""
        if not self.mixing.active(epoch):
            return inputs, targets
        partner, drawn = self.draw(epoch, step, whole)
        own = slice(self.group.rank, None, self.group.size)
        chosen = tensor_of(partner[own])
        partners = (
            self.group.united(inputs, whole)[chosen],
            self.group.united(targets, whole)[chosen],
        )
        return mixed((inputs, targets), partners, [(mix, numbers[own]) for mix, numbers in drawn])

    def draw(self, epoch: int, step: int, whole: int) -> tuple[np.ndarray, Drawn]:
        """Each image's partner in the batch of all processes, and the mixes with their numbers."""
        rng = generator(self.config.seed, "mix", epoch, step)
        return self.mixing.draw(rng, epoch, whole, self.config.image_size)
