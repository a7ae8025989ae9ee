"""What a preview shows of a run is what the run's loader handed its network, byte for byte."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import paddle
import pytest
from paddle.nn.functional import one_hot
from trained import tiny_config

from paddle_aug.data.normalize import KNOWN
from paddle_aug.data.workers import Workers
from paddle_aug.errors import UserError
from paddle_aug.inputs import augmented, dataset_of, open_data
from paddle_aug.preview import preview
from paddle_aug.preview.mixing import mixed_cells
from paddle_aug.preview.preview import Draws, Shown
from paddle_aug.rng import generator
from paddle_aug.training import fit as train
from paddle_aug.training import mixing
from paddle_aug.training.batches import Batches, Normalize


@pytest.fixture
def config(photos, tmp_path):
    return tiny_config(photos, tmp_path, batch_size=5, epochs=2, seed=3)


def trained(config, monkeypatch):
    """Train, and return the run.json's path and every training image that was fed, by its key."""
    fed = {}
    batches = Workers.batches

    def spy(self, name, keys):
        keys = list(keys)
        for batch, (images, labels) in zip(keys, batches(self, name, keys), strict=True):
            if name == "train":
                fed.update((key, image.copy()) for key, image in zip(batch, images, strict=True))
            yield images, labels

    monkeypatch.setattr(Workers, "batches", spy)
    train.fit(config)
    monkeypatch.undo()
    (file,) = Path(config.log_dir).glob("*run.json")
    return file, fed


@pytest.mark.parametrize(
    ("changes", "images"),
    [
        ({"augment": "ramp(0.9, rotate(40), 2)|trivialaugment", "first": 20, "cache": "disk"}, 20),
        ({"augment": "random_crop(20)|hflip", "fraction": 0.5, "holdout": 0.25, "stretch": False,
          "eval_transform": "resize(16)|center_crop(16)"}, 9),
        ({"augment": "imgaugLib", "engine": "imgaug", "fraction": 0.3}, 7),
    ],
    ids=["first", "unstretched", "imgaug"],
)  # fmt: skip
def test_a_run_is_shown_as_it_was_fed(config, monkeypatch, changes, images):
    file, fed = trained(replace(config, **changes), monkeypatch)
    seen = preview.read_run(file)
    assert len(seen.dataset) == images
    assert set(fed) == {(epoch, index) for epoch in range(2) for index in range(images)}
    for index in range(images):
        cells = preview.cells_of(seen, index, Draws(2, original=False))
        for epoch, cell in enumerate(cells):
            assert (cell.image == fed[epoch, index]).all()
    assert len({image.tobytes() for image in fed.values()}) > images


class Gathering:
    """One of two processes, which learns the other's part of a batch as by all_gather."""

    size = 2

    def __init__(self, rank, parts):
        self.rank = rank
        self.parts = parts

    def whole_batch(self, part, total):
        (place,) = (place for place, each in enumerate(self.parts[self.rank]) if each is part)
        arrays = [parts[place].numpy() for parts in self.parts]
        made = np.empty((total, *arrays[0].shape[1:]), arrays[0].dtype)
        made[::2], made[1::2] = arrays
        return paddle.to_tensor(made)


def test_a_mix_in_two_processes_is_shown_to_a_grey_level(config):
    """24 images in batches of 7: the last has three for one process, and ten for two, which train
    on two each at least."""
    config = replace(
        config, augment="hflip", mix="mixup:1+resizemix", mix_per="element", batch_size=7
    )
    data = open_data(config)
    dataset = augmented(config, data.train, "hflip")
    shown = Shown(config, dataset, [{"from_epoch": 0, "processes": 2}])
    alone = Shown(config, dataset)
    fed, parts = {}, []
    with Workers({"train": dataset}, 0, 12) as workers:
        for rank in range(2):
            batches = Batches(workers, "train", 7, 3, True, Gathering(rank, []))
            parts.append(
                [
                    part
                    for images, labels, _ in batches.of(1)
                    for part in (images, one_hot(labels, data.num_classes))
                ]
            )
        order = generator(config.seed, "order", 1).permutation(len(dataset)).tolist()
        keys = [[(1, index) for index in batch] for batch in (order[:7], order[7:14], order[14:])]
    assert [len(batch) for batch in keys] == [7, 7, 10]
    for rank in range(2):
        group = Gathering(rank, parts)
        mixer = mixing.Mixer(config, group, Normalize(KNOWN["unit"]))
        for step, batch in enumerate(keys, 1):
            inputs, _ = mixer(1, step, *parts[rank][2 * step - 2 : 2 * step], len(batch))
            fed.update(zip(batch[rank::2], inputs.transpose([0, 2, 3, 1]).numpy(), strict=True))
    differs = 0
    for key, pixels in fed.items():
        (cell,) = mixed_cells(shown, key[1], Draws(1, 1, original=False))
        assert np.abs(255 * pixels - cell.image).max() <= 0.51
        (other,) = mixed_cells(alone, key[1], Draws(1, 1, original=False))
        differs += not np.array_equal(cell.image, other.image)
    assert differs > 3, "the last batch depends on the number of processes"


def test_without_stretch_mixed_images_are_of_one_size_as_in_training(config):
    plain = replace(config, augment="none", mix="cutmix", stretch=False,
                    eval_transform="resize((16, 16))")  # fmt: skip
    samples = open_data(plain).train
    shown = Shown(plain, dataset_of(plain, samples))
    assert mixed_cells(shown, 0, Draws(1))[1].image.shape == (16, 16, 3)


def test_one_image_alone_is_not_mixed_with_itself(config):
    samples = open_data(config).train[:1]
    mixed = replace(config, augment="mixup")
    with pytest.raises(UserError, match="there is no other image to mix this one with"):
        mixed_cells(Shown(mixed, dataset_of(mixed, samples)), 0, Draws(1))
