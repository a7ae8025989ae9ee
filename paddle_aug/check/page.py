"""The report on a data set as a page: one HTML file below 3 MB that contains its pictures."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from paddle_aug.check.findings import DuplicatePair, closeness, duplicate_pairs, spot
from paddle_aug.check.survey import Listed, Survey, shown
from paddle_aug.check.text import class_counts, facts, verdict
from paddle_aug.data.image import read_sample
from paddle_aug.data.parallel import over_images
from paddle_aug.data.remarks import Finding, Place, class_name
from paddle_aug.data.samples import Found, Sample, normal_path
from paddle_aug.errors import printable
from paddle_aug.results.html import Cell, write_page
from paddle_aug.results.image_bytes import data_uri, shrunk
from paddle_aug.results.language import N_, _

SIDE = 128  # pixels of a thumbnail
QUALITY = 82  # of JPEG
MAX_BYTES = 2_300_000  # of all thumbnails; with its text, the page stays below 3 MB
MAX_PLACES = 24  # of a finding
MAX_PAIRS = 24  # of a kind
IMAGES = (1, 2, 8, 24)  # of a class: one of every class first, then more of each
MAX_CLASSES = 1000  # in the table
PARTS = (N_("train"), N_("eval"), N_("test"))
LEAKS = ("leak-file", "leak", "near-leak")


class Thumbnail(NamedTuple):
    """A small picture, in words that say what it is; without an address if it cannot be read or
    there was no room."""

    words: str
    address: str = ""
    width: int = 0
    height: int = 0


class Thumbnails:
    """The thumbnails of a page, as long as there is room: a page has the bytes of an image as often
    as it shows it."""

    def __init__(self):
        self.drawn: dict[str, Thumbnail] = {}
        self.room = MAX_BYTES

    def of(self, images: Sequence[Listed]) -> list[Thumbnail]:
        """The thumbnails of these images, in their order."""
        readable = [image.sample for image in images if not isinstance(image.seen, str)]
        new = {normal_path(s): s for s in readable if normal_path(s) not in self.drawn}
        if self.room > 0:
            drawn = over_images(thumbnail, list(new.values()), "drawing thumbnails")
            self.drawn.update(zip(new, drawn, strict=True))
        return [self._fitting(image.sample) for image in images]

    def _fitting(self, sample: Sample) -> Thumbnail:
        bare = Thumbnail(shown(sample))
        drawn = self.drawn.get(normal_path(sample), bare)
        self.room -= len(drawn.address)  # below 0, no other fits
        return drawn if self.room >= 0 else bare


def thumbnail(sample: Sample) -> Thumbnail:
    """The thumbnail of a readable image."""
    small = shrunk(read_sample(sample), SIDE)
    height, width = small.shape[:2]
    return Thumbnail(shown(sample), data_uri(small, exact=False, quality=QUALITY), width, height)


def write(survey: Survey, findings: list[Finding], file: Path) -> None:
    """Write the page.

    Raises:
        OSError: the file cannot be written.
    """
    thumbnails = Thumbnails()
    by_code: dict[str, list[DuplicatePair]] = defaultdict(list)
    for pair in duplicate_pairs(survey):
        by_code[pair.code].append(pair)
    places = {spot(survey.found, image.sample, image.part): image for image in survey.images}
    told = [
        {
            "finding": finding._replace(message=printable(finding.message)),
            "advice": finding.advice.split("\n"),
            "pairs": _pairs(thumbnails, survey.found, by_code[finding.code][:MAX_PAIRS]),
            "places": []
            if by_code[finding.code]
            else _places(thumbnails, finding.places[:MAX_PLACES], places),
            "more": max(0, len(finding.places) - MAX_PLACES),
        }
        for finding in findings
    ]
    classes = _classes(survey, thumbnails)
    heads, rows = class_table(survey)
    write_page(
        file,
        "check.html",
        name=printable(survey.found.name),
        verdict=verdict(findings),
        facts=facts(survey),
        findings=told,
        leaks=sum(len(by_code[code]) for code in LEAKS),
        table=(heads, rows[:MAX_CLASSES]),
        more_classes=max(0, len(rows) - MAX_CLASSES),
        classes=classes,
        left_out=len(survey.readable) - sum(len(pictures) for _, _, pictures in classes),
    )


def _classes(survey: Survey, thumbnails: Thumbnails) -> list[tuple[str, int, list[Thumbnail]]]:
    """The classes that have a picture on the page: name, number of images, and pictures."""
    of_class: dict[int, list[Listed]] = defaultdict(list)
    for image in survey.readable:
        of_class[image.sample.label].append(image)
    pictures: dict[int, dict[int, Thumbnail]] = {label: {} for label in sorted(of_class)}
    for number in IMAGES:
        for label, known in pictures.items():
            new = [place for place in _spread(len(of_class[label]), number) if place not in known]
            fitting = thumbnails.of([of_class[label][place] for place in new])
            pairs = zip(new, fitting, strict=True)
            known.update((place, one) for place, one in pairs if one.address)
    return [
        (
            printable(class_name(survey.found, label)),
            len(of_class[label]),
            [one for _, one in sorted(known.items())],
        )
        for label, known in pictures.items()
        if known
    ]


def _spread(count: int, number: int) -> list[int]:
    """Up to `number` places among `count`, as far apart as possible."""
    number = min(number, count)
    return [place * count // number for place in range(number)]


def _places(
    thumbnails: Thumbnails, places: Sequence[Place], images: dict[str, Listed]
) -> list[tuple[Place, Thumbnail | None]]:
    """Places with the pictures of those that are images."""
    listed = [images[place.where] for place in places if place.where in images]
    pictures = iter(thumbnails.of(listed))
    return [
        (Place(*map(printable, place)), next(pictures) if place.where in images else None)
        for place in places
    ]


def _pairs(thumbnails: Thumbnails, found: Found, pairs: Sequence[DuplicatePair]) -> list[dict]:
    """Pairs of images, each with what it is and how close the two are."""
    listed = [image for pair in pairs for image in (pair.first, pair.second)]
    pictures = iter(thumbnails.of(listed))
    return [
        {
            "close": closeness(pair) or _("the same pixels"),
            "images": [
                (next(pictures), _(PARTS[image.part]),
                 printable(class_name(found, image.sample.label)))
                for image in (pair.first, pair.second)
            ],
        }
        for pair in pairs
    ]  # fmt: skip


def class_table(survey: Survey) -> tuple[list[str], list[list[Cell | str]]]:
    """Heads and rows: the images of each class in each list."""
    rows = class_counts(survey)
    parts = [part for part, counts in survey.counts.items() if counts or part == "train"]
    most = max([1, *(row["train"] for row in rows)])
    return [_("class"), _("label"), *map(_, parts)], [
        [
            printable(row["name"]),
            str(row["label"]),
            *(
                Cell(f"{row[part]:,}", row[part], row[part] / most if part == "train" else 0)
                for part in parts
            ),
        ]
        for row in rows
    ]
