"""Folders of lists: `Train.txt`, `Eval.txt`, `Test.txt`, their class names and their images."""

import logging
import os
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from paddle_aug.data.readers import aistudio
from paddle_aug.data.readers.list_format import (
    LIST_NAMES,
    WANTED,
    absolute_note,
    find_class_files,
    find_lists,
    read_class_names,
    read_list,
    subtract,
)
from paddle_aug.data.samples import Fault, Found, Sample
from paddle_aug.errors import UserError
from paddle_aug.system.program import again

logger = logging.getLogger(__name__)

TEST_LISTS = [names[2] for names in LIST_NAMES]


def choose_lists(folder: Path, train_list: Path | None, eval_list: Path | None) -> tuple[Path, ...]:
    """The lists in a folder, up to three; those that the user names replace the folder's own.

    A folder's test list goes with its evaluation list.

    Raises:
        UserError: there is no training list, or there are several.
    """
    if train_list and eval_list:
        return train_list, eval_list
    groups = find_lists(folder)
    if len(groups) > 1:
        names = ", ".join(path.name for group in groups for path in group)
        raise UserError(f"{folder} holds {names}; choose with --train-list and --eval-list")
    if not groups and not train_list:
        known = ", ".join(f"{names[0]} and {names[1]}" for names in LIST_NAMES)
        command = again(instead_of=folder, data=f"folder:{folder}")
        raise UserError(
            f"no pair of lists in {folder} (want {known}); name two with --train-list and "
            f"--eval-list, or read class folders: {command}"
        )
    train, *others = groups[0] if groups else (train_list,)
    return train_list or train, *([eval_list] if eval_list else others)


def read_lists(name: str, folder: Path, lists: tuple[Path, ...], image_root: Path | None) -> Found:
    """Read a training list and perhaps an evaluation list and a test list.

    A test list without any label, as competitions publish it, is left out.

    `folder` may have a file of class names. Images are looked for in `image_root`; without one in
    `folder`, beside the lists, in `Images` below these folders and in AI Studio's `work/`.

    Raises:
        UserError: two files name the classes, or the zip of the images cannot be unpacked.
    """
    alike = len({file.name for file in lists}) < len(lists)
    names = [str(file) if alike else file.name for file in lists]
    read = [read_list(file, shown, image_root) for file, shown in zip(lists, names, strict=True)]
    if len(lists) > 1 and lists[-1].name in TEST_LISTS and _without_labels(*read[-1]):
        logger.info(f"{lists[-1]} has no labels, so it is not used")
        del read[-1]
    names += names[:1] * (3 - len(names))
    read += [([], [])] * (3 - len(read))
    parts = [samples for samples, _ in read]
    faults = [fault for _, list_faults in read for fault in list_faults]
    class_names, class_file, class_faults = _class_names(folder, chain(*parts[:2]), parts[0])
    unnamed = class_faults or _label_faults(parts, names, class_names, class_file)
    faults += unnamed

    paths = list(dict.fromkeys(sample.path for sample in chain(*parts)))
    folders = [folder, *(file.parent for file in lists)]
    root, tried = (image_root, [image_root]) if image_root else _choose_image_root(paths, folders)
    notes = absolute_note(faults)
    start = min((sample.label for sample in chain(*parts)), default=0)
    if start and unnamed:
        notes += (f"Labels begin at {start}; to count from 0: {subtract(start, lists)}",)
    if any(_missing(root, paths)):
        places = ", ".join(map(str, tried))
        notes += (f"Images were looked for in {places} (else give --image-root).",)
        unread = (file for file in sorted(folder.iterdir()) if file != aistudio.find_zip(folder))
        commands = filter(None, (aistudio.unpack_command(file, folder) for file in unread))
        notes += tuple(f"Or are they in an archive? Unpack it: {command}" for command in commands)
    train, eval_, test = ([sample.in_folder(root) for sample in samples] for samples in parts)
    files = (*names, class_file.name if class_file else "")
    return Found(
        name, train, eval_, class_names, files, faults, notes, root=root, lists=lists, test=test
    )


def _without_labels(samples: list[Sample], faults: list[Fault]) -> bool:
    return not samples and all(WANTED in fault.reason for fault in faults)


def _class_names(
    folder: Path, samples: Iterable[Sample], train: list[Sample]
) -> tuple[list[str], Path | None, list[Fault]]:
    """From the file that names the classes, else from the images' folders, else the numbers."""
    files = [file for file in find_class_files(folder) if file.is_file()]
    read = [read_class_names(file) for file in files]
    if any(names != read[0][0] for names, _ in read):
        several = " and ".join(file.name for file in files)
        raise UserError(f"{folder} holds {several}, which name other classes; keep one")
    if files:
        names, faults = read[0]
        return names, files[0], faults
    count = max((sample.label for sample in train), default=-1) + 1
    pairs = {(s.label, posixpath.basename(posixpath.dirname(s.path))) for s in samples}
    named = dict(pairs)
    if len(pairs) == len({*named.values()} - {""}) == count:  # a folder for each class
        return [named[label] for label in sorted(named)], None, []
    return [str(label) for label in range(count)], None, []


def _label_faults(
    parts: Sequence[list[Sample]],
    names: Sequence[str],
    class_names: list[str],
    class_file: Path | None,
) -> list[Fault]:
    """Labels of no class: the file names none for them, or without a file, no training image has
    them."""
    if class_file is None:
        known = {sample.label for sample in parts[0]}
        why = f"never occurs in {names[0]}"
    else:
        known = set(range(len(class_names)))
        why = f"is beyond the {len(class_names)} classes of {class_file.name}"
    return [
        Fault(name, sample.line, f"label {sample.label} {why}")
        for name, samples in zip(names, parts, strict=True)
        for sample in samples
        if sample.label not in known
    ]


def _choose_image_root(paths: list[str], folders: list[Path]) -> tuple[Path, list[Path]]:
    """The folder that the listed paths start from, and all the folders that were tried.

    The folder that has most of the images is chosen. If it lacks some and the zip in the first of
    `folders` has them, the zip is unpacked.
    """
    data_folder = folders[0]
    roots = [root for folder in folders for root in (folder, folder / "Images", folder / "images")]
    work = aistudio.work_folder(data_folder)
    if work is not None:
        roots += [work / "Images", work / data_folder.name / "Images"]
    sample = paths[:: 1 + len(paths) // 1000]  # a thousand are enough to tell the folders apart
    best = min(roots, key=lambda root: sum(1 for _ in _missing(root, sample)))

    zip_path = aistudio.find_zip(data_folder)
    if zip_path is not None and (missing := list(_missing(best, paths))):
        packed = aistudio.zip_contents(zip_path)
        for top in ("", "Images/"):
            if any(top + path in packed for path in missing):
                into = (work or data_folder) / zip_path.stem
                if into.exists():  # of another data set, or left by an `unzip` that was interrupted
                    into = into.parent / data_folder.name / zip_path.stem
                aistudio.unpack(zip_path, into)
                best = into / top
                roots.append(best)
                break
    return best, list(dict.fromkeys(roots))


def _missing(root: Path, paths: list[str]) -> Iterator[str]:
    folder = os.path.join(root, "")
    return (path for path in paths if not os.path.isfile(folder + path))
