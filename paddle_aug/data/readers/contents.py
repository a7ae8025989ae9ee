"""What data without lists holds, by the names of its files, and the options that train on it."""

import posixpath
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from paddle_aug.data.image import SUFFIXES
from paddle_aug.data.readers.list_format import PART_NAMES, list_names

SHOWN = 4  # names


class Contents(NamedTuple):
    """What there is in words; the value of `--data` that reads it, "" if there is none, and the
    options to go with that."""

    what: str
    data: str = ""
    options: tuple[str, ...] = ()


def contents(names: Iterable[str], root: Path) -> Contents:
    """What the files of these names, with slashes, hold if they lie below `root`."""
    folders: dict[str, set[str]] = defaultdict(set)
    for name in names:
        folder, file = posixpath.split(name)
        if not any(part.startswith((".", "__MACOSX")) for part in name.split("/")):
            folders[folder].add(file)
    for folder in sorted(folders, key=lambda folder: (folder.count("/"), folder)):
        for group in list_names(folders[folder])[:1]:
            what = f"{' and '.join(group)} in {folder}" if folder else " and ".join(group)
            return Contents(what, str(root / folder), _holdout(len(group) == 1))

    pictured = [name for name, files in folders.items() if any(map(_is_image, files))]
    top = posixpath.commonpath(pictured) if pictured and "" not in pictured else ""
    if len(pictured) > 1 and top not in pictured:
        classes = sorted({posixpath.basename(name) for name in pictured})
        below = {posixpath.relpath(name, top or ".").split("/")[0].lower() for name in pictured}
        split = below & {*PART_NAMES["eval"], *PART_NAMES["test"]}
        what = f"{len(classes):,} folders of images ({shortened(classes)})"
        return Contents(what, f"folder:{root / top}", _holdout(not split))
    tables = [
        posixpath.join(folder, file)
        for folder, files in folders.items()
        for file in files
        if file.lower().endswith(".csv")
    ]
    if len(tables) == 1:
        return Contents(tables[0], f"csv:{root / tables[0]}", _holdout(True))
    return Contents(shortened(sorted({name.split("/")[0] for name in names})) or "nothing")


def _is_image(file: str) -> bool:
    return file.lower().endswith(SUFFIXES)


def _holdout(wanted: bool) -> tuple[str, ...]:
    return ("--holdout", "0.25") if wanted else ()


def shortened(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + ", …" * (len(names) > SHOWN)
