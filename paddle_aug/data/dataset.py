"""Data sets for training: found, checked, with decoded images and named classes.

>>> dataset = open_dataset("sample")
>>> dataset.num_classes
16
"""

import hashlib
import logging
import os
import re
import shlex
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from pathlib import Path

import numpy as np

from paddle_aug.data.cache import Cache, Filling, Store, decode, filling
from paddle_aug.data.content import shared_content
from paddle_aug.data.faults import image_faults, list_faults, report
from paddle_aug.data.readers import aistudio
from paddle_aug.data.readers.cifar import read_cifar10, read_cifar100
from paddle_aug.data.readers.csvfile import read_csv
from paddle_aug.data.readers.drawn_sample import draw_sample
from paddle_aug.data.readers.folder import read_folder
from paddle_aug.data.readers.list_format import LIST_SUFFIXES, has_lists
from paddle_aug.data.readers.lists import choose_lists, read_lists
from paddle_aug.data.readers.mnist import read_fashion_mnist, read_mnist
from paddle_aug.data.samples import Fault, Found, Sample
from paddle_aug.errors import UserError
from paddle_aug.names import near_miss
from paddle_aug.results.text import count
from paddle_aug.system.program import tool

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
_WANTED = (
    "--data takes a folder with lists or of class folders, a list, a CSV table, the word sample, "
    f"or KIND:PATH, where KIND is {', '.join(KINDS)}"
)
SHOWN = 8  # classes in the line that says what a data set holds


@dataclass(frozen=True)
class Dataset:
    """A data set that is checked; `name` is "sample", its kind, or its folder's, as "data22612".

    `eval` is empty where nothing says what to evaluate on; `test` is the data's own test list, or
    what `split.select` set aside.
    `store` has the decoded images, if `inputs.open_data` opened the data set and they are kept;
    parts of the data set share it. As an argument of a process (`Process(args=…)`, a pool's
    `initargs`), a data set takes its store along: the process maps the same memory, or the same
    file, and decodes nothing. `digests` are the hashes of images that `split.select` has compared;
    parts share them too.
    """

    name: str
    train: list[Sample]
    eval: list[Sample]
    class_names: list[str]
    test: list[Sample] = field(default_factory=list)
    store: Store | None = field(default=None, compare=False, repr=False)
    digests: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @property
    def contents(self) -> str:
        """What there is to train and to evaluate on, in a line."""
        images = Counter(sample.label for sample in self.train)
        classes = [f"{self.class_names[label]} ({images[label]:,})" for label in sorted(images)]
        more = f" and {len(classes) - SHOWN:,} more" if len(classes) > SHOWN else ""
        parts = [
            f"{self.name}: {count(len(self.train), 'image')} of "
            f"{count(len(classes), 'class', 'classes')} to train on: "
            f"{', '.join(classes[:SHOWN])}{more}"
        ]
        parts += [f"{len(self.eval):,} to evaluate on"] if self.eval else []
        parts += [f"{len(self.test):,} to test on once"] if self.test else []
        return "; ".join(parts)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the number of classes, the lists, and the file sizes, in hexadecimal.

        Images of an archive count with their pixels. The same data has the same fingerprint on
        every machine and in every folder.
        """
        digest = hashlib.sha256(f"{self.num_classes} classes\n".encode())
        lists = {"train": self.train, "eval": self.eval}
        if self.test:
            lists["test"] = self.test
        for name, samples in lists.items():
            digest.update(f"{name} {len(samples)}\n".encode())
            _digest_samples(digest, samples)
        return digest.hexdigest()

    def has_fingerprint(self, fingerprint: str) -> bool:
        """Whether this is the data of a fingerprint; early versions did not see test lists."""
        return fingerprint in (self.fingerprint, replace(self, test=[]).fingerprint)


def _digest_samples(digest, samples: Sequence[Sample]) -> None:
    for sample in samples:
        if sample.pixels is None:
            size = os.path.getsize(sample.file)
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
    """Find a data set's lists and images, and check every line and image.

    `data` is a folder with a pair of lists or, without lists, of class folders; or a single list or
    CSV table; or "KIND:PATH", with a kind of `KINDS`; or "sample", which is drawn into
    `data/sample` below `start` (the current folder); or None for AI Studio's mounted data or else
    the sample. `train_list` and `eval_list` replace the folder's own; without `data` their folder
    is used. Images are searched for in these folders, in `Images` below them
    and in AI Studio's `work/`, and unpacked from the folder's zip at first use. `check=False` skips
    the images, not the lists. For decoded images see `inputs.open_data`.

    Raises:
        UserError: no data set, several of them, or all faults of its lists and images.
    """
    return checked(find_dataset(data, train_list, eval_list, image_root, start), check)


def checked(
    found: Found,
    check: bool = True,
    cache: Cache | None = None,
    part: Callable[[Dataset], Dataset] | None = None,
) -> Dataset:
    """The data set that a reader found, after a check of every line and, with `check`, every image.

    Each image is decoded once: with a `cache`, the images of the data set, or of the `part` that it
    is cut down to, are kept as its `store`.

    Raises:
        UserError: all faults of lists and images.
    """
    dataset = Dataset(found.name, found.train, found.eval, found.class_names, list(found.test))
    faults = [*found.faults, *list_faults(found)]
    samples = [*found.train, *found.eval, *found.test]
    there = any(sample.pixels is not None or os.path.isfile(sample.file) for sample in samples)
    if samples and not there:
        faults.append(Fault(found.files[0], 0, "none of the listed images is there"))
    if part and not faults:
        dataset = part(dataset)
    wanted = [*dataset.train, *dataset.eval, *dataset.test]
    with filling(wanted, cache if check and not faults else None) as filled:
        if check and there:
            faults += _image_faults(found, filled)
        report(faults, found.files, found.notes, _lists_without(found, faults) if there else "")
        if check:
            logger.info(dataset.contents)
        if filled:
            archived = [sample for sample in filled.lacking if sample.pixels is not None]
            decode(archived, filled, "decoding images")
    return replace(dataset, store=filled.store) if filled else dataset


def _lists_without(found: Found, faults: list[Fault]) -> str:
    """The command that writes lists without the faulty lines and files, if it can."""
    if found.root is None or any(fault.file in found.files[3:] for fault in faults):
        return ""
    return shlex.join([*tool("check"), *found.given, "--lists", f"{found.name}-lists"])


def _image_faults(found: Found, filled: Filling | None) -> list[Fault]:
    """The faults of images; a published split may have some in both parts."""
    if not found.published:
        return image_faults(found.parts, filled)
    shared = len(shared_content(found.train, found.eval))
    if shared:
        logger.info(
            f"{found.name}: {shared:,} of the {len(found.eval):,} evaluation images are also "
            "in the training part"
        )
    return []


def find_dataset(
    data: str | Path | None = None,
    train_list: str | Path | None = None,
    eval_list: str | Path | None = None,
    image_root: str | Path | None = None,
    start: Path | None = None,
) -> Found:
    """The data set that `open_dataset` opens, with the reader's faults; no image is read.

    Raises:
        UserError: no data set, or several of them.
    """
    options = {"--train-list": train_list, "--eval-list": eval_list, "--image-root": image_root}
    given = {option: str(value) for option, value in options.items() if value is not None}
    kind, path = _kind_and_path(data)
    for option, value in given.items():
        if kind and (kind, option) != ("csv", "--image-root"):
            alone = f"; a list alone is --data {value}" if option != "--image-root" else ""
            raise UserError(f"{option} goes with a folder of lists, not with --data {data}{alone}")
    if data is not None and kind in (None, "folder", "csv"):
        _refuse_archive(path or Path(data))
    named = data is not None and data != "sample" and train_list is None and eval_list is None
    if kind == "csv":
        found = read_csv(path, image_root)
    elif kind:
        found = KINDS[kind](path)
    elif named and os.path.isfile(data):
        found = _read_file(Path(data), image_root)
    elif named and os.path.isdir(data) and not given and not has_lists(Path(data)):
        found = read_folder(Path(data))
    else:
        name, folder, drawn = _choose_folder(data, train_list or eval_list, start or Path.cwd())
        lists = choose_lists(folder, train_list, eval_list)
        found = read_lists(name, folder, lists, image_root)._replace(drawn=drawn)
        data = data or folder
    return found._replace(given=(str(data), *chain.from_iterable(given.items())))


def _refuse_archive(file: Path) -> None:
    """Stop for a packed data set; CIFAR alone is read from its archive."""
    into = file.parent / file.name.split(".")[0]
    if command := aistudio.unpack_command(file, into):
        raise UserError(f"{file} is an archive; unpack it: {command}; then take --data {into}")


def _read_file(file: Path, image_root: str | Path | None) -> Found:
    """A table, or a single list, all of it in `train`: its images are searched for as a pair's."""
    suffix = file.suffix.lower()
    if suffix == ".csv":
        return read_csv(file, image_root)
    if suffix not in LIST_SUFFIXES:
        raise UserError(f"{file} is neither a list (.txt) nor a table (.csv); {_WANTED}")
    return read_lists(file.stem, file.parent, (file,), image_root)


def _kind_and_path(data: str | Path | None) -> tuple[str | None, Path | None]:
    """The text before and after the colon; no kind if a folder has the whole text as its name."""
    if not isinstance(data, str) or ":" not in data or os.path.isdir(data):
        return None, None
    kind, _, path = data.partition(":")
    if not re.fullmatch(r"\w[\w-]+", kind):  # perhaps a path of Windows
        return None, None
    if kind not in KINDS:
        raise UserError(
            f"no folder {data}, and no kind of data named {kind!r}; {near_miss(kind, KINDS)}"
        )
    if not path:
        raise UserError(f"--data {data} names no path; want {kind}:PATH")
    return kind, Path(os.path.expanduser(path))  # shells do not expand it after a colon


def _choose_folder(
    data: str | Path | None, given_list: str | Path | None, start: Path
) -> tuple[str, Path, bool]:
    """The data set's name, the folder of its lists, and whether it is the drawn sample."""
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
        folder = start / "data" / "sample"
        draw_sample(folder)
        return "sample", folder, True
    folder = Path(data)
    if not folder.is_dir():
        raise UserError(f"no folder {folder}; {_WANTED}")
    return folder.resolve().name, folder, False
