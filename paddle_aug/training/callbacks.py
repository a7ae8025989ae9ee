"""How code outside of the training loop follows and steers it."""

from collections.abc import Sequence
from dataclasses import dataclass

import paddle

from paddle_aug.training.metrics import EpochMetrics, Stopwatch
from paddle_aug.training.state import Progress, Run


@dataclass(frozen=True)
class Step:
    """An optimizer step that is done.

    `number` counts the steps of the epoch from 1. `images` is the number of images in the step, of
    all processes; `inputs` float32 [N, 3, H, W], `targets` float32 [N, classes] and `logits`
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
    """What `fit` calls at the events of a training; override those that matter.

    `run` is what is trained, and `progress` what came out so far: `progress.curves["accEval"][-1]`
    is the latest eval accuracy, and `progress.stop()` ends the training after this epoch, with all
    its files. All processes of a run call their own callbacks.

    A callback must not draw from the generators of Paddle, NumPy or `random` in `on_batch_end`, nor
    change the network, or the run is no longer the one that its config describes.
    """

    def on_train_begin(self, run: Run, progress: Progress) -> None:
        """The network is made or resumed; `progress.done` epochs are behind it."""

    def on_epoch_begin(self, run: Run, progress: Progress) -> None:
        """The epoch `progress.done`, counted from 0, is about to begin."""

    def on_batch_end(self, run: Run, progress: Progress, step: Step) -> None:
        """An optimizer step is done."""

    def on_epoch_end(self, run: Run, progress: Progress) -> None:
        """An epoch is trained, evaluated and counted in `progress`, but not yet saved."""

    def on_train_end(self, run: Run, progress: Progress) -> None:
        """The last epoch is saved, and so are the last and the best weights."""

    def close(self) -> None:
        """The training is over, whether it ended well, by an error or by Ctrl-C."""


class Callbacks:
    """Several callbacks, called in their order; as a context, closed at its end."""

    def __init__(self, members: Sequence[Callback]):
        self.members = members

    def call(self, event: str, *values) -> None:
        """Call a method of each, such as `on_epoch_end`."""
        for member in self.members:
            getattr(member, event)(*values)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.call("close")
