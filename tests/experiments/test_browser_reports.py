"""The pages of a comparison and a search in a browser."""

import re

import numpy as np
import pytest
from made_comparison import write_comparison
from made_search import state_of
from studio_pages import barriers

from paddle_aug.experiments import (
    compare_examples,
    compare_page,
    compare_results,
    search_page,
)
from paddle_aug.preview.preview import Cell, Section
from paddle_aug.system.files import write_json

pytestmark = pytest.mark.slow
ACCURACIES = {
    "none": [0.50, 0.51, 0.49],
    "userDef": [0.60, 0.62, 0.59],
    "hflip|rotate(20)|brightness(0.2)": [0.51, 0.50, 0.50],
}
LOOKS = [(1280, False), (1280, True), (390, False), (390, True)]


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    tenth = {"none": [0.3, 0.32], "userDef": [0.5, 0.5]}
    folder = write_comparison(tmp_path_factory.mktemp("compare"), ACCURACIES, tenth=tenth)
    cells = [Cell(np.zeros((8, 8, 3), np.uint8), "")] * 2
    strip = compare_examples.strip(Section("userDef", "", cells))
    write_json(folder / "examples.json", {"strips": [strip]})
    compare_page.write(compare_results.read(folder))
    return f"file://{folder}/report.html"


@pytest.fixture
def searched(tmp_path):
    final = {"hflip": [0.7, 0.71, 0.69], "none": [0.6, 0.61, 0.6], "userDef": [0.5, 0.6, 0.55]}
    search_page.write(state_of(final), tmp_path)
    return f"file://{tmp_path}/report.html"


@pytest.mark.parametrize("report", ["compared", "searched"])
def test_a_report_has_no_barriers_and_no_sideways_scrolling(report, request, visit, axe):
    address = request.getfixturevalue(report)
    for width, dark in LOOKS:
        page = visit(address, width=width, dark=dark)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for picture in page.locator("img").all():
            picture.scroll_into_view_if_needed()
            assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 16
        assert barriers(page, axe) == []
        first = page.locator(".chart").first
        assert first.evaluate("chart => getComputedStyle(chart).backgroundColor") == (
            "rgba(0, 0, 0, 0)"
        )


def test_a_report_answers_back(compared, visit):
    page = visit(compared)
    table = page.locator("table").first
    names = table.locator("tbody th")
    best_first = names.all_inner_texts()
    assert best_first[0].strip() == "userDef"
    button = page.get_by_role("button", name="eval (%)").first
    button.focus()
    page.keyboard.press("Enter")
    assert table.locator("[aria-sort]").get_attribute("aria-sort") == "ascending"
    assert names.all_inner_texts() == best_first[::-1]
    button.click()
    assert table.locator("[aria-sort=descending]").inner_text().startswith("eval (%)")
    assert names.all_inner_texts() == best_first

    of_mode = page.locator('svg [data-mode="1"]')
    figures = page.locator("svg.chart", has=page.locator('[data-mode="1"]'))
    assert figures.count() >= 4
    assert page.locator('td[data-mode="1"]').count() == 3  # a cell a class
    page.get_by_role("checkbox", name="userDef").uncheck()
    assert not any(mark.is_visible() for mark in of_mode.all())
    assert not page.locator('td[data-mode="1"]').first.is_visible()

    first = page.locator("svg.chart").first
    first.focus()
    page.keyboard.press("Home")
    dot = first.locator('[data-name="hflip|rotate(20)|brightness(0.2)"] circle')
    level = re.match("M0 ([0-9.]+)", first.locator(".cursor").get_attribute("d"))[1]
    assert float(level) == float(dot.get_attribute("cy"))

    chart = page.locator(
        "svg.chart", has=page.locator('[data-name="none"][data-part="eval"]')
    ).first
    values = chart.locator("+ .values")
    chart.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    said = values.inner_text()
    assert re.match(r"Epoch 2\n+.*: eval .*, train ", said)
    assert "none: eval " in said
    assert "userDef" not in said
    page.get_by_role("checkbox", name="userDef").check()
    box = chart.bounding_box()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.5 * box["height"])
    said = values.inner_text()
    assert "userDef: eval " in said
    evals = [float(value) for value in re.findall("eval ([0-9.]+)", said)]
    assert len(evals) == 3
    assert evals == sorted(evals, reverse=True)
    covered, plot = values.bounding_box(), chart.bounding_box()
    assert covered["y"] >= plot["y"] + plot["height"] - 1
    assert not said.startswith("Epoch 2\n")
    page.keyboard.press("Escape")
    assert not values.is_visible()


def test_without_scripts_a_report_is_whole_and_modes_can_be_hidden(compared, chromium):
    context = chromium.new_context(
        java_script_enabled=False, viewport={"width": 390, "height": 844}
    )
    page = context.new_page()
    page.goto(compared)
    text = page.locator("body").inner_text()
    for part in ("userDef helps on made", "Accuracy by mode", "What to run next", "Epoch"):
        assert part in text
    assert page.locator("th button").count() == 0
    assert "none, eval: 50.0 ± 1.0 % at Epoch 20" in page.locator("svg title").all_text_contents()
    page.get_by_role("checkbox", name="userDef").uncheck()
    assert not page.locator('svg [data-mode="1"]').first.is_visible()
    context.close()
