"""Edge filters against imgaug's pixels, and what is drawn for them."""

import json

import numpy as np
import pytest
from pointwise_golden import golden_cases

from paddle_aug.augment.ops import edges
from paddle_aug.augment.ops.edges import DirectedEdgeDetect, EdgeDetect, Emboss, Sharpen
from paddle_aug.rng import generator

SHAPE = (8, 8, 3)


def cases(*names):
    return [
        pytest.param(getattr(edges, name), *case.values, id=f"{name}-{case.id}")
        for name in names
        for case in golden_cases(name)
    ]


@pytest.mark.parametrize(
    ("kernel", "image", "expected", "params"),
    cases("edge_detect", "directed_edge_detect"),
)
def test_the_bytes_are_those_of_imgaug(kernel, image, expected, params):
    ours = kernel(image, **params)
    np.testing.assert_array_equal(ours, expected)
    assert ours.flags.c_contiguous


@pytest.mark.parametrize(
    ("kernel", "image", "expected", "params"),
    cases("sharpen", "emboss"),
)
def test_the_bytes_are_those_of_imgaug_but_for_sums_rounded_on_the_way(
    kernel, image, expected, params
):
    """Equal on processors with fused multiply-add; without it OpenCV's sums have other last bits,
    and one value of ten thousand may be a level off."""
    ours = kernel(image, **params).astype(int)
    assert np.abs(ours - expected).max() <= 1
    assert np.count_nonzero(ours != expected) <= max(1, ours.size // 10_000)


@pytest.mark.parametrize(
    ("kernel", "params"),
    [
        (edges.sharpen, {"alpha": 0.5, "lightness": 1.1}),
        (edges.directed_edge_detect, {"alpha": 0.5, "degrees": 30}),
    ],
)
def test_a_mirrored_view_gives_the_bytes_of_its_copy(kernel, params):
    view = generator(1, "drawing").integers(0, 256, (9, 14, 3)).astype(np.uint8)[::-1, ::-1]
    np.testing.assert_array_equal(kernel(view, **params), kernel(view.copy(), **params))


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


@pytest.mark.parametrize(
    ("op", "ranges"),
    [
        (Sharpen(), {"alpha": (0, 0.2), "lightness": (0.8, 1.2)}),
        (
            Sharpen((0.0, 1.0), (0.75, 1.5)),
            {"alpha": (0, 1), "lightness": (0.75, 1.5)},
        ),
        (Emboss(), {"alpha": (0, 1), "strength": (0.25, 1)}),
        (EdgeDetect(), {"alpha": (0, 0.75)}),
        (DirectedEdgeDetect(), {"alpha": (0, 0.75), "degrees": (0, 360)}),
    ],
)
def test_parameters_fill_their_ranges(op, ranges):
    rng = generator(1, "drawing")
    drawn = [op.sample(rng, SHAPE) for _ in range(500)]
    assert drawn[0].keys() == ranges.keys()
    for field, (low, high) in ranges.items():
        values = [params[field] for params in drawn]
        assert low <= min(values) < low + (high - low) / 50
        assert high - (high - low) / 50 < max(values) <= high


@pytest.mark.parametrize("op", [Sharpen(), Emboss(), EdgeDetect(), DirectedEdgeDetect()])
def test_parameters_survive_json_and_replay_the_pixels(op):
    image = generator(1, "drawing").integers(0, 256, (9, 7, 3)).astype(np.uint8)
    params = op.sample(generator(2, "drawing"), image.shape)
    replayed = op.apply(image, **json.loads(json.dumps(params)))
    np.testing.assert_array_equal(replayed, op(image, generator(2, "drawing")))


def test_a_part_beyond_the_whole_is_refused():
    with pytest.raises(ValueError, match=r"alpha wants numbers from 0 to 1, got \(-0.5, 1\)"):
        EdgeDetect((-0.5, 1))
