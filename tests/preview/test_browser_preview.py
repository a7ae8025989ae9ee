"""The page of a preview in a browser."""

import pytest
from in_process import run_tool
from studio_pages import barriers

pytestmark = pytest.mark.slow


@pytest.fixture
def address(tmp_path, photos, monkeypatch):
    options = ["--data", photos, "--image-size", 32, "--html", tmp_path / "a.html"]
    assert run_tool("preview.py", "userDef,rotate(30)", *options, monkeypatch=monkeypatch) == 0
    return f"file://{tmp_path}/a.html"


def test_a_preview_has_no_barriers_and_answers_to_mouse_and_keyboard(address, visit, axe):
    for width, dark in ((1280, False), (1280, True), (390, False), (390, True)):
        page = visit(address, width=width, dark=dark)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert barriers(page, axe) == []
        page.locator(".draw").first.click()
        assert barriers(page, axe) == []
    page = visit(address)
    draws = page.locator(".draw")
    visible = page.locator(".draw:visible")
    assert visible.count() == 6 * 2 * 3

    draws.nth(1).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    parameters = draws.nth(1).locator(".drawn").inner_text()
    assert parameters
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    assert dialog.locator("#how").inner_text() == parameters
    assert dialog.get_by_role("img", name="the original").bounding_box()["width"] > 100
    page.keyboard.press("ArrowRight")
    assert "epoch 3" in dialog.locator("#compared").inner_text()
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert draws.nth(2).evaluate("draw => draw === document.activeElement")

    page.get_by_role("searchbox", name="Filter").fill("rotate(30)")
    assert visible.count() == 6 * 3
    assert not page.get_by_role("columnheader", name="userDef").is_visible()
    assert page.locator("#found").inner_text() == "18 of 36 pictures"
    page.get_by_role("searchbox", name="Filter").fill("no such words")
    assert visible.count() == 0
    page.get_by_role("searchbox", name="Filter").fill("")
    page.get_by_role("checkbox", name="userDef").uncheck()
    assert visible.count() == 6 * 3
    page.get_by_role("checkbox", name="Show parameters").check()
    assert page.locator(".draw:visible .drawn:visible").count() > 1
