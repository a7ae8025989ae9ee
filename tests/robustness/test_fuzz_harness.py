"""What fuzz.py finds: each way in which a case may end that is neither success nor a clear
refusal, shown by a case that does."""

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from fuzz import Attempt, Broken, Kind, collected, forked, judge, plan, run_chunk, table, unclear
from hypothesis import strategies as st

from paddle_aug.errors import UserError


def refuse(message: str) -> None:
    raise UserError(message)


def started_program() -> None:
    subprocess.run([sys.executable, "-c", ""], check=True)


def busy() -> None:
    while True:
        pass


def swallowing() -> None:
    try:
        time.sleep(9)
    except Exception:  # as a careless reader would
        refuse("file.txt is damaged")


def test_success_and_a_clear_refusal_are_told_apart(tmp_path):
    assert judge(Attempt(lambda: None, ("x",)), tmp_path).message is None
    refusal = Attempt(lambda: refuse("list.txt:3: no label"), ("list.txt",))
    assert judge(refusal, tmp_path).message == "list.txt:3: no label"


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (lambda: {}["x"], "KeyError"),
        (lambda: sys.exit(2), "SystemExit"),
        (lambda: refuse(""), "not clear, it is empty"),
        (lambda: refuse("it is wrong"), "not clear, it names none of file.txt"),
        (lambda: time.sleep(9), "took more than"),
        (swallowing, "took more than"),
        (busy, "took more than"),
        (lambda: np.ones(2**31), "MemoryError"),
        (started_program, "did subprocess.Popen"),
    ],
)
def test_any_other_end_is_broken(tmp_path, run, told):
    with pytest.raises(Broken, match=told):
        judge(Attempt(run, ("file.txt",)), tmp_path, seconds=0.4, wait=0.8)


def test_more_memory_than_allowed_is_broken_though_it_was_given_back(tmp_path):
    with pytest.raises(Broken, match=r"took 1\d\d MiB"):
        judge(Attempt(lambda: np.ones(2**24).sum(), ("x",)), tmp_path, most=2**26)


@pytest.mark.parametrize(
    "write",
    [
        lambda folder: (folder / "new").touch(),
        lambda folder: (folder / "new").mkdir(),
        lambda folder: (folder / "there").unlink(),
        lambda folder: (folder / "there").rename(folder / "out" / "there"),
        lambda folder: (folder / "new").symlink_to("there"),
        lambda folder: (folder / "out" / "up" / "new").write_text("by a link"),
    ],
)
def test_a_write_outside_the_output_folder_is_broken(tmp_path, write):
    (tmp_path / "there").touch()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "up").symlink_to("..")
    with pytest.raises(Broken, match="did o"):
        judge(Attempt(lambda: write(tmp_path), ("x",)), tmp_path)
    assert judge(Attempt(lambda: Path("inside").touch(), ("x",)), tmp_path).message is None
    assert (tmp_path / "out" / "inside").exists()


@pytest.mark.parametrize(
    "message",
    [
        "x: \x1b[2J",
        "x: \u202egnp",
        "x: \udc80",
        "x" * 2000,
        "x\n" * 90,
        "x\nTraceback (most recent",
    ],
)
def test_a_message_that_no_terminal_should_be_given_is_unclear(message):
    assert unclear(message, ("x",))
    assert unclear(message.replace("x", "y")[:50], ("x",))


def test_of_a_process_that_dies_the_case_is_told(tmp_path):
    def make(draw, folder):
        draw(st.integers())
        return Attempt(os.abort, ("x",))

    kind = Kind(make, 1)
    pid = forked(lambda here: run_chunk("deadly", kind, 7, 3, here, here / "note"), tmp_path)
    _, status = os.waitpid(pid, 0)
    ((_, told, _),) = collected(tmp_path, os.waitstatus_to_exitcode(status))["broken"]
    assert "deadly --seed 7, case 1 ended the process (-6)" in told


def test_cases_are_planned_by_their_shares_with_seeds_of_their_own():
    chosen = {"many": Kind(None, 9), "few": Kind(None, 1)}
    chunks = plan(chosen, 1000, 2)
    counts = Counter()
    for name, _, count in chunks:
        counts[name] += count
    assert counts == {"many": 900, "few": 100}
    assert len({seed for _, seed, _ in chunks}) == len(chunks)
    assert {name for name, _, _ in chunks[:9]} == {"many", "few"}, "spread over the run"


def test_the_table_has_a_line_a_kind_and_one_for_all():
    told = {"a": Counter(taken=3, refused=4, **{"exit 2": 1}), "b": Counter(taken=1)}
    most = {"a": Counter(seconds=0.25, bytes=2**21), "b": Counter(seconds=0.5)}
    lines = table(told, most, Counter(b=1)).split("\n")
    assert lines[2] == "| a | 7 | 3 | 4 | 0 | 0, 0, 1 | 0.2 | 2 |"
    assert lines[-1] == "| all | 9 | 4 | 4 | 1 | 0, 0, 1 | 0.5 | 2 |"
