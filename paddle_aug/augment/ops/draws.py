"""How ops draw: from the range that a field means, once or for each channel, and bytes in bulk."""

import math
from collections.abc import Sequence

import numpy as np

Range = float | tuple[float, float]


def up_to(value: Range) -> tuple[float, float]:
    """The range of a field that cannot go below doing nothing: a scalar is "up to this much"."""
    return value if isinstance(value, tuple) else (0, value)


def check_range(name: str, bounds: tuple, low: float, high: float = math.inf) -> None:
    """Refuse a field whose range leaves [low, high], which only its op knows.

    Raises:
        ValueError: it does.
    """
    if not all(low <= bound <= high for bound in bounds):
        limits = f"from {low} to {high}" if high < math.inf else f"of {low} or more"
        raise ValueError(f"{name} wants numbers {limits}, got {bounds}")


def check_whole(name: str, values: tuple, low: int, high: float = math.inf) -> None:
    """As `check_range`, and refuse what is no whole number.

    Raises:
        ValueError: a value is none, or leaves [low, high].
    """
    if not all(isinstance(value, int) for value in values):
        raise ValueError(f"{name} wants whole numbers, got {values}")
    check_range(name, values, low, high)


def draw(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    """One number of the range; a quarter of what `rng.uniform` costs.

    Raises:
        ValueError: the range is none.
    """
    low, high = bounds
    if not -math.inf < low <= high < math.inf:
        raise ValueError(f"want a range from a low to a high number, got {low} to {high}")
    return low + (high - low) * rng.random()


def draw_whole(rng: np.random.Generator, low: int, high: int) -> int:
    """A whole number from low to high, both included; a quarter of what `rng.integers` costs.

    Raises:
        ValueError: there is none.
    """
    if low > high:
        raise ValueError(f"want a range from a low to a high number, got {low} to {high}")
    return low + int((high + 1 - low) * rng.random())


def draw_one(rng: np.random.Generator, items: Sequence):
    """One of the items, each as likely."""
    return items[int(len(items) * rng.random())]


def draw_seed(rng: np.random.Generator) -> int:
    """The seed of what is drawn for each pixel: a number that a person can write down."""
    return int(rng.random() * 2**32)


def draw_channels(
    rng: np.random.Generator, bounds: tuple[float, float], per_channel: float
) -> float | list[float]:
    """One number for all channels or, with probability `per_channel`, one for each of the three."""
    if rng.random() < per_channel:
        return [draw(rng, bounds) for _ in range(3)]
    return draw(rng, bounds)


def random_words(rng: np.random.Generator, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    """Evenly distributed numbers of an unsigned dtype; a quarter of what `rng.integers` costs."""
    count = math.prod(shape)
    raw = rng.bit_generator.random_raw(math.ceil(count * np.dtype(dtype).itemsize / 8))
    return raw.view(dtype)[:count].reshape(shape)
