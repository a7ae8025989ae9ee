"""Findings that need no look at the images: training logs them, and `check` reports them."""

import posixpath
import re
import shlex
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from paddle_aug.data.content import content_groups
from paddle_aug.data.dataset import Dataset
from paddle_aug.data.duplicates import components, near_pairs, thumbnail
from paddle_aug.data.readers.list_format import subtract
from paddle_aug.data.samples import Found, Sample, normal_path
from paddle_aug.errors import UserError
from paddle_aug.results import language, text
from paddle_aug.results.language import _, count
from paddle_aug.system.program import tool

MAX_NAMED = 3  # places in a line of training


class Place(NamedTuple):
    """A class, a line of a list or a file, and what is there."""

    where: str
    what: str = ""


class Finding(NamedTuple):
    """One kind of problem, with all its places; `code` is stable, for programs.

    A command in the advice is a line of its own.
    """

    level: str
    code: str
    message: str
    advice: str
    places: list[Place]

    def __str__(self):
        """The finding in a line of training."""
        named = [" ".join(place).removeprefix("label ").strip() for place in self.places]
        more = ", …" if len(named) > MAX_NAMED else ""
        places = f" ({', '.join(named[:MAX_NAMED])}{more})" if named else ""
        return f"{self.message}{places}; {' '.join(self.advice.splitlines())}"


def class_name(data: Dataset | Found, label: int) -> str:
    """The name of a class, or its number if it has none."""
    return data.class_names[label] if label < len(data.class_names) else str(label)


def class_place(data: Dataset | Found, label: int, remark: str = "") -> Place:
    """A class as a place."""
    name = class_name(data, label)
    where = _("label {label}").format(label=label)
    return Place(where, f"{'' if name == str(label) else name} {remark}".strip())


def one_class(data: Dataset | Found) -> Finding | None:
    """The error that all training images are of one class, if they are."""
    labels = {sample.label for sample in data.train}
    if len(labels) != 1:
        return None
    name = class_name(data, *labels)
    message = _("all {number:,} training images are of one class, {name}")
    message = message.format(number=len(data.train), name=name)
    advice = _("a network needs two classes or more to tell apart: add images of another class")
    return Finding("error", "one-class", message, advice, [])


def refuse_one_class(data: Dataset) -> None:
    """Refuse to train on images of a single class.

    Raises:
        UserError: all training images are of one class.
    """
    with language.used("en"):
        if finding := one_class(data):
            raise UserError(f"{data.name}: {finding}")


def of_classes(found: Found) -> Iterator[Finding]:
    """Warnings about labels without training images, and about names of classes that resemble each
    other or contradict the folders."""
    train, evaluated = (Counter(s.label for s in part) for part in (found.train, found.eval))
    if not train:
        return
    names = found.class_names

    def warning(code: str, message: str, advice: str, *places: Place) -> Finding:
        classes = count(len(places), "class", "classes")
        return Finding("warning", code, message.format(classes=classes), advice, [*places])

    # Label 0 may be a class with a name and without images.
    named = class_place(found, 0).what and max(train) < len(names)
    start = 0 if named else min(train)
    if start:
        message = _("labels begin at {start}, not at 0").format(start=start)
        yield warning("labels-start", message, _count_from_0(found, start))
    known = range(start, max(len(names), max(train) + 1))
    if gaps := [label for label in known if label not in train]:
        unused = _("({number:,} to evaluate on)")
        counts = [unused.format(number=evaluated[n]) if evaluated[n] else "" for n in gaps]
        yield warning(
            "label-gap",
            _("{classes} without a training image"),
            _("number the classes without gaps, or add images"),
            *(class_place(found, n, text) for n, text in zip(gaps, counts, strict=True)),
        )
    spellings = defaultdict(set)
    for name in names:
        spellings[_folded(name)].add(name)
    if alike := [n for n, name in enumerate(names) if len(spellings[_folded(name)]) > 1]:
        yield warning(
            "alike-names",
            _("{classes} whose names differ only in case or spacing"),
            _("if they are one class, give their images one label"),
            *(class_place(found, n) for n in alike),
        )
    if crossed := list(_crossed(found)):
        yield warning(
            "other-folder",
            _("{classes} whose images are in a folder named as another class"),
            _("correct the names or the labels"),
            *(
                Place(
                    _("label {label}").format(label=n),
                    _("{name} in {folder}/").format(name=names[n], folder=folder),
                )
                for n, folder in crossed
            ),
        )


def lines_of_classes(found: Found) -> list[str]:
    """The same as lines of training: messages, which are English whatever the language in use."""
    with language.used("en"):
        return [str(finding) for finding in of_classes(found)]


def of_unevaluated(data: Dataset) -> str | None:
    """A line about the classes that have images to train on and none to evaluate on, if any."""
    labels = {sample.label for sample in data.train} - {sample.label for sample in data.eval}
    if not labels or not data.eval:
        return None
    names = text.shortened([class_name(data, label) for label in sorted(labels)], MAX_NAMED)
    classes = text.count(len(labels), "class", "classes")
    return f"{classes} without an evaluation image ({names}): not covered by the accuracy"


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", unicodedata.normalize("NFKC", name).casefold()).strip()


def _crossed(found: Found) -> Iterator[tuple[int, str]]:
    """The classes whose images are in a folder named as another class, with that folder.

    Only where classes have names, and the images of each class are in a folder of their own.
    """
    if not (any(found.files[2:]) or found.labels_named):
        return
    folders = {
        (sample.label, posixpath.basename(posixpath.dirname(normal_path(sample))))
        for sample in (*found.train, *found.eval)
    }
    if len(folders) == len(dict(folders)) == len({folder for _label, folder in folders}):
        names = [_folded(name) for name in found.class_names]
        for label, folder in sorted(folders):
            own = names[label : label + 1]
            if own and _folded(folder) in names and _folded(folder) not in own:
                yield label, folder


def _count_from_0(found: Found, start: int) -> str:
    if found.labels_named:
        return _(
            "count from 0, as the network has an output for each number from 0 on; or write names "
            "in the place of numbers"
        )
    advice = _("count from 0, as the network has an output for each number from 0 on")
    if not found.lists:
        return advice
    return f"{advice}:\n{subtract(start, found.lists)}"


def of_copies(
    found: Found, data: Dataset, samples: Sequence[Sample], share: float | None, seed: int
) -> Iterator[str]:
    """Lines about copies among the images that `--holdout` divides or, without a `share` to hold
    back, folds.

    Both keep images of equal content together, but not those that are nearly the same.
    """
    check = shlex.join([*tool("check"), *found.given])
    way, remedy = "a division into folds", f"{check} lists them: keep one of each"
    if share:
        way = "--holdout"
        remedy = f"{_split_command(found, share, seed)} writes lists that keep them together"
    groups = content_groups(samples, data.digests)
    first = {groups[normal_path(sample)]: sample for sample in reversed(samples)}
    if equal := len(groups) - len(first):
        yield (
            f"{equal:,} of {len(groups):,} images are copies of another, which {way} keeps "
            f"together; {check} lists them"
        )
    images = data.store.of(list(first.values())) if data.store else None
    if images is None:  # there is not even memory for small ones, as a warning has said
        return
    pairs = near_pairs([thumbnail(images[index]) for index in range(len(images))])
    if near := len(images) - len(set(components(len(images), pairs.first, pairs.second))):
        yield (
            f"{near:,} of {len(groups):,} images are nearly the same as another, and {way} may "
            f"train on one and evaluate on the other, so that accuracy comes out too high; {remedy}"
        )


def _split_command(found: Found, share: float, seed: int) -> str:
    data = found.given
    if found.eval and found.lists:
        data = (str(found.lists[0]), "--image-root", str(found.root))
    elif found.eval:
        data = (str(found.root / found.train[0].path.split("/")[0]),)
    options = ["--split", f"{1 - share:g}", "--seed", str(seed), "--out", f"{found.name}-lists"]
    return shlex.join([*tool("check"), *data, *options])
