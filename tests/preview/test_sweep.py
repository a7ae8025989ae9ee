"""A sweep shows the strengths that its captions name."""

import numpy as np
import pytest

from paddle_aug.augment.modes import augmentation
from paddle_aug.config import TrainConfig
from paddle_aug.errors import UserError
from paddle_aug.inputs import dataset_of
from paddle_aug.preview.strengths import STRENGTHS, high_draw, strengths
from paddle_aug.preview.sweep import range_note, sweep_by_op, sweep_of


def test_each_op_is_drawn_at_five_strengths_by_the_texts_of_its_captions(data, caplog):
    config = TrainConfig(augment="noise(3)|hflip|rotate|rotate(5)", image_size=24, seed=5)
    sections = sweep_by_op(sweep_of(config), dataset_of(config, data.train), 3)
    assert "no strength to sweep, left out: hflip" in caplog.text
    assert [section.title for section in sections] == ["noise", "rotate"]
    for section in sections:
        original, *cells = section.cells
        assert original.caption == "original"
        assert [cell.title for cell in cells] == ["1 · weak", "2", "3", "4", "5 · strong"]
        assert [cell.caption for cell in cells] == strengths(section.title, 24)
        for cell in cells:
            assert (augmentation(cell.caption)(original.image, high_draw()) == cell.image).all()
    assert range_note(sections) == ["(10, 10) is a range from 10 to 10: always 10"]
    assert range_note(sections[:1]) == []
    changes = [np.abs(cell.image - original.image.astype(int)).mean() for cell in sections[0].cells]
    assert changes == sorted(changes)


@pytest.mark.parametrize("name", STRENGTHS)
def test_every_op_with_strengths_can_be_swept(data, name):
    text = f"{name}(16)" if name in ("resize", "center_crop", "random_crop") else name
    config = TrainConfig(augment=text, image_size=24)
    (section,) = sweep_by_op(sweep_of(config), dataset_of(config, data.train), 0, False)
    assert len(section.cells) == 5
    assert len({cell.image.tobytes() for cell in section.cells}) > 1


def test_ops_without_a_strength_and_mixes_are_refused(data):
    with pytest.raises(UserError, match="such as rotate; hflip and vflip have none"):
        sweep_of(TrainConfig(augment="hflip|vflip"))
    with pytest.raises(UserError, match=r"\+mixup mixes images; drop it"):
        sweep_of(TrainConfig(augment="rotate", mix="mixup"))
