"""Image augmentation for people who train classifiers on few images with PaddlePaddle."""

# Before Paddle: after its GPU wheel 2.6.2, zlib, and with it PNG, can no longer be loaded.
import zlib  # noqa: F401
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paddle_aug.augment import ops
    from paddle_aug.augment.modes import AUGMENTATIONS, augmentation
    from paddle_aug.augment.transform import Chain, Maybe, OneOf, Shuffled, SomeOf, Transform
    from paddle_aug.config import make_config
    from paddle_aug.errors import UserError
    from paddle_aug.inputs import open_data
    from paddle_aug.networks import NETWORKS
    from paddle_aug.networks.vgg import VGG
    from paddle_aug.training.callbacks import Callback
    from paddle_aug.training.fit import fit
    from paddle_aug.training.mixing import MixCollate

__version__ = "0.1.0"

__all__ = [
    "AUGMENTATIONS",
    "NETWORKS",
    "VGG",
    "Callback",
    "Chain",
    "Maybe",
    "MixCollate",
    "OneOf",
    "Shuffled",
    "SomeOf",
    "Transform",
    "UserError",
    "augmentation",
    "fit",
    "make_config",
    "open_data",
    "ops",
]

# Where the names above are. Each is imported on first use, as only networks and training need
# Paddle, and OpenCV takes a while, too.
_TRANSFORM = ("Chain", "Maybe", "OneOf", "Shuffled", "SomeOf", "Transform")
_MODULES = {
    **dict.fromkeys(_TRANSFORM, "augment.transform"),
    "AUGMENTATIONS": "augment.modes",
    "Callback": "training.callbacks",
    "MixCollate": "training.mixing",
    "NETWORKS": "networks",
    "UserError": "errors",
    "VGG": "networks.vgg",
    "augmentation": "augment.modes",
    "fit": "training.fit",
    "make_config": "config",
    "open_data": "inputs",
    "ops": "augment",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # As `from module import name`, which imports `ops`, itself a module, too.
    return getattr(__import__(f"{__name__}.{_MODULES[name]}", fromlist=[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
