"""Duplicate images: equal pixels, or nearly equal pictures, mirrored or not.

Candidates have perceptual hashes (pHash: signs of an 8 × 8 block of cosine frequencies; Zauner,
"Implementation and Benchmarking of Perceptual Image Hash Functions", 2010) within MAX_BITS of each
other. The correlation of grey thumbnails decides. Brightness, contrast and size do not count;
shifted or cropped images are not found.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np

SIDE = 32  # of a thumbnail, in pixels
BLOCK = 8  # frequencies either way, from the lowest but one
MAX_BITS = 7  # of 64 in which hashes of near duplicates differ
SURE = 0.995  # correlation from which two images count as one
LIKELY = 0.97  # …if neither is one of a crowd
CROWD = 3  # an image with more others of a similar hash is one of many digits, garments, frames
FLAT = 2.0  # standard deviation in grey levels, below which there is nothing to compare

TILE = 512  # images that are compared with as many others at once
ROUNDING = 1e-4  # of a bound, in float32
# Bits of neighbouring frequencies are correlated; this order spreads them over the bands of a hash.
_SPREAD = np.argsort(np.arange(64) * 29 % 64)


class Pairs(NamedTuple):
    """Images `first` < `second`, int64 [P]; how they correlate, and whether one is mirrored."""

    first: np.ndarray
    second: np.ndarray
    correlation: np.ndarray
    mirrored: np.ndarray


def thumbnail(image: np.ndarray) -> np.ndarray:
    """Grey uint8 [SIDE, SIDE] of an RGB image, stretched."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def same_as(digests: Sequence[Hashable]) -> list[int]:
    """For each digest, the index of the first that is equal."""
    first: dict[Hashable, int] = {}
    return [first.setdefault(digest, index) for index, digest in enumerate(digests)]


def near_pairs(
    images: Sequence[np.ndarray], step: Callable[[int, int], object] = lambda done, total: None
) -> Pairs:
    """All pairs of near duplicates among thumbnails, uint8 [SIDE, SIDE].

    Many images that are surely the same, such as frames of a film, pair with one of them only.
    With 100,000 images it takes minutes, and calls `step` with how far it is, many times a second.
    """
    thumbnails = np.asarray(images, np.uint8).reshape(-1, SIDE, SIDE)
    usable = np.flatnonzero([thumbnail.std() >= FLAT for thumbnail in thumbnails])
    thumbnails = thumbnails[usable]
    blocks = _blocks(thumbnails)
    leader = _leaders(thumbnails, blocks)
    follower = np.flatnonzero(leader != np.arange(len(usable)))
    led = np.bincount(leader[follower], minlength=len(usable))
    others = np.setdiff1d(np.arange(len(usable)), follower)
    pairs = _pairs_among(others, led, thumbnails, blocks, step)
    correlation = _correlation(thumbnails, leader[follower], follower)
    led_pairs = Pairs(leader[follower], follower, correlation, np.zeros(len(follower), bool))
    first, second, correlation, mirrored = map(np.concatenate, zip(pairs, led_pairs, strict=True))
    return Pairs(usable[first], usable[second], correlation, mirrored)


def _leaders(thumbnails: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """The image that stands for each image, mostly itself: int [N].

    Thousands of frames would make millions of pairs. A hash has four bands of 16 bits. Images with
    the same band are compared with the first of them only; it leads them if more than CROWD are
    surely the same.
    """
    leader = np.arange(len(thumbnails))
    hashes = np.packbits(blocks.take(_SPREAD, axis=1) > 0, axis=1).view(np.uint16)
    for band in hashes.T:
        free = np.flatnonzero(leader == np.arange(len(leader)))
        _, at, inverse = np.unique(band[free], return_index=True, return_inverse=True)
        first = free[at[inverse]]
        near = (first != free) & (_bound(blocks[first], blocks[free]) >= SURE - ROUNDING)
        first, free = first[near], free[near]
        sure = _correlation(thumbnails, first, free) >= SURE
        first, free = first[sure], free[sure]
        many = np.bincount(first, minlength=len(leader))[first] > CROWD
        leader[free[many]] = first[many]
    while True:  # a leader may have a leader in another band
        further = leader[leader]
        moved = np.flatnonzero(further != leader)
        moved = moved[_correlation(thumbnails, further[moved], moved) >= SURE]
        if not len(moved):
            return leader
        leader[moved] = further[moved]


def _pairs_among(
    chosen: np.ndarray,
    led: np.ndarray,
    thumbnails: np.ndarray,
    blocks: np.ndarray,
    step: Callable[[int, int], object],
) -> Pairs:
    """The pairs of near duplicates among chosen images, each of which stands for `led` others."""
    blocks, similar = blocks[chosen], led[chosen]
    nothing = np.zeros(0, np.int64)
    parts = [(nothing, nothing, np.zeros(0, np.float32), np.zeros(0, bool))]
    tiles = -(-len(blocks) // TILE)
    in_a_pass = tiles * (tiles + 1) // 2
    for mirrored in (False, True):
        turned = blocks * _mirror() if mirrored else blocks
        for done, (first, second) in enumerate(_similar(blocks, turned), mirrored * in_a_pass):
            step(done, 2 * in_a_pass)
            np.add.at(similar, first, 1)
            np.add.at(similar, second, 1)
            bound = _bound(turned[first], blocks[second])
            kept = bound >= LIKELY - ROUNDING
            first, second, bound = first[kept], second[kept], bound[kept]
            parts.append((first, second, bound, np.full(len(first), mirrored)))
    first, second, bound, mirrored = map(np.concatenate, zip(*parts, strict=True))
    crowded = similar > CROWD
    least = np.where(crowded[first] | crowded[second], SURE, LIKELY)
    kept = bound >= least - ROUNDING
    first, second, mirrored, least = (each[kept] for each in (first, second, mirrored, least))
    first, second = chosen[first], chosen[second]
    correlation = _correlation(thumbnails, first, second, mirrored)
    kept = correlation >= least
    return Pairs(first[kept], second[kept], correlation[kept], mirrored[kept])


def components(count: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The number of each item's group, int [count]: a chain of pairs links the items of a group."""
    # SciPy takes a quarter of a second to import.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(first)), (first, second)), (count, count))
    return connected_components(links, directed=False)[1]


def _bound(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """An upper bound on the correlation of images with these frequencies.

    For vectors of length 1, the distance over some of the frequencies bounds the whole distance,
    and so the correlation. This leaves few images of a crowd to compare.
    """
    return 1 - np.square(one - other).sum(axis=1) / 2


def _blocks(thumbnails: np.ndarray) -> np.ndarray:
    """The cosine frequencies 1 to BLOCK, down and across, float32 [N, 64], of images whose
    deviations from their mean have length 1."""
    place = (2 * np.arange(SIDE) + 1) * np.pi / (2 * SIDE)
    basis = np.cos(np.outer(np.arange(1, BLOCK + 1), place)) * np.sqrt(2 / SIDE)
    basis = basis.astype(np.float32)
    blocks = np.empty((len(thumbnails), BLOCK * BLOCK), np.float32)
    for start in range(0, len(thumbnails), 4096):
        grey = thumbnails[start : start + 4096].astype(np.float32)
        length = grey.reshape(len(grey), -1).std(axis=1, keepdims=True) * SIDE
        blocks[start : start + 4096] = (basis @ grey @ basis.T).reshape(len(grey), -1) / length
    return blocks


def _mirror() -> np.ndarray:
    """What mirroring multiplies the 64 frequencies by: those that are odd across change sign."""
    return np.tile(np.where(np.arange(1, BLOCK + 1) % 2, -1, 1).astype(np.float32), BLOCK)


def _similar(blocks: np.ndarray, turned: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Indices a < b of blocks, the first turned, whose hashes are at most MAX_BITS apart."""
    # Of signs ±1, a product is the number of equal bits minus that of different ones.
    signs, queries = (
        np.where(each > 0, np.float32(1), np.float32(-1)) for each in (blocks, turned)
    )
    for top in range(0, len(signs), TILE):
        for left in range(top, len(signs), TILE):
            products = queries[top : top + TILE] @ signs[left : left + TILE].T
            similar = np.flatnonzero(products >= BLOCK * BLOCK - 2 * MAX_BITS)
            first, second = np.unravel_index(similar, products.shape)
            first, second = first + top, second + left
            kept = first < second
            yield first[kept], second[kept]


def _correlation(
    thumbnails: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    mirrored: np.ndarray | bool = False,
) -> np.ndarray:
    """The correlation of the grey levels of each pair, the first mirrored or not, float64 [P]."""
    mirrored = np.broadcast_to(mirrored, len(first))
    correlation = np.empty(len(first))
    for start in range(0, len(first), 4096):
        part = slice(start, start + 4096)
        one = thumbnails[first[part]]
        one = np.where(mirrored[part, None, None], one[:, :, ::-1], one)
        a, b = (
            each.reshape(len(each), -1).astype(np.float32)
            for each in (one, thumbnails[second[part]])
        )
        a -= a.mean(axis=1, keepdims=True)
        b -= b.mean(axis=1, keepdims=True)
        lengths = np.sqrt(np.square(a).sum(axis=1) * np.square(b).sum(axis=1))
        correlation[part] = (a * b).sum(axis=1) / lengths
    return correlation
