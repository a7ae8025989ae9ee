"""A set that several processes make is the one that a single process makes, whoever dies."""

import json
import os
import runpy
import subprocess
import sys
import time
from pathlib import Path

import pytest
from made_data import write_dataset

from paddle_aug.config import TrainConfig
from paddle_aug.errors import UserError
from paddle_aug.export import dataset as module
from paddle_aug.export.dataset import Export, export, verify
from paddle_aug.system import processes
from paddle_aug.system.processes import Alive, Shard, cores

TOOL = Path(__file__).parent.parent.parent / "tools" / "export.py"


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("data") / "photos", train=5, evaluate=2)


@pytest.fixture
def wanted(photos):
    return Export(TrainConfig(augment="userDef", data=str(photos), image_size=24), copies=2)


@pytest.fixture
def straight(tmp_path, wanted):
    export(wanted, tmp_path / "straight")
    return contents(tmp_path / "straight")


def contents(folder):
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def paths_of(part):
    return [json.loads(line)["path"] for line in part.read_text().splitlines()[1:]]


def dying_after(monkeypatch, files):
    """Have the maker fail as a killed process would, when it has made so many files."""
    make, made = module._Maker.make, []

    def failing(self, items):
        if len(made) >= files:
            raise KeyboardInterrupt
        made.extend(items)
        return make(self, items)

    monkeypatch.setattr(module._Maker, "make", failing)


def test_each_process_makes_its_part_and_the_first_one_finishes(tmp_path, wanted, straight):
    out = tmp_path / "out"
    for rank in (1, 2):
        assert export(wanted, out, shard=Shard(rank, 3)) == 36
    parts = sorted(out.glob(".manifest.*"))
    assert [part.name for part in parts] == [".manifest.1-of-3.part", ".manifest.2-of-3.part"]
    one, two = map(paths_of, parts)
    assert len(one) == len(two) == 12
    assert not {*one} & {*two}
    assert not (out / "Train.txt").exists()
    export(wanted, out, shard=Shard(0, 3))
    assert contents(out) == straight


def test_two_processes_at_the_same_time_make_the_same_set(tmp_path, photos, straight):
    out = tmp_path / "out"
    command = [sys.executable, str(TOOL), "--data", str(photos), "--augment", "userDef"]
    command += ["--copies", "2", "--image-size", "24", str(out)]
    started = [
        subprocess.Popen(
            command,
            env={**os.environ, "PADDLE_TRAINER_ID": str(rank), "PADDLE_TRAINERS_NUM": "2"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    said = [process.communicate(timeout=300)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0]
    assert contents(out) == straight
    assert said == [
        f"{out}: 36 images; python tools/train.py --data {out} trains on them\n",
        f"{out}: process 1 of 2 has made its part; the first one finishes the set\n",
    ]


@pytest.mark.slow
def test_the_launcher_of_paddle_starts_them(tmp_path, photos, straight):
    command = [sys.executable, "-m", "paddle.distributed.launch", "--nproc_per_node=2"]
    command += [str(TOOL), "--data", str(photos), "--augment", "userDef", "--copies", "2"]
    ended = subprocess.run(
        [*command, "--image-size", "24", "out"], cwd=tmp_path, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert contents(tmp_path / "out") == straight


def test_when_another_process_dies_the_first_one_says_so_and_any_number_goes_on(
    tmp_path, wanted, straight, monkeypatch
):
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        dying_after(patch, 5)
        with pytest.raises(KeyboardInterrupt):
            export(wanted, out, shard=Shard(1, 2))
        assert len(paths_of(out / ".manifest.1-of-2.part")) == 6
    monkeypatch.setattr(module, "PATIENCE", 0.3)
    with pytest.raises(UserError, match=r"lacks 11 files that other processes were to make"):
        export(wanted, out, shard=Shard(0, 2))
    assert not (out / "manifest.jsonl").exists()
    with pytest.raises(UserError, match="is not finished; the command that began it goes on"):
        verify(out)

    again = []
    make = module._Maker.make
    monkeypatch.setattr(
        module._Maker,
        "make",
        lambda self, items: again.extend(item.path for item in items) or make(self, items),
    )
    touched = paths_of(out / ".manifest.1-of-2.part")[0]
    (out / touched).write_bytes(b"touched")
    for rank in (1, 2, 0):
        export(wanted, out, shard=Shard(rank, 3))
    assert contents(out) == straight
    assert len(again) == len(set(again)) == 11 + 1
    assert touched in again


def test_when_the_first_process_dies_a_single_one_goes_on(tmp_path, wanted, straight, monkeypatch):
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        dying_after(patch, 4)
        with pytest.raises(KeyboardInterrupt):
            export(wanted, out, shard=Shard(0, 2))
    export(wanted, out, shard=Shard(1, 2))
    export(wanted, out)
    assert contents(out) == straight


def test_the_first_process_waits_for_one_that_begins_later(tmp_path, wanted, straight):
    out = tmp_path / "out"
    program = (
        "from paddle_aug.export.dataset import *; from paddle_aug.system.processes import Shard\n"
        "from paddle_aug.config import TrainConfig\n"
        f"wanted = {wanted!r}\n"
        f"export(wanted, {str(out)!r}, shard=Shard(0, 2))"
    )
    env = {**os.environ, "PYTHONPATH": f"{TOOL.parent.parent}:{os.environ.get('PYTHONPATH', '')}"}
    first = subprocess.Popen([sys.executable, "-c", program], env=env)
    part = out / ".manifest.0-of-2.part"
    while not (part.exists() and len(paths_of(part)) == 19):
        assert first.poll() is None
        time.sleep(0.05)
    assert not (out / "manifest.jsonl").exists()
    export(wanted, out, shard=Shard(1, 2))
    assert first.wait(60) == 0
    assert contents(out) == straight


def test_a_process_whose_part_is_there_leaves_no_trace(tmp_path, wanted, straight, capsys):
    out = tmp_path / "out"
    export(wanted, out, shard=Shard(1, 2))
    part = out / ".manifest.1-of-2.part"
    before = part.stat().st_mtime_ns
    export(wanted, out, shard=Shard(1, 2))
    assert part.stat().st_mtime_ns == before
    export(wanted, out, shard=Shard(0, 2))
    export(wanted, out, shard=Shard(1, 2))
    assert "is finished already" in capsys.readouterr().err
    assert contents(out) == straight


def test_another_set_is_not_mixed_into_one_that_is_under_way(tmp_path, photos, wanted):
    out = tmp_path / "out"
    export(wanted, out, shard=Shard(1, 2))
    other = Export(TrainConfig(augment="hflip", data=str(photos), image_size=24), copies=2)
    with pytest.raises(UserError, match="made with --augment userDef, not hflip"):
        export(other, out, shard=Shard(0, 2))


def test_verify_is_for_one_process(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PADDLE_TRAINERS_NUM", "2")
    monkeypatch.setattr(sys, "path", [str(TOOL.parent), *sys.path])
    monkeypatch.setattr(sys, "argv", [str(TOOL), "--verify", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(TOOL), run_name="__main__")
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "--verify runs in one process; leave paddle.distributed.launch away\n"
    )


def test_signs_of_life_go_on_until_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "BEAT", 0.01)
    file = tmp_path / "part"
    file.touch()
    os.utime(file, (0, 0))
    with Alive(file) as alive:
        while file.stat().st_mtime == 0:
            time.sleep(0.005)
        file.unlink()
        alive.thread.join(30)
    assert not alive.thread.is_alive()
    assert not file.exists()


def test_processes_of_one_machine_share_its_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)))
    monkeypatch.delenv("PADDLE_LOCAL_SIZE", raising=False)
    assert cores() == 8
    monkeypatch.setenv("PADDLE_LOCAL_SIZE", "3")
    assert cores() == 2
    monkeypatch.setenv("PADDLE_LOCAL_SIZE", "9")
    assert cores() == 1
    assert module._workers(None, 49) == 0
    assert module._workers(None, 1000) == 1
    assert module._workers(4, 1) == 4
