"""Where a network sees a class: Grad-CAM (Selvaraju et al., arXiv 1610.02391)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import paddle
from paddle import nn

from paddle_aug.data.samples import Sample
from paddle_aug.evaluation.evaluate import Heatmaps
from paddle_aug.inputs import augmented
from paddle_aug.training.batches import Normalize, tensor_of
from paddle_aug.training.weights import Trained


def heatmaps(
    trained: Trained, samples: Sequence[Sample], labels: Sequence[Iterable[int]]
) -> list[Heatmaps]:
    """For each sample the image that the network gets, and a map for each of its `labels`."""
    prepared = augmented(replace(trained.config, cache="off"), samples, "none")
    normalize = Normalize(trained.normalization)
    images = [prepared[0, index][0] for index in range(len(samples))]
    return [
        Heatmaps(image, grad_cam(trained.network, normalize(tensor_of(image[None])), wanted))
        for image, wanted in zip(images, labels, strict=True)
    ]


def grad_cam(
    network: nn.Layer, inputs: paddle.Tensor, labels: Iterable[int]
) -> dict[int, np.ndarray]:
    """What in the last feature map of one image, [1, 3, H, W], raises the logit of each label.

    Returns maps of at least 0, float32 [h, w]: the channels weighted by the mean of their gradient,
    and summed. `h` and `w` are those of the last map that has more than one pixel. The network must
    be in eval mode; its parameters may be frozen.
    """
    last: list[paddle.Tensor] = []

    def keep(layer, inputs, output):
        if not isinstance(output, paddle.Tensor) or output.ndim != 4:
            return None
        if output.shape[2] * output.shape[3] == 1:  # pooled: no longer a map
            return None
        # The gradient with respect to a map needs none before it, and no parameter's.
        output = output.detach()
        output.stop_gradient = False
        last[:] = [output]
        return output

    hooks = [layer.register_forward_post_hook(keep) for layer in network.sublayers()]
    try:
        logits = network(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    maps = {}
    for label in labels:
        (gradient,) = paddle.grad(logits[0, label], last, retain_graph=True)
        # In float64, as hundreds of terms cancel each other.
        weights = gradient[0].numpy().mean(axis=(1, 2), dtype=np.float64)
        heat = np.tensordot(weights, last[0][0].numpy(), axes=1)
        maps[label] = np.maximum(heat, 0).astype(np.float32)
    return maps
