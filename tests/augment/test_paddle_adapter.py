"""The paddle.vision adapter: ours in theirs, theirs in ours, and draws that no worker repeats."""

import os
import random
import re
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from made_data import write_dataset
from op_specs import noise
from paddle.vision import transforms as T
from PIL import Image

from paddle_aug.augment.adapters.imgaug import load
from paddle_aug.augment.adapters.paddle import InCompose, PaddleVision
from paddle_aug.augment.modes import AUGMENTATIONS, augmentation
from paddle_aug.augment.ops.geometry import HorizontalFlip
from paddle_aug.augment.ops.noise import GaussianNoise
from paddle_aug.errors import UserError
from paddle_aug.rng import generator_from_global_state, seeded_globals

CLONE = Path(__file__).parent.parent.parent
OF_PADDLE_VISION = [
    T.ColorJitter(0.4, 0.4, 0.4, 0.4),
    T.RandomHorizontalFlip(0.5),
    T.RandomAffine(30, translate=(0.2, 0.2), scale=(0.8, 1.2), shear=10),
    T.Compose([T.Pad(4), T.RandomCrop((48, 40))]),
]
ON_ARRAYS_ONLY = [T.RandomErasing(prob=1.0), T.RandomErasing(prob=1.0, value="random")]


@pytest.fixture(autouse=True)
def global_generators():
    """In a Compose of Paddle's, all draws come from the global generators; put them back."""
    with seeded_globals(0):
        yield


def numpy_seed(seed):
    np.random.seed(seed)  # noqa: NPY002


def jitter_by_both(image):
    """Draws from both of the global generators, and writes into what it gets."""
    image += np.uint8(random.randrange(100))
    image[0, 0] = np.random.randint(0, 256, 3)  # noqa: NPY002
    return image


def state_of_both():
    return random.getstate(), [part.tolist() for part in map(np.asarray, np.random.get_state())]  # noqa: NPY002


def run_alone(*command, timeout=120):
    """Run Python in a process of its own, where paddle.io may fork, and return what it prints."""
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", *command],
        cwd=CLONE,
        env={**os.environ, "PYTHONPATH": str(CLONE), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_generator_of_the_global_state_follows_from_it_and_moves_it():
    numpy_seed(3)
    first, second = (generator_from_global_state().integers(2**63, size=4) for _ in range(2))
    assert set(first.tolist()).isdisjoint(second.tolist())
    numpy_seed(3)
    assert np.array_equal(generator_from_global_state().integers(2**63, size=4), first)
    seen = {int(generator_from_global_state().integers(2**63)) for _ in range(5000)}
    assert len(seen) == 5000


def test_in_compose_does_what_its_transform_does():
    image, op = noise(48, 40), augmentation("rotate(20)|noise(5)")
    numpy_seed(1)
    expected = op(image)
    numpy_seed(1)
    assert np.array_equal(InCompose(op)(image), expected)


def test_a_text_in_place_of_a_transform_is_refused_with_how_to_make_one():
    with pytest.raises(UserError, match=r"got 'hflip'; make one .*paddle_aug\.augmentation"):
        InCompose("hflip")


@pytest.mark.filterwarnings("ignore:`rcond` parameter:FutureWarning")  # Paddle 2.6.2, NumPy 1.26
@pytest.mark.parametrize("pil", [False, True], ids=["arrays", "PIL"])
def test_the_pixels_are_those_of_paddles_own_call_under_the_seed(pil):
    image = noise(48, 40)
    given = Image.fromarray(image) if pil else image
    for op in OF_PADDLE_VISION + ([] if pil else ON_ARRAYS_ONLY):
        outcomes = []
        for seed in range(10):
            random.seed(seed)
            numpy_seed(seed)
            expected = np.asarray(op(given))
            outcomes.append(PaddleVision(op, pil=pil).apply(image, seed))
            assert np.array_equal(outcomes[-1], expected), op
        assert len({outcome.tobytes() for outcome in outcomes}) > 1, op
    assert np.array_equal(image, noise(48, 40))


def test_an_op_that_writes_into_its_image_does_not_reach_ours():
    image = noise(48, 40)
    image.flags.writeable = False
    result = PaddleVision(jitter_by_both).apply(image, 1)
    assert not np.array_equal(result, image)
    assert np.array_equal(result, PaddleVision(jitter_by_both).apply(image, 1))
    assert np.array_equal(image, noise(48, 40))


def test_other_users_of_the_global_generators_do_not_notice():
    def fails(image):
        jitter_by_both(image)
        raise ZeroDivisionError

    random.gauss(0, 1)  # leaves a second value behind, which is part of the state
    np.random.normal()  # noqa: NPY002
    before = state_of_both()
    PaddleVision(jitter_by_both).apply(noise(48, 40), 5)
    assert state_of_both() == before
    with pytest.raises(ZeroDivisionError):
        PaddleVision(fails).apply(noise(48, 40), 5)
    assert state_of_both() == before


def test_python_and_numpy_do_not_make_the_same_draws_of_a_seed():
    def draws(image):
        seen.append((random.random(), np.random.random_sample()))  # noqa: NPY002
        return image

    seen = []
    for seed in range(20):
        PaddleVision(draws).apply(noise(48, 40), seed)
    assert len({value for pair in seen for value in pair}) == 40


def test_a_fork_amid_an_op_of_another_thread_leaves_the_child_able_to_go_on():
    program = """
import multiprocessing, threading, time
import numpy as np
from paddle_aug.augment.adapters.paddle import PaddleVision
image, entered = np.zeros((2, 2, 3), np.uint8), threading.Event()
def slow(image):
    entered.set()
    time.sleep(0.5)
    return image
threading.Thread(target=PaddleVision(slow).apply, args=(image, 1)).start()
entered.wait()
child = multiprocessing.get_context("fork").Process(
    target=PaddleVision(np.flipud).apply, args=(image, 1)
)
child.start()
child.join(20)
print(child.exitcode)
child.kill()
"""
    assert run_alone("-c", program, timeout=300) == "0\n"


def test_adapters_can_be_put_into_each_other():
    image = noise(48, 40)
    op = PaddleVision(T.Compose([GaussianNoise(50), T.ColorJitter(0.4)]))
    op = PaddleVision(T.Compose([op, T.RandomHorizontalFlip()]))
    outcomes = [op.apply(image, seed).tobytes() for seed in range(8)]
    assert outcomes == [op.apply(image, seed).tobytes() for seed in range(8)]
    assert len(set(outcomes)) == 8


def test_an_op_with_a_size_promises_it_whatever_the_image():
    op = PaddleVision(T.RandomResizedCrop((20, 24)), size=(20, 24))
    for shape in [(48, 40, 3), (7, 9, 3)]:
        assert op.output_shape(shape, seed=0) == (20, 24, 3)
        assert op.apply(noise(*shape[:2]), 0).shape == (20, 24, 3)


@pytest.mark.parametrize(
    ("op", "result"),
    [
        (T.RandomResizedCrop(20), r"RandomResizedCrop made uint8 \(20, 20, 3\)"),
        (T.Transpose(), r"Transpose made uint8 \(3, 48, 40\)"),
        (T.ToTensor(), "ToTensor made (Eager)?(Paddle)?Tensor"),
        (T.Normalize(127.5, 127.5, "HWC"), r"Normalize made float32 \(48, 40, 3\)"),
        (T.Grayscale(), r"Grayscale made uint8 \(48, 40(, 1)?\)"),
    ],
    ids=["size", "Transpose", "ToTensor", "Normalize", "Grayscale"],
)
def test_what_is_not_an_image_of_the_size_wanted_is_refused(op, result):
    way_out = r"want uint8 \(48, 40, 3\); .*PaddleVision\(op, size=\(height, width\)\)"
    with pytest.raises(UserError, match=rf"{result} of uint8 \(48, 40, 3\), .*{way_out}"):
        PaddleVision(op).apply(noise(48, 40), 0)


@pytest.mark.parametrize("size", [224, (5, 5, 3), [5, 5]])
def test_a_size_that_is_none_is_refused(size):
    message = f"wants size=(height, width), got {size}"
    with pytest.raises(UserError, match=re.escape(message)):
        PaddleVision(np.flipud, size=size)


class LikeAlbumentations:
    def set_random_state(self, rng, python):
        pass


@pytest.mark.parametrize(
    ("op", "message"),
    [
        (
            HorizontalFlip(),
            r"PaddleVision\(HorizontalFlip\): it is one of ours, and needs no adapter",
        ),
        (LikeAlbumentations(), r"adapters\.albumentations\.Albumentations"),
        (load()[1].Fliplr(0.5), r"adapters\.imgaug\.Imgaug"),
        ("ColorJitter", r"PaddleVision\(str\): it cannot be called"),
        (T.ColorJitter, r"PaddleVision\(ColorJitter\): it cannot be called with an image, want an"),
    ],
    ids=["ours", "albumentations", "imgaug", "text", "class"],
)
def test_what_needs_no_adapter_or_another_one_is_refused(op, message):
    with pytest.raises(UserError, match=message):
        PaddleVision(op)


def examples():
    page = (CLONE / "docs" / "adapters.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    return [block for block in blocks if "import albumentations" not in block]


@pytest.mark.slow
def test_the_example_of_paddles_loader_in_the_documentation_runs():
    assert run_alone("-c", examples()[0]).count("[4, 3, 64, 64]") == 2


@pytest.mark.slow
def test_the_example_of_paddles_model_in_the_documentation_runs_and_stops_early():
    """All images are black, so the accuracy stays at one half."""
    printed = run_alone("-c", examples()[1], timeout=300)
    assert "Epoch 3: Early stopping." in printed
    assert "Epoch 4/" not in printed


def test_the_example_of_fit_in_the_documentation_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_dataset(tmp_path / "photos")
    example = examples()[2].replace('"epochs": 1', '"epochs": 1, "threads": 1')  # cores may be busy
    with patch.dict(AUGMENTATIONS):
        exec(example, {"__name__": "__main__"})
    assert len(list(tmp_path.glob("logs/zoom-64-jitter-hflip-*_run.json"))) == 1
