"""From a config to images: each image of the data is decoded once, whatever is done with it."""

from dataclasses import replace

import pytest
from made_data import write_dataset

from paddle_aug.config import make_config
from paddle_aug.data import image
from paddle_aug.inputs import open_data
from paddle_aug.training.fit import fit


@pytest.fixture
def config(tmp_path):
    """64 images, 48 of them to train on."""
    given = {
        "data": str(write_dataset(tmp_path / "made", classes=2, train=24, evaluate=8)),
        "augment": "userDef", "image_size": 24, "epochs": 2, "batch_size": 8, "num_workers": 0,
        "log_dir": str(tmp_path / "logs"), "model_dir": str(tmp_path / "models"),
        "cache_dir": str(tmp_path / "cache"),
    }  # fmt: skip
    return make_config(given, "small")


@pytest.fixture
def decodings(monkeypatch):
    """The names of files that were decoded."""
    names = []

    def counting(data, path):
        names.append(path)
        return decode(data, path)

    decode = image.decode_image
    monkeypatch.setattr(image, "decode_image", counting)
    return names


@pytest.mark.parametrize(
    "options",
    [
        {"cache": "ram"},
        {"cache": "disk"},
        {"num_workers": 1, "normalize": "data"},
        {"holdout": 0.25, "fraction": 0.5},
        {"stretch": False, "augment": "resize((24, 24))", "eval_transform": "center_crop(24)"},
    ],
)
def test_training_decodes_each_image_once(config, decodings, options):
    fit(replace(config, **options))
    assert len(decodings) == len(set(decodings)) == 64


def test_without_a_cache_the_check_still_looks_at_each_image(config, decodings):
    data = open_data(replace(config, cache="off"))
    assert data.store is None
    assert len(decodings) == 64
