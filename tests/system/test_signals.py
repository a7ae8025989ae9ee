"""SIGTERM as an exception, and signals for processes that are starting."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from paddle_aug.system.signals import Terminated, block_signals, sigterm_raises

ROOT = Path(__file__).parent.parent.parent


def test_sigterm_remains_what_it_was_where_a_library_makes_it_ctrl_c():
    def library():
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            raise KeyboardInterrupt from None

    with pytest.raises(Terminated), sigterm_raises():
        library()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_became_an_import_error_remains_a_signal(number):
    def initialize():
        """As pybind11 does."""
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt as interrupt:
            raise ImportError("initialization failed") from interrupt

    with pytest.raises(KeyboardInterrupt) as stop, sigterm_raises():
        initialize()
    assert getattr(stop.value, "number", signal.SIGINT) == number


def test_an_import_error_of_another_cause_remains_one():
    with pytest.raises(ImportError), sigterm_raises():
        raise ImportError("no such module")


def test_what_handles_ctrl_c_handles_sigterm():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt) as stop, sigterm_raises():
        os.kill(os.getpid(), signal.SIGTERM)
    assert isinstance(stop.value, Terminated)
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_process_that_is_started_meanwhile_gets_them_when_it_lets_them_through():
    program = (
        "import os, signal, sys\n"
        "from paddle_aug.system.signals import unblock_signals\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "unblock_signals()"
    )
    with block_signals():
        process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT)
    assert process.wait(60) == 7


def test_a_thread_leaves_signals_alone():
    before, seen = signal.getsignal(signal.SIGTERM), []

    def training():
        with sigterm_raises():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=training)
    thread.start()
    thread.join()
    assert seen == [before]


@pytest.mark.slow
def test_sigterm_is_pythons_where_training_has_been_imported():
    program = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "import paddle_aug.training\n"
        "os.kill(os.getpid(), signal.SIGTERM)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 7
