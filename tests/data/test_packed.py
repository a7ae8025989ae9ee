"""A list of samples in few arrays: the same samples, in little room, once for all that share it."""

import os
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from paddle_aug.augment.transform import Identity
from paddle_aug.data.packed import Packed, source_at
from paddle_aug.data.readers.listfile import Sample, Samples
from paddle_aug.data.workers import Augmented

PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
UNREADABLE = os.fsdecode(b"\xff\xfe.jpg")  # a name that is not UTF-8, as a folder may hold
SAMPLES = [
    Sample("cat/a.jpg", Path("/photos/cat/a.jpg"), 0, 1),
    Sample("./dog//b c.jpg", Path("/photos") / "./dog//b c.jpg", 999_999, 2),
    Sample("猫/ü.png", Path("猫/ü.png"), 3, 1_000_000),
    Sample(UNREADABLE, Path("/photos") / UNREADABLE, 2, 0),
    Sample("batch/7", Path("/archive.tar"), 1, 0, PIXELS),
]


OF_ONE_FOLDER = Samples(
    Path("/photos"), ["cat/a.jpg", UNREADABLE, "猫/ü.png"], [0, 1, 2], [3, 4, 5]
)
KINDS = pytest.mark.parametrize(
    "samples", [SAMPLES, OF_ONE_FOLDER], ids=["of anywhere", "of one folder"]
)


@KINDS
def test_each_sample_comes_back_as_it_was(samples):
    packed = pickle.loads(pickle.dumps(Packed(samples)))
    assert len(packed) == len(samples)
    for made, sample in zip(packed, samples, strict=True):
        assert made[:4] == sample[:4]
        assert made.place == sample.place
        assert [type(field) for field in made[:4]] == [type(field) for field in sample[:4]]


@KINDS
def test_where_an_image_is_read_is_where_its_sample_says(samples):
    for each in (samples, Packed(samples)):
        for index, sample in enumerate(samples):
            file, pixels = source_at(each, index)
            assert file == str(sample.file)
            assert (pixels is None) == (sample.pixels is None)
    np.testing.assert_array_equal(source_at(Packed(SAMPLES), 4)[1], PIXELS)


@pytest.mark.parametrize("kind", [Samples, Packed])
def test_no_path_is_made_for_each_image_that_is_read(tmp_path, monkeypatch, kind):
    """Of all names in it, Python keeps a table, which is made anew as they come and go."""
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((8, 8, 3), np.uint8))
    samples = Samples(tmp_path, ["a.png"], [3], [1])
    dataset = Augmented(samples if kind is Samples else Packed(samples), 8, Identity(), seed=0)
    monkeypatch.setattr(kind, "__getitem__", None)
    image, label = dataset[0, 0]
    assert (image.shape, label) == ((8, 8, 3), 3)


def test_pixels_come_too_where_there_are_some():
    packed = pickle.loads(pickle.dumps(Packed(SAMPLES)))
    assert packed[-2].pixels is None
    np.testing.assert_array_equal(packed[-1].pixels, PIXELS)


def test_pixels_may_stay_behind():
    assert Packed(SAMPLES, pixels=False)[4] == SAMPLES[4]._replace(pixels=None)


def test_an_empty_list_stays_one():
    assert list(Packed([])) == []


def test_a_part_of_it_is_a_list_of_samples():
    assert [each.path for each in Packed(SAMPLES)[1:-1:2]] == [SAMPLES[1].path, SAMPLES[3].path]


def test_there_is_no_sample_behind_the_last():
    with pytest.raises(IndexError):
        Packed(SAMPLES)[5]


def test_a_list_goes_to_a_worker_once_however_many_datasets_share_it():
    folder = Path("/photos") / "a folder of some length"
    samples = [Sample(f"{n:07}.jpg", folder / f"{n:07}.jpg", 0, n) for n in range(1000)]
    train = Augmented(samples, 8, Identity(), seed=0)
    alone = len(pickle.dumps({"train": train}))
    assert alone < 100 * len(samples)
    assert len(pickle.dumps({"train": train, "clean": train.plain()})) < alone + 1000
    assert train.plain().samples is samples
