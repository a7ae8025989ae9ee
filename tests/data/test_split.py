"""Parts of a data set: as large as asked for, of each class its share, the same for a seed."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from paddle_aug.data.dataset import Dataset
from paddle_aug.data.samples import Sample
from paddle_aug.data.split import hold_back, select, stratified_order
from paddle_aug.errors import UserError
from paddle_aug.rng import generator

SHARES = [0.01, 0.1, 0.13, 0.25, 1 / 3, 0.5, 0.77, 0.9, 0.99]


def samples(part: str, sizes, seed=0) -> list[Sample]:
    """So many images a class, shuffled, each of its own pixels."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    labels = np.random.default_rng(seed).permutation(labels).tolist()
    return [
        Sample("a.tar", f"{part}/{n}", label, 0, np.full((1, 1, 3), n % 256, np.uint8))
        for n, label in enumerate(labels)
    ]


def made(sizes=(40, 40, 40), evaluate=(10, 10, 10)) -> Dataset:
    names = [f"class{label}" for label in range(len(sizes))]
    return Dataset("made", samples("train", sizes), samples("test", evaluate), names)


def paths(listed: list[Sample]) -> list[str]:
    return [sample.path for sample in listed]


def counts(listed: list[Sample]) -> dict[int, int]:
    return Counter(sample.label for sample in listed)


def refused(dataset: Dataset, **options) -> str:
    with pytest.raises(UserError) as error:
        select(dataset, **options)
    return str(error.value)


def test_where_nothing_is_selected_the_data_set_is_the_same():
    dataset = made()
    for options in ({}, {"first": 120}, {"seed": 5}):
        assert select(dataset, **options).fingerprint == dataset.fingerprint
    first = select(dataset, first=50)
    assert (first.train, first.eval, first.test) == (dataset.train[:50], dataset.eval, [])


@pytest.mark.parametrize("sizes", [(40, 40, 40), (6, 6, 2), (500, 7, 1, 1, 60), (90, *[16] * 30)])
@pytest.mark.parametrize("share", SHARES)
def test_a_fraction_has_its_share_of_each_class_and_at_least_one_image(sizes, share):
    dataset = made(sizes)
    chosen = select(dataset, fraction=share)
    total = round(share * sum(sizes))
    assert len(chosen.train) == max(total, len(sizes))
    found = counts(chosen.train)
    assert set(found) == set(range(len(sizes)))
    if all(share * size >= 1 for size in sizes):
        assert all(abs(found[label] - share * size) < 1.5 for label, size in enumerate(sizes))
    chosen_paths = paths(chosen.train)
    assert chosen_paths == [path for path in paths(dataset.train) if path in chosen_paths]
    larger = set(paths(select(dataset, fraction=min(1, share + 0.05)).train))
    assert set(chosen_paths) <= larger
    assert (chosen.eval, chosen.test) == (dataset.eval, [])


@pytest.mark.parametrize("seed", range(40))
def test_every_beginning_of_the_order_is_within_one_of_each_share(seed):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, rng.choice([3, 10, 60]), rng.integers(1, 12))
    labels = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    order = stratified_order(labels.tolist(), generator(seed, "fraction"))
    assert sorted(order) == list(range(len(labels)))
    found = np.cumsum(labels[order][:, None] == np.arange(len(sizes)), axis=0)
    shares = np.arange(1, len(labels) + 1)[:, None] * sizes  # times the number of images
    assert (abs(found * len(labels) - shares) < len(labels)).all()


def test_the_images_of_a_class_are_equally_likely_to_be_chosen():
    dataset = made((8, 4))
    times = Counter()
    for seed in range(2000):
        times.update(paths(select(dataset, fraction=0.25, seed=seed).train))
    for sample in dataset.train:  # 2 of 8, 1 of 4; four standard deviations are 77
        assert abs(times[sample.path] - 500) < 80


def test_a_holdout_is_taken_from_training_and_what_was_eval_becomes_test():
    dataset = made((40, 20, 8))
    chosen = select(dataset, holdout=0.25)
    assert counts(chosen.eval) == {0: 10, 1: 5, 2: 2}
    assert counts(chosen.train) == {0: 30, 1: 15, 2: 6}
    assert not set(paths(chosen.eval)) & set(paths(chosen.train))
    assert chosen.test is dataset.eval
    for part in (chosen.train, chosen.eval):
        assert paths(part) == [path for path in paths(dataset.train) if path in paths(part)]
    assert (chosen.name, chosen.class_names) == (dataset.name, dataset.class_names)


@pytest.mark.parametrize("sizes", [(40, 20, 8), (11, 11, 11, 11), (50, 3, 2), (7, 9, *[4] * 20)])
@pytest.mark.parametrize("folds", [2, 3, 5])
def test_folds_share_out_the_images_of_each_class(sizes, folds):
    dataset = made(sizes)
    parts = [select(dataset, fold=f"{number}/{folds}") for number in range(1, folds + 1)]
    evaluated = sorted(path for part in parts for path in paths(part.eval))
    assert evaluated == sorted(paths(dataset.train)), "each is in one fold"
    for part in parts:
        assert sorted(paths(part.train) + paths(part.eval)) == sorted(paths(dataset.train))
        assert paths(part.train) == [p for p in paths(dataset.train) if p in paths(part.train)]
        assert part.test == []
        for label, size in enumerate(sizes):
            assert size // folds <= counts(part.eval)[label] <= -(-size // folds)
    images = [len(part.eval) for part in parts]
    assert max(images) - min(images) <= 2


def test_folds_are_the_same_for_every_seed_and_a_fraction_is_of_the_others():
    dataset = made()
    one, other = (select(dataset, fold="2/5", seed=seed) for seed in (0, 1))
    assert one.fingerprint == other.fingerprint
    half = select(dataset, fold="2/5", fraction=0.5)
    assert (paths(half.eval), len(half.train)) == (paths(one.eval), 48)
    assert set(paths(half.train)) < set(paths(one.train))


def test_copies_and_repeated_lines_are_in_one_fold():
    """Image 1 is a copy of image 0, and image 2 is listed three times."""
    dataset = made((20, 20))
    train = list(dataset.train)
    train[1] = train[1]._replace(pixels=train[0].pixels, label=train[0].label)
    dataset = replace(dataset, train=[*train, train[2], train[2]])
    places = {}
    for number in range(1, 6):
        part = select(dataset, fold=f"{number}/5")
        assert len(part.eval) == len(set(paths(part.eval)))
        assert not set(paths(part.eval)) & set(paths(part.train))
        places |= dict.fromkeys(paths(part.eval), number)
    assert len(places) == 40
    assert places[train[0].path] == places[train[1].path]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fold": "0/5"}, "--fold takes K/N, such as 1/5 for the first of five folds, not 0/5"),
        ({"fold": "6/5"}, "--fold takes K/N, such as 1/5 for the first of five folds, not 6/5"),
        ({"fold": "1/1"}, "--fold takes K/N, such as 1/5 for the first of five folds, not 1/1"),
        ({"fold": "2"}, "--fold takes K/N, such as 1/5 for the first of five folds, not 2"),
        ({"fold": "1/2", "holdout": 0.2}, "--holdout and --fold both hold images back; give one of "
         "them"),
        ({"fold": "9/9"}, "--fold 9/9 is empty: there are 8 images"),
    ],
)  # fmt: skip
def test_a_fold_that_is_not_there_is_refused(options, message):
    assert refused(made((4, 4)), **options) == message


def test_a_class_of_one_image_has_no_folds():
    dataset = made((9, 1, 5))
    messages = set()
    for number in range(1, 4):
        try:
            select(dataset, fold=f"{number}/3")
        except UserError as error:
            messages.add(str(error).partition("/")[2])
    assert messages == {
        "3 leaves no image of class1 to train on: each class needs two images or more that are no "
        "copies of each other"
    }


def test_a_holdout_makes_up_for_an_eval_list_that_is_not_there():
    dataset = made(evaluate=())
    message = "made has no images to evaluate on; hold back a quarter of the training images: "
    assert refused(dataset) == f"{message}--holdout 0.25"
    chosen = select(dataset, holdout=0.25)
    assert (len(chosen.train), len(chosen.eval), chosen.test) == (90, 30, [])


@pytest.mark.parametrize("share", SHARES)
def test_a_holdout_leaves_every_class_an_image_to_train_on(share):
    dataset = made((30, 2, 1))
    if share == 0.01:
        message = "--holdout 0.01 holds back none of 33 images"
        assert refused(dataset, holdout=share) == message
        return
    chosen = select(dataset, holdout=share)
    assert set(counts(chosen.train)) == {0, 1, 2}
    assert len(chosen.eval) == min(round(share * 33), 30)
    assert 2 not in counts(chosen.eval)


def test_a_fraction_is_of_what_the_holdout_leaves_of_the_first():
    dataset = made()
    whole = select(dataset, first=100, holdout=0.2)
    chosen = select(dataset, first=100, holdout=0.2, fraction=0.5)
    assert (len(whole.eval), len(whole.train)) == (20, 80)
    assert paths(chosen.eval) == paths(whole.eval)
    assert len(chosen.train) == 40
    assert set(paths(chosen.train)) < set(paths(whole.train))
    assert set(paths(whole.train)) < set(paths(dataset.train)[:100])


def test_a_seed_decides_and_holdout_and_fraction_draw_apart():
    dataset = made()
    one, same, other = (select(dataset, holdout=0.5, seed=seed) for seed in (1, 1, 2))
    assert paths(one.eval) == paths(same.eval) != paths(other.eval)
    drawn = {tuple(paths(select(dataset, fraction=0.5, seed=seed).train)) for seed in (1, 1, 2)}
    assert len(drawn) == 2
    assert tuple(paths(one.eval)) not in drawn


def test_an_image_that_is_listed_again_is_not_on_both_sides_of_a_holdout():
    plain = samples("train", (20, 20))
    twice = [sample for sample in plain for _ in range(1 + sample.label)]
    dataset = Dataset("made", twice, [], ["often", "rare"])
    chosen = select(dataset, holdout=0.25)
    assert counts(chosen.eval) == {0: 5, 1: 5}
    assert counts(chosen.train) == {0: 15, 1: 30}
    assert not set(paths(chosen.eval)) & set(paths(chosen.train))


@pytest.mark.parametrize("seed", range(5))
def test_copies_are_on_one_side_of_a_holdout_and_contradictory_ones_stay(seed):
    plain = samples("train", (12, 12))
    dataset = made((12, 12), ())
    for copy in (1, 2):
        dataset.train.extend(s._replace(path=f"{s.path}-{copy}") for s in plain)
    odd = plain[0]._replace(path="odd", label=1 - plain[0].label)
    dataset.train.append(odd)
    chosen = select(dataset, holdout=0.25, seed=seed)
    left, held = ({s.pixels.tobytes() for s in part} for part in (chosen.train, chosen.eval))
    assert not left & held
    assert odd in chosen.train
    assert counts(chosen.eval) == {0: 9, 1: 9}
    message = "--holdout 0.02 holds back none of 73 images; copies of an image stay together"
    assert refused(dataset, holdout=0.02) == message


def test_what_differs_has_another_fingerprint():
    dataset = made()
    options = [
        {}, {"first": 100}, {"fraction": 0.5}, {"holdout": 0.5}, {"holdout": 0.25},
        {"fraction": 0.5, "seed": 1}, {"holdout": 0.5, "seed": 1},
        {"holdout": 0.5, "fraction": 0.5},
    ]  # fmt: skip
    prints = {select(dataset, **chosen).fingerprint for chosen in options}
    assert len(prints) == len(options)
    held = select(dataset, holdout=0.5)
    without_test = Dataset("made", held.train, held.eval, held.class_names)
    assert without_test.fingerprint != held.fingerprint


@pytest.mark.parametrize(
    ("option", "values", "message"),
    [
        ("first", (0, -1, 121), "--first {} is not from 1 to 120"),
        ("fraction", (0.0, 1.01, float("nan")), "--fraction must be above 0 and at most 1, not {}"),
        ("holdout", (-0.1, 1.0, float("nan")), "--holdout must be at least 0 and below 1, not {}"),
    ],
)
def test_a_value_out_of_range_is_told_with_its_option(option, values, message):
    for value in values:
        assert message.format(value) in refused(made(), **{option: value})


def test_first_images_that_leave_a_class_out_are_refused():
    dataset = made([2] * 8)
    dataset.train.sort(key=lambda sample: sample.label)
    assert refused(dataset, first=13) == (
        "--first 13 leaves no image of class7; --fraction takes a share of each class"
    )
    assert "of class2, class3, class4, class5, class6, …;" in refused(dataset, first=4)


def test_what_is_held_back_is_not_held_back_again():
    once = select(made(), holdout=0.25)
    with pytest.raises(UserError, match="made has images to evaluate on and others to test on; dr"):
        select(once, holdout=0.25)
    assert len(select(once, fraction=0.5).test) == 30


@pytest.mark.parametrize("seed", range(5))
def test_groups_are_held_back_whole_and_each_class_keeps_its_share(seed):
    listed = samples("train", (40, 24, 8))
    # Threes of one class, but for one class that is half a single group.
    places = {label: [s.path for s in listed if s.label == label] for label in range(3)}
    groups = {
        path: 100 * label + n // 3 for label in (0, 1) for n, path in enumerate(places[label])
    }
    groups |= {path: 1000 + max(0, n - 3) for n, path in enumerate(places[2])}
    left, held = hold_back(listed, 0.25, seed, groups)
    assert sorted(paths(left + held)) == sorted(paths(listed))
    assert not {groups[s.path] for s in left} & {groups[s.path] for s in held}
    assert {1000} <= {groups[s.path] for s in left}  # four images, for which two have no room
    assert {label: (8, 4, 1)[label] <= count <= (10, 6, 2)[label]
            for label, count in counts(held).items()} == {0: True, 1: True, 2: True}  # fmt: skip
