"""What the notebook draws for its crops and its affine, for peers whose functions take numbers."""

from random import uniform


def factor() -> float:
    """Of a blend."""
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
