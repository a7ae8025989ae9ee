import json
import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
import paddle
import pytest
from op_specs import noise
from PIL import Image

from paddle_aug import ops
from paddle_aug.augment.modes import augmentation
from paddle_aug.augment.transform import (
    Chain,
    Identity,
    Maybe,
    OneOf,
    Ramp,
    Shuffled,
    SomeOf,
    Transform,
    random_order,
)
from paddle_aug.errors import UserError
from paddle_aug.rng import generator, seeded_globals

IMAGES = 6000


@dataclass(frozen=True)
class Digit(Transform):
    """Appends a digit in base 4 to each pixel, which so tells what was applied, in order."""

    digit: int

    def apply(self, image):
        return image * 4 + self.digit


@dataclass(frozen=True)
class Shift(Transform):
    """Adds a number drawn for the image."""

    def sample(self, rng, shape):
        return {"by": int(rng.integers(256))}

    def apply(self, image, by):
        return image + np.uint8(by)


@dataclass(frozen=True)
class UpperHalf(Transform):
    """Halves the height."""

    def apply(self, image):
        return image[: len(image) // 2]

    def output_shape(self, shape):
        return (shape[0] // 2, *shape[1:])


@dataclass(frozen=True)
class Row(Transform):
    """Blackens one row, and keeps the shape it sees among its parameters."""

    def sample(self, rng, shape):
        return {"row": int(rng.integers(shape[0])), "seen": list(shape)}

    def apply(self, image, row, seen):
        image = image.copy()
        image[row] = 0
        return image


ONE, TWO, THREE = Digit(1), Digit(2), Digit(3)
BLACK = np.zeros((1, 1, 3), np.uint8)
PHOTO = generator(0, "drawing").integers(256, size=(16, 12, 3), dtype=np.uint8)

PIPELINES = {
    "chain": Chain(Shift(), ONE, Row()),
    "shuffled": Shuffled(Shift(), ONE, TWO, Row()),
    "oneof": OneOf(Shift(), TWO, Row()),
    "someof": SomeOf(1, 3, Shift(), Row(), TWO),
    "maybe": Maybe(0.5, Shift()),
    "nested": Chain(
        Maybe(0.5, UpperHalf()),
        Shuffled(Maybe(0.5, UpperHalf()), OneOf(Shift(), Chain(Row(), Shift()))),
        SomeOf(0, 2, Row(), UpperHalf()),
        Row(),
    ),
}


def outcomes(transform):
    """How often each order of members was applied: {"123": 1000} for ONE, TWO, THREE."""
    pixels = (transform(BLACK, generator(0, "augment", index=i))[0, 0, 0] for i in range(IMAGES))
    return Counter(np.base_repr(pixel, 4).replace("0", "") for pixel in pixels)


def assert_equally_likely(counts, expected):
    """Each expected outcome, and no other, within five standard deviations of its share."""
    assert set(counts) == set(expected)
    total, share = sum(counts.values()), 1 / len(expected)
    allowed = 5 * (total * share * (1 - share)) ** 0.5
    assert all(abs(count - total * share) <= allowed for count in counts.values()), counts


@pytest.mark.parametrize(
    ("transform", "orders"),
    [
        (Chain(ONE, TWO, THREE), ["123"]),
        (Shuffled(ONE, TWO, THREE), ["123", "132", "213", "231", "312", "321"]),
        (OneOf(ONE, TWO, THREE), ["1", "2", "3"]),
        (SomeOf(2, 2, ONE, TWO, THREE), ["12", "13", "21", "23", "31", "32"]),
    ],
    ids=["chain", "shuffled", "oneof", "someof"],
)
def test_members_are_applied_in_each_order_equally_often(transform, orders):
    assert_equally_likely(outcomes(transform), orders)


def test_an_empty_chain_and_identity_change_nothing():
    for transform in (Chain(), Identity()):
        np.testing.assert_array_equal(transform(PHOTO, generator(0, "augment")), PHOTO)


def test_a_random_order_is_the_permutation_of_numpy_and_leaves_the_generator_where_it_does():
    for count in (0, 1, 2, 5, 16):
        for index in range(20):
            ours, theirs = (generator(1, "augment", count, index) for _ in range(2))
            assert random_order(ours, count) == theirs.permutation(count).tolist()
            assert ours.random() == theirs.random()


def test_someof_applies_each_number_of_members_equally_often():
    counts = outcomes(SomeOf(0, 3, ONE, TWO, THREE))
    lengths = Counter()
    for applied, count in counts.items():
        lengths[len(applied)] += count
    assert_equally_likely(lengths, expected=[0, 1, 2, 3])


@pytest.mark.parametrize(("low", "high"), [(-1, 1), (2, 1), (0, 4)])
def test_someof_refuses_numbers_that_its_members_do_not_allow(low, high):
    with pytest.raises(ValueError, match="0 <= low <= high <= 3"):
        SomeOf(low, high, ONE, TWO, THREE)


@pytest.mark.parametrize("p", [0, 0.3, 1])
def test_maybe_acts_with_its_probability(p):
    counts = outcomes(Maybe(p, ONE))
    assert set(counts) <= {"", "1"}
    assert abs(counts["1"] / IMAGES - p) <= 5 * (p * (1 - p) / IMAGES) ** 0.5


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_maybe_refuses_what_is_no_probability(p):
    with pytest.raises(ValueError, match="probability from 0 to 1"):
        Maybe(p, ONE)


def test_ramp_raises_the_probability_with_the_epochs_and_then_keeps_it():
    ramp = Ramp(0.8, ONE, 10)
    for epoch, p in ((0, 0.0), (5, 0.4), (10, 0.8), (30, 0.8)):
        assert ramp.for_epoch(epoch) == Maybe(p, ONE)
    with pytest.raises(ValueError, match="at least 1 epoch, got 0"):
        Ramp(0.8, ONE, 0)


def test_of_an_epoch_a_pipeline_changes_where_a_ramp_is_in_it_and_stays_itself_elsewhere():
    for pipeline in PIPELINES.values():
        assert pipeline.for_epoch(3) is pipeline
    inner = Ramp(1, TWO, 4)
    assert Chain(ONE, Maybe(0.5, inner)).for_epoch(2) == Chain(ONE, Maybe(0.5, Maybe(0.5, TWO)))
    assert SomeOf(1, 2, ONE, inner).for_epoch(1) == SomeOf(1, 2, ONE, Maybe(0.25, TWO))
    assert Shuffled(inner, ONE).for_epoch(9) == Shuffled(Maybe(1, TWO), ONE)
    assert inner.epochs == 4, "the pipeline of all epochs is left as it is"


@pytest.mark.parametrize("name", PIPELINES)
def test_parameters_replayed_from_json_give_the_same_pixels_of_the_shape_foretold(name):
    pipeline = PIPELINES[name]
    results = set()
    for index in range(50):
        params = pipeline.sample(generator(3, "augment", index=index), PHOTO.shape)
        replayed = pipeline.apply(PHOTO, **json.loads(json.dumps(params)))
        called = pipeline(PHOTO, generator(3, "augment", index=index))
        np.testing.assert_array_equal(replayed, called)
        assert pipeline.output_shape(PHOTO.shape, **params) == called.shape
        results.add(called.tobytes())
    assert len(results) > 1, "no randomness to replay"


def test_members_are_told_the_shape_that_the_members_before_them_make():
    pipeline = Chain(UpperHalf(), Chain(Maybe(1, UpperHalf()), Row()), OneOf(UpperHalf()), Row())
    params = pipeline.sample(generator(0, "augment"), (16, 12, 3))
    inner = params["steps"][1][1]["steps"]
    assert inner[1][1]["seen"] == [4, 12, 3]
    assert params["steps"][3][1]["seen"] == [2, 12, 3]
    pipeline = Chain(Maybe(0, UpperHalf()), Row())
    params = pipeline.sample(generator(0, "augment"), (16, 12, 3))
    assert params["steps"][1][1]["seen"] == [16, 12, 3]


def test_arrays_come_back_as_arrays_and_pil_images_as_pil_images_of_the_same_pixels():
    image, op = noise(48, 40), augmentation("rotate(20)|noise(5)")
    array = op(image, generator(0, "augment"))
    pil = op(Image.fromarray(image), generator(0, "augment"))
    assert type(array) is np.ndarray
    assert isinstance(pil, Image.Image)
    assert pil.mode == "RGB"
    assert np.array_equal(np.asarray(pil), array)
    assert np.array_equal(image, noise(48, 40))


def test_without_a_generator_each_call_draws_anew_from_numpys_global_one():
    image, op = noise(48, 40), augmentation("noise(50)")
    with seeded_globals(1):
        first = [op(image).tobytes() for _ in range(5)]
    with seeded_globals(1):
        again = [op(image).tobytes() for _ in range(5)]
    assert first == again
    assert len(set(first)) == 5


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (noise(48, 40)[:, :, :1], r"uint8 \(48, 40, 1\)"),
        (noise(48, 40)[:, :, 0], r"uint8 \(48, 40\)"),
        (noise(48, 40)[:0], r"uint8 \(0, 40, 3\)"),
        (noise(48, 40).transpose(2, 0, 1), r"uint8 \(3, 48, 40\)"),
        (noise(48, 40).astype(np.float32), r"float32 \(48, 40, 3\)"),
        (noise(48, 40).astype(np.uint16), r"uint16 \(48, 40, 3\)"),
        (Image.fromarray(noise(48, 40)).convert("L"), "a PIL image of mode L"),
        (paddle.zeros([2, 2, 3], "uint8"), "Tensor"),
        (b"JPEG", "bytes"),
    ],
    ids=["one channel", "grey", "empty", "first", "float", "16 bits", "grey PIL", "tensor", "file"],
)
def test_what_is_not_a_colour_image_is_refused(image, kind):
    with pytest.raises(UserError, match=rf"got {kind}; put it before .*ToTensor.*convert\('RGB'\)"):
        ops.HorizontalFlip()(image)


@pytest.mark.parametrize("rng", [7, np.random.RandomState(7)], ids=["seed", "RandomState"])
def test_what_is_not_a_generator_is_refused(rng):
    with pytest.raises(UserError, match=r"rng wants a numpy\.random\.Generator, such as .*, got "):
        ops.HorizontalFlip()(PHOTO, rng)


def only_moves_pixels(op: Transform) -> bool:
    """Whether an op followed by a change of the levels equals the change followed by the op."""
    image = generator(3, "drawing").integers(256, size=(40, 32, 3), dtype=np.uint8)
    levels = generator(4, "drawing").permutation(256).astype(np.uint8)
    levels[levels == 0], levels[0] = levels[0], 0  # black, which fills, stays black
    for index in range(20):
        params = op.sample(generator(5, "augment", index=index), image.shape)
        if not np.array_equal(op.apply(levels[image], **params), levels[op.apply(image, **params)]):
            return False
    return True


def test_the_ops_that_the_docstring_names_for_masks_only_move_pixels_and_others_do_not():
    text = re.search(r"fill with black:(.*?);", Transform.__doc__, re.DOTALL)[1]
    for name in re.findall(r"\b[A-Z]\w+", text):
        op = ops.Affine(order=(0,)) if name == "Affine" else getattr(ops, name)
        op = op if name == "Affine" else op(24) if "Crop" in name else op()
        assert only_moves_pixels(op), name
    for op in (ops.Affine(), ops.Crop(), ops.RandomResizedCrop(), ops.Brightness(), ops.Invert()):
        assert not only_moves_pixels(op), op


def test_what_was_drawn_for_an_image_is_replayed_on_its_pair_and_on_its_mask():
    op = augmentation("hflip|rotate(90)|random_crop(24)")
    image, other = noise(32, 32), noise(33, 32)[1:]
    mask = (image[:, :, 0] > 100).astype(np.uint8)
    params = op.sample(generator(7, "augment"), image.shape)
    augmented = op.apply(image, **params)
    moved = op.apply(np.repeat(mask[:, :, None], 3, axis=2), **params)[:, :, 0]
    assert np.array_equal(moved, augmented[:, :, 0] > 100)
    both = op.apply(np.dstack([image[:, :, :2], other[:, :, :1]]), **params)
    assert np.array_equal(op.apply(other, **params)[:, :, 0], both[:, :, 2])
