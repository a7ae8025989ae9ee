"""Runs on a Ray cluster are those of this machine, whatever dies."""

import contextlib
import errno
import os
import pickle
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import cv2
import pytest
from in_process import TOOLS, refusal, run_tool
from same_run import assert_same_comparison, assert_same_search, contents

from paddle_aug.config import TrainConfig
from paddle_aug.errors import UserError
from paddle_aug.experiments import on_ray
from paddle_aug.export import dataset as export_dataset
from paddle_aug.system.cluster import INSTALL, Actor

RUN = (
    "--network", "lenet", "--image-size", "28", "--epochs", "4", "--batch-size", "6",
    "--device", "cpu", "--threads", "1",
)  # fmt: skip


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ("compare.py", ["--out"]),
        ("search.py", ["--out"]),
        ("export.py", ["--augment", "hflip", "--image-size", "16"]),
    ],
)
def test_without_ray_a_line_says_how_to_install_it(
    tool, words, photos, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "ray", None)
    words = ("--data", photos, "--on", "ray", *words, tmp_path)
    message = refusal(tool, *words, monkeypatch=monkeypatch, capsys=capsys)
    assert message.endswith(f"--on ray needs Ray: {INSTALL}\n")


@pytest.mark.parametrize("tool", ["compare.py", "search.py", "export.py"])
@pytest.mark.parametrize("where", ["slurm", "ray:host", "ray:10.0.0.1:port"])
def test_an_unknown_place_is_refused(tool, where, monkeypatch, capsys):
    message = refusal(tool, "--on", where, monkeypatch=monkeypatch, capsys=capsys)
    assert message.endswith(f"--on {where} is none of local, ray, ray:HOST:PORT\n")


def test_a_machine_that_does_not_see_the_folder_says_so(tmp_path):
    actor = Actor(os.getcwd(), None, None, tmp_path / "elsewhere" / "seen")
    refused = actor.do(None)
    assert f"does not see {tmp_path / 'elsewhere'};" in str(refused)


class FullDisk:
    def make(self, items):
        raise OSError(errno.ENOSPC, "No space left on device", items[0])


def test_a_full_disk_on_another_machine_is_handed_on(tmp_path, monkeypatch):
    monkeypatch.setattr(cv2, "setNumThreads", lambda number: None)  # of this process
    error = pickle.loads(pickle.dumps(export_dataset._make_chunk([["a.png"]], FullDisk())))
    assert (error.errno, error.filename) == (errno.ENOSPC, "a.png")


def test_runs_that_no_cluster_has_cores_for_are_refused():
    cluster = object.__new__(on_ray.RayCluster)
    cluster.ray = SimpleNamespace(cluster_resources=lambda: {"CPU": 4.0})
    cluster.per_gpu = 1
    assert cluster.devices(TrainConfig(threads=2), 9) == ["cpu"] * 2
    with pytest.raises(UserError, match="--threads 8: the Ray cluster has 4 cores"):
        cluster.devices(TrainConfig(threads=8))


@pytest.fixture
def cluster(repository):
    """The process of two machines, and the address of their cluster."""
    if not find_spec("ray"):
        pytest.skip("Ray is not installed")
    program = [sys.executable, repository / "tests" / "support" / "ray_cluster.py"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(program, **pipes) as process:
        yield process, process.stdout.readline().strip()
        process.communicate()


def kill_a_process(machines):
    """That of an actor of this cluster: other tests may have clusters of their own."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        pid = int(file.parent.name)
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            if file.read_bytes().startswith(b"ray::Actor") and machines.pid in ancestors(pid):
                os.kill(pid, signal.SIGKILL)
                return


def ancestors(pid):
    while pid:
        yield pid
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
        pid = int(stat.rpartition(")")[2].split()[1])


def take_a_machine_away(machines):
    machines.stdin.write("remove\n")
    machines.stdin.flush()


def on_cluster(tool, words, address, folder):
    program = [sys.executable, TOOLS / tool, *words, "--on", f"ray:{address}"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*map(str, program)], cwd=folder, **pipes)


@pytest.fixture
def disturbed(cluster, tmp_path, monkeypatch):
    """Runs a tool here and, from another folder, on the cluster, where something dies once there is
    such a file; returns the folders and what the second one said."""
    machines, address = cluster

    def run(tool, words, out, file, disturb):
        alone, together = tmp_path / "alone", tmp_path / "together"
        assert run_tool(tool, *words, *out, alone, monkeypatch=monkeypatch) == 0
        process = on_cluster(tool, [*words, *out, together], address, tmp_path)
        until(lambda: [*together.rglob(file)] or process.poll() is not None)
        disturb(machines)
        _, told = process.communicate(timeout=300)
        assert process.returncode == 0, told
        assert not [*together.glob(".seen-by-all-*")]
        return alone, together, told

    return run


@pytest.mark.slow
@pytest.mark.parametrize("disturb", [kill_a_process, take_a_machine_away])
def test_a_comparison_on_a_cluster_is_that_of_one_machine_whatever_dies(disturb, disturbed, photos):
    words = ("--data", photos, "--modes", "none,hflip", "--seeds", "2", *RUN)
    *folders, told = disturbed("compare.py", words, ["--out"], "*_run.json", disturb)
    assert "its process on the Ray cluster ended; beginning it again" in told
    assert_same_comparison(*folders)


@pytest.mark.slow
def test_a_search_on_a_cluster_is_that_of_one_machine(disturbed, photos):
    words = ("--data", photos, "--candidates", "3", "--against", "none", "--seeds", "2", *RUN)
    out = ("--budget", "1h", "--out")
    one, other, _ = disturbed("search.py", words, out, "rung-0/*/*_run.json", kill_a_process)
    assert_same_search(one, other)


@pytest.mark.slow
def test_an_export_by_a_cluster_has_the_bytes_of_one_machines(disturbed, photos):
    words = ("--data", photos, "--augment", "allab", "--copies", "50", "--image-size", "96")
    one, other, _ = disturbed("export.py", words, [], "*.png", take_a_machine_away)
    assert contents(one) == contents(other)


@pytest.mark.slow
def test_a_comparison_whose_cluster_restarts_is_continued_by_the_same_command(
    cluster, photos, tmp_path, monkeypatch
):
    machines, address = cluster
    alone, together = tmp_path / "alone", tmp_path / "together"
    words = ("--data", photos, "--modes", "none,hflip", "--seeds", "2", *RUN, "--epochs", "12")
    assert run_tool("compare.py", *words, "--out", alone, monkeypatch=monkeypatch) == 0
    words = (*words, "--out", together)
    ended = on_cluster("compare.py", words, address, tmp_path)
    until(lambda: [*together.rglob("*_run.json")])
    machines.stdin.write("restart\n")
    machines.stdin.flush()
    address = machines.stdout.readline().strip()
    told = ended.communicate(timeout=300)[1]
    assert ended.returncode != 0, told
    again = on_cluster("compare.py", words, address, tmp_path)
    told = again.communicate(timeout=300)[1]
    assert again.returncode == 0, told
    assert_same_comparison(alone, together)


def until(happens, seconds=120):
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.02)
