"""Makes the files of an exported data set on the machines of a Ray cluster."""

import functools
import os
import pickle
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2

from paddle_aug.errors import UserError
from paddle_aug.system.cluster import connect, refuse_unseen, witness
from paddle_aug.system.plugins import Loaded

FILES = 50  # about as many in a task


def results(maker, images: Sequence[list], address: str) -> Iterator[list[dict]]:
    """What `maker.make` returns for each of the images, in their order. A task whose process or
    machine dies is done again on another.

    Raises:
        UserError: an image cannot be read, a machine does not see the folder, or a task's process
            died four times.
        OSError: a file cannot be written.
    """
    ray = connect(address)
    size = max(1, FILES * len(images) // max(1, sum(map(len, images))))
    chunks = [images[start : start + size] for start in range(0, len(images), size)]
    with witness(maker.out) as seen:
        shared = ray.put((os.getcwd(), seen, pickle.dumps(maker)))
        make = ray.remote(_make).options(num_cpus=1, max_retries=3)
        tasks = deque(make.remote(Loaded(), shared, chunk) for chunk in chunks)
        try:
            while tasks:
                lines = ray.get(tasks[0])
                tasks.popleft()
                if isinstance(lines, Exception):
                    raise lines
                yield from lines
        except ray.exceptions.WorkerCrashedError:
            raise UserError(
                "a process on the Ray cluster was killed, most likely because memory ran out; run "
                "the same command to continue"
            ) from None
        finally:
            for task in tasks:
                ray.cancel(task, force=True)


def _make(_: Loaded, shared: tuple[str, Path, bytes], chunk: list) -> list[list[dict]] | Exception:
    """The task: the files of some images, or what stopped it."""
    folder, seen, pickled = shared
    try:
        refuse_unseen(seen)
        os.chdir(folder)
        cv2.setNumThreads(0)
        maker = _unpickled(pickled)
        return [maker.make(items) for items in chunk]
    except (UserError, OSError) as error:  # a full disk is an OSError
        return error


@functools.lru_cache(1)
def _unpickled(pickled: bytes) -> Any:
    """The maker; this process keeps it for its next tasks."""
    return pickle.loads(pickled)
