"""Directed edges against their definition."""

import numpy as np
import pytest

from paddle_aug.augment.ops import edges


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_directed_edge_is_bright_on_the_side_it_looks_to(degrees):
    """A white square on black: the pixel less its neighbours of one side is bright where that side
    is black, and dark along the opposite edge."""
    image = np.zeros((9, 9, 3), np.uint8)
    image[2:7, 2:7] = 255
    found = edges.directed_edge_detect(image, 1.0, degrees)[..., 0]
    sides = {0: found[2, 4], 90: found[4, 6], 180: found[6, 4], 270: found[4, 2]}
    assert max(sides, key=sides.get) == degrees
    assert min(sides, key=sides.get) == (degrees + 180) % 360
