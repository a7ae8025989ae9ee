"""Folders that name the classes of the images in them, as torchvision's ImageFolder reads them.

`train/<class>/<image>`, the same below `val` and `test`, or just `<class>/<image>`.
"""

import logging
import os
from contextlib import suppress
from pathlib import Path

from paddle_aug.data.image import SUFFIXES
from paddle_aug.data.readers.list_format import PART_NAMES, part_of
from paddle_aug.data.samples import Fault, Found, Sample
from paddle_aug.errors import UserError
from paddle_aug.results.text import listed, shortened
from paddle_aug.system.program import again

logger = logging.getLogger(__name__)

NO_IMAGE = "does not have the name of an image; move it elsewhere"
NO_FILE = "is not a file (perhaps a broken link)"
LOOP = "is a link to a folder that holds it"
# What systems leave behind, besides files whose names begin with a dot.
HIDDEN = {"Thumbs.db", "desktop.ini", "__MACOSX"}


def read_folder(folder: Path) -> Found:
    """Read `train`, `val` and `test` (or `seg_train`, …) below the folder, or else class folders.

    Without `val`, `test` is to evaluate on. A `test` without class folders, as competitions publish
    it, is left out.

    A folder that holds only a folder of the same name, as in `flowers/flowers`, counts once.
    Classes are sorted, and so are their images, at any depth. Links are followed wherever they
    lead. Hidden files are skipped; any other file in a class folder without the name of an image is
    a fault, since it may be meant as one.

    Raises:
        UserError: there are not two classes, or it is not clear which folder is which.
    """
    if not folder.is_dir():
        raise UserError(f"no folder {folder}; --data folder:PATH takes a folder of class folders")
    try:
        return _read(folder)
    except OSError as error:
        raise UserError(f"cannot read {error.filename}: {error.strerror}") from None


def _read(folder: Path) -> Found:
    top = _undoubled(folder)
    roots = _parts(top, folder)
    if not roots:
        roots = [top]
        _suggest_parts(folder)
    folders = [_folders(root) for root in roots]
    class_names = sorted({name for names in folders for name in names})
    if len(class_names) < 2:
        raise UserError(_too_few_classes(folder, roots[0]))
    reasons = [
        f"the name of the class folder {name!r} is not UTF-8; rename it"
        for name in class_names
        if name != name.encode(errors="replace").decode()
    ]
    parts: list[list[Sample]] = []
    for root, names in zip(roots, folders, strict=True):
        missing = [name for name in class_names if name not in names]
        reasons += [f"{root.name} has no folder for the class {name!r}" for name in missing]
        samples, wrong = _samples(folder, root, names, class_names)
        parts.append(samples)
        reasons += wrong
    name = folder.resolve().name
    faults = [Fault(name, 0, reason) for reason in reasons]
    train, eval_, test = [*parts, [], []][:3]
    return Found(name, train, eval_, class_names, (name,) * 3, faults, root=folder, test=test)


def _too_few_classes(folder: Path, root: Path) -> str:
    """The message on a folder without two class folders, with the level that has them, if any."""
    names = _folders(root)
    held = f"one class folder only, {names[0]}" if names else "no class folder"
    message = f"{root} holds {held}; want <class>/<image>, for two classes or more"
    level = root
    while len(names) == 1 and len(level.parts) < len(root.parts) + 5:
        level = level / names[0]
        names = _folders(level)
    if not names and level == root and _images_in(root):
        level, names = _beside(root)
    if level == root or len(names) < 2:
        return message
    command = again(instead_of=folder, data=level)
    return f"{message}; perhaps you mean {level}, which holds {shortened(names, 3)}: {command}"


def _undoubled(folder: Path) -> Path:
    """The folder, or the only one in it if that has the same name, as unpacked archives do."""
    name = folder.resolve().name
    return folder / name if _folders(folder) == [name] else folder


def _parts(folder: Path, given: Path) -> list[Path]:
    """The folders to train, evaluate and test on that are there; none if the folder holds classes.

    A part has a part's name and class folders in it. `given` is the folder as the user named it.
    """
    names = _folders(folder)
    if not any(map(part_of, names)):
        return []
    roots = {name: _undoubled(folder / name) for name in names}
    parts: dict[str, str] = {}  # the names of the folders
    for part, known in PART_NAMES.items():
        names = [name for name in roots if part_of(name) == part and _folders(roots[name])]
        # "test" comes before "test_old".
        names = [name for name in names if name.lower() in known] or names
        if len(names) > 1:
            raise UserError(f"{folder} holds {listed(names)}; keep one of them there")
        parts.update(dict.fromkeys(names, part))
    others = [name for name in roots if name not in parts and images_below(roots[name])[0]]
    if not parts:
        others.sort(key=lambda name: part_of(name) != "train")
        if len(others) > 1 and all(map(part_of, others)):
            raise UserError(
                f"{folder}: {listed(others)} name parts of a data set, but hold images and no "
                f"class folders; want {others[0]}/<class>/<image>, or lists of path and label"
            )
        return []
    train = next(iter(parts))
    if parts[train] != "train":
        raise UserError(f"{folder} holds {train}, but no train beside it")
    if len(parts) == 1 and any(part_of(name) != "test" for name in others):
        raise UserError(
            f"{folder} holds {listed(others)} beside {train}, which has class folders of its own; "
            f"to take {train} alone: {again(instead_of=given, data=roots[train])}"
        )
    if others:
        logger.info(f"{folder}: {listed(others)} beside {listed(list(parts))} left out")
    return [roots[name] for name in parts]


def _suggest_parts(folder: Path) -> None:
    """Say that the other part of the data lies beside a folder that is named as a part."""
    own = folder.resolve().name
    parent, names = _beside(folder)
    names = [name for name in names if part_of(own) and part_of(name) and name != own]
    with suppress(OSError):
        if parts := [name for name in names if _folders(parent / name)]:
            command = again(instead_of=folder, data=parent)
            logger.info(f"{folder} is read without {listed(parts)} beside it; with: {command}")


def _beside(folder: Path) -> tuple[Path, list[str]]:
    """The folder above, and the folders in it, unless they may not be listed."""
    parent = Path(os.path.abspath(folder)).parent
    with suppress(OSError):
        return parent, _folders(parent)
    return parent, []


def _images_in(folder: Path) -> list[str]:
    """The images right in a folder."""
    return [
        entry.path
        for entry in _visible(folder)
        if entry.name.lower().endswith(SUFFIXES) and not entry.is_dir()
    ]


def _visible(folder: Path | str) -> list[os.DirEntry]:
    with os.scandir(folder) as entries:
        return [e for e in entries if not e.name.startswith(".") and e.name not in HIDDEN]


def _folders(folder: Path) -> list[str]:
    return sorted(entry.name for entry in _visible(folder) if entry.is_dir())


def _samples(
    folder: Path, root: Path, names: list[str], class_names: list[str]
) -> tuple[list[Sample], list[str]]:
    """The images of one part, and its faults."""
    samples = []
    reasons = [
        f"{_below(folder, path)} is an image outside the class folders" for path in _images_in(root)
    ]
    for name in names:
        _refuse_levels_inside(folder, root / name, names)
        images, wrong = images_below(root / name)
        if not images and not wrong:
            reasons.append(f"{_below(folder, root / name)} holds no image")
        reasons += [f"{_below(folder, path)} {reason}" for path, reason in wrong]
        label = class_names.index(name)
        samples += [Sample(path, _below(folder, path), label) for path in images]
    return samples, reasons


def _refuse_levels_inside(folder: Path, class_folder: Path, names: list[str]) -> None:
    """Refuse a class folder with parts in it, or with a copy of all the classes."""
    inside = _folders(class_folder)
    parts = [name for name in inside if any(name.lower() in known for known in PART_NAMES.values())]
    if len(parts) > 1:
        raise UserError(
            f"{class_folder} holds {listed(parts)}, parts of a data set inside a class; "
            f"want {parts[0]}/{class_folder.name}/<image>"
        )
    classes = [name for name in inside if name in names]
    if len(classes) > 1:
        raise UserError(
            f"{class_folder} holds {listed(classes[:2])}, which are also classes beside it; "
            f"move it elsewhere, or take it alone: {again(instead_of=folder, data=class_folder)}"
        )


def images_below(folder: Path | str) -> tuple[list[str], list[tuple[str, str]]]:
    """The images at any depth, in the order of `sorted(os.walk(folder))`, and the faults."""
    images, wrong = [], []
    real = Path(os.path.realpath(folder))
    open_: list[tuple[Path | str, set[str]]] = [(folder, {str(real), *map(str, real.parents)})]
    while open_:
        at, above = open_.pop()
        for entry in _visible(at):
            if entry.is_dir():
                real = os.path.realpath(entry.path)
                if real in above:
                    wrong.append((entry.path, LOOP))
                else:
                    open_.append((entry.path, above | {real}))
            elif not entry.name.lower().endswith(SUFFIXES):
                wrong.append((entry.path, NO_IMAGE))
            elif not entry.is_file():
                wrong.append((entry.path, NO_FILE))
            else:
                images.append(entry.path)
    return sorted(images, key=os.path.split), wrong


def _below(folder: Path, path: Path | str) -> str:
    return Path(path).relative_to(folder).as_posix()
