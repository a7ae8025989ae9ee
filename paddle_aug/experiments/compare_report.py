"""A comparison in words: the sentences and tables of its report, and the CSV files."""

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from paddle_aug.experiments.compare_next import next_step, too_early
from paddle_aug.experiments.compare_results import Cost, ModeRow, Results, part_folder
from paddle_aug.results.runlog import prefix
from paddle_aug.results.stats import (
    Difference,
    Estimate,
    best_epoch,
    compared_together,
    last_epochs,
)
from paddle_aug.results.table import paragraph
from paddle_aug.results.text import code, count, csv_text, duration, listed, p_text, seeds_text

Table = tuple[list[str], list[list[str]]]  # heads, and rows of cells
DASH = "–"


def title(results: Results) -> str:
    return f"Which augmentation helps on {results.state['data']['name']}?"


def answer(results: Results) -> str:
    """Which modes help, and by how much, in a few sentences; first, why it may be too early."""
    claims = " ".join(_claims(results))
    if early := too_early(results):
        so_far = "So far: {claims}"
        claims = so_far.format(claims=claims)
    return " ".join([*early, claims, *diverged(results)])


def as_text(results: Results) -> str:
    """The answer and what to run next, for a terminal."""
    step = next_step(results)
    return f"{paragraph(answer(results))}\n\n{paragraph(step.text)}\n{step.command}"


def _claims(results: Results) -> list[str]:
    """What the runs show, in sentences."""
    rows = results.rows(results.main)
    others = [row for row in rows if row.comparison]
    better, worse, unclear = (
        [row for row in others if row.comparison.word == word] for word in ("better", "worse", "")
    )
    names = {"data": results.state["data"]["name"], "baseline": code(results.baseline)}
    if better:
        sentences = _helps(results, rows, better)
    elif others:
        text = (
            "No augmentation is shown to help on {data}, compared with {baseline} ({seeds} each)."
        )
        sentences = [text.format(**names, seeds=seeds(results))]
    elif results.unit == "fold":
        text = "No answer: the baseline {baseline} has no fold in common with another mode."
        sentences = [text.format(**names)]
    else:
        text = "No answer: the baseline {baseline} has no seed in common with another mode."
        sentences = [text.format(**names)]
    sentences += [
        f"{code(row.mode)} ({row.comparison.points} points): {row.comparison}." for row in unclear
    ]
    if worse:
        text = "Worse than {baseline}: {modes} points."
        sentences.append(text.format(**names, modes=_by_points(worse)))
    return sentences


def diverged(results: Results) -> list[str]:
    """Which runs diverged, in two sentences; none if all is well."""
    numbers = results.settings["seeds"]

    def named(seed: int) -> int:
        return numbers.index(seed) + 1 if results.unit == "fold" else seed

    parts = [
        f"{code(mode)}{_on(results, fraction)} diverged with {len(epochs)} of "
        f"{count(len(results.runs[fraction][mode]), results.unit)} "
        f"({listed([f'{named(seed)} in epoch {epoch}' for seed, epoch in sorted(epochs.items())])})"
        for fraction in results.runs
        for mode, epochs in results.diverged(fraction).items()
    ]
    if not parts:
        return []
    smaller = f"--learning-rate {results.settings['config']['learning_rate'] / 10:g}"
    if results.settings["rates"]:
        smaller = "smaller --learning-rates"
    return [
        f"{listed(parts)}: the losses were no longer finite numbers.",
        f"Runs that diverged are in no mean; compare again with {smaller} and another --out.",
    ]


def _on(results: Results, fraction: float) -> str:
    """The fraction of the training list, where a comparison has several."""
    return f" on {100 * fraction:g} %" if len(results.runs) > 1 else ""


def _helps(results: Results, rows: list[ModeRow], better: list[ModeRow]) -> list[str]:
    """Sentences on the modes that are shown to be better than the baseline."""
    best, *others = better
    p = p_text(best.comparison.p)
    baseline = next(row for row in rows if row.mode == results.baseline)
    text = (
        "{mode} helps most on {data}: {difference} than {baseline} ({accuracy} % against "
        "{baseline_accuracy} %, {seeds}, p {p})."
        if others
        else "{mode} helps on {data}: {difference} than {baseline} ({accuracy} % against "
        "{baseline_accuracy} %, {seeds}, p {p})."
    )
    sentences = [
        text.format(
            mode=code(best.mode),
            data=results.state["data"]["name"],
            difference=best.comparison,
            baseline=code(baseline.mode),
            accuracy=best.accuracy,
            baseline_accuracy=baseline.accuracy,
            seeds=count(best.comparison.difference.n, results.unit),
            p=p if p.startswith("<") else f"= {p}",
        )
    ]
    if others:
        text = "Also better: {modes} points."
        sentences.append(text.format(modes=_by_points(others)))
    equals = [code(row.mode) for row in rows if row is not best and row.rank[0] == best.rank[0]]
    if equals:
        text = "{mode} is not shown to be better than {modes}."
        sentences.append(text.format(mode=code(best.mode), modes=listed(equals)))
    return sentences


def _by_points(rows: list[ModeRow]) -> str:
    return listed([f"{code(row.mode)} by {row.comparison.points[1:]}" for row in rows])


def seeds(results: Results) -> str:
    """The number of seeds or folds that the modes were trained with, in words."""
    trained = results.runs[results.main].values()
    return seeds_text([len(by_seed) for by_seed in trained if by_seed], results.unit)


def left_out(results: Results) -> str:
    """Which runs are missing, in a sentence; "" where none is."""
    wanted = len(results.settings["seeds"])
    missing = [
        f"{code(mode)}{_on(results, fraction)} has {len(by_seed)} of {count(wanted, results.unit)}"
        for fraction, by_mode in results.runs.items()
        for mode, by_seed in by_mode.items()
        if len(by_seed) < wanted
    ]
    if not missing:
        return ""
    if results.settings.get("racing") and results.state["finished"]:
        return (
            f"By racing, {listed(missing)}, because the best was better by more than chance "
            f"allows; that saved {duration(saved(results))} of training."
        )
    budget = results.settings["budget"]
    why = f"The budget of {duration(budget)} ran out" if budget else "Not all runs are done"
    return f"{why}: {listed(missing)}."


def saved(results: Results) -> float:
    """Seconds that the missing runs would have taken, by those that their modes have."""
    wanted, seconds = len(results.settings["seeds"]), 0.0
    for by_mode in results.runs.values():
        for by_seed in by_mode.values():
            took = [epoch["seconds"] for run in by_seed.values() for epoch in run.run["epochs"]]
            seconds += sum(took) * (wanted / len(by_seed) - 1)
    return seconds


def method(results: Results) -> str:
    """What the answer rests on, in a few sentences."""
    config = results.settings["config"]
    last = last_epochs(config["epochs"])
    images = results.finished(results.main)[0].run["data"]
    of = "the last epoch" if last == 1 else f"the last {last} epochs"
    unit, covers = results.unit, "not that of choosing these eval images."
    if unit == "fold":
        covers = (
            "and of the images evaluated. But folds share training images, so that p comes out "
            "somewhat too small."
        )
    sentences = [
        f"Each mode was trained with {seeds(results)} for {count(config['epochs'], 'epoch')} on "
        f"{count(images['train'], 'image')}, and evaluated on {count(images['eval'], 'image')} "
        f"that are never augmented; a run's accuracy is the mean of {of}.",
        f"A {unit} gives every mode the same first weights and the same order of images, so modes "
        f"are compared in pairs by {unit}: ± is half of a 95 % t-interval over {unit}s, and p that "
        "of a paired t-test after Holm's correction for "
        f"{count(len(results.comparisons(results.main)), 'comparison')}. "
        f"The interval covers the luck of training, {covers}",
    ]
    if unit == "fold":
        sentences.insert(
            1,
            "Each image of the training list is evaluated in one fold, by networks that were "
            "trained on the other folds; the evaluation list is not used.",
        )
    if results.settings.get("racing"):
        sentences.append(
            f"From three {unit}s on, a mode got no further {unit} if its mean was below the best "
            "one's by more than Tukey's test allows, at 5 % for all such looks together."
        )
    if config.get("early_stop"):
        sentences[0] = early_stop_text(results)
    if config.get("name"):
        sentences.append(f"Named pipelines: {code(config['name'])}.")
    if config["holdout"]:
        sentences.append(
            "The eval images are held back from the training list, others with each seed."
        )
    if results.settings["rates"]:
        sentences.append(rates_text(results))
    return " ".join(sentences)


def early_stop_text(results: Results) -> str:
    """How runs end and are judged, in a few sentences."""
    config = results.settings["config"]
    runs = results.finished(results.main)
    data, epochs = runs[0].run["data"], sorted(run.epochs for run in runs)
    return (
        f"Each mode was trained with {seeds(results)} on {count(data['train'], 'image')} until the "
        f"{config['early_stop_by']} on {count(data['eval'], 'image')} that were held back had not "
        f"improved for {count(config['early_stop'], 'epoch')}, or for {config['epochs']} epochs: "
        f"{epochs[0]} to {epochs[-1]}. A run's accuracy is that of its last weights on the "
        f"{count(data['test'], 'image')} of the evaluation list, evaluated once and never "
        "augmented. Curves are those of the held-back images, and end with a mode's shortest run."
    )


def rates_text(results: Results) -> str:
    """Which learning rates were chosen."""
    rates, chosen = results.settings["rates"], results.state["rates"]
    text = (
        f"Each mode's learning rate is the one of {listed([f'{rate:g}' for rate in rates])} that "
        "did best in one run on a held-back quarter of the training list: "
        + listed([f"{rate:g} for {code(mode)}" for mode, rate in chosen.items()])
        + "."
    )
    at_edge = [code(mode) for mode, rate in chosen.items() if rate in (min(rates), max(rates))]
    for mode in chosen:
        lost = [
            f"{trial['rate']:g}"
            for trial in results.state["tuning"]
            if trial["mode"] == mode and trial["accuracy"] is None
        ]
        text += f" At {listed(lost)}, {code(mode)} diverged." if lost else ""
    if len(rates) > 1 and at_edge:
        text += f" For {listed(at_edge)} it is at the end of the grid: try a wider grid."
    return text


def accuracy_table(results: Results, fraction: float) -> Table:
    """A row a mode."""
    heads = ["mode", "eval (%)", "difference (points)", "p", "rank", f"{results.unit}s"]
    rows = []
    for row in results.rows(fraction):
        comparison = row.comparison
        low, high = row.rank
        points = comparison.points if comparison else DASH
        p = p_text(comparison.p if comparison else None)
        rank = str(low) if low == high else f"{low}–{high}"
        rows.append([row.mode, str(row.accuracy), points, p, rank, str(row.accuracy.n)])
    rows += [[mode, "diverged", DASH, DASH, DASH, "0"] for mode in results.lost(fraction)]
    return heads, rows


def cost_table(results: Results) -> Table:
    """A row a mode."""
    heads = ["mode", "eval (%)", "images/s", "data wait", "s an epoch"]
    rows = []
    for row in results.rows(results.main):
        cost = results.cost(row.mode, results.main)
        wait = DASH if cost.data_wait is None else f"{100 * cost.data_wait:.1f} %"
        times = [f"{cost.images_per_s:,.0f}", wait, f"{cost.epoch_seconds:.2f}"]
        rows.append([row.mode, str(row.accuracy), *times])
    return heads, rows


def cost_text(results: Results) -> str:
    """How the times were measured, or why they are left out."""
    if not results.steady:
        return (
            "Epochs of one mode took unequally long, as on a machine that does other work, too: "
            "such times cannot be compared, and are left out. report.csv has them."
        )
    jobs = results.state.get("side_by_side", 1)
    threads = count(results.state["threads"], "CPU thread")
    shared = f" with {jobs} runs side by side, {threads} each" if jobs > 1 else ""
    return (
        f"Times were measured on one machine{shared}. On another machine only their ratios hold, "
        "and only if this one did no other work."
    )


def class_table(results: Results) -> Table:
    """A row a class: the change of its accuracy in points, by mode; the class whose accuracy rises
    most comes first."""
    changes = results.class_changes()
    rows = [
        [results.state["data"]["class_names"][label]]
        + [of_class[label].points if of_class[label] else DASH for of_class in changes.values()]
        for label in class_order(changes)
    ]
    return ["class", *changes], rows


def class_order(changes: Mapping[str, list[Difference | None]]) -> list[int]:
    """The classes by their mean change over the modes, the largest rise first."""
    means = [
        np.mean([change.mean if change else 0.0 for change in of_class])
        for of_class in zip(*changes.values(), strict=True)
    ]
    return sorted(range(len(means)), key=lambda label: -means[label])


def class_text(results: Results) -> str:
    """Which changes of classes are more than luck, in a sentence; "" where the logs do not say."""
    tested = compared_together(
        {
            (mode, label): change
            for mode, of_class in results.class_changes().items()
            for label, change in enumerate(of_class)
            if change is not None
        },
        results.unit,
    )
    if not tested:
        return ""
    shown = {pair: comparison for pair, comparison in tested.items() if comparison.shown}
    text = f"Of {count(len(tested), 'change')}, "
    if not shown:
        return (
            f"{text}none is shown to be more than luck after Holm's correction for all of them: "
            "use the table as a hint where to look."
        )
    names = results.state["data"]["class_names"]
    largest = sorted(shown.items(), key=lambda item: -abs(item[1].difference.mean))[:6]
    named = listed(
        [
            f"{names[label]} under {code(mode)} ({comparison.points})"
            for (mode, label), comparison in largest
        ]
    )
    return (
        f"{text}{len(shown)} {'is' if len(shown) == 1 else 'are'} shown after Holm's correction "
        f"for all of them: {named}."
    )


def fraction_title(results: Results, fraction: float) -> str:
    images = count(results.trained_on(fraction), "image")
    return f"{100 * fraction:g} % of the training list, {images}"


def facts(results: Results) -> dict[str, str]:
    """What is needed to run the comparison again."""
    state, config = results.state, results.settings["config"]
    runs = [run for fraction in results.runs for run in results.finished(fraction)]
    commits = sorted({run.run.get("commit") or "none" for run in runs})
    versions = [f"{name} {value}" for name, value in state["versions"].items() if value]
    return {
        "data": f"{state['data']['name']}, fingerprint {state['data']['fingerprint']}",
        "versions": ", ".join(versions),
        "commit": listed(commits),
        "network": f"{config['network']} at {config['image_size']} px, batches of "
        f"{config['batch_size']}, {config['optimizer']}, learning rate "
        f"{config['learning_rate']:g}, schedule {config['schedule']}",
        "seeds": listed([str(seed) for seed in state["settings"]["seeds"]]),
    }


def table_csv(results: Results) -> str:
    """A row a mode and fraction of the training list; accuracies from 0 to 1."""
    rows = []
    for fraction in results.runs:
        lost = [
            ModeRow(mode, Estimate(None, None, 0), None, (None, None))
            for mode in results.lost(fraction)
        ]
        for row in [*results.rows(fraction), *lost]:
            cost = Cost(None, None, None) if row in lost else results.cost(row.mode, fraction)
            comparison = row.comparison
            change = comparison.difference if comparison else None
            rows.append(
                {
                    "augmentation": row.mode,
                    "fraction": fraction,
                    "images": results.trained_on(fraction),
                    "seeds": row.accuracy.n,
                    "accuracy": row.accuracy.mean,
                    "margin": row.accuracy.margin,
                    "difference": change.mean if change else None,
                    "difference_margin": change.margin if change else None,
                    "pairs": change.n if change else None,
                    "p": change.p if change else None,
                    "p_holm": comparison.p if comparison else None,
                    "best_rank": row.rank[0],
                    "worst_rank": row.rank[1],
                    "learning_rate": results.state["rates"].get(
                        row.mode, results.settings["config"]["learning_rate"]
                    ),
                    **asdict(cost),
                    "diverged": len(results.diverged(fraction).get(row.mode, {})),
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
            "accuracy": results.accuracies[fraction][mode].get(seed),
            **{name: _known(curve[-1]) for name, curve in run.curves.items()},
            "bestEval": _known(run.curves["accEval"][best_epoch(run.curves["accEval"])]),
            "logs": f"{(part_folder(fraction) / f'seed-{seed}').as_posix()}/{prefix(run.mode)}*",
            "seconds": sum(epoch["seconds"] for epoch in run.run["epochs"]),
            "diverged": run.diverged,
        }
        for fraction, by_mode in results.runs.items()
        for mode, by_seed in by_mode.items()
        for seed, run in sorted(by_seed.items())
    ]
    return _csv(rows)


def _known(value: float) -> float | None:
    """A number for CSV; None, an empty cell, for NaN and infinity."""
    return float(value) if np.isfinite(value) else None


def _csv(rows: list[dict]) -> str:
    return csv_text([list(rows[0]), *(row.values() for row in rows)])
