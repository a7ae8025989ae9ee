"""What a comparison found: its runs, the statistics over them, and the words that they carry.

All comes from the folder: compare.json tells what was asked for, the logs of the runs the rest.
"""

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from paddle_aug.errors import UserError
from paddle_aug.results import curves
from paddle_aug.results.runlog import Run, prefix, read_run, read_run_file
from paddle_aug.results.stats import (
    Comparison,
    Difference,
    Estimate,
    compared_together,
    difference,
    estimate,
    final_accuracy,
    last_epochs,
    ranks,
)
from paddle_aug.results.text import code, count, duration, listed, markdown_table, p_text
from paddle_aug.system.files import read_json

STATE = "compare.json"


def part_folder(fraction: float) -> Path:
    """Where, below the experiment's folder, the runs on this part of the training list are."""
    return Path() if fraction == 1 else Path(f"fraction-{fraction:g}")


def read_state(file: Path) -> dict:
    """A comparison's compare.json.

    Raises:
        UserError: it is damaged, or another file.
    """
    try:
        state = read_json(file)
    except (OSError, ValueError) as error:
        raise UserError(f"{file} is damaged: {error}; give another --out") from None
    wanted = {"settings", "command", "data", "versions", "threads", "spent", "rates", "tuning"}
    if not isinstance(state, dict) or not state.keys() >= wanted:
        raise UserError(f"{file} does not hold a comparison; give another --out")
    return state


def read(folder: Path | str) -> "Results":
    """The comparison in a folder: its finished runs.

    Raises:
        UserError: the folder holds none, or a file of it is damaged.
    """
    folder = Path(folder)
    state = read_state(folder / STATE)
    settings = state["settings"]
    runs: Runs = {}
    for fraction in sorted(settings["fractions"], reverse=True):
        found = runs[fraction] = {mode: {} for mode in settings["modes"]}
        for seed in settings["seeds"]:
            here = folder / part_folder(fraction) / f"seed-{seed}"
            for mode in settings["modes"]:
                if read_run_file(here, mode).get("finished"):
                    found[mode][seed] = read_run(here, mode)
    return Results(folder, state, runs)


# By part of the training list, mode and seed.
Runs = dict[float, dict[str, dict[int, Run]]]


@dataclass(frozen=True)
class ModeRow:
    """A mode's row of the table: what it came to, and against the baseline."""

    mode: str
    accuracy: Estimate
    comparison: Comparison | None  # None for the baseline, and without a common seed
    rank: tuple[int, int]


@dataclass(frozen=True)
class Cost:
    """What a mode's training takes, medians over its epochs; None where the logs do not tell."""

    images_per_s: float | None
    data_wait: float | None
    epoch_seconds: float | None


@dataclass(frozen=True)
class Results:
    """The finished runs of a comparison, and what follows from them."""

    folder: Path
    state: dict
    runs: Runs

    @property
    def settings(self) -> dict:
        return self.state["settings"]

    @property
    def modes(self) -> list[str]:
        return self.settings["modes"]

    @property
    def baseline(self) -> str:
        return self.settings["baseline"]

    @property
    def epochs(self) -> int:
        return self.settings["config"]["epochs"]

    @property
    def main(self) -> float:
        """The part of the training list that the answer is about: the largest."""
        return max(self.settings["fractions"])

    @property
    def main_runs(self) -> list[Run]:
        """The runs that the answer is about.

        Raises:
            UserError: none is finished.
        """
        found = [run for of_mode in self.runs[self.main].values() for run in of_mode.values()]
        if not found:
            raise UserError(f"{self.folder / STATE}: no run of this comparison is finished yet")
        return found

    @cached_property
    def accuracies(self) -> dict[float, dict[str, dict[int, float]]]:
        """Means of the last epochs, as `runs`."""
        last = last_epochs(self.epochs)
        return {
            fraction: {
                mode: {seed: final_accuracy(run, last) for seed, run in of_mode.items()}
                for mode, of_mode in modes.items()
            }
            for fraction, modes in self.runs.items()
        }

    def comparisons(self, fraction: float) -> dict[str, Comparison]:
        """Each mode against the baseline, where they have a seed in common."""
        found = self.accuracies[fraction]
        return compared_together(
            {
                mode: difference(values, found[self.baseline])
                for mode, values in found.items()
                if mode != self.baseline and values.keys() & found[self.baseline].keys()
            }
        )

    def rows(self, fraction: float) -> list[ModeRow]:
        """The modes that have a finished run, the best mean first."""
        found = {mode: values for mode, values in self.accuracies[fraction].items() if values}
        comparisons, places = self.comparisons(fraction), ranks(found)
        rows = [
            ModeRow(mode, estimate([*values.values()]), comparisons.get(mode), places[mode])
            for mode, values in found.items()
        ]
        return sorted(rows, key=lambda row: -row.accuracy.mean)

    def class_changes(self) -> dict[str, list[Difference | None]]:
        """By mode, the change of each class's accuracy against the baseline; None for a class
        without eval images."""
        recalls = {
            mode: {seed: recall(run, last_epochs(self.epochs)) for seed, run in of_mode.items()}
            for mode, of_mode in self.runs[self.main].items()
        }
        known = {
            mode: {seed: values for seed, values in of_mode.items() if values is not None}
            for mode, of_mode in recalls.items()
        }
        changes = {}
        for mode, of_mode in known.items():
            seeds = of_mode.keys() & known[self.baseline].keys()
            if mode == self.baseline or not seeds:
                continue
            changes[mode] = [
                None
                if any(math.isnan(of_mode[seed][label]) for seed in seeds)
                else difference(
                    {seed: float(of_mode[seed][label]) for seed in seeds},
                    {seed: float(known[self.baseline][seed][label]) for seed in seeds},
                )
                for label in range(len(self.state["data"]["class_names"]))
            ]
        return changes

    def cost(self, mode: str, fraction: float) -> Cost:
        """What the runs of a mode took."""
        runs = list(self.runs[fraction][mode].values())
        waits = [wait for run in runs if (wait := curves.data_wait(run)) is not None]
        return Cost(
            _median([each["images_per_s"] for run in runs for each in run.run["epochs"]]),
            _median(waits),
            _median([each["seconds"] for run in runs for each in run.run["epochs"]]),
        )

    def trained_on(self, fraction: float) -> int | None:
        """Images that the runs on a part of the list trained on; None without a run."""
        for of_mode in self.runs[fraction].values():
            for run in of_mode.values():
                return run.run["data"]["train"]
        return None

    @property
    def evaluated_on(self) -> int:
        """Images that the runs were evaluated on; 0 without a run."""
        for modes in self.runs.values():
            for of_mode in modes.values():
                for run in of_mode.values():
                    return run.run["data"]["eval"]
        return 0

    @property
    def most_seeds(self) -> str:
        """With how many seeds the modes were trained, such as "5 seeds" or "3 to 5 seeds"."""
        numbers = [len(values) for values in self.accuracies[self.main].values() if values]
        low, high = (min(numbers), max(numbers)) if numbers else (0, 0)
        return count(high, "seed") if low == high else f"{low} to {count(high, 'seed')}"


def recall(run: Run, last: int) -> np.ndarray | None:
    """The accuracy of each class, mean of the last epochs; NaN for one without eval images, None
    where the log does not tell."""
    counts = [epoch["right"] for epoch in run.run["epochs"][-last:] if "right" in epoch]
    images = run.run["data"].get("eval_of_class")
    if len(counts) < min(last, run.epochs) or images is None:
        return None
    with np.errstate(invalid="ignore"):
        return np.mean(counts, axis=0) / np.array(images)


def answer(results: Results) -> str:
    rows = results.rows(results.main)
    data, baseline = results.state["data"]["name"], code(results.baseline)
    named = {row.mode: row for row in rows}
    others = [row for row in rows if row.comparison]
    if not others:
        return (
            "No answer: no mode has been trained with a seed that the baseline "
            f"{baseline} has been trained with, too."
        )
    better = [row for row in others if row.comparison.shown and row.comparison.difference.mean > 0]
    worse = [row for row in others if row.comparison.shown and row.comparison.difference.mean < 0]
    unclear = [row for row in others if not row.comparison.shown]
    said = []
    if better:
        best = better[0]
        said.append(
            f"{code(best.mode)} helps {'most ' if len(better) > 1 else ''}on {data}: "
            f"{best.comparison} than {baseline} ({best.accuracy} % against "
            f"{named[results.baseline].accuracy} %, {count(best.comparison.difference.n, 'seed')}, "
            f"p {_is(best.comparison.p)})."
        )
        if len(better) > 1:
            said.append(
                "Also better: "
                + listed([f"{code(row.mode)} by {row.comparison.points[1:]}" for row in better[1:]])
                + " points."
            )
        equals = [row for row in rows if row is not best and row.rank[0] == best.rank[0]]
        if equals:
            said.append(
                f"That it is better than {listed([code(row.mode) for row in equals])} is not shown."
            )
    else:
        said.append(
            f"No augmentation is shown to help on {data}, compared with {baseline} "
            f"({results.most_seeds} each)."
        )
    if unclear:
        said.append(
            "; ".join(f"{code(row.mode)} ({row.comparison.points} points): {row.comparison}"
                      for row in unclear) + "."
        )  # fmt: skip
    if worse:
        worst = [f"{code(row.mode)} by {row.comparison.points[1:]}" for row in worse]
        said.append(f"Worse than {baseline}: {listed(worst)} points.")
    return " ".join(said)


def _is(p: float) -> str:
    return p_text(p) if p < 0.001 else f"= {p_text(p)}"


def left_out(results: Results) -> str:
    wanted = len(results.settings["seeds"])
    lacking = [
        f"{code(mode)}{_of_part(results, fraction)} has {len(of_mode)} of {count(wanted, 'seed')}"
        for fraction, modes in results.runs.items()
        for mode, of_mode in modes.items()
        if len(of_mode) < wanted
    ]
    if not lacking:
        return ""
    budget = results.settings["budget"]
    why = f"The budget of {duration(budget)} did not reach" if budget else "Not all runs are done"
    return f"{why}: {listed(lacking)}."


def _of_part(results: Results, fraction: float) -> str:
    return "" if len(results.runs) == 1 else f" on {100 * fraction:g} %"


def method(results: Results) -> str:
    """On what the answer stands, in a few sentences."""
    config = results.settings["config"]
    last = last_epochs(results.epochs)
    train, tested = results.trained_on(results.main), results.evaluated_on
    compared = len(results.comparisons(results.main))
    of = "the last epoch" if last == 1 else f"the last {last} epochs"
    said = [
        f"Each mode was trained with {results.most_seeds} for {count(results.epochs, 'epoch')} on "
        f"{count(train or 0, 'image')}, and evaluated on {count(tested, 'image')} that are never "
        f"augmented; a run's accuracy is the mean of {of}.",
        "A seed gives every mode the same first weights and the same order of images, so modes are "
        "compared in pairs by seed: ± is half of a 95 % t-interval over seeds, and p that of a "
        f"paired t-test after Holm's correction for {count(compared, 'comparison')}. "
        "The interval covers the luck of training, not that of choosing these eval images.",
    ]
    if config["holdout"]:
        said.append("The eval images are held back from the training list, anew with each seed.")
    if results.settings["rates"]:
        said.append(rates_text(results))
    return " ".join(said)


def rates_text(results: Results) -> str:
    """Which learning rates were chosen."""
    rates = results.settings["rates"]
    chosen = results.state["rates"]
    at_edge = [mode for mode, rate in chosen.items() if rate in (min(rates), max(rates))]
    text = (
        f"Each mode's learning rate is that of {listed([f'{rate:g}' for rate in rates])} that did "
        "best in one run on a held-back quarter of the training list: "
        + listed([f"{rate:g} for {code(mode)}" for mode, rate in chosen.items()])
        + "."
    )
    if len(rates) > 1 and at_edge:
        text += (
            f" For {listed([code(mode) for mode in at_edge])} it is at the end of the grid: a "
            "wider one may suit better."
        )
    return text


def accuracy_table(results: Results, fraction: float) -> tuple[list[str], list[list[str]]]:
    """Heads, and a row a mode."""
    heads = ["mode", "eval (%)", "difference (points)", "p", "rank", "seeds"]
    rows = []
    for row in results.rows(fraction):
        compared = row.comparison
        low, high = row.rank
        rows.append(
            [
                row.mode,
                str(row.accuracy),
                compared.points if compared else "–",
                p_text(compared.p) if compared else "–",
                str(low) if low == high else f"{low}–{high}",
                str(row.accuracy.n),
            ]
        )
    return heads, rows


def cost_table(results: Results) -> tuple[list[str], list[list[str]]]:
    """Heads, and a row a mode."""
    heads = ["mode", "eval (%)", "images/s", "data wait", "s an epoch"]
    rows = []
    for row in results.rows(results.main):
        cost = results.cost(row.mode, results.main)
        rows.append(
            [
                row.mode,
                str(row.accuracy),
                _known(cost.images_per_s, "{:,.0f}"),
                _known(cost.data_wait, "{:.1%}").replace("%", " %"),
                _known(cost.epoch_seconds, "{:.2f}"),
            ]
        )
    return heads, rows


def class_table(results: Results) -> tuple[list[str], list[list[str]]]:
    """Heads, and a row a class: the change of its accuracy in points, by mode; the classes whose
    accuracy changes most come first."""
    changes = results.class_changes()
    heads = ["class", *changes]
    names = results.state["data"]["class_names"]
    rows = []
    for label in class_order(changes):
        each = [found[label] for found in changes.values()]
        rows.append([names[label], *(_points(one) if one else "–" for one in each)])
    return heads, rows


def class_order(changes: Mapping[str, list[Difference | None]]) -> list[int]:
    """The classes by their mean change over the modes, the most helped first."""
    if not changes:
        return []
    means = [
        np.mean([one.mean if one else 0.0 for one in of_class])
        for of_class in zip(*changes.values(), strict=True)
    ]
    return sorted(range(len(means)), key=lambda label: -means[label])


def class_text(results: Results) -> str:
    """What the changes of classes tell, in a sentence; "" where the logs do not tell."""
    changes = results.class_changes()
    tested = compared_together(
        {
            (mode, label): each
            for mode, found in changes.items()
            for label, each in enumerate(found)
            if each is not None
        }
    )
    if not tested:
        return ""
    names = results.state["data"]["class_names"]
    shown = {pair: each for pair, each in tested.items() if each.shown}
    text = f"Of {count(len(tested), 'change')}, "
    if not shown:
        return (
            text + "none is shown to be more than luck, after Holm's correction for all of them: "
            "take the table as a hint where to look."
        )
    most = sorted(shown.items(), key=lambda pair: -abs(pair[1].difference.mean))[:6]
    told = listed(
        [f"{names[label]} under {code(mode)} ({each.points})" for (mode, label), each in most]
    )
    return f"{text}{len(shown)} are shown, after Holm's correction for all of them: {told}."


def _points(found: Difference) -> str:
    return Comparison(found, None, 1).points


def _known(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def _median(values: list[float]) -> float | None:
    return float(np.median(values)) if values else None


def fraction_title(results: Results, fraction: float) -> str:
    images = results.trained_on(fraction)
    return f"{100 * fraction:g} % of the training list" + (
        f", {count(images, 'image')}" if images else ""
    )


def markdown(results: Results, figures: Mapping[str, str]) -> str:
    """All of it as Markdown, the answer first; `figures` are captions by file name."""
    sections = [
        f"# Which augmentation helps on {results.state['data']['name']}?",
        answer(results),
        method(results),
        left_out(results),
        _markdown(accuracy_table(results, results.main)),
    ]
    for fraction in [each for each in results.runs if each != results.main]:
        sections += [
            f"## {fraction_title(results, fraction)}",
            _markdown(accuracy_table(results, fraction)),
        ]
    sections += [f"![{caption}]({name})" for name, caption in figures.items()]
    sections += ["## Cost", _markdown(cost_table(results)), cost_text(results)]
    if said := class_text(results):
        sections += ["## Classes", said, _markdown(class_table(results))]
    sections += [
        "## To run it again",
        f"```sh\n{results.state['command']}\n```",
        *[f"- {name}: {value}" for name, value in facts(results).items()],
    ]
    return "\n\n".join(section for section in sections if section).replace("\n\n- ", "\n- ") + "\n"


def _markdown(table: tuple[list[str], list[list[str]]]) -> str:
    heads, rows = table
    return markdown_table(heads, [[code(row[0]), *row[1:]] for row in rows])


def cost_text(results: Results) -> str:
    """What the times are of."""
    beside = results.state.get("side_by_side", 1)
    threads = results.state["threads"]
    shared = f", {beside} runs side by side, {count(threads, 'CPU thread')} each"
    return (
        f"Times of this machine{shared if beside > 1 else ''}: only their ratios hold on another, "
        "and those only if no other work ran beside."
    )


def facts(results: Results) -> dict[str, str]:
    """What one has to know to run it again."""
    state = results.state
    commits = sorted(
        {
            run.run.get("commit") or "none"
            for modes in results.runs.values()
            for of_mode in modes.values()
            for run in of_mode.values()
        }
    )
    versions = ", ".join(f"{name} {value}" for name, value in state["versions"].items() if value)
    config = state["settings"]["config"]
    return {
        "data": f"{state['data']['name']}, fingerprint {state['data']['fingerprint']}",
        "versions": versions,
        "commit": listed(commits),
        "network": f"{config['network']} at {config['image_size']} px, batches of "
        f"{config['batch_size']}, {config['optimizer']}, learning rate "
        f"{config['learning_rate']:g}, schedule {config['schedule']}",
        "seeds": listed([str(seed) for seed in state["settings"]["seeds"]]),
    }


def table_csv(results: Results) -> str:
    """A row a mode and part of the training list; accuracies from 0 to 1."""
    rows = []
    for fraction in results.runs:
        for row in results.rows(fraction):
            compared, cost = row.comparison, results.cost(row.mode, fraction)
            found = compared.difference if compared else None
            rows.append(
                {
                    "augmentation": row.mode,
                    "fraction": fraction,
                    "images": results.trained_on(fraction),
                    "seeds": row.accuracy.n,
                    "accuracy": row.accuracy.mean,
                    "margin": row.accuracy.margin,
                    "difference": found.mean if found else None,
                    "difference_margin": found.margin if found else None,
                    "pairs": found.n if found else None,
                    "p": found.p if found else None,
                    "p_holm": compared.p if compared else None,
                    "best_rank": row.rank[0],
                    "worst_rank": row.rank[1],
                    "learning_rate": results.state["rates"].get(
                        row.mode, results.settings["config"]["learning_rate"]
                    ),
                    "images_per_s": cost.images_per_s,
                    "data_wait": cost.data_wait,
                    "epoch_seconds": cost.epoch_seconds,
                }
            )
    return _csv(rows)


def runs_csv(results: Results) -> str:
    """A row a run; accuracies from 0 to 1."""
    rows = [
        {
            "augmentation": mode,
            "fraction": fraction,
            "seed": seed,
            "epochs": run.epochs,
            "accuracy": results.accuracies[fraction][mode][seed],
            **{name: float(curve[-1]) for name, curve in run.curves.items()},
            "bestEval": float(run.curves["accEval"].max()),
            "logs": f"{(part_folder(fraction) / f'seed-{seed}').as_posix()}/{prefix(run.mode)}*",
            "seconds": sum(epoch["seconds"] for epoch in run.run["epochs"]),
        }
        for fraction, modes in results.runs.items()
        for mode, of_mode in modes.items()
        for seed, run in sorted(of_mode.items())
    ]
    return _csv(rows)


def _csv(rows: list[dict]) -> str:
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue()
