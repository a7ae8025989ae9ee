"""Fixtures of a headless Chromium, whose pages may show no error, and of axe-core.

Browser tests are skipped without Playwright or /usr/bin/chromium. Tests of accessibility want
axe-core: PADDLE_AUG_AXE names its axe.min.js, or `npm install axe-core` in the project's folder.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from studio_pages import collect_faults, wait

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-extensions", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
PATIENCE = 30_000  # milliseconds, for a machine that is busy with other work


@pytest.fixture(scope="session")
def chromium():
    """A browser without windows."""
    api = pytest.importorskip("playwright.sync_api")
    if not os.path.exists(CHROMIUM):
        pytest.skip(f"no {CHROMIUM}")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium) -> Callable:
    """Opens pages: `visit(address, language="zh", width=390, dark=True)` is a page that has loaded.
    At the end, no page may have had an error or asked another host; but errors with a word of the
    list `visit.allowed` are in order."""
    faults: list[str] = []
    contexts = []

    def go(
        address: str, language: str = "en", width: int = 1280, dark: bool = False, hash: str = ""
    ):
        context = chromium.new_context(
            locale={"en": "en-GB", "zh": "zh-CN"}[language],
            viewport={"width": width, "height": 900 if width > 500 else 844},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        collect_faults(page, faults)
        page.goto(f"{address}#{hash}" if hash else address)
        wait(page)
        return page

    go.allowed = []
    yield go
    for context in contexts:
        context.close()
    assert [fault for fault in faults if not any(word in fault for word in go.allowed)] == []


@pytest.fixture(scope="session")
def axe(repository) -> str:
    """The source of axe-core, which looks for barriers in a page."""
    places = [os.environ.get("PADDLE_AUG_AXE"), repository / "node_modules/axe-core/axe.min.js"]
    for place in filter(None, places):
        if Path(place).is_file():
            return Path(place).read_text(encoding="utf-8")
    pytest.skip("no axe-core; PADDLE_AUG_AXE names its axe.min.js")
