"""A data set for training: two checked lists, where their images are, what the classes are called.

>>> dataset = open_dataset("sample")
>>> dataset.num_classes
16
"""

import hashlib
import os
import posixpath
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from paddle_aug.data import aistudio
from paddle_aug.data.check import image_faults, list_faults, report
from paddle_aug.data.listfile import (
    CLASS_FILES,
    LIST_PAIRS,
    Entry,
    Fault,
    Sample,
    find_pairs,
    read_class_names,
    read_list,
)
from paddle_aug.errors import UserError


@dataclass(frozen=True)
class Dataset:
    """What `open_dataset` found; `name` is "sample", or the folder's, such as "data22612"."""

    name: str
    train_list: Path
    eval_list: Path
    image_root: Path
    train: list[Sample]
    eval: list[Sample]
    class_names: list[str]

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the number of classes, the lists, and the images' sizes, in hexadecimal.

        It is the same on every machine, wherever the folder is.
        """
        digest = hashlib.sha256(f"{self.num_classes} classes\n".encode())
        for name, samples in (("train", self.train), ("eval", self.eval)):
            digest.update(f"{name} {len(samples)}\n".encode())
            for sample in samples:
                size = sample.file.stat().st_size
                digest.update(f"{sample.path}\t{sample.label}\t{size}\n".encode())
        return digest.hexdigest()


def open_dataset(
    data: str | Path | None = None,
    train_list: str | Path | None = None,
    eval_list: str | Path | None = None,
    image_root: str | Path | None = None,
    start: Path | None = None,
    check: bool = True,
) -> Dataset:
    """Find the lists and images, and check every line and image before anything is trained.

    `data` is a folder with a pair of lists; or "sample", drawn into `data/sample` below `start`
    (the current folder); or None, which takes what AI Studio has mounted, else the sample. A list
    given overrides the folder's; without `data`, its own folder is taken. The images are looked for
    beside the lists and in AI Studio's `work/`, and unpacked there from their zip at first use.

    Raises:
        UserError: nothing found, a choice to be made, or all the faults of lists and images.
    """
    start = Path.cwd() if start is None else Path(start)
    name, folder = _choose_folder(data, train_list or eval_list, start)
    train_list, eval_list = _choose_lists(folder, train_list, eval_list)
    names = _shown_names(train_list, eval_list)

    train_entries, faults = read_list(train_list, names[0])
    eval_entries, eval_faults = read_list(eval_list, names[1])
    faults += eval_faults
    class_names, class_file, class_faults = _class_names(
        train_list.parent, train_entries, eval_entries
    )
    faults += class_faults + _label_faults(
        train_entries, eval_entries, names, class_names, class_file
    )
    faults += [
        Fault(list_name, 0, "the list is empty")
        for list_name, entries in zip(names, (train_entries, eval_entries), strict=True)
        if not entries
    ]

    paths = list(dict.fromkeys(entry.path for entry in (*train_entries, *eval_entries)))
    root, tried = _choose_image_root(paths, train_list.parent, eval_list.parent, image_root)
    train, eval_ = (_samples(entries, root) for entries in (train_entries, eval_entries))
    faults += list_faults(train, eval_, names)
    if paths and not any((root / path).is_file() for path in paths):
        faults.append(Fault(names[0], 0, "none of the listed images is there"))
    elif check:
        faults += image_faults(train, eval_, names)
    searched = "".join(f"\n  {folder}" for folder in tried)
    report(
        faults,
        files=[*names, class_file.name if class_file else ""],
        notes=[f"Images were looked for in (--image-root names another folder):{searched}"],
    )
    return Dataset(name, train_list, eval_list, root, train, eval_, class_names)


def _choose_folder(data: str | Path | None, given_list, start: Path) -> tuple[str, Path]:
    """The name of the data set, and the folder where its lists are looked for."""
    if data is None and given_list is not None:
        folder = Path(given_list).resolve().parent
        return folder.name, folder
    if data is None:
        folder = aistudio.find_data(start, Path.home())
        if folder is not None:
            return folder.name, folder
        print(
            "no AI Studio data here; taking the drawn sample (--data FOLDER for your own)",
            file=sys.stderr,
        )
        data = "sample"
    if data == "sample":
        from paddle_aug.data.sample import draw_sample

        folder = start / "data" / "sample"
        draw_sample(folder)
        return "sample", folder
    folder = Path(data)
    if not folder.is_dir():
        raise UserError(f"no folder {folder}; --data wants one with lists, or the word sample")
    return folder.resolve().name, folder


def _choose_lists(folder: Path, train_list, eval_list) -> tuple[Path, Path]:
    given = [Path(path) if path is not None else None for path in (train_list, eval_list)]
    for option, path in zip(("--train-list", "--eval-list"), given, strict=True):
        if path is not None and not path.is_file():
            raise UserError(f"no file {path}, which {option} names")
    if None not in given:
        return tuple(given)
    pairs = find_pairs(folder)
    if not pairs:
        known = ", ".join(" and ".join(pair) for pair in LIST_PAIRS)
        raise UserError(
            f"no lists in {folder} (want {known}); name them with --train-list and --eval-list"
        )
    if len(pairs) > 1:
        found = ", ".join(path.name for pair in pairs for path in pair)
        raise UserError(f"{folder} holds {found}; choose with --train-list and --eval-list")
    return tuple(path or found for path, found in zip(given, pairs[0], strict=True))


def _shown_names(train_list: Path, eval_list: Path) -> tuple[str, str]:
    """What messages call the lists: short, unless that would make them alike."""
    if train_list.name == eval_list.name:
        return str(train_list), str(eval_list)
    return train_list.name, eval_list.name


def _class_names(
    folder: Path, train: list[Entry], eval_: list[Entry]
) -> tuple[list[str], Path | None, list[Fault]]:
    """From the file that names the classes, else from the images' folders, else the numbers."""
    files = [folder / name for name in CLASS_FILES if (folder / name).is_file()]
    if len(files) > 1:
        raise UserError(f"{folder} holds {' and '.join(file.name for file in files)}; keep one")
    if files:
        names, faults = read_class_names(files[0])
        return names, files[0], faults
    count = max((entry.label for entry in train), default=-1) + 1
    pairs = {(e.label, posixpath.basename(posixpath.dirname(e.path))) for e in (*train, *eval_)}
    folders = dict(pairs)
    if (
        len(pairs) == len(folders) == len(set(folders.values())) == count
        and "" not in folders.values()
    ):
        return [folders.get(label, "") for label in range(count)], None, []
    return [str(label) for label in range(count)], None, []


def _label_faults(
    train: list[Entry],
    eval_: list[Entry],
    names: tuple[str, str],
    class_names: list[str],
    class_file: Path | None,
) -> list[Fault]:
    """Labels beyond the classes: those of the file, else those that occur in training."""
    if class_file is None:
        trained = {entry.label for entry in train}
        reason = f"label {{}} never occurs in {names[0]}"
        return [
            Fault(names[1], entry.line, reason.format(entry.label))
            for entry in eval_
            if entry.label not in trained
        ]
    count = len(class_names)
    reason = f"label {{}} is beyond the {count} classes of {class_file.name}"
    return [
        Fault(name, entry.line, reason.format(entry.label))
        for name, entries in zip(names, (train, eval_), strict=True)
        for entry in entries
        if entry.label >= count
    ]


def _choose_image_root(
    paths: list[str], train_folder: Path, eval_folder: Path, image_root
) -> tuple[Path, list[Path]]:
    """The folder that the listed paths start from, and all the folders that were tried.

    The first that holds every image; else the zip is unpacked; else the one that holds most, so
    that what is missing can be reported.
    """
    if image_root is not None:
        root = Path(image_root)
        if not root.is_dir():
            raise UserError(f"no folder {root}, which --image-root names")
        return root, [root]
    folders = list(dict.fromkeys((train_folder, eval_folder)))
    roots = [root for folder in folders for root in (folder, folder / "Images", folder / "images")]
    zip_path, target = None, train_folder
    work = aistudio.work_folder(train_folder)
    if work is not None:
        target = work
        roots += [work / "Images", work / train_folder.name / "Images"]
    for root in roots:
        if paths and all(os.path.isfile(os.path.join(root, path)) for path in paths):
            return root, roots
    zip_path = aistudio.find_zip(train_folder)
    if paths and zip_path is not None:
        into = target / zip_path.stem
        if into.exists():  # of another data set, or an `unzip` that was interrupted
            into = target / train_folder.name / zip_path.stem
        aistudio.unpack(zip_path, into)
        roots += [root for root in (into, into / "Images") if root not in roots]
    spread = paths[:: max(1, len(paths) // 100)]
    present = [sum(os.path.isfile(os.path.join(root, path)) for path in spread) for root in roots]
    return roots[present.index(max(present))], roots


def _samples(entries: list[Entry], root: Path) -> list[Sample]:
    return [Sample(entry.path, root / entry.path, entry.label, entry.line) for entry in entries]
