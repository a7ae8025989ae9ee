"""Checks before training: every line and every image of both lists, all faults in one report."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, compress
from typing import TypeVar

import numpy as np
from tqdm import tqdm

from paddle_aug.data.columns import firsts, same_before
from paddle_aug.data.image import MISSING, UnreadableImage, read_sample
from paddle_aug.data.readers.listfile import (
    Fault,
    Faults,
    Sample,
    Samples,
    files_of,
    labels_of,
    lines_of,
    names_of,
    paths_of,
    pixels_of,
    take,
)
from paddle_aug.errors import UserError
from paddle_aug.system.files import read_bytes

Result = TypeVar("Result")
Size = int | tuple[int, ...]
MAX_PRINTED = 50
_CHUNK = 32  # files a task: threads are for decoding, not for passing tasks around


def report(faults: Sequence[Fault], names: Sequence[str], notes: Sequence[str] = ()) -> None:
    """Raise one UserError with the faults, in the order of `names` and lines, if there are any.

    `notes` come before the last line, which says what to do.
    """
    if not faults:
        return
    ordered = in_order(faults, names)
    count = len(ordered)
    first = map(str, ordered[:MAX_PRINTED])
    lines = [f"the data has {count:,} fault{'s' if count > 1 else ''}:", *first]
    if count > MAX_PRINTED:
        lines.append(f"… and {count - MAX_PRINTED:,} more")
    lines += [*notes, "Correct or remove these lines or files, then run again."]
    raise UserError("\n".join(lines))


def in_order(faults: Iterable[Fault], names: Sequence[str]) -> Faults:
    """Each of the faults once, in the order of the files' names, lines and reasons."""
    given = faults if isinstance(faults, Faults) else Faults(faults)
    found = Faults()
    for name in dict.fromkeys(names):
        here = [file == name for file in given.files]
        lines, reasons = list(compress(given.lines, here)), list(compress(given.reasons, here))
        if np.any(np.diff(lines) <= 0):  # else each is on a line of its own, and in order
            ordered = sorted(set(zip(lines, reasons, strict=True)))
            lines, reasons = [line for line, _ in ordered], [reason for _, reason in ordered]
        found.extend([name] * len(lines), lines, reasons)
    if unknown := set(given.files).difference(names):
        raise ValueError(f"faults of {unknown}, and names are {names}")
    return found


def list_faults(
    train: Sequence[Sample],
    eval: Sequence[Sample],
    names: tuple[str, str],
    class_names: Sequence[str] | None = None,
) -> Faults:
    """Faults of lists that show without reading an image: contradictions, and leaks into eval.

    The same line twice is none: repeating a rare class is a known trick. Labels are told as
    `class_names` where the lists name them.
    """
    faults = Faults()
    for samples, name in zip((train, eval), names, strict=True):
        paths, labels, lines = paths_of(samples), labels_of(samples), lines_of(samples)
        again, first, agree = repeats(samples)
        for index, earlier in zip(again[~agree].tolist(), first[~agree].tolist(), strict=True):
            here, there = (
                class_names[labels[at]] if class_names else labels[at] for at in (index, earlier)
            )
            reason = f"{paths[index]} has label {here}, but label {there} on line {lines[earlier]}"
            faults.append(name, lines[index], reason)
    both = set(names_of(eval)).intersection(names_of(train))
    in_train = firsts(names_of(train)) if both else {}
    train_lines = lines_of(train)
    columns = paths_of(eval), lines_of(eval), map(in_train.get, names_of(eval))
    for path, line, other in zip(*columns, strict=True):
        if other is not None and train_lines[other]:
            where = f"line {train_lines[other]} of {names[0]}"
            reason = f"{path} is on {where} too; evaluate on other images"
            faults.append(names[1], line, reason)
    return faults


def repeats(samples: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The indices of samples whose image is listed before, where it is first, and whether their
    labels agree with those there."""
    first = same_before(names_of(samples))
    again = np.flatnonzero(first != np.arange(len(first)))
    labels = np.asarray(labels_of(samples))
    return again, first[again], labels[again] == labels[first[again]]


def image_faults(train: Sequence[Sample], eval: Sequence[Sample], names: tuple[str, str]) -> Faults:
    """Faults of images: missing, unreadable, truncated, or the same content in both lists.

    Every file is decoded once, by as many threads as there are cores (decoders release the lock of
    the interpreter), with a bar if that takes long.
    """
    in_train, in_eval = map(_distinct_files, (train, eval))
    in_eval = {file: index for file, index in in_eval.items() if file not in in_train}
    read = take(train, list(in_train.values())), take(eval, list(in_eval.values()))
    found = zip(chain(in_train, in_eval), over_images(_unreadable, *read), strict=True)
    reasons = {file: reason for file, reason in found if reason}
    faults, readable = Faults(), []
    for samples, name in zip((train, eval), names, strict=True):
        files = files_of(samples) if reasons else ()
        wrong = {index: reasons[file] for index, file in enumerate(files) if file in reasons}
        paths, lines = paths_of(samples), lines_of(samples)
        for index, reason in wrong.items():
            faults.append(name, lines[index], f"{paths[index]}: {reason}")
        if wrong:
            samples = take(samples, [i for i in range(len(samples)) if i not in wrong])
        readable.append(samples)
    for index, other in shared_content(*readable):
        sample, same = readable[1][index], readable[0][other]
        where = f" on line {same.line} of {names[0]}" if same.line else ""
        reason = f"{sample.path} is the same image as {same.path}{where}"
        faults.append(names[1], sample.line, reason)
    return faults


def _distinct_files(samples: Sequence[Sample]) -> dict[str, int]:
    """Where each file is listed first; what is in archives goes by."""
    files = files_of(samples)
    if not isinstance(samples, Samples):
        held = pixels_of(samples)
        files = (file if each is None else "" for file, each in zip(files, held, strict=True))
    at = firsts(files)
    at.pop("", None)
    return at


def over_images(
    look: Callable[[Sample], Result | str], *parts: Sequence[Sample]
) -> list[Result | str]:
    """What `look` makes of each image of all parts, by all cores, with a bar if that takes long; it
    says MISSING of a file that is not there."""

    def looked(chunk: Sequence[Sample]) -> list[Result | str]:
        return [look(sample) for sample in chunk]

    chunks = [part[i : i + _CHUNK] for part in parts for i in range(0, len(part), _CHUNK)]
    results: list[Result | str] = []
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        with tqdm(total=sum(map(len, parts)), desc="checking images", disable=None, delay=2) as bar:
            # Threads that find no file would spend their time waiting for each other.
            tasks = [None if _is_missing(chunk) else pool.submit(looked, chunk) for chunk in chunks]
            for chunk, task in zip(chunks, tasks, strict=True):
                results += task.result() if task else [MISSING] * len(chunk)
                bar.update(len(chunk))
    finally:
        pool.shutdown(cancel_futures=True)  # else an interrupt would wait for all the rest
    return results


def _is_missing(samples: Sequence[Sample]) -> bool:
    """Whether none of them is there, neither as a file nor in an archive."""
    for file, pixels in zip(files_of(samples), pixels_of(samples), strict=True):
        if pixels is not None:
            return False
        try:
            os.lstat(file)
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            pass  # whoever opens it will tell why it cannot be read
        return False
    return True


def _unreadable(sample: Sample) -> str | None:
    try:
        read_sample(sample)
    except UnreadableImage as error:
        return error.reason
    return None


def shared_content(train: Sequence[Sample], eval: Sequence[Sample]) -> list[tuple[int, int]]:
    """Pictures of eval that are in train under another name: the index of each, and that of the one
    in train.

    The same bytes of a file, or the same pixels of an archive; only equal sizes are hashed.
    """
    in_train = dict(zip(names_of(train), range(len(train)), strict=True))
    in_eval = firsts(names_of(eval))
    asked = {path: index for path, index in in_eval.items() if path not in in_train}
    if not asked:
        return []
    by_size: dict[Size, list[int]] = defaultdict(list)
    for index, size in _sizes(train, sorted(in_train.values())):
        by_size[size].append(index)
    digests: dict[Size, dict[bytes, int]] = {}
    same: dict[int, int] = {}
    for index, size in _sizes(eval, asked.values()):
        if size not in by_size:
            continue
        if size not in digests:
            digests[size] = {_digest(train[other]): other for other in by_size[size]}
        other = digests[size].get(_digest(eval[index]))
        if other is not None:
            same[index] = other
    if not same:
        return []
    first = map(in_eval.__getitem__, names_of(eval))
    return [(index, same[at]) for index, at in enumerate(first) if at in same]


def _sizes(samples: Sequence[Sample], indices: Iterable[int]) -> Iterator[tuple[int, Size]]:
    """Bytes of files, shapes of pixels."""
    indices = list(indices)
    chosen = take(samples, indices)
    for index, file, pixels in zip(indices, files_of(chosen), pixels_of(chosen), strict=True):
        yield index, os.stat(file).st_size if pixels is None else pixels.shape


def _digest(sample: Sample) -> bytes:
    content = read_bytes(sample.file) if sample.pixels is None else sample.pixels.tobytes()
    return hashlib.sha256(content).digest()
