"""The ops: each is a Transform, a frozen dataclass whose fields say how strong it is.

>>> from paddle_aug import Chain, Maybe, ops
>>> aug = Chain(ops.HorizontalFlip(), Maybe(0.5, ops.Rotate(20)))

A number means "up to this much either way", a pair the range itself.
"""

from paddle_aug.augment.ops.affine import Affine
from paddle_aug.augment.ops.arithmetic import Add, Grayscale, Invert, LinearContrast, Multiply
from paddle_aug.augment.ops.blur import AverageBlur, GaussianBlur, MedianBlur
from paddle_aug.augment.ops.color import Brightness, Color, ColorJitter, Contrast, Hue, Sharpness
from paddle_aug.augment.ops.crop import Crop
from paddle_aug.augment.ops.dropout import CoarseDropout, Dropout
from paddle_aug.augment.ops.edges import DirectedEdgeDetect, EdgeDetect, Emboss, Sharpen
from paddle_aug.augment.ops.elastic import ElasticTransformation
from paddle_aug.augment.ops.erase import Cutout, GridMask, HideAndSeek, RandomErasing
from paddle_aug.augment.ops.geometry import (
    CenterCropResize,
    Flip,
    HorizontalFlip,
    RandomRotation,
    Rotate,
    VerticalFlip,
)
from paddle_aug.augment.ops.keras import ChannelShift, KerasAffine
from paddle_aug.augment.ops.levels import AutoContrast, Equalize, Posterize, Solarize
from paddle_aug.augment.ops.noise import AdditiveGaussianNoise, GaussianNoise
from paddle_aug.augment.ops.piecewise import PiecewiseAffine
from paddle_aug.augment.ops.policies import (
    AugMix,
    AutoAugment,
    RandAugment,
    ThreeAugment,
    TrivialAugmentWide,
)
from paddle_aug.augment.ops.resize import CenterCrop, RandomCrop, RandomResizedCrop, Resize
from paddle_aug.augment.ops.shear import ShearX, ShearY, TranslateX, TranslateY
from paddle_aug.augment.ops.superpixels import Superpixels

__all__ = [
    "Add",
    "AdditiveGaussianNoise",
    "Affine",
    "AugMix",
    "AutoAugment",
    "AutoContrast",
    "AverageBlur",
    "Brightness",
    "CenterCrop",
    "CenterCropResize",
    "ChannelShift",
    "CoarseDropout",
    "Color",
    "ColorJitter",
    "Contrast",
    "Crop",
    "Cutout",
    "DirectedEdgeDetect",
    "Dropout",
    "EdgeDetect",
    "ElasticTransformation",
    "Emboss",
    "Equalize",
    "Flip",
    "GaussianBlur",
    "GaussianNoise",
    "Grayscale",
    "GridMask",
    "HideAndSeek",
    "HorizontalFlip",
    "Hue",
    "Invert",
    "KerasAffine",
    "LinearContrast",
    "MedianBlur",
    "Multiply",
    "PiecewiseAffine",
    "Posterize",
    "RandAugment",
    "RandomCrop",
    "RandomErasing",
    "RandomResizedCrop",
    "RandomRotation",
    "Resize",
    "Rotate",
    "Sharpen",
    "Sharpness",
    "ShearX",
    "ShearY",
    "Solarize",
    "Superpixels",
    "ThreeAugment",
    "TranslateX",
    "TranslateY",
    "TrivialAugmentWide",
    "VerticalFlip",
]
