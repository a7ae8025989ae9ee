"""What the tests share: the path to the repository, and the real pictures where there are some."""

import os
import signal
from pathlib import Path

import pytest
from leaks import leaks, process_state

from paddle_aug.training.cpu import use_fast_instructions

# A shell has what it starts in the background ignore Ctrl-C, which tests send.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# As training does, and before anything else calculates: bits are equal for equal instructions.
use_fast_instructions()


def pytest_addoption(parser):
    parser.addoption(
        "--kills", type=int, default=6, help="of training, and of export (test_kills.py; 50 is all)"
    )


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory):
    """Tests, and what they start, leave nothing in the user's own folder for caches."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def no_leaks():
    """Fail the test that leaves the process other than it found it."""
    before = process_state()
    yield
    if left := leaks(before):
        pytest.fail("this test leaks\n" + "\n".join(left), pytrace=False)


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data sets that PADDLE_AUG_TEST_DATA names; without it the test skips."""
    folder = os.environ.get("PADDLE_AUG_TEST_DATA")
    if not folder:
        pytest.skip("PADDLE_AUG_TEST_DATA is not set")
    return Path(folder)
