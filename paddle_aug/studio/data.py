"""The Data tab: what `check` finds, as it is found; the images, page by page; lists to write."""

import shlex
import threading
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from paddle_aug.check import lists
from paddle_aug.check.findings import (
    FINDINGS,
    DuplicatePair,
    closeness,
    duplicate_pairs,
    findings,
    spot,
)
from paddle_aug.check.survey import Listed, Survey, look, once, shown
from paddle_aug.check.text import as_dict
from paddle_aug.config import TrainConfig
from paddle_aug.data.image import read_sample
from paddle_aug.data.remarks import Finding, class_name
from paddle_aug.data.samples import Found, Sample, normal_path
from paddle_aug.errors import UserError
from paddle_aug.results.image_bytes import shrunk
from paddle_aug.studio.answer import Picture, picture
from paddle_aug.studio.query import Query
from paddle_aug.studio.state import Job, Studio
from paddle_aug.system.program import tool

PARTS = ("train", "eval", "test")
PIECE = 8  # images that are looked at in one turn
PAUSE = 10  # times as long as it took is the pause before findings are put together anew
FACTS = ("images", "distinct", "readable", "sizes", "formats")
PLACES = 12  # of a finding that are sent with it
MAX_PAGE = 96
THUMBNAIL, PHOTO = 160, 1024  # pixels of the longer side


class Checkup:
    """The images of a data set, and what is known of them by now; `version` counts the changes."""

    def __init__(self, config: TrainConfig, found: Found):
        self.found = found
        self.image_size = config.image_size
        self.once = once(self.found)
        self.labels = np.array([sample.label for sample, _ in self.once], np.int64)
        self.parts = np.array([part for _, part in self.once], np.int64)
        self.lock = threading.Lock()
        self.phase = "images"
        self.version = 0
        self.findings: list[Finding] = []
        self.pairs: list[DuplicatePair] = []
        self.facts: dict = {}
        self.survey: Survey | None = None  # once all images have been looked at

    @cached_property
    def index(self) -> dict[str, int]:
        """The place in `once` of each image, by its normal path."""
        return {normal_path(sample): place for place, (sample, _) in enumerate(self.once)}

    @cached_property
    def index_of_spot(self) -> dict[str, int]:
        """The place in `once` of an image, by the words that a finding has for where it stands."""
        return {
            spot(self.found, sample, part): self.index[normal_path(sample)]
            for part, (_, samples) in enumerate(self.found.parts)
            for sample in samples
        }

    def change(self, phase: str, found: list[Finding], **values) -> None:
        """Make known what has been found."""
        with self.lock:
            self.phase, self.findings = phase, found
            vars(self).update(values)
            self.version += 1

    def look(self, studio: Studio, job: Job) -> dict:
        """Look at all images, in short turns, and then for duplicates among them."""
        images: list[Listed] = []
        ready = 0.0
        for start in range(0, len(self.once), PIECE):
            job.step(start, len(self.once))
            with studio.turn():
                images += [Listed(*one, look(one[0])) for one in self.once[start : start + PIECE]]
            if time.monotonic() >= ready:
                began = time.monotonic()
                survey = Survey(self.found, images[:])
                self.change("images", findings(survey, self.image_size, duplicates=False))
                ready = time.monotonic() + max(0.5, PAUSE * (time.monotonic() - began))
        job.step(len(self.once), len(self.once))
        survey = Survey(self.found, images, job.step)
        self.change("duplicates", findings(survey, self.image_size, duplicates=False))
        found, pairs = findings(survey, self.image_size), duplicate_pairs(survey)
        report = as_dict(survey, found)
        facts = {key: report[key] for key in FACTS}
        self.change("done", found, pairs=pairs, facts=facts, survey=survey)
        return {}

    def image(self, query: Query) -> Sample:
        """The image that a request names by its place."""
        if not self.once:
            raise UserError("the data has no images")
        return self.once[query.whole("image", most=len(self.once) - 1)][0]

    def about(self, image: int) -> dict:
        """What stands below a picture."""
        sample, part = self.once[image]
        name = class_name(self.found, sample.label)
        return {
            "image": image, "path": shown(sample), "label": sample.label, "class": name,
            "list": PARTS[part],
        }  # fmt: skip

    def places(self, finding: Finding, start: int, number: int) -> list[dict]:
        return [
            {**place._asdict(), "image": self.index_of_spot.get(place.where)}
            for place in finding.places[start : start + number]
        ]


def checkup_of(studio: Studio) -> Checkup:
    return studio.for_tab("data", lambda: Checkup(*studio.found))


def overview(studio: Studio, query: Query) -> dict:
    """The lists and classes, which are known before any image is looked at."""
    checkup = checkup_of(studio)
    report = as_dict(Survey(checkup.found, []), [])
    return {name: report[name] for name in ("name", "images", "classes")}


def check(studio: Studio, query: Query) -> dict:
    """The progress of the check, and the findings if they are others than those of version
    `since`."""
    checkup = checkup_of(studio)
    job = studio.background("data", lambda job: checkup.look(studio, job))
    if job.error is not None:
        raise UserError(job.error)
    with checkup.lock:
        answer = {
            "phase": checkup.phase, "done": job.done, "total": job.total,
            "version": checkup.version, "facts": checkup.facts,
        }  # fmt: skip
        known = checkup.findings
    if query.whole("since", 0) != answer["version"]:
        answer["findings"] = [
            {
                **finding._asdict(),
                "places": checkup.places(finding, 0, PLACES),
                "count": len(finding.places),
            }
            for finding in known
        ]
    return answer


def places(studio: Studio, query: Query) -> dict:
    """Further places of a finding."""
    checkup, code = checkup_of(studio), query.text("code")
    for finding in checkup.findings:
        if finding.code == code:
            return {"places": checkup.places(finding, *_page(query))}
    raise UserError(f"there is no finding {code}")


def pairs(studio: Studio, query: Query) -> dict:
    """Pairs of duplicates, perhaps of one code only, and the number of pairs of each code."""
    checkup, code = checkup_of(studio), query.text("code", "")
    chosen = [pair for pair in checkup.pairs if code in ("", pair.code)]
    start, number = _page(query)
    codes: dict[str, int] = {}
    for pair in checkup.pairs:
        codes[pair.code] = codes.get(pair.code, 0) + 1
    return {
        "total": len(chosen),
        "codes": codes,
        "pairs": [
            {
                "code": pair.code,
                "level": FINDINGS[pair.code][0],
                "closeness": closeness(pair),
                "images": [
                    checkup.about(checkup.index[normal_path(listed.sample)])
                    for listed in (pair.first, pair.second)
                ],
            }
            for pair in chosen[start : start + number]
        ],
    }


def montage(studio: Studio, query: Query) -> dict:
    """A page of images, perhaps of one list and one class only."""
    checkup = checkup_of(studio)
    chosen = np.ones(len(checkup.once), bool)
    if part := query.text("list", ""):
        if part not in PARTS:
            raise UserError(f"list wants one of {', '.join(PARTS)}, not {part!r}")
        chosen &= checkup.parts == PARTS.index(part)
    if query.text("label", ""):
        chosen &= checkup.labels == query.whole("label")
    start, number = _page(query)
    indices = np.flatnonzero(chosen)
    page = indices[start : start + number].tolist()
    return {"total": len(indices), "images": [checkup.about(image) for image in page]}


def thumbnail(studio: Studio, query: Query) -> Picture:
    """A small picture of an image, which is kept for a while."""
    sample = checkup_of(studio).image(query)
    key = ("data", "thumbnail", query.whole("image"))
    return studio.keep(key, lambda: picture(shrunk(read_sample(sample), THUMBNAIL)))


def photo(studio: Studio, query: Query) -> Picture:
    """An image as large as a page shows it."""
    return picture(shrunk(read_sample(checkup_of(studio).image(query)), PHOTO))


def command(studio: Studio, query: Query) -> dict:
    """The command that writes the same lists."""
    _refuse_public(studio)
    words: Sequence[str] = [*tool("check"), *checkup_of(studio).found.given]
    share, out = _share(query), str(_folder(query))
    more = ["--lists", out]
    if share is not None:
        more = ["--split", f"{share:g}", "--seed", str(query.whole("seed", 0)), "--out", out]
    return {"command": shlex.join([*words, *more])}


def write(studio: Studio, query: Query) -> dict:
    """Write lists to the folder that the user typed, as `check --lists` and `check --split` do."""
    _refuse_public(studio)
    checkup, share, out = checkup_of(studio), _share(query), _folder(query)
    if checkup.survey is None:
        raise UserError("lists can be written once all images have been checked")
    with checkup.lock:
        lists.refuse(checkup.found, share, out)
        summary = lists.write_usable(checkup.survey, share, query.whole("seed", 0), out)
    *said, train = summary.split("\n")
    return {"written": said, "train": train}


def _refuse_public(studio: Studio) -> None:
    if studio.options.public:
        raise UserError("a public studio writes no files and shows no paths")


def _share(query: Query) -> float | None:
    return query.number("split") if query.text("split", "") else None


def _folder(query: Query) -> Path:
    text = query.text("out").strip()
    if not text or not text.isprintable():
        raise UserError("type the folder to write the lists to")
    folder = Path(text).expanduser()
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file; give a folder, which may be new")
    return folder


def _page(query: Query) -> tuple[int, int]:
    """The first item of a page, and the number of its items."""
    return query.whole("start", 0), query.whole("count", 24, 1, MAX_PAGE)


ROUTES = {
    "data-overview": overview,
    "data-check": check,
    "data-places": places,
    "data-pairs": pairs,
    "data-montage": montage,
    "data-thumbnail": thumbnail,
    "data-photo": photo,
    "data-command": command,
    "data-write": write,
}
POSTS = frozenset(["data-write"])
