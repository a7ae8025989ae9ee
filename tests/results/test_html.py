"""The kit of our pages: contents, modes, tables and pictures."""

import pytest
from jinja2 import DictLoader, UndefinedError
from page_reader import Reader

from paddle_aug.results.html import Cell, environment, lighter

TEMPLATE = """{% extends "base.html" %}{% import "parts.html" as parts with context %}
{% block title %}What {{ name }}?{% endblock %}
{% block main %}
<h2 id="one">One &amp; all</h2>
{{ parts.table((heads, [["userDef", "1", cell], ["x", "2", "–"]]), "Say it", modes) }}
{{ parts.picture("data:,", 4, 3, "a cat", small=true) }}
{% endblock %}"""
MODES = {"none": "#cc3311", "userDef": "#009e73"}


def page(**values):
    templates = environment()
    own = templates.loader
    templates.loader = DictLoader({"made.html": TEMPLATE})
    parts = {name: own.get_source(templates, name)[0] for name in ("base.html", "parts.html")}
    templates.loader.mapping |= parts
    heads = ["mode", "<p>", "userDef"]
    return templates.get_template("made.html").render(heads=heads, **values)


def test_a_page_has_contents_checkboxes_and_tables_from_its_template():
    text = page(name="<a>", modes=MODES, cell=Cell("+3.0", 3.01, 0.5))
    read = Reader(text)
    assert read.texts["title"] == ["What <a>?"]
    assert read.texts["h1"] == ["What <a>?"]
    assert [label.strip() for label in read.texts["label"]] == ["none", "userDef"]
    assert [box["id"] for box in read.found("input")] == ["mode-0", "mode-1"]
    assert read.found("table") == [{"class": "sorts"}]
    assert [head.strip() for head in read.texts["th"]] == ["mode", "<p>", "userDef", "userDef", "x"]
    shaded = {"data-value": "3.01", "style": "--share: 0.50", "class": "up", "data-mode": "1"}
    assert read.found("td")[1] == shaded
    assert read.found("img") == [
        {"src": "data:,", "width": "4", "height": "3", "alt": "a cat", "loading": "lazy",
         "decoding": "async", "class": "small"}
    ]  # fmt: skip
    assert 'body:has(#mode-1:not(:checked)) main [data-mode="1"] { display: none }' in text
    assert "--mode-0: #cc3311; --mode-1: #009e73 }" in text
    assert f"--mode-0: {lighter('#cc3311')}; " in text


def test_a_page_of_no_modes_has_no_checkboxes_and_a_missing_value_is_an_error():
    assert "input" not in Reader(page(name="a", modes={}, cell="")).texts
    with pytest.raises(UndefinedError, match="'cell' is undefined"):
        page(name="a", modes={})
