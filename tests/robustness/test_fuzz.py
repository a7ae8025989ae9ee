"""Cases of bad input, by default the same few in each run, and what fuzz.py calls broken.

A thousand of each kind, and other ones in each run, with

    python -m pytest tests/robustness/test_fuzz.py -k each_case --fuzz 1000
"""

import contextlib
import itertools
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import fuzz_data
import fuzz_images
import fuzz_texts
import fuzz_weights
import numpy as np
import pytest
from fuzz import QUIET, Attempt, Broken, case, fault_of, judge, judge_command
from fuzz_images import MODES, saved
from hypothesis import Phase, event, find, given, settings
from hypothesis import strategies as st

from paddle_aug.data.image import UnreadableImage, decode_image
from paddle_aug.errors import UserError

KINDS = fuzz_data.KINDS | fuzz_images.KINDS | fuzz_texts.KINDS | fuzz_weights.KINDS
BY_COMMAND = 100  # one case in so many runs by the real command line, too


@pytest.mark.parametrize("name", KINDS)
def test_each_case_is_accepted_or_refused_with_one_clear_message(name, tmp_path, request):
    """The folders of broken cases are kept."""
    cases, numbers = request.config.getoption("--fuzz"), itertools.count(1)

    @settings(max_examples=cases or 30, derandomize=not cases, **QUIET)
    @given(st.data())
    def run_case(data):
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        attempt = case(KINDS[name], data.draw, folder)
        event("accepted" if judge(attempt, folder) is None else "refused")
        if attempt.command and next(numbers) % BY_COMMAND == 0:
            judge_command(attempt, folder)
        shutil.rmtree(folder)

    run_case()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lists", "curves", "weights"])
def test_the_command_line_refuses_what_is_refused_with_code_2(name, tmp_path):
    cases: list[tuple[Attempt, Path]] = []

    def is_refused(data) -> bool:
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        cases.append((case(KINDS[name], data.draw, folder), folder))
        return judge(*cases[-1]) is not None

    first = settings(derandomize=True, max_examples=100, phases=(Phase.generate,), **QUIET)
    find(st.data(), is_refused, settings=first)
    assert judge_command(*cases[-1]) == 2


@pytest.mark.parametrize(
    ("format", "mode"),
    [(f, mode) for f, modes in MODES.items() for mode in modes if mode not in ("F", "I")],
)
def test_an_image_cut_at_any_length_is_whole_or_refused(format, mode):
    content = saved(format, mode, 1, "none")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks on damaged files
        shape = decode_image(content, "whole").shape
        for length in range(len(content)):
            with contextlib.suppress(UnreadableImage):
                assert decode_image(content[:length], "cut").shape == shape


def refuse(message: str) -> None:
    raise UserError(message)


def refuse_anything() -> None:
    try:
        time.sleep(60)
    except Exception:  # as a careless reader would
        refuse("file.txt is damaged")


def test_success_and_a_clear_refusal_are_told_apart(tmp_path):
    assert judge(Attempt(lambda: None, ("x",)), tmp_path) is None
    refusal = Attempt(lambda: refuse("list.txt:3: no label"), ("list.txt",))
    assert judge(refusal, tmp_path) == "list.txt:3: no label"


@pytest.mark.parametrize(
    ("run", "fault"),
    [
        (lambda: {}["x"], "KeyError"),
        (lambda: sys.exit(2), "SystemExit"),
        (lambda: refuse(""), "not clear, it is empty"),
        (lambda: refuse("it is wrong"), "not clear, it mentions none of file.txt"),
        (refuse_anything, "took more than"),
        (lambda: np.ones(2**31), "MemoryError"),
        (lambda: subprocess.run([sys.executable, "-c", ""], check=True), "did subprocess.Popen"),
    ],
)
def test_any_other_end_is_broken(tmp_path, run, fault):
    with pytest.raises(Broken, match=fault):
        judge(Attempt(run, ("file.txt",)), tmp_path, seconds=2)


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
    assert judge(Attempt(lambda: Path("inside").touch(), ("x",)), tmp_path) is None
    assert (tmp_path / "out" / "inside").exists()


@pytest.mark.parametrize(
    "message",
    ["x: \x1b[2J", "x: \u202egnp", "x: \udc80", "x" * 2000, "x\n" * 90, "x\nTraceback (most rec"],
)
def test_a_message_that_no_terminal_should_get_is_unclear(message):
    assert fault_of(message, ("x",))
    assert fault_of(message.replace("x", "y")[:50], ("x",))
