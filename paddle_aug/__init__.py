"""Image augmentation for people who train classifiers on few images with PaddlePaddle."""

# Before Paddle: after its GPU wheel 2.6.2, zlib, and with it PNG, can no longer be loaded.
import zlib  # noqa: F401

__version__ = "0.1.0"


def __getattr__(name: str):
    # Only networks need Paddle; it is imported when one is used.
    if name == "VGG":
        from paddle_aug.networks.vgg import VGG

        return VGG
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
