"""What check finds in the spoiled data set."""

from pathlib import Path

import pytest

from paddle_aug.check.survey import Survey
from paddle_aug.data.dataset import find_dataset


@pytest.fixture(scope="session")
def survey(spoiled: Path) -> Survey:
    return Survey(find_dataset(str(spoiled)))
