"""In a script task of AI Studio, results are written to what can be downloaded."""

import subprocess
import sys

from paddle_aug.system.script_task import kept

# Shows the help of commands in the script task of a folder, the first argument.
IN_TASK = """
import contextlib, pathlib, sys
from paddle_aug.system import script_task
script_task.kept.__defaults__ = (pathlib.Path(sys.argv[1]),)
from paddle_aug.cli import main
for words in sys.argv[2:]:
    sys.argv = ["paddle-aug", *words.split()]
    with contextlib.suppress(SystemExit):
        main()
"""
PATHS = {
    "train --help-all": ("logs", "models", "logs/visualdl"),
    "compare --help-all": ("logs/compare",),
    "search --help-all": ("logs/search",),
    "evaluate --help": ("logs/<name",),
    "invariance --help": ("logs/invariance",),
    "preview --help": ("logs/preview.png",),
}


def test_results_go_to_output_where_there_is_a_script_task(tmp_path):
    assert kept("logs", tmp_path) == "logs"
    (tmp_path / "output").mkdir()
    assert kept("logs", tmp_path) == str(tmp_path / "output" / "logs")
    command = [sys.executable, "-c", IN_TASK, tmp_path, *PATHS]
    shown = subprocess.run(command, capture_output=True, text=True, env={"COLUMNS": "1000"}).stdout
    helps = shown.split("usage: ")[1:]
    for help_text, paths in zip(helps, PATHS.values(), strict=True):
        words = help_text.replace("(default: ", "").replace(")", "").split()
        assert {f"{tmp_path}/output/{path}" for path in paths} <= set(words)
