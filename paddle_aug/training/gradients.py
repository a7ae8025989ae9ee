"""The gradients of a step, of one batch or of several that are accumulated."""

from contextlib import nullcontext

import paddle
from paddle.nn import functional as F

from paddle_aug.config import TrainConfig
from paddle_aug.training.batches import joined
from paddle_aug.training.distributed import Group
from paddle_aug.training.state import Run

# The weight of each auxiliary classifier's loss in GoogLeNet's paper (arXiv 1409.4842).
AUXILIARY = 0.3


def add_gradients(
    run: Run, network: paddle.nn.Layer, inputs: paddle.Tensor, targets: paddle.Tensor, total: int
) -> paddle.Tensor:
    """Add up the gradients of this process's part of a batch of `total` images; return its logits.

    The part goes through the network in as many micro-batches as the config accumulates. The
    gradients are those of the mean over the whole batch: each micro-batch weighs by its images.
    """
    config, group = run.config, run.group
    starts = micro_batches(config, group, len(inputs), total)
    all_logits = []
    for start, end in zip(starts, [*starts[1:], len(inputs)], strict=True):
        batch, expected = inputs[start:end], targets[start:end]
        with group.no_sync(network) if end < len(inputs) else nullcontext():
            with paddle.amp.auto_cast(enable=config.amp):
                logits, *auxiliary = as_list(network(batch))
                loss = sum(
                    (AUXILIARY * smoothed_loss(run, other, expected) for other in auxiliary),
                    smoothed_loss(run, logits, expected),
                )
                # Gradients are averaged over processes, whose parts may differ by an image.
                loss = loss * (len(batch) * group.size / total)
            run.scaler.scale(loss).backward()
        all_logits.append(logits.detach())
    return joined(all_logits)


def micro_batches(config: TrainConfig, group: Group, part: int, total: int) -> list[int]:
    """Where the micro-batches begin in a process's `part` of a batch of `total` images.

    Every process has the same number of micro-batches, as they wait for each other. A short last
    batch has fewer. Micro-batches of two or more images never shrink to one.
    """
    images = group.max_part(config.micro_batch)
    most = min(config.accumulate, -(-group.max_part(total) // images))
    count = max(1, min(most, total // group.size // min(2, images)))
    return [number * part // count for number in range(count)]


def as_list(outputs: paddle.Tensor | tuple) -> list[paddle.Tensor]:
    """A network's logits, followed by those of its auxiliary classifiers, if any."""
    return list(outputs) if isinstance(outputs, tuple | list) else [outputs]


def smoothed_loss(run: Run, logits: paddle.Tensor, targets: paddle.Tensor) -> paddle.Tensor:
    """The mean cross entropy that training minimises, with label smoothing and class weights.

    An image weighs as much as the classes of its target, each by its share, and the mean divides by
    the number of images, not by their weights: so the parts of a batch add up to the whole.
    """
    smoothing = run.config.label_smoothing
    losses = F.cross_entropy(
        logits, targets, soft_label=True, label_smoothing=smoothing, reduction="none"
    )
    if run.class_weights is not None:
        losses = losses * (targets * run.class_weights).sum(axis=1, keepdim=True)
    return losses.mean()
