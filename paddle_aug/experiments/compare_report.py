"""A comparison in words: the sentences and tables of its report."""

from paddle_aug.config import smaller_rate
from paddle_aug.experiments.compare_next import growing, next_step, too_early
from paddle_aug.experiments.compare_results import ModeRow, Results
from paddle_aug.results.language import _, count, joined, listed, seeds_text
from paddle_aug.results.stats import compared_together, last_epochs
from paddle_aug.results.table import paragraph
from paddle_aug.results.text import code, duration, p_text

Table = tuple[list[str], list[list[str]]]  # heads, and rows of cells
DASH = "–"


def title(results: Results) -> str:
    return _("Which augmentation helps on {data}?").format(data=results.state["data"]["name"])


def answer(results: Results) -> str:
    """Which modes help, and by how much, in a few sentences; first, why it may be too early."""
    claims = joined(_claims(results))
    if early := too_early(results):
        claims = _("So far: {claims}").format(claims=claims)
    return joined([*early, claims, *growing(results), *diverged(results)])


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
        text = _(
            "No augmentation is shown to help on {data}, compared with {baseline} ({seeds} each)."
        )
        pairs = [row.comparison.difference.n for row in others]
        sentences = [text.format(**names, seeds=seeds_text(pairs, results.unit))]
    else:
        text = _("No answer: the baseline {baseline} has no seed in common with another mode.")
        if results.unit == "fold":
            text = _("No answer: the baseline {baseline} has no fold in common with another mode.")
        sentences = [text.format(**names)]
    text = _("{mode} ({points} points): {comparison}.")
    sentences += [
        text.format(mode=code(row.mode), points=row.comparison.points, comparison=row.comparison)
        for row in unclear
    ]
    if worse:
        text = _("Worse than {baseline}: {modes} points.")
        sentences.append(text.format(**names, modes=_by_points(worse)))
    return sentences


def diverged(results: Results) -> list[str]:
    """Which runs diverged, in two sentences; none if all is well."""
    numbers = results.settings["seeds"]

    def named(seed: int) -> int:
        return numbers.index(seed) + 1 if results.unit == "fold" else seed

    where = _("{seed} in epoch {epoch}")
    parts = [
        _("{mode} diverged with {number} of {units} ({where})").format(
            mode=_named(results, mode, fraction),
            number=len(epochs),
            units=count(len(results.runs[fraction][mode]), results.unit),
            where=listed(
                [where.format(seed=named(s), epoch=epoch) for s, epoch in sorted(epochs.items())]
            ),
        )
        for fraction in results.runs
        for mode, epochs in results.diverged(fraction).items()
    ]
    if not parts:
        return []
    advice = _(
        "Runs that diverged are in no mean; compare again with --learning-rate {rate} and another "
        "--out."
    )
    if results.settings["rates"]:
        advice = _(
            "Runs that diverged are in no mean; compare again with smaller --learning-rates and "
            "another --out."
        )
    return [
        _("{parts}: the losses were no longer finite numbers.").format(parts=listed(parts)),
        advice.format(rate=f"{smaller_rate(results.settings['config']):g}"),
    ]


def _named(results: Results, mode: str, fraction: float) -> str:
    """A mode, and the fraction of the training list where a comparison has several."""
    if len(results.runs) == 1:
        return code(mode)
    return _("{mode} on {share} %").format(mode=code(mode), share=f"{100 * fraction:g}")


def _helps(results: Results, rows: list[ModeRow], better: list[ModeRow]) -> list[str]:
    """Sentences on the modes that are shown to be better than the baseline."""
    best, *others = better
    p = p_text(best.comparison.p)
    accuracy, baseline_accuracy = results.pair(best.mode)
    text = _(
        "{mode} helps on {data}: {difference} than {baseline} ({accuracy} % against "
        "{baseline_accuracy} %, {seeds}, p {p})."
    )
    if others:
        text = _(
            "{mode} helps most on {data}: {difference} than {baseline} ({accuracy} % against "
            "{baseline_accuracy} %, {seeds}, p {p})."
        )
    sentences = [
        text.format(
            mode=code(best.mode),
            data=results.state["data"]["name"],
            difference=best.comparison,
            baseline=code(results.baseline),
            accuracy=accuracy,
            baseline_accuracy=baseline_accuracy,
            seeds=count(best.comparison.difference.n, results.unit),
            p=p if p.startswith("<") else f"= {p}",
        )
    ]
    if others:
        text = _("Also better: {modes} points.")
        sentences.append(text.format(modes=_by_points(others)))
    equals = [code(row.mode) for row in rows if row is not best and row.rank[0] == best.rank[0]]
    if equals:
        text = _("{mode} is not shown to be better than {modes}.")
        sentences.append(text.format(mode=code(best.mode), modes=listed(equals)))
    return sentences


def _by_points(rows: list[ModeRow]) -> str:
    text = _("{mode} by {points}")
    return listed(
        [text.format(mode=code(row.mode), points=row.comparison.points[1:]) for row in rows]
    )


def seeds(results: Results) -> str:
    """The number of seeds or folds that the modes were trained with, in words."""
    trained = results.runs[results.main].values()
    return seeds_text([len(by_seed) for by_seed in trained if by_seed], results.unit)


def left_out(results: Results) -> str:
    """Which runs are missing, in a sentence; "" where none is."""
    wanted = len(results.settings["seeds"])
    missing = [
        _("{mode} has {number} of {units}").format(
            mode=_named(results, mode, fraction),
            number=len(by_seed),
            units=count(wanted, results.unit),
        )
        for fraction, by_mode in results.runs.items()
        for mode, by_seed in by_mode.items()
        if len(by_seed) < wanted
    ]
    if not missing:
        return ""
    if results.settings.get("racing") and results.state["finished"]:
        text = _(
            "By racing, {missing}, because the best was better by more than chance allows; that "
            "saved {time} of training."
        )
        return text.format(missing=listed(missing), time=duration(saved(results)))
    if (budget := results.settings["budget"]) and results.state.get("finished", True):
        text = _("The budget of {time} ran out: {missing}.")
        return text.format(time=duration(budget), missing=listed(missing))
    return _("Not all runs are done: {missing}.").format(missing=listed(missing))


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
    trained = _(
        "Each mode was trained with {seeds} for {epochs} on {train}, and evaluated on {eval} that "
        "are never augmented; a run's accuracy is the mean of the last {last} epochs."
    )
    if last == 1:
        trained = _(
            "Each mode was trained with {seeds} for {epochs} on {train}, and evaluated on {eval} "
            "that are never augmented; a run's accuracy is the mean of the last epoch."
        )
    paired = _(
        "A {unit} gives every mode the same first weights and the same order of images, so modes "
        "are compared in pairs by {unit}: ± is half of a 95 % t-interval over {unit}s, and p that "
        "of a paired t-test after Holm's correction for {comparisons}."
    )
    unit = results.unit
    sentences = [
        trained.format(
            seeds=seeds(results),
            epochs=count(config["epochs"], "epoch"),
            train=count(images["train"], "image"),
            eval=count(images["eval"], "image"),
            last=last,
        ),
        paired.format(
            unit=_(unit),
            comparisons=count(len(results.comparisons(results.main)), "comparison"),
        ),
    ]
    if unit == "fold":
        sentences.insert(
            1,
            _(
                "Each image of the training list is evaluated in one fold, by networks that were "
                "trained on the other folds; the evaluation list is not used."
            ),
        )
        sentences.append(
            _(
                "The interval covers the luck of training, and of the images evaluated. But folds "
                "share training images, so that p comes out somewhat too small."
            )
        )
    else:
        sentences.append(
            _("The interval covers the luck of training, not that of choosing these eval images.")
        )
    if results.settings.get("racing"):
        text = _(
            "From three {unit}s on, a mode got no further {unit} if its mean was below the best "
            "one's by more than Tukey's test allows, at 5 % for all such looks together."
        )
        sentences.append(text.format(unit=_(unit)))
    if config.get("early_stop"):
        sentences[0] = early_stop_text(results)
    if config.get("name"):
        sentences.append(_("Named pipelines: {names}.").format(names=code(config["name"])))
    if config["holdout"]:
        sentences.append(
            _("The eval images are held back from the training list, others with each seed.")
        )
    if results.settings["rates"]:
        sentences.append(rates_text(results))
    return joined(sentences)


def early_stop_text(results: Results) -> str:
    """How runs end and are judged, in a few sentences."""
    config = results.settings["config"]
    runs = results.finished(results.main)
    data, epochs = runs[0].run["data"], sorted(run.epochs for run in runs)
    text = _(
        "Each mode was trained with {seeds} on {train} until the {by} on {held} that were held "
        "back had not improved for {patience}, or for {most} epochs: {low} to {high}. A run's "
        "accuracy is that of its last weights on the {test} of the evaluation list, evaluated once "
        "and never augmented. Curves are those of the held-back images, and end with a mode's "
        "shortest run."
    )
    return text.format(
        seeds=seeds(results),
        train=count(data["train"], "image"),
        by=_("loss") if config["early_stop_by"] == "loss" else _("accuracy"),
        held=count(data["eval"], "image"),
        patience=count(config["early_stop"], "epoch"),
        most=config["epochs"],
        low=epochs[0],
        high=epochs[-1],
        test=count(data["test"], "image"),
    )


def rates_text(results: Results) -> str:
    """Which learning rates were chosen."""
    rates, chosen = results.settings["rates"], results.state["rates"]
    best = _("{rate} for {mode}")
    text = _(
        "Each mode's learning rate is the one of {rates} that did best in one run on a held-back "
        "quarter of the training list: {best}."
    )
    sentences = [
        text.format(
            rates=listed([f"{rate:g}" for rate in rates]),
            best=listed(
                [best.format(rate=f"{rate:g}", mode=code(mode)) for mode, rate in chosen.items()]
            ),
        )
    ]
    at_edge = [code(mode) for mode, rate in chosen.items() if rate in (min(rates), max(rates))]
    for mode in chosen:
        lost = [
            f"{trial['rate']:g}"
            for trial in results.state["tuning"]
            if trial["mode"] == mode and trial["accuracy"] is None
        ]
        if lost:
            text = _("At {rates}, {mode} diverged.")
            sentences.append(text.format(rates=listed(lost), mode=code(mode)))
    if len(rates) > 1 and at_edge:
        text = _("For {modes} it is at the end of the grid: try a wider grid.")
        sentences.append(text.format(modes=listed(at_edge)))
    return joined(sentences)


def accuracy_table(results: Results, fraction: float) -> Table:
    """A row a mode."""
    units = _("seeds") if results.unit == "seed" else _("folds")
    heads = [_("mode"), _("eval (%)"), _("difference (points)"), "p", _("rank"), units]
    rows = []
    for row in results.rows(fraction):
        comparison = row.comparison
        low, high = row.rank
        points = comparison.points if comparison else DASH
        p = p_text(comparison.p if comparison else None)
        rank = str(low) if low == high else f"{low}–{high}"
        rows.append([row.mode, str(row.accuracy), points, p, rank, str(row.accuracy.n)])
    rows += [[mode, _("diverged"), DASH, DASH, DASH, "0"] for mode in results.lost(fraction)]
    return heads, rows


def cost_table(results: Results) -> Table:
    """A row a mode."""
    heads = [_("mode"), _("eval (%)"), _("images/s"), _("data wait"), _("s an epoch")]
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
        return _(
            "Epochs of one mode took unequally long, as on a machine that does other work, too: "
            "such times cannot be compared, and are left out. report.csv has them."
        )
    jobs = results.state.get("side_by_side", 1)
    threads = count(results.state["threads"], "CPU thread")
    text = _("Times were measured on one machine.")
    if jobs > 1:
        text = _(
            "Times were measured on one machine with {jobs} runs side by side, {threads} each."
        )
    more = _("On another machine only their ratios hold, and only if this one did no other work.")
    return joined([text.format(jobs=jobs, threads=threads), more])


def class_table(results: Results) -> Table:
    """A row a class: the change of its accuracy in points, by mode; the class whose accuracy rises
    most comes first."""
    changes, notes = results.class_changes(), class_notes(results)
    rows = [
        [results.state["data"]["class_names"][label] + notes[label]]
        + [of_class[label].points if of_class[label] else DASH for of_class in changes.values()]
        for label in results.class_order()
    ]
    return [_("class"), *changes], rows


def class_notes(results: Results) -> list[str]:
    """What follows the name of each class: " (2 folds)" if its changes are those of two folds, as
    the others evaluate no image of it; "" if they are those of all."""
    changes, pairs = results.class_changes(), results.comparisons(results.main)
    notes = []
    for of_modes in zip(*changes.values(), strict=True):
        numbers = {mode: one.n for mode, one in zip(changes, of_modes, strict=True) if one}
        fewer = any(number < pairs[mode].difference.n for mode, number in numbers.items())
        units = seeds_text(numbers.values(), results.unit)
        notes.append(_(" ({units})").format(units=units) if fewer else "")
    return notes


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
    changes = count(len(tested), "change")
    if not shown:
        text = _(
            "Of {changes}, none is shown to be more than luck after Holm's correction for all of "
            "them: use the table as a hint where to look."
        )
        return text.format(changes=changes)
    names = results.state["data"]["class_names"]
    largest = sorted(shown.items(), key=lambda item: -abs(item[1].difference.mean))
    one = _("{name} under {mode} ({points})")
    parts = [
        one.format(name=names[label], mode=code(mode), points=comparison.points)
        for (mode, label), comparison in largest
    ]
    named = listed(parts if len(parts) <= 6 else [*parts[:6], "…"])
    text = _("Of {changes}, {shown} are shown after Holm's correction for all of them: {named}.")
    if len(shown) == 1:
        text = _("Of {changes}, {shown} is shown after Holm's correction for all of them: {named}.")
    return text.format(changes=changes, shown=len(shown), named=named)


def fraction_title(results: Results, fraction: float) -> str:
    images = count(results.trained_on(fraction), "image")
    text = _("{share} % of the training list, {images}")
    return text.format(share=f"{100 * fraction:g}", images=images)


def facts(results: Results) -> dict[str, str]:
    """What is needed to run the comparison again."""
    state, config = results.state, results.settings["config"]
    runs = [run for fraction in results.runs for run in results.finished(fraction)]
    commits = sorted({run.run.get("commit") or "none" for run in runs})
    versions = [f"{name} {value}" for name, value in state["versions"].items() if value]
    network = _(
        "{network} at {image_size} px, batches of {batch_size}, {optimizer}, learning rate "
        "{learning_rate}, schedule {schedule}"
    )
    return {
        _("data"): _("{name}, fingerprint {fingerprint}").format(**state["data"]),
        _("versions"): _(", ").join(versions),
        _("commit"): listed(commits),
        _("network"): network.format(**{**config, "learning_rate": f"{config['learning_rate']:g}"}),
        _("seeds"): listed([str(seed) for seed in state["settings"]["seeds"]]),
    }
