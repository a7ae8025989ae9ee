"""The notebook runs from top to bottom. The little of IPython that it uses is defined here, as
Jupyter would bring 30 packages."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import PIL.Image
import pytest

NOTEBOOK = "docs/aistudio.ipynb"
SMALL = 'EPOCHS, SEEDS, OPTIONS = 1, 2, "--fraction 0.1"'  # runs after the cell of settings


@pytest.fixture(scope="module")
def cells(repository):
    """The cells, their lines joined."""
    content = json.loads((repository / NOTEBOOK).read_text(encoding="utf-8"))
    assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
    return [{**cell, "source": "".join(cell["source"])} for cell in content["cells"]]


def tags(cell):
    return cell["metadata"].get("tags", [])


def python_of(source: str) -> str:
    """A cell as Python, without IPython's `!command` and `%cd -q folder`."""
    source = re.sub(r"(?m)^( *)!(.+)$", lambda match: f"{match[1]}shell(f{match[2]!r})", source)
    return re.sub(r"(?m)^( *)%cd -q (\S+)$", r"\1os.chdir('\2')", source)


@pytest.fixture
def shown(monkeypatch):
    """What the cells display: texts, and the width and height of pictures, which are JPEGs."""
    displayed = []
    module = ModuleType("IPython.display")

    def picture(data):
        image = PIL.Image.open(io.BytesIO(data))
        assert image.format == "JPEG"
        return image.size

    module.Image, module.Markdown, module.display = picture, str, displayed.append
    monkeypatch.setitem(sys.modules, "IPython", ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    return displayed


@pytest.mark.slow
def test_all_cells_run(cells, shown, repository, tmp_path, monkeypatch):
    (tmp_path / "docs").mkdir()
    for name in ("tools", "paddle_aug"):
        (tmp_path / name).symlink_to(repository / name)
    monkeypatch.chdir(tmp_path / "docs")
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def shell(command):
        ended = subprocess.run(
            command,
            shell=True,
            env={**os.environ, "PATH": programs},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert ended.returncode == 0, f"{command}\n{ended.stdout}"

    names = {"shell": shell, "os": os, "_exit_code": 0}
    for cell in cells:
        if cell["cell_type"] == "code" and "skip-ci" not in tags(cell):
            exec(python_of(cell["source"]), names)
        if "parameters" in tags(cell):
            exec(SMALL, names)
    photos, pipeline, accuracy, loss, answer, modes, confusion, mistakes = shown
    assert all(width == 800 for width, _ in (photos, accuracy, loss, modes, confusion, mistakes))
    assert photos[1] > 2.5 * pipeline[1]  # three photos, and one
    folder = tmp_path / "logs" / "notebook"
    assert {"confusion.png", "mistakes.png"} <= set(os.listdir(folder / "evaluation"))
    assert "none" in answer
    rows = [line.split("|") for line in answer.split("\n") if line.startswith("| `")]
    assert {row[1].strip() for row in rows} == {"`none`", "`userDef`"}
    assert [row[-2].strip() for row in rows] == ["2", "2"]


def test_only_the_installation_is_left_to_the_reader(cells):
    skipped = [cell["source"] for cell in cells if "skip-ci" in tags(cell)]
    assert len(skipped) == 1
    assert "pip install" in skipped[0]


def test_headings_are_in_both_languages(cells):
    headings = [
        line
        for cell in cells
        if cell["cell_type"] == "markdown"
        for line in cell["source"].split("\n")
        if re.match("#+ ", line)
    ]
    title, english, *sections = headings
    assert re.search("[一-鿿]", title)
    assert english == "# Image augmentation: install, look, train, plot, compare, evaluate"
    for heading in sections:
        assert re.fullmatch("## [0-9]+[.] [一-鿿]+ / [A-Z][a-z ]+", heading), heading


def test_the_outputs_are_small_without_paths_and_of_a_whole_run(cells, repository):
    for cell in cells:
        if cell["cell_type"] == "code" and "skip-ci" not in tags(cell):
            assert cell["execution_count"]
        for output in cell.get("outputs", []):
            assert output["output_type"] in ("stream", "display_data")
            text = json.dumps(output.get("text", output.get("data", {}).get("text/plain", "")))
            assert not re.search(r"/(home|root|tmp|usr|work|opt)/", text), text
    assert (repository / NOTEBOOK).stat().st_size < 500_000
    pictures = [
        output for cell in cells for output in cell.get("outputs", [])
        if "image/jpeg" in output.get("data", {})
    ]  # fmt: skip
    assert len(pictures) == 7
    settings = {}
    exec(next(cell["source"] for cell in cells if "parameters" in tags(cell)), settings)
    (answer,) = (
        "".join(output["data"]["text/markdown"])
        for cell in cells
        for output in cell.get("outputs", [])
        if "text/markdown" in output.get("data", {})
    )
    assert f"{settings['SEEDS']} seeds for {settings['EPOCHS']} epochs" in answer
