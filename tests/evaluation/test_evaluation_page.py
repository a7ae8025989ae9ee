"""The page of an evaluation: its numbers, its matrix and its worst images, in one small file."""

from dataclasses import replace

import numpy as np
import pytest
from english_left import english_left
from matplotlib.text import Text
from page_reader import Reader
from studio_pages import barriers

from paddle_aug.data.dataset import open_dataset
from paddle_aug.evaluation import evaluate, page
from paddle_aug.evaluation.evaluate import Evaluation, Heatmaps
from paddle_aug.results import language
from paddle_aug.rng import generator


def evaluation_of(photos, part="eval"):
    data = open_dataset(photos)
    samples = getattr(data, part)
    odds = generator(1, "drawing").random((len(samples), 3))
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    return Evaluation(data.class_names, samples, probabilities, part)


def words(text):
    return " ".join(text.split())


@pytest.fixture
def file(photos, tmp_path):
    next_step = "This goes on:", "compare --data 'my photos'"
    page.write(
        evaluation_of(photos), tmp_path / "a.html", "noAug_last", "photos", 4, next_step=next_step
    )
    return tmp_path / "a.html"


def test_the_page_has_the_numbers_of_the_evaluation(file, photos):
    text = file.read_text(encoding="utf-8")
    reader = Reader(text)
    evaluation = evaluation_of(photos)
    assert reader.texts["h1"] == ["How good the network is on photos"]
    right = f"{100 * evaluation.measures.accuracy:.1f} % right"
    assert reader.texts["p"][0] == f"{right}; guessing gives 33.3 %."
    assert reader.texts["p"][1] == "noAug_last on the eval images of photos"
    assert reader.texts["dt"] == evaluate.text(evaluation).splitlines()[:2]
    assert "should be right 8 times in 10" in reader.texts["dd"][1]
    assert reader.texts["pre"] == ["compare --data 'my photos'"]
    rows = [words(row) for row in reader.texts["tr"]]
    for row in evaluate.class_table(evaluation):
        assert " ".join(map(evaluate.cell, row.values())) in rows
    counts = evaluation.measures.confusion
    for name, row in zip(evaluation.class_names, counts.tolist(), strict=True):
        assert words(f"{name} {' '.join(str(n) for n in row if n)}") in rows
    assert "class0 taken for class1" in text
    mistakes = evaluation.mistakes(4)
    assert [image["alt"] for image in reader.images] == [one.sample.path for one in mistakes]
    for one, shown in zip(mistakes, reader.texts["li"][-4:], strict=True):
        verdict = f"class{one.sample.label}, taken for class{one.predicted}"
        sure = f"({100 * one.probability:.0f} % sure)"
        assert words(shown) == f"{verdict} {sure} {one.sample.path}"
    assert all(address.startswith(("data:image/", "#")) for address in reader.addresses)
    assert not {"link", "iframe"} & reader.texts.keys()


def test_training_images_are_shown_as_labels_that_may_be_wrong_with_heat_maps(photos, tmp_path):
    evaluation = evaluation_of(photos, "train")
    maps = Heatmaps(np.zeros((16, 16, 3), np.uint8), {0: np.ones((2, 2), np.float32)})
    page.write(evaluation, tmp_path / "a.html", "w", "photos", 3, [maps] * 3)
    reader = Reader((tmp_path / "a.html").read_text(encoding="utf-8"))
    assert "Labels that may be wrong" in reader.texts["h2"]
    hardest = [one.sample.path for one in evaluation.hardest(3)]
    assert [image["alt"] for image in reader.images[::2]] == hardest
    assert reader.images[1]["alt"] == f"where the network sees class0 in {hardest[0]}"
    assert reader.texts["figcaption"] == ["photo", "why class0"] * 3
    assert "pre" not in reader.texts


def test_images_without_room_are_counted_and_a_large_matrix_is_left_to_its_file(
    photos, tmp_path, monkeypatch
):
    monkeypatch.setattr(page, "MAX_BYTES", 20_000)
    monkeypatch.setattr(page, "MAX_CLASSES", 2)
    page.write(evaluation_of(photos), tmp_path / "a.html", "w", "photos", 8)
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    shown = len(Reader(text).images)
    left_out = len(evaluation_of(photos).mistakes(8)) - shown
    assert 0 < left_out < 8
    assert f"{left_out} more left out, as a page has at most 3 MB" in text
    assert "confusion.png and confusion.csv" in text


@pytest.mark.parametrize("part", ["eval", "train"])
def test_no_english_is_left_in_chinese_evaluations(photos, tmp_path, monkeypatch, part):
    evaluation = replace(evaluation_of(photos, part), class_names=["猫", "狗", "鸟"])
    labels = [{worst.predicted: 1, worst.sample.label: 2} for worst in evaluation.worst(3)]
    image, heat = np.zeros((16, 16, 3), np.uint8), np.ones((2, 2), np.float32)
    seen = [Heatmaps(image, dict.fromkeys(of, heat)) for of in labels]
    montages = []
    monkeypatch.setattr(evaluate.preview_figure, "draw", lambda *drawn: montages.append(drawn))
    with language.used("zh"):
        for most in (30, 2):  # classes of a matrix on the page
            monkeypatch.setattr(page, "MAX_CLASSES", most)
            page.write(evaluation, tmp_path / "a.html", "权重", "photos", 3, seen)
            assert english_left((tmp_path / "a.html").read_text(encoding="utf-8")) == set()
        assert english_left(evaluate.text(evaluation)) == set()
        figures = [
            evaluate.confusion_figure(evaluation),
            evaluate.reliability_figure(evaluation.measures, evaluation.title),
        ]
        evaluate.draw_worst(evaluation, 3, tmp_path)
        evaluate.draw_heatmaps(evaluation, seen, tmp_path)
    words = [text.get_text() for figure in figures for text in figure.findobj(Text)]
    for sections, _, _, title in montages:
        cells = [cell for section in sections for cell in section.cells]
        words += [title, *(word for cell in cells for word in (cell.title, cell.caption))]
    assert english_left("\n".join(words)) == set()
    assert len(montages) == 2


@pytest.mark.slow
def test_the_page_has_no_barriers_and_its_classes_sort(file, visit, axe):
    for width, dark in ((1280, False), (1280, True), (390, False), (390, True)):
        opened = visit(f"file://{file}", width=width, dark=dark)
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        assert barriers(opened, axe) == []
    button = opened.get_by_role("button", name="accuracy (%)")
    button.focus()
    opened.keyboard.press("Enter")
    cells = opened.locator("table.sorts").first.locator("tbody td:nth-child(3)").all_inner_texts()
    assert cells == sorted(cells, key=float)
