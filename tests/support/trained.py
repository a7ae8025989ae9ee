"""Weights for tests of the tools that use them."""

from pathlib import Path

from paddle_aug.config import TrainConfig
from paddle_aug.training import fit as train


def train_tiny(data: Path, folder: Path, **changes) -> Path:
    """Train on a made data set for moments; returns the file of the last weights."""
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
        **changes,
    }
    config = TrainConfig(**settings)
    train.fit(config)
    return train.model_file(config, "last.pdparams")
