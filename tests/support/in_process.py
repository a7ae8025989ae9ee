"""Run a tool in the process of the tests, which saves importing Paddle again."""

import runpy
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parent.parent.parent / "tools"


def run_tool(name: str, *arguments, monkeypatch) -> int:
    """Run a tool by the name of its file; returns its exit code."""
    monkeypatch.setattr(sys, "path", [str(TOOLS), *sys.path])
    monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(TOOLS / name), run_name="__main__")
    return ended.value.code or 0


def refusal(name: str, *arguments, monkeypatch, capsys) -> str:
    """The line with which a tool refuses these arguments; its exit code is 2."""
    assert run_tool(name, *arguments, monkeypatch=monkeypatch) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    return message
