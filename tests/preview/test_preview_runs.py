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
from paddle_aug.training.batches import Normalize
from paddle_aug.training.distributed import Group
from paddle_aug.training.frozen import FeatureBatches


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


def trained_frozen(config, monkeypatch):
    """Train on frozen layers, and return the run.json's path and every training image whose
    features were fed, by its key."""
    fed, pictures = {}, {}
    of = FeatureBatches.of

    def spy(self, epoch):
        for (keys, _), batch in zip(self.parts(epoch), of(self, epoch), strict=True):
            if self.name == "train":
                for names, images in batch[0].new:
                    pictures.update(zip(names, images.numpy(), strict=True))
                fed.update(
                    (key, pictures[name]) for key, name in zip(keys, batch[0].names, strict=True)
                )
            yield batch

    monkeypatch.setattr(FeatureBatches, "of", spy)
    train.fit(config)
    monkeypatch.undo()
    (file,) = Path(config.log_dir).glob("*run.json")
    return file, fed


@pytest.mark.parametrize(
    ("changes", "differing"),
    [
        ({"passes": 2}, True),
        ({"passes": 0}, False),
        ({"passes": 2, "freeze": "features.0,features.1,features.2,features.3"}, False),
        ({"augment": "none", "stretch": False, "eval_transform": "random_crop(16)"}, True),
    ],
    ids=["head alone", "no passes", "more than the head", "unaugmented"],
)
def test_a_run_on_frozen_layers_is_shown_as_it_was_fed(config, monkeypatch, changes, differing):
    changes = {"augment": "userDef", "freeze": "body", "epochs": 5, "fraction": 0.5, **changes}
    file, fed = trained_frozen(replace(config, **changes), monkeypatch)
    seen = preview.read_run(file)
    assert (seen.certain, seen.notes) == (True, [])
    assert set(fed) == {(epoch, index) for epoch in range(5) for index in range(12)}
    others = 0
    for index in range(12):
        cells = preview.cells_of(seen, index, Draws(5, original=False))
        for epoch, cell in enumerate(cells):
            assert (cell.image == fed[epoch, index]).all()
            assert cell.title == f"epoch {epoch + 1}"
            others += not np.array_equal(cell.image, seen.dataset[epoch, index][0])
    assert (others > 12) is differing


@pytest.mark.parametrize("freeze", [None, "body"])
def test_of_a_balanced_run_what_its_epochs_drew_is_shown(config, monkeypatch, freeze):
    """Of 8, 8 and 3 images, a class has six or seven places in an epoch."""
    config = replace(
        config, augment="userDef", sampler="balanced", first=19, freeze=freeze, passes=2, epochs=3
    )
    file, fed = (trained_frozen if freeze else trained)(config, monkeypatch)
    seen = preview.read_run(file)
    refused = 0
    for epoch, index in np.ndindex(3, 19):
        draws = Draws(1, epoch, original=False)
        if (epoch, index) in fed:
            (cell,) = preview.cells_of(seen, index, draws)
            assert (cell.image == fed[epoch, index]).all()
        else:
            refused += 1
            text = f"--sampler balanced does not draw image {index} in epoch {epoch + 1}; show "
            with pytest.raises(UserError, match=text):
                preview.cells_of(seen, index, draws)
    assert refused >= 6
    missed = next(key for key in np.ndindex(3, 19) if key not in fed)
    cells = preview.cells_of(seen, missed[1], Draws(3, original=False))
    assert cells[missed[0]].caption == "not drawn in this epoch"
    assert len(cells) == 3
    assert any(len(key) == 3 for key in fed), "copies, which are not shown"


def test_a_mix_in_two_processes_is_shown_to_a_grey_level(config):
    """24 images in batches of 7: the last has three for one process, and ten for two, which train
    on two each at least. Together they mix as one does (tests/training/test_train.py)."""
    config = replace(
        config, augment="hflip", mix="mixup:1+resizemix", mix_per="element", batch_size=7
    )
    dataset = augmented(config, open_data(config).train, "hflip")
    shown = Shown(config, dataset, [{"from_epoch": 0, "processes": 2}])
    alone = Shown(config, dataset)
    last = generator(config.seed, "order", 1).permutation(len(dataset)).tolist()[14:]
    images, labels = zip(*(dataset[1, index] for index in last), strict=True)
    mixer = mixing.Mixer(config, Group(), Normalize(KNOWN["unit"]))
    batch, targets = paddle.to_tensor(np.stack(images)), one_hot(paddle.to_tensor(labels), 3)
    inputs, _ = mixer(1, 3, batch, targets, len(last))
    differing = 0
    for index, pixels in zip(last, inputs.transpose([0, 2, 3, 1]).numpy(), strict=True):
        (cell,) = mixed_cells(shown, index, Draws(1, 1, original=False))
        assert np.abs(255 * pixels - cell.image).max() <= 0.51
        (other,) = mixed_cells(alone, index, Draws(1, 1, original=False))
        differing += not np.array_equal(cell.image, other.image)
    assert differing > 3, "the last batch depends on the number of processes"


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
