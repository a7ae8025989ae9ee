"""Where randomness comes from: a generator has a name, (seed, stream, epoch, index).

Nothing but its name decides what a generator draws, and no other module makes one. A sample's
pixels therefore do not depend on the number of workers, the batch size, the order of samples, or
on whether the run was interrupted.
"""

import numpy as np

# Never 0 and never renumbered: `default_rng([7, 3])` equals `default_rng([7, 3, 0])`, so a zero tag
# would make two names one generator, and a new number would change every published run.
STREAMS = {
    "augment": 1, "order": 2, "network": 3, "dropout": 4, "drawing": 5, "noise": 6,
    "holdout": 7, "fraction": 8,
}  # fmt: skip


def generator(seed: int, stream: str, epoch: int = 0, index: int = 0) -> np.random.Generator:
    """Return the generator of this name: equal names, equal draws; other names, independent ones.

    The numbers are whole and in [0, 2**32), so that each is exactly one word of the seed sequence.

    Raises:
        ValueError: a number is out of that range.
        KeyError: no such stream.
    """
    words = [seed, STREAMS[stream], epoch, index]
    if not all(0 <= word < 2**32 for word in words):
        raise ValueError(f"seed, epoch and index must be in [0, 2**32): {seed}, {epoch}, {index}")
    # An array, as it takes a seed sequence twice as long to make the same words of a list.
    sequence = np.random.SeedSequence(np.array(words, np.uint32))
    return np.random.Generator(np.random.SFC64(sequence))


def integer_seed(seed: int, stream: str, epoch: int = 0, index: int = 0) -> int:
    """Return a whole number in [0, 2**31) of this name, for a library that wants its own seed."""
    return int(generator(seed, stream, epoch, index).integers(2**31))
