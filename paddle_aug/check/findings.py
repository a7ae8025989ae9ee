"""What a careful colleague would point out in a data set before training on it.

An error is what training refuses or no network can learn; a warning deserves a look; a note is good
to know.
"""

import math
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
from paddle_aug.data.remarks import Finding, Place, class_name, class_place, of_classes, one_class
from paddle_aug.data.samples import Found, Sample
from paddle_aug.results.language import N_, _, count

LEVELS = (N_("error"), N_("warning"), N_("note"))
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
# By code: level, message and advice; `data.remarks` has further ones. Duplicates are counted by the
# second image of each pair.
FINDINGS = {
    "lists": ("error", N_("{faults} in lists or folders, which training refuses"),
        N_("correct or remove these lines or files")),
    "repeated-in-train": ("note", N_("{training_lines} repeated"),
        N_("fine if you mean to show rare images more often")),
    "repeated-in-eval": ("warning", N_("{evaluation_lines} repeated"),
        N_("remove them: a repeated image counts more than the others")),
    "no-eval": ("note", N_("no images to evaluate on"),
        N_("--split 0.75 writes two lists; or train with --holdout 0.25")),
    "nested": ("warning", N_("all images lie in folders below those of the {classes}"),
        N_("if these folders are the classes, name the folder that holds them")),
    "few-images": ("warning", N_("{classes} with fewer than {few} training images"),
        N_("add images, or repeat lines of these classes")),
    "imbalance": ("warning",
        N_("the largest class has {ratio:.0f} times the images of the smallest"),
        N_("repeat lines of the small ones, or make copies with export --even")),
    "not-evaluated": ("warning", N_("{classes} without an evaluation image"),
        N_("accuracy says nothing about them; --holdout and --split take a share of each class")),
    "missing": ("error", N_("{images} not there"),
        N_("correct the paths, or give --image-root")),
    "unreadable": ("error", N_("{images} unreadable"),
        N_("fetch or convert these files again, or remove their lines")),
    "wrong-suffix": ("warning", N_("{images} in another format than their name says"),
        N_("rename them: paddle_aug goes by the content, other programs by the name")),
    "blank": ("warning", N_("{images} of one colour, or nearly"),
        N_("look at them; remove what shows nothing")),
    "cmyk": ("warning", N_("{images} in CMYK, the colours of print"),
        N_("save them as RGB: without their profile, colours come out wrong")),
    "animated": ("warning", N_("{images} with several frames or pages"),
        N_("only the first is used; save the frames you mean as files")),
    "transparent": ("warning", N_("{images} partly transparent"),
        N_("white shows through; put them on a background of your choice")),
    "long": ("warning", N_("{images} {long} times as long as wide, or more"),
        N_("crop them, as they would be stretched to a square, or train with --no-stretch")),
    "small": ("warning",
        N_("{images} enlarged more than {small} times to {size} × {size}, unlike most"),
        N_("check whether they are thumbnails or icons")),
    "all-small": ("note", N_("{images} enlarged more than {small} times to {size} × {size}"),
        N_("a smaller --image-size trains faster and loses nothing")),
    "sixteen-bit": ("note", N_("{images} with 16 bits per channel"),
        N_("only the upper 8 are used")),
    "palette": ("note", N_("{images} with a palette"),
        N_("fine; their colours may have been reduced")),
    "grey": ("note", N_("{images} grey, among others in colour"),
        N_("fine, unless they are all of one class: then colour gives it away")),
    "turned": ("note", N_("{images} turned by EXIF"),
        N_("fine here; other programs may show them on their side")),
    "large": ("note", N_("{images} very large"),
        N_("make them smaller for a faster start")),
    "other-label": ("error", N_("{images} the same as one of another class"),
        N_("one of the labels is wrong, or the image shows both: decide, or remove it")),
    "leak-file": ("error", N_("{images} in two lists: the same file under another name"),
        N_("evaluate on other images: accuracy would come out too high")),
    "leak": ("warning", N_("{images} in two lists: the same pixels in another file"),
        N_("evaluate on other images: accuracy comes out too high")),
    "near-leak": ("warning", N_("{images} nearly the same as one in an earlier list"),
        N_("look at them; keep both in one list (--split does), or accuracy comes out too high")),
    "near-other-label": ("warning", N_("{images} nearly the same as one of another class"),
        N_("look at them: one of the labels may be wrong")),
    "same-in-eval": ("warning", N_("{images} in the evaluation list the same as another"),
        N_("remove one of the two: it counts twice")),
    "same-in-train": ("warning", N_("{images} in training the same as another"),
        N_("remove one of the two, unless you mean it")),
    "near-same-in-eval": ("note", N_("{images} in the evaluation list nearly the same as another"),
        N_("look at them")),
    "near-same-in-train": ("note", N_("{images} in training nearly the same as another"),
        N_("fine; keep both in one list")),
}  # fmt: skip


class DuplicatePair(NamedTuple):
    """Two images that are the same or nearly so (`correlation` below 1), and their code."""

    code: str
    first: Listed
    second: Listed
    correlation: float = 1.0
    mirrored: bool = False


def findings(survey: Survey, image_size: int, duplicates: bool = True) -> list[Finding]:
    """All findings, errors first; those about `duplicates` need a look at all images."""
    found = [
        *_of_lists(survey),
        *_of_classes(survey),
        *_of_files(survey, image_size),
        *(_of_duplicates(survey) if duplicates else ()),
    ]
    return sorted(found, key=lambda finding: LEVELS.index(finding.level))


def _place(survey: Survey, image: Listed, what: str = "") -> Place:
    """An image's line in its list and its path, or its path alone, and a remark."""
    path, where = shown(image.sample), spot(survey.found, image.sample, image.part)
    return (
        Place(path, what)
        if where == path
        else Place(where, path + _(": ") + what if what else path)
    )


def spot(found: Found, sample: Sample, part: int) -> str:
    """Where an image of a part stands: its line in the list, or its path if there is no list."""
    return f"{found.files[part]}:{sample.line}" if sample.line else shown(sample)


def _by_code(places: dict[str, list[Place]], **values) -> Iterator[Finding]:
    """A finding for each code that has places, in the order of FINDINGS."""
    return (_finding(code, places[code], **values) for code in FINDINGS if places.get(code))


def _finding(code: str, places: list[Place], **values) -> Finding:
    """A finding as FINDINGS words it."""
    level, message, advice = FINDINGS[code]
    number = len(places)
    message = _(message).format(
        images=count(number, "image"),
        classes=count(number, "class", "classes"),
        faults=count(number, "fault"),
        training_lines=count(number, "training line"),
        evaluation_lines=count(number, "evaluation line"),
        few=FEW,
        long=LONG,
        small=SMALL,
        **values,
    )
    return Finding(level, code, message, _(advice), places)


def _of_lists(survey: Survey) -> Iterator[Finding]:
    found = survey.found
    faults = [*found.faults, *list_faults(found)]
    if faults:
        yield _finding(
            "lists",
            [Place(f"{f.file}:{f.line}" if f.line else f.file, f.reason)
             for f in in_order(faults, found.files)],
        )  # fmt: skip
    for part, (name, samples) in zip(("train", "eval", "eval"), found.parts, strict=False):
        repeated = [
            Place(
                f"{name}:{sample.line}",
                _("{path}: as on line {line}").format(path=shown(sample), line=first.line),
            )
            for sample, first in repeats(samples)
            if sample.label == first.label
        ]
        if repeated:
            yield _finding(f"repeated-in-{part}", repeated)
    if not found.eval:
        yield _finding("no-eval", [])


def _of_classes(survey: Survey) -> Iterator[Finding]:
    train, evaluated, _tested = survey.counts.values()
    if not train:
        return
    found, listed = survey.found, sorted(train)

    def sized(labels: Iterable[int]) -> list[Place]:
        return [class_place(found, label, f"({train[label]:,})") for label in labels]

    if below := _folders_below_classes(found):
        places = [class_place(found, n, f"({', '.join(below[n])})") for n in sorted(below)]
        yield _finding("nested", places)
    if single := one_class(found):
        yield single
    yield from of_classes(found)
    if few := [label for label in listed if train[label] < FEW]:
        yield _finding("few-images", sized(few))
    smallest, largest = min(listed, key=train.get), max(listed, key=train.get)
    if train[largest] >= UNEVEN * train[smallest]:
        ratio = train[largest] / train[smallest]
        yield _finding("imbalance", sized((largest, smallest)), ratio=ratio)
    unseen = [label for label in listed if label not in evaluated]
    if found.eval and unseen:
        yield _finding("not-evaluated", [class_place(found, label) for label in unseen])


def _folders_below_classes(found: Found) -> dict[int, list[str]]:
    """By class, the folders in its folder; none if an image lies right in a class folder."""
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


def _of_files(survey: Survey, image_size: int) -> Iterator[Finding]:
    places = defaultdict(list)
    for image in survey.images:
        for code, what in _oddities(image, image_size):
            places[code].append(_place(survey, image, what))
    if len(places["grey"]) == sum(bool(image.seen.encoding) for image in survey.readable):
        del places["grey"]  # odd only among colours
    if 2 * len(places["small"]) > len(survey.readable):
        places["all-small"] = places.pop("small")
    yield from _by_code(places, size=image_size)


def _oddities(image: Listed, image_size: int) -> Iterator[tuple[str, str]]:
    """The codes that apply to an image, each with a remark."""
    seen = image.seen
    if not isinstance(seen, Seen):
        yield ("missing", "") if seen == MISSING else ("unreadable", seen)
        return
    size = f"{seen.width} × {seen.height}"
    shorter, longer = sorted((seen.width, seen.height))
    if seen.thumbnail.std() < FLAT:
        yield "blank", ""
    if longer >= LONG * shorter:
        yield "long", size
    if SMALL * shorter < image_size:
        yield "small", size
    if longer * shorter >= LARGE:
        yield "large", size
    how = seen.encoding
    if how is None:
        return
    suffix = PurePosixPath(image.sample.path).suffix.lower()
    if Image.registered_extensions().get(suffix) != how.format:
        yield "wrong-suffix", _("is {name}").format(name=how.format)
    if how.mode in ODD_MODES:
        yield ODD_MODES[how.mode], ""
    if how.depth == 16:
        yield "sixteen-bit", ""
    if how.transparent:
        yield "transparent", ""
    if how.frames > 1:
        yield "animated", _("{number} frames").format(number=how.frames)
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
        pair = _pair(readable[first], readable[second])._replace(
            correlation=float(near.correlation[place]), mirrored=bool(near.mirrored[place])
        )
        pair = pair._replace(code=f"near-{pair.code}")
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
        places[pair.code].append(_place(survey, pair.second, _likeness(survey, pair)))
    for finding in _by_code(places):
        if finding.level == "error" and survey.found.published:
            finding = finding._replace(level="warning")  # comparisons need the split unchanged
        yield finding


def _likeness(survey: Survey, pair: DuplicatePair) -> str:
    """How the second image of a pair relates to the first."""
    first, label = pair.first.sample.label, ""
    if first != pair.second.sample.label:
        names = (class_name(survey.found, n) for n in (pair.second.sample.label, first))
        label = _(" ({own}, not {other})").format(**dict(zip(("own", "other"), names, strict=True)))
    place = " ".join(filter(None, _place(survey, pair.first)))
    text = _("as {place}, {near}") if closeness(pair) else _("as {place}")
    return text.format(place=place, near=closeness(pair)) + label


def closeness(pair: DuplicatePair) -> str:
    """The correlation of two images that are not quite the same, rounded down: 1 is for equals."""
    if not pair.code.startswith("near"):
        return ""
    similarity = math.floor(100 * pair.correlation) / 100
    text = _("similarity {number:.2f} mirrored") if pair.mirrored else _("similarity {number:.2f}")
    return text.format(number=similarity)
