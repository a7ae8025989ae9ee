"""Balanced epochs: as many images of each class, whose copies are augmented anew."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from same_run import assert_same_run
from trained import tiny_config

from paddle_aug.augment.modes import augmentation
from paddle_aug.data.augmented import Augmented, balanced_order, epoch_keys
from paddle_aug.data.workers import Workers
from paddle_aug.rng import generator
from paddle_aug.training import fit as train
from paddle_aug.training.batches import Batches
from paddle_aug.training.distributed import Group


@pytest.mark.parametrize(
    "sizes", [(7, 7, 7), (20, 1, 1), (100, 5, 3, 0, 2), (5, 5, 6), (1, 1), (30,)]
)
@pytest.mark.parametrize("seed", range(5))
def test_each_class_and_each_image_of_a_class_has_the_same_places_give_or_take_one(sizes, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    order = balanced_order(labels.tolist(), generator(seed, "order"))
    assert len(order) == len(labels)
    classes = Counter(labels[order].tolist())
    assert set(classes) == set(labels.tolist())
    assert max(classes.values()) - min(classes.values()) <= 1
    for label in classes:
        images = np.bincount(order, minlength=len(labels))[labels == label]
        assert images.max() - images.min() <= 1


def test_classes_and_the_images_of_a_class_are_equally_likely():
    """22 places: 7 or 8 for each of three classes, of 16, 4 and 2 images."""
    labels = np.repeat([0, 1, 2], [16, 4, 2])
    drawn = np.zeros(22)
    for epoch in range(2000):
        drawn += np.bincount(balanced_order(labels, generator(0, "order", epoch)), minlength=22)
    expected = 2000 * 22 / 3 / np.array([16, 4, 2])[labels]
    assert abs(drawn / expected - 1).max() < 0.08


def test_the_order_of_an_epoch_is_its_own_and_mixes_the_classes():
    labels = np.repeat([0, 1], [90, 10])
    orders = [balanced_order(labels, generator(0, "order", epoch)) for epoch in range(2)]
    assert not np.array_equal(*orders)
    assert 10 < np.abs(np.diff(labels[orders[0]])).sum() < 90


def test_copies_in_an_epoch_are_keys_of_their_own():
    labels = [0] * 9 + [1]
    keys = [key for batch in epoch_keys(10, 4, 0, 3, True, labels=labels) for key in batch]
    assert sorted(keys)[-5:] == [(3, 9), (3, 9, 1), (3, 9, 2), (3, 9, 3), (3, 9, 4)]
    assert len(set(keys)) == 10


def test_copies_are_augmented_anew_and_the_first_as_without_a_sampler(data):
    dataset = Augmented(data.train, 24, augmentation("userDef"), seed=7)
    first, second, third = (dataset[key][0] for key in ((2, 5), (2, 5, 1), (2, 5, 2)))
    assert not np.array_equal(first, second)
    assert not np.array_equal(second, third)
    rng = generator(7, "augment", 2, 5)
    transform = augmentation("userDef").for_epoch(2)
    unchanged = dataset.unchanged(5)
    np.testing.assert_array_equal(
        first, transform.apply(unchanged, **transform.sample(rng, unchanged.shape))
    )


def test_a_copy_names_another_generator_than_every_image():
    names = [(0, 0), (0, 1), (1, 0), (0, 0, 1), (0, 0, 2), (1, 0, 1), (0, 1, 1), (0, 0, 2**20)]
    draws = {generator(7, "augment", *name).random() for name in names}
    assert len(draws) == len(names)
    assert generator(7, "augment", 3, 5, 0).random() == generator(7, "augment", 3, 5).random()


def test_processes_share_the_batches_of_one(data):
    samples = [sample for sample in data.train if sample.label or sample.path.endswith("0.png")]
    dataset = Augmented(samples, 24, augmentation("none"), seed=7)
    with Workers({"train": dataset}, 0, 8) as workers:
        how = (workers, "train", 6, 7, True)
        whole = Batches(*how, Group(), balanced=True).parts(1)
        parts = [Batches(*how, Group(rank, 2), balanced=True).parts(1) for rank in (0, 1)]
    for (keys, total), *own in zip(whole, *parts, strict=True):
        assert [own_keys for own_keys, _ in own] == [keys[0::2], keys[1::2]]
        assert {size for _, size in own} == {total}


@pytest.fixture
def config(photos, tmp_path):
    return tiny_config(
        photos, tmp_path, augment="userDef", batch_size=5, epochs=3, sampler="balanced"
    )


def test_a_balanced_run_resumes_to_the_same_bits_with_another_number_of_workers(
    config, data, tmp_path
):
    fewer = replace(data, train=data.train[:19])
    whole = replace(config, log_dir=str(tmp_path / "o"), model_dir=str(tmp_path / "om"))
    curves = train.fit(whole, fewer).curves
    train.fit(replace(config, epochs=1), fewer)
    train.fit(replace(config, resume=True, num_workers=1), fewer)
    assert_same_run(config, whole)
    paths = {"log_dir": str(tmp_path / "p"), "model_dir": str(tmp_path / "pm")}
    shuffled = train.fit(replace(config, sampler="shuffle", **paths), fewer).curves
    assert shuffled["lossTrain"] != curves["lossTrain"]
