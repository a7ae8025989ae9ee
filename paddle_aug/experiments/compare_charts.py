"""What the figures of a comparison show, as plain numbers."""

from collections.abc import Iterable
from dataclasses import dataclass

from paddle_aug.experiments.compare_report import class_notes
from paddle_aug.experiments.compare_results import Results
from paddle_aug.results.charts import (
    EVAL_ACCURACY,
    INTERVALS_FROM,
    SEPARATOR,
    AgainstChart,
    Measured,
    ModesChart,
    measured,
)
from paddle_aug.results.colours import colours
from paddle_aug.results.language import _, count, seeds_text
from paddle_aug.results.stats import last_epochs


@dataclass(frozen=True)
class Change:
    """A change of a class's accuracy in points; `shown`: its own 95 % interval excludes 0."""

    points: float
    shown: bool


@dataclass(frozen=True)
class ClassesChart:
    """The changes of classes' accuracies against the baseline: by mode, one for each of `labels`,
    which begin with the class that rises most. None: no eval images of that class. `notes` follow
    the names of classes."""

    title: str
    labels: list[int]
    class_names: list[str]  # in the order of their labels, not in that of `labels`
    notes: list[str]  # as `class_names`
    changes: dict[str, list[Change | None]]


def modes_chart(results: Results) -> ModesChart:
    """The accuracies that the answer rests on, the best first."""
    by_mode = results.accuracies[results.main]
    rows = [
        measured(
            row.mode,
            list(by_mode[row.mode].values()),
            _("(baseline)") if row.mode == results.baseline else "",
        )
        for row in results.rows(results.main)
    ]
    colour = colours(results.modes)
    return ModesChart(_title(results, rows), _(EVAL_ACCURACY), rows, _chance(results), colour)


def cost_chart(results: Results) -> AgainstChart | None:
    """Accuracy against the seconds of an epoch; None where they were not steady."""
    if not results.steady:
        return None
    points = {
        row.mode: [(results.cost(row.mode, results.main).epoch_seconds, row)]
        for row in modes_chart(results).rows
    }
    return _against(results, _("Seconds an epoch"), points)


def fractions_chart(results: Results) -> AgainstChart | None:
    """Accuracy against the number of training images; None for one fraction, or without a run that
    did not diverge."""
    sizes = {fraction: results.trained_on(fraction) for fraction in sorted(results.fractions)}
    points = {
        mode: [
            (images, measured(mode, list(by_seed.values())))
            for fraction, images in sizes.items()
            if (by_seed := results.accuracies[fraction][mode])
        ]
        for mode in results.modes
    }
    if len(sizes) < 2 or not any(points.values()):
        return None
    return _against(results, _("Training images"), points)


def classes_chart(results: Results) -> ClassesChart | None:
    """The change of each class's accuracy against the baseline; None where no log has it."""
    changes = results.class_changes()
    if not changes:
        return None
    labels = results.class_order()
    cells = {
        mode: [
            None
            if (change := of_class[label]) is None
            else Change(
                100 * change.mean,
                change.margin is not None and abs(change.mean) > change.margin,
            )
            for label in labels
        ]
        for mode, of_class in changes.items()
    }
    names = results.state["data"]["class_names"]
    pairs = [max(change.n for change in of_class if change) for of_class in changes.values()]
    text = _("change against {baseline}, {seeds}")
    change = text.format(baseline=results.baseline, seeds=seeds_text(pairs, results.unit))
    title = SEPARATOR.join([*_of(results), change])
    return ClassesChart(title, labels, names, class_notes(results), cells)


def _against(
    results: Results, x_axis: str, points: dict[str, list[tuple[float, Measured]]]
) -> AgainstChart:
    every = [accuracies for of_mode in points.values() for _, accuracies in of_mode]
    title, colour = _title(results, every), colours(results.modes)
    return AgainstChart(title, x_axis, _(EVAL_ACCURACY), points, _chance(results), colour)


def _title(results: Results, rows: Iterable[Measured]) -> str:
    """Data, network, seeds and statistic."""
    numbers = [len(row.values) for row in rows]
    config = results.settings["config"]
    last = last_epochs(config["epochs"])
    text = _("{seeds}, mean of the last {epochs}")
    if config.get("early_stop"):
        text = _("{seeds}, test accuracy")
    elif last == 1:
        text = _("{seeds}, last epoch")
    text = text.format(seeds=seeds_text(numbers, results.unit), epochs=count(last, "epoch"))
    mark = _(" with 95 % interval") if max(numbers) >= INTERVALS_FROM else ""
    return SEPARATOR.join([*_of(results), text + mark])


def _of(results: Results) -> list[str]:
    return [results.state["data"]["name"], results.settings["config"]["network"]]


def _chance(results: Results) -> float:
    return 100 / len(results.state["data"]["class_names"])
