"""What tests do with pages in a browser."""

from urllib.parse import urlsplit

import pytest

ON_ALL_SCREENS = pytest.mark.parametrize(
    ("width", "dark", "language"),
    [(1280, False, "en"), (1280, True, "zh"), (390, False, "zh"), (390, True, "en")],
)


def collect_faults(page, faults: list[str]) -> None:
    """Add a page's errors and warnings, and its requests to other hosts, to a list."""

    def on_message(message) -> None:
        # Playwright's own script is refused in the frame of a report, which is sandboxed.
        refused = message.text.startswith("Blocked script execution in")
        if message.type in ("error", "warning") and not refused:
            faults.append(message.text)

    def on_request(request) -> None:
        if is_foreign(request.url):
            faults.append(request.url)

    page.on("console", on_message)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", on_request)


def is_foreign(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1"


def wait(page) -> None:
    """Wait until a page of the studio has no request in flight and has shown all answers."""
    # Not a function to wait for: the page's policy forbids what Playwright would evaluate.
    page.wait_for_selector("body:not([data-busy=yes])", state="attached")


def barriers(page, axe: str) -> list[str]:
    """What axe-core finds in a page, a line each."""
    # By the debugger's way in, as the page's policy forbids scripts of others.
    # Not with `preload`, for which axe adds styles, which the policy forbids too.
    options = "{preload: false, resultTypes: ['violations']}"
    result = page.evaluate(f"{axe}\n;axe.run(document, {options})")
    return [
        f"{fault['id']}: {node['target']} {node['failureSummary']}"
        for fault in result["violations"]
        for node in fault["nodes"]
    ]
