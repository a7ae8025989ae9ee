"""The CPU, and what lets Paddle calculate on it as fast as it can. Needs no Paddle."""

import os
import platform
import re
from pathlib import Path

# Which instructions MKL takes; undocumented, read at its first call. 5 is AVX2.
MKL_INSTRUCTIONS = "MKL_DEBUG_CPU_TYPE"
CPUINFO = Path("/proc/cpuinfo")


def use_fast_instructions(cpuinfo: Path = CPUINFO) -> str | None:
    """Have MKL take AVX2 on a CPU of AMD that has it, and return what it was told to take.

    MKL calculates for Paddle's wheels on CPUs. It asks who made the CPU, and takes the oldest
    instructions on all but Intel's: a product of matrices then takes more than twice as long. What
    the user has set stays. It has to be called before Paddle calculates anything.
    """
    words = _read(cpuinfo).split()
    if "AuthenticAMD" in words and "avx2" in words:
        os.environ.setdefault(MKL_INSTRUCTIONS, "5")
    return os.environ.get(MKL_INSTRUCTIONS)


def cpu_model(cpuinfo: Path = CPUINFO) -> str:
    """The name of this machine's CPU, such as "AMD EPYC 7B13"."""
    found = re.search(r"^model name\s*:\s*(.*)$", _read(cpuinfo), re.MULTILINE)
    return found[1].strip() if found else platform.processor() or platform.machine()


def _read(cpuinfo: Path) -> str:
    try:
        return cpuinfo.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:  # macOS, Windows
        return ""
