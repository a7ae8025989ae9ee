"""In a script task of AI Studio, results are written to what can be downloaded."""

import subprocess
import sys

import pytest

from paddle_aug.system.script_task import kept

# Runs a command in the script task of a folder, the first argument.
IN_TASK = """
import pathlib, sys
from paddle_aug.system import script_task
script_task.kept.__defaults__ = (pathlib.Path(sys.argv.pop(1)),)
from paddle_aug.cli import main
main()
"""


def test_results_go_to_output_where_there_is_a_script_task(tmp_path):
    assert kept("logs", tmp_path) == "logs"
    (tmp_path / "output").mkdir()
    assert kept("logs", tmp_path) == str(tmp_path / "output" / "logs")


@pytest.mark.parametrize(
    ("command", "option", "paths"),
    [
        ("train", "--help-all", ("logs", "models", "logs/visualdl")),
        ("compare", "--help-all", ("logs/compare",)),
        ("search", "--help-all", ("logs/search",)),
        ("evaluate", "--help", ("logs/<name of the weights>",)),
        ("invariance", "--help", ("logs/invariance",)),
        ("preview", "--help", ("logs/preview.png",)),
    ],
)
def test_the_defaults_of_a_command_are_there(tmp_path, command, option, paths):
    (tmp_path / "output").mkdir()
    shown = subprocess.run(
        [sys.executable, "-c", IN_TASK, tmp_path, command, option],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "1000"},
    ).stdout
    words = shown.replace("(default: ", "").replace(")", "").split()
    for path in paths:
        assert f"{tmp_path}/output/{path}".split()[0] in words
