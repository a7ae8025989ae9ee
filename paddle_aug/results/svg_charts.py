"""The charts of `charts` as SVG for pages; `curves` draws the same with Matplotlib.

`modes` is what base.html gets: the names of the modes in the order of their checkboxes.
"""

from collections.abc import Sequence

from markupsafe import Markup

from paddle_aug.results.charts import (
    INTERVALS_FROM,
    AgainstChart,
    CurvesChart,
    Line,
    ModesChart,
)
from paddle_aug.results.colours import label
from paddle_aug.results.language import _
from paddle_aug.results.svg import Axis, Row, Series, dots, lines

SHIFT = 5.0  # between the intervals of modes at the same place


def modes_svg(chart: ModesChart, modes: Sequence[str]) -> Markup:
    """The accuracies of modes, a row each, with a tick for each run."""
    rows = [
        Row(row.mode, modes.index(row.mode), row.mean, row.margin, row.values, row.note)
        for row in chart.rows
    ]
    return dots(chart.title, rows, Axis(chart.axis, guide=_guessing(chart.chance), unit=" %"))


def modes_caption(chart: ModesChart) -> str:
    """What the accuracies of modes are, and what is drawn where runs are too few."""
    if all(len(row.values) >= INTERVALS_FROM for row in chart.rows):
        return chart.title + _(". A tick is a run.")
    return chart.title + _(". A tick is a run; below three runs, only these are drawn.")


def curves_svg(chart: CurvesChart, modes: Sequence[str]) -> Markup:
    """A quantity over the epochs: eval is bold and dashed, training thin and pale, the runs of a
    mean faint."""
    series = [one for line in chart.lines for one in _series(line, modes.index(line.mode))]
    share = "%" in chart.axis
    y = Axis(
        chart.axis,
        guide=_guessing(chart.chance),
        unit=" %" if share else "",
        digits=1 if share else 3,
    )
    return lines(chart.title, series, Axis(_("Epoch"), whole=True), y)


def against_svg(chart: AgainstChart, modes: Sequence[str], logarithmic: bool = False) -> Markup:
    """Accuracies, with their intervals, against a quantity."""
    known = sorted({x for points in chart.points.values() for x, _ in points})
    named = _named(chart)
    shared = any(len(points) > 1 for points in named.values())  # else each mode has its own x
    series = [
        Series(
            mode,
            modes.index(mode),
            [(x, row.mean, row.margin) for x, row in points],
            "joined",
            mode,
            shift=SHIFT * (place - (len(named) - 1) / 2) if shared else 0.0,
        )
        for place, (mode, points) in enumerate(named.items())
    ]
    x = Axis(chart.x_axis, ticks=known, log=True) if logarithmic else Axis(chart.x_axis, low=0)
    return lines(chart.title, series, x, Axis(chart.axis, guide=_guessing(chart.chance), unit=" %"))


def _series(line: Line, place: int) -> list[Series]:
    """A curve, those of its runs, and its values on clean images."""
    curves = [
        Series(
            "", place, [(epoch, float(value), None) for epoch, value in enumerate(raw, 1)], "faint"
        )
        for raw in line.raw
    ]
    spread = [None] * len(line.values) if line.spread is None else map(float, line.spread)
    points = [
        (epoch, float(value), around)
        for epoch, (value, around) in enumerate(zip(line.values, spread, strict=True), 1)
    ]
    bold = line.part == "eval"
    part, look, label = _(line.part), "dashed" if bold else "pale", line.name if bold else ""
    curves.append(Series(line.name, place, points, look, label, part))
    if line.points:
        clean = [(epoch, value, None) for epoch, value in line.points.items()]
        part = _("{name} on clean images").format(name=part)
        curves.append(Series(line.name, place, clean, "dots", part=part))
    return curves


def _named(chart: AgainstChart) -> dict:
    """The points by the modes' names, without modes that have none."""
    return {label(mode): points for mode, points in chart.points.items() if points}


def _guessing(chance: float | None) -> tuple[float, str] | None:
    return None if chance is None else (chance, _("guessing"))
