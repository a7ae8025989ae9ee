"""A disk that is full or read-only costs one message and exit code 2, and no file that was there.

The disks are small ones in memory, which only root can mount; others skip these tests.
"""

import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from in_process import run_tool
from same_run import assert_same_run, contents
from trained import options_of, tiny_config

from paddle_aug.commands import plot
from paddle_aug.system.files import write_bytes
from paddle_aug.training import fit as train

SIZE = 16_000_000
NO_ROOM = (
    ": No space left on device; the last checkpoint is whole: make room, then run the same command "
    "with --resume"
)


class Disk:
    """A file system of 16 MB, with a folder on it."""

    def __init__(self, root: Path):
        self.root, self.folder, self.ballast = root, root / "files", root / "ballast"
        root.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(root)]
        if subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("no file system can be mounted here")
        self.folder.mkdir()

    def fill(self) -> None:
        """Leave no byte."""
        with suppress(OSError), open(self.ballast, "wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass

    def remount(self, options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.root)], check=True)


@pytest.fixture
def disk(tmp_path):
    disk = Disk(tmp_path / "disk")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk.root)], check=True)


@pytest.fixture
def config_at(photos):
    """Configs of one training whose files go below a folder."""
    settings = {"augment": "userDef", "network": "lenet", "image_size": 32, "epochs": 3}
    return lambda folder, **more: tiny_config(photos, folder, **{**settings, **more})


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a tool; returns its exit code and the last line on stderr."""

    def run(tool, *words):
        capsys.readouterr()
        code = run_tool(tool, *words, monkeypatch=monkeypatch)
        return code, (capsys.readouterr().err.splitlines() or [""])[-1]

    return run


@pytest.mark.parametrize("when", ["before the checkpoint", "before the logs", "at the start"])
def test_training_on_a_full_disk_keeps_the_last_epoch_and_resumes(
    when, disk, config_at, tmp_path, monkeypatch, run
):
    whole = config_at(tmp_path / "whole")
    train.fit(whole)
    config = config_at(disk.folder)
    kept = {}
    name = {"before the checkpoint": "save", "before the logs": "publish", "at the start": "begin"}
    step = getattr(train, name[when])

    def fill_first(*args):
        if len(args) < 2 or args[1].done == 2:
            there = contents(disk.folder).items()
            kept.update({name: file for name, file in there if not name.endswith(".lock")})
            disk.fill()
        return step(*args)

    if when == "at the start":
        train.fit(replace(config, epochs=2))
    resumed = options_of(replace(config, resume=True))
    with monkeypatch.context() as patch:
        patch.setattr(train, name[when], fill_first)
        code, message = run("train.py", *resumed)
    assert code == 2
    assert message.startswith("cannot write ")
    assert str(disk.folder) in message
    assert message.endswith(NO_ROOM)
    assert contents(disk.folder) == kept
    disk.ballast.unlink()
    assert run("train.py", *resumed)[0] == 0
    assert_same_run(config, whole)


@pytest.mark.parametrize("option", ["log_dir", "model_dir"])
def test_training_does_not_begin_where_a_folder_is_read_only(
    option, disk, config_at, tmp_path, run
):
    config = replace(config_at(tmp_path), **{option: str(disk.folder / "here")})
    disk.remount("ro")
    name = "--" + option.replace("_", "-")
    message = f"cannot write to {name} {disk.folder}/here: Read-only file system"
    assert run("train.py", *options_of(config)) == (2, message)


def test_an_export_to_a_full_disk_continues_when_there_is_room(disk, tmp_path, photos, run):
    def export(out):
        words = ["--data", photos, "--augment", "userDef", "--image-size", 48, "--copies", 20]
        return run("export.py", out, *words, "--num-workers", 0)

    assert export(tmp_path / "whole")[0] == 0
    whole = contents(tmp_path / "whole")
    out = disk.folder / "out"
    disk.ballast.write_bytes(bytes(SIZE - 700_000))
    code, message = export(out)
    assert code == 2
    assert message.startswith(f"cannot write {out}")
    assert message.endswith("No space left on device; run the same command to continue")
    images = {name: content for name, content in contents(out).items() if name.endswith(".png")}
    assert len(images) > 50
    assert images.items() <= whole.items()
    disk.ballast.unlink()
    disk.remount("ro")
    code, message = export(out)
    assert code == 2
    assert "Read-only file system; run the same command to continue" in message
    disk.remount("rw")
    assert export(out)[0] == 0
    assert contents(out) == whole


@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_figures_that_cannot_be_written_leave_the_earlier_ones(
    fault, disk, config_at, tmp_path, run
):
    train.fit(config_at(tmp_path, epochs=1))
    out = disk.folder / "figures"
    words = [tmp_path / "logs", "--output", out]
    assert run("plot.py", *words)[0] == 0
    before = contents(disk.folder)
    disk.fill() if fault == "full" else disk.remount("ro")
    code, message = run("plot.py", *words)
    assert code == 2
    assert message.startswith(f"cannot write --output {out}/")
    assert contents(disk.folder) == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_output_that_finds_no_room_is_one_message(repository):
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(
            [sys.executable, "tools/preview.py", "--list"],
            stdout=full, stderr=subprocess.PIPE, text=True, cwd=repository,
        )  # fmt: skip
    message = (
        "cannot write the output, or a file: No space left on device; make room, then try again"
    )
    assert (ended.returncode, ended.stderr) == (2, f"{message}\n")


def test_a_file_that_its_tool_does_not_expect_to_fail_is_one_message(disk, monkeypatch, run):
    file = disk.folder / "file"
    disk.fill()
    monkeypatch.setattr(plot, "main", lambda: write_bytes(file, b"more"))
    message = f"cannot write {file}: No space left on device; make room, then try again"
    assert run("plot.py") == (2, message)
