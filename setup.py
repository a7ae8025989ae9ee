"""What pyproject.toml cannot say: a package notes its commit, and PyPI shows the README without the
links and pictures of the repository, which lead nowhere there."""

import re
import runpy
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).parent
MODULE = "paddle_aug/system/commit.py"


def note_commit(root: str) -> None:
    """Write the commit beside the module that reads it."""
    commit = runpy.run_path(str(ROOT / MODULE))["commit"]()
    file = Path(root, MODULE).with_suffix(".txt")
    file.unlink(missing_ok=True)  # it may be a hard link to the clone's
    file.write_text(f"{commit or ''}\n")


class BuildPy(build_py):
    def run(self):
        super().run()
        if not self.editable_mode:
            note_commit(self.build_lib)


class Sdist(sdist):
    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        note_commit(base_dir)


def readme() -> str:
    """README.md with the text of a link or a picture in its place, if they are ours."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.sub(r"!?\[([^\]]+)\]\((?!https:)[^)]+\)", r"\1", text)


setup(
    cmdclass={"build_py": BuildPy, "sdist": Sdist},
    long_description=readme(),
    long_description_content_type="text/markdown",
)
