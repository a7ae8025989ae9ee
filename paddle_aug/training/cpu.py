"""The CPU's fastest instructions, and memory for networks on it. Needs no Paddle."""

import ctypes
import os
import platform
import re
from pathlib import Path

# The instructions that MKL uses; undocumented, read at its first call.
MKL_INSTRUCTIONS = "MKL_DEBUG_CPU_TYPE"
AVX2, AVX512 = "5", "7"
CPUINFO = Path("/proc/cpuinfo")

# Parameters of glibc's mallopt.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def use_fast_instructions(cpuinfo: Path = CPUINFO) -> str | None:
    """Make MKL use AVX-512 or AVX2 on CPUs of AMD that have it; return the value of its variable.

    Paddle's CPU wheels compute with MKL, which uses its oldest instructions on CPUs that are not
    Intel's: a matrix product then takes two times (AVX2) or four times (AVX-512) as long. A value
    set by the user stays. Call this before Paddle computes anything.
    """
    words = set(_read(cpuinfo).split())
    if "AuthenticAMD" in words:
        if {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"} <= words:
            os.environ.setdefault(MKL_INSTRUCTIONS, AVX512)
        elif "avx2" in words:
            os.environ.setdefault(MKL_INSTRUCTIONS, AVX2)
    return os.environ.get(MKL_INSTRUCTIONS)


def keep_freed_memory() -> None:
    """Make the C library keep freed memory for the next allocation, up to 1 GB.

    Paddle allocates the outputs of each layer anew. glibc gives large ones back to the system when
    they are freed, which then has to clear the same pages for the next batch: a tenth of a training
    of the thin VGG, a fifth of one on EfficientNet-Lite0's features at 224 px. Other C libraries
    stay as they are.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(M_TRIM_THRESHOLD, 1 << 30)
    if not mallopt(M_MMAP_THRESHOLD, 1 << 30):
        mallopt(M_MMAP_THRESHOLD, 1 << 25)  # the most that older versions take


def cpu_model(cpuinfo: Path = CPUINFO) -> str:
    """The name of this machine's CPU, such as "AMD EPYC 7B13"."""
    name = re.search(r"^model name\s*:\s*(.*)$", _read(cpuinfo), re.MULTILINE)
    return name[1].strip() if name else platform.processor() or platform.machine()


def _read(cpuinfo: Path) -> str:
    try:
        return cpuinfo.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:  # macOS, Windows
        return ""
