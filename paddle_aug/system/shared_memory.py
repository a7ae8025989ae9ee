"""Arrays in memory that this process and its workers share without copying.

They are nameless files: in memory on Linux (memfd), elsewhere in the folder for temporary files. So
they need no /dev/shm, which has 64 MB in Docker, and a killed process leaves nothing behind.
"""

import errno
import mmap
import os
import tempfile
from multiprocessing import reduction
from pathlib import Path

import numpy as np

UNKNOWN = 2**40  # bytes, free memory on systems that do not report it (macOS)


class SharedArray:
    """A uint8 array of zeros; pickled to a spawned process, it is the same memory there.

    Raises:
        OSError: there is not enough memory.
    """

    def __init__(self, shape: tuple[int, ...]):
        size = max(1, int(np.prod(shape, dtype=np.int64)))
        if size > free_memory():  # Linux would promise the memory, and later kill a process
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
        # Reserve it now: if memory runs out at the first write, that kills the process.
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, size)
        else:
            os.truncate(descriptor, size)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def free_memory(root: Path = Path("/")) -> int:
    """Bytes that are free on this machine and within the limit of this container.

    What a container has read from files counts towards its limit, but the kernel gives it back.
    """
    memory = _fields(root / "proc/meminfo").get("MemAvailable:", UNKNOWN // 1024) * 1024
    for limit, used, statistics in (
        ("memory.max", "memory.current", "memory.stat"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
    ):
        group = root / "sys/fs/cgroup"
        try:
            max_bytes = (group / limit).read_text().strip()
            used_bytes = int((group / used).read_text())
        except FileNotFoundError:
            continue
        if max_bytes != "max":
            reclaimable = _fields(group / statistics).get("inactive_file", 0)
            memory = min(memory, int(max_bytes) - used_bytes + reclaimable)
    return max(0, memory)


def _fields(file: Path) -> dict[str, int]:
    """The numbers of a file with a name and a number in each line; {} if there is no such file."""
    try:
        lines = file.read_text().splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.split()[:2] for line in lines if len(line.split()) > 1)
    return {name: int(number) for name, number in pairs}
