"""The state of a process that a test has to leave as it found it."""

import gc
import multiprocessing.forkserver
import multiprocessing.resource_tracker
import os
import random
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
from tqdm import TMonitor

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGPROF, signal.SIGHUP]
PADDLE_FLAGS = ["FLAGS_check_nan_inf", "FLAGS_use_mkldnn"]
# pytest changes the first for each test; importing Paddle sets the others.
OTHERS_VARIABLES = ("PYTEST_CURRENT_TEST", "CUSTOM_DEVICE_ROOT", "OMP_NUM_THREADS")
GRACE = 60.0  # seconds in which threads and processes that were told to end may do so


def process_state() -> dict[str, object]:
    """Everything a test can change for the tests after it, by name; it takes some 0.2 ms."""
    umask = os.umask(0)
    os.umask(umask)
    state = {
        "environment variables": {
            name: value for name, value in os.environ.items() if name not in OTHERS_VARIABLES
        },
        "current folder": os.getcwd(),
        "umask": umask,
        "import path": list(sys.path),
        "signal handlers": [signal.getsignal(number) for number in SIGNALS],
        "blocked signals": signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        "random's generator": random.getstate(),
        "NumPy's generator": _plain(np.random.get_state()),  # noqa: NPY002
        "OpenCV's threads": cv2.getNumThreads(),
        "threads": {each for each in threading.enumerate() if not isinstance(each, TMonitor)},
        "child processes": child_processes(),
    }
    if paddle := sys.modules.get("paddle"):
        state["Paddle's device"] = paddle.get_device()
        state["Paddle's default dtype"] = paddle.get_default_dtype()
        state["Paddle's flags"] = paddle.get_flags(PADDLE_FLAGS)
        state["Paddle's gradients"] = paddle.is_grad_enabled()
    return state


def _plain(state: tuple) -> tuple:
    return (state[0], state[1].tobytes(), *state[2:])


def child_processes() -> set[int]:
    """The processes that this one started and has not waited for."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return set()
    children = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has just ended
            children.update(map(int, (task / "children").read_text().split()))
    # Python's own, which stay until the end.
    return children - {
        multiprocessing.resource_tracker._resource_tracker._pid,
        multiprocessing.forkserver._forkserver._forkserver_pid,
    }


def leaks(before: dict[str, object]) -> list[str]:
    """What differs from an earlier state, in words. Threads and processes get time to end."""
    deadline = time.monotonic() + GRACE
    while True:
        now = process_state()
        left = [name for name in ("threads", "child processes") if now[name] - before[name]]
        if not left or time.monotonic() > deadline:
            break
        gc.collect()  # executors and subprocesses that nobody holds any more
        time.sleep(0.01)
    texts = []
    for name in before:
        old, new = before[name], now[name]
        if name in ("threads", "child processes"):
            if new - old:
                texts.append(f"{name}: {new - old} left over")
        elif new != old:
            texts.append(f"{name}: {_difference(old, new)}")
    return texts


def _difference(old, new) -> str:
    if isinstance(old, dict):
        names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
        return ", ".join(f"{name}={new.get(name)!r}, was {old.get(name)!r}" for name in names)
    if isinstance(old, tuple):  # the state of a generator, hundreds of numbers
        return "it was drawn from, or seeded"
    return f"{new!r}, was {old!r}"
