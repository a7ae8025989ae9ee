"""The report on a data set, for people and for programs."""

import math
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
from paddle_aug.results.language import N_, _, count, is_english, joined
from paddle_aug.results.text import columns_of

WIDTH = 80  # columns
MAX_PLACES = 10  # of a finding that are printed
MAX_CLASSES = 40
BAR = 24  # columns
TITLES = {"error": N_("error:"), "warning": N_("warning:"), "note": N_("note:")}
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
    text = _("nothing stops training; {findings}")
    if errors == {"other-label"}:  # which training does not look for
        text = _("training would start, but should not yet: {findings}")
    elif errors:
        text = _("training would not start: {findings}")
    elif any(finding.code == "no-eval" for finding in findings):
        text = _("training needs --holdout; {findings}")
    return text.format(findings=_(", ").join(parts) or _("nothing to report"))


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
        first, *more = text.split("\n")
        lines += [f"  {padded(title, 16)}{first}", *(f"  {'':<16}{line}" for line in more)]
    return lines


def facts(survey: Survey) -> list[tuple[str, str]]:
    """What is in the data: images and classes of each list, sizes and formats, in one line or
    two, to stay within WIDTH."""
    rows = []
    titles = (_("to train on"), _("to evaluate on"), _("to test on"))
    for title, (part, counts) in zip(titles, survey.counts.items(), strict=True):
        if not counts:
            rows += [(title, _("none"))] * (part != "test")
            continue
        least, most = min(counts.values()), max(counts.values())
        text = _("{images} of {classes}, {least:,} a class")
        if most > least:
            text = _(
                "{images} of {classes}, {least:,} to {most:,} a class;\nthe largest has "
                "{ratio:.1f} times the images of the smallest"
            )
        images, classes = count(counts.total(), "image"), count(len(counts), "class", "classes")
        numbers = {"least": least, "most": most, "ratio": most / least}
        rows.append((title, text.format(images=images, classes=classes, **numbers)))
    if survey.readable:
        sizes = _sizes(survey)
        share = sizes.pop("most_frequent_images") / len(survey.readable)
        smallest, median, largest, frequent = (f"{wide} × {high}" for wide, high in sizes.values())
        text = _(
            "{smallest} to {largest}, median {median},\nmost often {frequent} ({share:.0f}%)"
        ).format(
            smallest=smallest,
            largest=largest,
            median=median,
            frequent=frequent,
            share=100 * share,
        )
        rows.append((_("sizes"), text))
        formats = (f"{name} {images:,}" for name, images in _formats(survey).most_common())
        rows.append((_("formats"), _(", ").join(formats)))
    return rows


def padded(text: str, width: int) -> str:
    """The text in so many columns of a terminal."""
    return text + " " * (width - columns_of(text))


def _table(survey: Survey) -> list[str]:
    """A line per class; with many classes, only the largest and the smallest."""
    train, _evaluated, tested = survey.counts.values()
    labels = list(_labels(survey))
    if not labels:
        return []
    left_out, half = len(labels) - MAX_CLASSES, MAX_CLASSES // 2
    if left_out > 0:
        order = sorted(labels, key=lambda label: (-train[label], label))
        labels = order[:half] + order[-half:]
    names = {label: class_name(survey.found, label) for label in labels}
    width = min(30, max(map(columns_of, (_("class"), *names.values()))))
    most = max([1, *train.values()])
    heads = [_("train"), _("eval"), _("test")][: 3 if tested else 2]
    sizes = [max(5, columns_of(head)) for head in heads]
    first, parts = _("label"), zip(heads, sizes, strict=True)
    columns = "  ".join(" " * (size - columns_of(head)) + head for head, size in parts)
    rows = [f"  {first}  {padded(_('class'), width)}  {columns}"]
    for label in labels:
        bar = "#" * round(BAR * train[label] / most)
        name = textwrap.shorten(names[label], width, placeholder="…")
        numbers = [counts[label] for counts in survey.counts.values()]
        columns = "  ".join(f"{n:>{size}}" for n, size in zip(numbers, sizes, strict=False))
        number = f"{label:>{columns_of(first)}}"
        rows.append(f"  {number}  {padded(name, width)}  {columns}  {bar}".rstrip())
    if left_out > 0:
        classes = count(left_out, "class", "classes")
        rows.insert(1 + half, "  " + _("… and {classes} in between").format(classes=classes))
    return rows


def _finding(finding: Finding, width: int | None) -> list[str]:
    title = joined([_(TITLES[finding.level]), finding.message])
    lines = _wrap_words(f"{title} [{finding.code}]")
    places = finding.places[:MAX_PLACES]
    # Columns, unless the paths are long.
    column = max((len(place.where) for place in places), default=0)
    column = column if column <= WIDTH // 3 else 0
    for place in places:
        line = f"    {place.where:<{column}}  {place.what}".rstrip()
        lines += [line] if width is None else _wrap(line, width)
    if len(finding.places) > len(places):
        more = _("… and {number:,} more (--json has all)")
        lines.append("    " + more.format(number=len(finding.places) - len(places)))
    advice, *command = finding.advice.split("\n")
    lines += _wrap_words(f"-> {advice}", initial_indent="  ", subsequent_indent="     ")
    return [*lines, *(f"     {line}" for line in command)]


def _wrap_words(text: str, initial_indent: str = "", subsequent_indent: str = "") -> list[str]:
    """Lines of WIDTH columns; a terminal breaks lines between Chinese letters."""
    if not is_english():
        return [initial_indent + text]
    indents = {"initial_indent": initial_indent, "subsequent_indent": subsequent_indent}
    return textwrap.wrap(text, WIDTH, **indents)


def _wrap(line: str, width: int) -> list[str]:
    """The line, broken at spaces and after slashes, so that none is wider than `width` columns."""
    lines = textwrap.wrap(
        line.replace("/", "/ "), width, subsequent_indent=" " * 8, break_on_hyphens=False
    )
    return [part.replace("/ ", "/") for part in lines]
