"""Pages, as HTML and as Markdown, from the templates beside this file.

A page is one file that needs no other. Its template extends base.html, which has the style, the
script, a table of contents and a checkbox for each mode:

    {% extends "base.html" %}
    {% import "parts.html" as parts with context %}
    {% block title %}What is in photos{% endblock %}
    {% block lead %}<p class="answer">The answer.</p>{% endblock %}
    {% block main %}
    <h2 id="classes">Classes</h2>
    {{ parts.table((heads, rows), "Images of each class") }}
    <div class="charts">{{ parts.figure(chart, "Accuracy over the epochs.") }}</div>
    {{ parts.picture(address, 224, 224, "a cat") }}
    {% endblock %}

`write_page(file, "classes.html", modes={"none": "#cc3311"}, heads=…, rows=…, chart=…)` renders it.
An `<h2>` with an id becomes a line of the contents. `modes` are colours by name, in the order of
the checkboxes. A mode's place in it is the `place` of svg.py's series, and its `data-mode` marks
whatever its checkbox hides. Pages without modes leave `modes` out. Charts come from svg.py.
Without scripts, the page reads fully and modes can still be hidden; tables do not sort, and a
chart's values are in its tooltips.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from paddle_aug.results import language
from paddle_aug.results.labels import operations
from paddle_aug.results.text import code, markdown_table
from paddle_aug.system.files import write_text

TEMPLATES = Path(__file__).parent / "templates"
NBSP = "\u00a0"
LIGHTER = 0.4  # the share of white in a mode's colour on a dark ground


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its text, what it sorts by, a shade from -1 (worse) to 1 (better), and
    whether it is bold."""

    text: str
    value: float | str | None = None
    shade: float = 0.0
    bold: bool = False


def environment() -> Environment:
    """The environment of the templates: a missing value is an error, and HTML is escaped."""
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "code": marked_up, "headings": headings, "lighter": lighter, "path": path,
        "pipeline": pipeline, "table": markdown,
    }  # fmt: skip
    templates.globals |= {
        "_": language._,
        "language": language.tag,
        "source": source,
        "cell_attributes": cell_attributes,
    }
    return templates


def write_page(file: Path | str, template: str, **values) -> None:
    """Render a template into a file."""
    write_text(file, environment().get_template(template).render(**values))


def markdown(table: tuple[list[str], list[list[str]]], of_code: bool = True) -> str:
    """A table of heads and rows for Markdown, whose first column is words of a program."""
    heads, rows = table
    return markdown_table(heads, [[code(row[0]) if of_code else row[0], *row[1:]] for row in rows])


def source(name: str) -> Markup:
    """A style or script beside the templates, as it is."""
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))


def headings(content: Markup) -> list[tuple[str, Markup]]:
    """The ids and texts of the `<h2>`."""
    return [
        (name, Markup(text)) for name, text in re.findall(r'<h2 id="([^"]+)">(.*?)</h2>', content)
    ]


def lighter(colour: str) -> str:
    """A mode's colour on a dark ground.

    >>> lighter("#cc3311")
    '#e08570'
    """
    parts = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return "#" + "".join(f"{round(part + LIGHTER * (255 - part)):02x}" for part in parts)


def cell_attributes(cell: Cell | str, is_text: bool) -> Markup:
    """The class, sort value and shade of a cell."""
    kinds = ["text"] if is_text else []
    attributes = Markup("")
    if isinstance(cell, Cell) and cell.value is not None:
        attributes += Markup(' data-value="{}"').format(cell.value)
    if isinstance(cell, Cell) and cell.shade:
        kinds.append("up" if cell.shade > 0 else "down")
        attributes += Markup(' style="--share: {:.2f}"').format(abs(cell.shade))
    if isinstance(cell, Cell) and cell.bold:
        kinds.append("bold")
    if kinds:
        attributes += Markup(' class="{}"').format(" ".join(kinds))
    return attributes


def path(text: str) -> Markup:
    """A path, which a line may end in after a slash.

    >>> path("cats/1.jpg")
    Markup('cats/<wbr>1.jpg')
    """
    return Markup("/<wbr>").join(text.split("/"))


def pipeline(text: str) -> Markup:
    """A name, which a line may end in after an operation.

    >>> pipeline("hflip|rotate(20)")
    Markup('hflip|<wbr>rotate(20)')
    """
    return Markup("<wbr>").join(operations(text))


def marked_up(text: str) -> Markup:
    """Words between backticks as code; a number stays on the line of its margin."""
    parts = re.split("`([^`]*)`", text.replace(" ± ", f"{NBSP}±{NBSP}"))
    return Markup("").join(
        Markup("<code>{}</code>").format(pipeline(part)) if place % 2 else part
        for place, part in enumerate(parts)
    )
