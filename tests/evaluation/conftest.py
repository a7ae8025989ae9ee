import pytest
from trained import train_tiny


@pytest.fixture(scope="session")
def weights(tmp_path_factory, photos):
    """Weights of a small network, which tests leave as they are."""
    return train_tiny(photos, tmp_path_factory.mktemp("run"))
