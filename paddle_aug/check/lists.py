"""Lists written from a data set: Train.txt, Eval.txt, Test.txt, and the names of its classes.

They leave out whatever training would refuse.
"""

import os
from collections import Counter, defaultdict
from pathlib import Path

from paddle_aug.check.next_command import HOLDOUT, training
from paddle_aug.check.survey import Seen, Survey
from paddle_aug.data.faults import list_faults, repeats
from paddle_aug.data.readers.list_format import (
    LIST_NAMES,
    find_class_files,
    path_fault,
    read_class_names,
)
from paddle_aug.data.samples import Found, Sample, normal_path
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


def usable(survey: Survey) -> tuple[Found, Counter[str]]:
    """The data that training takes, and the number of faults and lines left out, by reason.

    An image in two classes is left out of both, as nothing says which label is right. An image in
    two parts stays in the first.

    Raises:
        UserError: the names of the classes are faulty, or no image of a part would stay.
    """
    found = survey.found
    if wrong := [fault for fault in found.faults if fault.file in found.files[3:]]:
        raise UserError(f"no lists are written; correct this first: {wrong[0]}")
    faults = {*found.faults, *list_faults(found)}
    lines = {(fault.file, fault.line) for fault in faults if fault.line}
    refused = _refused(survey)
    contents = {normal_path(image.sample): image.seen.content for image in survey.readable}
    left_out = Counter({"faults in lists or folders": len(faults)})
    parts: list[list[Sample]] = []
    earlier: set[bytes] = set()
    for number, (file, samples) in enumerate(found.parts):
        listed = [sample for sample in samples if (file, sample.line) not in lines]
        for path in map(normal_path, listed):
            if contents.get(path) in earlier:
                refused.setdefault(path, "in two parts")
        part = [sample for sample in listed if normal_path(sample) not in refused]
        if not part and (samples or file not in found.files[:number]):
            raise UserError(f"no lists are written: {file} has no image to keep")
        left_out.update(refused[path] for path in map(normal_path, listed) if path in refused)
        earlier.update(contents[normal_path(sample)] for sample in part)
        parts.append(part)
    if not any(sample.line for sample in parts[0]):  # class folders, and some may be empty now
        return _renumbered(found, parts), +left_out
    train, eval_, test = parts
    return found._replace(train=train, eval=eval_, test=test, faults=[]), +left_out


def _refused(survey: Survey) -> dict[str, str]:
    """Why an image is left out, by its normal path."""
    labels = defaultdict(set)
    for image, first in zip(survey.readable, survey.first, strict=True):
        labels[first].add(image.sample.label)
    refused = {
        normal_path(image.sample): "the same as one of another class"
        for image, first in zip(survey.readable, survey.first, strict=True)
        if len(labels[first]) > 1
    }
    for _, part in survey.found.parts:
        for sample, first in repeats(part):
            if sample.label != first.label:
                refused[normal_path(sample)] = "under two labels"
    for image in survey.images:
        if not isinstance(image.seen, Seen):
            refused[normal_path(image.sample)] = "unreadable or not there"
        elif not _path_in_list(image.sample.path):
            refused[normal_path(image.sample)] = "with a name that no list can hold"
    return refused


def _renumbered(found: Found, parts: list[list[Sample]]) -> Found:
    """The data with the classes that have a training image."""
    labels = sorted({sample.label for sample in parts[0]})
    number = {label: place for place, label in enumerate(labels)}
    train, eval_, test = (
        [s._replace(label=number[s.label]) for s in part if s.label in number] for part in parts
    )
    names = [found.class_names[label] for label in labels]
    return found._replace(train=train, eval=eval_, test=test, class_names=names, faults=[])


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


def write_usable(survey: Survey, fraction: float | None, seed: int, out: Path) -> str:
    """Write lists of what training takes to `out`, after `refuse`; with a `fraction`, divided.

    Returns their summary, whose last line is the command to train.
    """
    part, left_out = usable(survey)
    if fraction is not None:
        part = divide(part, fraction, seed, survey.groups)
    write(part, out)
    lines = [f"{out}: {len(part.train):,} images in {TRAIN_LIST}"]
    if part.eval:
        lines[0] += f", {len(part.eval):,} in {EVAL_LIST}"
    if part.test:
        lines[0] += f", {len(part.test):,} in {TEST_LIST}"
    if left_out:
        reasons = ", ".join(f"{number:,} {why}" for why, number in left_out.items())
        lines.append(f"{left_out.total():,} left out: {reasons}")
    duplicates = len(survey.groups) - len(set(survey.groups.values()))
    if fraction is not None and duplicates:
        lines.append(f"{duplicates:,} duplicates and near duplicates follow their originals")
    root = image_root(part, out)
    words = ["--data", str(out if part.eval else out / TRAIN_LIST)]
    words += ["--image-root", str(root)] if root else []
    words += [] if part.eval else HOLDOUT
    return "\n".join([*lines, training(words)])


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


def _path_in_list(path: str) -> bool:
    """Whether a line of a list can hold a path."""
    lines = f"{path} 0".splitlines()
    encodable = path == path.encode(errors="replace").decode()
    whole = len(lines) == 1 and path == path.strip()
    return whole and "\\" not in path and not path_fault(path) and encodable
