"""What data without lists holds, by the names of its files, and the options that train on it."""

import posixpath
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from paddle_aug.data.image import SUFFIXES
from paddle_aug.data.readers.list_format import list_names, part_of
from paddle_aug.results.text import listed, shortened


def contents(names: Iterable[str], root: Path) -> tuple[str, list[str]]:
    """What the files of these names, with slashes, hold if they lie below `root`: in words, and the
    options that train on it, if any do."""
    folders: dict[str, set[str]] = defaultdict(set)
    for name in names:
        if not any(part.startswith((".", "__MACOSX")) for part in name.split("/")):
            folder, file = posixpath.split(name)
            folders[folder].add(file)
    for folder in sorted(folders, key=lambda folder: (folder.count("/"), folder)):
        for group in list_names(folders[folder])[:1]:
            place = f" in {folder}" if folder else ""
            return f"{listed(group)}{place}", _options(root / folder, whole=len(group) == 1)

    pictured = [
        folder for folder, files in folders.items()
        if any(file.lower().endswith(SUFFIXES) for file in files)
    ]  # fmt: skip
    top = posixpath.commonpath(pictured) if pictured and "" not in pictured else ""
    if len(pictured) > 1 and top not in pictured:
        classes = sorted({posixpath.basename(name) for name in pictured})
        parts = {part_of(posixpath.relpath(name, top or ".").split("/")[0]) for name in pictured}
        what = f"{len(classes):,} folders of images ({shortened(classes)})"
        return what, _options(f"folder:{root / top}", whole=not parts & {"eval", "test"})
    tables = [
        posixpath.join(folder, file)
        for folder, files in folders.items()
        for file in files
        if file.lower().endswith(".csv")
    ]
    if len(tables) == 1:
        return tables[0], _options(f"csv:{root / tables[0]}", whole=True)
    return shortened(sorted({name.split("/")[0] for name in names})) or "nothing", []


def _options(data: Path | str, whole: bool) -> list[str]:
    """The options that train on data; `whole` if there is nothing to evaluate on."""
    return ["--data", str(data), *(["--holdout", "0.25"] if whole else [])]
