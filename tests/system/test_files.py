import json
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from paddle_aug.errors import UserError
from paddle_aug.system import files


def names(folder):
    return sorted(path.name for path in folder.rglob("*"))


def test_a_file_is_written_with_the_folders_above_it(tmp_path):
    files.write_bytes(tmp_path / "a" / "b" / "weights", b"new")
    assert (tmp_path / "a" / "b" / "weights").read_bytes() == b"new"
    assert names(tmp_path) == ["a", "b", "weights"]


def test_the_old_file_stands_until_the_new_one_is_complete(tmp_path):
    (tmp_path / "log").write_bytes(b"old")
    with files.replacing(tmp_path / "log") as file:
        file.write(b"new")
        file.flush()
        assert (tmp_path / "log").read_bytes() == b"old"
    assert (tmp_path / "log").read_bytes() == b"new"
    assert names(tmp_path) == ["log"]


def test_an_exception_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    (tmp_path / "log").write_bytes(b"old")

    def fail_half_way(path):
        with files.replacing(path) as file:
            file.write(b"half")
            raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space left"):
        fail_half_way(tmp_path / "log")
    assert (tmp_path / "log").read_bytes() == b"old"
    assert names(tmp_path) == ["log"]


def killed_while_writing(path):
    """Write half a file in another process, and kill it there."""
    program = """
import os, signal, sys
from paddle_aug.system import files
from paddle_aug.errors import UserError
with files.replacing(sys.argv[1]) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", program, str(path)])
    assert ended.returncode == -signal.SIGKILL


@pytest.fixture
def importable(repository, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(repository))


def test_a_kill_in_mid_write_leaves_the_old_file(tmp_path, importable):
    (tmp_path / "log").write_bytes(b"old")
    killed_while_writing(tmp_path / "log")
    assert (tmp_path / "log").read_bytes() == b"old"
    killed_while_writing(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_what_a_kill_left_of_a_file_is_removed_with_it(tmp_path, importable):
    files.remove(tmp_path / "log")
    (tmp_path / "log").write_bytes(b"old")
    killed_while_writing(tmp_path / "log")
    assert len(os.listdir(tmp_path)) == 2
    files.remove(tmp_path / "log")
    assert os.listdir(tmp_path) == []


def test_the_bytes_are_on_the_disk_before_the_name_points_to_them(tmp_path, monkeypatch):
    """Without that, a power cut can leave an empty file under the name."""
    calls = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(descriptor):
        calls.append(("fsync", os.fstat(descriptor).st_size))
        real_fsync(descriptor)

    def replace(source, target):
        calls.append(("replace", os.stat(source).st_size))
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    files.write_bytes(tmp_path / "log", b"12345")
    assert calls == [("fsync", 5), ("replace", 5)]


@pytest.mark.parametrize("path", ["log", "./log", "log/", "a/b/log"])
def test_a_file_may_be_named_in_the_folder_one_is_in(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    files.write_bytes(path, b"12345")
    assert Path(path.rstrip("/")).read_bytes() == b"12345"
    assert [each.name for each in tmp_path.rglob("*log*")] == ["log"]


def test_json_can_be_read_by_people_and_machines(tmp_path):
    content = {"name": "ak47 步枪", "epochs": [{"seconds": 12.25}]}
    files.write_json(tmp_path / "run.json", content)
    text = (tmp_path / "run.json").read_text(encoding="utf-8")
    assert json.loads(text) == content
    assert "步枪" in text
    assert text.count("\n") > 3
    assert text.endswith("}\n")


def test_json_has_a_line_for_each_item_of_the_lists_that_are_named(tmp_path):
    content = {"a": {"epochs": []}, "epochs": [{"at": 0, "name": "枪\n"}, {"at": 1}], "none": []}
    files.write_json(tmp_path / "run.json", content, one_per_line=["epochs", "none", "missing"])
    text = (tmp_path / "run.json").read_text(encoding="utf-8")
    assert text.splitlines()[4:8] == [
        '  "epochs": [', '    {"at": 0, "name": "枪\\n"},', '    {"at": 1}', "  ],"
    ]  # fmt: skip
    assert list(json.loads(text)) == list(content)
    assert json.loads(text) == content


def test_a_folder_that_can_be_written_to_is_made_and_another_refused(tmp_path):
    files.refuse_unwritable(tmp_path / "a" / "b", "--log-dir")
    assert names(tmp_path / "a" / "b") == []
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot write to --log-dir"):
        files.refuse_unwritable(tmp_path / "file" / "below", "--log-dir")


def test_files_set_aside_lie_in_a_folder_named_after_the_time(tmp_path):
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("2")
    (tmp_path / "other").write_text("stays")
    assert files.set_aside([tmp_path / "missing"]) is None
    assert not (tmp_path / "replaced").exists()
    folder = files.set_aside([tmp_path / "a", tmp_path / "missing", tmp_path / "b"])
    assert folder.parent == tmp_path / "replaced"
    assert re.fullmatch(r"\d{8}-\d{6}", folder.name)
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"a": "1", "b": "2"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "replaced"]


def test_nothing_set_aside_before_is_overwritten(tmp_path):
    """Three times within a second, or so."""
    folders = []
    for content in ("first", "second", "third"):
        (tmp_path / "a").write_text(content)
        folders.append(files.set_aside([tmp_path / "a"]))
    assert [(folder / "a").read_text() for folder in folders] == ["first", "second", "third"]
    assert len(set(folders)) == 3


@pytest.mark.parametrize("read", [files.read_bytes, files.read_json])
def test_a_pipe_or_a_device_is_refused_at_once(tmp_path, read):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(OSError, match="not an ordinary file"):
            read(path)
    with pytest.raises(IsADirectoryError):
        read(tmp_path)


def test_json_that_is_nested_too_deeply_is_damaged_json(tmp_path):
    (tmp_path / "deep.json").write_text("[" * 200_000)
    with pytest.raises(ValueError, match="nested too deeply"):
        files.read_json(tmp_path / "deep.json")


HOLDING = """
import sys, time
from pathlib import Path
from paddle_aug.system.files import locked

with locked(Path(sys.argv[1])):
    print(flush=True)
    time.sleep(60)
"""


def test_a_lock_ends_with_its_process(tmp_path, importable):
    command = [sys.executable, "-c", HOLDING, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        with pytest.raises(UserError, match="wait"), files.locked(tmp_path / "lock", "wait"):
            pass
        process.kill()
    with files.locked(tmp_path / "lock", "wait"):
        assert names(tmp_path) == ["lock"]
    assert names(tmp_path) == []


WITHOUT_LOCKS = """
import sys, tempfile
from pathlib import Path
import numpy
sys.platform = "win32"
sys.modules["fcntl"] = None
from paddle_aug.system import files

with files.held(Path(sys.argv[1]), "--out", "wait"), files.held(Path(sys.argv[1]), "--out", "wait"):
    print(*Path(sys.argv[1]).iterdir())
"""


def test_on_windows_nothing_is_locked(tmp_path, importable):
    command = [sys.executable, "-c", WITHOUT_LOCKS, str(tmp_path / "out")]
    assert subprocess.check_output(command) == b"\n"
    assert names(tmp_path) == []


def test_of_processes_that_wait_for_a_lock_one_at_a_time_has_it(tmp_path):
    """Though each removes the file that the others have opened."""
    inside = []

    def enter():
        for _ in range(50):
            with files.locked(tmp_path / "lock"):
                inside.append(1)
                assert len(inside) == 1
                inside.pop()

    with ThreadPoolExecutor(4) as pool:
        for entered in [pool.submit(enter) for _ in range(4)]:
            entered.result()
    assert names(tmp_path) == []


@pytest.mark.parametrize("number", files.NO_LOCKS)
def test_on_a_drive_without_locks_work_goes_on(tmp_path, monkeypatch, number):
    def flock(descriptor, how):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.fcntl, "flock", flock)
    with files.locked(tmp_path / "lock", "wait"), files.locked(tmp_path / "lock", "wait"):
        pass
    assert names(tmp_path) == []


def test_a_folder_that_is_held_is_made_and_removed_if_it_stays_empty(tmp_path):
    folder = tmp_path / "a" / "b"
    with files.held(folder, "--out", "wait"):
        assert names(tmp_path) == [".lock", "a", "b"]
        with pytest.raises(UserError, match="wait"), files.held(folder, "--out", "wait"):
            pass
    assert names(tmp_path) == []
    folder.mkdir(parents=True)
    with files.held(folder, "--out", "wait"):
        pass
    assert names(tmp_path) == ["a", "b"]
    refused = pytest.raises(UserError, match="cannot write to --out /proc/none")
    with refused, files.held(Path("/proc/none"), "--out", "wait"):
        pass


def fill(folder):
    """As drawing and unpacking do."""
    for name in "ab":
        (folder / "deep").mkdir(exist_ok=True)
        (folder / "deep" / name).write_text(name)


def test_a_folder_is_made_once_by_whoever_of_several_comes_first(tmp_path):
    fillings = []

    def make(_):
        files.make_folder(
            tmp_path / "up" / "made", lambda folder: (fillings.append(1), fill(folder))
        )
        return names(tmp_path / "up" / "made")

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(make, range(8))) == [["a", "b", "deep"]] * 8
    assert len(fillings) == 1
    assert [path.name for path in (tmp_path / "up").iterdir()] == ["made"]


def test_a_folder_whose_making_ends_early_is_not_there_and_the_next_call_makes_it(
    tmp_path, importable
):
    program = """
import os, signal, sys
from pathlib import Path
from paddle_aug.system.files import make_folder

def half(folder):
    (folder / "c").touch()
    os.kill(os.getpid(), signal.SIGKILL)

make_folder(Path(sys.argv[1]), half)
"""
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path / "up" / "made")])
    assert ended.returncode == -signal.SIGKILL
    assert not (tmp_path / "up" / "made").exists()
    with pytest.raises(FileExistsError):
        files.make_folder(tmp_path / "up" / "made", lambda folder: folder.mkdir())
    assert list((tmp_path / "up").iterdir()) == []
    files.make_folder(tmp_path / "up" / "made", fill)
    assert names(tmp_path) == ["a", "b", "deep", "made", "up"]


@pytest.mark.parametrize(
    ("given", "folders"),
    [
        (["llama", "a/b", "..", "Ibis", "ibis", "美洲驼"],
         ["llama", "a_b", "2_", "3_Ibis", "4_ibis", "美洲驼"]),
        (["a", "A", "0_a"], ["0_a", "1_A", "2_0_a"]),
    ],
)  # fmt: skip
def test_folders_have_names_for_any_system_and_are_never_shared(given, folders):
    assert files.folder_names(given) == folders
