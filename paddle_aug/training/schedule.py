"""The learning rate, a pure function of the epoch, the step and the losses before."""

import math
from collections.abc import Sequence

from paddle_aug.config import TrainConfig

# A loss must fall by this share to count as lower: the threshold of torch's ReduceLROnPlateau.
TOLERANCE = 1e-4


def learning_rate(
    config: TrainConfig, epoch: int, share: float, eval_losses: Sequence[float]
) -> float:
    """The learning rate of a step in an epoch, counted from 0.

    `share` is the part of the epoch that this step completes, above 0 and up to 1; only a warm-up
    uses it. `eval_losses` are those of the epochs before.
    """
    rate = config.learning_rate
    if config.warmup:
        rate *= min(1.0, (epoch + share) / config.warmup)
    if config.schedule == "cosine":
        return rate * (1 + math.cos(math.pi * epoch / config.epochs)) / 2
    if config.schedule == "step":
        return rate * config.gamma ** sum(
            epoch >= milestone for milestone in config.milestone_epochs
        )
    if config.schedule == "plateau":
        return rate * config.gamma ** plateaus(eval_losses, config.patience)
    return rate


def plateaus(losses: Sequence[float], patience: int) -> int:
    """How often `patience` epochs have passed without a loss lower than the lowest before them."""
    count, lowest, waited = 0, math.inf, 0
    for loss in losses:
        if loss < lowest * (1 - TOLERANCE):
            lowest, waited = loss, 0
        else:
            waited += 1
        if waited == patience:
            count, waited = count + 1, 0
    return count
