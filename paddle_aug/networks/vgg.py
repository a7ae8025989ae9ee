"""VGG (Simonyan and Zisserman, arXiv 1409.1556), in the form in which the notebook trains it."""

from functools import partial
from typing import Any

import paddle
from paddle import nn

# (number of 3×3 convolutions, their channels) of each block.
VGG11 = ((1, 64), (1, 128), (2, 256), (2, 512), (2, 512))
VGG13 = ((2, 64), (2, 128), (2, 256), (2, 512), (2, 512))
VGG16 = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
VGG19 = ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512))
BEHIND_DROPOUT = ("classifier.3.weight", "classifier.6.weight")  # without batch normalisation
THIN = ((1, 16), (1, 32), (1, 64), (1, 128))  # a 64 px image in 6 ms of one CPU core

Weights = dict[str, paddle.Tensor]  # by name


class VGG(nn.Sequential):
    """Blocks of 3×3 convolutions with ReLU, each halved by max pooling, then three dense layers.

    Takes float32 images [N, 3, image_size, image_size] and returns logits [N, num_classes].
    Dropout keeps the notebook's form, which scales at inference time instead of in training.
    `batch_norm` normalises after each convolution and after each hidden dense layer, which then
    have no bias: it would change nothing, and takes a third of the time on a CPU. Without it, at
    224 pixels, parameters have the names and shapes of paddle.vision's VGG; `from_upscaled` and
    `to_upscaled` convert the weights of one to those of the other.

    Raises:
        ValueError: the images are too small.
    """

    def __init__(
        self,
        num_classes: int = 16,
        conv_arch: tuple[tuple[int, int], ...] = VGG16,
        image_size: int = 224,
        hidden: int = 4096,
        dropout: float = 0.5,
        batch_norm: bool = False,
    ):
        side = image_size >> len(conv_arch)
        if side < 1:
            raise ValueError(f"{len(conv_arch)} blocks need images of {2 ** len(conv_arch)} pixels")
        bias = False if batch_norm else None  # None: zeros at first
        layers: list[nn.Layer] = []
        channels = 3
        for convolutions, width in conv_arch:
            for _ in range(convolutions):
                layers.append(nn.Conv2D(channels, width, 3, padding=1, bias_attr=bias))
                layers += [nn.BatchNorm2D(width)] if batch_norm else []
                layers.append(nn.ReLU())
                channels = width
            layers.append(nn.MaxPool2D(2, stride=2))
        dense: list[nn.Layer] = []
        width = channels * side * side
        for _ in range(2):
            dense.append(nn.Linear(width, hidden, bias_attr=bias))
            dense += [nn.BatchNorm1D(hidden)] if batch_norm else []
            dense += [nn.ReLU(), nn.Dropout(dropout, mode="downscale_in_infer")]
            width = hidden
        super().__init__(
            ("features", nn.Sequential(*layers)),
            ("flatten", nn.Flatten()),
            ("classifier", nn.Sequential(*dense, nn.Linear(hidden, num_classes))),
        )
        self.heads = (f"classifier.{len(dense)}",)
        self.dropout = dropout


def from_upscaled(weights: Weights) -> Weights:
    """Weights of a VGG whose dropout scales in training, such as paddle.vision's, for one of ours.

    Ours sends half as much into the two dense layers behind a dropout, in training and at inference
    alike, so their weights (not their biases) are doubled; all else stays. For networks without
    batch normalisation.
    """
    return {name: 2 * w if name in BEHIND_DROPOUT else w for name, w in weights.items()}


def to_upscaled(weights: Weights) -> Weights:
    """Weights of one of our VGGs for paddle.vision's: the inverse of `from_upscaled`."""
    return {name: 0.5 * w if name in BEHIND_DROPOUT else w for name, w in weights.items()}


def without_biases(weights: Weights) -> Weights:
    """Weights without the biases that layers before a batch normalisation had in version 0.1.0: its
    mean is then lower by as much, and the output the same."""
    weights = dict(weights)
    for mean in [name for name in weights if name.endswith("._mean")]:
        part, number, _ = mean.rsplit(".", 2)
        bias = weights.pop(f"{part}.{int(number) - 1}.bias", None)
        if bias is not None:
            weights[mean] = weights[mean] - bias
    return weights


def make(num_classes: int, image_size: int, **form: Any) -> VGG:
    """A VGG of this form, by the arguments that every network takes first."""
    return VGG(num_classes, image_size=image_size, **form)


# Configurations A, B, D and E of the paper (D is the notebook's network), and two for CPUs. Batch
# normalisation takes the place of dropout, under which a thin VGG learns strong augmentation late.
VGGS = {
    "vgg11": partial(make, conv_arch=VGG11),
    "vgg13": partial(make, conv_arch=VGG13),
    "vgg16": partial(make, conv_arch=VGG16),
    "vgg19": partial(make, conv_arch=VGG19),
    "vgg_thin": partial(make, conv_arch=THIN, hidden=256),
    "vgg_thin_bn": partial(make, conv_arch=THIN, hidden=256, dropout=0.0, batch_norm=True),
}
