"""The table of the logs, for a terminal or as Markdown."""

import textwrap
from collections.abc import Sequence

import numpy as np

from paddle_aug.errors import printable
from paddle_aug.results.colours import label
from paddle_aug.results.language import N_, _, is_english
from paddle_aug.results.runlog import (
    Run,
    by_data,
    by_mode,
    by_network,
    end_alike,
    sound,
    stack,
)
from paddle_aug.results.stats import LAST, best_epoch
from paddle_aug.results.text import (
    MINUS,
    columns_of,
    count,
    listed,
    markdown_table,
    terminal_width,
)

LATEST = N_("last 10 (%)")  # stats.LAST
COLUMNS = (
    *(N_("augmentation"), N_("eval (%)"), N_("best (%, epoch)"), LATEST, N_("train (%)")),
    *(N_("clean (%)"), N_("gap (points)"), N_("epochs"), N_("seeds"), N_("data wait")),
)
# The columns for which a narrow terminal has room first.
MAIN_COLUMNS = ("eval (%)", LATEST, "best (%, epoch)", "gap (points)", "seeds", "train (%)")
NAME_WIDTH = 24  # characters of a mode's name in a line of a table that is too wide


def paragraph(text: str) -> str:
    """A text that is safe to print, in lines of the terminal's width."""
    width = terminal_width()
    lines = printable(text).split("\n")
    if width is not None and is_english():  # a terminal breaks lines between Chinese letters
        lines = [
            textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)
            for line in lines
        ]
    return "\n".join(lines)


def table(runs: Sequence[Run], markdown: bool = False, width: int | None = None) -> str:
    """The figures' numbers in text, a row per mode; several runs of a mode give mean ± spread.

    Accuracies are in per cent and the gap is in points: training minus evaluation accuracy after
    the last epoch, which may differ where runs were stopped. "clean" is the accuracy on training
    images that are neither augmented nor mixed, and makes the gap where it was measured. "last 10
    (%)" is the mean evaluation accuracy of the last ten epochs, and "data wait" the share of the
    training time spent waiting for images. Runs that diverged are in no mean.

    A table for a terminal of `width` columns drops the columns that matter least.
    """
    rows = [row(mode, members) for mode, members in by_mode(runs).items()]
    columns = [name for name in COLUMNS if any(row.get(name) for row in rows)]
    cells = [[row.get(name) or "–" for name in columns] for row in rows]
    heads = [_(name) for name in columns]
    return markdown_table(heads, cells) if markdown else text_table(heads, cells, width)


def text_table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None
) -> str:
    """A table whose first column is text and whose others are numbers.

    If it is wider than `width`, its first column is wrapped, and it keeps only the columns for
    which there is room, those of `MAIN_COLUMNS` first.
    """
    main = [_(name) for name in MAIN_COLUMNS]
    columns = {
        head: [head, *(row[place] for row in rows)] for place, head in enumerate(heads) if place
    }
    names, gap = [[heads[0]], *([row[0]] for row in rows)], 3
    sizes = {head: max(map(columns_of, cells)) for head, cells in columns.items()}
    first = max(columns_of(name) for [name] in names)
    if width is not None and first + sum(gap + size for size in sizes.values()) > width:
        names, gap = [_wrap(name) for [name] in names], 2
        first = max(columns_of(line) for lines in names for line in lines)
        room = width - first
        for head in sorted(columns, key=lambda head: [*main, *columns].index(head)):
            if gap + sizes[head] <= room:
                room -= gap + sizes[head]
            else:
                del columns[head]
    lines = []
    for row, (name, *more) in enumerate(names):
        numbers = [
            " " * (gap + sizes[head] - columns_of(cells[row])) + cells[row]
            for head, cells in columns.items()
        ]
        lines += ["".join([name, " " * (first - columns_of(name)), *numbers]).rstrip(), *more]
    return "\n".join(lines)


def _wrap(name: str) -> list[str]:
    """A name in lines of NAME_WIDTH, which end with an operation of a pipeline where they can."""
    lines = textwrap.wrap(name.replace("|", "| "), NAME_WIDTH)
    return [line.replace("| ", "|") for line in lines]


def row(mode: str, runs: Sequence[Run]) -> dict[str, str]:
    """The cells of a mode by column; empty or missing where nothing is known."""
    if not sound(runs):
        return _row_of_diverged(mode, runs)
    seeds = str(len(runs)) if sound(runs) == runs else _part(len(sound(runs)), len(runs))
    runs = sound(runs)
    held_out = [100 * curve for curve in curves_to_end(runs, "accEval")]
    train = np.array([100 * curve[-1] for curve in curves_to_end(runs, "accTrain")])
    final = np.array([curve[-1] for curve in held_out])
    epochs = [len(curve) for curve in held_out]
    best = [best_epoch(curve) + 1 for curve in held_out]
    highest = np.array([curve[epoch - 1] for curve, epoch in zip(held_out, best, strict=True)])
    latest = np.array([curve[-LAST:].mean() for curve in held_out])
    measured = [run.clean("acc").get(end) for run, end in zip(runs, epochs, strict=True)]
    clean = None if None in measured else 100 * np.array(measured)
    gap = (train if clean is None else clean) - final
    waits = [run.data_wait for run in runs if run.data_wait is not None]
    return {
        "augmentation": label(mode),
        "eval (%)": _mean_text(final),
        "best (%, epoch)": f"{_mean_text(highest)} ({_range_text(best)})",
        LATEST: _mean_text(latest) if min(epochs) >= LAST else "",
        "train (%)": _mean_text(train),
        "clean (%)": "" if clean is None else _mean_text(clean),
        "gap (points)": _mean_text(gap),
        "epochs": _range_text(epochs),
        "seeds": seeds,
        "data wait": f"{100 * np.mean(waits):.0f} %" if waits else "",
    }


def curves_to_end(runs: Sequence[Run], name: str) -> list[np.ndarray]:
    """One curve of each run: whole if they `end_alike`, else cut to the shortest run."""
    return [run.curves[name] for run in runs] if end_alike(runs) else [*stack(runs, name)]


def _row_of_diverged(mode: str, runs: Sequence[Run]) -> dict[str, str]:
    """The cells of a mode whose runs all diverged; a single run has a best epoch before that."""
    cells = {"augmentation": label(mode), "eval (%)": _("diverged"), "seeds": _part(0, len(runs))}
    before = runs[0].curves["accEval"][: runs[0].diverged - 1]
    if len(runs) == 1 and len(before):
        best = best_epoch(before)
        cells["best (%, epoch)"] = f"{100 * before[best]:.1f} ({best + 1})"
    return cells


def _part(number: int, among: int) -> str:
    return _("{number} of {among}").format(number=number, among=among)


def _range_text(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low}–{high}" if low < high else f"{low}"


def _mean_text(values: np.ndarray) -> str:
    spread = f" ± {values.std(ddof=1):.1f}" if len(values) > 1 else ""
    return f"{values.mean():.1f}{spread}".replace("-", MINUS)


def notes(runs: Sequence[Run]) -> list[str]:
    """What figures and table do not show, a sentence each."""
    sentences = differences(runs)
    for mode, members in by_mode(runs).items():
        lengths = [run.epochs for run in sound(members)]
        if diverged := [run for run in members if run.diverged is not None]:
            epochs = listed([str(run.diverged) for run in diverged])
            sentences.append(
                f"{label(mode)}: {count(len(diverged), 'run')} of {len(members)} diverged (epoch "
                f"{epochs}): from there on the losses are not finite numbers."
                + (" Means and figures leave it out." if lengths else "")
            )
        if len(set(lengths)) > 1:
            where = " in figures" if end_alike(sound(members)) else ""
            sentences.append(
                f"{label(mode)}: the seeds have {', '.join(map(str, lengths))} epochs; only the "
                f"first {min(lengths)}, which all of them have, are shown{where}."
            )
    return sentences


def differences(runs: Sequence[Run]) -> list[str]:
    """Which runs are of different data, and which of different networks or image sizes, a sentence
    each."""
    sentences = []
    for kind, word, groups in (
        ("data", "on", by_data(runs)),
        ("network and image size", "with", by_network(runs)),
    ):
        parts = [
            f"{listed([label(mode) for mode in by_mode(members)])} {word} {text}"
            for text, members in groups.items()
        ]
        if len(parts) > 1:
            sentences.append(
                f"These runs are not of the same {kind}: {'; '.join(parts)}. What differs between "
                "them may not be the augmentation."
            )
    return sentences
