"""On a disk that is full or cannot be written to: one message, code 2, nothing lost, and on again.

The disks are small ones in memory, which only root may mount; others skip these tests.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from in_process import run_tool
from made_data import write_dataset
from same_run import assert_same_run

from paddle_aug.commands import plot
from paddle_aug.config import TrainConfig
from paddle_aug.system.files import write_bytes
from paddle_aug.training import fit as train

KB = 1024


class Disk:
    """A file system of its own."""

    def __init__(self, folder: Path, size: int):
        self.folder = folder
        self.ballast = folder / "ballast"
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("no file system can be mounted here")

    def fill(self) -> None:
        """Leave no byte."""
        with open(self.ballast, "ab", buffering=0) as file:
            for size in (64 * KB, KB, 1):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError:
                    continue

    def make_room(self) -> None:
        self.ballast.unlink()

    def write_protect(self, on: bool = True) -> None:
        way = "ro" if on else "rw"
        subprocess.run(["mount", "-o", f"remount,{way}", str(self.folder)], check=True)

    def contents(self) -> dict[Path, bytes]:
        files = [file for file in self.folder.rglob("*") if file.is_file()]
        return {file: file.read_bytes() for file in files if file != self.ballast}

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


@pytest.fixture
def disk(tmp_path):
    made = Disk(tmp_path / "disk", 16_000 * KB)
    yield made
    made.unmount()


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("data") / "photos")


@pytest.fixture
def settings(photos):
    return {
        "data": str(photos), "augment": "userDef", "network": "lenet", "image_size": 32,
        "learning_rate": 1e-3, "epochs": 3, "device": "cpu", "threads": 1, "num_workers": 0,
    }  # fmt: skip


def trained(config, monkeypatch):
    """The exit code of training with all settings of a config that are not the default."""
    given = {k: v for k, v in config.asdict().items() if v != vars(TrainConfig())[k]}
    words = ["--resume"] if given.pop("resume", False) else []
    words += [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
    return run_tool("train.py", *words, monkeypatch=monkeypatch)


def config_at(folder, settings, **more):
    return TrainConfig(
        **settings, log_dir=str(folder / "logs"), model_dir=str(folder / "models"), **more
    )


def message(capsys):
    """What was said at last on stderr; before it there may be advice on what takes long."""
    *before, line = capsys.readouterr().err.splitlines()
    assert all("waiting for data" in each for each in before)
    return line


@pytest.mark.parametrize("when", ["before the checkpoint", "before the logs", "at the start"])
def test_training_on_a_full_disk_keeps_the_epochs_before_and_goes_on(
    when, disk, settings, tmp_path, monkeypatch, capsys
):
    whole = config_at(tmp_path / "whole", settings)
    train.fit(whole)
    config = config_at(disk.folder, settings)
    before = {}
    step = {"before the checkpoint": "save", "before the logs": "publish", "at the start": "begin"}
    do = getattr(train, step[when])

    def filling(*args):
        epochs = args[1].done if len(args) > 1 else 2
        if epochs == 2:
            before.update(disk.contents())
            disk.fill()
        return do(*args)

    if when == "at the start":
        train.fit(TrainConfig(**{**config.asdict(), "epochs": 2}))
    capsys.readouterr()
    with monkeypatch.context() as patch:
        patch.setattr(train, step[when], filling)
        assert trained(TrainConfig(**{**config.asdict(), "resume": True}), patch) == 2
    said = message(capsys)
    assert said.startswith("cannot write ")
    assert str(disk.folder) in said
    assert said.endswith(
        ": No space left on device; the last checkpoint is whole: make room, then go on with "
        "--resume"
    )
    assert disk.contents() == before
    disk.make_room()
    assert trained(TrainConfig(**{**config.asdict(), "resume": True}), monkeypatch) == 0
    assert_same_run(config, whole)


def test_without_room_for_the_cache_images_are_decoded_each_epoch(
    disk, settings, tmp_path, monkeypatch, capsys
):
    whole = config_at(tmp_path / "whole", {**settings, "epochs": 1}, cache="off")
    train.fit(whole)
    disk.fill()
    capsys.readouterr()
    cache = disk.folder / "cache"
    config = config_at(tmp_path, {**settings, "epochs": 1}, cache="disk", cache_dir=str(cache))
    assert trained(config, monkeypatch) == 0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 1
    assert all(line.startswith("no cache: ") and "No space left" in line for line in lines[:1])
    assert list(cache.iterdir()) == []
    assert_same_run(config, whole)


@pytest.mark.parametrize("option", ["log_dir", "model_dir"])
def test_training_does_not_begin_where_a_folder_is_read_only(
    option, disk, settings, tmp_path, monkeypatch, capsys
):
    config = config_at(tmp_path, settings)
    config = TrainConfig(**{**config.asdict(), option: str(disk.folder / "here")})
    disk.write_protect()
    assert trained(config, monkeypatch) == 2
    name = "--" + option.replace("_", "-")
    assert message(capsys) == f"cannot write to {name} {disk.folder}/here: Read-only file system"


def test_a_disk_that_turns_read_only_in_training_keeps_what_was_there(
    disk, settings, monkeypatch, capsys
):
    config = config_at(disk.folder, {**settings, "epochs": 2})
    before = {}
    save = train.save

    def protecting(run, progress):
        if progress.done == 2:
            before.update(disk.contents())
            disk.write_protect()
        save(run, progress)

    with monkeypatch.context() as patch:
        patch.setattr(train, "save", protecting)
        assert trained(config, patch) == 2
    assert "Read-only file system; the last checkpoint is whole" in message(capsys)
    assert disk.contents() == before
    disk.write_protect(False)
    assert trained(TrainConfig(**{**config.asdict(), "resume": True}), monkeypatch) == 0


def exported(out, photos, monkeypatch):
    words = [out, "--data", photos, "--augment", "userDef", "--image-size", 48, "--copies", 20]
    return run_tool("export.py", *words, "--num-workers", 0, monkeypatch=monkeypatch)


def test_an_export_to_a_full_disk_goes_on_when_there_is_room(tmp_path, photos, monkeypatch, capsys):
    assert exported(tmp_path / "whole", photos, monkeypatch) == 0
    disk = Disk(tmp_path / "disk", 1600 * KB)
    try:
        out = disk.folder / "out"
        disk.ballast.write_bytes(bytes(900 * KB))
        capsys.readouterr()
        assert exported(out, photos, monkeypatch) == 2
        said = message(capsys)
        assert said.startswith(f"cannot write {out}")
        assert said.endswith("No space left on device; the same command goes on from here")
        images = {file: file.read_bytes() for file in out.rglob("*.png")}
        assert len(images) > 50
        for file, content in images.items():
            assert (tmp_path / "whole" / file.relative_to(out)).read_bytes() == content
        disk.ballast.unlink()
        disk.write_protect()
        assert exported(out, photos, monkeypatch) == 2
        assert "Read-only file system; the same command goes on from here" in message(capsys)
        subprocess.run(["mount", "-o", "remount,rw,size=16m", str(disk.folder)], check=True)
        assert exported(out, photos, monkeypatch) == 0
        files = {file.relative_to(out): file.read_bytes() for file in disk.contents()}
        whole = tmp_path / "whole"
        assert files == {
            file.relative_to(whole): file.read_bytes()
            for file in whole.rglob("*") if file.is_file()
        }  # fmt: skip
    finally:
        disk.unmount()


@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_figures_that_cannot_be_written_leave_those_before(
    fault, disk, settings, tmp_path, monkeypatch, capsys
):
    config = config_at(tmp_path, {**settings, "epochs": 1})
    train.fit(config)
    out = disk.folder / "figures"
    words = [tmp_path / "logs", "--output", out]
    assert run_tool("plot.py", *words, monkeypatch=monkeypatch) == 0
    before = disk.contents()
    disk.fill() if fault == "full" else disk.write_protect()
    capsys.readouterr()
    assert run_tool("plot.py", *words, monkeypatch=monkeypatch) == 2
    said = message(capsys)
    assert said.startswith(f"cannot write {out}/")
    assert said.endswith("; choose another --output")
    assert disk.contents() == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_output_that_finds_no_room_is_one_message(repository):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "tools/preview.py", "--list"],
            stdout=full, stderr=subprocess.PIPE, text=True, cwd=repository,
        )  # fmt: skip
    said = (
        "cannot write the output, or a file: No space left on device; make room, then try again\n"
    )
    assert (done.returncode, done.stderr) == (2, said)


def test_any_other_file_that_finds_no_room_is_one_message(disk, monkeypatch, capsys):
    """One that its own tool does not expect."""
    file = disk.folder / "file"
    disk.fill()
    monkeypatch.setattr(plot, "main", lambda: write_bytes(file, b"more"))
    assert run_tool("plot.py", monkeypatch=monkeypatch) == 2
    said = f"cannot write {file}: No space left on device; make room, then try again"
    assert message(capsys) == said
