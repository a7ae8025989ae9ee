"""A data set for training: what was found, checked, and what its classes are called.

>>> dataset = open_dataset("sample")
>>> dataset.num_classes
16
"""

import hashlib
import logging
import os
import posixpath
import re
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import chain
from pathlib import Path

import numpy as np

from paddle_aug.data.cache import Cache, Filling, Store, decode, filling
from paddle_aug.data.faults import image_faults, list_faults, report, shared_content
from paddle_aug.data.readers import aistudio
from paddle_aug.data.readers.cifar import read_cifar10, read_cifar100
from paddle_aug.data.readers.csvfile import read_csv
from paddle_aug.data.readers.folder import read_folder
from paddle_aug.data.readers.listfile import (
    CLASS_FILES,
    LIST_PAIRS,
    find_pairs,
    read_class_names,
    read_list,
)
from paddle_aug.data.readers.mnist import read_fashion_mnist, read_mnist
from paddle_aug.data.samples import Fault, Found, Sample
from paddle_aug.errors import UserError
from paddle_aug.names import near_miss

logger = logging.getLogger(__name__)

# What `--data KIND:PATH` reads PATH with.
KINDS: dict[str, Callable[[Path], Found]] = {
    "cifar10": read_cifar10,
    "cifar100": read_cifar100,
    "mnist": read_mnist,
    "fashion-mnist": read_fashion_mnist,
    "folder": read_folder,
    "csv": read_csv,
}


@dataclass(frozen=True)
class Dataset:
    """A data set that is checked; `name` is "sample", its kind, or its folder's, as "data22612".

    `eval` is empty where nothing says what to evaluate on; `test` is what `split.select` set aside.
    `drawn` tells the project's own sample from a folder of that name. `store` has the decoded
    images, if `inputs.open_data` opened the data set and they are kept; parts of the data set share
    it. As an argument of a process (`Process(args=…)`, a pool's `initargs`), a data set takes its
    store along: the process maps the same memory, or the same file, and decodes nothing.
    """

    name: str
    train: list[Sample]
    eval: list[Sample]
    class_names: list[str]
    drawn: bool = False
    test: list[Sample] = field(default_factory=list)
    store: Store | None = field(default=None, compare=False, repr=False)

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the number of classes, the lists, and the images' sizes, in hexadecimal.

        Of images from an archive it is over the pixels. It is the same on every machine, wherever
        the data is.
        """
        digest = hashlib.sha256(f"{self.num_classes} classes\n".encode())
        lists = {"train": self.train, "eval": self.eval}
        if self.test:
            lists["test"] = self.test
        for name, samples in lists.items():
            digest.update(f"{name} {len(samples)}\n".encode())
            _digest_samples(digest, samples)
        return digest.hexdigest()


def _digest_samples(digest, samples: Sequence[Sample]) -> None:
    size_of = cache(os.path.getsize)  # a list may name an image often
    for sample in samples:
        if sample.pixels is None:
            size = size_of(sample.file)
        else:
            size = "x".join(map(str, sample.pixels.shape))
        line = f"{sample.path}\t{sample.label}\t{size}\n"
        digest.update(line.encode(errors="surrogateescape"))  # file names may be any bytes
        if sample.pixels is not None:
            digest.update(np.ascontiguousarray(sample.pixels))


def open_dataset(
    data: str | Path | None = None,
    train_list: str | Path | None = None,
    eval_list: str | Path | None = None,
    image_root: str | Path | None = None,
    start: Path | None = None,
    check: bool = True,
) -> Dataset:
    """Find the lists and images, and check every line and image before anything is trained.

    `data` is a folder with a pair of lists; or "KIND:PATH", a kind of `KINDS` and what it reads; or
    "sample", drawn into `data/sample` below `start` (the current folder); or None, which takes what
    AI Studio has mounted, else the sample. A list given overrides the folder's; without `data`, its
    own folder is taken. Images are looked for in these folders, in `Images` below them and in AI
    Studio's `work/`, and unpacked from the folder's zip at first use. `check=False` takes the
    images on trust; the lists are checked all the same.

    Raises:
        UserError: nothing found, a choice to be made, or all the faults of lists and images.
    """
    return checked(find_dataset(data, train_list, eval_list, image_root, start), check)


def checked(
    found: Found,
    check: bool = True,
    cache: Cache | None = None,
    part: Callable[[Dataset], Dataset] = lambda whole: whole,
) -> Dataset:
    """What a reader found, once every line and, with `check`, every image has been looked at.

    Each image is decoded once: with a `cache`, the pixels of the images in the returned part are
    kept as the data set's `store`.

    Raises:
        UserError: all the faults of lists and images.
    """
    dataset = Dataset(found.name, found.train, found.eval, found.class_names, found.drawn)
    faults = _list_faults(found)
    if not faults:
        dataset = part(dataset)
    wanted = [*dataset.train, *dataset.eval, *dataset.test]
    with filling(wanted, cache if check and not faults else None) as filled:
        if check:
            faults += _image_faults(found, filled)
        report(faults, found.files, found.notes)
        if filled:
            archived = [sample for sample in filled.lacking if sample.pixels is not None]
            decode(archived, filled, "decoding images")
    return replace(dataset, store=filled.store) if filled else dataset


def find_dataset(
    data: str | Path | None = None,
    train_list: str | Path | None = None,
    eval_list: str | Path | None = None,
    image_root: str | Path | None = None,
    start: Path | None = None,
) -> Found:
    """What `open_dataset` opens, with what its reader found wrong; no image is looked at.

    Raises:
        UserError: nothing found, or a choice to be made.
    """
    kind, path = _kind_and_path(data)
    if kind:
        _refuse_lists(data, train_list, eval_list, image_root)
        return KINDS[kind](path)
    name, folder, drawn = _choose_folder(data, train_list or eval_list, start or Path.cwd())
    lists = _choose_lists(folder, train_list, eval_list)
    return _read_lists(name, folder, lists, image_root, drawn)


def find_list(file: Path, image_root: str | Path | None = None) -> Found:
    """What a single list holds, all of it in `train`; images are looked for as those of a pair.

    Raises:
        UserError: there are two files of classes beside it, or no folder `image_root`.
    """
    return _read_lists(file.stem, file.parent, (file,), image_root, drawn=False)


def _kind_and_path(data: str | Path | None) -> tuple[str | None, Path | None]:
    """What stands before and after the colon; no kind where a folder has the whole as its name."""
    if not isinstance(data, str) or ":" not in data or os.path.isdir(data):
        return None, None
    kind, _, path = data.partition(":")
    if not re.fullmatch(r"\w[\w-]+", kind):  # a path, of Windows perhaps
        return None, None
    if kind not in KINDS:
        raise UserError(
            f"no folder {data}, and no kind of data named {kind!r}; {near_miss(kind, KINDS)}"
        )
    if not path:
        raise UserError(f"--data {data} names no path; want {kind}:PATH")
    return kind, Path(os.path.expanduser(path))  # which shells do not, after a colon


def _refuse_lists(data: str, *given: str | Path | None) -> None:
    for option, value in zip(("--train-list", "--eval-list", "--image-root"), given, strict=True):
        if value is not None:
            raise UserError(f"{option} goes with a folder of lists, not with --data {data}")


def _list_faults(found: Found) -> list[Fault]:
    """The faults that the reader found, and those of lists that all kinds share."""
    names = found.files[:2]
    labels = found.class_names if found.labels_named else None
    faults = [*found.faults, *list_faults(found.train, found.eval, names, labels)]
    samples = [*found.train, *found.eval]
    if samples and not any(map(_is_there, samples)):
        faults.append(Fault(names[0], 0, "none of the listed images is there"))
    return faults


def _image_faults(found: Found, filled: Filling | None) -> list[Fault]:
    """The faults of images; a published split may have some in both parts."""
    parts = found.train, found.eval
    if not any(map(_is_there, chain(*parts))):
        return []
    if not found.published:
        return image_faults(*parts, found.files[:2], filled)
    shared = len(shared_content(*parts))
    if shared:
        logger.info(
            f"{found.name}: {shared:,} of the {len(found.eval):,} evaluation images are also "
            "in the training part"
        )
    return []


def _is_there(sample: Sample) -> bool:
    return sample.pixels is not None or os.path.isfile(sample.file)


def _read_lists(
    name: str,
    folder: Path,
    lists: tuple[Path, ...],
    image_root: str | Path | None,
    drawn: bool,
) -> Found:
    """Read the training list, and the evaluation list if there is one."""
    names = _shown_names(*lists) if len(lists) == 2 else (lists[0].name,) * 2
    listed: list[list[Sample]] = [[], []]
    faults: list[Fault] = []
    for place, (file, shown) in enumerate(zip(lists, names, strict=False)):
        listed[place], wrong = read_list(file, shown)
        faults += wrong
    class_names, class_file, class_faults = _class_names(folder, *listed)
    faults += class_faults
    if not class_faults:
        faults += _label_faults(listed, names, class_names, class_file)

    paths = list(dict.fromkeys(sample.path for sample in chain(*listed)))
    folders = [folder, *(file.parent for file in lists)]
    root, tried = _choose_image_root(paths, folders, image_root)
    train, eval_ = ([sample.in_folder(root) for sample in samples] for samples in listed)
    notes = ()
    if any(_missing(root, paths)):
        folders = ", ".join(map(str, tried))
        notes = (f"Images were looked for in {folders} (else give --image-root).",)
    files = (*names, class_file.name if class_file else "")
    return Found(name, train, eval_, class_names, files, faults, notes, drawn=drawn, root=root)


def _choose_folder(
    data: str | Path | None, given_list: str | Path | None, start: Path
) -> tuple[str, Path, bool]:
    """The name of the data set, the folder where its lists are looked for, and if we drew it."""
    if data is None and given_list is not None:
        folder = Path(given_list).resolve().parent
        return folder.name, folder, False
    if data is None:
        folder = aistudio.find_data(start, Path.home())
        if folder is not None:
            return folder.name, folder, False
        logger.info("no AI Studio data here; using the drawn sample (--data FOLDER for your own)")
        data = "sample"
    if data == "sample":
        from paddle_aug.data.readers.sample import draw_sample

        folder = start / "data" / "sample"
        draw_sample(folder)
        return "sample", folder, True
    folder = Path(data)
    if not folder.is_dir():
        raise UserError(
            f"no folder {folder}; --data wants one with lists, the word sample, or KIND:PATH, "
            f"where KIND is {', '.join(KINDS)}"
        )
    return folder.resolve().name, folder, False


def _choose_lists(
    folder: Path, train_list: str | Path | None, eval_list: str | Path | None
) -> tuple[Path, Path]:
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
    folder: Path, train: list[Sample], eval_: list[Sample]
) -> tuple[list[str], Path | None, list[Fault]]:
    """From the file that names the classes, else from the images' folders, else the numbers."""
    files = [folder / name for name in CLASS_FILES if (folder / name).is_file()]
    if len(files) > 1:
        raise UserError(f"{folder} holds {' and '.join(file.name for file in files)}; keep one")
    if files:
        names, faults = read_class_names(files[0])
        return names, files[0], faults
    count = max((sample.label for sample in train), default=-1) + 1
    pairs = {
        (sample.label, posixpath.basename(posixpath.dirname(sample.path)))
        for sample in chain(train, eval_)
    }
    named = dict(pairs)
    one_to_one = len(pairs) == len(named) == len(set(named.values())) == count
    if one_to_one and "" not in named.values():
        return [named[label] for label in sorted(named)], None, []
    return [str(label) for label in range(count)], None, []


def _label_faults(
    listed: Sequence[list[Sample]],
    names: tuple[str, str],
    class_names: list[str],
    class_file: Path | None,
) -> list[Fault]:
    """Labels beyond the classes: those of the file, else those that occur in training."""
    known: Container[int]
    if class_file is None:
        known = {sample.label for sample in listed[0]}
        why = f"never occurs in {names[0]}"
    else:
        known = range(len(class_names))
        why = f"is beyond the {len(class_names)} classes of {class_file.name}"
    return [
        Fault(name, sample.line, f"label {sample.label} {why}")
        for name, samples in zip(names, listed, strict=True)
        for sample in samples
        if sample.label not in known
    ]


def _choose_image_root(
    paths: list[str], folders: list[Path], image_root: str | Path | None
) -> tuple[Path, list[Path]]:
    """The folder that the listed paths start from, and all the folders that were tried.

    It is the one that holds most of them. If some are missing there and the zip in the first of
    `folders` has them, the zip is unpacked.
    """
    if image_root is not None:
        root = Path(image_root)
        if not root.is_dir():
            raise UserError(f"no folder {root}, which --image-root names")
        return root, [root]
    data_folder = folders[0]
    roots = [root for folder in folders for root in (folder, folder / "Images", folder / "images")]
    work = aistudio.work_folder(data_folder)
    if work is not None:
        roots += [work / "Images", work / data_folder.name / "Images"]
    best = _fullest(roots, paths)

    zip_path = aistudio.find_zip(data_folder)
    if zip_path is not None and (missing := list(_missing(best, paths))):
        contents = aistudio.zip_contents(zip_path)
        inside = next(
            (top for top in ("", "Images/") for p in missing if top + p in contents), None
        )
        if inside is not None:
            into = (work or data_folder) / zip_path.stem
            if into.exists():  # of another data set, or an `unzip` that was interrupted
                into = into.parent / data_folder.name / zip_path.stem
            aistudio.unpack(zip_path, into)
            best = into / inside
            roots.append(best)
    return best, list(dict.fromkeys(roots))


def _fullest(roots: list[Path], paths: list[str]) -> Path:
    """The first root that holds most of the files; of a long list a thousand are looked at."""
    spread = paths[:: 1 + len(paths) // 1000]
    return min(roots, key=lambda root: sum(1 for _ in _missing(root, spread)))


def _missing(root: Path, paths: list[str]) -> Iterator[str]:
    folder = os.path.join(root, "")
    return (path for path in paths if not os.path.isfile(folder + path))
