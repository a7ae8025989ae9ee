"""The public API: light to import, seen by help() and mypy, and documented by its docstrings."""

import doctest
import importlib
import pydoc
import re
import subprocess
import sys
from pathlib import Path

import api_page
import pytest

import paddle_aug
from paddle_aug import ops
from paddle_aug.augment.modes import OPS
from paddle_aug.rng import seeded_globals

PACKAGE = Path(paddle_aug.__file__).parent
WITH_EXAMPLES = [
    ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for file in sorted(PACKAGE.rglob("*.py"))
    if ">>> " in file.read_text(encoding="utf-8")
]


def test_importing_the_package_imports_nothing_heavy_and_its_ops_no_paddle():
    program = (
        "import sys, paddle_aug\n"
        "assert not {'numpy', 'cv2', 'PIL', 'yaml', 'paddle'} & {*sys.modules}\n"
        "from paddle_aug import Chain, augmentation, make_config, ops\n"
        "assert 'paddle' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=PACKAGE.parent, check=True)


def test_every_public_name_is_there_and_help_shows_it():
    shown = pydoc.render_doc(paddle_aug, renderer=pydoc.plaintext)
    for name in paddle_aug.__all__:
        assert getattr(paddle_aug, name).__doc__
        assert name in dir(paddle_aug)
        assert name in shown
    with pytest.raises(AttributeError, match="module 'paddle_aug' has no attribute 'Rotate'"):
        paddle_aug.Rotate  # noqa: B018


def test_ops_has_the_class_of_every_op_and_no_other():
    assert {getattr(ops, name) for name in ops.__all__} == {*OPS.values()}


def test_the_page_is_made_from_the_docstrings():
    """If this fails: PYTHONPATH=. python tests/support/api_page.py"""
    assert api_page.PAGE.read_text(encoding="utf-8") == api_page.page()


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_the_examples_of_docstrings_run(module):
    with seeded_globals(0):
        results = doctest.testmod(importlib.import_module(module))
    assert results.attempted > 0
    assert results.failed == 0


TYPED = """
import numpy as np
from paddle_aug import Chain, Maybe, MixCollate, Transform, VGG, augmentation, fit, make_config, ops

aug: Transform = Chain(augmentation("hflip"), Maybe(0.5, ops.Rotate(20)))
image = aug(np.zeros((8, 8, 3), np.uint8), np.random.default_rng(0))
params = aug.sample(np.random.default_rng(0), image.shape)
image = aug.apply(image, **params)
collate = MixCollate("mixup", num_classes=2)
network = VGG(num_classes=2)
progress = fit(make_config({"epochs": 1}, recipe="small"))
"""
MISTYPED = "from paddle_aug import augmentation\naugmentation(3)\naugmentation('hflip')('image')\n"


@pytest.mark.slow
def test_a_users_script_passes_mypy_strict_and_mistakes_in_it_are_found(tmp_path):
    (tmp_path / "typed.py").write_text(TYPED, encoding="utf-8")
    (tmp_path / "mistyped.py").write_text(MISTYPED, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        *("typed.py", "mistyped.py"),
    ]
    command += ["--follow-imports=silent", "--ignore-missing-imports"]
    ended = subprocess.run(
        command, cwd=tmp_path, env={"MYPYPATH": str(PACKAGE.parent)}, capture_output=True, text=True
    )
    wrong = re.findall(r"^(.+):\d+: error:", ended.stdout, re.MULTILINE)
    assert wrong == ["mistyped.py"] * 2, ended.stdout + ended.stderr
