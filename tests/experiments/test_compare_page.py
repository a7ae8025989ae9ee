"""The report as files: what is in them, that they need nothing else, and how a browser takes it."""

import json
import math
import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from in_process import run_tool
from made_comparison import change_state, write_comparison
from made_data import write_dataset
from page_reader import Reader
from PIL import Image

from paddle_aug.config import TrainConfig
from paddle_aug.experiments import (
    compare_charts,
    compare_examples,
    compare_figures,
    compare_page,
    compare_report,
    compare_results,
)
from paddle_aug.inputs import open_data
from paddle_aug.preview.preview import Cell, Section
from paddle_aug.system.files import read_json, write_json

ACCURACIES = {
    "none": [0.50, 0.51, 0.49],
    "userDef": [0.60, 0.62, 0.59],
    "allab": [0.40, 0.41, 0.43],
    "hflip|rotate(20)": [0.51, 0.50, 0.50],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    tenth = {"none": [0.3, 0.32], "userDef": [0.5, 0.5]}
    folder = write_comparison(tmp_path_factory.mktemp("logs") / "compare", ACCURACIES, tenth=tenth)
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(folder / "examples.png")
    cells = [Cell(np.zeros((8, 8, 3), np.uint8), "")] * 2
    strip = compare_examples.strip(Section("userDef", "", cells))
    write_json(folder / "examples.json", {"strips": [strip]})
    compare_page.write(compare_results.read(folder))
    return folder


def test_the_report_is_a_page_markdown_and_two_tables(folder):
    for name in ("report.html", "report.md", "report.csv", "runs.csv"):
        assert (folder / name).stat().st_size > 100
    text = (folder / "report.md").read_text()
    assert text.split("\n\n")[1] == compare_report.answer(compare_results.read(folder))
    assert re.findall(r"\]\((.*?\.png)\)", text) == [
        "modes.png", "accuracy_all.png", "loss_all.png", "cost.png", "fractions.png", "classes.png",
        "examples.png",
    ]  # fmt: skip


def test_the_page_needs_no_network_and_no_other_file(folder):
    text = (folder / "report.html").read_text()
    page = Reader(text)
    assert {address for address in page.addresses if not address.startswith("#")} == {
        page.images[0]["src"]
    }
    assert [picture.shape for picture in page.pictures()] == [(8, 16, 3)]
    assert page.images[0]["alt"] == "training images under userDef"
    assert not {"link", "iframe"} & page.texts.keys()
    assert not re.search(r"https?://(?!www.w3.org/2000/svg)|@import|url\(", text)


def test_the_page_has_the_values_of_all_charts_and_a_line_of_contents_for_each_part(folder):
    page = Reader((folder / "report.html").read_text())
    assert {address[1:] for address in page.addresses if address[0] == "#"} == set(page.ids("h2"))
    titles = [chart["aria-label"].split(". ")[0] for chart in page.found("svg")]
    values = [chart["aria-label"] for chart in page.found("svg")]
    assert titles[0] == "made · lenet · 3 seeds, mean of the last 5 epochs with 95 % interval"
    assert "userDef: 60.3 ± 3.8 %; " in values[0]
    assert "none: 50.0 ± 2.5 % at Training images 80" in values[1]
    curves = {
        json.loads(marks["data-values"])[0]
        for marks in page.found("g")
        if (marks.get("data-name"), marks.get("data-part")) == ("none", "eval")
    }
    assert curves == {"30.0 ± 0.0 %", "1.200 ± 0.000"}


def test_plot_draws_the_figures_of_the_markdown_and_prints_its_answer(
    folder, tmp_path, monkeypatch, capsys
):
    page = Reader((folder / "report.html").read_text())
    assert run_tool("plot.py", folder, "--output", tmp_path, monkeypatch=monkeypatch) == 0
    drawn = {file.name: file.read_bytes() for file in tmp_path.glob("*.png")}
    shown = re.findall(r"\]\((.*?\.png)\)", (folder / "report.md").read_text())
    assert {*drawn, "examples.png"} == set(shown)
    assert all((folder / name).read_bytes() == content for name, content in drawn.items())
    answer = compare_report.answer(compare_results.read(folder))
    assert answer in capsys.readouterr().out
    assert page.texts["p"][0].replace("\u00a0", " ") == answer.replace("`", "")


def test_names_that_look_like_html_or_formulas_do_no_harm(tmp_path):
    folder = write_comparison(tmp_path, {"none": [0.5, 0.6], "hflip": [0.6, 0.65]})
    data = compare_results.read(folder).state["data"]
    names = ["<b>a</b>", "$x$ 玫瑰", "c" * 60]
    change_state(folder, data=data | {"class_names": names, "name": "<script>alert(1)</script>"})
    compare_page.write(compare_results.read(folder))
    page = Reader((folder / "report.html").read_text(encoding="utf-8"))
    assert page.texts["h1"] == ["Which augmentation helps on <script>alert(1)</script>?"]
    assert len(page.texts["script"]) == 1
    assert {"<b>a</b>", "$x$ 玫瑰"} <= {text.strip() for text in page.texts["th"]}


def test_many_classes_leave_the_figure_readable(tmp_path, monkeypatch):
    folder = write_comparison(tmp_path, {"none": [0.5, 0.6], "hflip": [0.6, 0.65]})
    results = compare_results.read(folder)
    many = {"hflip": (results.class_changes()["hflip"] * 40)[:100]}
    results.state["data"]["class_names"] = [f"class {number}" for number in range(100)]
    monkeypatch.setattr(compare_results.Results, "class_changes", lambda self: many)
    figure = compare_figures.classes_figure(compare_charts.classes_chart(results))
    assert len(figure.axes[0].get_yticks()) == compare_figures.MAX_CLASSES


MIXES = ("mixup", "cutmix", "samplePairing", "resizemix")
MILD = "random_resized_crop(area=(0.5, 1))|hflip"


@pytest.mark.parametrize(
    "modes",
    [
        ["userDef", "imgaugLib", MILD],
        ["userDef", "imgaugLib", "allab", "allba", MILD],
        [f"{mode}+{mix}" for mode in ("userDef", "allab") for mix in MIXES],
    ],
)
def test_the_heads_of_the_classes_columns_do_not_overlap(modes, folder):
    results = compare_results.read(folder)
    chart = compare_charts.classes_chart(results)
    changes = dict.fromkeys(modes, chart.changes["userDef"])
    figure = compare_figures.classes_figure(replace(chart, changes=changes))
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].get_xticklabels()]
    for one, other in pairwise(boxes):
        assert one.x1 <= other.x0


def test_charts_hold_the_numbers_of_the_report(folder):
    results = compare_results.read(folder)
    chart = compare_charts.modes_chart(results)
    assert [row.mode for row in chart.rows] == ["userDef", "hflip|rotate(20)", "none", "allab"]
    best = chart.rows[0]
    assert best.values == pytest.approx([60, 62, 59])
    assert f"{best.mean:.1f} ± {best.margin:.1f}" == str(results.rows(1.0)[0].accuracy)
    assert chart.chance == pytest.approx(100 / 3)
    assert chart.title == "made · lenet · 3 seeds, mean of the last 5 epochs with 95 % interval"
    fractions = compare_charts.fractions_chart(results)
    (few, two), (many, three) = fractions.points["none"]
    assert (few, many) == (8, 80)
    assert (two.margin, two.mean, three.mean) == (None, pytest.approx(31), pytest.approx(50))
    classes = compare_charts.classes_chart(results)
    changes = results.class_changes()["userDef"]
    assert [change.points for change in classes.changes["userDef"]] == pytest.approx(
        [100 * changes[label].mean for label in classes.labels]
    )


def test_a_figure_that_no_longer_belongs_to_the_report_is_removed(tmp_path):
    folder = write_comparison(tmp_path, {"none": [0.5, 0.6], "userDef": [0.6, 0.65]})
    for name in ("cost.png", "accuracy_all.png", "mine.png"):
        (folder / name).write_bytes(b"of an earlier session")
    results = compare_results.read(folder)
    for epoch in results.runs[1.0]["userDef"][0].run["epochs"][:8]:
        epoch["seconds"] = 3.0
    compare_page.write(results)
    drawn = {file.name for file in folder.glob("*.png")}
    assert drawn == {"modes.png", "accuracy.png", "loss.png", "classes.png", "mine.png"}


def test_where_all_runs_on_all_parts_of_the_list_diverged_the_report_says_so(tmp_path):
    lost = {"none": [math.nan, math.nan], "hflip": [math.nan, math.nan]}
    compare_page.write(compare_results.read(write_comparison(tmp_path, lost, tenth=lost)))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<code>hflip</code> on 10 % diverged with 2 of 2 seeds" in text
    assert not (tmp_path / "fractions.png").exists()


def test_changes_of_classes_that_may_be_chance_are_paler_than_all_others(folder):
    results = compare_results.read(folder)
    _heads, rows = compare_page.class_table(results)
    cells = [cell for row in rows for cell in row[1:]]
    shown = [abs(cell.shade) for cell in cells if cell.bold]
    others = [abs(cell.shade) for cell in cells if not cell.bold]
    assert min(shown) > max(others)
    chart = compare_charts.classes_chart(results)
    changes = [change for of_class in chart.changes.values() for change in of_class]
    assert len(shown) == sum(change.shown for change in changes)


def test_a_caption_says_what_is_drawn_below_three_runs(tmp_path):
    captions = []
    for second in ([0.6, 0.65], [0.6, 0.65, 0.62]):
        folder = tmp_path / str(len(second))
        write_comparison(folder, {"none": [0.5, 0.6, 0.55], "hflip": second})
        results = compare_results.read(folder)
        captions.append(compare_page.charts(results, ["none", "hflip"])["modes"][1])
    assert captions[0].endswith(". A tick is a run; below three runs, only these are drawn.")
    assert captions[1].endswith(". A tick is a run.")


def test_cost_is_left_out_where_epochs_of_a_mode_took_unlike_times(tmp_path):
    folder = write_comparison(tmp_path, {"none": [0.5, 0.6], "hflip": [0.6, 0.65]})
    results = compare_results.read(folder)
    chart = compare_charts.cost_chart(results)
    assert {mode: x for mode, [(x, _)] in chart.points.items()} == {"none": 2.0, "hflip": 2.0}
    for epoch in results.runs[1.0]["hflip"][0].run["epochs"][:8]:
        epoch["seconds"] = 3.0
    assert compare_charts.cost_chart(results) is None
    text = compare_page.markdown(results, {})
    assert "- cost: Epochs of one mode took unequally long" in text
    assert "## Cost" not in text
    assert "cost" not in Reader(compare_page.page(results)).ids("h2")
    assert "images/s" not in text + compare_page.page(results)


def test_pictures_of_the_page_are_no_larger_than_it_has_room_for():
    cells = [Cell(np.full((224, 224, 3), shade, np.uint8), "") for shade in (10, 200)]
    strip = compare_examples.strip(Section("userDef", "", cells))
    assert (strip["width"], strip["height"]) == (320, 160)
    assert strip["address"].startswith("data:image/jpeg;base64,")


def test_modes_that_mix_have_pictures_with_a_balanced_sampler(tmp_path):
    folder = write_dataset(tmp_path / "data")
    lines = (folder / "Train.txt").read_text().splitlines(keepends=True)
    (folder / "Train.txt").write_text("".join(lines[:17]))  # the third class has one
    config = TrainConfig(data=str(folder), image_size=28, sampler="balanced")
    data = open_data(config, select_part=False)
    compare_examples.write(config, ["none", "hflip+mixup"], data, tmp_path)
    strips = read_json(tmp_path / f"{compare_figures.EXAMPLES}.json")["strips"]
    assert [strip["mode"] for strip in strips] == ["none", "hflip+mixup"]


def test_pictures_of_several_sizes_stand_side_by_side():
    shapes = (100, 150, 3), (150, 100, 3), (300, 200, 3)  # as --no-stretch leaves images
    cells = [Cell(np.zeros(shape, np.uint8), "") for shape in shapes]
    strip = compare_examples.strip(Section("none", "", cells))
    assert (strip["width"], strip["height"]) == (150 + 67 + 67, 100)
