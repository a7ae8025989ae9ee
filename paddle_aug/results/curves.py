"""Figures of the logs: loss and accuracy over the epochs, and accuracies of modes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from paddle_aug.results import style
from paddle_aug.results.charts import AgainstChart, CurvesChart, ModesChart, curves_chart
from paddle_aug.results.language import N_, _
from paddle_aug.results.runlog import NOTEBOOK_MODES, Run, by_mode, sound
from paddle_aug.results.style import DPI, INK, WIDTH, wrapped

MAX_IN_ONE_PANEL = 3  # modes whose training curves leave those of evaluation readable
_SHARED = {
    N_("train"): {"linewidth": 1.1, "linestyle": "-"},
    N_("eval"): {"linewidth": 2.4, "linestyle": (0, (2.8, 1))},
}
_OWN = {"train": {"linewidth": 1.4}, "eval": {"linewidth": 2}}
_CLEAN = {"marker": "D", "linestyle": "", "markerfacecolor": "white", "markersize": 4.5}


def plan(modes: Sequence[str]) -> dict[str, tuple[str, list[str]]]:
    """The figures for these modes: by file name, the quantity ("loss", "acc") and the modes.

    The notebook's three come first, where all of their modes are there, or no others. If no figure
    of a quantity shows all modes, a further one does.
    """
    wanted = [
        ("loss", "loss", NOTEBOOK_MODES[:3]),
        ("accuracy", "acc", NOTEBOOK_MODES[:3]),
        ("accuracy_stacked", "acc", NOTEBOOK_MODES[3:]),
    ]
    figures = {}
    for name, quantity, group in wanted:
        shown = [mode for mode in group if mode in modes]
        if shown in (list(group), list(modes)):
            figures[name] = (quantity, shown)
    for name, quantity in (("loss_all", "loss"), ("accuracy_all", "acc")):
        if (quantity, list(modes)) not in figures.values():
            figures[name] = (quantity, list(modes))
    return figures


@style.words_with_a_font()
def draw(
    runs: Sequence[Run], output: Path | str, file_format: str = "png", only_all: bool = False
) -> list[Path]:
    """Write the figures of `plan` into a folder and return their files; with `only_all`, those that
    show all modes.

    Several runs of a mode become their mean. Runs that diverged are left out unless all of their
    mode did; their curves then have gaps.
    """
    groups = {mode: sound(members) or members for mode, members in by_mode(runs).items()}
    charts = {
        name: curves_chart(quantity, {mode: groups[mode] for mode in modes})
        for name, (quantity, modes) in plan(list(groups)).items()
        if not only_all or len(modes) == len(groups)
    }
    texts = [text for chart in charts.values() for text in (chart.title, *chart.modes)]
    with matplotlib.rc_context(style.settings(texts)):
        figures = {name: curves_figure(chart) for name, chart in charts.items()}
        return style.save(figures, output, file_format)


def curves_figure(chart: CurvesChart) -> Figure:
    """Draw a quantity over the epochs.

    Up to `MAX_IN_ONE_PANEL` modes share one panel, as in the notebook: train solid, and thin; eval,
    which is what counts, dashed and bold. Of more modes, eval has a panel above that of train.
    """
    names = {line.mode: wrapped(line.name, 24) for line in chart.lines}
    lines_of_text = sum(1 + name.count("\n") for name in names.values())
    if len(names) <= MAX_IN_ONE_PANEL:
        figure = Figure(figsize=(WIDTH, 4.4), dpi=DPI, layout="constrained")
        axes = figure.add_subplot(xlabel=_("Epoch"), ylabel=chart.axis)
        _draw_lines(axes, chart, ("train", "eval"), _SHARED)
        parts = {_(part): Line2D([], [], color=INK, **look) for part, look in _SHARED.items()}
        room = 16
    else:
        height = max(3.2, 0.21 * lines_of_text)
        figure = Figure(figsize=(WIDTH, height + 2.8), dpi=DPI, layout="constrained")
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(height, 2.1))
        for panel, part in ((axes, "eval"), (below, "train")):
            _draw_lines(panel, chart, (part,), _OWN)
            panel.set_ylabel(f"{_(part).title()} {chart.axis[0].lower()}{chart.axis[1:]}")
        below.set_xlabel(_("Epoch"))
        parts, room = {}, 30
    style.add_title(figure, chart.title)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    if any(line.points for line in chart.lines):
        parts[_("train, clean images")] = Line2D([], [], color=INK, **_CLEAN)
    if lines_of_text <= room:
        style.add_legend(figure, parts)
        ends = _ends(chart, names, (axes.get_xlim()[1], axes.get_ylim()[0]))
        style.label_ends(axes, ends, {names[m]: chart.colours[m] for m in names})
    else:
        keys = {
            wrapped(line.name, 40): Line2D([], [], color=chart.colours[line.mode], linewidth=4)
            for line in chart.lines
        }
        style.add_legend(figure, keys | parts)
    return figure


def _draw_lines(axes: Axes, chart: CurvesChart, parts: Sequence[str], looks: dict) -> None:
    """Draw the lines of these parts of the data, those of a single run over its faint values."""
    for line in (line for part in parts for line in chart.lines if line.part == part):
        epochs, look = np.arange(1, len(line.values) + 1), {"color": chart.colours[line.mode]}
        for raw in line.raw:
            if not np.array_equal(raw, line.values, equal_nan=True):
                axes.plot(epochs, raw[: len(epochs)], **look, linewidth=0.8, alpha=0.3)
        if line.spread is not None:
            low, high = line.values - line.spread, line.values + line.spread
            axes.fill_between(epochs, low, high, **look, alpha=0.14, linewidth=0)
        marker = "o" if len(epochs) == 1 else ""  # one point makes no line
        axes.plot(epochs, line.values, **look, **looks[line.part], marker=marker)
        if line.points:
            axes.plot([*line.points], [*line.points.values()], **_CLEAN, **look)
    axes.margins(x=0.01)
    if chart.chance is not None:
        axes.axhline(chart.chance, **style.GUESSING)
        axes.annotate(
            _("guessing"), (0.99, chart.chance), (0, 2), axes.get_yaxis_transform(),
            "offset points", fontsize=9, color=style.GUESSING["color"], ha="right",
        )  # fmt: skip


def _ends(
    chart: CurvesChart, names: Mapping[str, str], corner: tuple[float, float]
) -> dict[str, tuple[float, float]]:
    """Where each mode's curve of evaluation ends, by its name; its last finite value, or a corner
    of the axes where it has none."""
    ends = {}
    for line in chart.lines:
        if line.part == "eval":
            known = np.flatnonzero(np.isfinite(line.values))
            ends[names[line.mode]] = (
                (known[-1] + 1, line.values[known[-1]]) if len(known) else corner
            )
    return ends


def modes_figure(chart: ModesChart) -> Figure:
    """Draw the accuracies of modes, a row each: the mean and its 95 % interval; below three runs,
    which give none, the runs."""
    names = [wrapped(row.mode, 26, row.note) for row in chart.rows]
    height = 1.15 + sum(0.3 + 0.19 * (1 + name.count("\n")) for name in names)
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
    axes = figure.add_subplot(xlabel=chart.axis)
    for place, row in enumerate(chart.rows):
        look = {"color": chart.colours[row.mode]}
        if row.margin is None and len(row.values) > 1:
            axes.plot(row.values, [place] * len(row.values), "|", ms=14, mew=2, **look)
        else:
            axes.errorbar(row.mean, place, xerr=row.margin, fmt="o", capsize=5, ms=8, lw=2, **look)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    style.add_title(figure, chart.title)
    _mark_chance(axes.xaxis, axes, chart.chance)
    return figure


def against_figure(chart: AgainstChart, logarithmic: bool = False) -> Figure:
    """Draw accuracies, with their intervals, against a quantity; modes are named at their last
    point."""
    figure = Figure(figsize=(WIDTH, 4.4), dpi=DPI, layout="constrained")
    axes = figure.add_subplot(xlabel=chart.x_axis, ylabel=chart.axis)
    ends, colour = {}, {}
    for mode, points in chart.points.items():
        name = wrapped(mode, 22)
        colour[name] = chart.colours[mode]
        x, means = [x for x, _ in points], [row.mean for _, row in points]
        margins = [row.margin or np.nan for _, row in points]
        axes.errorbar(x, means, yerr=margins, fmt="o-", capsize=4, lw=1.6, color=colour[name])
        if points:
            ends[name] = (x[-1], means[-1])
    if logarithmic:
        axes.set_xscale("log")
        ticks = sorted({x for points in chart.points.values() for x, _ in points})
        axes.set_xticks(ticks, [f"{x:,}" for x in ticks])
        axes.minorticks_off()
    else:
        axes.set_xlim(left=0)
    style.add_title(figure, chart.title)
    _mark_chance(axes.yaxis, axes, chart.chance)
    style.label_ends(axes, ends, colour)
    return figure


def _mark_chance(axis, axes: Axes, chance: float | None) -> None:
    """Draw the level of guessing, or name it in a corner if it is farther off than the accuracies
    are apart, which would have no room then."""
    if chance is None:
        return
    low, high = axis.get_view_interval()
    vertical = axis is axes.xaxis
    if low - chance <= high - low:
        (axes.axvline if vertical else axes.axhline)(chance, **style.GUESSING)
        text, place = _("guessing"), (chance, 0.02) if vertical else (0.01, chance)
        axes.annotate(
            text,
            place,
            (3, 2),
            axes.get_xaxis_transform() if vertical else axes.get_yaxis_transform(),
            "offset points",
            fontsize=9,
            color=style.GUESSING["color"],
        )
    else:
        text = _("← guessing: {chance} %") if vertical else _("↓ guessing: {chance} %")
        axes.annotate(
            text.format(chance=f"{chance:.1f}"),
            (0.01, 0.015),
            xycoords="axes fraction",
            fontsize=9,
            color=style.GUESSING["color"],
        )
