"""The commit that run.json names, of a clone and of what is made from one."""

import runpy
import shutil
import subprocess
import tarfile

import pytest

FILES = ("paddle_aug/system/commit.py", "paddle_aug/system/commit.txt", ".gitattributes")


@pytest.fixture
def clone(repository, tmp_path):
    """A clone of a single commit."""
    if not (repository / ".git").exists():
        pytest.skip("these are the tests of an sdist")
    for name in FILES:
        (tmp_path / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(repository / name, tmp_path / "clone" / name)
    git(tmp_path / "clone", "init", "--quiet")
    git(tmp_path / "clone", "add", ".")
    git(tmp_path / "clone", "commit", "--quiet", "--message", "first")
    return tmp_path / "clone"


def git(folder, *words):
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(folder):
    return runpy.run_path(str(folder / "paddle_aug/system/commit.py"))["commit"]()


def test_a_clone_has_its_commit_and_a_plus_once_a_file_differs(clone):
    head = git(clone, "rev-parse", "HEAD")
    assert commit(clone) == head
    (clone / "new.txt").touch()
    assert commit(clone) == head
    with open(clone / FILES[0], "a") as file:
        file.write("\n")
    assert commit(clone) == f"{head}+"


def test_an_archive_of_a_clone_has_its_commit(clone, tmp_path):
    git(clone, "archive", "--output", tmp_path / "a.tar", "HEAD")
    with tarfile.open(tmp_path / "a.tar") as archive:
        archive.extractall(tmp_path / "there", filter="data")
    assert commit(tmp_path / "there") == git(clone, "rev-parse", "HEAD")


@pytest.mark.parametrize(
    ("note", "noted"), [("0123abc\n", "0123abc"), ("\n", None), ("$Format:%H$\n", None)]
)
def test_without_a_clone_it_is_the_noted_one(clone, note, noted):
    shutil.rmtree(clone / ".git")
    (clone / FILES[1]).write_text(note)
    assert commit(clone) == noted
