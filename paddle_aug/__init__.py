"""Image augmentation for people who train classifiers on few images with PaddlePaddle."""

# Before Paddle: once the GPU wheel 2.6.2 is there, zlib, and with it PNG, can no longer be loaded.
import zlib  # noqa: F401

__version__ = "0.1.0"


def __getattr__(name: str):
    # Networks need Paddle; augmenting, plotting and reporting do not, so Paddle is imported only
    # when a network is asked for.
    if name == "VGG":
        from paddle_aug.networks.vgg import VGG

        return VGG
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
