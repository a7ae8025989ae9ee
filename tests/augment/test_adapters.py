"""What all adapters of other libraries promise: a seed from our generator decides the pixels, in
threads and processes, too."""

import importlib.util
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from op_specs import noise
from paddle.vision import transforms as T

from paddle_aug.augment.adapters.albumentations import Albumentations
from paddle_aug.augment.adapters.imgaug import Imgaug, notebook_pipeline
from paddle_aug.augment.adapters.paddle import PaddleVision
from paddle_aug.augment.transform import Chain
from paddle_aug.rng import generator

CLONE = Path(__file__).parent.parent.parent


def albumentations_pipeline():
    A = pytest.importorskip("albumentations", "2.0")
    return A.Compose(
        [
            A.HorizontalFlip(p=0.5),
            A.OneOf([A.GaussianBlur(p=1), A.MotionBlur(p=1)], p=0.5),
            A.SomeOf([A.ColorJitter(p=1), A.RandomGamma(p=1), A.Posterize(p=1)], n=2),
            A.Affine(rotate=(-20, 20), p=1),
            A.GaussNoise(p=0.5),
            A.CoarseDropout(fill="random", p=0.5),
        ]
    )


ADAPTED = {
    "imgaug": lambda: Imgaug(notebook_pipeline),
    "paddle": lambda: PaddleVision(T.Compose([T.ColorJitter(0.4, 0.4), T.RandomErasing(1.0)])),
    "albumentations": lambda: Albumentations(albumentations_pipeline()),
}


@pytest.fixture(params=ADAPTED)
def op(request, monkeypatch):
    monkeypatch.setenv("NO_ALBUMENTATIONS_UPDATE", "1")
    return ADAPTED[request.param]()


def test_equal_seeds_give_equal_pixels_in_any_order_and_in_threads(op):
    image = noise(48, 40)
    straight = [op.apply(image, seed) for seed in range(40)]
    assert len({outcome.tobytes() for outcome in straight}) > 36  # imgaug's may do nothing
    for seed in reversed(range(40)):
        assert np.array_equal(op.apply(image, seed), straight[seed])
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda seed: op.apply(image, seed), range(40)))
    assert np.array_equal(straight, together)


def test_the_seed_follows_from_the_generator_and_replays_in_a_spawned_worker(op):
    image, chain = noise(48, 40), Chain(op)
    params = chain.sample(generator(4, "augment"), image.shape)
    assert params == chain.sample(generator(4, "augment"), image.shape)
    assert params != chain.sample(generator(5, "augment"), image.shape)
    stored = json.loads(json.dumps(params))
    with get_context("spawn").Pool(1) as pool:
        there = pool.apply(chain.apply, (image,), stored)
        pool.close()
        pool.join()
    assert np.array_equal(there, chain.apply(image, **params))


@pytest.mark.parametrize("library", ["imgaug", "albumentations"])
def test_an_adapter_is_imported_without_its_library(library):
    code = (
        f"import sys, paddle_aug.augment.adapters.{library}; assert {library!r} not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_no_worker_and_no_epoch_of_paddles_loader_repeats_a_draw_of_an_adapter():
    """paddle.io forks its workers. A generator in an object is repeated there, which proves that
    this test is sharp."""
    names = ["ours", "imgaug in ours", "theirs in ours", "generator of its own"]
    if importlib.util.find_spec("albumentations"):
        names.append("albumentations in ours")
    path = os.pathsep.join([str(CLONE), os.environ.get("PYTHONPATH", "")])
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "tests/support/paddle_loader.py", *names],
        cwd=CLONE,
        env=os.environ
        | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "NO_ALBUMENTATIONS_UPDATE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    of_copies = {(0, False): 36, (1, False): 12, (1, True): 36, (2, False): 6, (2, True): 18}
    for item in json.loads(ended.stdout):
        first, repeated = item["runs"]
        different = len({number for epoch in first for number in epoch})
        if item["op"] == "generator of its own":
            assert different == of_copies[item["workers"], item["persistent"]], item
        else:
            assert different == 36, item  # three epochs of twelve images
            assert first == repeated, item  # after the same np.random.seed
