"""Augmented copies as files: a larger data set to train on, and a manifest to verify it by."""

import logging
import multiprocessing
import os
import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from tqdm import tqdm

from paddle_aug.config import TrainConfig, config_of
from paddle_aug.data.content import shared_content
from paddle_aug.data.dataset import Dataset
from paddle_aug.data.image import UnreadableImage
from paddle_aug.data.samples import Found, Sample
from paddle_aug.errors import UserError
from paddle_aug.export import manifest
from paddle_aug.export.manifest import Item, sha256
from paddle_aug.inputs import DRAWS, SOURCES, dataset_of, drawn, mixes, open_data, transform_of
from paddle_aug.results.image_bytes import encode
from paddle_aug.system import plugins
from paddle_aug.system.cluster import cluster_workers, connect
from paddle_aug.system.files import folder_names, locked, part_path, plain_name, write_bytes
from paddle_aug.system.processes import cores
from paddle_aug.system.progress import no_bar
from paddle_aug.system.tasks import ATTEMPTS, LocalWorker, run, stopped
from paddle_aug.system.versions import versions

FILES_PER_WORKER = 50  # at least; a worker takes a second to start
FILES = 10  # about as many in a task: a kill costs each process so many

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Export:
    """The data set to make: `copies` of each training image or, with `even`, enough to make every
    class as large as the largest; with `originals`, the unchanged images too."""

    config: TrainConfig
    copies: int = 1
    format: str = "png"
    originals: bool = False
    even: bool = False

    def __post_init__(self):
        if self.copies < 1:
            raise UserError(f"--copies must be at least 1, not {self.copies}")
        if mixes(self.config):
            raise UserError(
                f"the mode {self.config.mode} mixes images of a batch and their labels, which have "
                "no place in a list; export it without the mix, or --augment userDef"
            )


class Verified(NamedTuple):
    """The paths of an exported set by their state; `extra` files are not in the manifest."""

    whole: list[str]
    made_again: list[str]
    different: list[str]
    extra: list[str]


def export(
    settings: Export,
    out: Path,
    num_workers: int | None = 0,
    found: Found | None = None,
    cluster: str | None = None,
) -> int:
    """Make the data set, or the rest of it after an interruption; returns the number of images.

    `num_workers` is the number of processes to start; None starts one per core if there is enough
    to do. With a `cluster`, the address of a Ray cluster, its machines make the files. The bytes
    do not depend on either. `found` spares a second `find_data`. The list files come
    last, so that a part of a set does not pass for a whole one.

    Raises:
        UserError: the data cannot be read, `out` has other files, cannot be written to, or is being
            written to by another process.
    """
    transform_of(settings.config)  # refuse a mistake in it before all images are checked
    data = open_data(replace(settings.config, cache="off"), found=found)
    maker = _Maker(settings.config, settings.format, data, out)
    maker.train[0, 0]  # refuse an image of the wrong size before a folder is made
    left_out = _evaluated_too(data)
    header = _header(settings, data, left_out)
    items = plan(settings, data, left_out)
    if out.is_file():
        raise UserError(f"{out} is a file; give a new folder")
    refusal = f"another process is exporting to {out}; wait for it to end"
    with _write_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        with locked(out / manifest.LOCK, refusal):
            if (out / manifest.MANIFEST).exists():
                manifest.refuse_other(out, manifest.read(out)[0], header)
                (out / manifest.PART).unlink(missing_ok=True)  # a kill may have left it
                logger.info(f"{out} is finished already; --verify checks it")
            else:
                _make_missing(maker, header, items, num_workers, cluster)
    return len(items)


def _make_missing(
    maker: "_Maker",
    header: dict,
    items: list[Item],
    num_workers: int | None,
    cluster: str | None,
) -> None:
    """Make the files that have no line yet or were changed since, and finish the set."""
    out, part = maker.out, maker.out / manifest.PART
    lines = {
        line["path"]: line
        for line in manifest.read_part(out, header)
        if manifest.digest_of(out / line["path"]) == line["sha256"]
    }
    missing = [item for item in items if item.path not in lines]
    # A kill may have cut the last line short, so the file is written again.
    write_bytes(part, manifest.as_text([header, *lines.values()]).encode())
    with open(part, "a", encoding="utf-8") as progress:
        for new_lines in _make_all(maker, missing, num_workers, cluster):
            progress.write(manifest.as_text(new_lines))
            progress.flush()
            lines.update((line["path"], line) for line in new_lines)
    manifest.finish(out, header, [lines[item.path] for item in items])


def plan(settings: Export, data: Dataset, left_out: Iterable[int] = ()) -> list[Item]:
    """The files of the set, in the order of its lists."""
    folders = folder_names(data.class_names)
    kept = sorted({*range(len(data.train))} - {*left_out})
    labels = [data.train[index].label for index in kept]
    items = []
    for index, copies in zip(kept, copies_of(labels, settings), strict=True):
        sample = data.train[index]
        start = f"Images/{folders[sample.label]}/{index:06}_{_name(sample)}"
        if settings.originals:
            items.append(Item(start + _suffix(sample), "train", index, None))
        items += [
            Item(f"{start}_{epoch:03}.{settings.format}", "train", index, epoch)
            for epoch in range(copies)
        ]
    for part, samples in (("eval", data.eval), ("test", data.test)):
        for index, sample in enumerate(samples):
            name = f"{part}_{index:06}_{_name(sample)}{_suffix(sample)}"
            items.append(Item(f"Images/{folders[sample.label]}/{name}", part, index, None))
    return items


def copies_of(labels: list[int], settings: Export) -> list[int]:
    """The number of copies of each image.

    With `even`, each class gets as many files as the largest class has with `copies` of each image;
    if that does not divide evenly, the first images of a class get one copy more.
    """
    if not settings.even:
        return [settings.copies] * len(labels)
    sizes, seen, copies = Counter(labels), Counter(), []
    files = (settings.copies + settings.originals) * max(sizes.values())
    for label in labels:
        share, rest = divmod(files - settings.originals * sizes[label], sizes[label])
        copies.append(share + (seen[label] < rest))
        seen[label] += 1
    return copies


def verify(out: Path, data: str | None = None, num_workers: int | None = 0) -> Verified:
    """Compare every file with the manifest, and make missing files again.

    `data` is the new place of data that has moved. Files that differ or are not in the manifest
    are left alone, and a missing file that would come out different is not written.

    Raises:
        UserError: there is no manifest or it is damaged, or the data for the missing files cannot
            be read or has changed.
    """
    header, lines = manifest.read(out)
    whole, missing, different = [], [], []
    texts = {name: text.encode() for name, text in manifest.list_files(header, lines).items()}
    digests = {line["path"]: line["sha256"] for line in lines}
    digests |= {name: sha256(text) for name, text in texts.items()}
    for path, digest in tqdm(digests.items(), desc="checking files", disable=no_bar(), delay=2):
        present = manifest.digest_of(out / path)
        if present is None:
            missing.append(path)
        else:
            (whole if present == digest else different).append(path)
    lost = set(missing)
    items = [Item(*map(line.get, Item._fields)) for line in lines if line["path"] in lost]
    with _write_errors(out):
        if items:
            for new_lines in _make_all(_maker_from(header, out, data), items, num_workers):
                different += [
                    line["path"] for line in new_lines if line["sha256"] != digests[line["path"]]
                ]
        for name in lost & set(texts):
            write_bytes(out / name, texts[name])
    made_again = [path for path in missing if path not in set(different)]
    existing = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    extra = sorted(existing - {*digests, manifest.MANIFEST, manifest.LOCK})
    return Verified(whole, made_again, different, extra)


class _Maker:
    """Makes the files of an image. It goes to the workers, so it holds no decoded images."""

    def __init__(self, config: TrainConfig, format: str, data: Dataset, out: Path):
        self.format = format
        self.out = out
        self.samples = {"train": data.train, "eval": data.eval, "test": data.test}
        self.train = dataset_of(config, data.train)

    def make(self, items: list[Item]) -> list[dict]:
        """Write the files of one image, and return their lines of the manifest.

        A file whose SHA-256 is not that of its item is not written.
        """
        sample = self.samples[items[0].list][items[0].index]
        image = None
        lines = []
        for item in items:
            if item.epoch is None:
                ops, content = None, _unchanged_bytes(sample)
            else:
                if image is None:
                    image = self.train.unchanged(item.index)
                key = (item.epoch, item.index)
                ops = drawn(self.train, image, key)
                content = encode(self.train.augmented(image, key), self.format)
            digest = sha256(content)
            if item.sha256 in (None, digest):
                _write_without_fsync(self.out / item.path, content)
            line = {"label": sample.label, "source": sample.path, "drawn": ops}
            lines.append({**item._asdict(), **line, "sha256": digest})
        return lines


def _maker_from(header: dict, out: Path, data: str | None) -> _Maker:
    """The maker of a set, from its manifest."""
    config = config_of(header["config"], (*SOURCES, *DRAWS), out / manifest.MANIFEST)
    if data is not None:
        config = replace(config, **{**dict.fromkeys(SOURCES), "data": data})
    source = open_data(config, check=False)
    if not source.has_fingerprint(header["data"]["fingerprint"]):
        raise UserError(
            f"{source.name} is not the data that {out} was made from, or has changed; give its "
            "place by --data"
        )
    return _Maker(config, header["format"], source, out)


def _write_without_fsync(path: Path, content: bytes) -> None:
    """Write a whole file without waiting for the disk, which would take most of the time.

    A file that a power failure destroys has another SHA-256, and is made again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = Path(part_path(path))
    part.write_bytes(content)
    os.replace(part, path)


def _unchanged_bytes(sample: Sample) -> bytes:
    """The bytes of the sample's file; for an image in an archive, those of a PNG."""
    if sample.pixels is not None:
        return encode(np.ascontiguousarray(sample.pixels), "png")
    try:
        return Path(sample.file).read_bytes()
    except OSError as error:
        raise UnreadableImage(sample.file, f"cannot be read ({error.strerror})") from None


def _make_all(
    maker: _Maker, items: list[Item], num_workers: int | None, cluster: str | None = None
) -> Iterator[list[dict]]:
    """The lines of the items, chunk by chunk as they are done, with a progress bar."""
    images = [list(group) for _, group in groupby(items, key=lambda item: (item.list, item.index))]
    if num_workers is None:
        num_workers = min(cores(), len(items) // FILES_PER_WORKER)
    with tqdm(total=len(items), desc="exporting", unit="file", disable=no_bar()) as bar:
        for lines in _results(maker, images, num_workers, cluster):
            yield lines
            bar.update(len(lines))


def _results(
    maker: _Maker, images: list[list[Item]], num_workers: int, cluster: str | None
) -> Iterator[list[dict]]:
    if not num_workers and not cluster:
        yield from map(maker.make, images)
        return
    size = max(1, FILES * len(images) // max(1, sum(map(len, images))))
    chunks = [_Chunk(images[start : start + size]) for start in range(0, len(images), size)]
    if cluster:
        ray = connect(cluster)
        places = [({"num_cpus": 1}, "cpu")] * int(ray.cluster_resources().get("CPU", 1))
        making = cluster_workers(ray, maker.out, maker, places[: len(chunks)])
    else:
        context = multiprocessing.get_context("spawn")
        making = stopped([LocalWorker(maker, "cpu", context) for _ in range(num_workers)])
    with making as workers:
        for _, lines in run(workers, chunks):
            yield lines


@dataclass(frozen=True)
class _Chunk:
    """Some images, as a task."""

    images: list[list[Item]]

    @property
    def name(self) -> str:
        return self.images[0][0].path

    def call(self, device: str) -> Callable[[_Maker], list[dict] | Exception]:
        return partial(_make_chunk, self.images)

    def done(self) -> int:
        return 0

    def lost(self, death: str) -> str:
        return (
            f"{self.name}: {death}, {ATTEMPTS} times, most likely because memory ran out; run the "
            "same command with fewer --num-workers to continue (0 uses none)"
        )


def _make_chunk(images: list[list[Item]], maker: _Maker) -> list[dict] | Exception:
    cv2.setNumThreads(0)
    try:
        return [line for items in images for line in maker.make(items)]
    except (UserError, OSError) as error:  # a full disk is an OSError
        return error


def _evaluated_too(data: Dataset) -> list[int]:
    """The indices of training images that are evaluated on, too, to leave them out.

    Published archives have some, and training refuses them in the lists of a folder.
    """
    shared = shared_content(data.train, [*data.eval, *data.test])
    if not shared:
        return []
    contents = {_unchanged_bytes(sample) for _, sample in shared}
    left_out = [i for i, sample in enumerate(data.train) if _unchanged_bytes(sample) in contents]
    logger.info(
        f"{data.name}: {len(left_out):,} training images are also evaluated on, and are left out"
    )
    return left_out


def _header(settings: Export, data: Dataset, left_out: list[int]) -> dict:
    config = settings.config.asdict()
    return {
        "manifest": 1,
        "config": {name: config[name] for name in (*SOURCES, *DRAWS)},
        **{name: getattr(settings, name) for name in manifest.OPTIONS},
        "data": {
            "name": data.name,
            "fingerprint": data.fingerprint,
            "class_names": data.class_names,
            "left_out": left_out,
        },
        "versions": versions(),
        "imports": plugins.loaded(),
    }


def _name(sample: Sample) -> str:
    return plain_name(posixpath.splitext(posixpath.basename(sample.path))[0])


def _suffix(sample: Sample) -> str:
    return ".png" if sample.pixels is not None else Path(sample.file).suffix.lower()


@contextmanager
def _write_errors(out: Path) -> Iterator[None]:
    """Turn a full disk, or a folder that cannot be written to, into one message."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"cannot write {error.filename or out}: {error.strerror}; run the same command to "
            "continue"
        ) from None
