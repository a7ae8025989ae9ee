"""Commands in messages are those that a user can paste."""

import sys
from pathlib import Path

import pytest

from paddle_aug.system.program import again, tool


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (["tools/train.py", "--data", "a b", "--epochs", "2"],
         "python tools/train.py --data 'a b/c' --epochs 2 --holdout 0.25"),
        (["paddle-aug train", "--data=folder:a b/"],
         "paddle-aug train '--data=folder:a b/c' --holdout 0.25"),
        (["tools/check.py", "./a b"], "python tools/check.py 'a b/c' --holdout 0.25"),
        (["tools/train.py", "--data", "other", "--seed", "1"],
         "python tools/train.py --seed 1 --data 'a b/c' --holdout 0.25"),
        (["tools/train.py", "--seed", "1"],
         "python tools/train.py --seed 1 --data 'a b/c' --holdout 0.25"),
        (["tools/train.py", "a b", "--holdout=0", "--seed", "1", "--holdout", "0.1"],
         "python tools/train.py 'a b/c' --seed 1 --holdout 0.25"),
        (["tools/train.py", "a b", "--holdout", "--seed", "1", "--holdout"],  # as --visualdl may be
         "python tools/train.py 'a b/c' --seed 1 --holdout 0.25"),
        (["tools/train.py", "a b", "--holdout", "-c", "small"],
         "python tools/train.py 'a b/c' -c small --holdout 0.25"),
        (["python -m paddle_aug train", "--seed", "1"],
         "python -m paddle_aug train --seed 1 --data 'a b/c' --holdout 0.25"),
        (["tools/train.py", "--image-root", "a b"],
         "python tools/train.py --image-root 'a b' --data 'a b/c' --holdout 0.25"),
        (["my_script.py", "a b"], "--data 'a b/c' --holdout 0.25"),
    ],
)  # fmt: skip
def test_the_running_command_is_repeated_with_another_folder_and_more_options(
    line, command, monkeypatch
):
    monkeypatch.setattr(sys, "argv", line)
    assert again("--holdout", "0.25", instead_of=Path("a b"), data=Path("a b/c")) == command


def test_another_command_is_called_as_the_running_one_is(monkeypatch):
    for program, command in (
        ("tools/train.py", ["python", "tools/check.py"]),
        ("paddle-aug train", ["paddle-aug", "check"]),
        ("python -m paddle_aug train", ["python", "-m", "paddle_aug", "check"]),
        ("notebook.py", ["python", "-m", "paddle_aug", "check"]),
    ):
        monkeypatch.setattr(sys, "argv", [program])
        assert tool("check") == command
