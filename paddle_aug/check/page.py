"""The report on a data set as a page: one HTML file below 3 MB that contains its pictures."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from paddle_aug.check.findings import DuplicatePair, closeness, duplicate_pairs, spot
from paddle_aug.check.survey import Listed, Survey, shown
from paddle_aug.check.text import as_dict, facts, verdict
from paddle_aug.data.image import read_sample
from paddle_aug.data.parallel import over_images
from paddle_aug.data.remarks import Finding, Place, class_name
from paddle_aug.data.samples import Sample, normal_path
from paddle_aug.errors import printable
from paddle_aug.results.html import Cell, write_page
from paddle_aug.results.image_bytes import data_uri, shrunk

SIDE = 128  # pixels of a thumbnail
QUALITY = 82  # of JPEG
MAX_BYTES = 2_300_000  # of all thumbnails; the page stays below 3 MB
MAX_PLACES = 24  # of a finding
MAX_PAIRS = 24  # of a kind
MAX_IMAGES = 24  # of a class
MAX_CLASSES = 1000  # in the table
LEAKS = ("leak-file", "leak", "near-leak")


class Thumbnail(NamedTuple):
    """A small picture, in words that say what it is; without an address if it cannot be read or
    there was no room."""

    words: str
    address: str = ""
    width: int = 0
    height: int = 0


class Thumbnails:
    """The thumbnails of a page, each once, as long as there is room; `left_out` had none."""

    def __init__(self, survey: Survey):
        self.survey = survey
        self.kept: dict[str, Thumbnail] = {}
        self.bytes = 0
        self.left_out = 0

    def of(self, images: Sequence[Listed]) -> list[Thumbnail]:
        """The thumbnails of these images."""
        readable = [image.sample for image in images if not isinstance(image.seen, str)]
        wanted = {normal_path(s): s for s in readable if normal_path(s) not in self.kept}
        if self.bytes < MAX_BYTES:
            drawn = over_images(thumbnail, list(wanted.values()), "drawing thumbnails")
            for path, (address, width, height) in zip(wanted, drawn, strict=True):
                if self.bytes + len(address) > MAX_BYTES:
                    continue
                self.bytes += len(address)
                words = shown(wanted[path])
                self.kept[path] = Thumbnail(words, address, width, height)
        self.left_out += sum(path not in self.kept for path in wanted)
        bare = [Thumbnail(shown(image.sample)) for image in images]
        return [self.kept.get(normal_path(image.sample), one)
                for image, one in zip(images, bare, strict=True)]  # fmt: skip


def thumbnail(sample: Sample) -> tuple[str, int, int]:
    """The address, width and height of a small picture."""
    small = shrunk(read_sample(sample), SIDE)
    return data_uri(small, exact=False, quality=QUALITY), small.shape[1], small.shape[0]


def write(survey: Survey, findings: list[Finding], file: Path) -> None:
    """Write the page.

    Raises:
        OSError: the file cannot be written.
    """
    thumbnails = Thumbnails(survey)
    by_code: dict[str, list[DuplicatePair]] = defaultdict(list)
    for pair in duplicate_pairs(survey):
        by_code[pair.code].append(pair)
    places = {spot(survey.found, image.sample, image.part): image for image in survey.images}
    told = [
        {
            "finding": finding._replace(message=printable(finding.message)),
            "advice": finding.advice.split("\n"),
            "pairs": _pairs(thumbnails, by_code[finding.code][:MAX_PAIRS]),
            "places": []
            if by_code[finding.code]
            else _places(thumbnails, finding.places[:MAX_PLACES], places),
            "more": max(0, len(finding.places) - MAX_PLACES),
        }
        for finding in findings
    ]
    of_class: dict[int, list[Listed]] = defaultdict(list)
    for image in survey.readable:
        of_class[image.sample.label].append(image)
    # A few images of every class come first, so that no class is without a picture.
    shown_of = {label: _spread(images, MAX_IMAGES) for label, images in sorted(of_class.items())}
    for few in (2, 8):
        for images in shown_of.values():
            thumbnails.of(_spread(images, few))
    classes = [
        (
            class_name(survey.found, label),
            len(of_class[label]),
            [one for one in thumbnails.of(images) if one.address],
        )
        for label, images in shown_of.items()
    ]
    write_page(
        file,
        "check.html",
        name=printable(survey.found.name),
        verdict=verdict(findings),
        facts=facts(survey),
        findings=told,
        leaks=sum(len(by_code[code]) for code in LEAKS),
        table=class_table(survey),
        classes=classes,
        left_out=sum(len(images) - len(kept) for (_, _, kept), images in
                     zip(classes, of_class.values(), strict=True)),
    )  # fmt: skip


def _spread(images: Sequence[Listed], number: int) -> list[Listed]:
    number = min(number, len(images))
    return [images[place * len(images) // number] for place in range(number)]


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


def _pairs(thumbnails: Thumbnails, pairs: Sequence[DuplicatePair]) -> list[dict]:
    """Pairs of images, each with what it is and how close the two are."""
    listed = [image for pair in pairs for image in (pair.first, pair.second)]
    pictures = iter(thumbnails.of(listed))
    found = thumbnails.survey.found
    return [
        {
            "close": closeness(pair).removeprefix(", ") or "the same pixels",
            "images": [
                (next(pictures), ("train", "eval", "test")[image.part],
                 class_name(found, image.sample.label))
                for image in (pair.first, pair.second)
            ],
        }
        for pair in pairs
    ]  # fmt: skip


def class_table(survey: Survey) -> tuple[list[str], list[list[Cell | str]]]:
    """Heads and rows: the images of each class in each list."""
    rows = as_dict(survey, [])["classes"]
    parts = [part for part, counts in survey.counts.items() if counts or part == "train"]
    most = max([1, *(row["train"] for row in rows)])
    return ["class", "label", *parts], [
        [
            printable(row["name"]),
            str(row["label"]),
            *(
                Cell(f"{row[part]:,}", row[part], row[part] / most if part == "train" else 0)
                for part in parts
            ),
        ]
        for row in rows[:MAX_CLASSES]
    ]
