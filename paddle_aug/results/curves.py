"""Figures of the logs: loss and accuracy over the epochs, and accuracies of modes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from paddle_aug.results.colours import colours, label
from paddle_aug.results.runlog import NOTEBOOK_MODES, Run, by_mode, clean_points, sound, stack
from paddle_aug.results.stats import estimate
from paddle_aug.results.style import DPI, add_legend, save, settings, wrapped

_AXES = {"loss": ("Cross-entropy loss", 1), "acc": ("Accuracy (%)", 100)}
_CLEAN = {"marker": "D", "linestyle": "", "markerfacecolor": "white", "markersize": 5}


def plan(modes: Sequence[str]) -> dict[str, tuple[str, list[str]]]:
    """The figures for these modes: by file name, the quantity ("loss", "acc") and the modes.

    The notebook's three come first. Other modes follow three to a figure, beside no augmentation.
    """
    figures = [
        ("loss", "loss", NOTEBOOK_MODES[:3]),
        ("accuracy", "acc", NOTEBOOK_MODES[:3]),
        ("accuracy_stacked", "acc", NOTEBOOK_MODES[3:]),
    ]
    further = [mode for mode in modes if mode not in NOTEBOOK_MODES]
    for start in range(0, len(further), 3):
        number = f"_{start // 3 + 1}" if start else ""
        wanted = ("", *further[start : start + 3])
        figures += [(f"loss_more{number}", "loss", wanted)]
        figures += [(f"accuracy_more{number}", "acc", wanted)]
    return {
        name: (quantity, shown)
        for name, quantity, wanted in figures
        if (shown := [mode for mode in wanted if mode in modes])
    }


def draw(runs: Sequence[Run], output: Path | str, file_format: str = "png") -> list[Path]:
    """Write the figures of `plan` into a folder and return their files.

    Several runs of a mode become their mean, in a band of one standard deviation either way.
    Runs that diverged are left out unless all of their mode did; their curves then have gaps.
    """
    groups = {mode: sound(members) or members for mode, members in by_mode(runs).items()}
    colour = colours(list(groups))
    with matplotlib.rc_context(settings(groups)):
        figures = {
            name: curves_figure(quantity, {mode: groups[mode] for mode in modes}, colour)
            for name, (quantity, modes) in plan(list(groups)).items()
        }
        return save(figures, output, file_format)


def curves_figure(quantity: str, groups: dict[str, list[Run]], colour: dict[str, str]) -> Figure:
    """Draw one quantity of these modes over the epochs: train solid, eval dashed."""
    title, factor = _AXES[quantity]
    figure = Figure(figsize=(8, 5), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    for mode, runs in groups.items():
        for part, line in (("Train", "-"), ("Eval", "--")):
            mean, spread = mean_and_spread(factor * stack(runs, f"{quantity}{part}"))
            epochs = np.arange(1, len(mean) + 1)
            marker = "o" if len(mean) == 1 else ""  # one point makes no line
            axes.plot(epochs, mean, line, color=colour[mode], marker=marker)
            if len(runs) > 1:
                axes.fill_between(
                    epochs, mean - spread, mean + spread, color=colour[mode], alpha=0.16, lw=0
                )
        if points := clean_points(runs, quantity):
            values = [factor * value for value in points.values()]
            axes.plot(list(points), values, **_CLEAN, color=colour[mode])
    axes.set_xlabel("Epoch")
    axes.set_ylabel(title)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.margins(x=0.01)
    _explain(figure, groups, colour)
    counts = {len(runs) for runs in groups.values()}
    if counts != {1}:
        seeds = f"{counts.pop()} seeds" if len(counts) == 1 else "n seeds"
        axes.set_title(f"Mean ± standard deviation of {seeds}", loc="left")
    return figure


def mean_and_spread(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean over the runs and their sample standard deviation (0 for one run) in each epoch."""
    with np.errstate(invalid="ignore"):  # inf - inf, where a run has diverged
        return values.mean(0), values.std(0, ddof=1) if len(values) > 1 else 0 * values[0]


def _explain(figure: Figure, groups: dict[str, list[Run]], colour: dict[str, str]) -> None:
    """Explain colours and line styles in a legend."""
    same_number = len({len(runs) for runs in groups.values()}) == 1
    entries = {}
    for mode, runs in groups.items():
        note = "" if same_number else f" (n = {len(runs)})"
        note = note if sound(runs) else " (diverged)"
        text = wrapped(label(mode) + note, 40)
        entries[text] = Line2D([], [], color=colour[mode], linewidth=5, solid_capstyle="butt")
    entries["train"] = Line2D([], [], color="#333333")
    entries["eval"] = Line2D([], [], color="#333333", linestyle="--")
    if any(clean_points(runs, "acc") for runs in groups.values()):
        entries["train, clean images"] = Line2D([], [], color="#333333", **_CLEAN)
    add_legend(figure, entries, 84)


def accuracies_figure(values: Mapping[str, Sequence[float]], notes: Mapping[str, str]) -> Figure:
    """Draw the accuracies, 0 to 1, of each mode's runs: a tick per run, the mean and its 95 %
    interval; a mode's note stands below its name."""
    colour = colours(list(values))
    figure = Figure(figsize=(6.4, 1.2 + 0.62 * len(values)), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    for row, (mode, accuracies) in enumerate(values.items()):
        per_cent = [100 * accuracy for accuracy in accuracies]
        mean = estimate(per_cent)
        look = {"color": colour[mode]}
        axes.errorbar(mean.mean, row, xerr=mean.margin, fmt="o", capsize=5, ms=8, lw=2, **look)
        axes.plot(per_cent, np.full(len(per_cent), row + 0.24), "|", ms=9, alpha=0.7, **look)
    names = [wrapped(mode, 28, notes.get(mode)) for mode in values]
    axes.set_yticks(range(len(values)), names)
    axes.set_ylim(len(values) - 0.5, -0.6)
    axes.set_xlabel("Eval accuracy (%)")
    axes.grid(axis="y", visible=False)
    axes.set_title("Mean and 95 % interval; a tick is a run", loc="left", fontsize=11)
    return figure
