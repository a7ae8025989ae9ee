"""Blurs against imgaug's pixels, our median against OpenCV's, and the windows that are drawn."""

import json

import cv2
import numpy as np
import pytest
from pointwise_golden import golden_cases

from paddle_aug.augment.ops import blur, median
from paddle_aug.augment.ops.blur import AverageBlur, GaussianBlur, MedianBlur
from paddle_aug.augment.ops.median import median_network
from paddle_aug.rng import generator

SHAPE = (8, 8, 3)


def cases(*names):
    return [
        pytest.param(getattr(blur, name), *case.values, id=f"{name}-{case.id}")
        for name in names
        for case in golden_cases(name)
    ]


@pytest.mark.parametrize(
    ("kernel", "image", "expected", "params"),
    cases("gaussian_blur", "average_blur", "median_blur"),
)
def test_the_bytes_are_those_of_imgaug(kernel, image, expected, params):
    ours = kernel(image, **params)
    np.testing.assert_array_equal(ours, expected)
    assert ours.flags.c_contiguous
    assert not np.shares_memory(ours, image)


def pictures():
    """Noise, a photo's kind of smoothness, two levels only, and steps of a slope."""
    rng = generator(1, "drawing")
    for shape in [(1, 1, 3), (1, 9, 3), (8, 1, 3), (5, 4, 3), (33, 46, 3), (61, 300, 3)]:
        yield rng.integers(0, 256, shape).astype(np.uint8)
    smooth = cv2.GaussianBlur(rng.integers(0, 256, (90, 81, 3)).astype(np.uint8), (0, 0), 2)
    yield smooth
    yield np.where(smooth > 127, 255, 0).astype(np.uint8)
    yield np.arange(90 * 81 * 3).reshape(90, 81, 3).astype(np.uint8)


@pytest.mark.parametrize("k", [7, 9, 11, 13, 15])
@pytest.mark.parametrize("image", list(pictures()), ids=lambda image: str(image.shape))
def test_the_median_network_gives_the_bytes_of_opencv(image, k):
    np.testing.assert_array_equal(median_network(image, k), cv2.medianBlur(image, k))


@pytest.mark.parametrize("k", [7, 11])
def test_an_image_taken_in_strips_shows_no_seams(monkeypatch, k):
    image = generator(1, "drawing").integers(0, 256, (50, 41, 3)).astype(np.uint8)
    for strip in (1, 1000, 2000):
        monkeypatch.setattr(median, "STRIP", strip)
        np.testing.assert_array_equal(median_network(image, k), cv2.medianBlur(image, k))


@pytest.mark.parametrize("k", [3, 5, 7, 9, 11])
def test_where_the_network_takes_over_the_bytes_do_not_change(k):
    image = generator(1, "drawing").integers(0, 256, (170, 160, 3)).astype(np.uint8)
    np.testing.assert_array_equal(blur.median_blur(image, k), cv2.medianBlur(image, k))


@pytest.mark.parametrize(
    ("kernel", "params"),
    [
        (blur.gaussian_blur, {"sigma": 0}),
        (blur.gaussian_blur, {"sigma": 1.5}),
        (blur.average_blur, {"k": 4}),
        (blur.median_blur, {"k": 3}),
        (blur.median_blur, {"k": 7}),
    ],
)
def test_a_mirrored_view_gives_the_bytes_of_its_copy(kernel, params):
    view = generator(1, "drawing").integers(0, 256, (9, 14, 3)).astype(np.uint8)[::-1, ::-1]
    ours = kernel(view, **params)
    np.testing.assert_array_equal(ours, kernel(view.copy(), **params))
    assert ours.flags.c_contiguous


def frequencies(op, field, count=9000):
    rng = generator(1, "drawing")
    values, counts = np.unique(
        [op.sample(rng, SHAPE)[field] for _ in range(count)], return_counts=True
    )
    return dict(zip(values.tolist(), counts / count, strict=True))


def test_the_window_of_a_median_is_drawn_as_imgaug_draws_it():
    assert frequencies(MedianBlur((3, 11)), "k") == pytest.approx(
        {3: 1 / 9, 5: 2 / 9, 7: 2 / 9, 9: 2 / 9, 11: 2 / 9}, abs=0.02
    )


def test_the_window_of_a_mean_is_any_whole_number_of_the_range():
    assert frequencies(AverageBlur((2, 7)), "k") == pytest.approx(
        {k: 1 / 6 for k in range(2, 8)}, abs=0.02
    )
    assert set(frequencies(AverageBlur(3), "k")) == {1, 2, 3}


def test_sigma_is_drawn_evenly_from_its_range():
    rng = generator(1, "drawing")
    drawn = np.array([GaussianBlur().sample(rng, SHAPE)["sigma"] for _ in range(3000)])
    counts, _ = np.histogram(drawn, bins=6, range=(0, 3))
    assert counts.sum() == 3000
    assert counts == pytest.approx(np.full(6, 500), abs=90)


@pytest.mark.parametrize("op", [GaussianBlur(), AverageBlur(), MedianBlur()])
def test_parameters_survive_json_and_replay_the_pixels(op):
    image = generator(1, "drawing").integers(0, 256, (9, 7, 3)).astype(np.uint8)
    params = op.sample(generator(2, "drawing"), image.shape)
    replayed = op.apply(image, **json.loads(json.dumps(params)))
    np.testing.assert_array_equal(replayed, op(image, generator(2, "drawing")))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GaussianBlur((-1, 3)), r"sigma wants numbers of 0 or more, got \(-1, 3\)"),
        (lambda: AverageBlur((0, 3)), r"k wants numbers of 1 or more, got \(0, 3\)"),
        (lambda: MedianBlur((3, 10)), r"k wants odd numbers, got \(3, 10\)"),
    ],
)
def test_a_window_that_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
