"""Charts of our pages: where values are drawn, and that they are there to be read."""

import json
import math
import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from paddle_aug.results.svg import Axis, Row, Series, dots, lines, number, ticks

SVG = "{http://www.w3.org/2000/svg}"


def parsed(chart):
    return ElementTree.fromstring(
        str(chart).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ')
    )


def marks(chart):
    return list(parsed(chart).iter(f"{SVG}g"))


def numbers(path):
    return [float(value) for value in re.findall(r"-?[\d.]+", path)]


def test_a_line_rises_from_left_to_right_within_its_band_and_stops_at_gaps():
    points = [(1, 10.0, 2.0), (2, 30.0, 2.0), (3, math.nan, None), (4, 40.0, None), (5, 50.0, None)]
    chart = lines(
        "Title", [Series("a", 3, points)], Axis("Epoch", whole=True), Axis("%", unit=" %")
    )
    [drawn] = marks(chart)
    assert drawn.get("data-mode") == "3"
    paths = {}
    for path in drawn.iter(f"{SVG}path"):
        paths.setdefault(path.get("class").strip(), []).append(numbers(path.get("d")))
    (x1, y1, x2, y2), (x4, _, x5, y5) = paths["line"]
    assert x1 < x2 < x4 < x5
    assert y1 > y2 > y5  # up is less
    [(_, upper, _, _, _, _, _, lower)] = paths["band"]
    assert upper < y1 < lower
    assert json.loads(drawn.get("data-values")) == [
        "10.0 ± 2.0 %", "30.0 ± 2.0 %", None, "40.0 %", "50.0 %",
    ]  # fmt: skip
    stops = json.loads(parsed(chart).get("data-stops"))
    assert [name for _, name in stops] == [f"Epoch {epoch}" for epoch in (1, 2, 3, 4, 5)]
    assert [place for place, _ in stops] == pytest.approx([x1, x2, (x1 + x5) / 2, x4, x5], abs=0.1)


def test_each_chart_tells_its_values_without_scripts():
    rows = [Row("cat", 0, 71.25, 0.8, values=[70.9, 71.6]), Row("dog", 1, -3, note="(few)")]
    chart = dots("Title", rows, Axis("Points"))
    assert parsed(chart).get("aria-label") == "Title. cat: 71.2 ± 0.8; dog: −3.0"
    titles = [title.text for title in parsed(chart).iter(f"{SVG}title")]
    assert titles == ["cat: 71.2 ± 0.8", "dog: −3.0"]
    assert "(few)" in chart


def test_two_values_without_an_interval_are_drawn_in_the_place_of_their_mean():
    rows = [
        Row("two", 0, 3.0, values=[2.0, 4.0]),
        Row("three", 1, 3.0, 1.0, values=[2.0, 3.0, 4.0]),
    ]
    two, three = marks(dots("Title", rows, Axis("Points")))
    ticks_and_dots = [
        [len([*drawn.iter(f"{SVG}path")]), len([*drawn.iter(f"{SVG}circle")])]
        for drawn in (two, three)
    ]
    assert ticks_and_dots == [[2, 0], [4, 1]]


def test_names_of_rows_are_level_with_their_dots_and_left_of_the_axis():
    names = [
        "none",
        "hflip|rotate(20)|brightness(0.3)|cutout",
        "someof(1, 2, noise(25), cutout(16))",
    ]
    rows = [Row(name, 0, 60 + 6 * place, 2.0, note="(few)") for place, name in enumerate(names)]
    chart = parsed(dots("T", rows, Axis("%", guide=(50, "guessing"))))
    texts = [text for text in chart.iter(f"{SVG}text") if text.get("class") == "name"]
    circles = list(chart.iter(f"{SVG}circle"))
    stops = [place for place, _ in json.loads(chart.get("data-stops"))]
    assert [float(dot.get("cy")) for dot in circles] == pytest.approx(stops, abs=0.1)
    for text, dot in zip(texts, circles, strict=True):
        heights = [float(line.get("y")) for line in text if line.get("y")]
        assert (heights[0] + heights[-1]) / 2 - 4.5 == pytest.approx(float(dot.get("cy")), abs=0.1)
        assert text.get("text-anchor") == "end"
        assert float(text.get("x")) < min(float(other.get("cx")) for other in circles)
    assert ["".join(text.itertext()) for text in texts[:1]] == ["none (few)"]
    assert "".join(texts[1].itertext()) == f"{names[1]} (few)"
    axis = [text for text in chart.iter(f"{SVG}text") if text.get("class") is None]
    numbers_below = [text for text in axis if text.text.isdigit()]
    assert [text.text for text in numbers_below] == ["50", "55", "60", "65", "70", "75"]
    [guide] = [text for text in axis if text.text == "guessing"]
    assert float(guide.get("y")) < float(texts[0].get("y")) - 10


def test_lines_at_the_same_place_are_shifted_and_one_longer_name_has_two_lines():
    points = [(1, 5.0, 2.0), (2, 6.0, 2.0)]
    long = "hflip|rotate(20)|brightness(0.3)|cutout"
    series = [
        Series(name, place, points, "joined", name, shift=6.0 * place)
        for place, name in enumerate(("none", long))
    ]
    chart = lines("T", series, Axis("x"), Axis("y"))
    one, other = (
        [float(dot.get("cx")) for dot in drawn.iter(f"{SVG}circle")] for drawn in marks(chart)
    )
    assert [b - a for a, b in zip(one, other, strict=True)] == pytest.approx([6, 6], abs=0.1)
    labels = [text for text in parsed(chart).iter(f"{SVG}text") if text.get("class")]
    said = {"".join(text.itertext()): float(text.get("x")) for text in labels}
    assert [*said] == ["none", "hflip|rotate(20)|brightness(0.3)|…"]
    assert min(said.values()) > max(other)


def test_a_logarithmic_axis_has_equal_steps():
    sizes = Axis("Images", log=True, ticks=[10, 100, 1000])
    chart = lines(
        "T", [Series("a", 0, [(x, 1.0, None) for x in (10, 100, 1000)])], sizes, Axis("y")
    )
    low, middle, high = (place for place, _ in json.loads(parsed(chart).get("data-stops")))
    assert middle - low == pytest.approx(high - middle, abs=0.2)


def test_labels_of_lines_that_end_at_the_top_stay_within_the_chart_and_apart():
    series = [Series(name, 0, [(1, 1.0, None), (2, 9.0, None)], label=name) for name in "abcde"]
    chart = lines("T", series, Axis("x"), Axis("y"))
    heights = sorted(
        float(text.get("y")) for text in parsed(chart).iter(f"{SVG}text") if text.get("class")
    )
    assert heights[0] >= 10
    assert min(b - a for a, b in pairwise(heights)) >= 12


@pytest.mark.parametrize("values", [[], [3.0], [2.0, 2.0], [math.nan]])
def test_charts_of_few_or_equal_values_are_drawn(values):
    points = [(float(place), value, None) for place, value in enumerate(values)]
    chart = lines(
        "T", [Series("a", 0, points, label="a")], Axis("x"), Axis("y", guide=(1.0, "chance"))
    )
    assert "nan" not in re.sub("aria-label=.*?>", "", chart)
    assert len(marks(chart)) == 1


@pytest.mark.parametrize("span", [(0.1234, 0.1239), (-7, 13), (0, 12345)])
def test_ticks_are_few_and_within_their_span(span):
    found = ticks(*span, 5)
    assert 2 <= len(found) <= 8
    assert span[0] - 1e-9 <= found[0]
    assert found[-1] <= span[1] + 1e-9


def test_names_are_escaped_and_minus_is_as_wide_as_plus():
    chart = dots("<T>", [Row('<b>"x"', 0, 1.0)], Axis("&"))
    assert parsed(chart).get("aria-label") == '<T>. <b>"x": 1.0'
    assert number(-1234.56, 1) == "−1,234.6"
