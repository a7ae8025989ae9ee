"""What lets Paddle calculate as fast as the CPU can."""

import os
from pathlib import Path

# Which instructions MKL takes; undocumented, read at its first call. 5 is AVX2.
MKL_INSTRUCTIONS = "MKL_DEBUG_CPU_TYPE"


def use_fast_instructions(cpuinfo: Path = Path("/proc/cpuinfo")) -> str | None:
    """Have MKL take AVX2 on a CPU of AMD that has it, and return what it was told to take.

    MKL calculates for Paddle's wheels on CPUs. It asks who made the CPU, and takes the oldest
    instructions on all but Intel's: a product of matrices then takes more than twice as long. What
    the user has set stays. It has to be called before Paddle calculates anything.
    """
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:  # macOS, Windows
        text = ""
    words = text.split()
    if "AuthenticAMD" in words and "avx2" in words:
        os.environ.setdefault(MKL_INSTRUCTIONS, "5")
    return os.environ.get(MKL_INSTRUCTIONS)
