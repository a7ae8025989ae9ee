"""Augmented copies as files: a larger data set that trains as it is, and the manifest to check it.

A manifest is lines of JSON. The first says what the set was made of and how; each further one is a
file: its path, label and source, the epoch and index whose draws it shows, and its SHA-256.

Of several processes each makes the files of every n-th image, and keeps their lines in a part of
the manifest that it alone writes to. The first one waits until the parts together have all lines,
and finishes the set. Each reads all parts when it starts: after a death any number of processes
goes on from what is there.
"""

import hashlib
import json
import multiprocessing
import os
import posixpath
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from tqdm import tqdm

from paddle_aug.augment.modes import augmentation, mix_of
from paddle_aug.config import TrainConfig, flag
from paddle_aug.data.augmented import Augmented
from paddle_aug.data.dataset import Dataset
from paddle_aug.data.faults import shared_content
from paddle_aug.data.image import UnreadableImage
from paddle_aug.data.samples import Sample
from paddle_aug.errors import UserError
from paddle_aug.inputs import DRAWS, SOURCES, drawn, open_data, read_one_by_one
from paddle_aug.results.image_bytes import FORMATS, encode
from paddle_aug.system.files import part_path, write_bytes
from paddle_aug.system.processes import Alive, Shard, cores, kill_workers, obey_parent
from paddle_aug.system.signals import block_signals, interrupts_between_steps
from paddle_aug.system.versions import versions

MANIFEST = "manifest.jsonl"
PARTS = ".manifest.*-of-*.part"  # grow while the files are made
WORTH_A_WORKER = 50  # files; a worker takes a second to start
POLL = 0.5  # seconds
PATIENCE = 60.0  # seconds without a sign of life, after which other processes are taken for dead


ALONE = Shard()


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
        mode = self.config.augment
        if mix_of(mode, "none") != "none":
            raise UserError(
                f"the mode {mode} mixes images of a batch, and their labels, which are no files of "
                "a class; --augment userDef is the nearest that can be exported"
            )


class Item(NamedTuple):
    """A file of the set; without an epoch it is the image as it is."""

    path: str
    list: str
    index: int
    epoch: int | None
    sha256: str | None = None  # where it is known what is to come out


class Checked(NamedTuple):
    """What `verify` found, as paths; `extra` are files that the manifest does not have."""

    whole: list[str]
    made_again: list[str]
    different: list[str]
    extra: list[str]


def export(
    wanted: Export, out: Path | str, num_workers: int | None = 0, shard: Shard = ALONE
) -> int:
    """Make the data set, or what an interrupted call has left to make; returns how many files of
    images it has.

    Several processes are a `shard` each, and only the first one's call ends with the whole set: the
    lists come last, so that a part of a set is not taken for one. `num_workers` are the processes
    that a call starts, None for one a core where that pays. The bytes depend on neither.

    Raises:
        UserError: the data cannot be had, `out` holds something else or cannot be written, or other
            processes have died.
    """
    out = Path(out)
    started = time.monotonic()
    augmentation(wanted.config.augment)  # a mistake in it is told before all images are checked
    data = open_data(replace(wanted.config, cache="off"))
    maker = _Maker(wanted.config, wanted.format, data, out)
    maker.train[0, 0]  # so is an image that comes out at a wrong size, before a folder is made
    left_out = _shared(data)
    header = _header(wanted, data, left_out)
    items = plan(wanted, data, left_out)
    checking = time.monotonic() - started
    mine = [item for task in shard.of(_tasks(items)) for item in task]
    with _telling_what_cannot_be_written(out):
        found = _found(out, header)
        # Looked for after the parts, which are gone once it is there.
        if (out / MANIFEST).exists():
            _refuse_other(out / MANIFEST, _read_manifest(out)[0], header)
            print(f"{out} is finished already; --verify checks it", file=sys.stderr)
            if shard.is_first:  # a kill may have come between
                _remove_parts(out)
            return len(items)
        lines = _whole(out, found, mine)
        rest = [item for item in mine if item.path not in lines]
        if rest or shard.is_first:
            part = out / f".manifest.{shard.rank}-of-{shard.size}.part"
            # A kill may have cut its last line short, and files may have been touched since.
            write_bytes(part, "".join(map(_text, [header, *lines.values()])).encode())
            # Not while workers are being started, which leaves Python with a thread that is not.
            with (
                open(part, "a", encoding="utf-8") as progress,
                Alive(part),
                interrupts_between_steps() as raise_interrupt,
            ):
                for made in _make_all(maker, rest, _workers(num_workers, len(rest))):
                    progress.writelines(map(_text, made))
                    progress.flush()
                    lines.update((line["path"], line) for line in made)
                    raise_interrupt()
        if shard.is_first:
            _wait_for_others(out, header, items, lines, max(PATIENCE, 2 * checking))
            _finish(out, header, [lines[item.path] for item in items])
    return len(items)


def _workers(asked: int | None, files: int) -> int:
    return min(cores(), files // WORTH_A_WORKER) if asked is None else asked


def _wait_for_others(
    out: Path, header: dict, items: list[Item], lines: dict[str, dict], patience: float
) -> None:
    """Add the lines of the other processes as they come, until so many seconds pass without a sign
    of life from any of them."""
    signs, latest = None, time.monotonic()
    while missing := [item for item in items if item.path not in lines]:
        stats = {part: part.stat() for part in out.glob(PARTS)}
        before, signs = signs, {p: (each.st_mtime_ns, each.st_size) for p, each in stats.items()}
        if signs != before:
            lines.update(_whole(out, _found(out, header), missing))
            latest = time.monotonic()
        elif time.monotonic() - latest > patience:
            raise UserError(
                f"{out} lacks {len(missing):,} files that other processes were to make, and none "
                f"of them has given a sign of life for {patience:.0f} s; the same command goes on "
                "from here, in any number of processes"
            )
        else:
            time.sleep(POLL)


def _finish(out: Path, header: dict, lines: list[dict]) -> None:
    for name, text in _lists(header, lines).items():
        write_bytes(out / name, text.encode())
    write_bytes(out / MANIFEST, "".join(map(_text, [header, *lines])).encode())
    _remove_parts(out)


def _remove_parts(out: Path) -> None:
    for part in out.glob(PARTS):
        part.unlink()


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
    for part, samples in (("eval", data.eval), ("test", data.test)):
        for index, sample in enumerate(samples):
            name = f"{part}_{index:06}_{_name(sample)}{_suffix(sample)}"
            items.append(Item(f"Images/{folders[sample.label]}/{name}", part, index, None))
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


def verify(out: Path | str, data: str | None = None, num_workers: int | None = 0) -> Checked:
    """Compare every file with the manifest, and make again those that are missing.

    `data` is where the data is now, if it is elsewhere. What differs is left as it is, as is what
    the manifest does not have; what would come out different is not written.

    Raises:
        UserError: there is no whole manifest, or the data that missing files come from cannot be
            had or is not the same.
    """
    out = Path(out)
    header, lines = _read_manifest(out)
    whole, missing, different = [], [], []
    there = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
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
            with interrupts_between_steps() as raise_interrupt:
                for made in _make_all(maker, items, _workers(num_workers, len(items))):
                    different += [
                        line["path"] for line in made if line["sha256"] != digests[line["path"]]
                    ]
                    raise_interrupt()
        for name in lost & set(texts):
            write_bytes(out / name, texts[name])
    again = [path for path in missing if path not in set(different)]
    return Checked(whole, again, different, sorted(there - {*digests, MANIFEST}))


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
        self.samples = {"train": data.train, "eval": data.eval, "test": data.test}
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
    beside = Path(part_path(path))
    beside.write_bytes(content)
    os.replace(beside, path)


def _as_it_is(sample: Sample) -> bytes:
    """The bytes of its file; of an image in an archive, a PNG."""
    if sample.pixels is not None:
        return encode(np.ascontiguousarray(sample.pixels), "png")
    try:
        return Path(sample.file).read_bytes()
    except OSError as error:
        raise UnreadableImage(sample.file, f"cannot be read ({error.strerror})") from None


def _tasks(items: list[Item]) -> list[list[Item]]:
    """The items of each image."""
    return [list(group) for _, group in groupby(items, key=lambda item: (item.list, item.index))]


def _make_all(maker: _Maker, items: list[Item], num_workers: int) -> Iterator[list[dict]]:
    """The lines of the items, image by image in their order, under a bar."""
    with tqdm(total=len(items), desc="exporting", unit="file", disable=None) as bar:
        for made in _results(maker, _tasks(items), num_workers):
            yield made
            bar.update(len(made))


def _results(maker: _Maker, tasks: list[list[Item]], num_workers: int) -> Iterator[list[dict]]:
    if not num_workers:
        threads = cv2.getNumThreads()
        cv2.setNumThreads(0)  # one core, as was asked for
        try:
            yield from map(maker.make, tasks)
        finally:
            cv2.setNumThreads(threads)
        return
    executor = ProcessPoolExecutor(
        num_workers, multiprocessing.get_context("spawn"), _start_worker, (maker,)
    )
    try:
        with block_signals():  # workers are started here
            results = executor.map(_make_in_worker, tasks)
        yield from results
    except BrokenProcessPool:
        kill_workers(executor)
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
    obey_parent()


def _make_in_worker(items: list[Item]) -> list[dict]:
    return _maker.make(items)


def _shared(data: Dataset) -> list[int]:
    """Training images that are to be evaluated on, too: published archives have some, and lists,
    which this data set will have, may not."""
    shared = shared_content(data.train, [*data.eval, *data.test])
    if not shared:
        return []
    contents = {_content(sample) for _, sample in shared}
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


def _found(out: Path, header: dict) -> dict[str, dict]:
    """The lines that all parts of a manifest have, by their paths.

    Raises:
        UserError: the folder holds something else, or parts of another set.
    """
    # In this order: a part is there before any file of the set is, and until its manifest is.
    something = out.is_dir() and any(
        not re.match(r"\.+manifest", path.name) for path in out.iterdir()
    )
    lines, parts = {}, sorted(out.glob(PARTS))
    for part in parts:
        try:
            first, *others = _whole_lines(part)
        except FileNotFoundError:  # the first process has just finished the set
            continue
        _refuse_other(part, first, header)
        lines.update((line["path"], line) for line in others)
    if (something or out.is_file()) and not parts and not (out / MANIFEST).exists():
        raise UserError(f"{out} holds something else; give a new folder, or an empty one")
    return lines


def _whole(out: Path, found: dict[str, dict], items: list[Item]) -> dict[str, dict]:
    """Of what was found, the lines of these items whose files are as they say."""
    known = (found[item.path] for item in items if item.path in found)
    return {line["path"]: line for line in known if _is_whole(out, line)}


def _refuse_other(path: Path, there: dict, header: dict) -> None:
    """Stop where the folder's set is not the one that is asked for, wherever its data is."""
    before, now = _flat(there), _flat(header)
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
        if any(out.glob(PARTS)):
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
    """The list files by name; one to test on where part of the training list is held back."""
    parts = {"Train.txt": "train", "Eval.txt": "eval"}
    if any(line["list"] == "test" for line in lines):
        parts["Test.txt"] = "test"
    texts = {
        name: "".join(
            f"{line['path'].removeprefix('Images/')} {line['label']}\n"
            for line in lines
            if line["list"] == part
        )
        for name, part in parts.items()
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
    return ".png" if sample.pixels is not None else Path(sample.file).suffix.lower()


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
