"""The median of large windows by minima and maxima of whole images: exact, and fast.

OpenCV keeps a histogram of the window that it moves along. A sorting network needs no more than the
smaller and the larger of two pixels, for all pixels at once, which a processor does dozens at a
time; and what neighbouring windows have in common is sorted once. After Adams, "Fast Median Filters
using Separable Sorting Networks" (SIGGRAPH 2021), with merges by Batcher's network:

1. Each column of k pixels is sorted, by merging runs of 1, 2, 4 … that the columns below share.
2. Four neighbours in a row share k - 3 columns, the left and the right two of them k - 1. Those are
   merged, once for four and then once for two, as far as it takes to know the k + 1 values around
   their middle. (Below k 11 two neighbours alone: four would be twice the calls for little.)
3. The median is where those values and the one column left, of k values, balance.
"""

import functools
import threading
from collections.abc import Callable

import cv2
import numpy as np

from paddle_aug.augment.ops.scratch import scratch

# An array of the network, shifted: its number, then so many rows down and columns right. The first
# ones are given: of each tile of neighbours in a row the first, the second, …
Value = tuple[int, int, int]

STRIP = 100_000  # bytes an array may have, so that those in use stay in the processor's cache


class Network:
    """Minima and maxima of arrays, written down one after another before any is computed."""

    def __init__(self, given: int):
        self.given = given
        self.steps: list[tuple[np.ufunc, Value, Value]] = []

    def take(self, which: np.ufunc, a: Value, b: Value) -> Value:
        self.steps.append((which, a, b))
        return self.given + len(self.steps) - 1, 0, 0

    def merge(self, a: list[Value], b: list[Value]) -> list[Value]:
        """Sort two sorted lists into one: Batcher's odd-even merge."""
        if not a or not b:
            return a or b
        if len(a) == len(b) == 1:
            return [self.take(np.minimum, a[0], b[0]), self.take(np.maximum, a[0], b[0])]
        first, *upper = self.merge(a[::2], b[::2])
        lower = self.merge(a[1::2], b[1::2])
        merged = [first]
        for low, high in zip(lower, upper, strict=False):
            merged += self.merge([low], [high])
        paired = min(len(lower), len(upper))
        return [*merged, *lower[paired:], *upper[paired:]]

    def merge_middle(self, a: list[Value], b: list[Value], begin: int, end: int) -> list[Value]:
        """The part [begin:end] of the merged list, without what cannot fall into it."""
        skip_a, skip_b = max(0, begin - len(b)), max(0, begin - len(a))
        merged = self.merge(a[skip_a:end], b[skip_b:end])
        skipped = skip_a + skip_b
        return merged[begin - skipped : end - skipped]


def shifted(values: list[Value], down: int = 0, right: int = 0) -> list[Value]:
    return [(array, row + down, column + right) for array, row, column in values]


def sorted_columns(network: Network, k: int) -> Callable[[int, int], list[Value]]:
    """A function of `first` and `count`: the sorted list of so many columns of k pixels, counted
    from the tile's first. What is asked for again, in the same or another tile, is shared."""

    @functools.cache
    def column(place: int, count: int) -> list[Value]:
        if count == 1:
            return [(place, 0, 0)]
        half = _largest_half(count)
        return network.merge(column(place, half), shifted(column(place, count - half), down=half))

    @functools.cache
    def in_first_tile(first: int, count: int) -> list[Value]:
        if count == 1:
            return column(first, k)
        half = _largest_half(count)
        return network.merge(columns(first, half), columns(first + half, count - half))

    def columns(first: int, count: int) -> list[Value]:
        tiles, place = divmod(first, network.given)
        return shifted(in_first_tile(place, count), right=tiles)

    return columns


def _largest_half(count: int) -> int:
    """The power of two by which to split a count of 2 or more, so that parts recur."""
    return 1 << (count - 1).bit_length() - 1


def _tile(k: int) -> int:
    """How many windows side by side are computed together."""
    return 4 if k >= 11 else 2


@functools.cache
def median_program(k: int) -> tuple[list, int, list[int]]:
    """What to compute for the medians of a k × k window, k odd and 7 or more.

    Returns the steps (minimum or maximum, where to write, operand, operand), the number of arrays
    they need in all, and those in which they leave the medians, of a tile's first pixels, second
    ones, …: as many as are given. Operands are Values; an array is written over once nothing needs
    it.
    """
    tile, middle = _tile(k), k * k // 2
    network = Network(tile)
    columns = sorted_columns(network, k)

    def shared(core: list[Value], first: int, count: int) -> list[Value]:
        """The k + 1 values about the middle of the k - 1 columns that two windows share."""
        return network.merge_middle(core, columns(first, count), middle - k, middle + 1)

    if tile == 4:
        core = columns(3, k - 3)
        pairs = {0: shared(core, 1, 2), 2: shared(core, k, 2)}
    else:
        half = _largest_half(k - 1)
        pairs = {0: shared(columns(1, half), 1 + half, k - 1 - half)}
    medians = [
        _balance(network, values, columns(first + beside, 1))
        for first, values in pairs.items()
        for beside in (0, k)  # the column that the left window has alone, and the right one
    ]
    return _allot(network, [array for array, _, _ in medians])


def _balance(network: Network, shared: list[Value], column: list[Value]) -> Value:
    """The median: with i values of the column among the smaller half, the larger of the two that
    end the half; the least over all i."""
    k = len(column)
    ends = [network.take(np.maximum, shared[k - i], column[i - 1]) for i in range(1, k + 1)]
    return functools.reduce(functools.partial(network.take, np.minimum), ends, shared[k])


def _allot(network: Network, results: list[int]) -> tuple[list, int, list[int]]:
    """Leave out the steps that no result needs, and let arrays share memory in turn."""
    last_use = dict.fromkeys(results, len(network.steps))
    needed = []
    for step in reversed(range(len(network.steps))):
        array = network.given + step
        if array in last_use:
            needed.append(step)
            for operand, _, _ in network.steps[step][1:]:
                last_use.setdefault(operand, step)
    place = {array: array for array in range(network.given)}
    free, places, program = [], network.given, []
    for step in reversed(needed):
        which, a, b = network.steps[step]
        if free:
            target = free.pop()
        else:
            target, places = places, places + 1
        place[network.given + step] = target
        program.append((which, target, (place[a[0]], *a[1:]), (place[b[0]], *b[1:])))
        free += {place[array] for array in (a[0], b[0]) if last_use[array] == step}
    return program, places, [place[array] for array in results]


def median_network(image: np.ndarray, k: int) -> np.ndarray:
    """Median of the k × k window of each channel, borders repeated, as `cv2.medianBlur` has it.

    k is odd and 7 or more. The image is taken in strips whose arrays stay in the cache.
    """
    height, width, _ = image.shape
    tile = _tile(k)
    margin, across = k // 2, -(-width // tile)
    right = margin + -(width + 2 * margin) % tile
    padded = cv2.copyMakeBorder(image, margin, margin, margin, right, cv2.BORDER_REPLICATE)
    medians = np.empty((height, across, 3 * tile), np.uint8)
    columns = padded.shape[1] // tile
    rows = max(1, STRIP // (3 * columns) - 2 * margin)
    for top in range(0, height, rows):
        strip = padded[top : top + rows + 2 * margin].reshape(-1, columns, 3 * tile)
        medians[top : top + rows] = _strip_medians(strip, k)[:, :across]
    return np.ascontiguousarray(medians.reshape(height, tile * across, 3)[:, :width])


def _strip_medians(padded: np.ndarray, k: int) -> np.ndarray:
    """The medians of a padded strip, a tile of pixels in the channels."""
    rows, columns, _ = padded.shape
    steps, given, found = _strip_steps(k, rows, columns, threading.get_ident())
    planes = cv2.split(padded)
    for place, array in enumerate(given):
        np.concatenate(planes[3 * place : 3 * place + 3], out=array.reshape(-1, columns))
    for which, a, b, out in steps:
        which(a, b, out=out)
    planes = [plane for array in found for plane in array.reshape(3, rows, columns)]
    return cv2.merge([plane[: rows - k + 1] for plane in planes])


@functools.lru_cache(maxsize=16)
def _strip_steps(
    k: int, rows: int, columns: int, thread: int
) -> tuple[list[tuple], list[np.ndarray], list[np.ndarray]]:
    """The program for strips of one size, on arrays: cutting them out anew each time takes an
    eighth of the whole. Each thread has its own memory.

    Returns the steps (minimum or maximum, operand, operand, where to write), the arrays that are to
    be filled, and those that then hold the medians. All are flat, channel after channel
    and row after row, so that a shift is an offset; what is read across the end of a row only
    reaches values that are cut off.
    """
    program, places, results = median_program(k)
    size, spare = 3 * rows * columns, k * columns + k
    memory = scratch("median", (places, size + spare), np.uint8)

    def array(place: int, down: int = 0, right: int = 0) -> np.ndarray:
        offset = down * columns + right
        return memory[place, offset : offset + size]

    steps = [(which, array(*a), array(*b), array(target)) for which, target, a, b in program]
    given = [array(place) for place in range(len(results))]
    return steps, given, [array(place) for place in results]
