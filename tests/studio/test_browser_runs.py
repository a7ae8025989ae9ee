"""The Runs tab in a browser."""

import pytest
from made_logs import curves, logs
from studio_pages import ON_ALL_SCREENS, barriers, wait
from trained import tiny_config

from paddle_aug.results import runlog
from paddle_aug.results.colours import COLOURS
from paddle_aug.studio.state import Options
from paddle_aug.training import fit as train

pytestmark = pytest.mark.slow

REPORT = """<!DOCTYPE html><html lang="en"><title>Report</title><main><h1>The answer</h1>
<button></button></main><script>
const button = document.querySelector("button");
try { parent.document.title = "no" } catch { button.textContent = "shut off" }
</script>"""


def write_all(folder):
    """Seeds of two modes, a run with a fault, and the reports of a comparison and a search."""
    for seed in range(3):
        logs(
            folder / f"mine/seed-{seed}", ["", "hflip|rotate(9)"], seed=seed, config={"epochs": 30}
        )
    logs(folder / "other", ["userDef"], epochs=5)
    (folder / "mine/compare.json").write_text("{}")
    (folder / "mine/report.html").write_text(REPORT)
    (folder / "found").mkdir()
    (folder / "found/search.json").write_text("{}")
    (folder / "found/report.html").write_text(REPORT.replace("answer", "winner"))
    (folder / "broken").mkdir()
    (folder / "broken/noAug_run.json").write_text("{")
    return folder


def ready(page):
    page.wait_for_selector(".runs-summary p", state="attached")
    wait(page)
    return page


def charts(page, kind: str):
    return page.locator(f".chart >> nth=0 >> path.{kind}")


@ON_ALL_SCREENS
def test_the_tab_has_no_barriers_and_no_sideways_scrolling(
    started, visit, photos, tmp_path, axe, width, dark, language
):
    address = started(Options({"data": str(photos)}, logs=write_all(tmp_path)))
    page = ready(visit(address, language, width, dark, "tab=runs&r.folder=*"))
    page.get_by_text("found (").click()
    page.frame_locator("iframe").get_by_role("heading", name="The winner").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert barriers(page, axe) == []


def test_curves_have_a_colour_a_mode_and_are_toggled_smoothed_and_read(
    started, visit, photos, tmp_path
):
    address = started(Options({"data": str(photos)}, logs=write_all(tmp_path)))
    page = ready(visit(address, hash="tab=runs&r.folder=mine"))
    assert (charts(page, "eval").count(), charts(page, "train").count()) == (2, 2)
    assert charts(page, "band").count() == 4
    colour = tuple(int(COLOURS[""][place : place + 2], 16) for place in (1, 3, 5))
    assert charts(page, "eval").first.evaluate("path => getComputedStyle(path).stroke") == (
        f"rgb{colour}"
    )
    widths = [
        float(charts(page, kind).first.get_attribute("stroke-width")) for kind in ("train", "eval")
    ]
    assert widths[0] < widths[1]
    page.get_by_role("checkbox", name="hflip|rotate(9)").uncheck()
    assert charts(page, "eval").count() == 1
    page.get_by_role("checkbox", name="train (thin)").uncheck()
    assert charts(page, "train").count() == 0
    before = charts(page, "eval").get_attribute("d")
    page.get_by_role("slider", name="Smoothing").fill("0.8")
    assert charts(page, "raw").get_attribute("d") == before
    assert charts(page, "eval").get_attribute("d") != before
    chart = page.locator(".chart svg").first
    chart.focus()
    page.keyboard.press("ArrowLeft")
    said = page.locator(".values").first.inner_text()
    assert "Epoch 11" in said
    assert "none · eval: " in said
    assert "(n = 3)" in said
    chart.hover()
    assert page.locator(".values").first.inner_text() != said


def test_a_run_in_training_is_followed_and_the_table_sorts(started, visit, photos, tmp_path):
    logs(tmp_path, ["", "userDef"], epochs=3, config={"epochs": 9})
    page = ready(visit(started(Options({"data": str(photos)}, logs=tmp_path)), hash="tab=runs"))
    rows = page.locator(".runs-table tbody tr")
    assert rows.count() == 2
    assert "in training: 2" in page.locator(".runs-summary").inner_text()
    assert "in training" in rows.first.inner_text()
    run = {"augment": "userDef", "seed": 0, "config": {"epochs": 9}}
    runlog.write(tmp_path, "userDef", curves(4), run)
    page.get_by_text("4 / 9").wait_for()
    runlog.write(tmp_path, "allab", curves(9), {**run, "augment": "allab", "finished": True})
    rows.nth(2).wait_for()
    names = rows.locator("code")
    page.get_by_role("button", name="epochs").click()
    assert names.all_inner_texts() == ["none", "userDef", "allab"]
    page.get_by_role("button", name="epochs").click()
    assert names.all_inner_texts() == ["allab", "userDef", "none"]
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("epochs")
    page.get_by_role("button", name="by mode").click()
    assert "last 10 (%)" not in page.locator("thead").inner_text()
    assert rows.count() == 3


def test_what_is_empty_or_damaged_is_said_and_the_rest_is_shown(started, visit, photos, tmp_path):
    page = ready(visit(started(Options({"data": str(photos)}, logs=tmp_path)), hash="tab=runs"))
    assert "No run in" in page.locator(".runs-summary").inner_text()
    write_all(tmp_path)
    page.locator(".runs-summary .warning", has_text="noAug_run.json is damaged").wait_for()
    assert page.locator(".runs-table tbody tr").count() > 0


def test_reports_run_their_scripts_and_are_shut_off_from_the_page(started, visit, photos, tmp_path):
    address = started(Options({"data": str(photos)}, logs=write_all(tmp_path)))
    page = ready(visit(address, hash="tab=runs"))
    title = page.title()
    with page.expect_response("**/runs-report?*") as response:
        page.get_by_text("mine (comparison)").click()
    assert "sandbox allow-scripts" in response.value.headers["content-security-policy"]
    assert page.locator("iframe").get_attribute("sandbox") == "allow-scripts"
    page.get_by_text("found (search)").click()
    frame = page.frame_locator("iframe")
    frame.get_by_role("heading", name="The winner").wait_for()
    assert frame.get_by_role("button").inner_text() == "shut off"
    assert page.title() == title


@pytest.mark.parametrize("mix", ["none", "mixup"])
def test_what_a_run_saw_is_beside_the_original(started, visit, photos, tmp_path, mix):
    train.fit(tiny_config(photos, tmp_path, epochs=2, augment="hflip|noise(9)", mix=mix))
    address = started(Options({"data": str(photos)}, "small", logs=tmp_path))
    page = ready(visit(address, hash="tab=runs"))
    card = page.locator(".runs-seen")
    card.get_by_label("Image").fill("99")
    # It asks twice: as the field is left, and for the button.
    card.get_by_role("button", name="Show").click()
    wait(page)
    assert "Image 23 (of 0 to 23)" in card.inner_text()
    said = card.locator("figcaption").all_inner_texts()
    assert said[0] == "original"
    assert said[1].startswith("epoch 1 ")
    assert "noise" in said[1]
    width = "image => image.decode().then(() => image.naturalWidth)"
    assert [image.evaluate(width) for image in card.locator("img").all()] == [16, 16, 16]


def test_the_language_changes_in_the_midst(started, visit, photos, tmp_path):
    address = started(Options({"data": str(photos)}, logs=write_all(tmp_path)))
    page = ready(visit(address, hash="tab=runs&r.folder=*"))
    page.get_by_text("found (search)").click()
    page.locator("iframe").wait_for()
    page.locator("#language").click()
    page.locator("iframe").wait_for()
    assert page.locator(".runs > .card").count() == 5
    assert page.get_by_role("heading", name="曲线").is_visible()
    assert charts(page, "eval").count() == 3
