"""The Data tab in a browser."""

import pytest
from made_data import write_dataset
from spoiled import SPOILED
from studio_pages import ON_ALL_SCREENS, barriers, wait

from paddle_aug.studio.state import Options

pytestmark = pytest.mark.slow
WORDS = {"en": ("Findings", "Classes and balance"), "zh": ("检查结果", "类别与均衡")}


def checked(page):
    """The page once all images have been checked."""
    page.wait_for_selector(".data-summary p:not(:has(progress)) + p.soft", state="attached")
    wait(page)
    return page


@ON_ALL_SCREENS
def test_the_tab_has_no_barriers_and_no_sideways_scrolling(
    started, visit, spoiled, axe, width, dark, language
):
    address = started(Options({"data": str(spoiled)}, "small"))
    page = checked(visit(address, language, width, dark, "tab=data"))
    for words in WORDS[language]:
        assert page.get_by_role("heading", name=words).is_visible()
    page.locator(".data-findings summary").first.click()
    page.locator("#toasts button").click()  # the faults of the lists
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert barriers(page, axe) == []


def test_all_findings_are_there_with_their_codes_and_pictures(started, visit, spoiled):
    page = checked(visit(started(Options({"data": str(spoiled)}, "small")), hash="tab=data"))
    codes = page.locator(".data-findings code").all_inner_texts()
    # At 64 pixels no image is enlarged so much that it would be "small".
    assert {code.strip("[]") for code in codes} == set(SPOILED) - {"small"}
    blank = page.locator(".data-findings details", has_text="[blank]")
    blank.locator("summary").click()
    blank.locator("img").wait_for()
    assert blank.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)")
    page.get_by_label("Kind of pair").select_option("leak-file")
    page.wait_for_selector(".pair >> nth=1", state="detached")
    assert page.locator(".pair img").count() == 2


def test_the_images_are_walked_through_by_class_and_page_and_larger(started, visit, tmp_path):
    folder = write_dataset(tmp_path / "photos", train=60)
    page = checked(visit(started(Options({"data": str(folder)}, "small")), hash="tab=data"))
    montage = page.locator(".data-montage")
    assert montage.locator(".thumbnail").count() == 48
    montage.get_by_label("Class").select_option("2")
    montage.get_by_text("1–48 of 64").wait_for()
    montage.get_by_text("Next").click()
    montage.get_by_text("49–64 of 64").wait_for()
    assert montage.locator(".thumbnail").count() == 16
    assert "d.label=2" in page.evaluate(
        "() => new Promise(done => setTimeout(() => done(location.hash), 400))"
    )
    montage.locator(".thumbnail").first.click()
    dialog = page.locator("dialog.photo")
    assert "class2/train_048.png" in dialog.inner_text()
    page.keyboard.press("ArrowRight")
    assert "class2/train_049.png" in dialog.inner_text()
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    page.locator(".class").nth(1).click()  # a bar chooses its class
    montage.get_by_text("1–48 of 64").wait_for()
    assert "class1" in montage.locator(".caption").first.inner_text()


def test_lists_are_written_where_the_user_says_and_never_over_a_file(started, visit, tmp_path):
    folder = write_dataset(tmp_path / "photos")
    (folder / "Eval.txt").unlink()
    page = checked(visit(started(Options({"data": str(folder)}, "small")), hash="tab=data"))
    card = page.locator(".data-write")
    card.get_by_label("Folder").fill(str(tmp_path / "lists"))
    card.locator(".command code", has_text=f"--out {tmp_path / 'lists'}").wait_for()
    card.get_by_role("button", name="Write").click()
    card.locator(".written").wait_for()
    assert (tmp_path / "lists" / "Train.txt").exists()
    before = (tmp_path / "lists" / "Train.txt").read_bytes()
    card.get_by_role("button", name="Write").click()
    card.locator(".bad", has_text="choose another folder").wait_for()
    assert (tmp_path / "lists" / "Train.txt").read_bytes() == before


def test_the_language_changes_in_the_midst(started, visit, photos):
    page = checked(visit(started(Options({"data": str(photos)}, "small")), hash="tab=data"))
    page.locator("#language").click()
    assert page.get_by_role("heading", name="检查结果").is_visible()
    assert page.locator(".data-montage .thumbnail").count() == 36
