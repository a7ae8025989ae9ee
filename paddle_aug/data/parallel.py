"""All cores over all images of a list."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tqdm import tqdm

from paddle_aug.data.samples import Sample
from paddle_aug.system.progress import no_bar

Result = TypeVar("Result")
CHUNK = 32  # images a task: threads are for decoding, not for passing tasks around


def over_images(
    look: Callable[[Sample], Result], samples: Sequence[Sample], title: str
) -> list[Result]:
    """What `look` returns for each image; a progress bar with this title shows up if it takes long.

    Threads suffice, as decoders release the GIL.
    """
    chunks = [samples[start : start + CHUNK] for start in range(0, len(samples), CHUNK)]
    results: list[Result] = []
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        with tqdm(total=len(samples), desc=title, disable=no_bar(), delay=2) as bar:
            for looked in pool.map(lambda chunk: [look(sample) for sample in chunk], chunks):
                results += looked
                bar.update(len(looked))
    finally:
        pool.shutdown(cancel_futures=True)  # else an interrupt would wait for all the rest
    return results
