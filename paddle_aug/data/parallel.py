"""All cores over all images of a list."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tqdm import tqdm

from paddle_aug.data.image import MISSING
from paddle_aug.data.samples import Sample

Result = TypeVar("Result")
CHUNK = 32  # images a task: threads are for decoding, not for passing tasks around


def over_images(
    look: Callable[[Sample], Result | str], samples: Sequence[Sample], title: str
) -> list[Result | str]:
    """What `look` returns for each image, MISSING for a file that is not there.

    Threads suffice, as decoders release the GIL. A progress bar with this title shows up if the
    work takes long.
    """

    def looked(chunk: Sequence[Sample]) -> list[Result | str]:
        return [look(sample) for sample in chunk]

    chunks = [samples[start : start + CHUNK] for start in range(0, len(samples), CHUNK)]
    results: list[Result | str] = []
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        with tqdm(total=len(samples), desc=title, disable=None, delay=2) as bar:
            # Threads that find no file would spend their time waiting for each other.
            tasks = [None if _is_missing(chunk) else pool.submit(looked, chunk) for chunk in chunks]
            for chunk, task in zip(chunks, tasks, strict=True):
                results += task.result() if task else [MISSING] * len(chunk)
                bar.update(len(chunk))
    finally:
        pool.shutdown(cancel_futures=True)  # else an interrupt would wait for all the rest
    return results


def _is_missing(samples: Sequence[Sample]) -> bool:
    """Whether none of the images is there, neither as a file nor in an archive."""
    for sample in samples:
        if sample.pixels is not None:
            return False
        try:
            os.lstat(sample.file)
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            pass  # whoever opens it will say why it cannot be read
        return False
    return True
