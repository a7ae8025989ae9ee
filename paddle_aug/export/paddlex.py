"""inference.yml, by which `create_model` of PaddleX 3 opens an exported model.

PaddleX decodes with OpenCV, prepares as the file says, and takes the outputs for probabilities.
"""

from pathlib import Path

import yaml

from paddle_aug.config import TrainConfig
from paddle_aug.data.normalize import Normalization
from paddle_aug.system.files import set_aside, write_bytes

FILE = "inference.yml"
# PaddleX opens models by the names of its own. This one stands for any classifier: it chooses the
# predictor, and the network is that of the folder.
NAME = "ResNet18"
HEAD = "# Written by paddle_aug export-model.\n"
INTERPOLATIONS = {"linear": "LINEAR", "area": "AREA"}  # both by OpenCV


def obstacle(
    config: TrainConfig, normalization: Normalization, with_normalization: bool, softmax: bool
) -> str | None:
    """What PaddleX cannot do for this model, as words; None if it can open it."""
    if not softmax:
        return "it takes logits for probabilities; drop --no-softmax"
    if with_normalization:
        return "it normalizes images itself; drop --with-normalization"
    if normalization.per_image:
        return "it does not know --normalize image"
    if not config.stretch:
        return f"it does not crop as --eval-transform {config.eval_transform} does"
    return None


def write(
    path: Path, config: TrainConfig, normalization: Normalization, class_names: list[str]
) -> None:
    """Write inference.yml for a model without an obstacle."""
    resize = {
        "size": config.image_size,
        "interpolation": INTERPOLATIONS[config.interpolation],
        "backend": "cv2",
    }
    normalize = {
        "scale": 1 / 255,
        "mean": [float(value) for value in normalization.mean],
        "std": [float(value) for value in normalization.std],
    }
    steps = [{"ResizeImage": resize}, {"NormalizeImage": normalize}, {"ToCHWImage": None}]
    topk = {"topk": min(5, len(class_names)), "label_list": class_names}
    content = {
        "Global": {"model_name": NAME},
        "PreProcess": {"transform_ops": steps},
        "PostProcess": {"Topk": topk},
    }
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    write_bytes(path, f"{HEAD}{text}".encode())


def set_other_aside(path: Path) -> Path | None:
    """Move an inference.yml that was not written here out of the way; returns its new folder."""
    if path.exists() and not path.read_bytes().startswith(HEAD.encode()):
        return set_aside([path])
    return None
