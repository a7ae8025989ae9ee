"""Callbacks, by which other code follows a training and may end it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import paddle

from paddle_aug.results.stats import best_epoch
from paddle_aug.training.meters import EpochMetrics, Stopwatch
from paddle_aug.training.state import Progress, Run

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """An optimizer step that is done.

    `number` counts the steps of the epoch from 1. `images` is the number of images over all
    processes; `inputs` float32 [N, 3, H, W], `targets` float32 [N, classes] and `logits`
    [N, classes] are this process's. `metrics` and `watch` are those of the epoch so far.
    """

    number: int
    images: int
    inputs: paddle.Tensor
    targets: paddle.Tensor
    logits: paddle.Tensor
    metrics: EpochMetrics
    watch: Stopwatch


class Callback:
    """Methods that `fit` calls during a training; override those that you need.

    `run` has the parts of the training and `progress` its results so far:
    `progress.curves["accEval"][-1]` is the latest eval accuracy, and `progress.stop()` ends the
    training after this epoch, with all its files. Each process calls its own callbacks.

    In `on_batch_end`, do not change the network or draw from the generators of Paddle, NumPy or
    `random`: the curves would no longer be those of the config.
    """

    def on_train_begin(self, run: Run, progress: Progress) -> None:
        """The network is made or resumed, after `progress.done` epochs."""

    def on_epoch_begin(self, run: Run, progress: Progress) -> None:
        """The epoch `progress.done`, counted from 0, is about to begin."""

    def on_batch_end(self, run: Run, progress: Progress, step: Step) -> None:
        """An optimizer step is done."""

    def on_epoch_end(self, run: Run, progress: Progress) -> None:
        """An epoch is trained, evaluated and counted in `progress`, but not yet saved."""

    def on_train_end(self, run: Run, progress: Progress) -> None:
        """The last epoch is saved, and so are the last and the best weights."""

    def close(self) -> None:
        """The training has ended: as planned, by an error, or by Ctrl-C."""


class EarlyStop(Callback):
    """Ends a training whose evaluation has not improved for `--early-stop` epochs. Looks at the
    curves alone, so that a resumed run ends at the same epoch."""

    def on_epoch_end(self, run: Run, progress: Progress) -> None:
        config, curves = run.config, progress.curves
        by_loss = config.early_stop_by == "loss"
        scores = -np.array(curves["lossEval"]) if by_loss else curves["accEval"]
        best = best_epoch(scores) + 1
        if config.early_stop and progress.done - best >= config.early_stop:
            progress.stop()
            logger.info(
                "%s: stopped after epoch %d of %d, as the eval %s has not improved since epoch %d",
                config.mode, progress.done, config.epochs, config.early_stop_by, best,
            )  # fmt: skip


class Callbacks:
    """Several callbacks, called in order, and closed when this context ends."""

    def __init__(self, members: Sequence[Callback]):
        self.members = members

    def call(self, event: str, *values) -> None:
        """Call a method, such as `on_epoch_end`, of all members."""
        for member in self.members:
            getattr(member, event)(*values)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.call("close")
