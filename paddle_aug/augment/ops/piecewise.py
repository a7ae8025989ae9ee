"""PiecewiseAffine: the nodes of a grid over the image move, and the image follows."""

import functools
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np

from paddle_aug.augment.ops.draws import Strengths, draw, draw_whole, within
from paddle_aug.augment.ops.scratch import scratch
from paddle_aug.augment.transform import Transform


def piecewise_affine(
    image: np.ndarray,
    jitter: list[list[list[float]]],
    diagonals: tuple[tuple[str, ...], ...] | str = "falling",
) -> np.ndarray:
    """Move the nodes of a grid, and map each triangle between them by its own affine map.

    `jitter[row][column]` says how far away the source of a node is, (y, x) as shares of height and
    width; sources stay inside the image, so nothing outside is ever seen. Each cell of the grid is
    two triangles; their common side falls (\\) or rises (/), in all cells or as
    `diagonals[row][column]` says. imgaug leaves that choice to qhull, where it depends on rounding
    errors and so on the size.

    An image one pixel wide or high comes back as it is.
    """
    if min(image.shape[:2]) == 1:
        return image
    room = scratch("piecewise map", (2, *image.shape[:2]))
    map_y, map_x = piecewise_map(image.shape, jitter, diagonals, out=room)
    return cv2.remap(image, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def piecewise_map(
    shape: tuple[int, int, int],
    jitter: list[list[list[float]]],
    diagonals: tuple[tuple[str, ...], ...] | str = "falling",
    out: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Where each pixel comes from: its y and its x, each height × width, float32."""
    height, width = shape[:2]
    jitter = np.asarray(jitter)
    rows, columns = jitter.shape[:2]
    if isinstance(diagonals, str):
        diagonals = ((diagonals,) * (columns - 1),) * (rows - 1)
    mesh = _mesh(height, width, rows, columns, diagonals)
    moved = mesh.nodes + jitter.transpose(2, 0, 1) * [[[height]], [[width]]]
    kept = np.minimum(np.maximum(moved, 0), [[[height - 1]], [[width - 1]]])
    return tuple(mesh.interpolate(kept, out))


@dataclass(frozen=True)
class _Mesh:
    """What an interpolation between the nodes of one grid needs, whatever their values.

    In a cell with corners a, b above and c, d below, bilinear interpolation at (u, v) differs from
    the two triangles by the twist a - b - c + d, times min(u, v) - uv for a falling diagonal and
    max(u + v - 1, 0) - uv for a rising one. All but this last factor is separable, a product of
    three thin matrices, so no pixel has to look for its triangle.
    """

    nodes: np.ndarray  # 2 (y, x) × rows × columns: where they are
    row_weights: np.ndarray  # height × rows: of the nodes, for a bilinear interpolation
    column_weights: np.ndarray  # columns × width
    row_cells: np.ndarray  # height × (rows - 1): 1 where the pixel is in the cell, else 0
    column_cells: np.ndarray  # (columns - 1) × width
    twisted: np.ndarray  # height × width: the factor of the twist

    def interpolate(self, nodes: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Interpolate values at the nodes to all pixels, n × height × width, float32."""
        nodes = nodes.astype(np.float32)
        falls = nodes[:, :-1] - nodes[:, 1:]
        twists = falls[:, :, :-1] - falls[:, :, 1:]
        values = np.matmul(self.row_weights, nodes @ self.column_weights, out=out)
        twist = scratch("piecewise twist", values.shape)
        np.matmul(self.row_cells, twists @ self.column_cells, out=twist)
        twist *= self.twisted
        values += twist
        return values


@functools.lru_cache(maxsize=64)
def _mesh(
    height: int, width: int, rows: int, columns: int, diagonals: tuple[tuple[str, ...], ...]
) -> _Mesh:
    row_weights, row_cells, v = _mesh_axis(height, rows)
    column_weights, column_cells, u = _mesh_axis(width, columns)
    rising = row_cells @ (np.array(diagonals) == "rising").astype(np.float32) @ column_cells.T
    v = v[:, None]
    triangles = np.where(rising, np.maximum(u + v - 1, 0), np.minimum(u, v))
    y, x = np.linspace(0, height, rows), np.linspace(0, width, columns)
    return _Mesh(
        np.stack(np.meshgrid(y, x, indexing="ij")),
        row_weights,
        column_weights.T.copy(),
        row_cells,
        column_cells.T.copy(),
        triangles - u * v,
    )


def _mesh_axis(size: int, nodes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each pixel: the weight of each node, its cell, and its place in the cell."""
    position = np.arange(size) * (nodes - 1) / size
    cell = position.astype(int)
    within = (position - cell).astype(np.float32)
    cells = np.eye(nodes - 1, dtype=np.float32)[cell]
    weights = np.zeros((size, nodes), np.float32)
    weights[:, :-1] = cells * (1 - within)[:, None]
    weights[:, 1:] += cells * within[:, None]
    return weights, cells, within


@dataclass(frozen=True)
class PiecewiseAffine(Transform):
    """imgaug's: draws for each image the size of the grid and how far its nodes move.

    `scale` is the range of the standard deviation of the normal jitter, as a share of the image's
    size; `rows` and `columns` are ranges of numbers of nodes, at least 2, both ends included.
    """

    scale: Strengths = (0.0, 0.04)
    rows: Annotated[tuple[int, int], within(2)] = (2, 4)
    columns: Annotated[tuple[int, int], within(2)] = (2, 4)

    def sample(self, rng, shape):
        rows, columns = draw_whole(rng, *self.rows), draw_whole(rng, *self.columns)
        scale = draw(rng, self.scale)
        return {"jitter": (scale * rng.standard_normal((rows, columns, 2))).tolist()}

    apply = staticmethod(piecewise_affine)
