"""Whether training grows by the hour: the memory, files, threads and processes of all it runs."""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from scipy import stats

from benchmarks.peers.contender import TOOLS
from paddle_aug.errors import UserError

PROC = Path("/proc")
EVERY = 5  # seconds from one reading to the next
WARM = 0.2  # of the time is not counted: workers start, allocators and caches fill
BLOCKS = 20  # neighbouring readings are alike; means of blocks are nearly independent
DAY = 24 * 3600
EPOCHS = 1_000_000  # beyond any hour

# The kernel's names of what is added up, in kB: memory that no file holds, swapped or not; memory
# shared in proportion, and one's own; and that of files without a name, where batches and decoded
# images are. Of the second and third it takes back at any time what it can read from files again.
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
            # No word to it before: the files of finished epochs are whole, and its worker ends too.
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
        "series": {name: np.round(each, 1).tolist() for name, each in series.items()},
    }


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    parents = {}
    for folder in PROC.glob("[0-9]*"):
        try:
            # Its name is in brackets, and may hold brackets and blanks.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended
        parents[int(folder.name)] = int(fields[1])
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


def reading(pids: list[int]) -> dict[str, float]:
    """What these processes have, together; one that has ended meanwhile has nothing."""
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
    """How much it grows in 24 hours if it goes on so, with the interval that holds it with 95 %.

    A straight line through the means of blocks, by least squares; Student's t with two degrees of
    freedom less than blocks.
    """
    warm = np.searchsorted(seconds, WARM * seconds[-1])
    if len(seconds) - warm < BLOCKS:
        raise UserError(
            f"benchmark: {len(seconds)} readings of {name}, of which the first {warm} do not "
            f"count; for {BLOCKS} means soak longer (--minutes)"
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
