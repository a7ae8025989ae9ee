"""The five strengths of an op: each op has them or is known to have none, and they rise."""

import cv2
import numpy as np
import pytest

from paddle_aug import augmentation
from paddle_aug.augment.modes import OPS
from paddle_aug.preview.strengths import STRENGTHS, high_draw, strengths

WITHOUT = {
    "flip", "hflip", "vflip", "invert", "autocontrast", "equalize", "autoaugment",
    "trivialaugment", "threeaugment",
}  # fmt: skip


def picture(side):
    """Coloured patches with some structure in them."""
    rng = np.random.default_rng(5)
    patches, grain = (rng.integers(0, 256, (n, n, 3)).astype(np.uint8) for n in (6, side))
    patches = cv2.resize(patches, (side, side), interpolation=cv2.INTER_CUBIC)
    return cv2.addWeighted(patches, 0.8, grain, 0.2, 0)


def enlarged(image, side):
    """The image stretched to a square, so that sizes can be compared."""
    rows, columns = (np.arange(side) * length // side for length in image.shape[:2])
    return image[rows][:, columns].astype(int)


def test_each_op_has_five_strengths_or_is_known_to_have_none():
    assert STRENGTHS.keys() == OPS.keys() - WITHOUT
    assert {len(strengths(name)) for name in OPS} == {0, 5}
    assert {len(set(strengths(name))) for name in STRENGTHS} == {5}


@pytest.mark.parametrize("side", [64, 128])
@pytest.mark.parametrize("name", STRENGTHS)
def test_the_strongest_changes_an_image_more_than_the_weakest_and_all_change_it(name, side):
    image = picture(side)
    changes = []
    for text in strengths(name, side):
        op = augmentation(text)
        augmented = op.apply(image, **op.sample(high_draw(), image.shape))
        changes.append(np.abs(enlarged(augmented, side) - image).mean())
    assert min(changes) > 0
    assert changes[0] < changes[-1]


def test_strengths_in_pixels_grow_with_the_image():
    assert strengths("cutout", 64)[-1] == "cutout(40)"
    assert strengths("cutout", 256)[-1] == "cutout(160)"
    assert strengths("rotate", 64) == strengths("rotate", 256)


def test_an_op_of_a_plug_in_has_no_strengths():
    assert strengths("fog") == []
