"""What a careful colleague would point out in a data set before training on it.

An error is what training refuses or no network can learn; a warning deserves a look; a note is good
to know.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np
from PIL import Image

from paddle_aug.check.survey import Listed, Seen, Survey, shown
from paddle_aug.data.duplicates import FLAT, same_as
from paddle_aug.data.faults import in_order, list_faults, repeats
from paddle_aug.data.image import MISSING
from paddle_aug.data.remarks import WANT_TWO, of_classes, one_class
from paddle_aug.data.samples import Sample
from paddle_aug.errors import printable
from paddle_aug.results.text import count

LEVELS = ("error", "warning", "note")
FEW = 10  # training images of a class
UNEVEN = 10  # times as many images in the largest class as in the smallest
LONG = 4  # times as wide as high, or the other way round, before it is stretched to a square
SMALL = 2  # times that the shorter side is enlarged
LARGE = 24_000_000  # pixels, which take half a second to decode
ODD_MODES = {
    **dict.fromkeys(("CMYK", "YCCK"), "cmyk"),
    **dict.fromkeys(("1", "L", "LA", "I", "I;16"), "grey"),
    **dict.fromkeys(("P", "PA"), "palette"),
}
# By code: level, message and advice; the remarks of `data.remarks` are warnings besides. Duplicates
# are counted by the second image of each pair.
FINDINGS = {
    "lists": ("error", "{faults} in lists or folders, which training refuses",
        "correct or remove these lines or files"),
    "repeated-in-train": ("note", "{training_lines} repeated",
        "fine if you mean to show rare images more often"),
    "repeated-in-eval": ("warning", "{evaluation_lines} repeated",
        "remove them: a repeated image counts more than the others"),
    "no-eval": ("note", "no images to evaluate on",
        "--split 0.75 writes two lists; or train with --holdout 0.25"),
    "nested": ("warning", "all images lie in folders below those of the {classes}",
        "if these folders are the classes, name the folder that holds them"),
    "one-class": ("error", "{message}", WANT_TWO),
    "few-images": ("warning", f"{{classes}} with fewer than {FEW} training images",
        "add images, or repeat lines of these classes"),
    "imbalance": ("warning", "the largest class has {ratio:.0f} times the images of the smallest",
        "repeat lines of the small ones, or see tools/export.py --even"),
    "not-evaluated": ("warning", "{classes} without an evaluation image",
        "accuracy says nothing about them; --holdout and --split take a share of each class"),
    "missing": ("error", "{images} not there", "correct the paths, or give --image-root"),
    "unreadable": ("error", "{images} unreadable",
        "fetch or convert these files again, or remove their lines"),
    "wrong-suffix": ("warning", "{images} in another format than their name says",
        "rename them: paddle_aug goes by the content, other programs by the name"),
    "blank": ("warning", "{images} of one colour, or nearly",
        "look at them; remove what shows nothing"),
    "cmyk": ("warning", "{images} in CMYK, the colours of print",
        "save them as RGB: without their profile, colours come out wrong"),
    "animated": ("warning", "{images} with several frames or pages",
        "only the first is used; save the frames you mean as files"),
    "transparent": ("warning", "{images} partly transparent",
        "white shows through; put them on a background of your choice"),
    "long": ("warning", f"{{images}} {LONG} times as long as wide, or more",
        "crop them, as they would be stretched to a square, or train with --no-stretch"),
    "small": ("warning", f"{{images}} enlarged more than {SMALL} times to {{size}} × {{size}}, "
        "unlike most",
        "check whether they are thumbnails or icons"),
    "all-small": ("note", f"{{images}} enlarged more than {SMALL} times to {{size}} × {{size}}",
        "a smaller --image-size trains faster and loses nothing"),
    "sixteen-bit": ("note", "{images} with 16 bits per channel", "only the upper 8 are used"),
    "palette": ("note", "{images} with a palette", "fine; their colours may have been reduced"),
    "grey": ("note", "{images} grey, among others in colour",
        "fine, unless they are all of one class: then colour gives it away"),
    "turned": ("note", "{images} turned by EXIF",
        "fine here; other programs may show them on their side"),
    "large": ("note", "{images} very large", "make them smaller for a faster start"),
    "other-label": ("error", "{images} the same as one of another class",
        "one of the labels is wrong, or the image shows both: decide, or remove it"),
    "leak-file": ("error", "{images} in two lists: the same file under another name",
        "evaluate on other images: accuracy would come out too high"),
    "leak": ("warning", "{images} in two lists: the same pixels in another file",
        "evaluate on other images: accuracy comes out too high"),
    "near-leak": ("warning", "{images} nearly the same as one in an earlier list",
        "look at them; keep both in one list (--split does), or accuracy comes out too high"),
    "near-other-label": ("warning", "{images} nearly the same as one of another class",
        "look at them: one of the labels may be wrong"),
    "same-in-eval": ("warning", "{images} in the evaluation list the same as another",
        "remove one of the two: it counts twice"),
    "same-in-train": ("warning", "{images} in training the same as another",
        "remove one of the two, unless you mean it"),
    "near-same-in-eval": ("note", "{images} in the evaluation list nearly the same as another",
        "look at them"),
    "near-same-in-train": ("note", "{images} in training nearly the same as another",
        "fine; keep both in one list"),
}  # fmt: skip


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


def class_name(survey: Survey, label: int) -> str:
    names = survey.found.class_names
    return names[label] if label < len(names) else str(label)


def where(survey: Survey, sample: Sample, part: int) -> str:
    """A sample's line in its list, or its path."""
    file = survey.found.files[part]
    return f"{file}:{sample.line}" if sample.line else printable(sample.path)


def _place(survey: Survey, image: Listed, what: str = "") -> Place:
    """Where an image is, its path where that is a line, and a remark."""
    path = shown(image.sample) if image.sample.line else ""
    return Place(where(survey, image.sample, image.part), ": ".join(filter(None, (path, what))))


def _finding(code: str, places: list[Place], **values) -> Finding:
    """A finding as FINDINGS words it."""
    level, message, advice = FINDINGS[code]
    number = len(places)
    message = message.format(
        images=count(number, "image"),
        classes=count(number, "class", "classes"),
        faults=count(number, "fault"),
        training_lines=count(number, "training line"),
        evaluation_lines=count(number, "evaluation line"),
        **values,
    )
    return Finding(level, code, message, advice, places)


def _of_lists(survey: Survey) -> Iterator[Finding]:
    found = survey.found
    labels = found.class_names if found.labels_named else None
    faults = [*found.faults, *list_faults(found.parts, labels)]
    if faults:
        yield _finding(
            "lists",
            [Place(f"{f.file}:{f.line}" if f.line else f.file, f.reason)
             for f in in_order(faults, found.files)],
        )  # fmt: skip
    for part, (name, samples) in zip(("train", "eval", "eval"), found.parts, strict=False):
        repeated = [
            Place(f"{name}:{sample.line}", f"{shown(sample)}: as on line {first.line}")
            for sample, first in repeats(samples)
            if sample.label == first.label
        ]
        if repeated:
            yield _finding(f"repeated-in-{part}", repeated)
    if not found.eval:
        yield _finding("no-eval", [])


def _of_classes(survey: Survey) -> Iterator[Finding]:
    train, evaluated, _ = survey.counts
    if not train:
        return
    listed = sorted(train)

    def place(label: int, remark: str = "") -> Place:
        return Place(f"label {label}", f"{_named(survey, label)} {remark}".strip())

    def sized(labels: Iterable[int]) -> list[Place]:
        return [place(label, f"({train[label]:,})") for label in labels]

    if below := _folders_below_classes(survey):
        yield _finding("nested", [place(n, f"({', '.join(below[n])})") for n in sorted(below)])
    if message := one_class(survey.found):
        yield _finding("one-class", [], message=message)
    for code, message, advice, classes in of_classes(survey.found):
        places = [Place(f"label {label}", text) for label, text in classes]
        yield Finding("warning", code, message, advice, places)
    if few := [label for label in listed if train[label] < FEW]:
        yield _finding("few-images", sized(few))
    smallest, largest = min(listed, key=train.get), max(listed, key=train.get)
    if train[largest] >= UNEVEN * train[smallest]:
        ratio = train[largest] / train[smallest]
        yield _finding("imbalance", sized((largest, smallest)), ratio=ratio)
    unseen = [label for label in listed if label not in evaluated]
    if survey.found.eval and unseen:
        yield _finding("not-evaluated", [place(label) for label in unseen])


def _folders_below_classes(survey: Survey) -> dict[int, list[str]]:
    """By class, the folders in its folder; none if an image lies right in a class folder."""
    found = survey.found
    if found.root is None or any(sample.line for sample in found.train):
        return {}
    below = defaultdict(set)
    for sample in found.train:
        folders = PurePosixPath(sample.path).parts[:-1]
        inner = folders[folders.index(found.class_names[sample.label]) + 1 :]
        if not inner:
            return {}
        below[sample.label].add(inner[0])
    return {label: sorted(names) for label, names in below.items()}


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
    for code in FINDINGS:
        if places[code]:
            yield _finding(code, places[code], size=image_size)


def _oddities(image: Listed) -> Iterator[tuple[str, str]]:
    """Codes and remarks on how a file holds its image."""
    how = image.seen.encoding
    if how is None:
        return
    suffix = PurePosixPath(image.sample.path).suffix.lower()
    if Image.registered_extensions().get(suffix) != how.format:
        yield "wrong-suffix", f"is {how.format}"
    if how.mode in ODD_MODES:
        yield ODD_MODES[how.mode], ""
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
    same = []
    for index, (first, file) in enumerate(zip(survey.first, files, strict=True)):
        if first < index:
            earlier = file if file < index and readable[file].part == 0 else first
            same.append(_pair(readable[earlier], readable[index]))
    closest: dict[tuple[int, str], DuplicatePair] = {}
    near = survey.near
    for place in np.argsort(-near.correlation, kind="stable"):
        first, second = int(near.first[place]), int(near.second[place])
        pair = _pair(readable[first], readable[second])
        pair = pair._replace(
            code=f"near-{pair.code}",
            correlation=float(near.correlation[place]),
            mirrored=bool(near.mirrored[place]),
        )
        closest.setdefault((second, pair.code), pair)
    order = list(FINDINGS)
    return sorted([*same, *closest.values()], key=lambda pair: order.index(pair.code))


def _pair(first: Listed, second: Listed) -> DuplicatePair:
    if first.sample.label != second.sample.label:
        code = "other-label"
    elif first.part != second.part:
        same_file = second.sample.pixels is None and first.seen.content == second.seen.content
        code = "leak-file" if same_file else "leak"
    else:
        code = "same-in-eval" if second.part else "same-in-train"
    return DuplicatePair(code, first, second)


def _of_duplicates(survey: Survey) -> Iterator[Finding]:
    places = defaultdict(list)
    for pair in duplicate_pairs(survey):
        places[pair.code].append(_place(survey, pair.second, likeness(survey, pair)))
    for code in FINDINGS:
        if places[code]:
            finding = _finding(code, places[code])
            if finding.level == "error" and survey.found.published:
                finding = finding._replace(level="warning")  # who compares needs the split as it is
            yield finding


def likeness(survey: Survey, pair: DuplicatePair) -> str:
    """How the second image of a pair relates to the first."""
    first, label = pair.first, ""
    if first.sample.label != pair.second.sample.label:
        name, other = (class_name(survey, i.sample.label) for i in (pair.second, first))
        label = f" ({name}, not {other})"
    place = where(survey, first.sample, first.part)
    path = f" {shown(first.sample)}" if first.sample.line else ""
    return f"as {place}{path}{closeness(pair)}{label}"


def closeness(pair: DuplicatePair) -> str:
    """The correlation of two images that are not quite the same."""
    if not pair.code.startswith("near"):
        return ""
    return f", r = {pair.correlation:.3f}{' mirrored' * pair.mirrored}"
