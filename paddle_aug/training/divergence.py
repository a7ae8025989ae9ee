"""Trainings that diverge: how the end of an epoch notices it, and what is kept and said."""

import math
from collections.abc import Sequence

import paddle

from paddle_aug.errors import Diverged
from paddle_aug.results.text import count
from paddle_aug.training.meters import EpochMetrics
from paddle_aug.training.schedule import learning_rate
from paddle_aug.training.state import Progress, Run, model_file, publish


def refuse_divergence(
    run: Run,
    progress: Progress,
    epoch: int,
    metrics: EpochMetrics,
    measured: Sequence[dict | None],
) -> None:
    """Stop all processes if a loss of this epoch, counted from 0, or a weight is not finite.

    `measured` has the means of the epoch. The logs say that the run diverged; its checkpoint and
    its best weights stay those of the epochs before.

    Raises:
        Diverged: the message says where, and what to try.
    """
    losses_finite = all(math.isfinite(means["loss"]) for means in measured if means)
    finite = losses_finite and has_finite_weights(run.network)
    if run.group.sum([float(finite)])[0] == run.group.size:
        return
    lost, config = metrics.first_lost(run.group), run.config
    step = lost or metrics.batches
    rate = learning_rate(config, epoch, step / metrics.batches, progress.curves["lossEval"][:epoch])
    progress.curves = {name: [*curve[:epoch], math.nan] for name, curve in progress.curves.items()}
    progress.epochs = progress.epochs[:epoch]
    progress.test = None
    progress.diverged = {
        "epoch": epoch + 1,
        "step": step,
        "steps": metrics.batches,
        "learning_rate": rate,
    }
    if run.group.is_first:
        publish(run, progress)
    if lost:
        where = f"its losses are not finite numbers from step {step} of {metrics.batches} on"
    else:
        where = f"its weights or outputs are not finite numbers after step {step} of {step}"
    raise Diverged(message(run, progress, f"{where}, at learning rate {rate:g}"))


def message(run: Run, progress: Progress, where: str) -> str:
    """Where the run diverged, what is kept of it, and what to try."""
    config = run.config
    kept = ""
    if progress.done:
        kept = (
            f"; the logs, the checkpoint and {model_file(config, 'best.pdparams')} are those of "
            f"the {count(progress.done, 'epoch')} before"
        )
    advice = ["--no-amp"] if config.amp else []
    advice += [f"--learning-rate {config.learning_rate / 10:g}"]
    advice += ["--warmup 1"] if not config.warmup else []
    return (
        f"{config.mode}: the training diverged in epoch {progress.done + 1} of {config.epochs}: "
        f"{where}{kept}. Try the same command with {' or '.join(advice)}"
    )


def has_finite_weights(network: paddle.nn.Layer) -> bool:
    """Whether all weights and running statistics are finite, of which activations may show nothing:
    a ReLU turns NaN into 0."""
    finite = [paddle.isfinite(value).all() for value in network.state_dict().values()]
    return bool(paddle.stack(finite).all())
