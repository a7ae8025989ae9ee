"""The albumentations adapter, where albumentations is installed."""

import json
import os
import pickle
import random
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from paddle_aug.augment.adapters.albumentations import Albumentations
from paddle_aug.augment.transform import Chain
from paddle_aug.errors import UserError
from paddle_aug.rng import generator

CLONE = Path(__file__).parent.parent.parent


def picture(height=48, width=40):
    return generator(0, "drawing").integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_the_adapter_is_imported_without_albumentations():
    code = (
        "import sys, paddle_aug.augment.adapters.albumentations\n"
        "assert 'albumentations' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("op", "told"), [(np.fliplr, "got fliplr"), (dict, "got dict"), ("HorizontalFlip", "got str")]
)
def test_what_is_not_of_albumentations_2_is_refused(op, told):
    with pytest.raises(UserError, match=rf"albumentations 2, .*{told}; .*PaddleVision"):
        Albumentations(op)


@pytest.fixture
def A(monkeypatch):
    monkeypatch.setenv("NO_ALBUMENTATIONS_UPDATE", "1")
    return pytest.importorskip("albumentations", "2.0")


@pytest.fixture
def pipeline(A):
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


def test_the_pixels_of_one_transform_are_its_own_under_the_seed(A):
    image = picture()
    for op in [A.Affine(rotate=(-20, 20), p=1), A.GaussNoise(p=1), A.ColorJitter(p=0.5)]:
        for seed in range(10):
            op.set_random_seed(seed)
            assert np.array_equal(Albumentations(op).apply(image, seed), op(image=image)["image"])


def test_the_parts_of_a_compose_draw_independently(A):
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    op = A.Compose([A.HorizontalFlip(p=0.5), A.VerticalFlip(p=0.5)])
    count = 400
    ours = Counter(Albumentations(op).apply(image, seed).tobytes() for seed in range(count))
    assert len(ours) == 4
    assert all(abs(n - count / 4) < 4 * (count * 3 / 16) ** 0.5 for n in ours.values())

    def seeded_by_albumentations(seed):
        op.set_random_seed(seed)
        return op(image=image)["image"].tobytes()

    assert len({seeded_by_albumentations(seed) for seed in range(count)}) == 2  # both or none


def test_equal_seeds_give_equal_pixels_in_any_order_and_other_seeds_others(pipeline):
    image, op = picture(), Albumentations(pipeline)
    straight = [op.apply(image, seed) for seed in range(30)]
    for seed in reversed(range(30)):
        pipeline(image=image)
        assert np.array_equal(op.apply(image, seed), straight[seed])
    assert len({outcome.tobytes() for outcome in straight}) == 30
    assert np.array_equal(image, picture())


def test_a_part_that_draws_from_the_global_generators_follows_the_seed_too(A):
    def noise(image, **_):
        return (image + random.randrange(9) + np.random.randint(0, 9)).astype(np.uint8)  # noqa: NPY002

    op = Albumentations(A.Compose([A.Lambda(image=noise, p=1)]))
    outcomes = [op.apply(picture(), seed).tobytes() for seed in range(10)]
    assert outcomes == [op.apply(picture(), seed).tobytes() for seed in range(10)]
    assert len(set(outcomes)) > 5


def test_the_op_that_was_given_keeps_its_own_draws(A):
    def noise():
        op = A.GaussNoise(p=1)
        op.set_random_seed(3)
        return op

    image = picture()
    undisturbed, disturbed = noise(), noise()
    adapted = Albumentations(disturbed)
    for seed in range(3):
        adapted.apply(image, seed)
        expected = undisturbed(image=image)["image"]
        assert np.array_equal(disturbed(image=image)["image"], expected)


def test_threads_do_not_mix_their_draws(pipeline):
    image, op = picture(), Albumentations(pipeline)
    alone = [op.apply(image, seed) for seed in range(40)]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda seed: op.apply(image, seed), range(40)))
    assert np.array_equal(alone, together)


def test_a_spawned_worker_makes_the_same_pixels(pipeline):
    image = picture()
    op = Chain(Albumentations(pipeline))
    params = op.sample(generator(4, "augment"), image.shape)
    assert json.loads(json.dumps(params)) == params
    with get_context("spawn").Pool(1) as pool:
        there = pool.apply(op.apply, (image,), params)
        pool.close()
        pool.join()
    assert np.array_equal(there, op.apply(image, **params))
    again = pickle.loads(pickle.dumps(op))
    assert np.array_equal(again.apply(image, **params), there)


def test_an_op_that_changes_the_size_must_say_so(A):
    crop = A.RandomCrop(20, 24)
    with pytest.raises(
        UserError, match=r"RandomCrop made uint8 \(20, 24, 3\).*Albumentations\(op, "
    ):
        Albumentations(crop).apply(picture(), 0)
    op = Albumentations(crop, size=(20, 24))
    assert op.output_shape((48, 40, 3), **op.sample(generator(0, "augment"), (48, 40, 3))) == (
        20,
        24,
        3,
    )
    assert op.apply(picture(), 0).shape == (20, 24, 3)


def test_what_makes_floats_is_refused(A):
    with pytest.raises(UserError, match=r"Normalize made float32 \(48, 40, 3\).*want uint8"):
        Albumentations(A.Normalize()).apply(picture(), 0)


def test_paddles_forked_workers_repeat_its_draws_but_not_those_of_the_adapter(A):
    ended = subprocess.run(
        [
            *[sys.executable, "-W", "ignore", "tests/support/paddle_loader.py"],
            *["albumentations in ours", "plain albumentations"],
        ],
        cwd=CLONE,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(CLONE), os.environ.get("PYTHONPATH", "")]),
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    different = {
        (item["op"], item["workers"], item["persistent"]): len(
            {number for epoch in item["runs"][0] for number in epoch}
        )
        for item in json.loads(ended.stdout)
    }
    plain = {(0, False): 36, (1, False): 12, (1, True): 36, (2, False): 6, (2, True): 18}
    assert different == {
        **{("albumentations in ours", *workers): 36 for workers in plain},
        **{("plain albumentations", *workers): count for workers, count in plain.items()},
    }


def test_the_example_in_the_documentation_runs(A):
    page = (CLONE / "docs" / "adapters.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (example,) = [example for example in examples if "import albumentations" in example]
    names = {}
    exec(example, names)
    assert names["augmented"].shape == (48, 48, 3)
