"""A share of fuzz.py, the same at each run: whatever a file holds, it is taken, or refused
with one clear message."""

import contextlib
import tempfile
import warnings
from pathlib import Path

import pytest
from fuzz import QUIET, Attempt, Broken, judge, judge_command, kinds
from fuzz_images import MODES, saved
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from paddle_aug.data.image import UnreadableImage, decode_image

KINDS = kinds()
CASES = {"large data": 3, "large images": 2}
USUAL = 30


@pytest.mark.parametrize("name", KINDS)
def test_each_case_is_taken_or_refused_with_one_clear_message(name):
    @settings(max_examples=CASES.get(name, USUAL), derandomize=True, **QUIET)
    @given(st.data())
    def one(data):
        with tempfile.TemporaryDirectory() as folder:
            judge(KINDS[name].made(data.draw, Path(folder)), Path(folder))

    one()


@pytest.mark.parametrize("name", ["lists", "curves", "weights"])
def test_the_command_line_refuses_what_is_refused_with_code_2(name, tmp_path):
    """By check (whose report tells of errors), plot and predict."""
    made: list[tuple[Attempt, Path]] = []

    def refused(data) -> bool:
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        attempt = KINDS[name].made(data.draw, folder)
        made.append((attempt, folder))
        return judge(attempt, folder).message is not None

    first = settings(derandomize=True, max_examples=100, phases=(Phase.generate,), **QUIET)
    find(st.data(), refused, settings=first)
    attempt, folder = made[-1]
    assert judge_command(attempt, folder)[0] == 2


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


def test_a_case_that_is_broken_is_shrunk_to_what_breaks_it(tmp_path):
    @settings(max_examples=200, derandomize=True, **QUIET)
    @given(st.integers(0, 1000))
    def one(number):
        def run():
            if number > 17:
                raise KeyError(number)

        judge(Attempt(run, ("",)), tmp_path)

    with pytest.raises(Broken, match="KeyError: 18"):
        one()
