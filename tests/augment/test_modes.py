"""Every augmentation that has a name keeps the contract, and the notebook's modes are its own."""

import json

import numpy as np
import pytest
from op_specs import SPECS, noise

from paddle_aug.augment.modes import NOTEBOOK_MODES, augmentation, mix_of, split_mix, split_modes
from paddle_aug.augment.transform import Chain, Identity, Shuffled
from paddle_aug.errors import UserError
from paddle_aug.rng import generator

# Nothing to draw.
FIXED = ("none", "invert", "resize", "center_crop", "autocontrast", "equalize")


# In other forms than those of SPECS.
SIZES = (
    *("resize(24)", "center_crop(24)", "random_crop((30, 12), padding=15)"),
    *("random_resized_crop(24)", "random_resized_crop((7, 33), (0.01, 1.0), (0.2, 5.0))"),
)


@pytest.mark.parametrize("name", [*SPECS.values(), *SIZES])
class TestContract:
    """Runs over the registry, so that a new op is tested by existing."""

    @pytest.mark.parametrize("size", [(33, 47), (64, 64), (1, 1), (5, 2), (1, 9)], ids=str)
    def test_pixels_are_uint8_rgb_of_the_promised_shape_and_the_input_is_untouched(
        self, name, size
    ):
        op, image = augmentation(name), noise(*size)
        for index in range(5):
            params = op.sample(generator(0, "augment", 0, index), image.shape)
            result = op.apply(image, **params)
            assert result.dtype == np.uint8
            assert result.shape == op.output_shape(image.shape, **params)
            assert result.flags.c_contiguous

    def test_parameters_survive_json_and_replay_the_same_pixels(self, name):
        op, image = augmentation(name), noise(33, 47)
        for index in range(5):
            params = op.sample(generator(0, "augment", 0, index), image.shape)
            stored = json.loads(json.dumps(params))
            np.testing.assert_array_equal(op.apply(image, **params), op.apply(image, **stored))

    def test_equal_generators_give_equal_pixels(self, name):
        op, image = augmentation(name), noise(33, 47)
        first = [op(image, generator(3, "augment", 1, index)) for index in range(4)]
        repeated = [op(image, generator(3, "augment", 1, index)) for index in reversed(range(4))]
        for one, other in zip(first, reversed(repeated), strict=True):
            np.testing.assert_array_equal(one, other)

    def test_views_such_as_bgr_turned_to_rgb_give_the_bytes_of_their_copies(self, name):
        op, image = augmentation(name), noise(33, 47)
        mirrored, turned = image[::-1, ::-1], image.transpose(1, 0, 2)
        for view in (image[:, :, ::-1], image[::-1], mirrored, image[:, 3:36], turned):
            for index in range(3):
                params = op.sample(generator(0, "augment", 0, index), view.shape)
                from_view, from_copy = op.apply(view, **params), op.apply(view.copy(), **params)
                np.testing.assert_array_equal(from_view, from_copy)

    def test_the_next_image_does_not_write_into_this_one(self, name):
        op, image = augmentation(name), noise(33, 47)
        results = [op(image, generator(3, "augment", 1, index)) for index in range(8)]
        copies = [result.copy() for result in results]
        for index in range(8):
            op(255 - image, generator(3, "augment", 2, index))
        np.testing.assert_array_equal(results, copies)

    def test_images_differ_from_draw_to_draw(self, name):
        op, image = augmentation(name), noise(33, 47)
        drawn = {op(image, generator(3, "augment", 1, index)).tobytes() for index in range(20)}
        assert len(drawn) > 1 or name.split("(")[0] in FIXED


def test_the_notebooks_empty_mode_is_none():
    assert augmentation("") == augmentation("none") == Identity()


def test_user_def_applies_its_ops_in_random_order():
    assert type(augmentation("userDef")) is Shuffled


def test_the_stacked_modes_are_the_two_in_either_order():
    user_def, imgaug_lib = augmentation("userDef"), augmentation("imgaugLib")
    assert augmentation("allab") == Chain(user_def, imgaug_lib)
    assert augmentation("allba") == Chain(imgaug_lib, user_def)


def test_a_list_of_modes_splits_at_its_own_commas_only():
    assert split_modes("none, hflip|rotate((-5, 20)),userDef") == [
        "none", "hflip|rotate((-5, 20))", "userDef",
    ]  # fmt: skip
    assert split_modes("") == ["none"]
    assert split_modes("all") == list(NOTEBOOK_MODES)
    assert split_modes("hflip,all") == ["hflip", *NOTEBOOK_MODES]


@pytest.mark.parametrize("wrong", ["none,none", "none,", "all,userDef", ",hflip"])
def test_a_list_that_names_a_mode_twice_or_none_at_all_is_refused(wrong):
    with pytest.raises(UserError, match=r"twice|comma"):
        split_modes(wrong)


def test_a_mix_stands_behind_the_first_plus_outside_of_parentheses():
    assert split_mix("userDef+mixup:0.4") == ("userDef", "mixup:0.4")
    assert split_mix(" hflip|rotate((-5, +20)) + mixup + cutmix:1 ") == (
        "hflip|rotate((-5, +20))",
        "mixup+cutmix:1",
    )
    assert split_mix("allab") == ("allab", "")
    assert split_mix("+cutmix") == ("none", "cutmix")
    assert split_modes("none,userDef+mixup:0.4+cutmix") == ["none", "userDef+mixup:0.4+cutmix"]


def test_the_sequels_modes_bring_their_mix_and_no_other():
    assert mix_of("mixup", "none") == "mixup:1.5"
    assert mix_of("samplePairing", "none") == "samplePairing"
    assert mix_of("userDef", "cutmix") == "cutmix"
    with pytest.raises(UserError, match="the mode mixup has its own mix; with --mix cutmix"):
        mix_of("mixup", "cutmix")


def test_the_sequels_userdef_has_weaker_noise_half_the_time():
    ops = list(augmentation("samplePairing").ops)
    assert ops[:-1] == list(augmentation("userDef").ops[:-1])
    assert ops[-1] == augmentation("maybe(0.5, noise(5))")
    assert augmentation("mixup") == augmentation("samplePairing")


def test_what_mixes_a_batch_is_no_part_of_a_pipeline():
    with pytest.raises(UserError, match=r"hflip\+cutmix mixes .* give hflip alone here"):
        augmentation("hflip+cutmix")
