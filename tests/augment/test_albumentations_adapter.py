"""The albumentations adapter, where albumentations is installed."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from op_specs import noise

from paddle_aug.augment.adapters.albumentations import Albumentations
from paddle_aug.errors import UserError

CLONE = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    ("op", "name"), [(np.fliplr, "fliplr"), (dict, "dict"), ("HorizontalFlip", "str")]
)
def test_what_is_not_of_albumentations_2_is_refused(op, name):
    with pytest.raises(UserError, match=rf"albumentations 2, .*got {name}; .*PaddleVision"):
        Albumentations(op)


@pytest.fixture
def A(monkeypatch):
    monkeypatch.setenv("NO_ALBUMENTATIONS_UPDATE", "1")
    return pytest.importorskip("albumentations", "2.0")


def test_the_pixels_of_one_transform_are_its_own_under_the_seed(A):
    image = noise(48, 40)
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


def test_the_op_that_was_given_keeps_its_own_draws(A):
    def noise():
        op = A.GaussNoise(p=1)
        op.set_random_seed(3)
        return op

    image = noise(48, 40)
    undisturbed, disturbed = noise(), noise()
    adapted = Albumentations(disturbed)
    for seed in range(3):
        adapted.apply(image, seed)
        expected = undisturbed(image=image)["image"]
        assert np.array_equal(disturbed(image=image)["image"], expected)


def test_the_example_in_the_documentation_runs(A):
    page = (CLONE / "docs" / "adapters.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (example,) = [example for example in examples if "import albumentations" in example]
    names = {}
    exec(example, names)
    assert names["augmented"].shape == (48, 48, 3)
