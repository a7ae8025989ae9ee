"""Copies of images in a folder for each class, as a network predicts them."""

import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from paddle_aug.errors import UserError, writing
from paddle_aug.system.files import folder_names, make_folder, refuse_unwritable

UNKNOWN = "none of these"  # the folder of images that get no class


def refuse_existing(folder: Path) -> None:
    """Stop if the folder cannot be made. An empty one is removed, to be made anew.

    Raises:
        UserError: it exists and is not empty, or the place cannot be written to.
    """
    option = f"--sort-into {folder}"
    with writing(f"to {option}"):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    if os.path.lexists(folder):
        raise UserError(f"{option} exists and is not an empty folder; name a new one")
    refuse_unwritable(folder.parent, "--sort-into: the folder")


def sort_images(
    folder: Path, class_names: Sequence[str], predicted: Iterable[tuple[str, int | None]]
) -> dict[str, int]:
    """Copy files into `folder`, below it the folder of their class, or that of `UNKNOWN`.

    `predicted` has the path and the label of each file; None is no class. The second of two files
    of one name gets a number: photo-2.jpg. All copies appear at once, or none.

    Returns the number of files in each folder below `folder`.

    Raises:
        UserError: a file cannot be copied, or the folder exists.
    """
    folders = folder_names([*class_names, UNKNOWN])
    counts: dict[str, int] = {}

    def fill(part: Path) -> None:
        taken: set[tuple[str, str]] = set()
        for path, label in predicted:
            name = folders[-1 if label is None else label]
            (part / name).mkdir(exist_ok=True)
            shutil.copy2(path, part / name / free_name(os.path.basename(path), name, taken))
            counts[name] = counts.get(name, 0) + 1

    with writing(f"to --sort-into {folder}"):
        if not make_folder(folder, fill):
            raise UserError(f"--sort-into {folder} has appeared in the meantime; name a new one")
    return counts


def free_name(name: str, folder: str, taken: set[tuple[str, str]]) -> str:
    """The name, with a number if the folder has it already; some systems ignore its case."""
    stem, suffix = os.path.splitext(name)
    free, number = name, 1
    while (folder, free.casefold()) in taken:
        number += 1
        free = f"{stem}-{number}{suffix}"
    taken.add((folder, free.casefold()))
    return free
