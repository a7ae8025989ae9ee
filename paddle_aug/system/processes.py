"""Work that several processes share, which meet in a folder alone: no Paddle.

`python -m paddle.distributed.launch` tells each of them in its environment which one it is.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

from paddle_aug.system.signals import unblock_signals

ENOUGH = 30  # seconds for a parent to end, or to kill what is left of its workers
BEAT = 2.0  # seconds from one sign of life to the next


@dataclass(frozen=True)
class Shard:
    """Which of several processes this is; alone, it is the first of one."""

    rank: int = 0
    size: int = 1

    @classmethod
    def of_environment(cls) -> "Shard":
        """As the launcher says."""
        return cls(
            int(os.environ.get("PADDLE_TRAINER_ID", "0")),
            int(os.environ.get("PADDLE_TRAINERS_NUM", "1")),
        )

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def of(self, things: Sequence) -> Sequence:
        """This process's part: every `size`-th."""
        return things[self.rank :: self.size]

    def __str__(self):
        return f"process {self.rank} of {self.size}"


class Alive:
    """A context in which a file's time of change goes on, as a sign of life to other processes."""

    def __init__(self, file: Path):
        self.file = file
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._beat, daemon=True)

    def _beat(self) -> None:
        while not self.ended.wait(BEAT):
            try:
                os.utime(self.file)
            except FileNotFoundError:  # who waits for it has all it needs, and has cleared up
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def cores() -> int:
    """The CPU cores for this process; the ranks of a machine share its cores evenly."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, here // int(os.environ.get("PADDLE_LOCAL_SIZE", "1")))


def obey_parent() -> None:
    """Leave signals to the process that started this worker, and end when it does.

    Batch systems send SIGTERM to all processes of a job, and the parent may still want the batch
    that this one is making, to end its step.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, end_later)
    unblock_signals()
    threading.Thread(target=die_with_parent, daemon=True).start()


def kill_workers(executor: ProcessPoolExecutor) -> None:
    """End what is left of a broken pool at once, which leaving it would wait for."""
    for process in list(executor._processes.values()):
        process.kill()


def end_later(number: int, frame) -> None:
    """A handler of what is for this worker alone if the parent goes on."""
    timer = threading.Timer(ENOUGH, os._exit, (1,))
    timer.daemon = True
    timer.start()


def die_with_parent() -> None:
    """End this worker when the process that started it has ended, however that came."""
    wait([multiprocessing.parent_process().sentinel])
    os._exit(1)
