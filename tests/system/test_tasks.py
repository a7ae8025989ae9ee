"""Worker processes: what a task raises, and processes that do not start."""

import multiprocessing
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from paddle_aug.system.tasks import LocalWorker, run, stopped

SPAWN = multiprocessing.get_context("spawn")


def reset(shared):
    """A task that a network drive has stopped."""
    return ConnectionResetError("the drive went away")


@dataclass(frozen=True)
class Resetting:
    name: str = "one"

    def call(self, device: str) -> Callable:
        return reset

    def done(self) -> int:
        return 0

    def lost(self, death: str) -> str:
        return death


def test_an_error_of_a_task_that_looks_like_one_of_its_pipe_is_the_tasks():
    with (
        stopped([LocalWorker(None, "cpu", SPAWN)]) as workers,
        pytest.raises(ConnectionResetError, match="the drive went away"),
    ):
        list(run(workers, [Resetting()]))


def sleep(shared):
    shared.set()
    time.sleep(300)


@dataclass(frozen=True)
class Sleeping(Resetting):
    def call(self, device: str) -> Callable:
        return sleep


def test_a_worker_ends_when_asked_even_if_ctrl_c_is_ignored_here():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as `compare … &` in a script has it
    try:
        begun = SPAWN.Event()
        with stopped([LocalWorker(begun, "cpu", SPAWN)]) as (worker,):
            worker.begin(Sleeping())
            assert begun.wait(60)
            process = worker.process
    finally:
        signal.signal(signal.SIGINT, before)
    assert process.exitcode == 0  # not killed by `stop`, half a minute later


class Recording:
    """A worker whose task ends at once."""

    def __init__(self):
        self.seen = []

    def begin(self, task):
        self.seen.append(f"begin {task.name}")

    def result(self):
        self.seen.append("result")

    def rest(self):
        self.seen.append("rest")

    @staticmethod
    def ended(workers):
        return workers


def test_what_is_to_be_done_meanwhile_is_done_once_the_first_tasks_have_begun():
    worker = Recording()
    tasks = [Resetting("one"), Resetting("two")]
    assert len(list(run([worker], tasks, lambda: worker.seen.append("meanwhile")))) == 2
    assert worker.seen == ["begin one", "meanwhile", "result", "begin two", "result", "rest"]


class Unpicklable:
    def __reduce__(self):
        raise MemoryError("no memory for a process")


def test_where_a_process_does_not_start_the_reason_is_what_is_raised():
    with (
        pytest.raises(MemoryError, match="no memory for a process"),
        stopped([LocalWorker(Unpicklable(), "cpu", SPAWN)]) as (worker,),
    ):
        worker.begin(Resetting())
