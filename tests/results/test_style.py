"""The colours of modes stay apart, and a mode keeps its own."""

import itertools

import cv2
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb

from paddle_aug.results import style
from paddle_aug.results.colours import COLOURS, FURTHER_COLOURS, colours
from paddle_aug.results.labels import spaced


def test_a_mode_has_the_same_colour_whatever_it_is_drawn_with():
    modes = [*COLOURS, "mixup", "cutmix"]
    assert colours(modes) == {mode: colours([mode])[mode] for mode in modes}


def test_modes_of_one_folder_have_different_colours_as_long_as_there_are_any():
    names = [f"mode{number}" for number in range(len(FURTHER_COLOURS))]
    assert len(set(colours([*COLOURS, *names]).values())) == len(COLOURS) + len(names)
    assert set(colours([*names, "one", "more"])) == {*names, "one", "more"}


def test_no_augmentation_is_grey_and_green_and_blue_are_those_of_the_notebook():
    assert len(set(to_rgb(COLOURS[""]))) == 1
    assert [np.argmax(to_rgb(COLOURS[mode])) for mode in ("userDef", "imgaugLib")] == [1, 2]


# Machado, Oliveira and Fernandes 2009: what linear RGB becomes without one kind of cones.
CONES_MISSING = {
    "all there": np.eye(3),
    "long": [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.052]],
    "middle": [[0.3673, 0.8606, -0.228], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]],
}


@pytest.mark.parametrize("cones", CONES_MISSING)
def test_all_colours_stay_apart_for_colour_blind_eyes(cones):
    def seen(colour):
        rgb = np.array(to_rgb(colour))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        linear = np.clip(CONES_MISSING[cones] @ linear, 0, 1)
        srgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
        return cv2.cvtColor(srgb.astype(np.float32)[None, None], cv2.COLOR_RGB2Lab)[0, 0]

    for one, other in itertools.combinations([*COLOURS.values(), *FURTHER_COLOURS], 2):
        # CIE76: 2.3 is just noticeable; the notebook's own red and green are 10 apart.
        assert np.linalg.norm(seen(one) - seen(other)) > 20, (one, other)


def test_labels_keep_apart_and_stay_near_where_they_belong():
    assert spaced([10, 50], [4, 4], 0, 100) == [10, 50]
    assert spaced([52, 50, 9], [4, 4, 4], 0, 100) == [53, 49, 9]
    assert spaced([99, 99, 99], [4, 4, 4], 0, 100) == pytest.approx([90, 94, 98])
    assert spaced([50, 50], [8, 2], 0, 100) == [47.5, 52.5]


def test_a_pipeline_is_broken_between_its_operations():
    assert style.wrapped("hflip|rotate(20)", 20) == "hflip|rotate(20)"
    assert style.wrapped("hflip|rotate(20)|maybe(0.5, cutout(16))", 18) == (
        "hflip|rotate(20)|\nmaybe(0.5,\ncutout(16))"
    )
    assert (
        style.wrapped("userDef+samplePairing", 16, "(n = 2)") == "userDef+\nsamplePairing\n(n = 2)"
    )


def test_an_operation_that_is_too_long_for_a_line_is_broken_after_an_underscore():
    assert style.wrapped("random_resized_crop(area=(0.5, 1))|hflip", 22) == (
        "random_resized_\ncrop(area=(0.5, 1))|\nhflip"
    )


def test_a_title_is_broken_between_its_parts():
    assert style.broken("pets · lenet · 3 seeds, 95 % interval", 24) == (
        "pets · lenet\n3 seeds, 95\u00a0% interval"
    )


def test_every_colour_is_visible_on_white():
    for colour in [*COLOURS.values(), *FURTHER_COLOURS]:
        assert to_hex(colour) == colour
        assert np.dot(to_rgb(colour), [0.2126, 0.7152, 0.0722]) < 0.75
