"""The README's pictures show what the augmentations draw, and stay small."""

import numpy as np
from PIL import Image
from publish import front

from paddle_aug.augment.modes import augmentation
from paddle_aug.data.image import resize
from paddle_aug.rng import generator


def test_a_row_has_the_middle_of_a_photo_and_a_draw_of_each_mode():
    rng = generator(0, "drawing")
    wide, high = (
        rng.integers(0, 256, shape).astype(np.uint8) for shape in [(40, 60, 3), (60, 40, 3)]
    )
    picture = np.asarray(front.grid([wide, high]))
    for row, middle in enumerate([wide[:, 10:50], high[10:50]]):
        top = front.HEAD + row * (front.CELL + front.GAP)
        image = resize(np.ascontiguousarray(middle), front.CELL)
        for column, mode in enumerate(["none", *front.MODES]):
            left = column * (front.CELL + front.GAP)
            cell = picture[top : top + front.CELL, left : left + front.CELL]
            expected = augmentation(mode)(image, generator(0, "augment", front.EPOCH, row))
            assert (cell == expected).all(), (row, mode)


def test_a_thumbnail_of_noise_is_small_enough_too():
    noise = generator(0, "drawing").integers(0, 256, (360, 720, 3)).astype(np.uint8)
    for picture in (noise, np.zeros_like(noise)):
        assert len(front.thumbnail(Image.fromarray(picture))) <= front.MAX_THUMBNAIL
