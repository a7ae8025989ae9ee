"""The files of a comparison's report: a page that needs no network, and the same as Markdown and
CSV."""

import math
from pathlib import Path

from markupsafe import Markup

from paddle_aug.experiments import compare_charts, compare_csv, compare_figures, compare_report
from paddle_aug.experiments.compare_results import Results
from paddle_aug.results.charts import curves_chart
from paddle_aug.results.colours import colours, label
from paddle_aug.results.html import Cell, environment
from paddle_aug.results.language import _
from paddle_aug.results.runlog import by_mode, sound
from paddle_aug.results.svg_charts import against_svg, curves_svg, modes_caption, modes_svg
from paddle_aug.system.files import read_json, remove, write_text


def write(results: Results) -> list[Path]:
    """Write figures, report.html, report.md, report.csv and runs.csv into the comparison's folder;
    returns the files of the report. Removes the figures that only an earlier report had."""
    folder = results.folder
    figures = compare_figures.draw(results, folder)
    for name in compare_figures.CAPTIONS:
        if f"{name}.png" not in figures:
            remove(folder / f"{name}.png")
    contents = {
        "report.html": page(results),
        "report.md": markdown(results, figures),
        "report.csv": compare_csv.table_csv(results),
        "runs.csv": compare_csv.runs_csv(results),
    }
    for name, content in contents.items():
        write_text(folder / name, content)
    return [folder / name for name in contents]


def page(results: Results) -> str:
    """The page as HTML, with its charts and the pictures that `compare_examples` has written."""
    colour = colours(results.modes)
    modes = {label(mode): colour[mode] for mode in results.modes}
    examples = results.folder / f"{compare_figures.EXAMPLES}.json"
    template = environment().get_template("report.html")
    return template.render(
        report=compare_report,
        results=results,
        modes=modes,
        charts=charts(results, list(modes)),
        class_table=class_table(results),
        class_caption=_(compare_figures.CAPTIONS["classes"]),
        examples=read_json(examples)["strips"] if examples.exists() else [],
    )


def charts(results: Results, modes: list[str]) -> dict[str, tuple[Markup, str]]:
    """The charts with their titles, by what they show."""
    charts = {}
    if results.rows(results.main):
        accuracies = compare_charts.modes_chart(results)
        charts["modes"] = modes_svg(accuracies, modes), modes_caption(accuracies)
        if cost := compare_charts.cost_chart(results):
            charts["cost"] = against_svg(cost, modes), cost.title
    if fractions := compare_charts.fractions_chart(results):
        charts["fractions"] = against_svg(fractions, modes, logarithmic=True), fractions.title
    groups = {
        mode: sound(runs) or runs for mode, runs in by_mode(results.finished(results.main)).items()
    }
    for quantity in ("acc", "loss"):
        curves = curves_chart(quantity, groups)
        charts[quantity] = curves_svg(curves, modes), curves.title
    return charts


def class_table(results: Results) -> tuple[list[str], list[list[str | Cell]]] | None:
    """The changes of classes, shaded by their size, pale where they may be chance; None where no
    log has them."""
    chart = compare_charts.classes_chart(results)
    if chart is None:
        return None
    columns = list(chart.changes.values())
    points = [abs(change.points) for of_class in columns for change in of_class if change]
    largest = max(points, default=0) or 1

    def cell(text: str, change: compare_charts.Change | None) -> str | Cell:
        if change is None:
            return text
        size = abs(change.points) / largest
        shade = 0.5 + 0.5 * size if change.shown else 0.3 * size
        return Cell(text, change.points, math.copysign(shade, change.points), change.shown)

    heads, rows = compare_report.class_table(results)
    return heads, [
        [
            row[0],
            *(cell(text, of_class[place]) for text, of_class in zip(row[1:], columns, strict=True)),
        ]
        for place, row in enumerate(rows)
    ]


def markdown(results: Results, figures: dict[str, str]) -> str:
    """The page as Markdown; `figures` are captions by file name."""
    template = environment().get_template("report.md")
    return template.render(report=compare_report, results=results, figures=figures)
