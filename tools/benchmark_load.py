"""How long a long list takes to open, and how much memory: read, checked, to its first batch."""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from _clone import run

from paddle_aug.augment.modes import augmentation
from paddle_aug.data.dataset import open_dataset
from paddle_aug.data.readers.listfile import Fault, Sample, read_list
from paddle_aug.data.workers import Augmented, Workers, epoch_keys
from paddle_aug.errors import UserError
from paddle_aug.rng import generator

SIDE = 32  # pixels
CLASSES = 1000
EVAL = 10  # every so many lines, one to evaluate on
BATCH = 16


def load(options: argparse.Namespace, room: Path) -> dict:
    """The report of `benchmark.py load`: each step in a process of its own."""
    if not Path("/proc/self/status").exists():
        raise UserError("benchmark: load reads /proc/PID/status, which Linux alone has")
    write_lists(room, options.lines, options.files)
    steps = {
        "parse": ("parse", 0),
        "open, lists checked": ("opened", False),
        "open, images checked": ("opened", True),
        **{f"first batch, {n} workers": ("first_batch", n) for n in options.workers},
    }
    rows = []
    for name, (step, argument) in steps.items():
        print(f"load: {name}", file=sys.stderr)
        command = [sys.executable, __file__, step, room, str(int(argument))]
        ended = subprocess.run(command, stdout=subprocess.PIPE)
        if ended.returncode:
            raise UserError(f"benchmark: {name} failed; see above")
        found = json.loads(ended.stdout)
        per_million = {key: value * 1e6 / options.lines for key, value in found.items()}
        rows.append({"name": name, **per_million})
    return {"lines": options.lines, "files": options.files, "per": "million lines", "rows": rows}


def write_lists(room: Path, lines: int, files: int) -> None:
    """Write lists whose every line is another path, to few files: folders are links to two."""
    counts = {"train": lines - lines // EVAL, "eval": lines // EVAL}
    for part, count in counts.items():
        (room / "pictures" / part).mkdir(parents=True)
        drawn = max(1, files * count // lines)
        for number in range(drawn):
            rng = generator(number, "drawing", part == "eval")
            coarse = rng.integers(0, 256, (4, 4, 3)).astype(np.uint8)
            picture = cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(room / "pictures" / part / f"{number:06}.jpg"), picture)
        for link in range(-(-count // drawn)):
            os.symlink(room / "pictures" / part, room / f"{part}_{link:04}")
        with open(room / f"{part.title()}.txt", "w", encoding="utf-8") as file:
            for line in range(count):
                link, number = divmod(line, drawn)
                file.write(f"{part}_{link:04}/{number:06}.jpg {line % CLASSES}\n")


def parse(folder: Path, _: int) -> dict:
    """Both lists, line by line."""
    watch = Watch()
    read = [read_list(folder / name) for name in ("Train.txt", "Eval.txt")]
    found = watch.stop()
    refuse_faults([fault for _, faults in read for fault in faults])
    return found


def opened(folder: Path, check: int) -> dict:
    """The data set as training opens it, with its images or only its lists checked."""
    watch = Watch()
    dataset = open_dataset(folder, check=bool(check))
    dataset.fingerprint  # noqa: B018, which each run asks for
    return watch.stop()


def first_batch(folder: Path, processes: int) -> dict:
    """From an open data set to the first batch, and what the largest worker has beyond one with
    next to no list."""
    watch = Watch()
    dataset = open_dataset(folder, check=False)
    watch.start()
    found, worker_mb = fed(dataset.train, dataset.eval, processes, watch)
    if processes:
        _, bare = fed(dataset.train[:BATCH], dataset.eval[:1], processes, watch)
        found["worker_mb"] = worker_mb - bare
    return found


def fed(
    train: Sequence[Sample], evaluate: Sequence[Sample], processes: int, watch: "Watch"
) -> tuple[dict, float]:
    """What the watch says at the first batch, and the most memory of a worker."""
    training = Augmented(train, SIDE, augmentation("userDef"), 0)
    datasets = {
        "train": training,
        "clean": training.plain(),
        "eval": Augmented(evaluate, SIDE, augmentation("none"), 0),
    }
    with Workers(datasets, processes, BATCH) as workers:
        keys = epoch_keys(len(train), BATCH, 0, 0, shuffle=True)
        next(workers.batches("train", keys))
        started = getattr(workers.executor, "_processes", {})
        return watch.stop(), max((peak_mb(pid) for pid in started), default=0.0)


class Watch:
    """Seconds since `start`, on the clock and of the processor, and the most memory beyond what the
    process had when this was made."""

    def __init__(self):
        self.before = peak_mb(os.getpid())
        self.start()

    def start(self) -> None:
        self.started = time.perf_counter(), time.process_time()

    def stop(self) -> dict[str, float]:
        seconds, processor = self.started
        return {
            "seconds": time.perf_counter() - seconds,
            "processor_s": time.process_time() - processor,
            "peak_mb": peak_mb(os.getpid()) - self.before,
        }


def peak_mb(pid: int) -> float:
    """The most resident memory that a process has had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


def refuse_faults(faults: list[Fault]) -> None:
    if faults:
        raise UserError(f"benchmark: {faults[0]}")


def main() -> None:
    """A step, in the process that `load` starts for it: its name, the folder, a number."""
    step, folder, number = sys.argv[1:]
    steps = {"parse": parse, "opened": opened, "first_batch": first_batch}
    print(json.dumps(steps[step](Path(folder), int(number))))


if __name__ == "__main__":
    run(main)
