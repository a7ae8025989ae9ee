"""The command that check ends with is one for this data and this machine."""

import shlex

import pytest
from in_process import run_tool
from made_data import write_dataset

from paddle_aug.check import next_command
from paddle_aug.commands.train import parse


@pytest.fixture
def last_line(monkeypatch, capsys):
    """The last line of check's output."""

    def run(*arguments):
        run_tool("check.py", *arguments, monkeypatch=monkeypatch)
        return capsys.readouterr().out.splitlines()[-1]

    return run


@pytest.mark.parametrize(
    ("gpu", "imagenet", "recipe"),
    [(True, True, "aistudio"), (False, True, "probe"), (False, False, "small")],
)
def test_check_ends_with_the_command_for_this_data_and_machine(
    gpu, imagenet, recipe, tmp_path, monkeypatch, last_line
):
    monkeypatch.setattr(next_command, "has_gpu", lambda: gpu)
    monkeypatch.setattr(next_command, "has_imagenet", lambda: imagenet)
    photos = write_dataset(tmp_path / "my photos", classes=2, train=24, evaluate=8)
    line = last_line(photos, "--image-size", 32)
    assert line.startswith("next: python ")
    assert line.endswith(f"tools/train.py --data '{photos}' --recipe {recipe}")
    folders = last_line(f"folder:{photos}/Images", "--image-size", 32)
    assert folders.endswith(f"Images' --holdout 0.25 --recipe {recipe}")
    lists = ("--train-list", photos / "Train.txt", "--eval-list", photos / "Eval.txt")
    words = shlex.split(last_line(photos, *lists, "--image-size", 32))[3:]
    given, named = parse(words)
    assert given == {
        "data": str(photos), "train_list": str(photos / "Train.txt"),
        "eval_list": str(photos / "Eval.txt"),
    }  # fmt: skip
    assert named == recipe


def test_after_errors_there_is_no_command_to_train(tmp_path, last_line):
    photos = write_dataset(tmp_path / "photos", classes=2, train=24, evaluate=8)
    (photos / "Eval.txt").write_text("gone.png 0\n")
    assert "train.py" not in last_line(photos)


def test_the_sample_has_a_recipe_of_its_own(monkeypatch):
    monkeypatch.setattr("sys.argv", ["paddle-aug check"])
    words = ["--data", "sample"]
    assert next_command.training_on(None, words) == (
        "next: paddle-aug train --data sample --augment all"
    )
