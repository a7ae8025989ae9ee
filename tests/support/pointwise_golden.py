"""imgaug 0.4.0's pixels, kept in golden/pointwise.npz; golden/make_pointwise.py made them."""

import functools
import json
from pathlib import Path

import numpy as np
import pytest

FILE = Path(__file__).parent.parent / "golden" / "pointwise.npz"


@functools.cache
def _load() -> tuple[list[dict], np.ndarray]:
    with np.load(FILE, allow_pickle=False) as file:
        return json.loads(file["cases"].tobytes()), file["pixels"]


def golden_cases(op: str) -> list:
    """pytest's parameters (image, expected, params): an op's kernel wants them and the image.

    The image cannot be written to, which holds the kernel to its promise.
    """
    cases, pixels = _load()

    def array(begin, shape):
        kept = pixels[begin : begin + int(np.prod(shape))].reshape(shape)
        kept.flags.writeable = False
        return kept

    found = []
    for case in (case for case in cases if case["op"] == op):
        arrays = {key: array(*where) for key, where in case["arrays"].items()}
        found.append(
            pytest.param(
                array(*case["pixels"]),
                array(*case["expected"]),
                {**case["params"], **arrays},
                id=f"{case['image']}-{json.dumps(case['params'])[:60]}",
            )
        )
    assert found, f"no golden pixels of {op}"
    return found
