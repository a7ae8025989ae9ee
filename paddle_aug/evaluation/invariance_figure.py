"""The figure of an invariance map, from the content of invariance.json."""

import math
from collections.abc import Sequence
from typing import IO

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paddle_aug.evaluation.invariance_ops import OPS, Op
from paddle_aug.results import style
from paddle_aug.results.charts import SEPARATOR
from paddle_aug.results.colours import colours, label
from paddle_aug.results.language import _
from paddle_aug.results.style import DPI, INK, WIDTH, wrapped

COLUMNS = 2  # of panels; text remains readable on a phone
LINES = ("-", "--", ":", "-.")  # of networks trained under the same mode
THUMBNAILS = (0, 0.25, 0.5, 0.75, 1)  # where along the axis the image is shown
THUMBNAIL = 0.42  # inches
SIZES = {"font.size": 9.5, "axes.titlesize": 11, "legend.fontsize": 10}


def settings(content: dict) -> dict:
    """Matplotlib's settings for the figure."""
    names = [network["name"] for network in content["networks"]]
    return style.settings([*names, content["data"]["name"]]) | SIZES


def figure(content: dict, image: np.ndarray, known: Sequence[Op] = OPS) -> Figure:
    """A panel for each op, with the image under it, those first in which networks differ most; and
    one for the ops that are on or off. Strips below the curves show where accuracy is kept."""
    ops, switches = split(content)
    kernels = {op.name: op for op in known}
    panels = len(ops) + bool(switches)
    rows = math.ceil(panels / COLUMNS)
    drawn = Figure(figsize=(WIDTH, 2.35 * rows + 1.1), dpi=DPI, layout="constrained")
    heights = [1.25, THUMBNAIL] * rows
    grid = drawn.subplots(2 * rows, COLUMNS, squeeze=False, height_ratios=heights)
    places = list(zip(grid[::2].flat, grid[1::2].flat, strict=True))
    for (axes, below), op in zip(places, ops, strict=False):
        _draw_curves(axes, op, content)
        _show(axes, below, kernels[op["name"]], image)
    if switches:
        axes, below = places[len(ops)]
        _draw_bars(axes, switches, content)
        shown = [image, *(kernels[op["name"]].apply(image, 1, 0) for op in switches)]
        _thumbnails(below, [(n + 0.5) / len(shown) for n in range(len(shown))], shown)
    for pair in places[panels:]:
        for axes in pair:
            axes.remove()
    for axes, _below in places[:panels:COLUMNS]:
        axes.set_ylabel(_("Accuracy (%)"))
    data = _("{number:,} held-out images with 95 % intervals").format(number=content["images"])
    order = _("ops that set networks apart come first") if len(content["networks"]) > 1 else ""
    networks = dict.fromkeys(network["network"] for network in content["networks"])
    parts = [content["data"]["name"], *networks, data, *filter(None, [order])]
    style.add_title(drawn, SEPARATOR.join(parts))
    _explain(drawn, content)
    return drawn


def split(content: dict) -> tuple[list[dict], list[dict]]:
    """The ops with magnitudes, those first whose networks keep the most different shares of their
    accuracy, and the ops that are on or off."""

    def apart(op: dict) -> float:
        shares = [network["mean_share"] for network in op["networks"].values()]
        return max(shares) - min(shares)

    ops = [op for op in content["ops"] if op["unit"]]
    return sorted(ops, key=lambda op: -apart(op)), [op for op in content["ops"] if not op["unit"]]


def looks(content: dict) -> list[tuple[str, str]]:
    """The colour and line style of each network; a mode has the same colour in all figures."""
    modes = [label(network["augment"]) for network in content["networks"]]
    colour = colours(sorted(set(modes)))
    return [
        (colour[mode], LINES[modes[:place].count(mode) % len(LINES)])
        for place, mode in enumerate(modes)
    ]


def _draw_curves(axes: Axes, op: dict, content: dict) -> None:
    """One op: accuracy over its magnitudes."""
    curves = op["networks"].values()
    for row, (curve, (colour, line)) in enumerate(zip(curves, looks(content), strict=True)):
        magnitudes = [point["magnitude"] for point in curve["points"]]
        low, share, high = (_per_cent(curve, name) for name in ("low", "accuracy", "high"))
        axes.fill_between(magnitudes, low, high, color=colour, alpha=0.16, lw=0)
        axes.plot(magnitudes, share, line, color=colour, lw=1.6, marker=".", ms=4)
        first, last = curve["kept"]
        strip = _strip_height(row)
        axes.plot([first, last], [strip, strip], color=colour, lw=3.5, solid_capstyle="butt")
        if first == last:
            axes.plot(first, strip, "|", color=colour, ms=6, mew=1.8)
    axes.axvline(op["neutral"], color="#bbbbbb", lw=0.8, zorder=0)
    _finish(axes, content, op["name"])
    axes.set_xlabel(_(op["unit"]))
    if op["unit"] == "degrees" and magnitudes[-1] == 180:
        axes.set_xticks(range(-180, 181, 90))


def _show(axes: Axes, below: Axes, op: Op, image: np.ndarray) -> None:
    """The image under the axis, at the magnitudes nearest to `THUMBNAILS`."""
    first, last = op.ends
    wanted = [first + share * (last - first) for share in THUMBNAILS]
    shown = [min(op.magnitudes, key=lambda magnitude: abs(magnitude - at)) for at in wanted]
    left, right = axes.get_xlim()
    changed = [
        image if magnitude == op.neutral else op.apply(image, magnitude, 0) for magnitude in shown
    ]
    _thumbnails(below, [(magnitude - left) / (right - left) for magnitude in shown], changed)


def _thumbnails(axes: Axes, places: Sequence[float], images: Sequence[np.ndarray]) -> None:
    """Images in a row, their middles at these shares of the width of the axes."""
    axes.axis("off")
    for place, image in zip(places, images, strict=True):
        box = axes.inset_axes((place - 0.08, 0, 0.16, 1), xticks=[], yticks=[])
        box.imshow(image)
        box.spines[:].set(visible=True, color="#bbbbbb", linewidth=0.5)


def _draw_bars(axes: Axes, switches: list[dict], content: dict) -> None:
    """The ops that are on or off, beside the unchanged images."""
    names = [_("unchanged"), *(op["name"] for op in switches)]
    pairs = [(switches[0], switches[0]["neutral"]), *((op, 1) for op in switches)]
    width = 0.8 / len(content["networks"])
    for number, (op, magnitude) in enumerate(pairs):
        middle = number - 0.4 + width / 2
        for curve, (colour, _line) in zip(op["networks"].values(), looks(content), strict=True):
            (point,) = (p for p in curve["points"] if p["magnitude"] == magnitude)
            axes.bar(middle, 100 * point["accuracy"], width * 0.92, color=colour, alpha=0.8)
            axes.vlines(middle, 100 * point["low"], 100 * point["high"], color=INK, lw=1)
            middle += width
    axes.set_xticks(range(len(names)), names)
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_xlabel(_("on or off"))
    axes.grid(visible=False, axis="x")
    _finish(axes, content, _("on or off"))


def _per_cent(curve: dict, name: str) -> list[float]:
    return [100 * point[name] for point in curve["points"]]


def _strip_height(row: int) -> float:
    """The height of a network's strip, below 0 %."""
    return -5 - 7 * row


def _finish(axes: Axes, content: dict, title: str) -> None:
    """Add what all panels have: a title, the limits, and the accuracy of guessing."""
    axes.set_title(title, loc="left", weight="bold")
    axes.axhline(100 / content["classes"], **style.GUESSING)
    axes.set_ylim(_strip_height(len(content["networks"])), 101)
    axes.set_yticks(range(0, 101, 25))


def _explain(drawn: Figure, content: dict) -> None:
    """Explain lines and strips in a legend below the panels."""
    entries = {
        wrapped(network["name"], 30): Line2D([], [], color=colour, ls=line, lw=1.8, marker=".")
        for network, (colour, line) in zip(content["networks"], looks(content), strict=True)
    }
    strip = Line2D([], [], color="#555555", lw=3.5, solid_capstyle="butt")
    lost = _("at most {percent:g} % of its accuracy lost")
    entries[lost.format(percent=100 * content["tolerance"])] = strip
    entries[_("guessing")] = Line2D([], [], **style.GUESSING)
    style.add_legend(drawn, entries)


def draw(content: dict, image: np.ndarray, file: IO[bytes], known: Sequence[Op] = OPS) -> None:
    """Write the figure as PNG to an open file."""
    with style.words_with_a_font(), matplotlib.rc_context(settings(content)):
        figure(content, image, known).savefig(file, format="png")
