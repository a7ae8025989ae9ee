"""The learning rate, as a pure function of where a run stands."""

import math
from collections.abc import Sequence

from paddle_aug.config import TrainConfig

# Lower by less than this share is not lower: the threshold of torch's ReduceLROnPlateau.
TOLERANCE = 1e-4


def learning_rate(
    config: TrainConfig, epoch: int, share: float, eval_losses: Sequence[float]
) -> float:
    """The learning rate of a step in an epoch, counted from 0.

    `share` is how much of the epoch is done with this step, from above 0 to 1; only a warm-up
    looks at it. `eval_losses` are those of the epochs before.
    """
    rate = config.learning_rate
    if config.warmup:
        rate *= min(1.0, (epoch + share) / config.warmup)
    if config.schedule == "cosine":
        return rate * (1 + math.cos(math.pi * epoch / config.epochs)) / 2
    if config.schedule == "step":
        return rate * config.gamma ** sum(epoch >= each for each in config.milestone_epochs)
    if config.schedule == "plateau":
        return rate * config.gamma ** plateaus(eval_losses, config.patience)
    return rate


def plateaus(losses: Sequence[float], patience: int) -> int:
    """How often `patience` epochs have gone by without a loss lower than the lowest before them."""
    found, lowest, waited = 0, math.inf, 0
    for loss in losses:
        if loss < lowest * (1 - TOLERANCE):
            lowest, waited = loss, 0
        else:
            waited += 1
        if waited == patience:
            found, waited = found + 1, 0
    return found
