"""Charts as SVG for our pages: lines with bands, and dots with intervals.

A chart is 420 units wide, so that its text can be read on a phone; wide screens show charts side by
side. Colours are the page's: a series of place 3 has `var(--mode-3)`, and disappears with the
checkbox of mode 3. Values are in `aria-label` and `<title>`, for pages whose scripts are off, and
in `data-stops` (position and name of each epoch, row, …) and `data-values` (a text for each stop),
from which page.js answers pointer and keyboard.

    lines("Accuracy over the epochs", [Series("userDef, eval", 1, [(1, 52.0, 1.3), …])],
          Axis("Epoch", whole=True), Axis("Accuracy (%)", unit=" %"))
    dots("Accuracy by mode", [Row("userDef", 1, 71.2, 0.8, values=[70.9, 71.5])], Axis("Eval (%)"))
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from paddle_aug.results.labels import in_lines, operations, spaced
from paddle_aug.results.language import _
from paddle_aug.results.text import columns_of

WIDTH = 420
HEIGHT = 270  # of a chart of lines
LEFT, TOP, BOTTOM = 42, 24, 38  # margins
ROW = 30  # the height of a row whose name has one line
LETTER = 7  # the width of one, on average
NAME, NAME_LINES = 20, 3  # letters in a line of a row's name, and lines
LABEL, LABEL_LINES = 18, 2  # the same of a label at the end of a line
LINE = 14  # the height of a line of text
DOTTED = ("dots", "joined")

Point = tuple[float, float, float | None]  # x, y, and half of y's interval


@dataclass(frozen=True)
class Axis:
    """What an axis shows: the numbers that bound it (by default those of the data), a guide such as
    the accuracy of guessing, and how values are written."""

    title: str
    low: float | None = None
    high: float | None = None
    guide: tuple[float, str] | None = None
    ticks: Sequence[float] | None = None
    digits: int = 1
    unit: str = ""
    whole: bool = False
    log: bool = False

    def text(self, value: float, margin: float | None = None) -> str:
        """A value as readers see it: "71.2 ± 0.8 %"."""
        spread = "" if margin is None else f" ± {number(margin, self.digits)}"
        return f"{number(value, self.digits)}{spread}{self.unit}"


@dataclass(frozen=True)
class Series:
    """A line: its name, the place of its mode on the page, and its points; one whose y is not
    finite is a gap. `look` is "" (bold), "dashed" (bold, too), "thin", "pale" (thin, too), "dots",
    "joined" (dots and lines), or "faint" for one without values; `label` stands at its end. Lines
    of one name differ in their `part`. `shift` moves a line sideways, off others at the same x."""

    name: str
    place: int
    points: Sequence[Point]
    look: str = ""
    label: str = ""
    part: str = ""
    shift: float = 0.0

    @property
    def full_name(self) -> str:
        return (
            _("{name}, {part}").format(name=self.name, part=self.part) if self.part else self.name
        )


@dataclass(frozen=True)
class Row:
    """A row of a chart: a value, half of its interval, the values that it is the mean of, and
    a note beside its name. `place` is that of its mode on the page."""

    name: str
    place: int
    value: float
    margin: float | None = None
    values: Sequence[float] = ()
    note: str = ""


def number(value: float, digits: int) -> str:
    """A number with a minus sign that is as wide as a plus.

    >>> number(-1234.56, 1)
    '−1,234.6'
    """
    return f"{value:,.{digits}f}".replace("-", "−")


def lines(title: str, series: Sequence[Series], x: Axis, y: Axis) -> Markup:
    """Values against a quantity; margins are bands around lines and bars at dots."""
    labels = [_broken(one.label, LABEL, LABEL_LINES) for one in series if one.label]
    end = WIDTH - 14 - max(map(_width, labels), default=0)
    edge = max((abs(one.shift) for one in series), default=0)
    places = [point[0] for one in series for point in one.points]
    across = _Scale(x, places, LEFT + edge, end - edge)
    ends = [end for one in series for point in one.points for end in _ends(*point[1:])]
    up = _Scale(y, ends, HEIGHT - BOTTOM, TOP)
    stops = sorted({point[0] for one in series for point in one.points})
    parts = [_grid_lines(up, end), _axis_below(across, HEIGHT)]
    parts += [_series(one, stops, across, up) for one in series]
    series = [one for one in series if one.look != "faint"]
    parts += _labels(series, across, up, edge)
    said = [f"{one.full_name}: {_last(one, x, y)}" for one in series]
    names = [[round(across(stop), 1), f"{x.title} {_plain(stop)}"] for stop in stops]
    return _chart(title, said, HEIGHT, "x", names, parts)


def dots(title: str, rows: Sequence[Row], axis: Axis) -> Markup:
    """A row for each value, with its interval; thin ticks are the values that it is the mean of."""
    ends = [end for row in rows for value in (row.value, *row.values) for end in _ends(value, None)]
    ends += [end for row in rows for end in _ends(row.value, row.margin)]
    names = [_name_of_row(row) for row in rows]
    scale = _Scale(axis, ends, 18 + max(map(_width, names), default=0), WIDTH - 16, steps=5)
    top = 20 if scale.guide else 4  # the guide's name is above the rows
    heights = [max(ROW, LINE * len(name) + 8) for name in names]
    height = top + sum(heights) + BOTTOM + 2
    parts = [_axis_below(scale, height, top)]
    stops = []
    for place, (row, name) in enumerate(zip(rows, names, strict=True)):
        middle = top + sum(heights[:place]) + heights[place] / 2
        text = axis.text(row.value, row.margin)
        stops.append([middle, row.name])
        of_stop = [text if number == place else None for number in range(len(rows))]
        drawn = [
            _text_lines(scale.start - 10, middle, name, "end", row.note),
            *_marks_of_row(row, middle, scale),
        ]
        parts.append(_marks(row, of_stop, f"{row.name}: {text}", drawn))
    said = [f"{row.name}: {axis.text(row.value, row.margin)}" for row in rows]
    return _chart(title, said, height, "y", stops, parts)


def ticks(low: float, high: float, wanted: float, whole: bool = False) -> list[float]:
    """Round numbers that divide a span into about so many steps.

    >>> ticks(0, 10, 5), ticks(1, 4, 8, whole=True)
    ([0.0, 2.0, 4.0, 6.0, 8.0, 10.0], [1.0, 2.0, 3.0, 4.0])
    """
    step = _step((high - low) / wanted, whole)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{step * place:.12g}") for place in range(first, last + 1)]


def _step(rough: float, whole: bool) -> float:
    """The round number above a rough one."""
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    return max(1, round(step)) if whole else step


class _Scale:
    """From values to positions; the data's ends and the guide are within the axis, which begins and
    ends with a tick if it is to have about `steps` of them."""

    def __init__(
        self, axis: Axis, values: Sequence[float], start: float, end: float, steps: int = 0
    ):
        self.axis, self.start, self.end = axis, start, end
        known = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
        low, high = min(known), max(known)
        # A guide that is farther off than the values are apart would leave them no room.
        self.guide = None
        if axis.guide and max(low - axis.guide[0], axis.guide[0] - high) <= high - low:
            self.guide = axis.guide
            low, high = min(low, axis.guide[0]), max(high, axis.guide[0])
        space = 0.0 if axis.whole or axis.log or steps else 0.05 * (high - low)
        self.low = low - space if axis.low is None else min(axis.low, low)
        self.high = high + space if axis.high is None else max(axis.high, high)
        if self.high <= self.low:
            self.low, self.high = self.low - 0.5, self.low + 0.5
        self.step = _step((self.high - self.low) / steps, axis.whole) if steps else None
        if self.step:
            self.low = self.step * math.floor(self.low / self.step + 1e-9)
            self.high = self.step * math.ceil(self.high / self.step - 1e-9)
        if axis.log:
            self.low, self.high = math.log(low), math.log(high * (1.0001 if low == high else 1))

    def __call__(self, value: float) -> float:
        value = math.log(value) if self.axis.log else value
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self, wanted: float) -> Sequence[float]:
        if self.axis.ticks is not None:
            return self.axis.ticks
        if self.step:
            wanted = (self.high - self.low) / self.step
        return ticks(self.low, self.high, wanted, self.axis.whole)


def _chart(
    title: str, said: list[str], height: float, along: str, stops: list, parts: list[Markup]
) -> Markup:
    """The whole chart: `said` is what screen readers read after its title."""
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}" data-along="{}" '
        'data-stops="{}">{}</svg>'
    ).format(
        WIDTH, height, f"{title}. {'; '.join(said)}", along, _json(stops), Markup("").join(parts)
    )


def _series(one: Series, stops: list[float], across: _Scale, up: _Scale) -> Markup:
    """A line with its band, or dots with their intervals."""

    def at(x: float) -> float:
        return across(x) + one.shift

    points = [point for point in one.points if math.isfinite(point[1])]
    parts = []
    for run in _runs(one.points):
        upper = [(at(x), up(y + (margin or 0))) for x, y, margin in run]
        lower = [(at(x), up(y - (margin or 0))) for x, y, margin in reversed(run)]
        if one.look not in DOTTED and any(margin for _, _, margin in run):
            parts.append(Markup('<path class="band" d="{}z"/>').format(_path(upper + lower)))
        middle = [(at(x), up(y)) for x, y, _ in run]
        if len(run) > 1 and one.look != "dots":
            parts.append(Markup('<path class="line {}" d="{}"/>').format(one.look, _path(middle)))
    for x, y, margin in points:
        if one.look in DOTTED or len(points) == 1:
            if margin:
                ends = _path([(at(x), up(y - margin)), (at(x), up(y + margin))])
                parts.append(Markup('<path class="line thin" d="{}"/>').format(ends))
            parts.append(_dot(at(x), up(y), 4))
    if one.look == "faint":
        return Markup('<g data-mode="{}" style="--c: var(--mode-{})">{}</g>').format(
            one.place, one.place, Markup("").join(parts)
        )
    by_stop = {x: up.axis.text(y, margin) for x, y, margin in points}
    values = [by_stop.get(stop) for stop in stops]
    said = f"{one.full_name}: {_last(one, across.axis, up.axis)}"
    return _marks(one, values, said, parts, one.part)


def _marks(
    of: Series | Row, values: list[str | None], said: str, parts: list[Markup], part: str = ""
) -> Markup:
    return Markup(
        '<g class="marks" data-mode="{}" style="--c: var(--mode-{})" data-name="{}" data-part="{}" '
        'data-values="{}"><title>{}</title>{}</g>'
    ).format(of.place, of.place, of.name, part, _json(values), said, Markup("").join(parts))


def _last(one: Series, x: Axis, y: Axis) -> str:
    """The last value of a series in words."""
    known = [point for point in one.points if math.isfinite(point[1])]
    if not known:
        return _("no value")
    text = _("{value} at {quantity} {number}")
    return text.format(value=y.text(*known[-1][1:]), quantity=x.title, number=_plain(known[-1][0]))


def _name_of_row(row: Row) -> list[str]:
    """The lines of a row's name; its note is the last one's end, or a line of its own."""
    lines = _broken(row.name, NAME, NAME_LINES)
    if row.note and len(lines[-1]) + 1 + len(row.note) <= NAME:
        return [*lines[:-1], f"{lines[-1]} {row.note}"]
    return [*lines, row.note] if row.note else lines


def _marks_of_row(row: Row, middle: float, scale: _Scale) -> list[Markup]:
    """The dot of a row with its interval, and the ticks of its values, which are alone
    where they are too few for a mean with an interval."""
    alone = row.margin is None and len(row.values) > 1
    marks = [
        Markup('<path class="tick{}" d="M{:.1f} {}v10"/>').format(
            " alone" if alone else "", scale(value), middle - 5
        )
        for value in row.values
    ]
    if row.margin is not None:
        low, high = (scale(end) for end in _ends(row.value, row.margin))
        line = Markup('<path class="line" d="M{:.1f} {y}H{:.1f}M{:.1f} {top}v8M{:.1f} {top}v8"/>')
        marks.append(line.format(low, high, low, high, y=middle, top=middle - 4))
    if not alone:
        marks.append(_dot(scale(row.value), middle, 5))
    return marks


def _grid_lines(up: _Scale, end: float) -> Markup:
    """The lines of an upright axis, its numbers and, above it, its title."""
    parts = [_text(4, 12, up.axis.title)]
    for value in up.ticks(5):
        y = up(value)
        parts.append(Markup('<path class="grid" d="M{} {:.1f}H{:.1f}"/>').format(LEFT, y, end))
        parts.append(_text(LEFT - 6, y + 4, _plain(value), "end"))
    if up.guide:
        value, text = up.guide
        parts.append(
            Markup('<path class="guide" d="M{} {:.1f}H{:.1f}"/>').format(LEFT, up(value), end)
        )
        parts.append(_text(end, up(value) - 4, text, "end"))
    return Markup("").join(parts)


def _axis_below(across: _Scale, height: float, top: float | None = None) -> Markup:
    """The numbers of a level axis and its title; from `top`, its lines."""
    bottom = height - BOTTOM
    parts = [_text((across.start + across.end) / 2, height - 6, across.axis.title, "middle")]
    for value in across.ticks(7):
        x = across(value)
        if top is not None:
            parts.append(Markup('<path class="grid" d="M{:.1f} {}V{}"/>').format(x, top, bottom))
        parts.append(_text(x, bottom + 16, _plain(value), "middle"))
    if across.guide and top is not None:
        value, text = across.guide
        x = across(value)
        parts.append(Markup('<path class="guide" d="M{:.1f} {}V{}"/>').format(x, top, bottom))
        early = x < (across.start + across.end) / 2
        parts.append(_text(x, top - 6, text, "start" if early else "end"))
    return Markup("").join(parts)


def _text(x: float, y: float, text: str, anchor: str = "start") -> Markup:
    return Markup('<text {} text-anchor="{}">{}</text>').format(_at(x, y), anchor, text)


def _dot(x: float, y: float, radius: float) -> Markup:
    return Markup('<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="{}"/>').format(x, y, radius)


def _at(x: float, y: float) -> Markup:
    return Markup('x="{:.1f}" y="{:.1f}"').format(x, y)


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _runs(points: Sequence[Point]) -> list[list[Point]]:
    """The stretches of points without a gap."""
    runs: list[list[Point]] = [[]]
    for point in points:
        if math.isfinite(point[1]):
            runs[-1].append(point)
        else:
            runs.append([])
    return [run for run in runs if run]


def _ends(value: float, margin: float | None) -> tuple[float, float]:
    return value - (margin or 0), value + (margin or 0)


def _labels(series: Sequence[Series], across: _Scale, up: _Scale, edge: float) -> list[Markup]:
    """The labels, beside the last points; those that would overlap are moved apart."""
    ends = [
        (across(known[-1][0]) + edge + 7, up(known[-1][1]), one)
        for one in series
        if one.label and (known := [point for point in one.points if math.isfinite(point[1])])
    ]
    columns: list[list[tuple[float, float, Series]]] = []
    reach = -math.inf
    for end in sorted(ends, key=lambda end: end[0]):
        if end[0] > reach:
            columns.append([])
        columns[-1].append(end)
        reach = max(reach, end[0] + _width(_broken(end[2].label, LABEL, LABEL_LINES)))
    parts = []
    for column in columns:
        texts = [_broken(one.label, LABEL, LABEL_LINES) for _, _, one in column]
        heights = [LINE * len(lines) + 2 for lines in texts]
        middles = spaced([y for _, y, _ in column], heights, LINE, up.start + LINE / 2)
        for (x, _y, one), lines, middle in zip(column, texts, middles, strict=True):
            parts.append(_text_lines(x, middle, lines, mode=one.place))
    return parts


def _text_lines(
    x: float,
    middle: float,
    lines: Sequence[str],
    anchor: str = "start",
    note: str = "",
    mode: int | None = None,
) -> Markup:
    """Lines of a name around a height; a note that ends them is paler."""
    y = middle + 4.5 - LINE * (len(lines) - 1) / 2
    of_mode = Markup("") if mode is None else Markup(' data-mode="{}"').format(mode)
    spans = []
    for number, line in enumerate(lines):
        name, found, _rest = line.partition(note) if note else (line, "", "")
        said = Markup('{}<tspan class="note">{}</tspan>').format(name, found) if found else line
        spans.append(Markup("<tspan {}>{}</tspan>").format(_at(x, y + LINE * number), said))
    return Markup('<text class="name"{} {} text-anchor="{}">{}</text>').format(
        of_mode, _at(x, y), anchor, Markup("").join(spans)
    )


def _broken(name: str, letters: int, most: int) -> list[str]:
    """A name in at most so many lines."""
    letters = round(letters * len(name) / columns_of(name))  # of Chinese, half as many
    lines = in_lines(operations(name), "", letters)
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1]}…"]


def _width(lines: Sequence[str]) -> float:
    return LETTER * max(map(columns_of, lines))


def _plain(value: float) -> str:
    """A number of an axis.

    >>> _plain(-0.25), _plain(1500.0)
    ('−0.25', '1,500')
    """
    return f"{value:,.12g}".replace("-", "−")


def _json(value: list) -> Markup:
    return escape(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
