"""One contender of the benchmark, in a process of its own: python -m benchmarks.peers.worker NAME

tools/benchmark.py starts it in the contender's environment, so contenders share no imports, threads
or memory. A contender is a module with PACKAGES, `subjects(size)` and, if it does not take arrays,
`convert(image)`. The worker first writes a line of JSON with its versions and subjects. Then it
answers each line {"subject", "size", "calls"} with {"ms": […]}, the processor time of each call.
Before that it makes calls that do not count: a processor that was idle, or busy with other data, is
slower at first.
"""

import importlib
import itertools
import json
import os
import sys
import time
from collections.abc import Callable

import cv2
import numpy as np

WARM_UP = 0.015


def main() -> None:
    name, pictures = sys.argv[1:]
    cv2.setNumThreads(0)
    # What libraries print goes to stderr, and only answers to the pipe.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    peer = importlib.import_module(f"benchmarks.peers.{name}")
    with np.load(pictures, allow_pickle=False) as file:
        images = {int(size): list(file[size]) for size in file.files}
    convert = getattr(peer, "convert", lambda image: image)
    images = {size: [convert(image) for image in same] for size, same in images.items()}
    subjects = {size: peer.subjects(size) for size in images}

    def answer(content: dict) -> None:
        print(json.dumps(content), file=answers, flush=True)

    versions = {name: package.__version__ for name, package in peer.PACKAGES.items()}
    answer({"versions": versions, "subjects": list(next(iter(subjects.values())))})
    for line in sys.stdin:
        asked = json.loads(line)
        subject, same = subjects[asked["size"]][asked["subject"]], images[asked["size"]]
        warm_up(subject, same)
        answer({"ms": timed(subject, same, asked["calls"])})


def warm_up(subject: Callable, images: list) -> None:
    """Call it for WARM_UP seconds, or once."""
    end = time.perf_counter() + WARM_UP
    for image in itertools.cycle(images):
        subject(image)
        if time.perf_counter() > end:
            return


def timed(subject: Callable, images: list, calls: int) -> list[float]:
    """Milliseconds of processor time, of all threads, for each of so many calls."""
    times = []
    for number in range(calls):
        image = images[number % len(images)]
        start = time.process_time_ns()
        subject(image)
        times.append((time.process_time_ns() - start) / 1e6)
    return times


if __name__ == "__main__":
    main()
