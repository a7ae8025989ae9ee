"""Every command of the README runs as printed, and both languages give the same commands."""

import os
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import paddle
import pytest
from in_process import run_tool
from made_data import write_dataset
from trained import train_tiny

from paddle_aug.augment.modes import augmentation, split_modes
from paddle_aug.commands.train import parse
from paddle_aug.config import make_config
from paddle_aug.training import checkpoint

ROOT = Path(__file__).parent.parent.parent

# Continuous integration runs these itself, on a clean checkout.
RUN_BY_CI = {"make test", "make lint", "pip install -r requirements.txt"}


def commands(readme: str) -> list[str]:
    """The lines of all bash blocks."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    return [
        line
        for block in re.findall(r"```bash\n(.*?)```", text, re.S)
        for line in block.split("\n")
        if line
    ]


READMES = ("README.md", "README.zh-CN.md", "models/README.md")
PAPERS = ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
PAGES = [str(file.relative_to(ROOT)) for file in sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("readme", [*READMES, *PAPERS, *PAGES])
def test_what_a_readme_links_to_is_there(readme):
    file = ROOT / readme
    links = re.findall(r"\]\(([^)#\s]+)\)", file.read_text(encoding="utf-8"))
    ours = [link for link in links if not link.startswith("https://")]
    assert [link for link in ours if not (file.parent / link).exists()] == []


@pytest.mark.parametrize("page", [page for page in PAGES if "documents" in page])
def test_the_commands_of_a_page_on_a_document_are_understood(page):
    for command in commands(page):
        program, *words = shlex.split(command)
        assert program == "python"
        if words[:2] == ["-m", "paddle.distributed.launch"]:
            words = words[2:]
        assert (ROOT / words[0]).is_file()
        if words[0] == "tools/train.py":
            given, recipe = parse(words[1:])
            for mode in split_modes(make_config(given, recipe).augment):
                augmentation(mode)


def test_the_commands_of_the_page_on_trained_weights_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_dataset(Path("photos"))
    train_tiny(Path("photos"), Path(), augment="userDef")
    older = train_tiny(Path("photos"), Path())
    weights = checkpoint.load(older)
    del weights[checkpoint.DESCRIPTION]
    checkpoint.save(older, weights)
    for command in commands("docs/trained.md"):
        program, tool, *words = shlex.split(command)
        assert (program, Path(tool).parent) == ("python", Path("tools"))
        assert run_tool(Path(tool).name, *words, monkeypatch=monkeypatch) == 0
    assert Path("logs/other/confusion.png").exists()
    assert Path("exported/description.json").exists()


def test_both_readmes_show_the_same_python_and_it_runs(clone):
    (ours,), (theirs,) = (python_blocks(readme) for readme in READMES[:2])
    assert ours == theirs
    (clone / "script.py").write_text(ours, encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "script.py"], cwd=clone, env=env, check=True)
    assert (clone / "logs" / "userDefAug_run.json").exists()


def test_weights_are_loaded_as_their_readme_says(clone, monkeypatch):
    from paddle_aug.networks import NETWORKS

    (block,) = python_blocks("models/README.md")
    block = block.replace("vgg16", "vgg_thin").replace("224", "32")  # half a gigabyte less
    paddle.set_device("cpu")
    trained = NETWORKS["vgg_thin"](16, 32)
    checkpoint.save(clone / "models" / "allabAug_best.pdparams", trained.state_dict())
    monkeypatch.chdir(clone)
    names = {}
    exec(block, names)
    for name, weight in names["network"].state_dict().items():
        assert (weight == trained.state_dict()[name]).all()


def python_blocks(readme: str) -> list[str]:
    """The contents of all Python blocks."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, re.S)


def test_both_readmes_give_the_same_commands():
    assert commands("README.md") == commands("README.zh-CN.md")
    assert {"make demo", *RUN_BY_CI} < set(commands("README.md"))


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A folder like a bare clone, with the photos that the README speaks of."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("tools", "paddle_aug", "Makefile", "requirements.txt", "requirements-cpu.txt"):
        (folder / name).symlink_to(ROOT / name)
    write_dataset(folder / "photos")
    return folder


def run(clone: Path, command: str) -> str:
    """Run a command of the README; of training, one epoch, and of the demo's a part of it. What it
    printed is returned."""
    words = shlex.split(command)
    if words[0] == "make":
        words += [f"VENV={sys.prefix}", "OPTIONS=--epochs 1 --fraction 0.2"]
        words += ["--assume-old=requirements.txt", "--assume-old=requirements-cpu.txt"]
    elif words[0] == "python":
        words[0] = sys.executable
    else:
        raise AssertionError(f"the README has a command that this test cannot run: {command}")
    if {"tools/train.py", "tools/compare.py"} & {*words}:
        words += ["--epochs", "1"]
    # What another make, such as that of the tests, hands down is not for this one. Lines are not
    # counted here, which takes long: other tests go through the same ones.
    theirs = ("MAKE", "MFLAGS", "REQUIREMENTS", "VENV", "TEST_OPTIONS", "COVERAGE")
    env = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
    done = subprocess.run(words, cwd=clone, env=env, capture_output=True, text=True)
    # Of so few photos a class, check warns.
    expected = 1 if "tools/check.py" in words else 0
    assert done.returncode == expected, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.mark.slow
def test_every_command_runs_in_the_order_in_which_it_is_printed(clone):
    if not (Path(sys.prefix) / "ready").exists():
        pytest.skip("`make` did not make this environment, so `make demo` would make another one")
    for command in commands("README.md"):
        if command not in RUN_BY_CI:
            run(clone, command)
    demo = clone / "logs" / "demo"
    for figure in ("loss.png", "accuracy.png", "accuracy_stacked.png"):
        assert (demo / figure).read_bytes().startswith(b"\x89PNG")
    assert (clone / "logs" / "accuracy.svg").exists()
    assert (clone / "logs" / "mine" / "accuracy.png").exists()


def test_on_ai_studio_the_two_commands_find_what_is_mounted(tmp_path):
    home = tmp_path / "home" / "aistudio"
    data = write_dataset(home / "data" / "data22612")
    with zipfile.ZipFile(data / "Images.zip", "w") as archive:
        for file in sorted((data / "Images").rglob("*.png")):
            archive.write(file, file.relative_to(data))
            file.unlink()
    project = home / "work" / "paddle_aug"
    project.mkdir(parents=True)
    for name in ("tools", "paddle_aug"):
        (project / name).symlink_to(ROOT / name)
    env = {**os.environ, "HOME": str(home)}
    small = ["--network", "vgg_thin", "--image-size", "32", "--epochs", "1"]
    for command in (["tools/train.py", "--augment", "allab", *small], ["tools/plot.py", "logs/"]):
        done = subprocess.run(
            [sys.executable, *command], cwd=project, env=env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    assert "allab" in done.stdout
    assert (home / "work" / "Images" / "class0").is_dir()
    assert (project / "logs" / "accuracy_stacked.png").exists()


@pytest.mark.parametrize("readme", [*READMES, *PAPERS, *PAGES])
def test_no_figure_is_left_to_be_filled_in(readme):
    text = (ROOT / readme).read_text(encoding="utf-8")
    assert re.findall(r"\w+_RESULTS|DEMO_\w+|REFERENCE|TODO|TBD", text) == []
