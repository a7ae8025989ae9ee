"""Measure whether the memory, files, threads and processes of a training grow by the hour."""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.peers.contender import TOOLS
from paddle_aug.errors import UserError

PROC = Path("/proc")
EVERY = 5  # seconds from one reading to the next
WARM = 0.2  # share of the time that does not count: workers start, allocators and caches fill
BLOCKS = 20  # neighbouring readings are alike; means of blocks are nearly independent
DAY = 24 * 3600
EPOCHS = 1_000_000  # beyond any hour

# The kernel's names for the parts of each sum, in kB: memory that no file holds, swapped or not;
# memory with shared parts in proportion; memory of a process alone; and files without a name, which
# hold batches and decoded images. The kernel may take back any part of the second and third that it
# can read from files again.
MEMORY = {
    "anonymous_mb": ("Anonymous", "Swap"),
    "pss_mb": ("Pss",),
    "uss_mb": ("Private_Clean", "Private_Dirty"),
    "shared_mb": ("Pss_Shmem",),
}


def soak(data: Path, options: argparse.Namespace, room: Path) -> dict:
    """The report of `tools/benchmark.py soak`: a row for each thing that could grow.

    Raises:
        UserError: training ended before its time, or the system has no /proc.
    """
    if not (PROC / "self" / "smaps_rollup").exists():
        raise UserError("benchmark: soak reads /proc/PID/smaps_rollup, which Linux alone has")
    command = [
        sys.executable, TOOLS / "train.py", "--recipe", options.recipe, "--data", data,
        "--augment", options.augment, "--num-workers", "1", "--cache", "off",
        "--epochs", str(EPOCHS), "--log-dir", room / "run", "--model-dir", room / "run",
    ]  # fmt: skip
    seconds, readings = [], []
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            started = None  # when the first epoch is finished
            while started is None or time.monotonic() < started + 60 * options.minutes:
                if process.poll() is not None:
                    raise UserError("benchmark: training ended before its time; see above")
                if started is None and any((room / "run").glob("*_run.json")):
                    started = time.monotonic()
                if started is not None:
                    seconds.append(time.monotonic() - started)
                    readings.append(reading(family(process.pid)))
                time.sleep(EVERY)
        finally:
            # Without a warning: files of finished epochs are whole, and its worker ends, too.
            process.kill()
    (file,) = (room / "run").glob("*_run.json")
    run = json.loads(file.read_text(encoding="utf-8"))
    values = {name: [each[name] for each in readings] for name in readings[0]}
    series = {"seconds": seconds, **values}
    return {
        "minutes": options.minutes,
        "epochs": len(run["epochs"]),
        "images": len(run["epochs"]) * run["data"]["train"],
        "rows": [growth(name, seconds, values[name]) for name in values],
        "series": {name: np.round(numbers, 1).tolist() for name, numbers in series.items()},
    }


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    parents = {}
    for folder in PROC.glob("[0-9]*"):
        try:
            # The name of the process is in brackets, and may contain brackets and blanks.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # the process has ended
        parents[int(folder.name)] = int(fields[1])
    pids = [pid]
    for ancestor in pids:
        pids += [child for child, parent in parents.items() if parent == ancestor]
    return pids


def reading(pids: list[int]) -> dict[str, float]:
    """The sums over these processes; one that has ended counts nothing."""
    total = dict.fromkeys([*MEMORY, "files", "threads", "processes"], 0)
    for pid in pids:
        folder = PROC / str(pid)
        try:
            lines = (folder / "smaps_rollup").read_text().splitlines()[1:]
            files, threads = (len(list((folder / name).iterdir())) for name in ("fd", "task"))
        except (FileNotFoundError, ProcessLookupError):
            continue
        kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
        for name, parts in MEMORY.items():
            total[name] += sum(kilobytes[part] for part in parts) * 1024 / 1e6
        total["files"] += files
        total["threads"] += threads
        total["processes"] += 1
    return total


def growth(name: str, seconds: list[float], values: list[float]) -> dict:
    """The growth in 24 hours at this rate, with its 95 % interval.

    A straight line through the means of the blocks, by least squares, and Student's t with two
    degrees of freedom fewer than blocks.
    """
    from scipy import stats  # not into the processes whose memory is read

    warm = np.searchsorted(seconds, WARM * seconds[-1])
    if len(seconds) - warm < BLOCKS:
        raise UserError(
            f"benchmark: {len(seconds)} readings of {name} are too few for {BLOCKS} means, as the "
            f"first {warm} do not count; soak longer with --minutes"
        )
    times, means = (
        np.array([block.mean() for block in np.array_split(np.array(each[warm:]), BLOCKS)])
        for each in (seconds, values)
    )
    slope, level = np.polyfit(times, means, 1)
    residual = means - (slope * times + level)
    spread = ((times - times.mean()) ** 2).sum()
    margin = stats.t.ppf(0.975, BLOCKS - 2) * np.sqrt((residual**2).sum() / (BLOCKS - 2) / spread)
    return {
        "name": name,
        "begin": float(means[0]),
        "end": float(means[-1]),
        "most": float(np.max(values[warm:])),
        "per_24_h": float(slope * DAY),
        "interval": [float((slope - margin) * DAY), float((slope + margin) * DAY)],
    }
