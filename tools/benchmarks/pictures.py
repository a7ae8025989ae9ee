"""The photos and lists to measure on: the user's, else the test data's, else the drawn sample."""

import os
import sys
from pathlib import Path

import numpy as np

from paddle_aug.data.image import read_image
from paddle_aug.data.readers.drawn_sample import draw_sample
from paddle_aug.errors import UserError

PICTURES = 32
SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}


def find_files(folder: Path | None, room: Path) -> tuple[list[Path], str]:
    """The photos below a folder, and the name of their source."""
    source = f"{folder.name}/" if folder else "photos16"
    data = os.environ.get("PADDLE_AUG_TEST_DATA")
    if folder is None and data:
        folder = Path(data) / "photos16" / "Images"
    elif folder is None:
        source = "the drawn sample (no --images, and PADDLE_AUG_TEST_DATA is not set)"
        draw_sample(room / "sample")
        folder = room / "sample" / "Images"
    photos = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    if not photos:
        raise UserError(f"{folder}: no pictures in there; give a folder of photos with --images")
    return photos, source


def find_pictures(folder: Path | None, room: Path) -> tuple[list[np.ndarray], str]:
    """A few photos, evenly spread over a folder, and their number and source in words."""
    photos, source = find_files(folder, room)
    chosen = np.linspace(0, len(photos) - 1, min(PICTURES, len(photos))).round().astype(int)
    about = f"{len(chosen)} of {source}"
    print(f"{len(chosen)} pictures of {source}", file=sys.stderr)
    return [read_image(photos[index]) for index in chosen], about


def lists_of(folder: Path | None, room: Path) -> Path:
    """The folder with lists that was named, else that of the drawn sample."""
    if folder is None:
        folder = room / "sample"
        draw_sample(folder)
    return folder
