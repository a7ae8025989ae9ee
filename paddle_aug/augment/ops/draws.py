"""The fields of ops: how a value is read as a range, which values are refused, and draws from it.

The annotation of a field names both, as in `rotate: Turn = 15`; `Transform` runs the checks.
"""

import math
from collections.abc import Callable, Collection, Sequence
from typing import Annotated, Any

import numpy as np

Range = float | tuple[float, float]


def around(value: Range, centre: float = 0) -> tuple[float, float]:
    """The range of a field: a scalar means "up to this much either way from doing nothing"."""
    return value if isinstance(value, tuple) else (centre - value, centre + value)


def up_to(value: Range) -> tuple[float, float]:
    """The range of a field that cannot go below doing nothing: a scalar means "up to this much"."""
    return value if isinstance(value, tuple) else (0, value)


def factors(value: Range) -> tuple[float, float]:
    """The range of a factor: a scalar means 1 ± this much, but not below 0."""
    return value if isinstance(value, tuple) else (max(0.0, 1 - value), 1 + value)


def within(
    low: float = -math.inf,
    high: float = math.inf,
    read: Callable[[Any], Any] = lambda value: value,
    whole: bool = False,
) -> Callable[[str, Any], None]:
    """A check that raises ValueError for a number outside [low, high], or a range upside down.

    `read` makes a range of the field's value; `whole` refuses fractions, too.
    """

    def check(name: str, value: Any) -> None:
        value = read(value)
        numbers = value if isinstance(value, tuple) else (value,)
        if whole and not all(isinstance(number, int) for number in numbers):
            raise ValueError(f"{name} wants whole numbers, got {value}")
        if not all(low <= number <= high and math.isfinite(number) for number in numbers):
            limits = f"from {low} to {high}" if high < math.inf else f"of {low} or more"
            raise ValueError(f"{name} wants numbers {limits}, got {value}")
        if numbers[0] > numbers[-1]:
            raise ValueError(f"{name} wants a range from a low to a high number, got {value}")

    return check


def one_of(choices: Collection) -> Callable[[str, Any], None]:
    """A check that raises ValueError for a field that is, or contains, none of the choices."""

    def check(name: str, value: Any) -> None:
        for choice in value if isinstance(value, tuple) else (value,):
            if choice not in choices:
                raise ValueError(f"{name} wants one of {tuple(choices)}, got {choice!r}")

    return check


def check_scale(name: str, value: Range) -> None:
    """Raise ValueError for a range about 1 that reaches 0."""
    within()(name, around(value, 1))
    if around(value, 1)[0] <= 0:
        raise ValueError(f"{name} wants to stay above 0, got {value}")


def check_ratio(name: str, value: tuple[float, float]) -> None:
    """Raise ValueError for a range of ratios that reaches 0 or is upside down."""
    if not 0 < value[0] <= value[1]:
        raise ValueError(f"{name} wants 0 < low <= high, got {value}")


def check_colour(name: str, value: int | tuple[int, int, int]) -> None:
    """Raise ValueError for a fill that is neither a level nor three levels."""
    levels = value if isinstance(value, tuple) else (value,) * 3
    if len(levels) != 3 or not all(level in range(256) for level in levels):
        raise ValueError(f"{name} wants a level from 0 to 255 or three, got {value!r}")


# The kinds of fields that several ops have.
Share = Annotated[float, within(0, 1)]
Probability = Annotated[float | bool, within(0, 1)]  # imgaug writes per_channel=True
Shares = Annotated[tuple[float, float], within(0, 1)]
Strengths = Annotated[tuple[float, float], within(0)]
UpToShare = Annotated[Range, within(0, 1, up_to)]
UpTo = Annotated[Range, within(0, read=up_to)]
Factor = Annotated[Range, within(0, read=factors)]
Scale = Annotated[Range, check_scale]
Levels = Annotated[Range, within(-255, 255, around)]
Move = Annotated[Range, within(-1, 1, around)]  # in shares of a side
Turn = Annotated[Range, within(read=around)]  # in degrees
Slant = Annotated[Range, within(-89, 89, around)]  # in degrees, short of a right angle
Ratio = Annotated[tuple[float, float], check_ratio]
Colour = Annotated[int | tuple[int, int, int], check_colour]


def draw(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    """A number of the range, at a quarter of the cost of `rng.uniform`."""
    low, high = bounds
    return low + (high - low) * rng.random()


def draw_whole(rng: np.random.Generator, low: int, high: int) -> int:
    """A whole number from low to high, both included, at a quarter of the cost of
    `rng.integers`."""
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
