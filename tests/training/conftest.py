"""A training of moments."""

import pytest
from trained import tiny_config


@pytest.fixture
def config(photos, tmp_path):
    return tiny_config(photos, tmp_path, augment="userDef", batch_size=5, epochs=3)


@pytest.fixture
def elsewhere(tmp_path):
    """The fields of a second run of the test, with logs and weights of its own."""
    return {"log_dir": str(tmp_path / "other" / "logs"), "model_dir": str(tmp_path / "other" / "m")}
