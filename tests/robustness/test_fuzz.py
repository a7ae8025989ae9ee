"""Cases of bad input, by default the same few in each run.

A thousand of each kind, and other ones in each run, with

    python -m pytest tests/robustness/test_fuzz.py -k each_case --fuzz 1000
"""

import shutil
import tempfile
from collections import Counter
from pathlib import Path

import fuzz_data
import fuzz_images
import fuzz_texts
import fuzz_weights
import pytest
from fuzz import Attempt, judge
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddle_aug.errors import UserError

KINDS = fuzz_data.KINDS | fuzz_images.KINDS | fuzz_texts.KINDS | fuzz_weights.KINDS


@pytest.mark.filterwarnings("ignore")  # libraries that would rather not write such files
@pytest.mark.parametrize("name", KINDS)
def test_each_case_is_accepted_or_refused_with_one_clear_message(
    name, tmp_path, request, monkeypatch
):
    """The folders of broken cases are kept."""
    monkeypatch.chdir(tmp_path)
    cases, ends = request.config.getoption("--fuzz"), Counter()

    @settings(
        max_examples=cases or 30, derandomize=not cases, database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.data())
    def run_case(data):
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        attempt = KINDS[name](data.draw, folder)
        ends["accepted" if judge(attempt, folder) is None else "refused"] += 1
        shutil.rmtree(folder)

    run_case()
    print(f"{name}: {dict(ends)}")


def refuse(message: str) -> None:
    raise UserError(message)


@pytest.mark.parametrize(
    ("run", "fault"),
    [
        (lambda: {}["x"], "'x'"),
        (lambda: refuse("it is wrong"), "mentions none of"),
        (lambda: refuse("file.txt\n" * 99), "a message of 99 lines"),
        (lambda: Path("new").touch(), "outside"),
        (lambda: Path("there").write_text("changed"), "outside"),
    ],
)
def test_a_broken_case_is_found(tmp_path, monkeypatch, run, fault):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").touch()
    with pytest.raises((AssertionError, KeyError), match=fault):
        judge(Attempt(run, ("file.txt",)), tmp_path)
