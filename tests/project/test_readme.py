"""Every command of the READMEs runs as printed, and both languages give the same commands."""

import os
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from in_process import run_tool
from made_data import write_dataset
from trained import train_tiny

from paddle_aug.augment.modes import augmentation, split_modes
from paddle_aug.augment.spec import COMBINATORS
from paddle_aug.commands.train import parse
from paddle_aug.config import make_config
from paddle_aug.networks import NETWORKS
from paddle_aug.rng import seeded_globals
from paddle_aug.training import checkpoint

ROOT = Path(__file__).parent.parent.parent
READMES = ("README.md", "README.zh-CN.md", "models/README.md")
# Pages whose commands run after those of the README, in this order.
GUIDES = tuple(
    f"docs/{name}.md" for name in ("get-started", "photos", "pipelines", "feeding", "notebook")
)
PAPERS = ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
PAGES = [str(file.relative_to(ROOT)) for file in sorted((ROOT / "docs").rglob("*.md"))]

REQUIREMENTS = ("requirements.txt", "requirements-cpu.txt", "requirements-dev.txt")

# CI runs these on a clean checkout.
RUN_BY_CI = {"make test", "pip install -r requirements.txt"}


def blocks(page: str, language: str) -> list[str]:
    """The contents of all code blocks of a language."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.S)


def commands(page: str) -> list[str]:
    return [line for block in blocks(page, "bash") for line in block.split("\n") if line]


@pytest.mark.parametrize("page", [*READMES, *PAPERS, *PAGES])
def test_a_page_is_complete_and_its_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert re.findall(r"\w+_RESULTS|DEMO_\w+|REFERENCE|TODO|TBD", text) == []
    links = re.findall(r"\]\(([^)#\s]+)\)", text)
    ours = [link for link in links if not link.startswith("https://")]
    assert [link for link in ours if not ((ROOT / page).parent / link).exists()] == []


def test_both_readmes_are_short_and_give_the_same_commands_and_pictures():
    english, chinese = ((ROOT / page).read_text(encoding="utf-8") for page in READMES[:2])
    assert max(english.count("\n"), chinese.count("\n")) <= 120
    assert commands("README.md") == commands("README.zh-CN.md")
    assert {"make demo", *RUN_BY_CI} < set(commands("README.md"))
    pictures = [re.findall(r"!\[.+?\]\((\S+?)\)", text) for text in (english, chinese)]
    assert pictures[0] == pictures[1]
    front, evidence, *thumbnails = [(ROOT / picture).stat().st_size for picture in pictures[0]]
    assert front < 700_000
    assert evidence < 100_000
    assert max(thumbnails) <= 30_000


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


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A folder like a fresh clone, with the photos that the README speaks of."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("tools", "paddle_aug", "Makefile", *REQUIREMENTS):
        (folder / name).symlink_to(ROOT / name)
    write_dataset(folder / "photos")
    return folder


def words_of(command: str) -> list[str]:
    """The words of a command; training takes one epoch, and the demo a part of its data."""
    words = shlex.split(command)
    if words[0] == "make":
        words += [f"VENV={sys.prefix}", "OPTIONS=--epochs 1 --fraction 0.2"]
        words += [f"--assume-old={name}" for name in REQUIREMENTS]
    elif words[0] == "python":
        words[0] = sys.executable
    else:
        raise AssertionError(f"this test cannot run the command {command}")
    if {"tools/train.py", "tools/compare.py"} & {*words}:
        words += ["--epochs", "1"]
    return words


def exit_code(words: list[str]) -> int:
    """What the command has to end with: check warns of so few photos."""
    return int("tools/check.py" in words)


def run(clone: Path, command: str) -> None:
    """Run a command of the README."""
    words = words_of(command)
    # The make that runs the tests hands variables down. Coverage would take long here, and other
    # tests run the same lines.
    dropped = ("MAKE", "MFLAGS", "REQUIREMENTS", "VENV", "TEST_OPTIONS", "COVERAGE")
    env = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    ended = subprocess.run(words, cwd=clone, env=env, capture_output=True, text=True)
    assert ended.returncode == exit_code(words), (
        f"{command}\n{ended.stdout[-2000:]}\n{ended.stderr[-4000:]}"
    )


@pytest.mark.slow
def test_every_command_runs_in_the_order_in_which_it_is_printed(clone, monkeypatch):
    if not (Path(sys.prefix) / "ready").exists():
        pytest.skip("`make` did not make this environment, so `make demo` would make another one")
    of_readme = [command for command in commands("README.md") if command not in RUN_BY_CI]
    for command in of_readme:
        run(clone, command)
    demo = clone / "logs" / "demo"
    for figure in ("loss.png", "accuracy.png", "accuracy_stacked.png"):
        assert (demo / figure).read_bytes().startswith(b"\x89PNG")
    monkeypatch.chdir(clone)
    of_guides = dict.fromkeys(command for page in GUIDES for command in commands(page))
    for command in of_guides:
        if command in {*of_readme, *RUN_BY_CI}:
            continue
        words = words_of(command)
        tool, *options = words[1:]
        ended = run_tool(Path(tool).name, *options, monkeypatch=monkeypatch)
        assert ended == exit_code(words), command
    assert [*(clone / "logs").glob("accuracy*.svg")]
    assert (clone / "photos-2" / "manifest.jsonl").exists()


@pytest.mark.slow
def test_the_script_of_the_first_page_runs(clone):
    (script,) = blocks("docs/get-started.md", "python")
    (clone / "script.py").write_text(script, encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "script.py"], cwd=clone, env=env, check=True)
    assert (clone / "logs" / "userDefAug_run.json").exists()


@pytest.mark.slow
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


def test_the_python_of_the_page_on_pipelines_augments_an_image():
    (script,) = blocks("docs/pipelines.md", "python")
    names = {"image": np.full((48, 40, 3), 128, np.uint8)}
    with seeded_globals(0):
        exec(script, names)
    assert names["image"].shape == (48, 40, 3)
    assert names["image"].std() > 0


def test_the_combinators_of_the_page_on_pipelines_are_understood():
    text = (ROOT / "docs/pipelines.md").read_text(encoding="utf-8")
    examples = [
        cell.replace("\\|", "|") for cell in re.findall(r"^\| `(\w+\(.+\))` \|", text, re.M)
    ]
    assert [example.split("(")[0] for example in examples] == list(COMBINATORS)
    for example in examples:
        augmentation(example)


def test_weights_are_loaded_as_their_readme_says(clone, monkeypatch):
    (script,) = blocks("models/README.md", "python")
    script = script.replace("vgg16", "vgg_thin").replace("224", "32")  # half a gigabyte less
    trained = NETWORKS["vgg_thin"](16, 32)
    checkpoint.save(clone / "models" / "allabAug_best.pdparams", trained.state_dict())
    monkeypatch.chdir(clone)
    names = {}
    exec(script, names)
    for name, weight in names["network"].state_dict().items():
        assert (weight == trained.state_dict()[name]).all()


@pytest.mark.slow
def test_on_ai_studio_the_two_commands_find_the_mounted_data(tmp_path):
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
        ended = subprocess.run(
            [sys.executable, *command], cwd=project, env=env, capture_output=True, text=True
        )
        assert ended.returncode == 0, ended.stderr
    assert "allab" in ended.stdout
    assert (home / "work" / "Images" / "class0").is_dir()
    assert (project / "logs" / "accuracy_stacked.png").exists()
