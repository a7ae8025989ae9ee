"""Sixteen things, drawn by arithmetic.

The pictures are the same bytes on every machine: they take only float64 + - * / and comparisons,
integer draws, and a PNG encoder without compression, as every zlib compresses differently. OpenCV
would draw other pixels with another version.
"""

import math
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

SIZE = 96
FINE = 2  # points along a pixel's edge, for antialiasing


# Tells which points a part of a thing covers, from their x and y. The frame of a thing goes from -1
# to 1, with y down.
Part = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Hole(NamedTuple):
    """Removes what earlier parts have painted there."""

    part: Part


def oval(x: float, y: float, half_width: float, half_height: float) -> Part:
    """A filled ellipse around (x, y)."""
    return lambda xs, ys: ((xs - x) / half_width) ** 2 + ((ys - y) / half_height) ** 2 <= 1


def bar(x1: float, y1: float, x2: float, y2: float, thickness: float) -> Part:
    """A straight stroke with round ends."""
    along, up = x2 - x1, y2 - y1

    def covers(xs, ys):
        xs, ys = xs - x1, ys - y1
        reached = np.clip((xs * along + ys * up) / (along * along + up * up), 0, 1)
        xs, ys = xs - reached * along, ys - reached * up
        return xs * xs + ys * ys <= thickness * thickness / 4

    return covers


def arc(x: float, y: float, radius: float, thickness: float, toward=(0, 0)) -> Part:
    """A stroke along a circle: the half of it on the side of `toward`, or all of it."""
    inner, outer = radius - thickness / 2, radius + thickness / 2

    def covers(xs, ys):
        xs, ys = xs - x, ys - y
        square = xs * xs + ys * ys
        side = xs * toward[0] + ys * toward[1] >= 0
        return (square >= inner * inner) & (square <= outer * outer) & side

    return covers


def polygon(*corners: tuple[float, float]) -> Part:
    """A filled polygon: a ray from a point inside crosses an odd number of edges."""

    def covers(xs, ys):
        inside = np.zeros(xs.shape, bool)
        for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
            if y1 != y2:  # a level edge is never crossed by the level ray
                inside ^= ((ys < y1) != (ys < y2)) & (xs < x1 + (ys - y1) * ((x2 - x1) / (y2 - y1)))
        return inside

    return covers


def direction(degrees: float) -> tuple[float, float]:
    """Cosine and sine, rounded, as the last bits of trigonometry differ between C libraries."""
    angle = math.radians(degrees)
    return round(math.cos(angle), 9), round(math.sin(angle), 9)


def spread(count: int, radius: float, start: float = -90) -> list[tuple[float, float]]:
    """`count` points evenly on a circle, from `start` degrees on."""
    turns = [direction(start + 360 * turn / count) for turn in range(count)]
    return [(radius * x, radius * y) for x, y in turns]


def disc(x: float, y: float, radius: float) -> Part:
    """A filled circle."""
    return oval(x, y, radius, radius)


def box(left: float, top: float, right: float, bottom: float) -> Part:
    """A filled rectangle."""
    return polygon((left, top), (right, top), (right, bottom), (left, bottom))


THINGS = {
    "anchor": (
        arc(0, -0.76, 0.16, 0.12),
        bar(0, -0.55, 0, 0.85, 0.17),
        bar(-0.38, -0.36, 0.38, -0.36, 0.15),
        arc(0, 0.16, 0.68, 0.17, (0, 1)),
        polygon((-0.96, 0.3), (-0.68, -0.12), (-0.4, 0.3)),
        polygon((0.96, 0.3), (0.68, -0.12), (0.4, 0.3)),
    ),
    "arrow": (bar(-0.85, 0, 0.4, 0, 0.26), polygon((0.15, -0.6), (0.98, 0), (0.15, 0.6))),
    "comb": (
        box(-0.9, -0.5, 0.9, -0.18),
        *(bar(0.27 * tooth, -0.3, 0.27 * tooth, 0.5, 0.13) for tooth in (-3, -2, -1, 0, 1, 2, 3)),
    ),
    "crescent": (disc(-0.1, 0, 0.9), Hole(disc(0.32, 0, 0.72))),
    "fish": (
        oval(-0.2, 0, 0.72, 0.44),
        polygon((0.25, 0), (0.95, -0.5), (0.75, 0), (0.95, 0.5)),
        polygon((-0.3, -0.35), (0.05, -0.72), (0.2, -0.3)),
        Hole(disc(-0.6, -0.1, 0.1)),
        Hole(arc(-0.62, 0, 0.36, 0.07, (1, 0))),
    ),
    "flower": (
        *(disc(x, y, 0.33) for x, y in spread(6, 0.6)),
        disc(0, 0, 0.5),
        Hole(arc(0, 0, 0.32, 0.12)),
    ),
    "gear": (
        *(bar(0, 0, x, y, 0.26) for x, y in spread(9, 0.84)),
        disc(0, 0, 0.7),
        Hole(disc(0, 0, 0.34)),
    ),
    "heart": (
        disc(-0.43, -0.32, 0.47),
        disc(0.43, -0.32, 0.47),
        polygon((-0.83, -0.07), (0, -0.5), (0.83, -0.07), (0, 0.9)),
    ),
    "key": (
        arc(-0.58, 0, 0.3, 0.18),
        bar(-0.25, 0, 0.88, 0, 0.17),
        bar(0.8, 0, 0.8, 0.34, 0.16),
        bar(0.5, 0, 0.5, 0.26, 0.16),
    ),
    "ladder": (
        bar(-0.36, -0.9, -0.36, 0.9, 0.16),
        bar(0.36, -0.9, 0.36, 0.9, 0.16),
        *(bar(-0.36, 0.33 * rung, 0.36, 0.33 * rung, 0.13) for rung in (-2, -1, 0, 1, 2)),
    ),
    "mug": (
        box(-0.7, -0.65, 0.35, 0.75),
        arc(0.36, 0.02, 0.4, 0.18, (1, 0)),
        Hole(oval(-0.175, -0.52, 0.42, 0.1)),
    ),
    "spectacles": (
        arc(-0.48, 0.1, 0.34, 0.14),
        arc(0.48, 0.1, 0.34, 0.14),
        arc(0, 0.06, 0.16, 0.12, (0, -1)),
        bar(-0.8, 0.02, -0.95, -0.3, 0.12),
        bar(0.8, 0.02, 0.95, -0.3, 0.12),
    ),
    "spiral": (
        arc(0.12, 0, 0.12, 0.17, (0, 1)),
        arc(0, 0, 0.24, 0.17, (0, -1)),
        arc(0.14, 0, 0.38, 0.17, (0, 1)),
        arc(0, 0, 0.52, 0.17, (0, -1)),
        arc(0.14, 0, 0.66, 0.17, (0, 1)),
        arc(0, 0, 0.8, 0.17, (0, -1)),
    ),
    "star": (
        polygon(*((x * r, y * r) for (x, y), r in zip(spread(10, 1), 5 * (1, 0.42), strict=True))),
    ),
    "umbrella": (
        disc(0, 0.1, 0.92),
        Hole(box(-1, 0.1, 1, 1.1)),
        *(Hole(oval(x, 0.12, 0.3, 0.17)) for x in (-0.613, 0, 0.613)),
        bar(0, -0.9, 0, 0.7, 0.11),
        arc(0.17, 0.7, 0.17, 0.11, (0, 1)),
    ),
    "wheel": (
        arc(0, 0, 0.8, 0.2),
        *(bar(0, 0, x, y, 0.11) for x, y in spread(8, 0.8)),
        disc(0, 0, 0.2),
    ),
}

Range = tuple[float, float]


@dataclass(frozen=True)
class Variety:
    """How much the pictures of a split vary. This is all in which the splits differ."""

    turn: float  # degrees, either way
    mirrored: bool  # half of the things
    reach: Range  # half the thing's extent, as a share of the picture's edge
    shift: float  # of its centre, as a share of the picture's edge
    stretch: float  # of each axis, as a share of it
    hues: Range  # of thing and background, in turns of the colour circle
    chroma: Range  # 0 is grey
    light: Range  # factors of illumination
    blots: tuple[int, int]  # how many lie on the ground behind the thing


TRAIN = Variety(
    turn=12, mirrored=False, reach=(0.34, 0.39), shift=0.03, stretch=0.08,
    hues=(0.0, 0.6), chroma=(0.1, 0.5), light=(0.8, 1.1), blots=(2, 5),
)  # fmt: skip
EVAL = Variety(
    turn=180, mirrored=True, reach=(0.33, 0.44), shift=0.04, stretch=0.12,
    hues=(0.0, 1.0), chroma=(0.0, 0.6), light=(0.65, 1.2), blots=(3, 7),
)  # fmt: skip


class Dice:
    """Random numbers from integer draws, because other draws may change with NumPy's version."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng

    def between(self, low: float, high: float) -> float:
        """One of 1,000,001 evenly spaced numbers."""
        return low + (high - low) * (int(self.rng.integers(1_000_001)) / 1_000_000)

    def integer(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""
        return int(self.rng.integers(low, high + 1))

    def either(self) -> bool:
        """Heads or tails."""
        return self.integer(0, 1) == 1


def centres(cuts: int = 1) -> np.ndarray:
    """The centres of an edge's pixels, from -0.5 to 0.5, with `cuts` points for each pixel."""
    count = SIZE * cuts
    return (np.arange(count) + 0.5) / count - 0.5


def tint(luma: float, hue: float, chroma: float) -> np.ndarray:
    """Red, green and blue of a colour as bright as `luma`: grey at chroma 0, pure at 1."""
    pure = np.clip([abs((6 * hue + lead) % 6 - 3) - 1 for lead in (0, 4, 2)], 0, 1)
    brightness = 0.299 * pure[0] + 0.587 * pure[1] + 0.114 * pure[2]
    return np.clip(luma + chroma * (pure - brightness), 0, 1)


def blend(canvas: np.ndarray, colour: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Paint a share of each pixel."""
    return canvas + (colour - canvas) * share[:, :, None]


def coverage(thing: str, variety: Variety, dice: Dice) -> np.ndarray:
    """The share of each pixel that the thing covers, in a random pose."""
    cos, sin = direction(dice.between(-variety.turn, variety.turn))
    reach = dice.between(*variety.reach)
    wide = reach * (1 + dice.between(-variety.stretch, variety.stretch))
    high = reach * (1 + dice.between(-variety.stretch, variety.stretch))
    if variety.mirrored and dice.either():
        wide = -wide
    x = centres(FINE) - dice.between(-variety.shift, variety.shift)
    y = centres(FINE)[:, None] - dice.between(-variety.shift, variety.shift)
    x, y = (x * cos + y * sin) / wide, (y * cos - x * sin) / high
    painted = np.zeros(x.shape, bool)
    for part in THINGS[thing]:
        if isinstance(part, Hole):
            painted &= ~part.part(x, y)
        else:
            painted |= part(x, y)
    return painted.reshape(SIZE, FINE, SIZE, FINE).sum(axis=(1, 3)) / FINE**2


def ramp(dice: Dice) -> np.ndarray:
    """From about 0 at one side of the picture to about 1 at the other, in any direction."""
    cos, sin = direction(dice.between(0, 360))
    return np.clip(0.5 + centres() * cos + centres()[:, None] * sin, 0, 1)


def stripes(dice: Dice) -> np.ndarray:
    """Soft stripes in any direction, from 0 to 1."""
    place = ramp(dice) * dice.between(4, 12)
    return abs(2 * (place - np.floor(place)) - 1)


def clouds(cells: int, dice: Dice) -> np.ndarray:
    """Smooth patches, `cells` of them along an edge, from 0 to 1."""
    values = dice.rng.integers(256, size=(cells + 1, cells + 1)) / 255
    place = (centres() + 0.5) * cells
    first = np.floor(place).astype(int)
    part = place - first
    rows = values[first] + (values[first + 1] - values[first]) * part[:, None]
    return rows[:, first] + (rows[:, first + 1] - rows[:, first]) * part


def blot(dice: Dice) -> np.ndarray:
    """The pixels of a small blot at a random place."""
    x, y = dice.between(-0.5, 0.5), dice.between(-0.5, 0.5)
    if dice.either():
        part = disc(x, y, dice.between(0.04, 0.14))
    else:
        part = bar(x, y, dice.between(-0.5, 0.5), dice.between(-0.5, 0.5), dice.between(0.03, 0.1))
    return part(centres(), centres()[:, None])


def background(luma: float, variety: Variety, dice: Dice) -> np.ndarray:
    """A textured ground with blots on it, all about as bright as `luma`."""

    def colour():
        shade = luma + dice.between(-0.12, 0.12)
        return tint(shade, dice.between(*variety.hues), dice.between(*variety.chroma))

    canvas = blend(np.zeros((SIZE, SIZE, 3)) + colour(), colour(), ramp(dice))
    texture = stripes(dice) if dice.either() else clouds(dice.integer(3, 16), dice)
    canvas = blend(canvas, colour(), texture)
    for _ in range(dice.integer(*variety.blots)):
        canvas = blend(canvas, colour(), 0.8 * blot(dice))
    return canvas


def light(variety: Variety, dice: Dice) -> np.ndarray:
    """Factors for colours: light that falls off to one side, sometimes with a shadow's edge."""
    first, second = dice.between(*variety.light), dice.between(*variety.light)
    falling = first + (second - first) * ramp(dice)
    if dice.either():
        return falling
    shaded = np.clip((ramp(dice) - dice.between(0.3, 0.7)) * 12, 0, 1)
    return falling * (1 - 0.35 * shaded)


def picture(thing: str, variety: Variety, rng: np.random.Generator) -> np.ndarray:
    """Draw a thing: uint8, SIZE × SIZE × 3, RGB."""
    dice = Dice(rng)
    dark, bright = dice.between(0.15, 0.35), dice.between(0.65, 0.85)
    ground, paint = (dark, bright) if dice.either() else (bright, dark)
    canvas = background(ground, variety, dice)
    share = coverage(thing, variety, dice)
    down, right = dice.integer(1, 4), dice.integer(1, 4)
    canvas[down:, right:] *= 1 - 0.35 * share[:-down, :-right, None]  # the shadow of the thing
    colour = tint(paint, dice.between(*variety.hues), dice.between(*variety.chroma))
    canvas = blend(canvas, colour * (0.85 + 0.3 * ramp(dice)[:, :, None]), share)
    canvas = canvas * light(variety, dice)[:, :, None]
    grain = dice.integer(1, 8)
    noise = rng.integers(-grain, grain + 1, size=(3, *canvas.shape)).sum(axis=0)
    return np.floor(np.clip(canvas * 255 + noise, 0, 255) + 0.5).astype(np.uint8)


def png(image: np.ndarray) -> bytes:
    """Encode a small RGB image as PNG, its pixels in one stored (uncompressed) deflate block."""
    height, width, _ = image.shape
    rows = b"".join(b"\0" + row.tobytes() for row in image)  # each begins with its filter: none
    stored = struct.pack("<BHH", 1, len(rows), len(rows) ^ 0xFFFF) + rows
    stream = b"\x78\x01" + stored + struct.pack(">I", zlib.adler32(rows))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", stream), (b"IEND", b""))
    )
