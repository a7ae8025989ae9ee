"""The report on a data set, for people and for programs."""

import math
import re
import textwrap
from collections import Counter
from itertools import chain
from pathlib import Path

import numpy as np

from paddle_aug.check.findings import LEVELS, duplicate_pairs
from paddle_aug.check.survey import Survey, shown
from paddle_aug.data import duplicates
from paddle_aug.data.remarks import Finding, class_name
from paddle_aug.errors import printable
from paddle_aug.results.text import count

WIDTH = 80  # columns
MAX_PLACES = 10  # of a finding that are printed
MAX_CLASSES = 40
BAR = 24  # columns
FORMAT = 1  # of the JSON; changes when a key's meaning does


def exit_code(findings: list[Finding]) -> int:
    """2 with errors, 1 with warnings, 0 without either."""
    levels = {finding.level for finding in findings}
    return 2 if "error" in levels else 1 if "warning" in levels else 0


def as_dict(survey: Survey, findings: list[Finding]) -> dict:
    """The whole report for JSON, nothing shortened."""
    return {
        "format": FORMAT,
        "exit_code": exit_code(findings),
        "name": survey.found.name,
        "images": {part: counts.total() for part, counts in survey.counts.items()},
        "distinct": len(survey.images),
        "readable": len(survey.readable),
        "classes": class_counts(survey),
        "sizes": _sizes(survey),
        "formats": dict(_formats(survey).most_common()),
        "thresholds": {
            "bits": duplicates.MAX_BITS,
            "sure": duplicates.SURE,
            "likely": duplicates.LIKELY,
            "crowd": duplicates.CROWD,
        },
        "findings": [
            {**finding._asdict(), "places": [place._asdict() for place in finding.places]}
            for finding in findings
        ],
        "twins": [
            {
                **pair._asdict(),
                "first": shown(pair.first.sample),
                "second": shown(pair.second.sample),
                "correlation": round(pair.correlation, 4),
            }
            for pair in duplicate_pairs(survey)
        ],
    }


def class_counts(survey: Survey) -> list[dict]:
    """The number and name of each class, and its images in each list."""
    return [
        {
            "label": label,
            "name": class_name(survey.found, label),
            **{part: counts[label] for part, counts in survey.counts.items()},
        }
        for label in _labels(survey)
    ]


def as_text(survey: Survey, findings: list[Finding], width: int | None = None) -> str:
    """The report in WIDTH columns. Lines with places may be longer, unless `width` is given."""
    lines = [*_summary(survey), "", *_table(survey)]
    for finding in findings:
        lines += ["", *_finding(finding, width)]
    return "\n".join(map(printable, [*lines, "", verdict(findings), ""]))


def verdict(findings: list[Finding]) -> str:
    """Whether training would start, and the number of findings of each level."""
    counts = Counter(finding.level for finding in findings)
    parts = [count(counts[level], level) for level in LEVELS if counts[level]]
    errors = {finding.code for finding in findings if finding.level == "error"}
    start = "nothing stops training;"
    if errors == {"other-label"}:  # which training does not look for
        start = "training would start, but should not yet:"
    elif errors:
        start = "training would not start:"
    elif any(finding.code == "no-eval" for finding in findings):
        start = "training needs --holdout;"
    return f"{start} {', '.join(parts) or 'nothing to report'}"


def _labels(survey: Survey) -> range:
    listed = chain(*survey.counts.values())
    return range(max([len(survey.found.class_names) - 1, *listed]) + 1)


def _sizes(survey: Survey) -> dict:
    """Widths and heights: smallest and largest by area, medians, and the most frequent."""
    sizes = [(image.seen.width, image.seen.height) for image in survey.readable]
    if not sizes:
        return {}
    frequent, images = Counter(sizes).most_common(1)[0]
    return {
        "smallest": list(min(sizes, key=math.prod)),
        "median": [int(np.median(side)) for side in zip(*sizes, strict=True)],
        "largest": list(max(sizes, key=math.prod)),
        "most_frequent": list(frequent),
        "most_frequent_images": images,
    }


def _formats(survey: Survey) -> Counter:
    """Images by format, or by the archive's name."""
    return Counter(
        image.seen.encoding.format if image.seen.encoding else Path(image.sample.file).name
        for image in survey.readable
    )


def _summary(survey: Survey) -> list[str]:
    lines = textwrap.wrap(survey.found.name, WIDTH)
    for title, text in facts(survey):
        # Two lines of these, to stay within WIDTH.
        for part in re.split("(?<=[,;]) (?=most often|the largest)", text):
            lines.append(f"  {title:<16}{part}")
            title = ""
    return lines


def facts(survey: Survey) -> list[tuple[str, str]]:
    """What is in the data: images and classes of each list, sizes and formats, in words."""
    rows = []
    titles = ("to train on", "to evaluate on", "to test on")
    for title, counts in zip(titles, survey.counts.values(), strict=True):
        if not counts:
            rows += [(title, "none")] * (title != "to test on")
            continue
        least, most = min(counts.values()), max(counts.values())
        sizes = f"{least:,} to {most:,}" if most > least else f"{least:,}"
        times = f"{most / least:.1f} times the images of the smallest"
        ratio = f"; the largest has {times}" if most > least else ""
        images, classes = count(counts.total(), "image"), count(len(counts), "class", "classes")
        rows.append((title, f"{images} of {classes}, {sizes} a class{ratio}"))
    if survey.readable:
        sizes = _sizes(survey)
        share = sizes.pop("most_frequent_images") / len(survey.readable)
        smallest, median, largest, frequent = (f"{wide} × {high}" for wide, high in sizes.values())
        text = f"{smallest} to {largest}, median {median}, most often {frequent} ({share:.0%})"
        rows.append(("sizes", text))
        formats = (f"{name} {images:,}" for name, images in _formats(survey).most_common())
        rows.append(("formats", ", ".join(formats)))
    return rows


def _table(survey: Survey) -> list[str]:
    """A line per class; with many classes, only the largest and the smallest."""
    train, _, tested = survey.counts.values()
    labels = list(_labels(survey))
    if not labels:
        return []
    left_out, half = len(labels) - MAX_CLASSES, MAX_CLASSES // 2
    if left_out > 0:
        order = sorted(labels, key=lambda label: (-train[label], label))
        labels = order[:half] + order[-half:]
    names = {label: class_name(survey.found, label) for label in labels}
    width = min(30, max(len("class"), *map(len, names.values())))
    most = max([1, *train.values()])
    rows = [f"  label  {'class':<{width}}  train   eval" + "   test" * bool(tested)]
    for label in labels:
        bar = "#" * round(BAR * train[label] / most)
        name = textwrap.shorten(names[label], width, placeholder="…")
        numbers = [counts[label] for counts in survey.counts.values()][: 3 if tested else 2]
        columns = "  ".join(f"{number:>5}" for number in numbers)
        rows.append(f"  {label:>5}  {name:<{width}}  {columns}  {bar}".rstrip())
    if left_out > 0:
        rows.insert(1 + half, f"  … and {count(left_out, 'class', 'classes')} in between")
    return rows


def _finding(finding: Finding, width: int | None) -> list[str]:
    lines = textwrap.wrap(f"{finding.level}: {finding.message} [{finding.code}]", WIDTH)
    places = finding.places[:MAX_PLACES]
    # Columns, unless the paths are long.
    column = max((len(place.where) for place in places), default=0)
    column = column if column <= WIDTH // 3 else 0
    for place in places:
        line = f"    {place.where:<{column}}  {place.what}".rstrip()
        lines += [line] if width is None else _wrap(line, width)
    if len(finding.places) > len(places):
        lines.append(f"    … and {len(finding.places) - len(places):,} more (--json has all)")
    advice, *command = finding.advice.split("\n")
    lines += textwrap.wrap(f"-> {advice}", WIDTH, initial_indent="  ", subsequent_indent="     ")
    return [*lines, *(f"     {line}" for line in command)]


def _wrap(line: str, width: int) -> list[str]:
    """The line, broken at spaces and after slashes, so that none is wider than `width` columns."""
    lines = textwrap.wrap(
        line.replace("/", "/ "), width, subsequent_indent=" " * 8, break_on_hyphens=False
    )
    return [part.replace("/ ", "/") for part in lines]
