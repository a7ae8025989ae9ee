"""PaddleAug in PaddleClas, of which a stand-in looks ops up in the same way."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from op_specs import noise
from PIL import Image

from paddle_aug.adapters.paddleclas import main, paddle_aug
from paddle_aug.augment.modes import augmentation
from paddle_aug.errors import UserError

CLONE = Path(__file__).parent.parent.parent
PROGRAM = """
import sys
from zlib import crc32
import numpy as np
import yaml
from paddle.io import DataLoader, Dataset
from ppcls.data import preprocess

class Photos(Dataset):
    def __init__(self, transform_ops):
        self.ops = []
        for item in transform_ops:
            (name, arguments), = item.items()
            self.ops.append(getattr(preprocess, name)(**(arguments or {})))

    def __getitem__(self, index):
        with open("photo.png", "rb") as file:
            image = file.read()
        for op in self.ops:
            image = op(image)
        return image.transpose((2, 0, 1)), index

    def __len__(self):
        return 12

if __name__ == "__main__":
    assert sys.argv[1] == "-c"
    with open(sys.argv[2]) as file:
        photos = Photos(yaml.safe_load(file)["transform_ops"])
    loader = DataLoader(photos, batch_size=2, num_workers=2, use_shared_memory=False)
    images = [image for epoch in range(3) for batch, _ in loader for image in batch.numpy()]
    print(len(images), len({crc32(image.tobytes()) for image in images}))
"""
PREPROCESS = """
import cv2
import numpy as np

class DecodeImage:
    def __init__(self, to_rgb=True):
        self.to_rgb = to_rgb

    def __call__(self, file):
        image = cv2.imdecode(np.frombuffer(file, "uint8"), 1)
        return image[:, :, ::-1] if self.to_rgb else image

class NormalizeImage:
    def __call__(self, image):
        return image.astype("float32") / 255
"""


@pytest.fixture
def checkout(tmp_path):
    """A folder with a program and a package, as a checkout of PaddleClas has them."""
    for name, content in {
        "tools/train.py": PROGRAM,
        "ppcls/__init__.py": "",
        "ppcls/data/__init__.py": "",
        "ppcls/data/preprocess/__init__.py": PREPROCESS,
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    Image.fromarray(noise(32, 32)).save(tmp_path / "photo.png")
    return tmp_path


def run(checkout: Path, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-W", "ignore", *words],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(CLONE), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=200,
    )


def config(checkout: Path, *ops: str) -> None:
    lines = ["transform_ops:", *(f"  - {op}" for op in ops)]
    (checkout / "config.yaml").write_text("\n".join(lines), encoding="utf-8")


COMMAND = ("-m", "paddle_aug.adapters.paddleclas", "tools/train.py", "-c", "config.yaml")


@pytest.mark.slow
def test_paddleclas_finds_the_op_and_no_worker_and_no_epoch_repeats_a_draw(checkout):
    noisy = 'PaddleAug: {mode: "allab|additive_gaussian_noise((20, 30))"}'
    config(checkout, "DecodeImage: {to_rgb: True}", noisy, "NormalizeImage:")
    (checkout / "two_lines.py").write_text(
        "from paddle_aug.adapters.paddleclas import main\nmain()\n", encoding="utf-8"
    )
    for command in (COMMAND, ("two_lines.py", *COMMAND[2:])):
        ended = run(checkout, *command)
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.split() == ["36", "36"]


def test_the_op_is_the_augmentation_of_its_mode():
    assert paddle_aug(mode="hflip|rotate(20)") == augmentation("hflip|rotate(20)")


@pytest.mark.slow
def test_a_wrong_mode_ends_the_program_with_one_message(checkout):
    config(checkout, "DecodeImage:", "PaddleAug: {mode: alab}")
    ended = run(checkout, *COMMAND)
    assert ended.returncode == 2
    message = "no augmentation named 'alab'; did you mean 'allab'?"
    assert ended.stderr.strip().splitlines()[-1] == message
    assert "Traceback" not in ended.stderr


def test_a_mode_with_a_mix_is_refused():
    with pytest.raises(UserError, match=r"^userDef\+mixup mixes the images of a batch; give"):
        paddle_aug(mode="userDef+mixup")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no program ''; in the folder of a PaddleClas checkout: python -m"),
        (["tools/trian.py", "-c", "x"], "no program 'tools/trian.py'; in the folder of a"),
        (["program.py"], "cannot import PaddleClas (No module named 'ppcls'); run this in the"),
    ],
    ids=["none", "misspelt", "no checkout"],
)
def test_outside_of_a_checkout_a_message_says_where_to_run_it(
    tmp_path, words, message, monkeypatch
):
    (tmp_path / "program.py").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["paddleclas", *words])
    with pytest.raises(UserError) as refused:
        main()
    assert str(refused.value).startswith(message)
