"""Folders that name the classes of the images in them, as torchvision's ImageFolder reads them.

`train/<class>/<image>` and `test/<class>/<image>`, or just `<class>/<image>`.
"""

import os
from pathlib import Path

from paddle_aug.data.image import SUFFIXES
from paddle_aug.data.readers.list_format import EVAL_NAMES, TRAIN_NAMES
from paddle_aug.data.samples import Fault, Found, Sample
from paddle_aug.errors import UserError

# What systems leave behind; all that begins with a dot is hidden besides.
HIDDEN = {"Thumbs.db", "desktop.ini", "__MACOSX"}


def read_folder(folder: Path) -> Found:
    """Read `train` and `test` (or `val`, …, in any case) below the folder, or else class folders.

    Classes are sorted, and so are their images, at any depth. Links are followed wherever they
    lead. Hidden files are skipped; any other file in a class folder without the name of an image is
    a fault, since it may be meant as one.

    Raises:
        UserError: there are not two classes, or it is not clear which folder is which.
    """
    if not folder.is_dir():
        raise UserError(f"no folder {folder}; --data folder:PATH names it")
    try:
        return _read(folder)
    except OSError as error:
        raise UserError(f"cannot read {error.filename}: {error.strerror}") from None


def _read(folder: Path) -> Found:
    roots = _parts(folder) or [folder]
    folders = [_folders(root) for root in roots]
    class_names = sorted({name for names in folders for name in names})
    if len(class_names) < 2:
        held = f"one class folder only, {class_names[0]}" if class_names else "no class folder"
        raise UserError(f"{roots[0]} holds {held}; want <class>/<image>, for two classes or more")
    name = folder.resolve().name
    reasons = [
        f"{root.name} has no folder for the class {missing!r}"
        for root, names in zip(roots, folders, strict=True)
        for missing in class_names
        if missing not in names
    ]
    reasons += [
        f"the name of the class folder {name!r} is not UTF-8; rename it"
        for name in class_names
        if name != name.encode(errors="replace").decode()
    ]
    lists: list[list[Sample]] = []
    for root, names in zip(roots, folders, strict=True):
        samples, wrong = _samples(folder, root, names, class_names)
        lists.append(samples)
        reasons += wrong
    faults = [Fault(name, 0, reason) for reason in reasons]
    train, eval_ = [*lists, []][:2]
    return Found(name, train, eval_, class_names, (name, name), faults, root=folder)


def _parts(folder: Path) -> list[Path]:
    """The folders of train and eval, or of train alone; none if the folder holds classes."""
    names = _folders(folder)
    train, evals = (
        [name for name in names if name.lower() in known] for known in (TRAIN_NAMES, EVAL_NAMES)
    )
    for several in (train, evals):
        if len(several) > 1:
            raise UserError(f"{folder} holds {' and '.join(several)}; keep one of them there")
    if evals and not train:
        raise UserError(f"{folder} holds {evals[0]}, but no train beside it")
    return [folder / name for name in (*train, *evals)]


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
        f"{_below(folder, entry.path)} is an image outside the class folders"
        for entry in _visible(root)
        if entry.name.lower().endswith(SUFFIXES) and not entry.is_dir()
    ]
    for name in names:
        images, wrong = _images(root / name)
        if not images and not wrong:
            reasons.append(f"{_below(folder, root / name)} holds no image")
        reasons += [f"{_below(folder, path)} {reason}" for path, reason in wrong]
        label = class_names.index(name)
        for path in images:
            samples.append(Sample(path, _below(folder, path), label))
    return samples, sorted(reasons)


def _images(folder: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """The images at any depth, in the order of `sorted(os.walk(folder))`, and the faults."""
    images, wrong = [], []
    real = folder.resolve()
    open_: list[tuple[Path | str, set[str]]] = [(folder, {str(real), *map(str, real.parents)})]
    while open_:
        at, above = open_.pop()
        for entry in _visible(at):
            if entry.is_dir():
                real = os.path.realpath(entry.path)
                if real in above:
                    wrong.append((entry.path, "is a link to a folder that holds it"))
                else:
                    open_.append((entry.path, above | {real}))
            elif not entry.name.lower().endswith(SUFFIXES):
                wrong.append((entry.path, "does not have the name of an image; move it elsewhere"))
            elif not entry.is_file():
                wrong.append((entry.path, "is not a file (perhaps a broken link)"))
            else:
                images.append(entry.path)
    return sorted(images, key=os.path.split), wrong


def _below(folder: Path, path: Path | str) -> str:
    return Path(path).relative_to(folder).as_posix()
