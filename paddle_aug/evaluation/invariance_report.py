"""The files of an invariance map: a figure, a page with a table and sentences, and all numbers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from paddle_aug.data.dataset import Dataset
from paddle_aug.evaluation import invariance_figure
from paddle_aug.evaluation.invariance import Curve, Subject
from paddle_aug.inputs import augmented
from paddle_aug.results.colours import label
from paddle_aug.results.html import environment
from paddle_aug.results.language import _, listed
from paddle_aug.results.text import csv_text, markdown_table
from paddle_aug.system.files import replacing, write_json, write_text
from paddle_aug.system.versions import versions

MAX_DIFFERENT = 3  # ops that are named
FILES = ("invariance.png", "invariance.csv", "invariance.json", "invariance.md")


@dataclass(frozen=True)
class Map:
    """The curves of each op by its name, one for each network, and their data."""

    curves: dict[str, list[Curve]]
    data: Dataset
    tolerance: float

    @property
    def clean(self) -> list[Curve]:
        """A curve of each network, for its accuracy on unchanged images."""
        return next(iter(self.curves.values()))

    @property
    def networks(self) -> list[Subject]:
        return [curve.subject for curve in self.clean]

    @property
    def images(self) -> int:
        return self.clean[0].correct.shape[1]


def write(result: Map, folder: Path) -> list[Path]:
    """Write the files of `FILES`, and return their paths.

    Raises:
        OSError: a file cannot be written.
    """
    files = [folder / name for name in FILES]
    content = as_dict(result)
    image = augmented(result.networks[0].config, result.data.eval[:1], "none")[0, 0][0]
    with replacing(files[0]) as file:
        invariance_figure.draw(content, image, file, [c[0].op for c in result.curves.values()])
    write_text(files[1], as_csv(result))
    write_json(files[2], content)
    write_text(files[3], page(result))
    return files


def sentences(result: Map) -> list[str]:
    """For each op, the range of magnitudes in which each network keeps its accuracy."""
    return [
        _range_sentence(curves, result) if curves[0].op.unit else _switch_sentence(curves)
        for curves in result.curves.values()
    ]


def _range_sentence(curves: Sequence[Curve], result: Map) -> str:
    op, phrases, full = curves[0].op, [], True  # only the first of a row has the verb
    for curve in curves:
        name, (low, high) = curve.subject.name, curve.kept(result.tolerance)
        if low == high:
            place = op.neutral_place
            nearest = (*op.magnitudes[:place][-1:], *op.magnitudes[place + 1 :][:1])
            magnitudes = listed([f"{magnitude:g}" for magnitude in nearest])
            lost = _("{name} loses more than {percent:g}% of its accuracy at {magnitudes} already")
            percent = 100 * result.tolerance
            phrases.append(lost.format(name=name, percent=percent, magnitudes=magnitudes))
        else:
            kept = _("{name} from {low:g} to {high:g}")
            if full:
                kept = _("{name} keeps its accuracy from {low:g} to {high:g}")
            everything = _(", all that was measured") if (low, high) == op.ends else ""
            phrases.append(kept.format(name=name, low=low, high=high) + everything)
        full = low == high
    text = _("{op} ({unit}): {phrases}")
    return text.format(op=op.name, unit=_(op.unit), phrases=_("; ").join(phrases))


def _switch_sentence(curves: Sequence[Curve]) -> str:
    text = _("{name} keeps {share:.0f}% of its accuracy")
    kept = [text.format(name=curve.subject.name, share=100 * curve.mean_share) for curve in curves]
    return curves[0].op.name + _(": ") + _("; ").join(kept)


def differences(result: Map) -> list[str]:
    """For each network after the first, a sentence on the ops in which the two differ most."""
    lines = []
    for number, subject in enumerate(result.networks[1:], 1):
        shares = [
            (name, curves[number].mean_share, curves[0].mean_share)
            for name, curves in result.curves.items()
        ]
        shares.sort(key=lambda row: -abs(row[1] - row[2]))
        of_op = _("{op} {own:.0f}% and {first:.0f}%")
        ops = [
            of_op.format(op=name, own=100 * own, first=100 * first)
            for name, own, first in shares[:MAX_DIFFERENT]
        ]
        text = _(
            "{name} and {first} differ most, by the mean share of their accuracy that is left "
            "under an op, at {ops}"
        )
        first = result.networks[0].name
        lines.append(text.format(name=subject.name, first=first, ops=_(", ").join(ops)))
    return lines


def limits(result: Map) -> list[str]:
    """The ops at whose extreme magnitudes no network keeps its accuracy, and where that begins."""
    lost = []
    for name, curves in result.curves.items():
        op = curves[0].op
        lows, highs = zip(*(curve.kept(result.tolerance) for curve in curves), strict=True)
        low, high = min(lows), max(highs)
        text = {
            (False, False): "",
            (True, False): _("{op} below {low:g}"),
            (False, True): _("{op} above {high:g}"),
            (True, True): _("{op} below {low:g} and above {high:g}"),
        }[low != op.ends[0], high != op.ends[1]]
        if low == high:
            text = _("{op} at any magnitude") if op.unit else "{op}"
        if text:
            lost.append(text.format(op=name, low=low, high=high))
    return lost


def notes(result: Map) -> list[str]:
    """A sentence for each network that is not shown to be better than the most frequent class."""
    labels = Counter(sample.label for sample in result.data.eval)
    most = max(labels.values()) / labels.total()
    text = _(
        "{name} is right about {share:.1f}% of the unchanged images, which is not shown to be more "
        "than one answer for all of them would get ({most:.1f}%): its curves say nothing"
    )
    return [
        text.format(name=curve.subject.name, share=100 * curve.clean, most=100 * most)
        for curve in result.clean
        if curve.interval[0][curve.op.neutral_place] <= most
    ]


def table(result: Map) -> str:
    """The ranges in Markdown, an op a row and a network a column."""
    rows = []
    for name, curves in result.curves.items():
        unit = curves[0].op.unit
        rows.append([_("{op}, {unit}").format(op=name, unit=_(unit)) if unit else name])
        for curve in curves:
            low, high = curve.kept(result.tolerance)
            text = _("{low:g} to {high:g} ({share:.0f}%)")
            if low == high:
                text = _("{low:g} only ({share:.0f}%)")
            if not unit:
                text = _("({share:.0f}%)")
            rows[-1].append(text.format(low=low, high=high, share=100 * curve.mean_share))
    return markdown_table([_("op"), *(subject.name for subject in result.networks)], rows)


def page(result: Map) -> str:
    """The content of invariance.md."""
    clean = []
    for curve in result.clean:
        low, high = (end[curve.op.neutral_place] for end in curve.interval)
        text = _("{name}: {accuracy:.1f}% ({low:.1f}% to {high:.1f}%), `{weights}`")
        shares = {"accuracy": 100 * curve.clean, "low": 100 * low, "high": 100 * high}
        subject = curve.subject
        clean.append(text.format(name=subject.name, weights=subject.weights, **shares))
    template = environment().get_template("invariance.md")
    text = template.render(
        result=result,
        clean=clean,
        notes=notes(result),
        percent=100 * result.tolerance,
        table=table(result),
        sentences=sentences(result),
        differences=differences(result),
        limits=limits(result) if len(clean) > 1 else [],
    )
    return f"{text}\n"


def as_csv(result: Map) -> str:
    """A row for each network, op and magnitude."""
    rows = [
        {"network": curve.subject.name, "op": name, "unit": curve.op.unit, **point}
        for name, curves in result.curves.items()
        for curve in curves
        for point in _points(curve, result.tolerance)
    ]
    return csv_text([[*rows[0]], *(row.values() for row in rows)])


def as_dict(result: Map) -> dict:
    """The content of invariance.json: all numbers."""
    return {
        "data": {"name": result.data.name, "fingerprint": result.data.fingerprint},
        "classes": result.data.num_classes,
        "images": result.images,
        "tolerance": result.tolerance,
        "networks": [
            {
                "name": curve.subject.name,
                "augment": label(curve.subject.mode),
                "network": curve.subject.config.network,
                "weights": str(curve.subject.weights),
                "accuracy": curve.clean,
            }
            for curve in result.clean
        ],
        "ops": [
            {
                "name": name,
                "unit": curves[0].op.unit,
                "neutral": curves[0].op.neutral,
                "networks": {
                    curve.subject.name: {
                        "kept": curve.kept(result.tolerance),
                        "mean_share": curve.mean_share,
                        "points": _points(curve, result.tolerance),
                    }
                    for curve in curves
                },
            }
            for name, curves in result.curves.items()
        ],
        "versions": versions(),
    }


def _points(curve: Curve, tolerance: float) -> list[dict]:
    first, last = curve.kept(tolerance)
    return [
        {
            "magnitude": magnitude,
            "images": len(correct),
            "right": int(correct.sum()),
            "accuracy": round(float(accuracy), 6),
            "low": round(float(low), 6),
            "high": round(float(high), 6),
            "kept": first <= magnitude <= last,
        }
        for magnitude, correct, accuracy, low, high in zip(
            curve.op.magnitudes, curve.correct, curve.accuracy, *curve.interval, strict=True
        )
    ]
