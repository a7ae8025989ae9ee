"""Fixtures of all tests: leaks are found, and folders are known."""

import os
import signal
from pathlib import Path

import paddle
import pytest
from leaks import leaks, process_state
from made_data import write_dataset
from spoiled import write_spoiled

from paddle_aug.data.dataset import Dataset, open_dataset
from paddle_aug.training.cpu import use_fast_instructions

pytest_plugins = ["browser"]

# A shell makes its background jobs ignore Ctrl-C, which tests send.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Reports are English, whatever the language of the machine.
os.environ["LC_ALL"] = "C.UTF-8"

# Before anything calculates, as training does: other instructions give other bits.
use_fast_instructions()


def pytest_addoption(parser):
    parser.addoption("--fuzz", type=int, help="cases of each kind in test_fuzz.py, other each time")
    parser.addoption("--kills", type=int, default=6, help="kills of each command in test_kills.py")


def pytest_collection_modifyitems(items):
    """Let each process of xdist begin with its share of the slow tests, so that all are busy to
    the end. The shares are in order, so that what a module makes is made in one process."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))
    if processes == 1:
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    fast = [item for item in items if not item.get_closest_marker("slow")]
    items.clear()
    for process in range(processes):  # xdist gives each one an equal stretch of the list
        for tests in (slow, fast):
            begin, end = (len(tests) * bound // processes for bound in (process, process + 1))
            items += tests[begin:end]


@pytest.fixture(scope="session", autouse=True)
def environment(tmp_path_factory):
    """Keep tests and their subprocesses out of the user's cache folder, and from the terminal's
    width, which readline gives to the processes that pytest starts. Calculate on the CPU."""
    paddle.set_device("cpu")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COLUMNS", raising=False)
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
def photos(tmp_path_factory) -> Path:
    """A small data set, which tests leave as it is."""
    return write_dataset(tmp_path_factory.mktemp("data") / "photos")


@pytest.fixture(scope="session")
def data(photos) -> Dataset:
    return open_dataset(photos)


@pytest.fixture(scope="session")
def spoiled(tmp_path_factory) -> Path:
    """A data set with all that check finds, which tests leave as it is."""
    return write_spoiled(tmp_path_factory.mktemp("data") / "spoiled")


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data sets in PADDLE_AUG_TEST_DATA; without it the test is skipped."""
    folder = os.environ.get("PADDLE_AUG_TEST_DATA")
    if not folder:
        pytest.skip("PADDLE_AUG_TEST_DATA is not set")
    return Path(folder)
