"""Weights for tests of the tools that use them."""

from pathlib import Path

from paddle_aug.commands._options import words_of
from paddle_aug.config import TrainConfig
from paddle_aug.training import fit as train
from paddle_aug.training import state


def tiny_config(data: Path, folder: Path, **changes) -> TrainConfig:
    """A training of moments; logs and weights go below the folder."""
    settings = {
        "data": str(data),
        "network": "vgg_thin_bn",
        "image_size": 16,
        "learning_rate": 1e-3,
        "epochs": 1,
        "device": "cpu",
        "threads": 1,
        "num_workers": 0,
        "log_dir": str(folder / "logs"),
        "model_dir": str(folder / "models"),
    }
    return TrainConfig(**{**settings, **changes})


def train_tiny(data: Path, folder: Path, **changes) -> Path:
    """Train on a data set for moments; returns the file of the last weights."""
    config = tiny_config(data, folder, **changes)
    train.fit(config)
    return state.model_file(config, "last.pdparams")


def options_of(config: TrainConfig) -> list[str]:
    """The words of `train.py` that make the same config."""
    return words_of(config, "aistudio")
