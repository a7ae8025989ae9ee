"""What a careful colleague would point out in a data set before training on it.

An error is what training refuses or no network can learn; a warning deserves a look; a note is good
to know.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np
from PIL import Image

from paddle_aug.check.duplicates import FLAT, same_as
from paddle_aug.check.survey import Listed, Seen, Survey, shown
from paddle_aug.data.faults import in_order, list_faults, repeats
from paddle_aug.data.image import MISSING
from paddle_aug.data.samples import Sample
from paddle_aug.errors import printable

LEVELS = ("error", "warning", "note")
FEW = 10  # training images of a class
UNEVEN = 10  # times as many images in the largest class as in the smallest
LONG = 4  # times as wide as high, or the other way round, before it is stretched to a square
SMALL = 2  # times that the shorter side is enlarged
LARGE = 24_000_000  # pixels, which take half a second to decode


class Place(NamedTuple):
    """A line of a list or a file, and what is there."""

    where: str
    what: str = ""


class Finding(NamedTuple):
    """One kind of problem, with all its places; `code` is stable, for programs."""

    level: str
    code: str
    message: str
    advice: str
    places: list[Place]


class DuplicatePair(NamedTuple):
    """Two images that are the same or nearly so (`correlation` below 1), and their code."""

    code: str
    first: Listed
    second: Listed
    correlation: float = 1.0
    mirrored: bool = False


def findings(survey: Survey, image_size: int) -> list[Finding]:
    """All findings, errors first."""
    found = [
        *_of_lists(survey),
        *_of_classes(survey),
        *_of_files(survey, image_size),
        *_of_duplicates(survey),
    ]
    return sorted(found, key=lambda finding: LEVELS.index(finding.level))


def count_of(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def class_name(survey: Survey, label: int) -> str:
    names = survey.found.class_names
    return names[label] if label < len(names) else str(label)


def where(survey: Survey, sample: Sample, in_eval: bool) -> str:
    """A sample's line in its list, or its path."""
    file = survey.found.files[in_eval]
    return f"{file}:{sample.line}" if sample.line else printable(sample.path)


def _place(survey: Survey, image: Listed, what: str = "") -> Place:
    """Where an image is, its path where that is a line, and a remark."""
    path = shown(image.sample) if image.sample.line else ""
    return Place(where(survey, image.sample, image.in_eval), ": ".join(filter(None, (path, what))))


def _of_lists(survey: Survey) -> Iterator[Finding]:
    found = survey.found
    names = found.files[:2]
    labels = found.class_names if found.labels_named else None
    faults = in_order(
        [*found.faults, *list_faults(found.train, found.eval, names, labels)], found.files
    )
    if faults:
        yield Finding(
            "error", "lists",
            f"{count_of(len(faults), 'fault')} in lists or folders, which training refuses",
            "correct or remove these lines or files",
            [Place(f"{f.file}:{f.line}" if f.line else f.file, f.reason) for f in faults],
        )  # fmt: skip
    repeated = [
        [
            Place(f"{name}:{sample.line}", f"{shown(sample)}: as on line {first.line}")
            for sample, first in repeats(samples)
            if sample.label == first.label
        ]
        for name, samples in zip(names, (found.train, found.eval), strict=True)
    ]
    if repeated[0]:
        yield Finding(
            "note", "repeated-in-train", f"{count_of(len(repeated[0]), 'training line')} repeated",
            "fine if you mean to show rare images more often", repeated[0],
        )  # fmt: skip
    if repeated[1]:
        yield Finding(
            "warning", "repeated-in-eval",
            f"{count_of(len(repeated[1]), 'evaluation line')} repeated",
            "remove them: a repeated image counts more than the others", repeated[1],
        )  # fmt: skip
    if not found.eval:
        yield Finding(
            "note", "no-eval", "no images to evaluate on",
            "--split 0.75 writes two lists; or train with --holdout 0.25", [],
        )  # fmt: skip


def _of_classes(survey: Survey) -> Iterator[Finding]:
    train, evaluated = survey.counts
    if not train:
        return
    start = min(train) if not _named(survey, 0) else 0

    def places(
        labels: Iterable[int], remark: Callable[[int], str] = lambda label: ""
    ) -> list[Place]:
        return [
            Place(f"label {label}", f"{_named(survey, label)} {remark(label)}".strip())
            for label in labels
        ]

    def trained(label: int) -> str:
        return f"({train[label]:,})"

    if start:
        yield Finding(
            "warning", "labels-start", f"labels begin at {start}, not at 0",
            "count from 0: the network has an output for each number from 0 on", [],
        )  # fmt: skip
    known = range(start, max(len(survey.found.class_names), max(train) + 1))
    gaps = [label for label in known if label not in train]
    if gaps:
        yield Finding(
            "warning", "label-gap",
            f"{count_of(len(gaps), 'class', 'classes')} without a training image",
            "number the classes without gaps, or add images",
            places(gaps, lambda n: f"({evaluated[n]:,} to evaluate on)" if evaluated[n] else ""),
        )  # fmt: skip
    listed = sorted(train)
    few = [label for label in listed if train[label] < FEW]
    if few:
        yield Finding(
            "warning", "few-images",
            f"{count_of(len(few), 'class', 'classes')} with fewer than {FEW} training images",
            "add images, or repeat lines of these classes", places(few, trained),
        )  # fmt: skip
    largest = max(listed, key=lambda label: train[label])
    smallest = min(listed, key=lambda label: train[label])
    if train[largest] >= UNEVEN * train[smallest]:
        ratio = train[largest] / train[smallest]
        yield Finding(
            "warning", "imbalance",
            f"the largest class has {ratio:.0f} times the images of the smallest",
            "repeat lines of the small ones, or see tools/export.py --even",
            places((largest, smallest), trained),
        )  # fmt: skip
    unseen = [label for label in listed if label not in evaluated]
    if survey.found.eval and unseen:
        yield Finding(
            "warning", "not-evaluated",
            f"{count_of(len(unseen), 'class', 'classes')} without an evaluation image",
            "accuracy says nothing about them; --holdout and --split take a share of each class",
            places(unseen),
        )  # fmt: skip


def _named(survey: Survey, label: int) -> str:
    name = class_name(survey, label)
    return "" if name == str(label) else name


def _of_files(survey: Survey, image_size: int) -> Iterator[Finding]:
    places = defaultdict(list)
    files = [image for image in survey.readable if image.seen.encoding]
    for image in survey.images:
        if not isinstance(image.seen, Seen):
            code = "missing" if image.seen == MISSING else "unreadable"
            places[code].append(_place(survey, image, image.seen * (code == "unreadable")))
            continue
        height, width = image.seen.height, image.seen.width
        size = f"{width} × {height}"
        if image.seen.thumbnail.std() < FLAT:
            places["blank"].append(_place(survey, image))
        if max(height, width) >= LONG * min(height, width):
            places["long"].append(_place(survey, image, size))
        if SMALL * min(height, width) < image_size:
            places["small"].append(_place(survey, image, size))
        if height * width >= LARGE:
            places["large"].append(_place(survey, image, size))
        for code, what in _oddities(image):
            places[code].append(_place(survey, image, what))
    if len(places["grey"]) == len(files):
        del places["grey"]  # odd only among colours
    if 2 * len(places["small"]) > len(survey.readable):
        places["all-small"] = places.pop("small")
    for code, (level, message, advice) in FILE_FINDINGS.items():
        if places[code]:
            number = count_of(len(places[code]), "image")
            yield Finding(
                level, code, f"{number} {message.format(size=image_size)}", advice, places[code]
            )


# By code: the level, what is the case with so many images, and advice.
FILE_FINDINGS = {
    "missing": ("error", "not there", "correct the paths, or give --image-root"),
    "unreadable": ("error", "unreadable", "fetch these files again, or remove their lines"),
    "wrong-suffix": ("warning", "in another format than their name says",
        "rename them: paddle_aug goes by the content, other programs by the name"),
    "blank": ("warning", "of one colour, or nearly", "look at them; remove what shows nothing"),
    "cmyk": ("warning", "in CMYK, the colours of print",
        "save them as RGB: without their profile, colours come out wrong"),
    "animated": ("warning", "with several frames or pages",
        "only the first is used; save the frames you mean as files"),
    "transparent": ("warning", "partly transparent",
        "white shows through; put them on a background of your choice"),
    "long": ("warning", f"{LONG} times as long as wide, or more",
        "crop them, as they would be stretched to a square, or train with --no-stretch"),
    "small": ("warning", f"enlarged more than {SMALL} times to {{size}} × {{size}}, unlike most",
        "check whether they are thumbnails or icons"),
    "all-small": ("note", f"enlarged more than {SMALL} times to {{size}} × {{size}}",
        "a smaller --image-size trains faster and loses nothing"),
    "sixteen-bit": ("note", "with 16 bits per channel", "only the upper 8 are used"),
    "palette": ("note", "with a palette", "fine; their colours may have been reduced"),
    "grey": ("note", "grey, among others in colour",
        "fine, unless they are all of one class: then colour gives it away"),
    "turned": ("note", "turned by EXIF", "fine here; other programs may show them on their side"),
    "large": ("note", "very large", "make them smaller for a faster start"),
}  # fmt: skip


def _oddities(image: Listed) -> Iterator[tuple[str, str]]:
    """Codes and remarks on how a file holds its image."""
    how = image.seen.encoding
    if how is None:
        return
    suffix = PurePosixPath(image.sample.path).suffix.lower()
    if Image.registered_extensions().get(suffix) != how.format:
        yield "wrong-suffix", f"is {how.format}"
    if how.mode in ("CMYK", "YCCK"):
        yield "cmyk", ""
    if how.mode in ("1", "L", "LA", "I", "I;16"):
        yield "grey", ""
    if how.mode in ("P", "PA"):
        yield "palette", ""
    if how.depth == 16:
        yield "sixteen-bit", ""
    if how.transparent:
        yield "transparent", ""
    if how.frames > 1:
        yield "animated", f"{how.frames} frames"
    if how.turned:
        yield "turned", ""


def duplicate_pairs(survey: Survey) -> list[DuplicatePair]:
    """Images that are the same or nearly so: each with the closest that comes before it, in train
    and in its own list."""
    readable = survey.readable
    # Among equal pixels, a training file of equal bytes goes first: that is what training refuses.
    files = same_as([image.seen.content for image in readable])
    found = []
    for index, (first, file) in enumerate(zip(survey.first, files, strict=True)):
        if first < index:
            earlier = file if file < index and not readable[file].in_eval else first
            found.append(_pair(readable[earlier], readable[index]))
    closest: dict[tuple[int, str], DuplicatePair] = {}
    near = survey.near
    for place in np.argsort(-near.correlation, kind="stable"):
        first, second = int(near.first[place]), int(near.second[place])
        pair = _pair(
            readable[first], readable[second],
            float(near.correlation[place]), bool(near.mirrored[place]), near=True,
        )  # fmt: skip
        closest.setdefault((second, pair.code), pair)
    order = list(DUPLICATE_FINDINGS)
    return sorted([*found, *closest.values()], key=lambda pair: order.index(pair.code))


def _pair(
    first: Listed,
    second: Listed,
    correlation: float = 1.0,
    mirrored: bool = False,
    near: bool = False,
) -> DuplicatePair:
    if first.sample.label != second.sample.label:
        code = "other-label"
    elif first.in_eval != second.in_eval:
        code = "leak"
    else:
        code = "same-in-eval" if second.in_eval else "same-in-train"
    same_file = second.sample.pixels is None and first.seen.content == second.seen.content
    if code == "leak" and same_file:
        code = "leak-file"
    return DuplicatePair(f"near-{code}" if near else code, first, second, correlation, mirrored)


# By code: the level, what is the case with the second image of each pair, and advice.
DUPLICATE_FINDINGS = {
    "other-label": ("error", "the same as one of another class",
        "one of the labels is wrong, or the image shows both: decide, or remove it"),
    "leak-file": ("error", "in both lists: the same file under another name",
        "evaluate on other images: accuracy would come out too high"),
    "leak": ("warning", "in both lists: the same pixels in another file",
        "evaluate on other images: accuracy comes out too high"),
    "near-leak": ("warning", "in the evaluation list nearly the same as one in training",
        "look at them; keep both in one list (--split does), or accuracy comes out too high"),
    "near-other-label": ("warning", "nearly the same as one of another class",
        "look at them: one of the labels may be wrong"),
    "same-in-eval": ("warning", "in the evaluation list the same as another",
        "remove one of the two: it counts twice"),
    "same-in-train": ("warning", "in training the same as another",
        "remove one of the two, unless you mean it"),
    "near-same-in-eval": ("note", "in the evaluation list nearly the same as another",
        "look at them"),
    "near-same-in-train": ("note", "in training nearly the same as another",
        "fine; keep both in one list"),
}  # fmt: skip


def _of_duplicates(survey: Survey) -> Iterator[Finding]:
    places = defaultdict(list)
    for pair in duplicate_pairs(survey):
        places[pair.code].append(_place(survey, pair.second, likeness(survey, pair)))
    for code, (level, message, advice) in DUPLICATE_FINDINGS.items():
        if places[code]:
            if level == "error" and survey.found.published:
                level = "warning"  # whoever compares results needs the split as it is
            number = count_of(len(places[code]), "image")
            yield Finding(level, code, f"{number} {message}", advice, places[code])


def likeness(survey: Survey, pair: DuplicatePair) -> str:
    """How the second image of a pair relates to the first."""
    first = pair.first
    label = ""
    if first.sample.label != pair.second.sample.label:
        names = (class_name(survey, each.sample.label) for each in (pair.second, first))
        label = " ({}, not {})".format(*names)
    place = where(survey, first.sample, first.in_eval)
    path = f" {shown(first.sample)}" if first.sample.line else ""
    return f"as {place}{path}{closeness(pair)}{label}"


def closeness(pair: DuplicatePair) -> str:
    """The correlation of two images that are not quite the same."""
    if not pair.code.startswith("near"):
        return ""
    return f", r = {pair.correlation:.3f}{' mirrored' * pair.mirrored}"
