import numpy as np
import pytest

from paddle_aug.rng import STREAMS, generator, integer_seed


def test_no_two_names_share_a_generator_zeros_in_them_or_not():
    names = [
        (seed, stream, epoch, index)
        for seed in range(4)
        for stream in STREAMS
        for epoch in range(4)
        for index in range(4)
    ]
    assert len({generator(*name).integers(2**63) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("seed", "epoch", "index"), [(0, 0, 0), (7, 3, 11), (2**32 - 1,) * 3, (2022, 1, 2**31)]
)
def test_a_generator_is_the_one_that_numpy_makes_of_the_four_words(seed, epoch, index):
    words = [seed, STREAMS["augment"], epoch, index]
    theirs = np.random.SFC64(np.random.SeedSequence(words))
    ours = generator(seed, "augment", epoch, index).bit_generator
    assert ours.random_raw(5).tolist() == theirs.random_raw(5).tolist()


@pytest.mark.parametrize("name", [(-1, 0, 0), (0, -1, 0), (0, 0, -1), (2**32, 0, 0), (0, 0, 2**32)])
def test_a_number_that_is_not_one_word_is_refused(name):
    seed, epoch, index = name
    with pytest.raises(ValueError, match="must be in"):
        generator(seed, "augment", epoch, index)


def test_numpy_numbers_are_accepted():
    ours = generator(np.int64(7), "augment", np.uint32(3), np.int64(2**32 - 1))
    assert ours.random() == generator(7, "augment", 3, 2**32 - 1).random()


def test_an_unknown_stream_is_refused():
    with pytest.raises(KeyError):
        generator(0, "agument")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ((0, "augment", 0, 0), [240, 227, 476, 673, 567, 402]),
        ((7, "augment", 3, 11), [627, 644, 664, 338, 632, 559]),
        ((7, "order", 3), [989, 771, 525, 904, 744, 205]),
    ],
)
def test_draws_are_those_of_the_published_runs(name, expected):
    assert generator(*name).integers(1000, size=6).tolist() == expected


def test_the_stream_numbers_are_those_of_the_published_runs():
    published = {"augment": 1, "order": 2, "network": 3, "dropout": 4, "drawing": 5}
    assert published.items() <= STREAMS.items()
    assert 0 not in STREAMS.values()  # NumPy ignores zeros at the end of a seed
    assert len(set(STREAMS.values())) == len(STREAMS)


def test_seeds_for_other_libraries_fit_31_bits_and_follow_from_the_name():
    seeds = [integer_seed(7, "network", index=index) for index in range(1000)]
    assert all(type(seed) is int and 0 <= seed < 2**31 for seed in seeds)
    assert max(seeds) > 2**30  # all the bits are used
    assert integer_seed(0, "network") == 1416552367  # that of the published runs
    assert len(set(seeds)) > 990
