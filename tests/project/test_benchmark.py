"""The benchmark: who is asked when, what is measured, and the page that is made of it."""

import argparse
import importlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from benchmarks import docs, parity, soak, turns
from benchmarks.peers import contender, loading, ours, worker
from in_process import run_tool
from made_data import write_dataset

from paddle_aug.augment.modes import NOTEBOOK_MODES, OPS, augmentation
from paddle_aug.errors import UserError
from paddle_aug.rng import generator, seeded_globals

TOOLS = Path(__file__).parent.parent.parent / "tools"
SIZE = 24


@pytest.fixture(autouse=True)
def global_generators():
    """Other libraries draw from the global generators; put them back."""
    with seeded_globals(0):
        yield


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder of three pictures, one of them in a folder of its own."""
    folder = tmp_path_factory.mktemp("photos")
    (folder / "deeper").mkdir()
    for index, name in enumerate(("a.png", "b.png", "deeper/c.PNG")):
        pixels = generator(index, "drawing").integers(0, 256, (5, 7, 3)).astype(np.uint8)
        cv2.imwrite(str(folder / name), cv2.resize(pixels, (60, 50)))
    return folder


@pytest.fixture(scope="module")
def image():
    return generator(9, "drawing").integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8)


@pytest.fixture
def report(tmp_path):
    """Runs a command of the benchmark; returns the JSON that it writes and what it prints."""

    def run(*arguments):
        command = [sys.executable, TOOLS / "benchmark.py", *arguments, "--json", "report.json"]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        return json.loads((tmp_path / "report.json").read_text()), ended.stdout

    return run


def test_every_op_of_the_package_is_measured_and_told_on_the_page():
    assert {name.split(", ")[0] for name in ours.SPECS} == set(OPS)
    assert set(docs.KERNELS) == set(OPS)
    assert {"none", *ours.MODES} == set(NOTEBOOK_MODES)


@pytest.mark.parametrize("peer", ["notebook", "imgaug", "paddle_cv2", "paddle_pil"])
def test_what_a_peer_does_is_named_as_with_us_and_changes_an_image(image, peer):
    if peer.startswith("paddle"):
        pytest.importorskip("paddle")
    our_subjects = ours.subjects(SIZE)
    made = importlib.import_module(f"benchmarks.peers.{peer}")
    subjects = made.subjects(SIZE)
    assert subjects
    assert set(subjects) <= set(our_subjects)
    for name, subject in subjects.items():
        given = made.convert(image) if hasattr(made, "convert") else image
        results = [np.asarray(subject(given)) for _ in range(12)]
        shape = our_subjects[name](image).shape
        assert {(each.shape, each.dtype.name) for each in results} == {(shape, "uint8")}
        assert not all(np.array_equal(each, image) for each in results), name


def test_an_op_is_measured_with_the_notebooks_parameters():
    """The specs against the ops of the modes themselves, by what they print."""
    printed = f"{augmentation('userDef')} {augmentation('imgaugLib')}"
    # Alone they are applied always; and what has a part of its range in its name has only that.
    for name in set(ours.NOTEBOOK_SPECS) - {"hflip", "vflip", "invert"}:
        if ", " in name:
            continue
        assert repr(augmentation(ours.NOTEBOOK_SPECS[name])) in printed, name


def test_processor_time_is_measured_and_not_waiting(monkeypatch):
    """By a clock of its own: libraries that other tests imported may keep threads busy here."""
    spent = iter([5_000_000, 7_000_000, 7_000_000, 10_500_000])
    monkeypatch.setattr(worker.time, "process_time_ns", lambda: next(spent))
    calls = []
    assert worker.timed(calls.append, ["a"], 2) == [2.0, 3.5]
    assert calls == ["a", "a"]
    monkeypatch.undo()
    worker.timed(calls.append, ["b", "c", "d"], 4)
    assert calls[2:] == ["b", "c", "d", "b"], "calls go round the images"


class Actor:
    """A contender whose times are known beforehand; `asked` is what all of them were asked."""

    asked: list

    def __init__(self, name, subjects, ms, asked):
        self.name, self.subjects, self.rounds, self.asked = name, subjects, iter(ms), asked

    def ms(self, subject, size, calls):
        self.asked.append((self.name, subject, calls))
        return [next(self.rounds)] * calls


def test_they_take_turns_after_each_start_and_the_ratio_is_that_of_the_means():
    asked, starts = [], []
    # The first two numbers of each are not measured: how long a call takes, and warming up.
    for our_ms, slow_ms in (([1, 2], [10, 10]), ([3, 6], [30, 70])):
        actors = [
            Actor("ours", ["flip"], [100, 99, *our_ms], asked),
            Actor("slow", ["flip"], [20, 99, *slow_ms], asked),
            Actor("other", ["turn"], [], asked),
        ]
        starts.append(turns.take_turns("flip", 32, actors[0], actors[1:], 2, 8, of_modes=False))
    (row,) = turns.compare("flip", 32, starts)
    assert row.pop("interval")[0] < 10
    assert row == {
        "name": "flip",
        "size": 32,
        "ours_ms": 3,
        "against": "slow",
        "against_ms": 30,
        "ratio": 10,
        "start_ratios": pytest.approx([10 / 1.5, 50 / 4.5]),
    }
    # 200 ms a turn, but four calls at least, and each of the eight images once.
    each_round = [("ours", "flip", 4), ("slow", "flip", 8)]
    assert asked[0:4:2] == [("ours", "flip", 5), ("slow", "flip", 5)]
    assert asked[4:8] == each_round * 2


def test_the_interval_of_a_ratio_holds_it_in_95_of_100_runs_however_starts_differ():
    """Runs of five starts that differ by 10 %, of ten rounds that differ by as much."""
    interval, draws, held = turns.interval, generator(3, "drawing"), 0
    for _ in range(2000):
        ours_ms, theirs_ms = np.exp(
            0.07 * draws.standard_normal((2, 5, 1)) + 0.07 * draws.standard_normal((2, 5, 10))
        )
        low, high = interval(8 * theirs_ms, ours_ms)
        held += low < 8 < high
    assert 0.935 < held / 2000 < 0.965  # 0.95 to within three standard errors
    assert interval(np.full((2, 3), 8.0), np.ones((2, 3))) == [8, 8]


def test_of_a_mode_each_image_is_taken_however_slow_and_the_tail_is_told():
    asked = []
    names = ["allab", "allab: drawing"]
    actor = Actor("ours", names, [900, 900, 1, 2, 0.25, 0.5], asked)
    notebook = Actor("notebook", ["allab"], [900, 900, 30, 40], asked)
    times = turns.take_turns("allab", 32, actor, [notebook], 2, 8, of_modes=True)
    (row,) = turns.compare("allab", 32, [times, times])
    assert {calls for _, _, calls in asked[4:8]} == {8}
    assert (row["ours_p99_ms"], row["against_p99_ms"], row["p99_ratio"]) == (2, 40, 20)
    assert (row["drawing_ms"], row["tiny_ms"]) == (0.25, 0.5)


def test_each_start_draws_what_no_other_does():
    """Or the mode would be measured by the same few hundred images after each."""
    command = [sys.executable, "-c", "from benchmarks.peers.ours import SEED; print(SEED)"]
    seeds = [subprocess.check_output(command, cwd=TOOLS) for _ in range(2)]
    assert seeds[0] != seeds[1]


def test_a_peer_that_dies_is_named(tmp_path, capfd):
    file = tmp_path / "pictures.npz"
    np.savez(file, **{str(SIZE): np.zeros((1, SIZE, SIZE, 3), np.uint8)})
    with pytest.raises(UserError, match="benchmark: nobody died at its start; see above"):
        contender.Contender(contender.Peer("no_such", "nobody", "no_such"), sys.executable, file)
    with (
        contender.Contender(contender.FLOOR, sys.executable, file) as floor,
        pytest.raises(UserError, match="floor died at dance at 24 px"),
    ):
        floor.ms("dance", SIZE, 1)
    assert "KeyError: 'dance'" in capfd.readouterr().err


def test_a_peer_that_is_not_installed_is_left_out_and_named(capsys):
    peer = contender.Peer("no_such", "nobody", "no_such")
    assert contender.python_of(peer, None) is None
    assert capsys.readouterr().err == "nobody: not installed, left out\n"


@pytest.mark.slow
def test_a_peer_with_requirements_gets_an_environment_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(contender, "HERE", tmp_path)
    (tmp_path / "nobody.txt").write_text("# nothing\n")
    python = contender.python_of(contender.Peer("nobody", "nobody", "cv2"), tmp_path / "peers")
    asked = [python, "-c", "import sys; print(sys.prefix); import cv2"]
    ended = subprocess.run(asked, capture_output=True, text=True)
    assert Path(ended.stdout.strip()) == tmp_path / "peers" / "nobody"
    assert "No module named 'cv2'" in ended.stderr


@pytest.mark.slow
def test_ops_writes_rows_the_machine_and_the_versions(photos, report):
    options = ["--only", "flip", "median_blur", "--against", "notebook", "imgaug", "--starts", "2"]
    options += ["--sizes", "24,16", "--repeats", "1", "--images", photos]
    facts, printed = report("ops", *options)
    compared = [(row["size"], row["name"], row["against"]) for row in facts["rows"]]
    assert compared == [
        (24, "flip", "notebook"),
        (24, "median_blur", "imgaug"),
        (16, "flip", "notebook"),
        (16, "median_blur", "imgaug"),
    ]
    for row in facts["rows"]:
        assert row["ratio"] == pytest.approx(row["against_ms"] / row["ours_ms"])
        assert len(row["start_ratios"]) == facts["starts"] == 2
    assert {row["size"] for row in facts["floor"]} == {24, 16}
    assert min(row["ms"] for row in facts["floor"]) > 0
    assert facts["versions"]["ours"]["numpy"] == np.__version__
    assert facts["versions"]["imgaug"] == {"imgaug": "0.4.0"}
    assert "one thread" in facts["machine"]
    assert facts["pictures"] == f"3 of {photos.name}/"
    assert "median_blur" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ops", "--only", "flop"], "invalid choice: 'flop'"),
        (["modes", "--against", "imgaug"], "invalid choice: 'imgaug'"),
        (["modes", "--starts", "1"], "--starts wants 2 or more: the interval comes from"),
        (["parity", "--images", "."], "no pictures in there; give a folder of photos"),
        (
            ["docs", ".", "--output", "pages"],
            "no modes.json; write it with tools/benchmark.py modes",
        ),
    ],
)
def test_mistakes_end_with_a_message_and_code_2(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cv2, "setNumThreads", lambda number: None)  # of this process
    assert run_tool("benchmark.py", *arguments, monkeypatch=monkeypatch) == 2
    assert list(tmp_path.iterdir()) == []
    assert message in capsys.readouterr().err


def test_parity_finds_equal_bytes_where_they_are_and_one_level_where_it_is(monkeypatch):
    # Square, as all images here; 32 px, since the smallest grids of imgaug want some room.
    image = generator(9, "drawing").integers(0, 255, (32, 32, 3)).astype(np.uint8)
    _, rows = parity.parity([image])
    found = {row["name"].split(", ")[0]: row for row in rows}
    assert set(found) == set(OPS)
    for name in ("hflip", "crop", "add", "multiply", "median_blur", "dropout", "grayscale"):
        assert (found[name]["identical"], found[name]["max"], found[name]["mean"]) == (1, 0, 0)

    def off_by_one(op, image, params):
        theirs = image[:, ::-1].astype(int)
        theirs[0, 0, 0] += 1
        return theirs

    monkeypatch.setitem(parity.ORACLES, "hflip", ("a wrong flip", off_by_one))
    (row,) = parity.compare("hflip", [image])
    assert (row["identical"], row["max"], row["mean"]) == (1 - 1 / 3072, 1, 1 / 3072)


def test_the_pages_are_what_their_figures_make(repository):
    pages = docs.pages(repository / "docs" / "benchmark")
    for name, made in pages.items():
        assert made == (repository / "docs" / name).read_text(encoding="utf-8"), name
    made = pages["kernels.md"]
    assert {op for op in OPS if f"\n| {op} |" not in made and f"\n| {op}, " not in made} == set()
    timed = json.loads((repository / "docs" / "benchmark" / "ops.json").read_text())["rows"]
    timed = {row["name"].partition(",")[0] for row in timed}
    alone = {"channel_shift", "hide_and_seek"}
    assert {op for op in OPS if op not in timed} == alone, "which nobody else has"
    assert "not explained" not in made, "FASTER in tools/benchmarks/docs.py says why another is"


@pytest.mark.slow
def test_loader_measures_ours_against_the_notebooks_reader(photos, report):
    options = ["--images", photos, "--size", "24", "--batch-size", "2", "--repeats", "1"]
    # No workers: paddle.io's, forked beside ours, were seen to hang.
    options += ["--workers", "0", "--only", "none"]
    facts, _ = report("loader", *options)
    names = [(row["name"], row["against"]) for row in facts["rows"]]
    assert names == [
        ("none, 0 workers, cache ram", "notebook"),
        ("none, 0 workers, cache off", "notebook"),
    ]
    for row in facts["rows"]:
        assert row["ratio"] == pytest.approx(row["images_per_s"] / row["against_images_per_s"])
        assert min(row["memory_mb"]) > 10
    assert "augment, none" in {part["name"] for part in facts["parts"]}


@pytest.mark.parametrize("loader", ["ours", "paddle.io"])
def test_the_loaders_give_each_image_of_the_jitter_job_once(photos, loader):
    files = sorted(str(file) for file in photos.rglob("*.[pP][nN][gG]"))
    job = contender.Job(loader, contender.JITTER, files, SIZE, 2, 0, "off", 1)
    batches = [batch.shape for batch in loading.LOADERS[loader](job)(0)]
    pixels = [SIZE, SIZE, 3] if loader == "ours" else [3, SIZE, SIZE]
    # Of ours a last batch of one joins the batch before.
    counts = [3] if loader == "ours" else [2, 1]
    assert batches == [[count, *pixels] for count in counts]


@pytest.mark.slow
def test_train_measures_epochs_of_a_recipe(tmp_path, report):
    write_dataset(tmp_path / "made")
    options = ["--data", tmp_path / "made", "--recipe", "sample", "--repeats", "1"]
    facts, _ = report("train", *options, "--workers", "0")
    (row,) = facts["rows"]
    assert row["name"] == "sample, userDef, 0 workers"
    assert row["step_ms"] > 0
    assert 0 <= row["data_wait"] < 1
    assert row["peak_memory_mb"] > 50


SECONDS = [float(second) for second in range(0, 5000, 5)]


def test_growth_is_the_slope_by_the_day_with_the_interval_that_holds_it():
    """A leak of 1 MB an hour under noise of 20 MB, whose readings are alike for a minute each."""
    held = 0
    for number in range(200):
        rng = generator(number, "drawing")
        noise = np.repeat(rng.normal(0, 20, len(SECONDS) // 10), 10)
        row = soak.growth("pss_mb", SECONDS, (100 + np.array(SECONDS) / 3600 + noise).tolist())
        low, high = row["interval"]
        held += low <= 24 <= high
        assert row["per_24_h"] == pytest.approx((low + high) / 2)
    assert 180 <= held <= 198, "of 200 intervals that hold it with 95 %"


def test_what_stays_the_same_does_not_grow_and_the_warming_up_does_not_count():
    row = soak.growth("files", SECONDS, [s if s < SECONDS[-1] / 5 else 70.0 for s in SECONDS])
    assert (row["begin"], row["end"], row["most"]) == (70, 70, 70)
    assert [row["per_24_h"], *row["interval"]] == pytest.approx([0, 0, 0], abs=1e-6)
    with pytest.raises(UserError, match="12 readings of files are too few for 20 means, as the f"):
        soak.growth("files", SECONDS[:12], [1.0] * 12)


HOLDER = """
import multiprocessing, threading, time
import numpy as np
from paddle_aug.system.shared_memory import SharedArray

def hold(shared, ready):
    shared.array[:] += 1
    ready.set()
    time.sleep(3600)

if __name__ == "__main__":
    spawn = multiprocessing.get_context("spawn")
    shared, ready = SharedArray((50 * 10**6,)), spawn.Event()
    spawn.Process(target=hold, args=(shared, ready), daemon=True).start()
    ready.wait()
    input("ready\\n")
    own = np.ones(30 * 10**6, np.uint8)
    files = [open("/dev/null") for _ in range(7)]
    for _ in files:
        threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
    input("ready\\n")
"""


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="Linux alone has it")
def test_a_reading_is_of_a_process_and_its_workers_and_counts_shared_memory_once(tmp_path):
    (tmp_path / "holder.py").write_text(HOLDER)
    command = [sys.executable, tmp_path / "holder.py"]
    environment = os.environ | {"PYTHONPATH": str(TOOLS.parent)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
    with subprocess.Popen(command, env=environment, **pipes) as process:
        process.stdout.readline()
        few = soak.reading(soak.family(process.pid))
        process.stdin.write(b"\n")
        process.stdout.readline()
        many = soak.reading(soak.family(process.pid))
    assert set(soak.reading([process.pid]).values()) == {0}, "a process that is gone"
    assert few["processes"] == many["processes"] == 3, "itself, its child, and their tracker"
    assert (many["files"] - few["files"], many["threads"] - few["threads"]) == (7, 7)
    assert few["shared_mb"] == pytest.approx(50, abs=3)
    assert many["uss_mb"] - few["uss_mb"] == pytest.approx(30, abs=4)
    assert many["anonymous_mb"] - few["anonymous_mb"] == pytest.approx(30, abs=4)
    assert few["pss_mb"] > few["shared_mb"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="Linux alone has it")
def test_soak_trains_reads_and_ends_all_that_it_started(tmp_path, monkeypatch):
    monkeypatch.setattr(soak, "EVERY", 0.3)
    monkeypatch.setattr(soak, "BLOCKS", 3)
    write_dataset(tmp_path / "made", train=2, evaluate=1)
    options = argparse.Namespace(recipe="sample", augment="none", minutes=0.1)
    pids, reading = set(), soak.reading
    monkeypatch.setattr(soak, "reading", lambda found: pids.update(found) or reading(found))
    report = soak.soak(tmp_path / "made", options, tmp_path)
    assert report["epochs"] > 0
    assert report["images"] == 6 * report["epochs"]
    assert [row["name"] for row in report["rows"]] == [
        "anonymous_mb", "pss_mb", "uss_mb", "shared_mb", "files", "threads", "processes",
    ]  # fmt: skip
    assert all(
        len(values) == len(report["series"]["seconds"]) for values in report["series"].values()
    )
    assert len(pids) >= 3, "training, its worker, and their tracker"
    deadline = time.monotonic() + 300
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


@pytest.mark.slow
def test_training_that_cannot_go_on_ends_the_soak_with_a_message(tmp_path, monkeypatch):
    monkeypatch.setattr(soak, "EVERY", 0.1)
    options = argparse.Namespace(recipe="sample", augment="none", minutes=1)
    with pytest.raises(UserError, match="training ended before its time; see above"):
        soak.soak(tmp_path / "no folder", options, tmp_path)
