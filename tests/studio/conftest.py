"""Fixture of a started studio."""

from contextlib import ExitStack

import pytest

from paddle_aug.studio.server import running
from paddle_aug.studio.state import Options, Studio


@pytest.fixture
def started():
    """Starts studios: `started(Options(…))` is the address of the page."""
    with ExitStack() as stack:

        def start(options: Options) -> str:
            studio = Studio(options)
            studio.open()
            return stack.enter_context(running(studio, "secret"))

        yield start
