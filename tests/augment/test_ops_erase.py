"""What is erased: rectangles, grids and patches against their definitions, and their draws."""

import math
from collections import Counter

import numpy as np
import pytest
from op_specs import draws, noise
from PIL import Image

from paddle_aug.augment.modes import augmentation
from paddle_aug.augment.ops.erase import erase, gridmask, hide_and_seek
from paddle_aug.rng import generator

RED = (200, 10, 20)


def painted(image, hidden, fill):
    """The image with the colour where the mask says so."""
    return np.where(hidden[..., np.newaxis], np.uint8(fill), image)


@pytest.mark.parametrize("op", ["cutout(9", "random_erasing((0.1, 0.2)", "gridmask((50, 99)",
                                "hide_and_seek((44,)"])  # fmt: skip
def test_an_op_paints_with_its_fill_and_keeps_the_rest(op):
    image = np.full((40, 40, 3), 255, np.uint8)
    erased = augmentation(f"{op}, fill={RED})")(image, generator(0, "augment"))
    assert set(map(tuple, erased.reshape(-1, 3).tolist())) == {(255, 255, 255), RED}


@pytest.mark.parametrize("fill", [0, 255, RED], ids=str)
@pytest.mark.parametrize(
    "box", [(0, 0, 33, 47), (5, 40, 20, 7), (32, 0, 1, 1), (3, 4, 0, 9)], ids=str
)
def test_a_rectangle_is_painted_and_nothing_else(box, fill):
    image, (top, left, height, width) = noise(33, 47), box
    hidden = np.zeros(image.shape[:2], bool)
    hidden[top : top + height, left : left + width] = True
    np.testing.assert_array_equal(erase(image, *box, fill=fill), painted(image, hidden, fill))


def test_noise_has_every_level_as_often_and_comes_again_of_its_seed():
    image = noise(200, 300)
    noisy = erase(image, 10, 20, 180, 250, "noise", seed=3)
    np.testing.assert_array_equal(noisy, erase(image, 10, 20, 180, 250, "noise", seed=3))
    rectangle = noisy[10:190, 20:270]
    assert (rectangle != erase(image, 10, 20, 180, 250, "noise", seed=4)[10:190, 20:270]).any()
    counts = np.bincount(rectangle.ravel(), minlength=256)
    expected = rectangle.size / 256
    # Chi-square of 255 degrees of freedom: four deviations.
    assert ((counts - expected) ** 2 / expected).sum() < 255 + 4 * (2 * 255) ** 0.5
    assert abs(np.corrcoef(rectangle[..., 0].ravel(), rectangle[..., 1].ravel())[0, 1]) < 0.02
    noisy[10:190, 20:270] = image[10:190, 20:270]
    np.testing.assert_array_equal(noisy, image)


@pytest.mark.parametrize("size", [1, 8, 9, 100])
def test_the_square_of_cutout_has_its_centre_on_each_pixel_as_often(size):
    """Its clipped ends, each as often as there are centres that give them: the authors' code."""
    length, count = 20, 4000
    ends = Counter()
    for centre in range(length):
        first, end = centre - size // 2, centre - size // 2 + size
        ends[max(0, first), min(length, end)] += 1
    found = draws(f"cutout({size})", (length, length + 1, 3), count)
    rows = Counter((each["top"], each["top"] + each["height"]) for each in found)
    assert set(rows) <= set(ends)
    for end, many in ends.items():
        expected = many / length * count
        assert abs(rows[end] - expected) <= 5 * expected**0.5
    assert {each["left"] + each["width"] for each in found} <= set(range(1, length + 2))
    assert any(each["left"] + each["width"] == length + 1 for each in found)
    if size == 1:  # none is clipped
        tops, lefts = zip(*((each["top"], each["left"]) for each in found), strict=True)
        assert abs(np.corrcoef(tops, lefts)[0, 1]) < 0.07


@pytest.mark.parametrize("shape", [(224, 224, 3), (32, 32, 3), (60, 200, 3)], ids=str)
def test_random_erasing_draws_areas_and_shapes_of_the_range_inside_the_image(shape):
    found = draws("random_erasing((0.05, 0.2), (0.5, 2.0))", shape, 3000)
    heights, widths = np.array([(each["height"], each["width"]) for each in found]).T
    tops, lefts = np.array([(each["top"], each["left"]) for each in found]).T
    assert (heights < shape[0]).all()
    assert (tops + heights <= shape[0]).all()
    assert (lefts + widths <= shape[1]).all()
    # What rounding makes of the smallest rectangle.
    slack = 1 / np.minimum(heights, widths)
    areas, ratios = heights * widths / (shape[0] * shape[1]), heights / widths
    assert (areas >= 0.05 * (1 - slack) ** 2).all()
    assert (areas <= 0.2 * (1 + slack) ** 2).all()
    assert (ratios >= 0.5 * (1 - slack)).all()
    assert (ratios <= 2 * (1 + slack)).all()
    if shape[0] == shape[1]:  # where none is too large and drawn anew
        assert abs(areas.mean() - 0.125) < 0.004
        assert abs(np.log(ratios).mean()) < 0.03


def test_random_erasing_leaves_an_image_alone_in_which_no_rectangle_fits():
    op, image = augmentation("random_erasing((1.0, 1.0), (1.0, 1.0))"), noise(33, 47)
    assert op.sample(generator(0, "augment"), (9, 9, 3)) == {
        "top": 0, "left": 0, "height": 0, "width": 0,
    }  # fmt: skip
    np.testing.assert_array_equal(op(image, generator(0, "augment")), image)


def authors_grid(height, width, period, keep, top, left, degrees):
    """The mask of github.com/dvlab-research/GridMask in its mode 1, 1 for what is hidden."""
    high, wide = int(1.5 * height), int(1.5 * width)
    mask = np.ones((high, wide), np.uint8)
    stripe = int(period * keep + 0.5)
    for i in range(-1, high // period + 1):
        start = period * i + top
        mask[max(start, 0) : max(start + stripe, 0)] = 0
    for i in range(-1, wide // period + 1):
        start = period * i + left
        mask[:, max(start, 0) : max(start + stripe, 0)] = 0
    mask = np.asarray(Image.fromarray(mask).rotate(degrees))
    down, across = (high - height) // 2, (wide - width) // 2
    return mask[down : down + height, across : across + width]


# Where the authors' canvas, 1.5 times the image, and ours, the square of its diagonal, differ by an
# even number of pixels, so that the same grid lies in both.
@pytest.mark.parametrize("size", [32, 48, 220])
@pytest.mark.parametrize("degrees", [0, 17, 123, 301])
def test_a_grid_is_the_authors_turned_about_the_centre(size, degrees):
    image, rng = np.full((size, size, 3), 255, np.uint8), generator(8, "drawing")
    beyond = (int(1.5 * size) - math.ceil(size * 2**0.5)) // 2
    differing = 0
    for _ in range(10):
        period = int(rng.integers(size * 3 // 7, size + 1))
        stripe = int(period * 0.6 + 0.5)
        top, left = rng.integers(0, period, 2).tolist()
        theirs = authors_grid(size, size, period, 0.6, top, left, degrees)
        grid = [(start + stripe - beyond) % period for start in (top, left)]
        ours = gridmask(image, period, period - stripe, *grid, degrees)[..., 0] == 0
        differing += (ours != theirs).mean() / 10
    # Turned, a pixel may be a neighbour of Pillow's, as in `rotate`.
    assert differing <= (0.002 if degrees else 0)


@pytest.mark.parametrize("shape", [(100, 100, 3), (32, 32, 3), (40, 150, 3)], ids=str)
def test_gridmask_hides_a_sixth_of_an_image_of_any_size_everywhere_alike(shape):
    image, op = np.full(shape, 255, np.uint8), augmentation("gridmask")
    masks = [op(image, generator(0, "augment", 0, index))[..., 0] == 0 for index in range(800)]
    share = np.mean(masks, axis=0)
    assert abs(share.mean() - 0.16) < 0.015
    for corner in (share[:10, :10], share[-10:, :10], share[:10, -10:], share[-10:, -10:]):
        assert abs(corner.mean() - 0.16) < 0.04


@pytest.mark.parametrize(
    ("shape", "low", "high"), [((300, 224, 3), 96, 224), ((32, 99, 3), 14, 32)]
)
def test_periods_are_in_proportion_to_the_shorter_side(shape, low, high):
    found = draws("gridmask", shape, 4000)
    periods = [each["period"] for each in found]
    assert (min(periods), max(periods)) == (low, high)
    assert all(each["hole"] == each["period"] - int(each["period"] * 0.6 + 0.5) for each in found)
    assert all(0 <= each["top"] < each["period"] for each in found)
    assert {each["degrees"] // 90 for each in found} == {-2, -1, 0, 1}
    assert {each["degrees"] for each in draws("gridmask(rotate=0)", shape, 50)} == {0}


@pytest.mark.parametrize("fill", [0, 90, RED], ids=str)
@pytest.mark.parametrize("grid", [1, 7, 16, 40, 100])
def test_each_patch_is_hidden_by_its_own_chance(grid, fill):
    image = noise(33, 47)
    chances = generator(5, "noise").random((-(-33 // grid), -(-47 // grid)))
    hidden = chances[np.arange(33)[:, np.newaxis] // grid, np.arange(47) // grid] < 0.4
    erased = hide_and_seek(image, grid, 0.4, 5, fill)
    np.testing.assert_array_equal(erased, painted(image, hidden, fill))


def test_hide_and_seek_hides_half_of_an_image_or_none():
    image, op = np.full((64, 64, 3), 255, np.uint8), augmentation("hide_and_seek")
    shares = {}
    for params in draws("hide_and_seek", image.shape, 2000):
        shares.setdefault(params["grid"], []).append((op.apply(image, **params) == 0).mean())
    assert set(shares) == {0, 5, 9, 13, 16}, "16, 32, 44 and 56 of 224, at 64"
    for grid, of_grid in shares.items():
        assert abs(len(of_grid) - 400) < 5 * 20
        assert abs(np.mean(of_grid) - 0.5 * (grid > 0)) < 0.03
    at_224 = {each["grid"] for each in draws("hide_and_seek", (224, 400, 3), 100)}
    assert at_224 == {0, 16, 32, 44, 56}


def test_a_grid_of_a_tiny_image_has_a_pixel_at_least():
    assert {each["grid"] for each in draws("hide_and_seek((16,))", (2, 9, 3), 20)} == {1}
    assert {each["period"] for each in draws("gridmask((1, 2))", (2, 9, 3), 20)} == {1}
