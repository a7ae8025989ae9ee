"""imgaug 0.4.0's pixels of ops that move pixels; see golden/make_geometry.py."""

import json
from pathlib import Path

import numpy as np
import pytest

GOLDEN = np.load(Path(__file__).parent.parent / "golden" / "geometry.npz", allow_pickle=False)


def geometry_cases(op: str) -> list:
    """pytest's parameters (image, expected, params) of an op; the image cannot be written to."""
    cases = []
    for name in GOLDEN.files:
        if name.startswith(f"{op} "):
            _, source, params = name.split(" ", 2)
            image = GOLDEN[f"image {source}"]
            image.flags.writeable = False
            cases.append(
                pytest.param(image, GOLDEN[name], json.loads(params), id=f"{source} {params[:60]}")
            )
    return cases
