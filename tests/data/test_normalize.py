"""What is subtracted from pixels, and what they are divided by."""

import numpy as np
import paddle
import pytest

from paddle_aug.data.normalize import normalization
from paddle_aug.errors import UserError
from paddle_aug.rng import generator
from paddle_aug.training.batches import Normalize


@pytest.fixture
def images():
    rng = generator(0, "drawing")
    return [rng.integers(0, 200, (side, 6, 3), dtype=np.uint8) for side in (4, 5, 9)]


def seen(text, batch, images=()):
    return Normalize(normalization(text, images))(paddle.to_tensor(batch)).numpy()


@pytest.fixture
def batch():
    return generator(1, "drawing").integers(0, 256, (5, 4, 6, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("text", "mean", "std"),
    [
        ("half", [0.5] * 3, [0.5] * 3),  # the notebook's
        ("unit", [0.0] * 3, [1.0] * 3),  # ToTensor's
        ("imagenet", [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ("0.485,0.456,0.406/0.229,0.224,0.225", [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ],
)
def test_names_and_numbers_are_by_channel(batch, text, mean, std):
    expected = (batch.astype("float64") / 255 - mean) / std
    np.testing.assert_allclose(seen(text, batch), expected.transpose(0, 3, 1, 2), atol=1e-5)


def test_data_is_featurewise_over_all_pixels_of_images_of_any_size(batch, images):
    pixels = np.concatenate([image.reshape(-1, 3) for image in images]) / 255
    expected = (batch / 255 - pixels.mean(axis=0)) / (pixels.std(axis=0) + 1e-6)
    found = seen("data", batch, images)
    np.testing.assert_allclose(found, expected.transpose(0, 3, 1, 2), atol=1e-4)


def test_image_is_samplewise_over_all_channels(batch):
    levels = batch / 255
    mean = levels.mean(axis=(1, 2, 3), keepdims=True)
    std = levels.std(axis=(1, 2, 3), keepdims=True)
    expected = ((levels - mean) / (std + 1e-6)).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(seen("image", batch), expected, atol=1e-4)


def test_an_image_of_one_colour_stays_finite():
    flat = np.full((1, 4, 4, 3), 77, np.uint8)
    assert np.isfinite(seen("image", flat)).all()
    assert np.isfinite(seen("data", flat, [flat[0]])).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("haf", "did you mean 'half'"),
        ("1,2/3,4,5", "three means and three deviations"),
        ("1,2,3/4,5", "three means and three deviations"),
        ("1,2,3/4,5,0", "above 0"),
        ("1,2,3/4,5,nan", "above 0"),
        ("nan,2,3/4,5,6", "above 0"),
        ("a,b,c/d,e,f", "three means"),
        ("1/2/3", "three means"),
    ],
)
def test_a_text_that_is_no_normalization_is_refused(text, message):
    with pytest.raises(UserError, match=message):
        normalization(text, [])
