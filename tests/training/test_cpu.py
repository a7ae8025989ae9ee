"""What MKL is told about the CPU."""

import os

import pytest

from paddle_aug.training.cpu import MKL_INSTRUCTIONS, cpu_model, use_fast_instructions

AMD = "vendor_id\t: AuthenticAMD\nflags\t\t: fpu sse2 avx avx2 bmi2\n"
INTEL = AMD.replace("AuthenticAMD", "GenuineIntel")


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch):
    monkeypatch.setenv(MKL_INSTRUCTIONS, "")  # so that it is put back, or removed, afterwards
    monkeypatch.delenv(MKL_INSTRUCTIONS)


@pytest.mark.parametrize(
    ("text", "told"), [(AMD, "5"), (INTEL, None), (AMD.replace("avx2", "avx"), None), ("", None)]
)
def test_only_a_cpu_of_amd_that_has_avx2_is_told_to_take_it(tmp_path, text, told):
    (tmp_path / "cpuinfo").write_text(text)
    assert use_fast_instructions(tmp_path / "cpuinfo") == told
    assert os.environ.get(MKL_INSTRUCTIONS) == told


def test_a_system_that_does_not_say_is_left_alone(tmp_path):
    assert use_fast_instructions(tmp_path / "absent") is None


def test_what_the_user_has_set_stays(tmp_path, monkeypatch):
    monkeypatch.setenv(MKL_INSTRUCTIONS, "4")
    (tmp_path / "cpuinfo").write_text(AMD)
    assert use_fast_instructions(tmp_path / "cpuinfo") == "4"


def test_the_cpus_model_is_told(tmp_path):
    (tmp_path / "cpuinfo").write_text("model name\t: AMD EPYC 7B13\n" + AMD)
    assert cpu_model(tmp_path / "cpuinfo") == "AMD EPYC 7B13"
    assert cpu_model(tmp_path / "absent")
