"""The files of a comparison's report: a page that needs no network, and the same as Markdown and
CSV."""

import base64
import re
from pathlib import Path

from markupsafe import Markup, escape
from PIL import Image

from paddle_aug.experiments import compare_figures, compare_report
from paddle_aug.experiments.compare_results import Results
from paddle_aug.results.html import environment
from paddle_aug.system.files import write_text

NBSP = "\u00a0"


def write(results: Results) -> list[Path]:
    """Write figures, report.html, report.md, report.csv and runs.csv into the comparison's folder;
    returns the files of the report."""
    folder = results.folder
    figures = compare_figures.draw(results, folder)
    contents = {
        "report.html": page(results, figures),
        "report.md": compare_report.markdown(results, figures),
        "report.csv": compare_report.table_csv(results),
        "runs.csv": compare_report.runs_csv(results),
    }
    for name, content in contents.items():
        write_text(folder / name, content)
    return [folder / name for name in contents]


def page(results: Results, figures: dict[str, str]) -> str:
    """The page as HTML, which embeds the figures; `figures` are captions by file name."""
    templates = environment()
    templates.filters["code"] = marked_up
    embedded = {Path(name).stem: figure(results.folder / name, figures[name]) for name in figures}
    return templates.get_template("report.html").render(
        title=compare_report.title(results),
        answer=compare_report.answer(results),
        method=compare_report.method(results),
        left_out=compare_report.left_out(results),
        accuracies=compare_report.accuracy_table(results, results.main),
        parts=[
            (
                compare_report.fraction_title(results, fraction),
                compare_report.accuracy_table(results, fraction),
            )
            for fraction in results.runs
            if fraction != results.main
        ],
        curves=[name for name in embedded if name.startswith(("accuracy", "loss"))],
        costs=compare_report.cost_table(results),
        cost_text=compare_report.cost_text(results),
        class_text=compare_report.class_text(results),
        classes=compare_report.class_table(results),
        command=results.state["command"],
        facts=compare_report.facts(results),
        figures=embedded,
    )


def figure(file: Path, caption: str) -> dict:
    """A PNG for the template; its address contains the whole file."""
    with Image.open(file) as image:
        width, height = image.size
    content = base64.b64encode(file.read_bytes()).decode()
    return {
        "address": f"data:image/png;base64,{content}",
        "width": width,
        "height": height,
        "caption": caption,
    }


def marked_up(text: str) -> Markup:
    """Words between backticks as code; a number stays on the line of its margin."""
    text = text.replace(" ± ", f"{NBSP}±{NBSP}")
    return Markup(re.sub("`([^`]*)`", r"<code>\1</code>", str(escape(text))))
