"""Ctrl-C and SIGTERM, raised at once or between two steps."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from paddle_aug.system.signals import (
    Interrupted,
    Terminated,
    block_signals,
    interrupts_between_steps,
    sigterm_raises,
)

ROOT = Path(__file__).parent.parent.parent

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


def ask(number):
    os.kill(os.getpid(), number)


def handlers():
    return [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]


@BOTH
@pytest.mark.parametrize(
    ("second", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)]
)
def test_a_signal_waits_for_the_end_of_the_step_and_a_second_does_not(number, second, raised):
    before = handlers()
    with pytest.raises(Interrupted) as stop, interrupts_between_steps() as raise_interrupt:  # noqa: PT012
        raise_interrupt()
        ask(number)
        with pytest.raises(raised) as at_once:
            ask(second)
        assert not isinstance(at_once.value, Interrupted)
        raise_interrupt()
    assert stop.value.number == number
    assert handlers() == before


def test_a_signal_behind_the_last_step_is_not_lost():
    with pytest.raises(Interrupted), interrupts_between_steps():
        ask(signal.SIGTERM)


def test_what_ends_the_context_is_not_hidden_by_a_signal():
    with pytest.raises(ValueError, match="a mistake"), interrupts_between_steps():  # noqa: PT012
        ask(signal.SIGTERM)
        raise ValueError("a mistake")


def test_what_answers_ctrl_c_answers_termination():
    before = handlers()
    with pytest.raises(KeyboardInterrupt) as stop, sigterm_raises():
        ask(signal.SIGTERM)
    assert isinstance(stop.value, Terminated)
    assert handlers() == before


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


@pytest.mark.parametrize("context", [interrupts_between_steps, sigterm_raises])
def test_in_a_thread_of_ones_own_signals_are_left_alone(context):
    before, seen = handlers(), []

    def training():
        with context() as raise_interrupt:
            (raise_interrupt or (lambda: None))()
            seen.extend(handlers())

    thread = threading.Thread(target=training)
    thread.start()
    thread.join()
    assert seen == before
