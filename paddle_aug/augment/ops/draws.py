"""How ops read the ranges of their fields, check them, and draw from them."""

import math
from collections.abc import Collection, Sequence

import numpy as np

Range = float | tuple[float, float]
Colour = int | tuple[int, int, int]
Probability = float | bool  # imgaug writes per_channel=True


def around(value: Range, centre: float) -> tuple[float, float]:
    """The range of a field: a scalar means "up to this much either way from doing nothing"."""
    return value if isinstance(value, tuple) else (centre - value, centre + value)


def up_to(value: Range) -> tuple[float, float]:
    """The range of a field that cannot go below doing nothing: a scalar means "up to this much"."""
    return value if isinstance(value, tuple) else (0, value)


def factors(value: Range) -> tuple[float, float]:
    """The range of a factor: a scalar means 1 ± this much, but not below 0."""
    return value if isinstance(value, tuple) else (max(0.0, 1 - value), 1 + value)


def check_range(name: str, value: float | tuple, low: float, high: float = math.inf) -> None:
    """Raise ValueError for a field with a number outside [low, high], or a range upside down."""
    numbers = value if isinstance(value, tuple) else (value,)
    if not all(low <= number <= high for number in numbers):
        limits = f"from {low} to {high}" if high < math.inf else f"of {low} or more"
        raise ValueError(f"{name} wants numbers {limits}, got {value}")
    if numbers[0] > numbers[-1]:
        raise ValueError(f"{name} wants a range from a low to a high number, got {value}")


def check_whole(name: str, value: int | tuple, low: float, high: float = math.inf) -> None:
    """Raise ValueError for a field that is not made of whole numbers in [low, high]."""
    numbers = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(number, int) for number in numbers):
        raise ValueError(f"{name} wants whole numbers, got {value}")
    check_range(name, value, low, high)


def check_scale(name: str, value: Range) -> None:
    """Raise ValueError for a range about 1 that reaches 0."""
    check_range(name, around(value, 1), -math.inf)
    if around(value, 1)[0] <= 0:
        raise ValueError(f"{name} wants to stay above 0, got {value}")


def check_slant(name: str, value: Range) -> None:
    """Raise ValueError for a range of shears, in degrees, that reaches a right angle."""
    check_range(name, around(value, 0), -89, 89)


def check_choice(name: str, value: object, choices: Collection) -> None:
    """Raise ValueError for a field that is none of the choices."""
    if value not in choices:
        raise ValueError(f"{name} wants one of {tuple(choices)}, got {value!r}")


def check_colour(fill: Colour) -> None:
    """Raise ValueError for a fill that is neither a level nor three levels."""
    levels = fill if isinstance(fill, tuple) else (fill,) * 3
    if len(levels) != 3 or not all(level in range(256) for level in levels):
        raise ValueError(f"fill wants a level from 0 to 255 or three, got {fill!r}")


def check_ratio(ratio: tuple[float, float]) -> None:
    """Raise ValueError for a range of ratios that reaches 0 or is upside down."""
    if not 0 < ratio[0] <= ratio[1]:
        raise ValueError(f"ratio wants 0 < low <= high, got {ratio}")


def draw(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    """A number of the range, at a quarter of the cost of `rng.uniform`; ValueError for no range."""
    low, high = bounds
    if not -math.inf < low <= high < math.inf:
        raise ValueError(f"want a range from a low to a high number, got {low} to {high}")
    return low + (high - low) * rng.random()


def draw_whole(rng: np.random.Generator, low: int, high: int) -> int:
    """A whole number from low to high, both included, at a quarter of the cost of `rng.integers`;
    ValueError if low is above high."""
    if low > high:
        raise ValueError(f"want a range from a low to a high number, got {low} to {high}")
    return low + int((high + 1 - low) * rng.random())


def draw_one(rng: np.random.Generator, items: Sequence):
    """One of the items, each with the same probability; ValueError if there are none."""
    if not items:
        raise ValueError("want one or more values to draw from, got none")
    return items[int(len(items) * rng.random())]


def draw_sides(
    rng: np.random.Generator, pixels: int, area: tuple[float, float], ratio: tuple[float, float]
) -> tuple[int, int]:
    """The sides of a rectangle, as torchvision draws them: its area is an evenly drawn share of
    `pixels`, and the logarithm of first side over second is drawn evenly."""
    size = pixels * draw(rng, area)
    first_over_second = math.exp(draw(rng, (math.log(ratio[0]), math.log(ratio[1]))))
    return round(math.sqrt(size * first_over_second)), round(math.sqrt(size / first_over_second))


def draw_seed(rng: np.random.Generator) -> int:
    """The seed of numbers for each pixel; short enough to write down."""
    return int(rng.random() * 2**32)


def draw_channels(
    rng: np.random.Generator, bounds: tuple[float, float], per_channel: float
) -> float | list[float]:
    """One number for all channels or, with probability `per_channel`, one for each of the three."""
    if rng.random() < per_channel:
        return [draw(rng, bounds) for _ in range(3)]
    return draw(rng, bounds)


def random_words(rng: np.random.Generator, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    """Uniform numbers of an unsigned dtype, at a quarter of the cost of `rng.integers`."""
    count = math.prod(shape)
    raw = rng.bit_generator.random_raw(math.ceil(count * np.dtype(dtype).itemsize / 8))
    return raw.view(dtype)[:count].reshape(shape)
