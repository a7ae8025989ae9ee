"""The userDef ops against the notebook's own functions, at equal parameters."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from scipy import stats

from paddle_aug.ops.color import brightness, color, contrast, sharpness
from paddle_aug.ops.geometry import INTERPOLATIONS, center_crop_resize, flip, rotate
from paddle_aug.ops.noise import gaussian_noise
from paddle_aug.rng import generator

SIZES = [(40, 40), (37, 61), (1, 1), (2, 5)]


@pytest.fixture(params=SIZES, ids=str)
def image(request):
    return generator(1, "drawing").integers(0, 256, (*request.param, 3)).astype(np.uint8)


def unchanged(image):
    """A copy to hold an op to its promise that the input is never written to."""
    image.flags.writeable = False
    return image


@pytest.mark.parametrize(
    ("ours", "enhancer"),
    [
        (brightness, ImageEnhance.Brightness),
        (contrast, ImageEnhance.Contrast),
        (color, ImageEnhance.Color),
        (sharpness, ImageEnhance.Sharpness),
    ],
)
@pytest.mark.parametrize("factor", [0.5, 0.83, 1.0, 1.5])
def test_blends_give_the_bytes_of_the_notebook(image, ours, enhancer, factor):
    theirs = np.asarray(enhancer(Image.fromarray(image)).enhance(factor))
    np.testing.assert_array_equal(ours(unchanged(image), factor), theirs)


@pytest.mark.parametrize("degrees", [0, 1, 45, 90, 180, 270, 359])
def test_rotation_gives_the_bytes_of_the_notebook(image, degrees):
    theirs = np.asarray(Image.fromarray(image).rotate(degrees))
    np.testing.assert_array_equal(rotate(unchanged(image), degrees), theirs)


@pytest.mark.parametrize("interpolation", list(INTERPOLATIONS))
def test_the_crop_gives_the_bytes_of_the_notebook(image, interpolation):
    m, n = 1.37, 1.12
    h, w, _ = image.shape
    x1, y1 = w * (1 - 1 / m) / 2, h * (1 - 1 / n) / 2
    box = [x1, y1, x1 + w * 1 / m, y1 + h * 1 / n]
    theirs = Image.fromarray(image).crop(box).resize((w, h), INTERPOLATIONS[interpolation])
    np.testing.assert_array_equal(
        center_crop_resize(unchanged(image), m, n, interpolation), np.asarray(theirs)
    )


def test_flips_mirror_each_axis_by_itself():
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    assert flip(image, True, False).tolist() == image[:, ::-1].tolist()
    assert flip(image, False, True).tolist() == image[::-1].tolist()
    assert flip(image, True, True).tolist() == image[::-1, ::-1].tolist()
    assert flip(image, False, False).tolist() == image.tolist()


def test_noise_is_normal_with_the_sigma_that_was_asked_for():
    image = np.full((200, 200, 3), 128, np.uint8)
    noise = gaussian_noise(image, 6.0, seed=5).astype(int) - 128
    assert noise.std() == pytest.approx(6.0, rel=0.01)
    # Rounding to whole levels moves the distribution function by up to half a level's mass.
    assert stats.kstest(noise.ravel() + 0.0, stats.norm(0, 6.0).cdf).statistic < 0.04


def test_noise_saturates_where_the_notebook_wraps_around():
    dark, bright = np.zeros((50, 50, 3), np.uint8), np.full((50, 50, 3), 255, np.uint8)
    assert gaussian_noise(dark, 10.0, seed=1).max() < 80
    assert gaussian_noise(bright, 10.0, seed=1).min() > 175

    rng = generator(1, "drawing")
    noise = np.round(rng.standard_normal(dark.shape) * 10)
    notebook = dark + noise.astype(np.int64).astype(np.uint8)  # what its cast did on its machine
    assert notebook.max() > 200, "the trap is real: black turned white"


def test_noise_is_the_same_for_the_same_seed_and_another_for_another():
    image = np.full((16, 16, 3), 128, np.uint8)
    first = gaussian_noise(image, 10.0, seed=1)
    np.testing.assert_array_equal(first, gaussian_noise(image, 10.0, seed=1))
    assert (first != gaussian_noise(image, 10.0, seed=2)).mean() > 0.8
