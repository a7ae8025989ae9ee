"""Where randomness comes from: a generator has a name, (seed, stream, epoch, index).

Nothing but its name decides what a generator draws, and no other module makes one. A sample's
pixels therefore do not depend on the number of workers, the batch size, the order of samples, or
on whether the run was interrupted.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

# Never 0 and never renumbered: `default_rng([7, 3])` equals `default_rng([7, 3, 0])`, so a zero tag
# would make two names one generator, and a new number would change every published run.
STREAMS = {
    "augment": 1, "order": 2, "network": 3, "dropout": 4, "drawing": 5, "noise": 6,
    "holdout": 7, "fraction": 8, "mix": 9, "search": 11, "passes": 12, "head": 13,
    "folds": 14,
}  # fmt: skip


def generator(
    seed: int, stream: str, epoch: int = 0, index: int = 0, copy: int = 0
) -> np.random.Generator:
    """Return the generator of this name: equal names, equal draws; other names, independent ones.

    The numbers are whole and in [0, 2**32), so that each is exactly one word of the seed sequence.
    `copy` counts from 1 what an epoch repeats; 0 is the first.

    Raises:
        ValueError: a number is out of that range.
        KeyError: no such stream.
    """
    words = [seed, STREAMS[stream], epoch, index, *([copy] if copy else [])]
    if min(words) < 0 or max(words) >= 2**32:
        raise ValueError(f"seed, epoch and index must be in [0, 2**32): {seed}, {epoch}, {index}")
    # An array, as it takes a seed sequence twice as long to make the same words of a list.
    sequence = np.random.SeedSequence(np.array(words, np.uint32))
    return np.random.Generator(np.random.SFC64(sequence))


def integer_seed(seed: int, stream: str, epoch: int = 0, index: int = 0) -> int:
    """Return a whole number in [0, 2**31) of this name, for a library that wants its own seed."""
    return int(generator(seed, stream, epoch, index).integers(2**31))


def generator_from_global_state() -> np.random.Generator:
    """Return a generator without a name: the next one of NumPy's global generator.

    Only for code that knows no epoch and index, as in a `paddle.vision` Compose. A fork copies any
    state of our own, and each of paddle.io's workers would draw the same; NumPy's global generator
    Paddle seeds anew in every worker.
    """
    words = np.random.randint(2**32, size=4, dtype=np.uint32)  # noqa: NPY002
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(words)))


def library_generators(seed: int) -> tuple[np.random.Generator, random.Random]:
    """Return the two generators that a library makes of its own seed (albumentations does)."""
    return np.random.default_rng(seed), random.Random(seed)


@contextmanager
def seeded_globals(seed: int) -> Iterator[None]:
    """Seed the global generators of `random` and of NumPy, and put their states back afterwards.

    For other libraries, which draw from them. There is one of each in a process, so threads must
    take turns. About 0.1 ms.
    """
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    # A plain number: from [seed], NumPy would draw the same as `random` does from seed.
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
