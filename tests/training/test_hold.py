"""A run's files are for one training at a time; other runs may share its folders."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from in_process import run_tool
from same_run import contents
from trained import options_of

from paddle_aug import inputs
from paddle_aug.errors import UserError
from paddle_aug.training import fit as train
from paddle_aug.training.hold import hold_files


@pytest.fixture
def config(config, tmp_path):
    return replace(config, epochs=1)


def test_a_second_training_of_a_mode_is_refused_and_touches_nothing(
    config, data, tmp_path, monkeypatch
):
    train.fit(config, data)
    before = contents(tmp_path)
    logs, models = config.log_dir, config.model_dir
    words = ["--log-dir", logs, "--epochs", "1", f"--model-dir={models}"]
    monkeypatch.setattr(sys, "argv", ["tools/train.py", *words])
    with hold_files([config]):
        with pytest.raises(UserError) as error:
            train.fit(config, data)
        with pytest.raises(UserError, match=r"wait for it to end$"):
            train.fit(replace(config, resume=True), data)
        hidden = {name for name in contents(tmp_path) if name.endswith(".lock")}
        assert hidden == {"logs/.userDefAug_logs.lock", "models/.userDefAug_weights.lock"}
    assert str(error.value) == (
        f"another training of userDef is writing to --log-dir {logs}; wait for it to end, or train "
        f"beside it: python tools/train.py --epochs 1 --log-dir {logs}-2 --model-dir {models}-2"
    )
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({}, "log_dir"),
        ({"resume": True}, "log_dir"),
        ({"seed": 1}, "log_dir"),
        ({"model_dir": "other"}, "log_dir"),
        ({"log_dir": "other"}, "model_dir"),
        ({"log_dir": "./logs/"}, "log_dir"),
        ({"log_dir": "link"}, "log_dir"),
        ({"log_dir": "a", "model_dir": "b"}, "visualdl"),
        ({"augment": "hflip"}, None),
        ({"mix": "mixup"}, None),
        ({"log_dir": "models", "model_dir": "logs", "visualdl": None}, None),
        ({"log_dir": "a", "model_dir": "b", "visualdl": None}, None),
    ],
    ids=str,
)
def test_what_would_write_the_same_files_is_refused(
    config, tmp_path, monkeypatch, changes, refused
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("logs")
    places = {"log_dir": "logs", "model_dir": "models", "visualdl": "visual"}
    running = replace(config, **places)
    with hold_files([running]):
        second = replace(running, **changes)
        if refused is None:
            with hold_files([second]):
                pass
            return
        option = f"--{refused.replace('_', '-')} "
        with pytest.raises(UserError, match=f"is writing to {option}"), hold_files([second]):
            pass


def test_the_command_is_refused_for_any_of_its_modes_before_an_image_is_read(
    config, monkeypatch, capsys
):
    monkeypatch.setattr(inputs, "open_data", lambda *given, **options: pytest.fail("it reads"))
    with hold_files([replace(config, augment="hflip")]):
        words = options_of(replace(config, augment="none,hflip"))
        assert run_tool("train.py", *words, monkeypatch=monkeypatch) == 2
    assert "another training of hflip is writing to --log-dir" in capsys.readouterr().err
    assert not Path(config.log_dir).exists()


def test_of_several_processes_the_first_one_holds_the_files(config, monkeypatch):
    monkeypatch.setenv("PADDLE_TRAINERS_NUM", "2")
    with hold_files([config]):
        monkeypatch.setenv("PADDLE_TRAINER_ID", "1")
        with hold_files([config]):
            pass
        monkeypatch.setenv("PADDLE_TRAINER_ID", "0")
        with pytest.raises(UserError, match="another training"), hold_files([config]):
            pass
