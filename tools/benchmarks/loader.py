"""How fast loaders feed a network, what each step costs, and how long a training epoch waits."""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.peers.contender import JITTER, LOADER, ONE_THREAD, TOOLS, Job, python_of
from paddle_aug.augment.modes import augmentation
from paddle_aug.data.augmented import Augmented
from paddle_aug.data.image import read_image, resize
from paddle_aug.data.samples import Sample
from paddle_aug.errors import UserError

PATIENCE = 900  # seconds for all epochs of one loader; some were seen to hang
WARM = 1  # epochs that do not count: they start workers and decode


def loader(files: list[str], options: argparse.Namespace) -> dict:
    """The rows of `tools/benchmark.py loader`, and its parts.

    Our loader with each number of workers, with the cache and without, against the notebook's
    reader; and the jitter job against other libraries.
    """
    rows = []
    for mode in options.only:
        base = run(job("notebook", mode, files, 0, "off", options))
        for cache in ("ram", "off"):
            for workers in options.workers:
                epochs = run(job("ours", mode, files, workers, cache, options))
                name = f"{mode}, {workers} workers, cache {cache}"
                rows.append(row(name, len(files), epochs, "notebook", base))
    for workers in options.workers[1:]:
        epochs = run(job("ours", JITTER, files, workers, "off", options))
        for against, python in (
            ("paddle.io", sys.executable),
            (LOADER.name, python_of(LOADER, options.peers)),
        ):
            if python is None:
                continue
            base = run(job(against, JITTER, files, workers, "off", options), python)
            name = f"{JITTER}, {workers} workers, cache off"
            rows.append(row(name, len(files), epochs, against, base))
    return {"rows": rows, "parts": parts(files, options.size, options.batch_size, options.only)}


def job(
    name: str, mode: str, files: list[str], workers: int, cache: str, options: argparse.Namespace
) -> Job:
    epochs = options.repeats + WARM
    return Job(name, mode, files, options.size, options.batch_size, workers, cache, epochs)


def run(job: Job, python: Path | str = sys.executable) -> dict:
    """Run a loader in its own process: seconds and memory of each epoch that counts.

    Raises:
        UserError: the process failed or hung; its own message is on stderr.
    """
    print(f"{job.loader}: {job.mode}, {job.workers} workers, cache {job.cache}", file=sys.stderr)
    with subprocess.Popen(
        [python, "-m", "benchmarks.peers.loading"],
        cwd=TOOLS,
        env=os.environ | ONE_THREAD,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        # paddle.io's workers outlive the process that forked them, and keep its pipes open.
        end = threading.Timer(PATIENCE, os.killpg, (process.pid, signal.SIGKILL))
        end.start()
        json.dump(asdict(job), process.stdin)
        process.stdin.close()
        answer = process.stdout.readline()
        hung = not end.is_alive()
        end.cancel()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    if not answer:
        what = f"has hung for {PATIENCE} s" if hung else "failed; see above"
        raise UserError(f"benchmark: {job.loader} {what}")
    measured = json.loads(answer)
    return {name: values[WARM:] for name, values in measured.items()}


def row(name: str, images: int, ours: dict, against: str, theirs: dict) -> dict:
    """One loader against another, by the median epoch."""
    rates = [images / seconds for seconds in ours["seconds"]]
    others = [images / seconds for seconds in theirs["seconds"]]
    return {
        "name": name,
        "images_per_s": float(np.median(rates)),
        "spread": [min(rates), max(rates)],
        "against": against,
        "against_images_per_s": float(np.median(others)),
        "against_spread": [min(others), max(others)],
        "ratio": float(np.median(rates) / np.median(others)),
        "memory_mb": [round(each, 1) for each in ours["memory"]],
    }


def parts(files: list[str], size: int, batch_size: int, modes: list[str]) -> list[dict]:
    """Milliseconds of processor time of one thread for an image, for each step of its way."""
    import paddle

    from paddle_aug.data.normalize import KNOWN
    from paddle_aug.training.batches import Normalize

    chosen = [Path(file) for file in files[:: 1 + len(files) // 200]]
    samples = [Sample(str(file), str(file), 0, line) for line, file in enumerate(chosen, 1)]
    images = [read_image(file) for file in chosen]
    small = [resize(image, size) for image in images]
    batch = np.empty((batch_size, size, size, 3), np.uint8)
    paddle.set_device("cpu")
    tensor = paddle.to_tensor(batch)
    to_network = Normalize(KNOWN["half"])

    def collate():
        for place, image in enumerate(small):
            batch[place % batch_size] = image

    costs = {
        "memcpy": timed(lambda: [np.copyto(batch[0], image) for image in small], len(small)),
        "decode": timed(lambda: [read_image(file) for file in chosen], len(chosen)),
        "resize": timed(lambda: [resize(image, size) for image in images], len(images)),
    }
    for mode in modes:
        dataset = Augmented(samples, size, augmentation(mode), 0)
        costs[f"augment, {mode}"] = timed(
            lambda dataset=dataset: [
                dataset.augmented(image, (0, index)) for index, image in enumerate(small)
            ],
            len(small),
        )
    costs |= {
        "collate": timed(collate, len(small)),
        "to tensor": timed(lambda: paddle.to_tensor(batch), batch_size),
        "cast, scale, NCHW (on the device)": timed(lambda: to_network(tensor), batch_size),
    }
    return [{"name": name, "ms": ms, "images_per_s": 1000 / ms} for name, ms in costs.items()]


def timed(call, images: int) -> float:
    """Milliseconds an image: the median of seven calls, after two that warm up."""
    times = []
    for _ in range(9):
        start = time.process_time()
        call()
        times.append(1000 * (time.process_time() - start) / images)
    return float(np.median(times[2:]))


def train(folder: Path, options: argparse.Namespace) -> list[dict]:
    """Epochs of a recipe by tools/train.py itself: their time, wait and memory."""
    rows = []
    for mode in options.only:
        for workers in options.workers:
            print(f"train: {options.recipe}, {mode}, {workers} workers", file=sys.stderr)
            with tempfile.TemporaryDirectory() as room:
                rows.append(trained(folder, options, mode, workers, Path(room)))
    return rows


def trained(folder: Path, options: argparse.Namespace, mode: str, workers: int, room: Path) -> dict:
    command = [
        sys.executable, TOOLS / "train.py", "--recipe", options.recipe,
        "--data", folder, "--augment", mode, "--num-workers", str(workers),
        "--epochs", str(options.repeats + WARM), "--log-dir", room, "--model-dir", room,
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise UserError("benchmark: tools/train.py failed; see above")
    (file,) = room.glob("*_run.json")
    run = json.loads(file.read_text(encoding="utf-8"))
    epochs = run["epochs"][WARM:]
    rate = float(np.median([epoch["images_per_s"] for epoch in epochs]))
    return {
        "name": f"{options.recipe}, {mode}, {workers} workers",
        "images_per_s": rate,
        "step_ms": 1000 * run["config"]["batch_size"] / rate,
        "epoch_s": float(np.median([epoch["seconds"] for epoch in epochs])),
        "data_wait": float(np.median([epoch["data_wait"] for epoch in epochs])),
        "peak_memory_mb": usage.ru_maxrss / 1024,
    }
