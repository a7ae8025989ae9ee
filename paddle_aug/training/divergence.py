"""Trainings that are lost: how the end of an epoch notices it, and what is kept and said."""

import logging
import math
from collections.abc import Sequence

import paddle

from paddle_aug.config import TrainConfig, smaller_rate
from paddle_aug.errors import Diverged
from paddle_aug.results.text import count
from paddle_aug.training.meters import EpochMetrics
from paddle_aug.training.schedule import learning_rate
from paddle_aug.training.state import Progress, Run, model_file, publish

logger = logging.getLogger(__name__)


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
    if progress.done and run.writes_weights:
        kept = (
            f"; the logs, the checkpoint and {model_file(config, 'best.pdparams')} are those of "
            f"the {count(progress.done, 'epoch')} before"
        )
    return (
        f"{config.mode}: the training diverged in epoch {progress.done + 1} of {config.epochs}: "
        f"{where}{kept}. {advice(config)}"
    )


def warn_of_dead_network(run: Run, progress: Progress, dead: bool) -> None:
    """Warn, once, of a network that gives all images the same outputs after an epoch: such as one
    whose ReLUs are all 0, and so are the gradients before them."""
    if dead and not progress.dead and run.group.is_first:
        logger.warning(
            "%s: after epoch %d the network gives all eval images the same outputs: it is dead and "
            "will hardly learn again. %s",
            run.config.mode,
            progress.done,
            advice(run.config),
        )
    progress.dead = dead


def advice(config: TrainConfig) -> str:
    """What to try instead of a training that is lost."""
    options = ["--no-amp"] if config.amp else []
    options += [f"--learning-rate {smaller_rate(config.asdict()):g}"]
    options += ["--warmup 1"] if not config.warmup else []
    return f"Try the same command with {' or '.join(options)}"


def has_finite_weights(network: paddle.nn.Layer) -> bool:
    """Whether all weights and running statistics are finite. The loss does not always show it: a
    ReLU turns NaN into 0."""
    finite = [paddle.isfinite(value).all() for value in network.state_dict().values()]
    return bool(paddle.stack(finite).all())
