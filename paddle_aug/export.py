"""Augmented copies as files: a larger data set that trains as it is, and the manifest to check it.

A manifest is lines of JSON. The first says what the set was made of and how; each further one is a
file: its path, label and source, the epoch and index whose draws it shows, and its SHA-256.
"""

import hashlib
import json
import multiprocessing
import os
import posixpath
import re
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from tqdm import tqdm

from paddle_aug.config import TrainConfig, flag
from paddle_aug.data.check import shared_content
from paddle_aug.data.dataset import Dataset
from paddle_aug.data.feeding import Augmented, die_with_parent
from paddle_aug.data.image import UnreadableImage
from paddle_aug.data.listfile import Sample
from paddle_aug.encoding import FORMATS, encode
from paddle_aug.errors import UserError
from paddle_aug.files import write_bytes
from paddle_aug.modes import augmentation
from paddle_aug.pipeline import (
    DRAWS,
    SOURCES,
    drawn,
    open_data,
    read_one_by_one,
    versions,
)

MANIFEST = "manifest.jsonl"
UNFINISHED = ".manifest.part"  # grows while the files are made, and becomes the manifest


@dataclass(frozen=True)
class Export:
    """What is to be made: `copies` of each training image, or as many as make all classes `even`
    with the largest; `originals` puts the images as they are beside them."""

    config: TrainConfig
    copies: int = 1
    format: str = "png"
    originals: bool = False
    even: bool = False

    def __post_init__(self):
        if self.copies < 1:
            raise UserError(f"--copies must be at least 1, not {self.copies}")
        if self.format not in FORMATS:
            raise UserError(f"--format {self.format!r} is none of {', '.join(FORMATS)}")


class Item(NamedTuple):
    """A file of the set; without an epoch it is the image as it is."""

    path: str
    list: str
    index: int
    epoch: int | None
    sha256: str | None = None  # where it is known what is to come out


class Checked(NamedTuple):
    """What `verify` found, as paths."""

    whole: list[str]
    made_again: list[str]
    different: list[str]


def export(wanted: Export, out: Path | str, num_workers: int = 0) -> int:
    """Make the data set, or what an interrupted call has left to make; returns how many files of
    images it has.

    The lists come last, so that a part of a set is not taken for one. The bytes do not depend on
    the number of workers.

    Raises:
        UserError: the data cannot be had, or `out` holds something else or cannot be written.
    """
    out = Path(out)
    augmentation(wanted.config.augment)  # a mistake in it is told before all images are checked
    data = open_data(wanted.config)
    maker = _Maker(wanted.config, wanted.format, data, out)
    maker.train[0, 0]  # so is an image that comes out at a wrong size, before a folder is made
    left_out = _shared(data)
    header = _header(wanted, data, left_out)
    items = plan(wanted, data, left_out)
    with _telling_what_cannot_be_written(out):
        if (out / MANIFEST).exists():
            _refuse_other(out / MANIFEST, header)
            print(f"{out} is finished already; --verify checks it", file=sys.stderr)
            return len(items)
        lines = _begin(out, header)
        known = {line["path"] for line in lines}
        rest = [item for item in items if item.path not in known]
        with open(out / UNFINISHED, "a", encoding="utf-8") as progress:
            for made in _make_all(maker, rest, num_workers):
                progress.writelines(_text(line) for line in made)
                progress.flush()
                lines += made
        place = {item.path: number for number, item in enumerate(items)}
        lines.sort(key=lambda line: place[line["path"]])
        for name, text in _lists(header, lines).items():
            write_bytes(out / name, text.encode())
        write_bytes(out / MANIFEST, "".join(map(_text, [header, *lines])).encode())
        (out / UNFINISHED).unlink()
    return len(items)


def plan(wanted: Export, data: Dataset, left_out: Iterable[int] = ()) -> list[Item]:
    """The files of the set, in the order of its lists."""
    folders = _folders(data.class_names)
    left_out = set(left_out)
    kept = [index for index in range(len(data.train)) if index not in left_out]
    labels = [data.train[index].label for index in kept]
    items = []
    for index, copies in zip(kept, copies_of(labels, wanted), strict=True):
        sample = data.train[index]
        start = f"Images/{folders[sample.label]}/{index:06}_{_name(sample)}"
        if wanted.originals:
            items.append(Item(start + _suffix(sample), "train", index, None))
        items += [
            Item(f"{start}_{epoch:03}.{wanted.format}", "train", index, epoch)
            for epoch in range(copies)
        ]
    for index, sample in enumerate(data.eval):
        name = f"eval_{index:06}_{_name(sample)}{_suffix(sample)}"
        items.append(Item(f"Images/{folders[sample.label]}/{name}", "eval", index, None))
    return items


def copies_of(labels: list[int], wanted: Export) -> list[int]:
    """How many copies of each image; of an uneven share the first images of a class get one more.

    Even, each class comes to as many files as the largest one would have anyway.
    """
    if not wanted.even:
        return [wanted.copies] * len(labels)
    sizes, seen, copies = Counter(labels), Counter(), []
    files = (wanted.copies + wanted.originals) * max(sizes.values())
    for label in labels:
        share, more = divmod(files - wanted.originals * sizes[label], sizes[label])
        copies.append(share + (seen[label] < more))
        seen[label] += 1
    return copies


def verify(out: Path | str, data: str | None = None, num_workers: int = 0) -> Checked:
    """Compare every file with the manifest, and make again those that are missing.

    `data` is where the data is now, if it is elsewhere. What differs is left as it is, and what
    would come out different is not written.

    Raises:
        UserError: there is no whole manifest, or the data that missing files come from cannot be
            had or is not the same.
    """
    out = Path(out)
    header, lines = _read_manifest(out)
    whole, missing, different = [], [], []
    texts = {name: text.encode() for name, text in _lists(header, lines).items()}
    digests = {line["path"]: line["sha256"] for line in lines}
    digests.update((name, hashlib.sha256(text).hexdigest()) for name, text in texts.items())
    for path, digest in tqdm(digests.items(), desc="checking files", disable=None, delay=2):
        try:
            found = hashlib.sha256((out / path).read_bytes()).hexdigest()
        except FileNotFoundError:
            missing.append(path)
            continue
        except OSError as error:
            raise UserError(f"{out / path} cannot be read ({error.strerror})") from None
        (whole if found == digest else different).append(path)

    lost = set(missing)
    items = [Item(*(line[field] for field in Item._fields)) for line in lines]
    items = [item for item in items if item.path in lost]
    with _telling_what_cannot_be_written(out):
        if items:
            maker = _maker_of(header, out, data)
            for made in _make_all(maker, items, num_workers):
                different += [
                    line["path"] for line in made if line["sha256"] != digests[line["path"]]
                ]
        for name in lost & set(texts):
            write_bytes(out / name, texts[name])
    again = [path for path in missing if path not in set(different)]
    return Checked(whole, again, different)


def differing_versions(out: Path | str) -> list[str]:
    """Of the libraries that a set was made with, those that are others here, a phrase each."""
    header, _ = _read_manifest(Path(out))
    now = versions()
    return [
        f"{name} was {then}, here it is {now.get(name)}"
        for name, then in header["versions"].items()
        if now.get(name) != then
    ]


class _Maker:
    """Makes the files of an image. It goes to the workers, so it holds no pixels of its own."""

    def __init__(self, config: TrainConfig, format: str, data: Dataset, out: Path):
        self.format = format
        self.out = out
        self.samples = {"train": data.train, "eval": data.eval}
        self.train: Augmented = read_one_by_one(config, data.train)

    def make(self, items: list[Item]) -> list[dict]:
        """Write the files of one image, and return their lines of the manifest.

        Where it is known what is to come out and something else does, nothing is written.
        """
        image = None
        lines = []
        for item in items:
            sample = self.samples[item.list][item.index]
            ops = None
            if item.epoch is None:
                content = _as_it_is(sample)
            else:
                if image is None:
                    image = self.train.unchanged(item.index)
                key = (item.epoch, item.index)
                ops = drawn(self.train, image, key)
                content = encode(self.train.augmented(image, key), self.format)
            digest = hashlib.sha256(content).hexdigest()
            if item.sha256 in (None, digest):
                _write_soon(self.out / item.path, content)
            line = {"label": sample.label, "source": sample.path, "drawn": ops}
            lines.append({**item._asdict(), **line, "sha256": digest})
        return lines


def _write_soon(path: Path, content: bytes) -> None:
    """Write a whole file without waiting until it is on the disk, which for each would take longer
    than all the rest. What a power failure takes is made again: going on looks into every file, and
    so does `verify`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")  # a kill leaves it, the next call takes it over
    beside.write_bytes(content)
    os.replace(beside, path)


def _as_it_is(sample: Sample) -> bytes:
    """The bytes of its file; of an image in an archive, a PNG."""
    if sample.pixels is not None:
        return encode(np.ascontiguousarray(sample.pixels), "png")
    try:
        return sample.file.read_bytes()
    except OSError as error:
        raise UnreadableImage(sample.file, f"cannot be read ({error.strerror})") from None


def _make_all(maker: _Maker, items: list[Item], num_workers: int) -> Iterator[list[dict]]:
    """The lines of the items, image by image in their order, under a bar."""
    tasks = [list(group) for _, group in groupby(items, key=lambda item: (item.list, item.index))]
    with tqdm(total=len(items), desc="exporting", unit="file", disable=None) as bar:
        for made in _results(maker, tasks, num_workers):
            yield made
            bar.update(len(made))


def _results(maker: _Maker, tasks: list[list[Item]], num_workers: int) -> Iterator[list[dict]]:
    cv2.setNumThreads(0)  # as many threads as there are workers, and no more
    if not num_workers:
        yield from map(maker.make, tasks)
        return
    executor = ProcessPoolExecutor(
        num_workers, multiprocessing.get_context("spawn"), _start_worker, (maker,)
    )
    try:
        yield from executor.map(_make_in_worker, tasks)
    except BrokenProcessPool:
        raise UserError(
            "a worker process was killed, mostly because memory ran out; the same command with "
            "fewer --num-workers goes on from here (0 uses none)"
        ) from None
    finally:
        executor.shutdown(cancel_futures=True)


def _start_worker(maker: _Maker) -> None:
    global _maker
    _maker = maker
    cv2.setNumThreads(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    threading.Thread(target=die_with_parent, daemon=True).start()


def _make_in_worker(items: list[Item]) -> list[dict]:
    return _maker.make(items)


def _shared(data: Dataset) -> list[int]:
    """Training images that are to be evaluated on, too: published archives have some, and lists,
    which this data set will have, may not."""
    shared = {id(train) for _, train in shared_content(data.train, data.eval)}
    if not shared:
        return []
    contents = {_content(sample) for sample in data.train if id(sample) in shared}
    left_out = [i for i, sample in enumerate(data.train) if _content(sample) in contents]
    print(
        f"{data.name}: {len(left_out):,} training images are evaluated on, too, and left out",
        file=sys.stderr,
    )
    return left_out


def _content(sample: Sample) -> bytes:
    return _as_it_is(sample) if sample.pixels is None else sample.pixels.tobytes()


def _header(wanted: Export, data: Dataset, left_out: list[int]) -> dict:
    config = wanted.config.asdict()
    return {
        "manifest": 1,
        "config": {name: config[name] for name in (*SOURCES, *DRAWS)},
        "copies": wanted.copies,
        "format": wanted.format,
        "originals": wanted.originals,
        "even": wanted.even,
        "data": {
            "name": data.name,
            "fingerprint": data.fingerprint,
            "class_names": data.class_names,
            "left_out": left_out,
        },
        "versions": versions(),
    }


def _begin(out: Path, header: dict) -> list[dict]:
    """Take up what an interrupted call has left, its lines are returned, or make room for a set."""
    path = out / UNFINISHED
    if path.exists():
        _refuse_other(path, header)
        # A kill may cut the last line short, and files may have been touched since.
        lines = [line for line in _whole_lines(path)[1:] if _is_whole(out, line)]
        write_bytes(path, "".join(map(_text, [header, *lines])).encode())
        return lines
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise UserError(f"{out} holds something else; give a new folder, or an empty one")
    write_bytes(path, _text(header).encode())
    return []


def _refuse_other(path: Path, header: dict) -> None:
    """Stop where the folder's set is not the one that is asked for, wherever its data is."""
    lines = _whole_lines(path)
    before, now = (_flat(each) for each in (lines[0] if lines else {}, header))
    for name, value in now.items():
        if before.get(name) != value:
            raise UserError(
                f"{path.parent} holds another set, made with {name} {before.get(name)}, not "
                f"{value}; give the same to go on, or a new folder"
            )


def _flat(header: dict) -> dict:
    """What decides a set's bytes, by what the user calls it."""
    config = {
        flag(name): value for name, value in header.get("config", {}).items() if name in DRAWS
    }
    own = {flag(name): header.get(name) for name in ("copies", "format", "originals", "even")}
    data = {"the data's fingerprint": header.get("data", {}).get("fingerprint")}
    return {**config, **own, **data, **header.get("versions", {})}


def _text(line: dict) -> str:
    return json.dumps(line) + "\n"


def _whole_lines(path: Path) -> list[dict]:
    """The lines up to the first that is not whole."""
    lines = []
    for text in path.read_bytes().split(b"\n")[:-1]:
        try:
            lines.append(json.loads(text))
        except ValueError:
            break
    return lines


def _is_whole(out: Path, line: dict) -> bool:
    try:
        return hashlib.sha256((out / line["path"]).read_bytes()).hexdigest() == line["sha256"]
    except FileNotFoundError:
        return False


def _read_manifest(out: Path) -> tuple[dict, list[dict]]:
    path = out / MANIFEST
    if not path.is_file():
        if (out / UNFINISHED).is_file():
            raise UserError(f"{out} is not finished; the command that began it goes on with it")
        raise UserError(f"no {MANIFEST} in {out}; want a folder that tools/export.py has made")
    try:
        header, *lines = [json.loads(text) for text in path.read_bytes().splitlines()]
        needed = {*Item._fields, "label"}
        known = {*SOURCES, *DRAWS}
        if (
            header["manifest"] != 1
            or not set(header["config"]) <= known
            or not all(needed <= set(line) for line in lines)
        ):
            raise ValueError("not a manifest of this version")
        _lists(header, lines)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is damaged: {error}; export to a new folder") from None
    for line in lines:
        if posixpath.normpath(line["path"]).split("/")[0] != "Images":
            raise UserError(f"{path} is damaged: {line['path']!r} is not below Images")
    return header, lines


def _maker_of(header: dict, out: Path, data: str | None) -> _Maker:
    """What made a set, made again of its manifest."""
    given = header["config"]
    if data is not None:
        given = {**given, **dict.fromkeys(SOURCES), "data": data}
    config = TrainConfig(**given)
    found = open_data(config, check=False)
    if found.fingerprint != header["data"]["fingerprint"]:
        raise UserError(
            f"the data of {out} has changed since, or is other data: {found.name}; --data names "
            "where the same is now"
        )
    return _Maker(config, header["format"], found, out)


def _lists(header: dict, lines: list[dict]) -> dict[str, str]:
    """The list files by name."""
    texts = {
        name: "".join(
            f"{line['path'].removeprefix('Images/')} {line['label']}\n"
            for line in lines
            if line["list"] == part
        )
        for name, part in (("Train.txt", "train"), ("Eval.txt", "eval"))
    }
    # Folders may be named by any bytes, lists are UTF-8.
    names = [name.encode(errors="replace").decode() for name in header["data"]["class_names"]]
    return {**texts, "labels.txt": "".join(f"{i} {name}\n" for i, name in enumerate(names))}


def _folders(class_names: list[str]) -> list[str]:
    """A folder for each class: its name as far as any system takes it, and its number where two
    would be alike."""
    plain = [_plain(name) for name in class_names]
    count = Counter(name.lower() for name in plain)
    return [
        name if name and count[name.lower()] == 1 else f"{label}_{name}"
        for label, name in enumerate(plain)
    ]


def _name(sample: Sample) -> str:
    return _plain(posixpath.splitext(posixpath.basename(sample.path))[0])


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name).strip("._")[:40]


def _suffix(sample: Sample) -> str:
    return ".png" if sample.pixels is not None else sample.file.suffix.lower()


class _telling_what_cannot_be_written:
    """Turn a full disk into one message."""

    def __init__(self, out: Path):
        self.out = out

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, OSError):
            raise UserError(
                f"cannot write {error.filename or self.out}: {error.strerror}; the same command "
                "goes on from here"
            ) from None
