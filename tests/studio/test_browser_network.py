"""The Network tab in a browser: an image, draws under sliders, the evaluation, no barriers."""

import re

import pytest
from made_data import write_dataset
from studio_pages import ON_ALL_SCREENS, barriers, wait
from trained import train_tiny

from paddle_aug.studio.state import Options

pytestmark = pytest.mark.slow
HASH = "tab=network&x.spec=hflip%7Crotate%2830%29%7Cnoise%2810%29"


@pytest.fixture(scope="module")
def run(tmp_path_factory, photos):
    """The folder of a run, and its weights."""
    folder = tmp_path_factory.mktemp("run")
    return folder, train_tiny(photos, folder)


@pytest.fixture
def opened(started, visit, run, photos):
    """Opens the tab on the weights of the run."""

    def go(**how):
        options = Options(given={"data": str(photos)}, weights=run[1], logs=run[0] / "logs")
        return visit(started(options), hash=HASH, **how)

    return go


def sees(page, selector):
    return page.locator(selector).all_inner_texts()


def test_a_photo_is_predicted_and_a_class_shows_its_heat_map(opened):
    page = opened()
    first = sees(page, ".n-class")
    assert len(first) == 3
    assert sum("right" in text for text in first) == 1
    page.locator(".n-thumb").nth(1).click()
    wait(page)
    assert page.locator(".n-thumb[aria-pressed=true]").count() == 1
    assert page.locator(".n-thumb").nth(1).get_attribute("aria-pressed") == "true"
    heat = page.locator(".n-over").get_attribute("src")
    page.locator(".n-class").nth(2).click()
    wait(page)
    assert page.locator(".n-over").get_attribute("src") != heat
    page.get_by_label("Opacity of the heat map").fill("0")
    assert page.locator(".n-over").evaluate("image => image.style.opacity") == "0"


def test_an_upload_is_predicted_and_draws_are_of_the_class_that_is_chosen(opened, photos):
    page = opened()
    file = next((photos / "Images").rglob("eval_*.png"))
    page.locator(".n-choice input[type=file]").set_input_files(file)
    page.wait_for_selector(f"text={file.name}")
    wait(page)
    assert not any("right" in text for text in sees(page, ".n-class"))
    assert page.locator(".n-draw").count() == 12
    page.get_by_label("right class").select_option("2")
    wait(page)
    assert "class2" in page.locator(".n-curve h3").inner_text()
    page.click("#language")
    page.wait_for_selector(f"text={file.name}")
    wait(page)
    assert "class2" in page.locator(".n-curve h3").inner_text()
    page.locator(".n-choice input[type=file]").set_input_files(__file__)
    page.wait_for_selector(".toast")
    assert "not a readable image" in page.locator(".toast").inner_text()


def test_the_slider_that_moves_has_the_curve_and_the_text_is_that_of_explore(opened):
    page = opened()
    assert page.locator(".n-curve h3").inner_text().endswith("rotate degrees")
    slider = page.get_by_label("noise max_sigma", exact=True)
    for _ in range(12):
        slider.press("ArrowRight")
    wait(page)
    text = page.locator("#n-spec").input_value()
    assert re.fullmatch(r"hflip\|rotate\(30\)\|noise\((\d+)\)", text)
    assert page.locator(".n-curve h3").inner_text().endswith("noise max_sigma")
    assert page.locator(".n-curve circle").count() == 9
    assert page.locator(".n-curve .n-now").count() == 1
    shown = sees(page, ".n-draw")
    page.reload()
    wait(page)
    assert sees(page, ".n-draw") == shown, "the last wish is shown"
    page.click("#tab-explore")
    wait(page)
    area = page.get_by_label("Augmentation", exact=True)
    assert area.input_value() == text
    area.fill("vflip(1.0)")
    wait(page)
    page.click("#tab-network")
    wait(page)
    assert page.locator("#n-spec").input_value() == "vflip(1.0)"
    assert "vflip yes" in sees(page, ".n-draw")[1]


def test_a_text_that_cannot_be_read_leaves_the_draws_and_says_why(opened):
    page = opened()
    page.fill("#n-spec", "rotat(20)")
    wait(page)
    assert "did you mean 'rotate'" in page.locator(".n-text [role=alert]").inner_text()
    assert page.locator(".n-draw").count() == 12
    page.fill("#n-spec", "userDef+mixup")
    wait(page)
    assert page.locator(".n-text [role=alert]").inner_text() == ""
    assert "left out" in page.locator(".n-text").inner_text()
    assert page.locator(".n-text .step").count() == 0


@ON_ALL_SCREENS
def test_an_evaluation_is_shown_in_both_languages_without_barriers(
    opened, axe, width, dark, language
):
    page = opened(width=width, dark=dark, language=language)
    page.click(".n-evaluate")
    page.wait_for_selector(".n-accuracy")
    wait(page)
    assert barriers(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.locator(".n-mistake").first.click()
    wait(page)
    assert page.locator(".n-dialog img").count() == 2
    assert barriers(page, axe) == []
    page.keyboard.press("Escape")
    page.wait_for_selector(".n-dialog", state="detached")
    page.click("#language")
    wait(page)
    heading = page.locator(".n-evaluation h2").inner_text()
    assert heading == {"en": "验证集", "zh": "The evaluation list"}[language]
    page.wait_for_selector(".n-accuracy")


@ON_ALL_SCREENS
def test_without_weights_a_run_is_chosen(started, visit, run, photos, axe, width, dark, language):
    address = started(Options(given={"data": str(photos)}, logs=run[0] / "logs"))
    page = visit(address, hash=HASH, width=width, dark=dark, language=language)
    assert barriers(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.click(".n-choose button")
    page.wait_for_selector(".n-draw")
    wait(page)
    assert page.locator(".n-class").count() == 3


def test_weights_of_other_classes_and_broken_ones_are_told(started, visit, run, tmp_path):
    folder = write_dataset(tmp_path / "other")
    (folder / "labels.txt").write_text("0 cat\n1 dog\n2 owl\n")
    page = visit(started(Options(given={"data": str(folder)}, weights=run[1])), hash=HASH)
    assert "has other classes than the weights" in page.locator(".n-choice").inner_text()
    assert "has other classes than the weights" in page.locator(".n-evaluation").inner_text()
    broken = tmp_path / "broken.pdparams"
    broken.write_bytes(b"no weights")
    page = visit(started(Options(given={"data": str(folder)}, weights=broken)), hash=HASH)
    assert "is damaged" in page.locator(".n-start").inner_text()
