"""Meters of an epoch: losses, accuracies, and the time spent waiting for data."""

import math
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

import paddle
from paddle.nn import functional as F

from paddle_aug.training.distributed import Group

T = TypeVar("T")


class EpochMetrics:
    """Sums over the images of an epoch, kept on the device until a mean is read.

    With `amp`, batches whose logits overflow are left out: the scaler skips their steps, too.
    """

    def __init__(self, amp: bool = False):
        self.amp = amp
        self.loss = paddle.zeros([], "float64")
        self.correct = paddle.zeros([], "float64")
        self.right = paddle.zeros([1], "float64")  # by class, from the first batch on
        self.finite = paddle.zeros([], "int64")  # batches with a finite sum of losses
        self.batches = 0
        self.count = 0  # of images

    @paddle.no_grad()
    def add(self, logits: paddle.Tensor, targets: paddle.Tensor) -> None:
        """Count a batch: its plain cross entropy, and the target's share of each predicted class.

        Label smoothing and auxiliary losses are left out.
        """
        self.batches += 1
        # Mixed precision waits for the device at each step anyway.
        if self.amp and not bool(paddle.isfinite(logits).all()):
            self.finite += 1
            return
        loss = F.cross_entropy(logits, targets, soft_label=True)
        self.loss += loss.astype("float64") * len(targets)
        self.finite += paddle.isfinite(self.loss).astype("int64")
        predicted = logits.argmax(axis=1, keepdim=True)
        shares = paddle.take_along_axis(targets, predicted, 1).astype("float64")
        self.correct += shares.sum()
        self.right = self.right + (shares * targets.astype("float64")).sum(axis=0)
        self.count += len(targets)

    def means(self, group: Group | None = None) -> dict[str, float]:
        """Mean loss and accuracy so far, NaN without any image; with a group, over all of its
        processes."""
        sums = [float(self.loss), float(self.correct), self.count]
        loss, correct, count = group.sum(sums) if group else sums
        return {
            "loss": loss / count if count else math.nan,
            "acc": correct / count if count else math.nan,
        }

    def first_lost(self, group: Group) -> int | None:
        """The batch, counted from 1, after which the sum of losses is not finite; None if it is.

        The processes of a group lose it within a step of each other: they average gradients.
        """
        finite = group.sum([float(self.finite) if self.count else 0.0])[0] // group.size
        return int(finite) + 1 if finite < self.batches else None

    def right_of_class(self, group: Group) -> list[int]:
        """The number of correct images of each class, if no target was mixed."""
        return [round(number) for number in group.sum(self.right.numpy().tolist())]


class Stopwatch:
    """Times a loop over batches, and how long it waits for them."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.waited = 0.0
        self.seconds = 0.0  # of the loop, once it has ended

    def waiting(self, batches: Iterable[T]) -> Iterator[T]:
        """Yield the batches and add up the time spent waiting for them."""
        left = iter(batches)
        while True:
            asked = time.perf_counter()
            batch = next(left, None)
            self.waited += time.perf_counter() - asked
            if batch is None:
                return
            yield batch

    def stop(self) -> None:
        """End the loop: `share` no longer changes."""
        self.seconds = self.elapsed

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.started

    @property
    def share(self) -> float:
        """The share of the loop spent waiting, from 0 to 1."""
        return self.waited / (self.seconds or self.elapsed)
