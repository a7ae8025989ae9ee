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
    """A checked data set; `name` is "sample", its kind, or the name of its folder or file.

    `eval` is empty if the data has no images to evaluate on. `test` is the data's own test part, or
    the evaluation part for which `split.select` held back other images.
    `store` has the decoded images, if `inputs.open_data` opened the data set and keeps them; parts
    of a data set share it. A data set that is passed to a process (`Process(args=…)`, a pool's
    `initargs`) takes its store along: the process maps the same memory or file, and decodes
    nothing. `digests` are the hashes of images that `split.select` has compared, also shared.
    `part` has the options by which `inputs.selected` took this part; "" for the whole.
    """

    name: str
    train: list[Sample]
    eval: list[Sample]
    class_names: list[str]
    test: list[Sample] = field(default_factory=list)
    store: Store | None = field(default=None, compare=False, repr=False)
    digests: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)
    part: str = field(default="", compare=False)

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @property
    def contents(self) -> str:
        """A line on the images to train on, by class, and to evaluate and test on."""
        images = Counter(sample.label for sample in self.train)
        classes = [f"{self.class_names[label]} ({images[label]:,})" for label in sorted(images)]
        more = f" and {len(classes) - SHOWN:,} more" if len(classes) > SHOWN else ""
        line = (
            f"{self.name}: {count(len(self.train), 'image')} of "
            f"{count(len(classes), 'class', 'classes')} to train on: "
            f"{', '.join(classes[:SHOWN])}{more}"
        )
        line += f"; {len(self.eval):,} to evaluate on" if self.eval else ""
        return line + (f"; {len(self.test):,} to test on once" if self.test else "")

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the number of classes, the lists, and the file sizes, in hexadecimal.

        Images of an archive count with their pixels. The same data has the same fingerprint on
        every machine and in every folder.
        """
        digest = hashlib.sha256(f"{self.num_classes} classes\n".encode())
        for name in ("train", "eval", *(["test"] if self.test else [])):
            samples = getattr(self, name)
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

    `data` is a folder with lists or, without lists, of class folders; or a single list or CSV
    table; or "KIND:PATH", with a kind of `KINDS`; or "sample", which is drawn into `data/sample`
    below `start` (the current folder); or None for AI Studio's mounted data or else the sample.
    `train_list` and `eval_list` replace the folder's own; without `data` their folder is used.
    Images are looked for in these folders, in `Images` below them and in AI Studio's `work/`, and
    are unpacked from the folder's zip at first use. With `check=False` only the lists are checked,
    not the images. `inputs.open_data` keeps the decoded images, too.

    Raises:
        UserError: no data set, several of them, or all faults of its lists and images.
    """
    return checked(find_dataset(data, train_list, eval_list, image_root, start), check)


def checked(
    found: Found,
    check: bool = True,
    cache: Cache | None = None,
    part: Callable[[Dataset], Dataset] | None = None,
    kept: Callable[[Dataset], Dataset] | None = None,
) -> Dataset:
    """The data set that a reader found, or the `part` that is selected from it, after a check of
    its lines and, with `check`, its images.

    Each image is decoded once: with a `cache`, the `store` of the result keeps its images or, of a
    data set without a `part`, those of the part that is to be `kept`.

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
    stored = kept(dataset) if kept and not (part or faults) else dataset
    wanted = [*stored.train, *stored.eval, *stored.test]
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
    """The faults of images. That a published split has some in both parts is only logged."""
    if not found.published:
        return image_faults(found.parts, filled)
    if shared := len(shared_content(found.train, found.eval)):
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
    given = {option: Path(value) for option, value in options.items() if value is not None}
    kind, path = _kind_and_path(data)
    for option, value in given.items():
        if kind and (kind, option) != ("csv", "--image-root"):
            alone = f"; a list alone is --data {value}" if option != "--image-root" else ""
            raise UserError(f"{option} goes with a folder of lists, not with --data {data}{alone}")
        if not (value.is_dir() if option == "--image-root" else value.is_file()):
            wanted = "folder" if option == "--image-root" else "file"
            raise UserError(f"no {wanted} {value}, which {option} names")
    train, eval_, root = (given.get(option) for option in options)
    if path and kind in (None, "folder", "csv"):
        _refuse_archive(path)

    named = path and not (kind or train or eval_)
    if kind == "csv" or (named and path.is_file() and path.suffix.lower() == ".csv"):
        found = read_csv(path, root)
    elif kind:
        found = KINDS[kind](path)
    elif named and path.is_file():
        if path.suffix.lower() not in LIST_SUFFIXES:
            raise UserError(f"{path} is neither a list (.txt) nor a table (.csv); {_WANTED}")
        found = read_lists(path.stem, path.parent, (path,), root)
    elif named and path.is_dir() and not root and not has_lists(path):
        found = read_folder(path)
    else:
        folder, drawn = _choose_folder(data, train or eval_, start or Path.cwd())
        lists = choose_lists(folder, train, eval_)
        name = os.path.basename(os.path.abspath(folder))
        found = read_lists(name, folder, lists, root)._replace(drawn=drawn)
        data = data or folder
    return found._replace(given=(str(data), *map(str, chain.from_iterable(given.items()))))


def _refuse_archive(file: Path) -> None:
    """Stop for a packed data set; only CIFAR is read from its archive."""
    into = file.parent / file.name.split(".")[0]
    if command := aistudio.unpack_command(file, into):
        raise UserError(f"{file} is an archive; unpack it: {command}; then take --data {into}")


def _kind_and_path(data: str | Path | None) -> tuple[str | None, Path | None]:
    """The parts of "KIND:PATH"; no kind of another path, and no path for the sample or None."""
    if data is None or data == "sample":
        return None, None
    kind, colon, path = str(data).partition(":")
    is_kind = re.fullmatch(r"\w[\w-]+", kind)  # one letter may be a drive of Windows
    if isinstance(data, Path) or not (colon and is_kind) or os.path.isdir(data):
        return None, Path(data)
    if kind not in KINDS:
        raise UserError(
            f"no folder {data}, and no kind of data named {kind!r}; {near_miss(kind, KINDS)}"
        )
    if not path:
        raise UserError(f"--data {data} names no path; want {kind}:PATH")
    return kind, Path(path).expanduser()  # shells do not expand it after a colon


def _choose_folder(
    data: str | Path | None, given_list: Path | None, start: Path
) -> tuple[Path, bool]:
    """The folder of the lists, and whether it is the drawn sample."""
    if data is None and given_list:
        return given_list.resolve().parent, False
    if data is None and (mounted := aistudio.find_data(start, Path.home())):
        return mounted, False
    if data is None:
        logger.info("no AI Studio data here; using the drawn sample (--data FOLDER for your own)")
    if data is None or data == "sample":
        draw_sample(start / "data" / "sample")
        return start / "data" / "sample", True
    if not os.path.isdir(data):
        raise UserError(f"no folder {data}; {_WANTED}")
    return Path(data), False
