"""Photos for the ops whose oracle wants real ones."""

import cv2
import numpy as np
import pytest


@pytest.fixture(scope="session")
def whole_photos(test_data):
    """A photo of each class, RGB, at its own size of about 300 px."""
    files = [min(folder.iterdir()) for folder in (test_data / "photos16/Images").iterdir()]
    return [np.ascontiguousarray(cv2.imread(str(file))[:, :, ::-1]) for file in sorted(files)]


@pytest.fixture(scope="session")
def photos(whole_photos):
    """The same at the size of training."""
    return [cv2.resize(photo, (224, 224)) for photo in whole_photos]
