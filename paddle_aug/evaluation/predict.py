"""The probabilities that a trained network predicts for images."""

import glob
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from paddle.nn import functional as F

from paddle_aug.augment.modes import augmentation
from paddle_aug.config import TrainConfig
from paddle_aug.data.readers.folder import LOOP, NO_FILE, NO_IMAGE, images_below
from paddle_aug.data.samples import Sample
from paddle_aug.data.workers import Workers
from paddle_aug.errors import UserError
from paddle_aug.inputs import augmented
from paddle_aug.training.batches import Normalize, tensor_of
from paddle_aug.training.weights import Trained

# The epoch of the first draw for test-time augmentation. No training gets that far, so the network
# was trained on none of these draws.
FIRST_DRAW = 2**31
DEFAULT_DRAWS = 8


class Views:
    """Samples as a network sees them: as in evaluation, then under draws of an augmentation.

    The views of a sample do not depend on its list or its place there. `Workers` make them; their
    keys are (view, index).
    """

    def __init__(self, config: TrainConfig, samples: Sequence[Sample], mode: str, draws: int):
        self.config = replace(config, cache="off")
        self.samples = samples
        self.image_size = config.image_size
        self.mode = mode
        self.count = 1 + draws

    def keys(self, images: int) -> Iterator[list[tuple[int, int]]]:
        """All views of all samples; a batch has the views of `images` samples."""
        for start in range(0, len(self.samples), images):
            indices = range(start, min(start + images, len(self.samples)))
            yield [(view, index) for index in indices for view in range(self.count)]

    def fill(self, pixels: np.ndarray, keys: list[tuple[int, int]]) -> list[UserError | None]:
        """Write the views of a batch, [N, H, W, 3]; returns an error or None for each image."""
        wrong = []
        for start in range(0, len(keys), self.count):
            try:
                self._write(pixels[start : start + self.count], self.samples[keys[start][1]])
                wrong.append(None)
            except UserError as error:
                wrong.append(error)
        return wrong

    def _write(self, views: np.ndarray, sample: Sample) -> None:
        # A list of one, because a draw depends on the index in the list.
        plain, drawn = (augmented(self.config, [sample], mode) for mode in ("none", self.mode))
        image = plain.unchanged(0)
        views[0] = plain.augmented(image, (0, 0))
        for draw in range(self.count - 1):
            views[1 + draw] = drawn.augmented(image, (FIRST_DRAW + draw, 0))


def parse_tta(spec: str | None, draws: int | None) -> tuple[str, int]:
    """The augmentation of `--tta` and its number of draws.

    "hflip" is the mirrored image, once: half of its draws would be the image itself.

    Raises:
        UserError: there is no such augmentation, or the number is out of range.
    """
    if spec is None:
        if draws is not None:
            raise UserError("--tta-draws needs --tta, the augmentation to draw")
        return "none", 0
    if spec.strip() == "hflip":
        if draws is not None:
            raise UserError("--tta hflip adds the mirrored image, once; drop --tta-draws")
        return "hflip(1.0)", 1
    draws = DEFAULT_DRAWS if draws is None else draws
    if draws < 1:
        raise UserError(f"--tta-draws must be at least 1, not {draws}")
    augmentation(spec)
    return spec, draws


def predictions(
    trained: Trained,
    samples: Sequence[Sample],
    tta: tuple[str, int] = ("none", 0),
    batch_size: int = 32,
    processes: int = 0,
) -> Iterator[np.ndarray | UserError]:
    """For each sample in turn its probabilities, float64 [classes], or the error that it caused.

    Images are prepared as for evaluation in training. With `tta`, from `parse_tta`, the
    probabilities are the mean over the image and its draws; `batch_size` counts both.

    Raises:
        UserError: the network's outputs are not finite.
    """
    views = Views(trained.config, samples, *tta)
    images = max(1, batch_size // views.count)
    batches = -(-len(samples) // images)
    to_network = Normalize(trained.normalization)
    # A worker is of use from the second batch on.
    with Workers({"views": views}, min(processes, batches - 1), images * views.count) as workers:
        for pixels, wrong in workers.batches("views", views.keys(images)):
            logits = trained.logits(to_network(tensor_of(pixels)))
            probabilities = F.softmax(logits.astype("float64")).numpy()
            means = probabilities.reshape(len(wrong), views.count, -1).mean(axis=1)
            for error, mean in zip(wrong, means, strict=True):
                yield mean if error is None else error


class Images(NamedTuple):
    """The images to predict; `faults` name what is not there, `notes` what is passed over."""

    samples: list[Sample]
    faults: list[str]
    notes: list[str]


def find_images(arguments: list[str]) -> Images:
    """The images that files, folders and globs name, each once.

    A folder stands for the image files below it at any depth, sorted, without hidden ones; links
    are followed. A named file is taken whatever its name, even if it does not exist.

    Raises:
        UserError: a folder cannot be read.
    """
    paths: dict[str, None] = {}
    faults, notes = [], []
    for argument in arguments:
        literal = os.path.exists(argument) or not glob.has_magic(argument)
        matches = [argument] if literal else sorted(glob.glob(argument, recursive=True))
        images = []
        for match in matches:
            below, note = _below(match) if os.path.isdir(match) else ([match], "")
            images += below
            notes += [note] if note else []
        if not images:
            faults.append(f"{argument}: no image found")
        paths.update(dict.fromkeys(images))
    return Images([Sample(path, path, 0) for path in paths], faults, notes)


def _below(folder: str) -> tuple[list[str], str]:
    """The images in a folder, and a line on what else is there."""
    try:
        images, wrong = images_below(folder)
    except OSError as error:
        raise UserError(f"cannot read {error.filename}: {error.strerror}") from None
    broken = [path for path, reason in wrong if reason == NO_FILE]  # to be reported as missing
    others = [path for path, reason in wrong if reason == NO_IMAGE]
    loops = [path for path, reason in wrong if reason == LOOP]
    kinds = Counter(os.path.splitext(path)[1].lower() or "without a suffix" for path in others)
    passed = [f"{number:,} {kind}" for kind, number in sorted(kinds.items())]
    passed += [f"{path}, which {LOOP}" for path in loops]
    note = f"{folder}: passed over {', '.join(passed)}" if passed else ""
    return sorted([*images, *broken], key=os.path.split), note
