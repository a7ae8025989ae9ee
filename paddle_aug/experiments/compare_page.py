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
from paddle_aug.results.text import code, markdown_table
from paddle_aug.system.files import write_text

NBSP = "\u00a0"


def write(results: Results) -> list[Path]:
    """Write figures, report.html, report.md, report.csv and runs.csv into the comparison's folder;
    returns the files of the report."""
    folder = results.folder
    figures = compare_figures.draw(results, folder)
    contents = {
        "report.html": page(results, figures),
        "report.md": markdown(results, figures),
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
    template = templates.get_template("report.html")
    return template.render(report=compare_report, results=results, figures=embedded)


def markdown(results: Results, figures: dict[str, str]) -> str:
    """The page as Markdown; `figures` are captions by file name."""
    templates = environment()
    templates.filters["table"] = lambda table: markdown_table(
        table[0], [[code(row[0]), *row[1:]] for row in table[1]]
    )
    template = templates.get_template("report.md")
    return template.render(report=compare_report, results=results, figures=figures)


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
