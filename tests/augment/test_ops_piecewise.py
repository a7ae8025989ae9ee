"""PiecewiseAffine against imgaug's own pixels and a slow loop over triangles."""

import numpy as np
import pytest
from geometry_golden import geometry_cases
from scipy import ndimage

from paddle_aug.augment.ops.piecewise import PiecewiseAffine, _mesh, piecewise_affine, piecewise_map
from paddle_aug.rng import generator

CASES = [(case.id.split()[0], *case.values) for case in geometry_cases("piecewise")]


def moved_by(params):
    """The jitter of a case, and the diagonals that qhull chose."""
    diagonals = tuple(
        tuple("rising" if rises else "falling" for rises in row) for row in params["rising"]
    )
    return np.array(params["jitter"]) / 10000, diagonals


@pytest.mark.parametrize(("source", "image", "expected", "params"), CASES)
def test_with_the_diagonals_of_qhull_pixels_are_those_of_imgaug(source, image, expected, params):
    ours = piecewise_affine(image, *moved_by(params))
    assert (ours.shape, ours.dtype, ours.flags.c_contiguous) == (image.shape, np.uint8, True)
    difference = np.abs(ours.astype(int) - expected)
    assert difference.max() <= 8
    # OpenCV interpolates by 32nds of a pixel. Where neighbours are a hundred levels apart, as in
    # noise, that alone is a level.
    assert difference.mean() <= (0.2 if source in ("photo", "constant") else 1.1)
    if source in ("row", "pixel"):  # which imgaug leaves as they are
        assert difference.max() == 0
        return
    # Interpolated without rounding.
    places = np.array(piecewise_map(image.shape, *moved_by(params)), float)
    ours = [ndimage.map_coordinates(image[..., c].astype(float), places, order=1) for c in range(3)]
    difference = np.abs(np.round(np.stack(ours, axis=2)) - expected)
    assert difference.max() <= 1
    assert (difference == 0).mean() >= 0.999


def corners_to_plane(corners, values, y, x):
    """The value at (y, x) of the plane through three corners, by solving for it."""
    system = np.column_stack([np.array(corners, float), np.ones(3)])
    return np.dot(np.linalg.solve(system, values), [y, x, 1])


@pytest.mark.parametrize("diagonal", ["falling", "rising"])
@pytest.mark.parametrize(("height", "width", "rows", "columns"), [(7, 11, 3, 2), (10, 9, 4, 4)])
def test_the_map_is_the_plane_through_the_corners_of_each_triangle(
    height, width, rows, columns, diagonal
):
    values = generator(1, "drawing").uniform(0, 100, (rows, columns))
    ours = _mesh(height, width, rows, columns, ((diagonal,) * (columns - 1),) * (rows - 1))
    (ours,) = ours.interpolate(values[None])
    ys, xs = np.linspace(0, height, rows), np.linspace(0, width, columns)
    for y in range(height):
        for x in range(width):
            row, column = np.searchsorted(ys, y, "right") - 1, np.searchsorted(xs, x, "right") - 1
            v = (y - ys[row]) / (ys[row + 1] - ys[row])
            u = (x - xs[column]) / (xs[column + 1] - xs[column])
            if diagonal == "falling":
                middle, far = [(0, 0), (1, 1)], (0, 1) if u > v else (1, 0)
            else:
                middle, far = [(0, 1), (1, 0)], (0, 0) if u + v < 1 else (1, 1)
            nodes = [(row + down, column + right) for down, right in [*middle, far]]
            expected = corners_to_plane(
                [(ys[i], xs[j]) for i, j in nodes], [values[node] for node in nodes], y, x
            )
            assert ours[y, x] == pytest.approx(expected, abs=1e-4)


def test_sizes_of_the_grid_and_the_jitter_are_drawn_as_imgaug_draws_them():
    op = PiecewiseAffine((0.01, 0.05))
    rng = generator(1, "augment")
    draws = [np.array(op.sample(rng, (8, 8, 3))["jitter"]) for _ in range(3000)]
    shapes = [draw.shape for draw in draws]
    assert {shape[2] for shape in shapes} == {2}
    for axis in (0, 1):
        sizes = [shape[axis] for shape in shapes]
        assert all(sizes.count(n) / 3000 == pytest.approx(1 / 3, abs=0.03) for n in (2, 3, 4))
    # One scale an image: the mean square over images is that of a uniform scale, and the images
    # differ in it, while within an image the jitter is normal.
    everything = np.concatenate([draw.ravel() for draw in draws])
    assert everything.mean() == pytest.approx(0, abs=0.001)
    expected = np.sqrt((0.05**3 - 0.01**3) / 3 / 0.04)
    assert everything.std() == pytest.approx(expected, rel=0.03)
    largest = [draw.std() for draw in draws if draw.size == 32]
    assert np.quantile(largest, 0.05) < 0.016
    assert np.quantile(largest, 0.95) > 0.045
