"""The notebook's two pipelines, drawn by our ops: distributed as what the originals make.

Two thousand draws of theirs and six thousand of ours are compared by the two-sample test of
Kolmogorov and Smirnov, in eight numbers an image; golden/make_pipelines.py says which, and made
those of the originals. Those of an op alone are drawn here, of the slow ones they are kept, too.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
from golden.make_pipelines import (
    ALONE,
    DRAWS,
    FILE,
    SLOW,
    STATISTICS,
    USER_DEF,
    draw,
    drawn_alone,
    statistics,
)
from PIL import Image
from scipy.stats import ks_2samp

from paddle_aug.augment.adapters.imgaug import load, notebook_pipeline
from paddle_aug.augment.modes import augmentation, imgaug_lib, user_def
from paddle_aug.augment.ops.color import Sharpness
from paddle_aug.augment.transform import Maybe, OneOf, Shuffled, SomeOf
from paddle_aug.rng import generator

_, iaa = load()

# Ops alone are 8 + 22 times eight comparisons; one in a hundred of all these thirty may fail by
# chance, not one in a hundred of each.
AMONG_OPS = 0.01 / (30 * len(STATISTICS))


@pytest.fixture(scope="module")
def golden():
    with np.load(FILE, allow_pickle=False) as file:
        return dict(file)


def leaves(ours, theirs):
    """Our ops and imgaug's in the two trees, side by side; the trees must be put together alike."""
    if isinstance(ours, Maybe):
        assert type(theirs) is iaa.Sometimes
        assert theirs.p.p.value == ours.p
        then = theirs.then_list  # imgaug wraps what is not a list, and its OneOf is one
        yield from leaves(ours.ops[0], then if type(then) is iaa.OneOf else then[0])
        return
    if isinstance(ours, Shuffled):
        assert type(theirs) is iaa.Sequential
        assert theirs.random_order
    elif isinstance(ours, SomeOf):
        assert type(theirs) is iaa.SomeOf
        assert theirs.random_order
        assert (ours.low, ours.high) == (theirs.n.a.value, theirs.n.b.value)
    elif isinstance(ours, OneOf):
        assert type(theirs) is iaa.OneOf
    else:
        yield ours, theirs
        return
    for our_member, their_member in zip(ours.ops, theirs, strict=True):
        yield from leaves(our_member, their_member)


PAIRS = list(leaves(imgaug_lib(), notebook_pipeline()))


def assert_equally_distributed(ours: np.ndarray, theirs: np.ndarray, share: float = 0.01):
    """No statistic's KS distance is one that equal distributions exceed in this share of cases."""
    limit = math.sqrt(-math.log(share / 2) / 2 * (1 / len(ours) + 1 / len(theirs)))
    distances = {
        name: ks_2samp(ours[:, column], theirs[:, column], method="asymp").statistic
        for column, name in enumerate(STATISTICS)
    }
    assert max(distances.values()) < limit, distances


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["userDef", "imgaugLib"])
def test_a_whole_pipeline_draws_like_the_original(mode, golden):
    # Of ours thrice as many: the fewer, the more it is the luck of the seed that decides.
    drawn = draw(augmentation(mode), golden["images"], 3 * DRAWS, generator(0, "augment"))
    assert_equally_distributed(statistics(drawn), golden[mode])


@pytest.mark.parametrize(
    ("ours", "original"),
    list(zip(user_def().ops, USER_DEF.values(), strict=True)),
    ids=USER_DEF,
)
def test_an_op_of_user_def_alone_draws_like_the_notebooks(ours, original, golden):
    def by_pillow(image, rng):
        return np.asarray(original(Image.fromarray(image), rng))

    if isinstance(ours, Sharpness):
        # It leaves the mean of each of the five images all but alone, so that the 0.03 levels which
        # its fast form may be off (test_ops_color.py holds it to that) would decide the test.
        ours = replace(ours, exact=True)
    drawn = draw(ours, golden["images"], ALONE, generator(1, "augment"))
    expected = draw(by_pillow, golden["images"], ALONE, generator(2, "augment"))
    assert_equally_distributed(statistics(drawn), statistics(expected), AMONG_OPS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ours", "original"), PAIRS, ids=[original.__class__.__name__ for _, original in PAIRS]
)
def test_an_op_of_imgaug_lib_alone_draws_like_imgaugs(ours, original, golden):
    name, images = original.__class__.__name__, golden["images"]
    drawn = draw(ours, images, ALONE, generator(1, "augment"))
    expected = golden[name] if name in SLOW else drawn_alone(original, images)
    assert_equally_distributed(statistics(drawn), expected, AMONG_OPS)
