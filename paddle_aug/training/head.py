"""The head alone, trained before the other layers, so that they do not follow its first, random
gradients (Kumar et al., arXiv 2202.10054)."""

import math

import paddle
from paddle import nn
from paddle.nn import functional as F

from paddle_aug.data.augmented import balanced_order
from paddle_aug.rng import generator
from paddle_aug.training.batches import Batches, tensor_of
from paddle_aug.training.frozen import Way
from paddle_aug.training.state import Run

# As in the recipe probe.
BATCH_SIZE = 64
LEARNING_RATE = 1e-2  # of AdamW, falling to 0 by a cosine
WEIGHT_DECAY = 0.1


def fit_head(run: Run, way: Way, head: nn.Linear, batches: Batches) -> None:
    """Train the network's last layer, `head`, on its inputs for unaugmented images, with the run's
    sampler and class weights.

    `batches` are all training images, in one process.
    """
    way.network.eval()
    features, labels = [], []
    hook = head.register_forward_pre_hook(lambda _, inputs: features.append(inputs[0]))
    with paddle.no_grad():
        for images, of_batch, _ in batches.of(0):
            way.network(way.prepare(images))
            labels.append(of_batch)
    hook.remove()
    features, labels = paddle.concat(features), paddle.concat(labels)
    with paddle.utils.unique_name.guard():  # the names of the training's own optimizer stay
        optimizer = paddle.optimizer.AdamW(
            LEARNING_RATE, parameters=head.parameters(), weight_decay=WEIGHT_DECAY
        )
        starts = range(0, len(labels), BATCH_SIZE)
        epochs = run.config.head_epochs
        for epoch in range(epochs):
            rng = generator(batches.seed, "head", epoch)
            if run.config.sampler == "balanced":
                order = balanced_order(labels.numpy(), rng)
            else:
                order = rng.permutation(len(labels))
            for step, start in enumerate(starts):
                chosen = tensor_of(order[start : start + BATCH_SIZE])
                share = (epoch + step / len(starts)) / epochs
                optimizer.set_lr(LEARNING_RATE * (1 + math.cos(math.pi * share)) / 2)
                losses = F.cross_entropy(head(features[chosen]), labels[chosen], reduction="none")
                if run.class_weights is not None:
                    losses = losses * run.class_weights[labels[chosen]].reshape(losses.shape)
                losses.mean().backward()
                optimizer.step()
                optimizer.clear_grad()
