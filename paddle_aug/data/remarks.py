"""What is odd about a data set that can be trained on: training says it, and check reports it."""

import posixpath
import re
import shlex
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from paddle_aug.data.content import content_groups, near_copies
from paddle_aug.data.dataset import Dataset
from paddle_aug.data.readers.list_format import subtract
from paddle_aug.data.samples import Found, Sample, normal_path
from paddle_aug.errors import UserError
from paddle_aug.system.program import tool

MAX_NAMED = 3  # classes that a line names
WANT_TWO = "a network needs two classes or more to tell apart: add images of another class"


class Remark(NamedTuple):
    """A line of training and a finding of check; `classes` are labels with a text each. In the
    advice, a command is a line of its own."""

    code: str
    message: str
    advice: str
    classes: list[tuple[int, str]]

    def __str__(self):
        named = [f"{label} {text}".strip() for label, text in self.classes]
        more = ", …" if len(named) > MAX_NAMED else ""
        classes = f" ({', '.join(named[:MAX_NAMED])}{more})" if named else ""
        return f"{self.message}{classes}; {' '.join(self.advice.splitlines())}"


def one_class(data: Dataset | Found) -> str | None:
    """The class that all training images are of, in words."""
    labels = {sample.label for sample in data.train}
    if len(labels) != 1:
        return None
    (label,) = labels
    name = data.class_names[label] if label < len(data.class_names) else label
    return f"all {len(data.train):,} training images are of one class, {name}"


def refuse_one_class(data: Dataset) -> None:
    """Refuse what a network learns in no time and to no end.

    Raises:
        UserError: there are not two classes.
    """
    if message := one_class(data):
        raise UserError(f"{data.name}: {message}; {WANT_TWO}")


def of_classes(found: Found) -> Iterator[Remark]:
    """Labels that no training image has, and names that resemble or contradict each other."""
    train, evaluated = (Counter(s.label for s in part) for part in (found.train, found.eval))
    if not train:
        return
    names = found.class_names

    def named(label: int, remark: str = "") -> tuple[int, str]:
        name = names[label] if label < len(names) and names[label] != str(label) else ""
        return label, f"{name} {remark}".strip()

    # Class 0 may have a name, and the last label be beyond the names.
    start = 0 if named(0)[1] and max(train) < len(names) else min(train)
    if start:
        message = f"labels begin at {start}, not at 0"
        yield Remark("labels-start", message, _count_from_0(found, start), [])
    known = range(start, max(len(names), max(train) + 1))
    if gaps := [label for label in known if label not in train]:
        message = f"{_classes(gaps)} without a training image"
        remarks = {n: f"({evaluated[n]:,} to evaluate on)" for n in gaps if evaluated[n]}
        advice = "number the classes without gaps, or add images"
        yield Remark("label-gap", message, advice, [named(n, remarks.get(n, "")) for n in gaps])

    spellings = defaultdict(set)
    for name in names:
        spellings[_folded(name)].add(name)
    if alike := [n for n, name in enumerate(names) if len(spellings[_folded(name)]) > 1]:
        message = f"{_classes(alike)} whose names differ only in case or spacing"
        advice = "if they are one class, give their images one label"
        yield Remark("alike-names", message, advice, [named(n) for n in alike])
    if crossed := list(_crossed(found)):
        message = f"{_classes(crossed)} whose images are in a folder named as another class"
        advice = "correct the names or the labels"
        places = [(n, f"{names[n]} in {folder}/") for n, folder in crossed]
        yield Remark("other-folder", message, advice, places)


def _classes(labels: Sequence) -> str:
    return f"{len(labels):,} class{'es' if len(labels) > 1 else ''}"


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", unicodedata.normalize("NFKC", name).casefold()).strip()


def _crossed(found: Found) -> Iterator[tuple[int, str]]:
    """Where classes have names, and the images of each are in a folder of their own: the classes
    whose folder has the name of another class, with that folder."""
    if not (any(found.files[2:]) or found.labels_named):
        return
    folders = {
        (sample.label, posixpath.basename(posixpath.dirname(normal_path(sample))))
        for sample in (*found.train, *found.eval)
    }
    if len(folders) == len(dict(folders)) == len({folder for _, folder in folders}):
        names = [_folded(name) for name in found.class_names]
        for label, folder in sorted(folders):
            own = names[label : label + 1]
            if own and _folded(folder) in names and _folded(folder) not in own:
                yield label, folder


def _count_from_0(found: Found, start: int) -> str:
    advice = "count from 0, as the network has an output for each number from 0 on"
    if found.labels_named:
        return f"{advice}; or write names in the place of numbers"
    if not found.lists:
        return advice
    return f"{advice}:\n{subtract(start, found.lists)}"


def of_copies(
    found: Found, data: Dataset, samples: Sequence[Sample], share: float, seed: int
) -> Iterator[str]:
    """Copies among the images that `--holdout` divides: equal ones, which it keeps together, and
    those that are nearly the same, which it may tear apart. Archives are taken as they are."""
    if any(sample.pixels is not None for sample in samples):
        return
    groups = content_groups(samples, data.digests)
    first = {groups[normal_path(sample)]: sample for sample in reversed(samples)}
    if equal := len(groups) - len(first):
        yield (
            f"{equal:,} of {len(groups):,} images are copies of another, which --holdout keeps "
            f"together; {shlex.join([*tool('check'), *found.given])} lists them"
        )
    if near := near_copies(list(first.values()), data.store):
        yield (
            f"{near:,} of {len(groups):,} images are nearly the same as another, and --holdout may "
            "train on one and evaluate on the other, so that accuracy comes out too high; "
            f"{_split_command(found, share, seed)} writes lists that keep them together"
        )


def _split_command(found: Found, share: float, seed: int) -> str:
    data = found.given
    if found.eval and found.lists:
        data = (str(found.lists[0]), "--image-root", str(found.root))
    elif found.eval:
        data = (str(found.root / found.train[0].path.split("/")[0]),)
    options = ["--split", f"{1 - share:g}", "--seed", str(seed), "--out", f"{found.name}-lists"]
    return shlex.join([*tool("check"), *data, *options])
