"""Checks before training: every line and every image of both lists, all faults in one report."""

import hashlib
import os
import posixpath
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tqdm import tqdm

from paddle_aug.data.image import UnreadableImage, read_sample
from paddle_aug.data.listfile import Fault, Sample
from paddle_aug.errors import UserError
from paddle_aug.files import read_bytes

Result = TypeVar("Result")
MAX_PRINTED = 50
_CHUNK = 32  # files a task: threads are for decoding, not for passing tasks around


def report(faults: Sequence[Fault], files: Sequence[str], notes: Sequence[str] = ()) -> None:
    """Raise one UserError with the faults, in the order of `files` and lines, if there are any.

    `notes` come before the last line, which says what to do.
    """
    if not faults:
        return
    ordered = sorted(set(faults), key=lambda fault: (files.index(fault.file), *fault[1:]))
    count = len(ordered)
    lines = [f"the data has {count:,} fault{'s' if count > 1 else ''}:"]
    lines += [str(fault) for fault in ordered[:MAX_PRINTED]]
    if count > MAX_PRINTED:
        lines.append(f"… and {count - MAX_PRINTED:,} more")
    lines += [*notes, "Correct or remove these lines or files, then run again."]
    raise UserError("\n".join(lines))


def list_faults(
    train: Sequence[Sample],
    eval: Sequence[Sample],
    names: tuple[str, str],
    class_names: Sequence[str] | None = None,
) -> list[Fault]:
    """Faults of lists that show without reading an image: contradictions, and leaks into eval.

    The same line twice is none: repeating a rare class is a known trick. Labels are told as
    `class_names` where the lists name them.
    """
    faults = []
    in_train: dict[str, Sample] = {}
    for samples, name, first in zip((train, eval), names, (in_train, {}), strict=True):
        for sample in samples:
            earlier = first.setdefault(posixpath.normpath(sample.path), sample)
            if earlier.label != sample.label:
                labels: Sequence[int | str] = (sample.label, earlier.label)
                if class_names:
                    labels = [class_names[each.label] for each in (sample, earlier)]
                reason = (
                    f"{sample.path} has label {labels[0]}, but label {labels[1]} "
                    f"on line {earlier.line}"
                )
                faults.append(Fault(name, sample.line, reason))
    for sample in eval:
        other = in_train.get(posixpath.normpath(sample.path))
        if other and other.line:
            where = f"line {other.line} of {names[0]}"
            reason = f"{sample.path} is on {where} too; evaluate on other images"
            faults.append(Fault(names[1], sample.line, reason))
    return faults


def image_faults(
    train: Sequence[Sample], eval: Sequence[Sample], names: tuple[str, str]
) -> list[Fault]:
    """Faults of images: missing, unreadable, truncated, or the same content in both lists.

    Every image is decoded, by as many threads as there are cores (decoders release the lock of the
    interpreter), with a bar if that takes long.
    """
    files = {sample.file: sample for sample in (*train, *eval) if sample.pixels is None}
    found = over_images(_unreadable, list(files.values()))
    reasons = {file: reason for file, reason in zip(files, found, strict=True) if reason}
    faults = [
        Fault(name, sample.line, f"{sample.path}: {reasons[sample.file]}")
        for samples, name in zip((train, eval), names, strict=True)
        for sample in samples
        if sample.file in reasons
    ]
    readable = [[s for s in samples if s.file not in reasons] for samples in (train, eval)]
    for sample, other in shared_content(*readable):
        where = f" on line {other.line} of {names[0]}" if other.line else ""
        reason = f"{sample.path} is the same image as {other.path}{where}"
        faults.append(Fault(names[1], sample.line, reason))
    return faults


def over_images(look: Callable[[Sample], Result], samples: Sequence[Sample]) -> list[Result]:
    """What `look` makes of each image, by all cores, with a bar if that takes long."""
    chunks = [samples[i : i + _CHUNK] for i in range(0, len(samples), _CHUNK)]
    results = []
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        with tqdm(total=len(samples), desc="checking images", disable=None, delay=2) as bar:
            for looked in pool.map(lambda chunk: [look(sample) for sample in chunk], chunks):
                results += looked
                bar.update(len(looked))
    finally:
        pool.shutdown(cancel_futures=True)  # else an interrupt would wait for all the rest
    return results


def _unreadable(sample: Sample) -> str | None:
    try:
        read_sample(sample)
    except UnreadableImage as error:
        return error.reason
    return None


def shared_content(train: Sequence[Sample], eval: Sequence[Sample]) -> list[tuple[Sample, Sample]]:
    """Pictures of eval that are in train under another name, with that one.

    The same bytes of a file, or the same pixels of an archive; only equal sizes are hashed.
    """
    by_size = defaultdict(list)
    for sample in train:
        by_size[_size(sample)].append(sample)
    digests: dict[int | tuple[int, ...], dict[bytes, Sample]] = {}
    shared = []
    in_train = {posixpath.normpath(sample.path) for sample in train}
    for sample in eval:
        size = _size(sample)
        if size not in by_size or posixpath.normpath(sample.path) in in_train:
            continue
        if size not in digests:
            digests[size] = {_digest(other): other for other in by_size[size]}
        other = digests[size].get(_digest(sample))
        if other:
            shared.append((sample, other))
    return shared


def _size(sample: Sample) -> int | tuple[int, ...]:
    return sample.file.stat().st_size if sample.pixels is None else sample.pixels.shape


def _digest(sample: Sample) -> bytes:
    content = read_bytes(sample.file) if sample.pixels is None else sample.pixels.tobytes()
    return hashlib.sha256(content).digest()
