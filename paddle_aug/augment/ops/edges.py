"""Filters that bring out edges, 3 × 3 and blended with the identity, as in imgaug 0.4.0.

The filters are computed in float32, as imgaug does: doubles would round a few pixels differently.
"""

import functools
import math
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np

from paddle_aug.augment.ops.draws import (
    Factor,
    Range,
    UpToShare,
    around,
    draw,
    factors,
    up_to,
    within,
)
from paddle_aug.augment.transform import Transform

NOTHING = np.float32([[0, 0, 0], [0, 1, 0], [0, 0, 0]])
NEIGHBOURS = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]
EDGES = np.float32([[0, 1, 0], [1, -4, 1], [0, 1, 0]])


def sharpen(image: np.ndarray, alpha: float, lightness: float) -> np.ndarray:
    """Bring out pixels that differ from their 8 neighbours; `lightness` 1 keeps the brightness."""
    center = 8 + np.float32(lightness)
    return _filter(image, np.float32([[-1, -1, -1], [-1, center, -1], [-1, -1, -1]]), alpha)


def emboss(image: np.ndarray, alpha: float, strength: float) -> np.ndarray:
    """Light from the lower right: adds the slope along the diagonal."""
    s = np.float32(strength)
    return _filter(image, np.float32([[-1 - s, -s, 0], [-s, 1, s], [0, s, 1 + s]]), alpha)


def edge_detect(image: np.ndarray, alpha: float) -> np.ndarray:
    """Blend with the Laplacian of the 4 neighbours: bright edges on black."""
    return _filter(image, EDGES, alpha)


def directed_edge_detect(image: np.ndarray, alpha: float, degrees: int) -> np.ndarray:
    """Blend with the edges that face one direction, in whole degrees clockwise from the top."""
    return _filter(image, _directed_edges(degrees), alpha)


def _filter(image: np.ndarray, effect: np.ndarray, alpha: float) -> np.ndarray:
    """Apply a filter between the identity (alpha 0) and the whole effect (alpha 1)."""
    alpha = np.float32(alpha)
    return cv2.filter2D(image, -1, (1 - alpha) * NOTHING + alpha * effect)


@functools.cache
def _directed_edges(degrees: int) -> np.ndarray:
    """The pixel minus its neighbours, each weighted by (1 - its angle to the direction /
    180°)^4."""
    angle = math.radians(degrees) - 0.5 * math.pi
    effect = np.zeros((3, 3), np.float32)
    for y, x in NEIGHBOURS:
        away = (x * math.cos(angle) + y * math.sin(angle)) / math.hypot(x, y)
        between = math.acos(min(max(away, -1), 1))
        effect[y + 1, x + 1] = (1 - math.degrees(between) / 180) ** 4
    effect /= -np.sum(effect)
    effect[1, 1] = 1
    return effect


@dataclass(frozen=True)
class Sharpen(Transform):
    """Sharpens; the result is 1 ± `lightness` times as bright, or by a factor of the range."""

    alpha: UpToShare = 0.2
    lightness: Factor = 0.2

    def sample(self, rng, shape):
        return {
            "alpha": draw(rng, up_to(self.alpha)),
            "lightness": draw(rng, factors(self.lightness)),
        }

    apply = staticmethod(sharpen)


@dataclass(frozen=True)
class Emboss(Transform):
    """Makes a relief of up to `strength`, or of the range."""

    alpha: UpToShare = 1.0
    strength: Annotated[Range, within(read=up_to)] = (0.25, 1.0)

    def sample(self, rng, shape):
        return {"alpha": draw(rng, up_to(self.alpha)), "strength": draw(rng, up_to(self.strength))}

    apply = staticmethod(emboss)


@dataclass(frozen=True)
class EdgeDetect(Transform):
    """Blends in the edges."""

    alpha: UpToShare = 0.75

    def sample(self, rng, shape):
        return {"alpha": draw(rng, up_to(self.alpha))}

    apply = staticmethod(edge_detect)


@dataclass(frozen=True)
class DirectedEdgeDetect(Transform):
    """Blends in the edges that face one direction, drawn as a share of a turn, clockwise from the
    top."""

    alpha: UpToShare = 0.75
    direction: Annotated[Range, within(read=around)] = (0.0, 1.0)

    def sample(self, rng, shape):
        return {
            "alpha": draw(rng, up_to(self.alpha)),
            "degrees": int(draw(rng, around(self.direction)) * 360) % 360,
        }

    apply = staticmethod(directed_edge_detect)
