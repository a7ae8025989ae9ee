"""Arrays that this process and its workers see alike: written by one, read by the other, no copy.

They are files without a name, in memory where the system has such files (Linux) and else in the
folder for temporary files. So /dev/shm, of which Docker gives 64 MB, is not needed, and nothing is
left behind when a process is killed.
"""

import errno
import mmap
import os
import tempfile
from multiprocessing import reduction
from pathlib import Path

import numpy as np

UNKNOWN = 2**40  # bytes free where the system does not say (macOS)


class SharedArray:
    """uint8 memory of a shape, zeros at first; pickled to a process that is being spawned, it is
    the same memory there.

    Raises:
        OSError: there is not so much memory.
    """

    def __init__(self, shape: tuple[int, ...]):
        size = max(1, int(np.prod(shape, dtype=np.int64)))
        if size > free_memory():  # the system would kill a process rather than refuse
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
        self._open(_nameless_file(size), shape)

    def _open(self, descriptor: int, shape: tuple[int, ...]) -> None:
        self.descriptor = descriptor
        self.array = np.frombuffer(mmap.mmap(descriptor, 0), np.uint8)
        self.array = self.array[: int(np.prod(shape, dtype=np.int64))].reshape(shape)

    def __getstate__(self):
        return {"descriptor": reduction.DupFd(self.descriptor), "shape": self.array.shape}

    def __setstate__(self, state):
        self._open(state["descriptor"].detach(), state["shape"])

    def __del__(self):
        if hasattr(self, "descriptor"):
            os.close(self.descriptor)


def _nameless_file(size: int) -> int:
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("paddle_aug")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    try:
        # All of it now: memory that turns out not to be there at the first write kills a process.
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, size)
        else:
            os.truncate(descriptor, size)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def free_memory(root: Path = Path("/")) -> int:
    """Bytes that may still be used, by this machine and by this container.

    A container's limit counts what it has read from files, too, though that can be given back.
    """
    memory = _fields(root / "proc/meminfo").get("MemAvailable:", UNKNOWN // 1024) * 1024
    for limit, used, statistics in (
        ("memory.max", "memory.current", "memory.stat"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
    ):
        group = root / "sys/fs/cgroup"
        try:
            most = (group / limit).read_text().strip()
            now = int((group / used).read_text())
        except FileNotFoundError:
            continue
        if most != "max":
            given_back = _fields(group / statistics).get("inactive_file", 0)
            memory = min(memory, int(most) - now + given_back)
    return max(0, memory)


def _fields(file: Path) -> dict[str, int]:
    """Names and numbers, a line each; {} where there is no such file."""
    try:
        lines = file.read_text().splitlines()
    except FileNotFoundError:
        return {}
    return {line.split()[0]: int(line.split()[1]) for line in lines if len(line.split()) > 1}
