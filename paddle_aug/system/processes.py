"""The number of cores, and worker processes that end with the process that started them."""

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import wait

from paddle_aug.system.signals import SIGNALS, unblock_signals


def cores() -> int:
    """The CPU cores for this process; the ranks of a machine share its cores evenly."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, here // int(os.environ.get("PADDLE_LOCAL_SIZE", "1")))


def is_first_process() -> bool:
    """Whether this process is, or will be, the first rank of `paddle.distributed.launch`."""
    return os.environ.get("PADDLE_TRAINER_ID", "0") == "0"


def obey_parent() -> None:
    """Ignore Ctrl-C and SIGTERM in this worker, and end when the parent process ends.

    A terminal and a batch system signal all processes of a job, and the parent decides what they
    mean.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    unblock_signals()
    threading.Thread(target=die_with_parent, daemon=True).start()


def die_with_parent() -> None:
    """End this process as soon as its parent has ended, even if that was killed."""
    wait([multiprocessing.parent_process().sentinel])
    os._exit(1)


def kill_workers(executor: ProcessPoolExecutor) -> None:
    """Kill what is left of a broken pool; leaving the pool would wait for it."""
    for process in list(executor._processes.values()):
        process.kill()
