"""Mixing against slow loops over images, in NumPy; and what is drawn for it."""

import numpy as np
import paddle
import pytest
from PIL import Image

from paddle_aug.config import TrainConfig
from paddle_aug.data.normalize import KNOWN
from paddle_aug.errors import UserError
from paddle_aug.rng import generator_from_global_state, seeded_globals
from paddle_aug.training.batches import Normalize
from paddle_aug.training.distributed import Group
from paddle_aug.training.mixing import (
    MIXES,
    CutMix,
    MixCollate,
    Mixer,
    Mixup,
    ResizeMix,
    SamplePairing,
    cutmix,
    draw_mixes,
    mixes_of,
    mixup,
    parse_mix,
    resizemix,
    sample_pairing,
)

CLASSES = 5


def some_batch(count=6, side=12, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.normal(size=(count, 3, side, side)).astype(np.float32)
    return images, np.eye(CLASSES, dtype=np.float32)[rng.integers(CLASSES, size=count)]


def made(mix, batch, partners, numbers):
    """A mix of NumPy arrays."""
    first, second = (tuple(map(paddle.to_tensor, arrays)) for arrays in (batch, partners))
    return tuple(tensor.numpy() for tensor in mix(first, second, numbers))


def mixer(mix, side=32, epochs=100, **fields):
    config = TrainConfig(mix=mix, image_size=side, epochs=epochs, **fields)
    return Mixer(config, Group(), Normalize(KNOWN["unit"]))


def test_mixup_is_the_weighted_mean_of_images_and_of_targets():
    (images, targets), (others, other_targets) = some_batch(), some_batch(seed=1)
    share = np.array([0.0, 0.1, 0.5, 0.75, 1.0, 0.3])
    found, found_targets = made(mixup, (images, targets), (others, other_targets), share)
    for place, weight in enumerate(share):
        expected = weight * images[place] + (1 - weight) * others[place]
        np.testing.assert_allclose(found[place], expected, atol=1e-6)
        expected = weight * targets[place] + (1 - weight) * other_targets[place]
        np.testing.assert_allclose(found_targets[place], expected, atol=1e-6)


def test_sample_pairing_is_the_mean_of_images_and_keeps_the_target():
    batch, partners = some_batch(), some_batch(seed=1)
    found, targets = made(sample_pairing, batch, partners, np.full(6, 0.5))
    np.testing.assert_allclose(found, (batch[0] + partners[0]) / 2, atol=1e-6)
    np.testing.assert_array_equal(targets, batch[1])


BOXES = np.array(
    [[0, 12, 0, 12], [0, 0, 0, 0], [3, 7, 2, 12], [5, 6, 5, 6], [2, 2, 0, 9], [11, 12, 0, 4]]
)


def cut_out(image, top, bottom, left, right):
    return image[:, top:bottom, left:right]


def shrunk(image, top, bottom, left, right):
    """By Pillow, each channel."""
    size = (right - left, bottom - top)
    if 0 in size:
        return np.empty((3, *size[::-1]))
    resized = [
        Image.fromarray(channel).resize(size, Image.Resampling.BILINEAR) for channel in image
    ]
    return np.stack(resized)


@pytest.mark.parametrize(
    ("mix", "expected_part", "tolerance"), [(cutmix, cut_out, 0), (resizemix, shrunk, 1e-5)]
)
def test_a_box_has_a_part_or_the_whole_of_the_partner_and_weighs_targets_by_its_area(
    mix, expected_part, tolerance
):
    (images, targets), (others, other_targets) = some_batch(), some_batch(seed=1)
    found, found_targets = made(mix, (images, targets), (others, other_targets), BOXES)
    for place, box in enumerate(BOXES):
        top, bottom, left, right = box
        expected = images[place].copy()
        expected[:, top:bottom, left:right] = expected_part(others[place], *box)
        np.testing.assert_allclose(found[place], expected, rtol=0, atol=tolerance)
        taken = (bottom - top) * (right - left) / 144
        expected = (1 - taken) * targets[place] + taken * other_targets[place]
        np.testing.assert_allclose(found_targets[place], expected, atol=1e-6)


@pytest.mark.parametrize("mix", list(MIXES))
@pytest.mark.parametrize("per", ["batch", "pair", "element"])
def test_every_mix_leaves_its_inputs_and_makes_targets_of_sum_one(mix, per):
    images = np.random.default_rng(0).integers(0, 256, (7, 12, 12, 3), "uint8")
    targets = np.eye(CLASSES, dtype=np.float32)[np.arange(7) % CLASSES]
    given = paddle.to_tensor(images), paddle.to_tensor(targets)
    unmixed = images.transpose(0, 3, 1, 2).astype(np.float32) / 255
    changed = []
    for step in range(5):  # a box may be less than half a pixel
        found = mixer(mix, 12, mix_per=per)(10, step, *given, 7)
        inputs, mixed_targets = (tensor.numpy() for tensor in found)
        np.testing.assert_array_equal(given[0].numpy(), images)
        np.testing.assert_array_equal(given[1].numpy(), targets)
        assert (inputs.shape, inputs.dtype) == ((7, 3, 12, 12), np.float32)
        changed.append(not np.allclose(inputs, unmixed, atol=1e-6))
        np.testing.assert_allclose(mixed_targets.sum(axis=1), 1, atol=1e-6)
        assert (mixed_targets >= 0).all()
    assert sum(changed) > 2


@pytest.mark.parametrize("mix", list(MIXES))
def test_what_is_drawn_depends_on_seed_epoch_and_step_alone(mix):
    mixes = mixer(mix, mix_per="element", seed=3)
    first, second = (mixes.draw(20, 5, 16) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1][0][1], second[1][0][1])
    others = [mixes.draw(20, 6, 16), mixes.draw(21, 5, 16)]
    others.append(mixer(mix, mix_per="element", seed=4).draw(20, 5, 16))
    for partner, _ in others:
        assert not np.array_equal(first[0], partner)


def test_mixup_draws_a_share_from_beta_and_one_for_the_whole_batch():
    shares = Mixup(alpha=0.4).draw(np.random.default_rng(0), 40_000, 32)
    assert shares.mean() == pytest.approx(0.5, abs=0.01)
    assert shares.var() == pytest.approx(1 / (4 * (2 * 0.4 + 1)), abs=0.003)  # Beta's
    _, [(_, share)] = mixer("mixup").draw(0, 1, 8)
    assert len(set(share)) == 1


def test_cutmix_draws_boxes_within_the_image_that_have_their_share_where_nothing_is_cut_off():
    boxes = CutMix().draw(np.random.default_rng(0), 20_000, 64)
    assert (boxes.min(), boxes.max()) == (0, 64)
    heights, widths = boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2]
    inner = (boxes[:, [0, 2]] > 0).all(axis=1) & (boxes[:, [1, 3]] < 64).all(axis=1)
    np.testing.assert_allclose(heights[inner], widths[inner], atol=1)
    # Of alpha 1 the share is even from 0 to 1: an inner box's side is below 32, a share of 1/4,
    # in as many cases as an even share is, times the room that its middle has.
    shares = np.arange(0.0005, 1, 0.001)
    room = np.clip(1 - np.sqrt(shares), 0, None) ** 2
    assert inner.mean() == pytest.approx(room.mean(), abs=0.02)


def test_resizemix_draws_sides_evenly_from_a_tenth_to_eight_and_places_anywhere():
    boxes = ResizeMix().draw(np.random.default_rng(0), 20_000, 100)
    heights, widths = boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2]
    np.testing.assert_array_equal(heights, widths)
    assert (heights.min(), heights.max()) == (10, 80)
    assert heights.mean() == pytest.approx(45, abs=0.5)
    assert (boxes.min(), boxes.max()) == (0, 100)
    middles = (boxes[:, 0] + boxes[:, 1]) / 2
    assert middles.mean() == pytest.approx(50, abs=0.5)


def test_pairs_are_each_others_partners_with_the_same_number():
    partner, [(_, share)] = mixer("mixup:1", mix_per="pair").draw(0, 1, 9)
    np.testing.assert_array_equal(partner[partner], np.arange(9))
    assert (partner == np.arange(9)).sum() == 1, "the odd one out is its own partner"
    np.testing.assert_array_equal(share, share[partner])
    assert len(set(share)) == 5


def test_partners_for_a_batch_or_elements_are_a_permutation():
    for per in ("batch", "element"):
        partner, [(_, share)] = mixer("mixup", mix_per=per).draw(0, 1, 16)
        assert sorted(partner) == list(range(16))
    assert len(set(share)) == 16


def test_of_several_mixes_each_image_gets_one_and_all_are_as_likely():
    mixes = mixer("mixup:1+cutmix+resizemix", side=64, mix_per="element")
    counts = np.zeros(3)
    for step in range(200):
        _, drawn = mixes.draw(0, step, 32)
        changed = np.array(
            [(numbers != mix.unchanged).reshape(32, -1).any(axis=1) for mix, numbers in drawn]
        )
        assert changed.sum(axis=0).max() <= 1
        counts += changed.sum(axis=1)
    np.testing.assert_allclose(counts / counts.sum(), 1 / 3, atol=0.02)


@pytest.mark.parametrize("per", ["batch", "element"])
def test_mix_prob_is_the_share_of_what_is_mixed(per):
    mixes = mixer("samplePairing", mix_prob=0.3, mix_per=per)
    shares = [mixes.draw(10, step, 8)[1][0][1] for step in range(2000)]
    assert np.mean(np.concatenate(shares) == 0.5) == pytest.approx(0.3, abs=0.03)
    assert {len(set(share)) for share in shares} == ({1} if per == "batch" else {1, 2})


def test_sample_pairing_pauses_as_the_sequel_says():
    """From a tenth of the epochs to the last tenth, eight of every ten."""
    on = [epoch for epoch in range(500) if mixer("samplePairing", epochs=500).active(epoch)]
    assert on == [epoch for epoch in range(50, 450) if epoch % 10 < 8]
    assert mixer("samplePairing", epochs=4).active(0), "too few epochs for a tenth"


def test_the_last_epochs_go_without_mixing():
    mixes = mixer("mixup", epochs=10, mix_off_epochs=3)
    assert [bool(mixes.active(epoch)) for epoch in range(10)] == [True] * 7 + [False] * 3


def test_mixes_are_read_from_their_text():
    assert parse_mix("none") == []
    assert parse_mix("mixup:0.4+cutmix") == [Mixup(alpha=0.4), CutMix()]
    assert parse_mix("samplePairing + resizemix") == [SamplePairing(), ResizeMix()]
    assert mixes_of(TrainConfig(augment="mixup")) == [Mixup(alpha=1.5)]
    assert mixes_of(TrainConfig(augment="samplePairing")) == [SamplePairing()]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mixap", "no mix named 'mixap'; did you mean 'mixup'?"),
        ("mixup:0", "--mix 'mixup:0': the number behind mixup must be above 0, as in mixup:0.2"),
        ("cutmix:x", "--mix 'cutmix:x': the number behind cutmix must be above 0, as in cutmix:1"),
        ("resizemix:1", "--mix 'resizemix:1': resizemix takes no number"),
        ("mixup+", "no mix named ''; known: cutmix, mixup, resizemix, samplePairing"),
    ],
)
def test_what_is_no_mix_is_refused(text, message):
    with pytest.raises(UserError) as caught:
        parse_mix(text)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("mix", ["mixup:0.4", "cutmix", "resizemix", "samplePairing"])
def test_a_collated_batch_is_mixed_by_the_numbers_of_numpys_global_generator(mix):
    images, targets = some_batch()
    samples = list(zip(images, targets.argmax(axis=1), strict=True))
    with seeded_globals(3):
        found = [tensor.numpy() for tensor in MixCollate(mix, CLASSES, per="element")(samples)]
    with seeded_globals(3):
        partner, [(one, numbers)] = draw_mixes(
            generator_from_global_state(), parse_mix(mix), 6, 12, 1.0, "element"
        )
    expected = made(one.mix, (images, targets), (images[partner], targets[partner]), numbers)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])
    assert not np.array_equal(found[0], images)


def test_two_batches_are_mixed_otherwise_and_none_collates_with_targets_alone():
    images, targets = some_batch()
    samples = list(zip(images, targets.argmax(axis=1), strict=True))
    tensors = [(paddle.to_tensor(image), label) for image, label in samples]
    with seeded_globals(3):
        first, second = (MixCollate("mixup", CLASSES)(samples)[0].numpy() for _ in range(2))
        plain = MixCollate("none", CLASSES)(tensors)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(plain[0].numpy(), images)
    np.testing.assert_array_equal(plain[1].numpy(), targets)


BLACK = np.zeros((3, 8, 8), np.float32)


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        (
            (BLACK.astype(np.uint8), 0),
            r"float32 images \[3, S, S\], got uint8 \(3, 8, 8\); .*Normalize",
        ),
        ((BLACK[:, 1:], 0), r"got float32 \(3, 7, 8\)"),
        ((BLACK.transpose(1, 2, 0), 0), r"got float32 \(8, 8, 3\)"),
        ((BLACK, 5), r"labels from 0 to 4, got \[5\]"),
        ((BLACK, 0.5), r"labels from 0 to 4, got \[0\.5\]"),
    ],
    ids=["bytes", "oblong", "channels last", "label", "soft label"],
)
def test_samples_of_another_kind_are_not_collated(sample, message):
    with pytest.raises(UserError, match=message):
        MixCollate("mixup", CLASSES)([sample])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"mix": "mixap"}, "did you mean 'mixup'"),
        ({"prob": 2}, "--mix-prob must be from 0 to 1, not 2"),
        ({"per": "bach"}, "--mix-per 'bach': did you mean 'batch'"),
    ],
)
def test_a_collation_refuses_what_the_options_refuse(given, message):
    with pytest.raises(UserError, match=message):
        MixCollate(**{"mix": "mixup", "num_classes": 5, **given})
