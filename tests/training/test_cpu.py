"""The instructions that MKL is set to use, freed memory, and the name of the CPU."""

import os
import platform
import subprocess
import sys

import pytest

from paddle_aug.training.cpu import MKL_INSTRUCTIONS, cpu_model, use_fast_instructions

AMD = "vendor_id\t: AuthenticAMD\nflags\t\t: fpu sse2 avx avx2 bmi2\n"
AVX512 = AMD.replace("bmi2", "bmi2 avx512f avx512dq avx512cd avx512bw avx512vl")
INTEL = AVX512.replace("AuthenticAMD", "GenuineIntel")


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch):
    monkeypatch.setenv(MKL_INSTRUCTIONS, "")  # so that it is put back, or removed, afterwards
    monkeypatch.delenv(MKL_INSTRUCTIONS)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (AVX512, "7"),
        (AVX512.replace("avx512bw", ""), "5"),
        (AMD, "5"),
        (AMD.replace("avx2", "avx"), None),
        (INTEL, None),
        ("", None),
    ],
)
def test_mkl_uses_the_fastest_instructions_of_amd_that_it_knows(tmp_path, text, value):
    (tmp_path / "cpuinfo").write_text(text)
    assert use_fast_instructions(tmp_path / "cpuinfo") == value
    assert os.environ.get(MKL_INSTRUCTIONS) == value


def test_what_the_user_has_set_stays(tmp_path, monkeypatch):
    monkeypatch.setenv(MKL_INSTRUCTIONS, "4")
    (tmp_path / "cpuinfo").write_text(AMD)
    assert use_fast_instructions(tmp_path / "cpuinfo") == "4"


def test_the_name_of_the_cpu_is_read_where_there_is_a_cpuinfo(tmp_path):
    (tmp_path / "cpuinfo").write_text("model name\t: AMD EPYC 7B13\n" + AMD)
    assert cpu_model(tmp_path / "cpuinfo") == "AMD EPYC 7B13"
    assert cpu_model(tmp_path / "absent")
    assert use_fast_instructions(tmp_path / "absent") is None


FILLED_AGAIN = """
from resource import RUSAGE_SELF, getrusage
from paddle_aug.training.cpu import keep_freed_memory

def page_faults(times):
    before = getrusage(RUSAGE_SELF).ru_minflt
    for _ in range(times):
        b"x" * 40_000_000
    return getrusage(RUSAGE_SELF).ru_minflt - before

cleared = page_faults(10)
keep_freed_memory()
print(cleared, page_faults(10))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's setting")
def test_memory_that_is_kept_is_not_cleared_again():
    command = [sys.executable, "-c", FILLED_AGAIN]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    cleared, kept = map(int, printed.split())
    assert kept < 2 * cleared / 10, "it is filled once, not ten times"
