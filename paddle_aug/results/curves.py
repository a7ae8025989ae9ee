"""What the logs show: the notebook's figures, those of further modes, and a table of all."""

import textwrap
import zlib
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from paddle_aug.errors import UserError, printable
from paddle_aug.results.runlog import NOTEBOOK_MODES, Run, order
from paddle_aug.results.stats import LAST, estimate
from paddle_aug.system.files import write_bytes

# The notebook's red, green and blue, in shades that stay apart for colour-blind eyes.
COLOURS = {
    "": "#cc3311",
    "userDef": "#009e73",
    "imgaugLib": "#0072b2",
    "allab": "#aa3377",
    "allba": "#e69f00",
}
FURTHER_COLOURS = ("#33bbee", "#bcbd22", "#7a5195", "#5b3a1e", "#cc6677", "#332288")
FORMATS = ("png", "svg", "pdf")
DPI = 130

_AXES = {"loss": ("Cross-entropy loss", 1), "acc": ("Accuracy (%)", 100)}
_CLEAN = {"marker": "D", "linestyle": "", "markerfacecolor": "white", "markersize": 5}
_STYLE = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "grid.color": "#dddddd",
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
}
# Tried in turn for characters that DejaVu lacks; without any of them Matplotlib warns.
_CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "WenQuanYi Micro Hei",
    "Microsoft YaHei",
    "SimHei",
    "Heiti TC",
)


def label(mode: str) -> str:
    """How a mode is called where people read it."""
    return printable(mode) or "none"


def by_mode(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """The runs of each mode, the notebook's modes first."""
    modes = sorted({run.mode for run in runs}, key=order)
    return {mode: [run for run in runs if run.mode == mode] for mode in modes}


def stack(runs: Sequence[Run], name: str) -> np.ndarray:
    """One curve of several runs as an array of runs × epochs, cut to the shortest run."""
    epochs = min(run.epochs for run in runs)
    return np.stack([run.curves[name][:epochs] for run in runs])


def colours(modes: Sequence[str]) -> dict[str, str]:
    """A colour for each mode: fixed for the notebook's, for others as their name decides.

    Only where two names decide for one colour does the later take the next that is free.
    """
    chosen = {mode: COLOURS[mode] for mode in modes if mode in COLOURS}
    free = list(FURTHER_COLOURS)
    for mode in sorted(set(modes) - set(chosen)):
        wanted = zlib.crc32(mode.encode()) % len(FURTHER_COLOURS)
        turned = FURTHER_COLOURS[wanted:] + FURTHER_COLOURS[:wanted]
        chosen[mode] = next((colour for colour in turned if colour in free), turned[0])
        if chosen[mode] in free:
            free.remove(chosen[mode])
    return chosen


def plan(modes: Sequence[str]) -> dict[str, tuple[str, list[str]]]:
    """Which figures these modes make: by file name, the quantity ("loss", "acc") and the modes.

    The notebook's three come first. Further modes follow three to a figure, beside no augmentation.
    """
    wanted = {
        "loss": ("loss", ["", "userDef", "imgaugLib"]),
        "accuracy": ("acc", ["", "userDef", "imgaugLib"]),
        "accuracy_stacked": ("acc", ["allab", "allba"]),
    }
    further = [mode for mode in modes if mode not in NOTEBOOK_MODES]
    for start in range(0, len(further), 3):
        number = f"_{start // 3 + 1}" if start else ""
        shown = ["", *further[start : start + 3]]
        wanted[f"loss_more{number}"] = ("loss", shown)
        wanted[f"accuracy_more{number}"] = ("acc", shown)
    present = {
        name: (quantity, [mode for mode in shown if mode in modes])
        for name, (quantity, shown) in wanted.items()
    }
    return {name: (quantity, shown) for name, (quantity, shown) in present.items() if shown}


def draw(runs: Sequence[Run], output: Path | str, file_format: str = "png") -> list[Path]:
    """Write the figures of `plan` into a folder and return their files.

    All are drawn before the first is written. Several runs of a mode become their mean, in a band
    of one standard deviation either way.
    """
    groups = by_mode(runs)
    colour = colours(list(groups))
    with matplotlib.rc_context(style()):
        figures = {
            name: curves_figure(quantity, {mode: groups[mode] for mode in modes}, colour)
            for name, (quantity, modes) in plan(list(groups)).items()
        }
        return save(figures, output, file_format)


def save(figures: Mapping[str, Figure], output: Path | str, file_format: str) -> list[Path]:
    """Write figures by their names into a folder, once all are drawn; returns their files.

    Raises:
        UserError: a file cannot be written.
    """
    drawn = {}
    for name, figure in figures.items():
        content = BytesIO()
        # Without the date, equal figures are equal files.
        metadata = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[file_format]
        figure.savefig(content, format=file_format, metadata=metadata)
        drawn[Path(output) / f"{name}.{file_format}"] = content.getvalue()
    for file, content in drawn.items():
        try:
            write_bytes(file, content)
        except OSError as error:
            raise UserError(
                f"cannot write {file}: {error.strerror}; choose another --output"
            ) from None
    return list(drawn)


def style() -> dict:
    """Matplotlib's settings for every figure of curves, in fonts that have all characters."""
    installed = {font.name for font in fontManager.ttflist}
    fonts = ["DejaVu Sans", *(font for font in _CHINESE_FONTS if font in installed)]
    return {**_STYLE, "font.family": fonts}


def curves_figure(quantity: str, groups: dict[str, list[Run]], colour: dict[str, str]) -> Figure:
    """Draw one quantity of these modes over the epochs: train solid, eval dashed."""
    title, factor = _AXES[quantity]
    figure = Figure(figsize=(8, 5), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    for mode, runs in groups.items():
        for part, line in (("Train", "-"), ("Eval", "--")):
            values = factor * stack(runs, f"{quantity}{part}")
            mean, spread = mean_and_spread(values)
            epochs = np.arange(1, len(mean) + 1)
            marker = "o" if len(mean) == 1 else ""  # one point makes no line
            axes.plot(epochs, mean, line, color=colour[mode], marker=marker)
            if len(runs) > 1:
                axes.fill_between(
                    epochs, mean - spread, mean + spread, color=colour[mode], alpha=0.16, lw=0
                )
        if points := clean_points(runs, quantity):
            axes.plot(list(points), list(points.values()), **_CLEAN, color=colour[mode])
    axes.set_xlabel("Epoch")
    axes.set_ylabel(title)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.margins(x=0.01)
    _add_legend(figure, groups, colour)
    counts = {len(runs) for runs in groups.values()}
    if counts != {1}:
        seeds = f"{counts.pop()} seeds" if len(counts) == 1 else "n seeds"
        axes.set_title(f"Mean ± standard deviation of {seeds}", loc="left")
    return figure


def accuracies_figure(
    values: Mapping[str, Sequence[float]], notes: Mapping[str, str] | None = None
) -> Figure:
    """Draw accuracies from 0 to 1 by mode: a tick a run, the mean, and its 95 % interval; a mode's
    note stands below its name."""
    colour = colours([_key(mode) for mode in values])
    figure = Figure(figsize=(6.4, 1.2 + 0.62 * len(values)), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    for row, (mode, each) in enumerate(values.items()):
        per_cent = [100 * value for value in each]
        mean = estimate(per_cent)
        shade = colour[_key(mode)]
        axes.errorbar(mean.mean, row, xerr=mean.margin, fmt="o", color=shade, capsize=5, ms=8, lw=2)
        axes.plot(per_cent, np.full(len(each), row + 0.24), "|", color=shade, ms=9, alpha=0.7)
    names = [wrapped(mode, 28, (notes or {}).get(mode)) for mode in values]
    axes.set_yticks(range(len(values)), names)
    axes.set_ylim(len(values) - 0.5, -0.6)
    axes.set_xlabel("Eval accuracy (%)")
    axes.grid(axis="y", visible=False)
    axes.set_title("Mean and 95 % interval; a tick is a run", loc="left", fontsize=11)
    return figure


def wrapped(mode: str, letters: int, note: str | None = None) -> str:
    """A mode's name in lines of so many letters, for a figure, where a dollar sign would begin a
    formula; below it the note."""
    lines = textwrap.wrap(label(mode), letters) + ([note] if note else [])
    return "\n".join(lines).replace("$", r"\$")


def _key(mode: str) -> str:
    """A mode as logs have it, by its name."""
    return "" if mode == "none" else mode


def clean_points(runs: Sequence[Run], quantity: str) -> dict[int, float]:
    """By epoch, counted from 1: the mean loss or accuracy, in per cent, on training images that are
    neither augmented nor mixed, where all of the runs have measured it; runs with a mix do."""
    factor = _AXES[quantity][1]
    measured = [
        {
            number: factor * value
            for number, epoch in enumerate(run.run.get("epochs", [])[: run.epochs], 1)
            if isinstance(clean := epoch.get("clean"), dict)
            and isinstance(value := clean.get(quantity), int | float)
        }
        for run in runs
    ]
    common = sorted(set(measured[0]).intersection(*measured))
    return {number: float(np.mean([each[number] for each in measured])) for number in common}


def mean_and_spread(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean over the runs and their sample standard deviation (0 for one run), at each epoch."""
    with np.errstate(invalid="ignore"):  # inf - inf, where a run has diverged
        return values.mean(0), values.std(0, ddof=1) if len(values) > 1 else 0 * values[0]


def _add_legend(figure: Figure, groups: dict[str, list[Run]], colour: dict[str, str]) -> None:
    """Name colours and line styles below the axes, where no curve can be covered."""
    same_number = len({len(runs) for runs in groups.values()}) == 1
    entries = {}
    for mode, runs in groups.items():
        text = wrapped(label(mode) if same_number else f"{label(mode)} (n = {len(runs)})", 40)
        entries[text] = Line2D([], [], color=colour[mode], linewidth=5, solid_capstyle="butt")
    entries["train"] = Line2D([], [], color="#333333")
    entries["eval"] = Line2D([], [], color="#333333", linestyle="--")
    if any(clean_points(runs, "acc") for runs in groups.values()):
        entries["train, clean images"] = Line2D([], [], color="#333333", **_CLEAN)
    width = sum(len(text) + 7 for text in entries)  # in characters; a line key takes about seven
    figure.legend(
        entries.values(),
        entries.keys(),
        loc="outside lower center",
        ncols=len(entries) if width <= 84 else 2,
    )


def table(runs: Sequence[Run], markdown: bool = False) -> str:
    """The figures' numbers in text, a mode a row; several runs of a mode give mean ± spread.

    Accuracies are in per cent and the gap is in points: training less evaluation accuracy, after
    the last epoch; "clean" is that of training images neither augmented nor mixed, and makes the
    gap where it was measured. "last 10 (%)" is the mean evaluation accuracy of the last ten
    epochs, and "data wait" the share of the training time spent waiting for pictures.
    """
    groups = by_mode(runs)
    rows = [_row(mode, members) for mode, members in groups.items()]
    columns = [name for name in rows[0] if any(row[name] for row in rows)]
    cells = [columns] + [[row[name] or "–" for name in columns] for row in rows]
    if markdown:
        cells = [[cell.replace("|", r"\|") for cell in line] for line in cells]
        cells.insert(1, ["---"] + ["---:"] * (len(columns) - 1))
        return "\n".join(f"| {' | '.join(line)} |" for line in cells)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "   ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip()
        for line in cells
    )


def _row(mode: str, runs: Sequence[Run]) -> dict[str, str]:
    """The cells of a mode by column; empty where nothing is known."""
    train, held_out = 100 * stack(runs, "accTrain"), 100 * stack(runs, "accEval")
    epochs = held_out.shape[1]
    best = np.argmax(np.where(np.isnan(held_out), -np.inf, held_out), axis=1)
    first, last = best.min() + 1, best.max() + 1
    when = f"{first}–{last}" if first < last else f"{first}"
    clean = [points[epochs] for run in runs if epochs in (points := clean_points([run], "acc"))]
    clean = np.array(clean) if len(clean) == len(runs) else None
    gap = (train[:, -1] if clean is None else clean) - held_out[:, -1]
    waits = [wait for run in runs if (wait := data_wait(run)) is not None]
    return {
        "augmentation": label(mode),
        "eval (%)": _mean_text(held_out[:, -1]),
        "best (%, epoch)": f"{_mean_text(held_out[np.arange(len(runs)), best])} ({when})",
        f"last {LAST} (%)": _mean_text(held_out[:, -LAST:].mean(1)) if epochs >= LAST else "",
        "train (%)": _mean_text(train[:, -1]),
        "clean (%)": "" if clean is None else _mean_text(clean),
        "gap (points)": _mean_text(gap),
        "epochs": str(epochs),
        "seeds": str(len(runs)),
        "data wait": f"{100 * np.mean(waits):.0f} %" if waits else "",
    }


def _mean_text(values: np.ndarray) -> str:
    if len(values) == 1:
        return f"{values[0]:.1f}"
    return f"{values.mean():.1f} ± {values.std(ddof=1):.1f}"


def data_wait(run: Run) -> float | None:
    """The share, 0 to 1, of a run's training time spent waiting for data; None where not known."""
    timed = [(epoch.get("seconds"), epoch.get("data_wait")) for epoch in run.run.get("epochs", [])]
    timed = [pair for pair in timed if all(isinstance(value, int | float) for value in pair)]
    total = sum(seconds for seconds, _ in timed)
    return sum(seconds * wait for seconds, wait in timed) / total if total else None


def notes(runs: Sequence[Run]) -> list[str]:
    """What a reader of figures and table has to know besides, a sentence each."""
    said = []
    for mode, members in by_mode(runs).items():
        lengths = [run.epochs for run in members]
        if len(set(lengths)) > 1:
            said.append(
                f"{label(mode)}: the seeds have {', '.join(map(str, lengths))} epochs; "
                f"shown up to {min(lengths)}, where all of them are there."
            )
    return said
