"""Lists written from a data set: Train.txt, Eval.txt, Test.txt, and the names of its classes."""

import os
from pathlib import Path

from paddle_aug.data.readers.list_format import (
    LIST_NAMES,
    find_class_files,
    path_fault,
    read_class_names,
)
from paddle_aug.data.samples import Found
from paddle_aug.data.split import hold_back
from paddle_aug.errors import UserError, writing
from paddle_aug.results.text import count
from paddle_aug.system.files import write_bytes

TRAIN_LIST, EVAL_LIST, TEST_LIST = LIST_NAMES[0]
CLASS_FILE = "labels.txt"


def refuse(found: Found, share: float | None, out: Path) -> None:
    """Refuse early what cannot be split or listed, and an output folder that already has lists.

    Raises:
        UserError: no lists can be written.
    """
    if found.root is None:
        raise UserError(f"{found.name} is an archive; lists name image files")
    if share is not None and not 0 < share < 1:
        raise UserError(f"--split {share} is not between 0 and 1; 0.75 trains on three quarters")
    others = [*found.eval, *found.test]
    if share is not None and others:
        images = count(len(others), "image")
        raise UserError(
            f"{found.name} is split already: it has {images} to evaluate or test on; "
            "--split takes a class folder or a single list"
        )
    there = [name for names in LIST_NAMES for name in names if os.path.lexists(out / name)]
    if there:
        raise UserError(f"{out} holds {' and '.join(there)}; choose another folder")
    _class_file(found, out)


def divide(found: Found, share: float, seed: int, groups: dict[str, int]) -> Found:
    """The data with about `share` of each class in training, and the rest to evaluate on.

    Images of a group stay together. Where each group is one image, the parts are those of
    `--holdout` with the same seed.

    Raises:
        UserError: one side would be empty.
    """
    try:
        train, held = hold_back(found.train, 1 - share, seed, groups)
    except UserError:
        raise UserError(f"--split {share} leaves nothing to evaluate on") from None
    return found._replace(train=train, eval=held)


def write(found: Found, out: Path) -> None:
    """Write the lists of the parts and the class names to `out`, after `refuse`.

    Raises:
        UserError: `out` cannot be written to, or names other classes.
    """
    named = _class_file(found, out)
    with writing(f"lists to {out}"):
        if not named:
            names = "".join(f"{label} {name}\n" for label, name in enumerate(found.class_names))
            write_bytes(out / CLASS_FILE, names.encode())
        parts = (TEST_LIST, found.test), (EVAL_LIST, found.eval), (TRAIN_LIST, found.train)
        for name, samples in parts:
            if samples:
                lines = "".join(f"{sample.path} {sample.label}\n" for sample in samples)
                write_bytes(out / name, lines.encode())


def image_root(found: Found, out: Path) -> Path | None:
    """The --image-root that training on the lists needs; None if it finds the images without."""
    near = {os.path.realpath(folder) for folder in (out, out / "Images", out / "images")}
    return None if os.path.realpath(found.root) in near else found.root


def _class_file(found: Found, out: Path) -> Path | None:
    """The file in `out` that names exactly these classes, if there is one."""
    files = find_class_files(out)
    for file in files:
        if len(files) > 1 or read_class_names(file) != (found.class_names, []):
            raise UserError(
                f"{file} does not name the classes of {found.name}; move it, or choose --out"
            )
    return files[0] if files else None


def path_in_list(path: str) -> bool:
    """Whether a line of a list can hold a path."""
    lines = f"{path} 0".splitlines()
    encodable = path == path.encode(errors="replace").decode()
    whole = len(lines) == 1 and path == path.strip()
    return whole and "\\" not in path and not path_fault(path) and encodable
