"""Superpixels: segments that follow the image's edges become patches of their mean colour."""

import functools
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np

from paddle_aug.augment.ops.draws import Shares, draw, draw_seed, draw_whole, within
from paddle_aug.augment.ops.scratch import scratch
from paddle_aug.augment.transform import Transform
from paddle_aug.rng import generator

COMPACTNESS = 10  # levels of Lab that weigh as much as one step of the grid; imgaug's value
ROUNDS = 3  # of moving the centres; scikit-image does ten, see `slic`
SAMPLES = 3  # a row and column of a cell, at most, that move the centres
# Two sums in one number: the first counts in units of PAIRS, the second, over PAIRED pixels at
# most, stays below one unit.
PAIRS, PAIRED = 2.0**26, 2**18
# The indices of a pixel's features, and of the centres around it, along the first axis.
FEATURES, AROUND = np.arange(6)[:, None], np.arange(9, dtype=np.int32)[:, None, None]


def superpixels(
    image: np.ndarray, n_segments: int, p_replace: float, seed: int, max_size: int = 128
) -> np.ndarray:
    """Give each of about `n_segments` segments, with probability `p_replace`, its mean colour.

    An image longer than `max_size` is shrunk first and enlarged at the end, so the segments that
    are not replaced come back blurred, as imgaug's do. If no segment is drawn, the image comes back
    unchanged.
    """
    replaced = generator(seed, "noise").random(n_segments) < p_replace
    if not replaced.any():
        return image
    height, width = image.shape[:2]
    shrink = min(1, max_size / max(height, width))
    small = image
    if shrink < 1:
        size = max(1, int(width * shrink)), max(1, int(height * shrink))
        small = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    labels, count = connect(*slic(small, n_segments))
    # imgaug draws before it knows the number of segments, and starts over when there are more.
    painted = paint(small, labels, np.resize(replaced, count))
    if shrink < 1:
        painted = cv2.resize(painted, (width, height), interpolation=cv2.INTER_LINEAR)
    return painted


def slic(image: np.ndarray, n_segments: int) -> tuple[np.ndarray, int]:
    """Assign each pixel to the centre that is nearest in colour and place: SLIC's k-means.

    Achanta et al., "SLIC superpixels compared to state-of-the-art superpixel methods", PAMI 2012,
    with the grid, colours and weights of `skimage.segmentation.slic(image, n_segments, 10)`. Two
    short cuts make it fast. A pixel looks only at the nine centres around its cell of the grid, so
    the distances are one small matrix product a cell. And at most 9 pixels of a cell move the
    centres, three times instead of ten; more of either hardly changes the result
    (tests/augment/test_ops_superpixels.py has the figures), while fewer rounds leave crumbs on
    noisy images.

    Returns:
        The index of each pixel's centre, height × width, and the number of centres.
    """
    height, width = image.shape[:2]
    grid = _grid(height, width, *_grid_axes(height, width, n_segments))
    # L, a, b, y, x, 1, each for all pixels of all cells: NumPy is slow at rows as short as a cell.
    features = scratch("slic features", (6, *grid.pixels.shape))
    # Sorting pixels of four bytes takes as long as sorting one plane.
    lab = cv2.cvtColor(_stretched_lab(image), cv2.COLOR_RGB2RGBA).view(np.uint32)
    lab = lab.ravel().take(grid.pixels).view(np.uint8).reshape(*grid.pixels.shape, 4)
    for feature, plane, scale in zip(features, cv2.split(lab), (100 / 255, 1, 1), strict=False):
        np.multiply(plane, np.float32(scale / COMPACTNESS), out=feature)
    features[3:] = grid.places

    sampled = features.take(grid.sampled, axis=2)
    # All features are 0 where the image has no such pixel.
    weights = (sampled * grid.is_sampled).ravel()
    # scikit-image starts from black centres, so its first round too is the grid itself.
    centres = _centres(np.repeat(grid.home, len(grid.sampled)), weights, grid.count)
    for _ in range(ROUNDS - 1):
        centres = _centres(_nearest(sampled, centres, grid), weights, grid.count)
    return _nearest(features, centres, grid).take(grid.cells).reshape(height, width), grid.count


def _centres(nearest: np.ndarray, weights: np.ndarray, count: int) -> np.ndarray:
    """The mean features of the pixels that are nearest to each centre, 5 × count."""
    # All features in one call, each in places of its own.
    places = nearest + count * FEATURES
    sums = np.bincount(places.ravel(), weights, 6 * count).reshape(6, count)
    return sums[:5] / np.maximum(sums[5], 1)


def _nearest(features: np.ndarray, centres: np.ndarray, grid: "_Grid") -> np.ndarray:
    """The index of the nearest of its nine centres, for each pixel in the order of the cells.

    |f - c|² is least where |c|² - 2 f·c is. The place among the nine goes into the four lowest
    bits of that number, so that one minimum finds both: argmin is several times slower.
    """
    table = np.empty((grid.count, 6), np.float32)
    table[:, :5] = -2 * centres.T
    table[:, 5] = np.square(centres).sum(axis=0)
    _, cells, pixels = features.shape
    distance = scratch("slic distance", (9, cells, pixels))
    around = table.take(grid.candidates, axis=0)
    np.matmul(around, features.transpose(1, 0, 2), out=distance.transpose(1, 0, 2))
    bits = distance.view(np.int32)
    bits &= ~15
    bits |= AROUND
    place = np.minimum.reduce(distance).view(np.int32)
    place &= 15
    place += grid.begins
    return grid.candidates.ravel().take(place.ravel())


def _stretched_lab(image: np.ndarray) -> np.ndarray:
    """The image in Lab, after stretching its darkest and brightest values to 0 and 255."""
    low, high, _, _ = cv2.minMaxLoc(image.reshape(len(image), -1))
    if low < high and (low, high) != (0, 255):
        alpha = 255 / (high - low)
        image = cv2.convertScaleAbs(image, alpha=alpha, beta=-alpha * low)
    return cv2.cvtColor(image, cv2.COLOR_RGB2Lab)


@dataclass(frozen=True)
class _Grid:
    """Where the centres start, and the image's pixels sorted into the cells around them.

    All cells have one size. The last row and column of cells may reach over the image's edge, where
    they repeat it, and may have no centre of their own.
    """

    count: int  # of centres
    pixels: np.ndarray  # cells × pixels of one: the index of the pixel in the image
    places: np.ndarray  # 3 × cells × pixels of one: its y and x, in steps of the grid, and 1
    cells: np.ndarray  # for each pixel of the image, its index among the pixels of the cells
    home: np.ndarray  # for each cell, the centre in its middle, or the nearest
    candidates: np.ndarray  # cells × 9: the centres around it
    begins: np.ndarray  # cells × 1: where these nine begin, in the order of memory
    sampled: np.ndarray  # which pixels of a cell move the centres
    is_sampled: np.ndarray  # cells × those: 1 where the image has it, else 0


@functools.lru_cache(maxsize=64)
def _grid(height: int, width: int, y_axis: tuple[int, int], x_axis: tuple[int, int]) -> _Grid:
    (step_y, first_y), (step_x, first_x) = y_axis, x_axis
    down, across = -(-height // step_y), -(-width // step_x)

    def by_cell(values):
        blocks = values.reshape(down, step_y, across, step_x).swapaxes(1, 2)
        return blocks.reshape(down * across, step_y * step_x)

    y, x = np.mgrid[: down * step_y, : across * step_x]
    inside = by_cell((y < height) & (x < width))
    pixels = by_cell(np.minimum(y, height - 1) * width + np.minimum(x, width - 1))
    cells = np.empty(height * width, np.intp)
    cells[pixels[inside]] = np.flatnonzero(inside)
    sampled = np.zeros((step_y, step_x), bool)
    sampled[:: -(-step_y // SAMPLES), :: -(-step_x // SAMPLES)] = True
    sampled = np.flatnonzero(sampled)

    rows, columns = len(range(first_y, height, step_y)), len(range(first_x, width, step_x))
    around = np.arange(-1, 2)
    near_rows = np.clip(np.arange(down)[:, None] + around, 0, rows - 1)
    near_columns = np.clip(np.arange(across)[:, None] + around, 0, columns - 1)
    candidates = near_rows[:, None, :, None] * columns + near_columns[None, :, None, :]
    home = np.minimum(np.arange(down), rows - 1)[:, None] * columns
    step = np.float32(max(step_y, step_x))
    return _Grid(
        count=rows * columns,
        pixels=pixels,
        places=np.float32([*(np.divmod(pixels, width) / step), np.ones(pixels.shape)]),
        cells=cells,
        home=(home + np.minimum(np.arange(across), columns - 1)).ravel(),
        candidates=candidates.reshape(-1, 9),
        begins=np.arange(0, 9 * down * across, 9, dtype=np.int32)[:, None],
        sampled=sampled,
        is_sampled=inside[:, sampled].astype(float),
    )


def _grid_axes(height: int, width: int, n_segments: int) -> list[tuple[int, int]]:
    """The step and the first centre of each axis, as `skimage.util.regular_grid` has them."""
    step = max(1, (height * width / n_segments) ** 0.5)
    if height < step:
        steps = height, width / n_segments
    elif width < step:
        steps = height / n_segments, width
    else:
        steps = step, step
    return [(round(step), int(step / 2)) for step in steps]


def connect(labels: np.ndarray, centres: int) -> tuple[np.ndarray, int]:
    """Make each label one connected piece: pieces get labels of their own, small ones are merged.

    A piece of less than half the mean size goes to the piece that its first pixel touches on the
    left, or above. Without this, SLIC's result is full of specks. (scikit-image takes any earlier
    neighbour, and cuts pieces of more than three times the mean size.)

    Returns:
        The labels, height × width, from 0, and their number.
    """
    height, width = labels.shape
    # Every second pixel of every second row is an image pixel; those between say what is joined.
    joined = np.zeros((2 * height - 1, 2 * width - 1), bool)
    joined[::2, ::2] = True
    np.equal(labels[1:], labels[:-1], out=joined[1::2, ::2])
    beside = np.equal(labels[:, 1:], labels[:, :-1], out=joined[::2, 1::2])
    # Diagonal neighbours join nothing new, and OpenCV is faster with them.
    components, joined = cv2.connectedComponents(joined.view(np.uint8), connectivity=8)
    count = components - 1  # without the pixels that join nothing
    pieces = joined[::2, ::2].astype(np.intp).ravel()
    pieces -= 1

    # A piece's first pixel is one of the few that are not joined to their left neighbour.
    begins = np.ones((height, width), bool)
    np.logical_not(beside, out=begins[:, 1:])
    begins = np.flatnonzero(begins)[::-1]
    first = np.empty(count, np.intp)
    first[pieces[begins]] = begins
    neighbour = pieces[np.where(first % width, first - 1, first - width)]
    is_small = np.bincount(pieces) < height * width / centres // 2
    is_small[pieces[0]] = False  # nothing comes before it
    target = np.where(is_small, neighbour, np.arange(count))
    while ((further := target[target]) != target).any():
        target = further
    names = np.add.accumulate(~is_small, dtype=np.intp) - 1
    return names[target].take(pieces).reshape(height, width), int(names[-1]) + 1


def paint(image: np.ndarray, labels: np.ndarray, replaced: np.ndarray) -> np.ndarray:
    """Paint the segments whose label is marked in `replaced` with their mean colour."""
    red, green, blue = (plane.reshape(-1) for plane in cv2.split(image))
    red_green, blue_one = red * PAIRS + green, blue * PAIRS + 1
    flat, sums = labels.ravel(), np.zeros((4, len(replaced)))
    for start in range(0, flat.size, PAIRED):
        part = slice(start, start + PAIRED)
        for place, pair in ((0, red_green), (2, blue_one)):
            both = np.bincount(flat[part], pair[part], len(replaced))
            first = np.floor(both / PAIRS)
            sums[place] += first
            sums[place + 1] += both - first * PAIRS
    # Four bytes a segment, the last of them whether it is replaced: one look-up for both.
    colours = np.empty((len(replaced), 4), np.uint8)
    colours[:, :3] = np.rint(sums[:3] / np.maximum(sums[3], 1)).T
    colours[:, 3] = replaced
    painted = colours.view(np.uint32).ravel().take(labels).view(np.uint8)
    painted = painted.reshape(*labels.shape, 4)
    return cv2.copyTo(
        cv2.cvtColor(painted, cv2.COLOR_RGBA2RGB), cv2.extractChannel(painted, 3), image.copy()
    )


@dataclass(frozen=True)
class Superpixels(Transform):
    """imgaug's: draws for each image the number of segments and the share to replace."""

    p_replace: Shares = (0.5, 1.0)
    n_segments: Annotated[tuple[int, int], within(1)] = (50, 120)
    max_size: Annotated[int, within(1)] = 128

    def sample(self, rng, shape):
        return {
            "n_segments": draw_whole(rng, *self.n_segments),
            "p_replace": draw(rng, self.p_replace),
            "seed": draw_seed(rng),
        }

    def apply(self, image, n_segments, p_replace, seed):
        return superpixels(image, n_segments, p_replace, seed, self.max_size)
