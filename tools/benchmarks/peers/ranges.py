"""Draws for peers whose functions take numbers."""

import math
from random import randint, sample, uniform

JITTERS = ("brightness", "contrast", "saturation", "hue")


def factor() -> float:
    """The factor of a blend."""
    return uniform(0.5, 1.5)


def middle(size: int) -> tuple[int, int, int, int]:
    """Top, left, height and width of a crop of the centre, by a ratio for each axis."""
    down, across = size / uniform(1, 1.5), size / uniform(1, 1.5)
    return round((size - down) / 2), round((size - across) / 2), round(down), round(across)


def inside(size: int) -> tuple[int, int, int, int]:
    """Top, left, height and width of what is left when each side loses up to a tenth."""
    top, right, bottom, left = (round(size * uniform(0, 0.1)) for _ in range(4))
    return top, left, size - top - bottom, size - left - right


def affine(size: int) -> tuple[float, list[float], float, list[float]]:
    """Angle, shift in pixels, scale and shear."""
    shift = [uniform(-0.2, 0.2) * size for _ in range(2)]
    return uniform(-45, 45), shift, uniform(0.8, 1.2), [uniform(-16, 16)] * 2


def part(size: int) -> int:
    """The side of the result of an op that makes images smaller."""
    return size * 2 // 3


def place(size: int, padding: int) -> tuple[int, int, int, int]:
    """Top, left, height and width of such a result, anywhere in an image with its padding."""
    rest = size + 2 * padding - part(size)
    return randint(0, rest), randint(0, rest), part(size), part(size)


def rectangle(
    size: int, areas: tuple[float, float], ratios: tuple[float, float], longest: int
) -> tuple[int, int, int, int] | None:
    """Top, left, height and width of a part of the image, as torchvision draws it: by a share of
    its area and a ratio of sides. None if ten draws have a side above `longest`."""
    for _ in range(10):
        area = size * size * uniform(*areas)
        ratio = math.exp(uniform(*map(math.log, ratios)))
        down, across = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < across <= longest and 0 < down <= longest:
            return randint(0, size - down), randint(0, size - across), down, across
    return None


def resized(size: int) -> tuple[int, int, int, int]:
    """Top, left, height and width of the part that a random resized crop enlarges."""
    return rectangle(size, (0.08, 1), (3 / 4, 4 / 3), size) or (0, 0, size, size)


def erased(size: int) -> tuple[int, int, int, int] | None:
    """Top, left, height and width of what random erasing erases, if anything."""
    return rectangle(size, (0.02, 0.33), (0.3, 3.3), size - 1)


def jittered(image, functional):
    """The image after a library's four adjustments in random order."""
    for name in sample(JITTERS, 4):
        amount = shift() if name == "hue" else factor()
        image = getattr(functional, f"adjust_{name}")(image, amount)
    return image


def shear() -> float:
    """The angle of a shear in degrees."""
    return math.degrees(math.atan(uniform(-0.3, 0.3)))


def move(size: int) -> int:
    """Pixels of a translation."""
    return int(uniform(-0.45, 0.45) * size)


def square(size: int) -> tuple[int, int, int, int]:
    """The same for a square of 16 pixels a side whose centre is anywhere in the image."""
    top, left = (randint(0, size - 1) - 8 for _ in range(2))
    bottom, right = min(size, top + 16), min(size, left + 16)
    top, left = max(0, top), max(0, left)
    return top, left, bottom - top, right - left


def shift() -> float:
    """The shift of the hue."""
    return uniform(-0.5, 0.5)
