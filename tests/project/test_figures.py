"""Published figures are drawn by the commands that are written beside them."""

import shlex
from pathlib import Path

import pytest
from PIL import Image
from publish import figures

from paddle_aug.results import curves, runlog

REFERENCE = figures.README.parent


def test_every_published_figure_is_in_a_folder_that_a_command_redraws():
    redrawn = {
        word
        for command in figures.commands()
        for word in shlex.split(command)
        if word.startswith("logs/reference/")
    }
    pictures = {file.parent.relative_to(figures.ROOT) for file in REFERENCE.rglob("*.png")}
    assert {folder.as_posix() for folder in pictures} == redrawn


def test_commands_that_need_photos_say_so_and_the_others_run_without():
    tools = [shlex.split(command)[:3] for command in figures.commands()]
    assert all(words[0] == "python" for words in tools)
    assert {words[1] for words in tools} == {"tools/plot.py", "-m"}
    for command in figures.commands():
        shows_photos = any(f" {name} " in command for name in ("examples", "invariance"))
        shows_photos |= "publish.gallery" in command or "publish.front" in command
        assert (figures.DATA in command) == shows_photos


@pytest.mark.parametrize("folder", ["d2l-cifar10", "crop-flip-cifar10"])
def test_published_curves_are_those_that_the_code_draws(folder, tmp_path):
    drawn = curves.draw(runlog.read_seeds([REFERENCE / folder]), tmp_path)
    for file in drawn:
        with Image.open(file) as new, Image.open(REFERENCE / folder / file.name) as published:
            if new.text["Software"] != published.text["Software"]:
                pytest.skip("drawn by another version of Matplotlib")
        assert file.read_bytes() == (REFERENCE / folder / file.name).read_bytes(), (
            "redraw it: make figures"
        )
    assert {file.name for file in drawn} == {f.name for f in Path(REFERENCE, folder).glob("*.png")}
