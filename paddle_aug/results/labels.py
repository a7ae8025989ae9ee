"""Where names stand in figures and charts: in lines that end with an operation, and apart."""

import re
import textwrap
from collections.abc import Sequence

import numpy as np


def operations(pipeline: str) -> list[str]:
    """The parts of a pipeline's name, between which it may be broken.

    >>> operations("hflip|rotate(20)+mixup")
    ['hflip|', 'rotate(20)+', 'mixup']
    """
    return re.findall(r"[^|+]+[|+]?|[|+]", pipeline)


def pieces(text: str) -> list[str]:
    """The parts of an operation, between which it may be broken if it is too long for a line.

    >>> pieces("random_crop(32, 4)")
    ['random_', 'crop(32, ', '4)']
    """
    return re.findall("[^_ ]+[_ ]*|[_ ]+", text)


def in_lines(parts: Sequence[str], between: str, letters: int) -> list[str]:
    """Lines of so many letters with as many parts as they have room for; a part that is longer has
    lines of its own, broken at blanks and after underscores."""
    lines = [parts[0]]
    for part in parts[1:]:
        if len(lines[-1] + between + part) <= letters:
            lines[-1] += between + part
        else:
            lines.append(part)
    return [line for part in lines for line in _broken(part, letters)]


def _broken(part: str, letters: int) -> list[str]:
    if len(part) <= letters:
        return [part]
    lines = [""]
    for piece in pieces(part):
        if lines[-1] and len((lines[-1] + piece).rstrip()) > letters:
            lines.append("")
        lines[-1] += piece
    return [short for line in lines for short in textwrap.wrap(line, letters)]


def spaced(wanted: Sequence[float], heights: Sequence[float], low: float, high: float) -> list:
    """Middles for labels of these heights, as near to the wanted ones as they can be without
    overlap, between `low` and `high` if they fit.

    Labels that would overlap become a block in the middle of where they want to be.
    """

    def height(block: list[int]) -> float:
        return sum(heights[number] for number in block)

    def bottom(block: list[int]) -> float:
        starts = [
            wanted[number] - heights[number] / 2 - height(block[:place])
            for place, number in enumerate(block)
        ]
        return max(low, min(float(np.mean(starts)), high - height(block)))

    blocks: list[list[int]] = []
    for number in sorted(range(len(wanted)), key=lambda number: wanted[number]):
        blocks.append([number])
        while len(blocks) > 1 and bottom(blocks[-1]) < bottom(blocks[-2]) + height(blocks[-2]):
            last = blocks.pop()
            blocks[-1] += last
    middles = [0.0] * len(wanted)
    for block in blocks:
        edge = bottom(block)
        for number in block:
            middles[number] = edge + heights[number] / 2
            edge += heights[number]
    return middles
