"""The median of large windows by minima and maxima of whole images: exact, and fast.

OpenCV keeps a histogram of the window that it moves along. A sorting network needs no more than the
smaller and the larger of two pixels, for all pixels at once, which a processor does dozens at a
time; and what neighbouring windows have in common is sorted once. After Adams, "Fast Median Filters
using Separable Sorting Networks" (SIGGRAPH 2021), with merges by Batcher's network:

1. Each column of k pixels is sorted, by merging runs of 1, 2, 4 … that the columns below share.
2. Two neighbours in a row share k - 1 columns. Those are merged, once for both, as far as it takes
   to know the k + 1 values around their middle.
3. The median is where those values and the one column left, of k values, balance.
"""

import functools
import threading
from collections.abc import Callable

import cv2
import numpy as np

from paddle_aug.ops.scratch import scratch

# An array of the network, shifted: its number, then so many rows down and columns right.
Value = tuple[int, int, int]
EVEN_COLUMNS, ODD_COLUMNS = 0, 1  # the two arrays that are given

STRIP = 100_000  # bytes an array may have, so that those in use stay in the processor's cache


class Network:
    """Minima and maxima of arrays, written down one after another before any is computed."""

    def __init__(self):
        self.steps: list[tuple[np.ufunc, Value, Value]] = []

    def take(self, which: np.ufunc, a: Value, b: Value) -> Value:
        self.steps.append((which, a, b))
        return len(self.steps) + ODD_COLUMNS, 0, 0

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


def merged_runs(
    network: Network, run: list[Value], down: int = 0, right: int = 0
) -> Callable[[int], list[Value]]:
    """A function of `count`: the sorted list of the run and its next shifts, so many in all."""

    @functools.cache
    def merged(count: int) -> list[Value]:
        if count == 1:
            return run
        half = _largest_half(count)
        rest = shifted(merged(count - half), half * down, half * right)
        return network.merge(merged(half), rest)

    return merged


def _largest_half(count: int) -> int:
    """The power of two by which to split a count of 2 or more, so that parts recur."""
    return 1 << (count - 1).bit_length() - 1


@functools.cache
def median_program(k: int) -> tuple[list, int, list[int]]:
    """What to compute for the medians of a k × k window, k odd and 7 or more.

    Returns the steps (minimum or maximum, where to write, operand, operand), the number of arrays
    they need in all, and the two in which they leave the medians of even and of odd columns.
    Operands are Values; an array is written over once nothing needs it.
    """
    network = Network()
    even = merged_runs(network, [(EVEN_COLUMNS, 0, 0)], down=1)(k)
    odd = merged_runs(network, [(ODD_COLUMNS, 0, 0)], down=1)(k)
    # The windows of columns 2m and 2m + 1 share the pairs of columns (2m + 1, 2m + 2) and on.
    pairs = merged_runs(network, network.merge(odd, shifted(even, right=1)), right=1)
    count = k // 2
    half = _largest_half(count)
    rest = shifted(pairs(count - half), right=half)
    middle = k * k // 2
    shared = network.merge_middle(pairs(half), rest, middle - k, middle + 1)
    medians = [_balance(network, shared, column) for column in (even, shifted(odd, right=count))]
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
        array = step + ODD_COLUMNS + 1
        if array in last_use:
            needed.append(step)
            for operand, _, _ in network.steps[step][1:]:
                last_use.setdefault(operand, step)
    place = {EVEN_COLUMNS: 0, ODD_COLUMNS: 1}
    free, places, program = [], 2, []
    for step in reversed(needed):
        which, a, b = network.steps[step]
        if free:
            target = free.pop()
        else:
            target, places = places, places + 1
        place[step + ODD_COLUMNS + 1] = target
        program.append((which, target, (place[a[0]], *a[1:]), (place[b[0]], *b[1:])))
        free += {place[array] for array in (a[0], b[0]) if last_use[array] == step}
    return program, places, [place[array] for array in results]


def median_network(image: np.ndarray, k: int) -> np.ndarray:
    """Median of the k × k window of each channel, borders repeated, as `cv2.medianBlur` has it.

    k is odd and 7 or more. The image is taken in strips whose arrays stay in the cache.
    """
    height, width, _ = image.shape
    margin = k // 2
    half = (width + 1) // 2
    padded = cv2.copyMakeBorder(
        image, margin, margin, margin, margin + width % 2, cv2.BORDER_REPLICATE
    )
    medians = np.empty((height, half, 6), np.uint8)
    rows = max(1, STRIP // (3 * (half + margin)) - 2 * margin)
    for top in range(0, height, rows):
        strip = padded[top : top + rows + 2 * margin]
        medians[top : top + rows] = _strip_medians(strip, k)
    return np.ascontiguousarray(medians.reshape(height, 2 * half, 3)[:, :width])


def _strip_medians(padded: np.ndarray, k: int) -> np.ndarray:
    """The medians of a padded strip, a pair of pixels in six channels."""
    rows, columns = padded.shape[0], padded.shape[1] // 2
    steps, given, found = _strip_steps(k, rows, columns, threading.get_ident())
    planes = cv2.split(padded.reshape(rows, columns, 6))
    for array, half in zip(given, (planes[:3], planes[3:]), strict=True):
        np.concatenate(half, out=array.reshape(-1, columns))
    for which, a, b, out in steps:
        which(a, b, out=out)
    margin = k // 2
    return cv2.merge(
        [
            plane[: rows - 2 * margin, : columns - margin]
            for array in found
            for plane in array.reshape(3, rows, columns)
        ]
    )


@functools.lru_cache(maxsize=16)
def _strip_steps(
    k: int, rows: int, columns: int, thread: int
) -> tuple[list[tuple], list[np.ndarray], list[np.ndarray]]:
    """The program for strips of one size, on arrays: cutting them out anew each time takes an
    eighth of the whole. Each thread has its own memory.

    Returns the steps (minimum or maximum, operand, operand, where to write), the two arrays that
    are to be filled, and the two that then hold the medians. All are flat, channel after channel
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
    given = [array(EVEN_COLUMNS), array(ODD_COLUMNS)]
    return steps, given, [array(place) for place in results]
