"""Weights for tests of the tools that use them, and a way to run such a tool."""

import runpy
import sys
from pathlib import Path

import pytest

from paddle_aug import train
from paddle_aug.config import TrainConfig

TOOLS = Path(__file__).parent.parent / "tools"


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


def run_tool(name: str, *arguments, monkeypatch) -> int:
    """Run a tool in this process, which has imported Paddle already; returns its exit code."""
    monkeypatch.setattr(sys, "path", [str(TOOLS), *sys.path])
    monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(TOOLS / name), run_name="__main__")
    return ended.value.code or 0
