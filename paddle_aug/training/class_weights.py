"""Weights of the classes in the loss."""

import math
import re
from pathlib import Path

import numpy as np

from paddle_aug.config import TrainConfig
from paddle_aug.data.dataset import Dataset
from paddle_aug.data.faults import report
from paddle_aug.data.readers.list_format import BETWEEN, read_lines
from paddle_aug.data.samples import Fault
from paddle_aug.names import near_miss

LINE = re.compile(rf"(?P<name>.*?\S){BETWEEN}(?P<weight>\S+)")


def class_weights(config: TrainConfig, data: Dataset) -> np.ndarray | None:
    """The weight of each class, float32 [classes]; None if all weigh the same.

    They are scaled to a mean of 1 over the images that an epoch draws, so that the learning rate
    means the same as without them. "balanced" is n / (classes × images of the class), as in
    scikit-learn; a class without training images weighs 0.

    Raises:
        UserError: all faults of the file.
    """
    if config.class_weights == "none":
        return None
    images = np.bincount([sample.label for sample in data.train], minlength=data.num_classes)
    if config.class_weights == "balanced":
        weights = np.where(images, 1 / np.maximum(images, 1), 0)
    else:
        weights = np.array(read_weights(Path(config.class_weights), data.class_names))
    drawn = images > 0 if config.sampler == "balanced" else images
    return (weights * drawn.sum() / (weights @ drawn)).astype(np.float32)


def read_weights(file: Path, class_names: list[str]) -> list[float]:
    """The weights of these classes in a file of `name weight` lines, one for each class. Blanks, a
    comma, a semicolon or a colon may stand between name and weight.

    Raises:
        UserError: all faults of the file.
    """
    lines, faults = read_lines(file, str(file))
    weights: dict[str, float] = {}
    for line, text in lines:
        if not text.strip():
            continue
        match = LINE.fullmatch(text.strip())
        name, weight = (match["name"], positive(match["weight"])) if match else (text, None)
        if weight is None:
            reason = f'{text.strip()!r} is not "name weight" with a weight above 0'
        elif name not in class_names:
            reason = f"no class named {name!r}; {near_miss(name, class_names)}"
        elif name in weights:
            reason = f"class {name!r} has a weight already"
        else:
            weights[name] = weight
            continue
        faults.append(Fault(str(file), line, reason))
    for name in dict.fromkeys(class_names):
        if name not in weights and not faults:
            faults.append(Fault(str(file), 0, f"no weight for class {name!r}"))
    report(faults, [str(file)])
    return [weights[name] for name in class_names]


def positive(text: str) -> float | None:
    """A number above 0; None for any other text."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 < number < math.inf else None
