"""The colours of modes stay apart, and a mode keeps its own."""

import itertools

import cv2
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb

from paddle_aug.results.colours import COLOURS, FURTHER_COLOURS, colours


def test_a_mode_has_the_same_colour_whatever_it_is_drawn_with():
    modes = [*COLOURS, "mixup", "cutmix"]
    assert colours(modes) == {mode: colours([mode])[mode] for mode in modes}


def test_modes_of_one_folder_have_different_colours_as_long_as_there_are_any():
    names = [f"mode{number}" for number in range(len(FURTHER_COLOURS))]
    assert len(set(colours([*COLOURS, *names]).values())) == 5 + len(names)
    assert set(colours([*names, "one", "more"])) == {*names, "one", "more"}


def test_red_green_and_blue_are_those_of_the_notebook():
    channels = [np.argmax(to_rgb(COLOURS[mode])) for mode in ("", "userDef", "imgaugLib")]
    assert channels == [0, 1, 2]


# Machado, Oliveira and Fernandes 2009: what linear RGB becomes without one kind of cones.
CONES_MISSING = {
    "all there": np.eye(3),
    "long": [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.052]],
    "middle": [[0.3673, 0.8606, -0.228], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]],
}


@pytest.mark.parametrize("cones", CONES_MISSING)
def test_modes_of_one_figure_stay_apart_for_colour_blind_eyes(cones):
    def seen(colour):
        rgb = np.array(to_rgb(colour))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        linear = np.clip(CONES_MISSING[cones] @ linear, 0, 1)
        srgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
        return cv2.cvtColor(srgb.astype(np.float32)[None, None], cv2.COLOR_RGB2Lab)[0, 0]

    none, user_def, imgaug_lib, allab, allba = COLOURS.values()
    for figure in ([none, user_def, imgaug_lib], [allab, allba], [none, *FURTHER_COLOURS]):
        for one, other in itertools.combinations(figure, 2):
            # CIE76: 2.3 is just noticeable; the notebook's own red and green are 10 apart.
            assert np.linalg.norm(seen(one) - seen(other)) > 20, (one, other)


def test_every_colour_is_visible_on_white():
    for colour in [*COLOURS.values(), *FURTHER_COLOURS]:
        assert to_hex(colour) == colour
        assert np.dot(to_rgb(colour), [0.2126, 0.7152, 0.0722]) < 0.75
