"""Duplicate images: equal pixels, or nearly equal pictures, mirrored or not.

Candidates have perceptual hashes (pHash: signs of an 8 × 8 block of cosine frequencies; Zauner,
"Implementation and Benchmarking of Perceptual Image Hash Functions", 2010) within MAX_BITS of each
other, found without comparing all with all (Norouzi, Punjani, Fleet, "Fast Exact Search in Hamming
Space with Multi-Index Hashing", 2014). The correlation of grey thumbnails decides. Brightness,
contrast and size do not count; shifted or cropped images are not found.
"""

from collections.abc import Hashable, Iterator, Sequence
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

BANDS = 4  # of a hash, 16 bits each; of 7 different bits, one band has at most one
ROUNDING = 1e-4  # of a bound, in float32
_AT_ONCE = 2**20  # pairs
# Neighbouring frequencies are alike in similar images; spread over the bands, these fill evenly.
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
    """For each, the index of the first that is equal."""
    first: dict[Hashable, int] = {}
    return [first.setdefault(digest, index) for index, digest in enumerate(digests)]


def near_pairs(thumbnails: np.ndarray) -> Pairs:
    """All pairs of near duplicates among thumbnails, uint8 [N, SIDE, SIDE]; of many that are surely
    the same, such as frames of a film, one stands for the others."""
    usable = np.flatnonzero([thumbnail.std() >= FLAT for thumbnail in thumbnails])
    thumbnails = thumbnails[usable]
    blocks = _blocks(thumbnails)
    leader = _leaders(thumbnails, blocks)
    follower = np.flatnonzero(leader != np.arange(len(usable)))
    led = np.bincount(leader[follower], minlength=len(usable))
    first, second, correlation, mirrored = map(
        np.concatenate,
        zip(
            _pairs_among(np.setdiff1d(np.arange(len(usable)), follower), led, thumbnails, blocks),
            (
                leader[follower],
                follower,
                _correlation(thumbnails, leader[follower], follower),
                np.zeros(len(follower), bool),
            ),
            strict=True,
        ),
    )
    return Pairs(usable[first], usable[second], correlation, mirrored)


def _leaders(thumbnails: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """The image that stands for each image, mostly itself: int [N].

    Thousands of frames would make millions of pairs. Within a band, images of the same 16 bits are
    compared with the first of them only; it leads them if more than CROWD are surely the same.
    """
    leader = np.arange(len(thumbnails))
    hashes = _hashes(blocks)
    for band in range(BANDS):
        free = np.flatnonzero(leader == np.arange(len(leader)))
        _, at, inverse = np.unique(
            _band(hashes[free], band), return_index=True, return_inverse=True
        )
        first = free[at[inverse]]
        near = (first != free) & (_bound(blocks[first], blocks[free]) >= SURE - ROUNDING)
        first, free = first[near], free[near]
        sure = _correlation(thumbnails, first, free) >= SURE
        first, free = first[sure], free[sure]
        many = np.bincount(first, minlength=len(leader))[first] > CROWD
        leader[free[many]] = first[many]
    while True:  # who leads may be led in another band
        further = leader[leader]
        moved = np.flatnonzero(further != leader)
        moved = moved[_correlation(thumbnails, further[moved], moved) >= SURE]
        if not len(moved):
            return leader
        leader[moved] = further[moved]


def _pairs_among(
    chosen: np.ndarray, led: np.ndarray, thumbnails: np.ndarray, blocks: np.ndarray
) -> Pairs:
    """The pairs of near duplicates among chosen images, each of which stands for `led` others."""
    blocks, similar = blocks[chosen], led[chosen]
    hashes, mirror = _hashes(blocks), _mirror()
    parts = []
    for mirrored in (False, True):
        turned = blocks * mirror if mirrored else blocks
        for first, second in _similar(hashes, _hashes(turned)):
            similar = similar + np.bincount(first, minlength=len(chosen))
            similar += np.bincount(second, minlength=len(chosen))
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
    """The number of the group of each, int [count]: whatever a chain of pairs links is one."""
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


def _hashes(blocks: np.ndarray) -> np.ndarray:
    """uint64 [N]: the signs."""
    return np.packbits(np.ascontiguousarray(blocks[:, _SPREAD] > 0), axis=1).view(np.uint64)[:, 0]


def _similar(hashes: np.ndarray, queries: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Indices a < b with queries[a] and hashes[b] at most MAX_BITS apart, each pair once."""
    yield np.zeros(0, np.int64), np.zeros(0, np.int64)
    flips = np.array([0, *(1 << bit for bit in range(16))], np.uint16)
    for band in range(BANDS):
        keys, wanted = _band(hashes, band), _band(queries, band)
        order = np.argsort(keys, kind="stable")
        sizes = np.bincount(keys, minlength=2**16)
        starts = np.cumsum(sizes) - sizes
        for flip in flips:
            probes = wanted ^ flip
            for first, place in _ranges(starts[probes], sizes[probes]):
                second = order[place]
                kept = first < second
                first, second = first[kept], second[kept]
                apart = queries[first] ^ hashes[second]
                kept = _bits(apart) <= MAX_BITS
                for earlier in range(band):  # which has found the pair already
                    kept &= _bits(_band(apart, earlier)) > 1
                yield first[kept], second[kept]


def _band(hashes: np.ndarray, band: int) -> np.ndarray:
    return (hashes >> np.uint64(16 * band)).astype(np.uint16)


_BITS = np.unpackbits(np.arange(2**16, dtype=np.uint16).view(np.uint8).reshape(-1, 2), axis=1)
_BITS = _BITS.sum(axis=1, dtype=np.uint8)


def _bits(values: np.ndarray) -> np.ndarray:
    """How many bits are set; NumPy 1 has no function for it."""
    if values.dtype == np.uint16:
        return _BITS[values]
    return _BITS[values.view(np.uint16).reshape(-1, BANDS)].sum(axis=1, dtype=np.uint8)


def _ranges(starts: np.ndarray, sizes: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The index of each range and the places in it, for about _AT_ONCE places at a time."""
    ends = np.cumsum(sizes)
    begin = 0
    while begin < len(sizes):
        before = ends[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, before + _AT_ONCE, "right")))
        index = np.repeat(np.arange(begin, end), sizes[begin:end])
        offset = np.arange(ends[end - 1] - before) - np.repeat(
            ends[begin:end] - sizes[begin:end] - before, sizes[begin:end]
        )
        yield index, starts[index] + offset
        begin = end


def _correlation(
    thumbnails: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    mirrored: np.ndarray | None = None,
) -> np.ndarray:
    """The correlation of the grey levels of each pair, the first mirrored or not, float64 [P]."""
    if mirrored is None:
        mirrored = np.zeros(len(first), bool)
    found = np.empty(len(first))
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
        found[part] = (a * b).sum(axis=1) / lengths
    return found
