"""Measure our ops and modes against others', and write the page about them.

    python tools/benchmark.py ops --json docs/benchmark/ops.json --peers ~/benchmark-peers
    python tools/benchmark.py modes --json docs/benchmark/modes.json
    python tools/benchmark.py parity --json docs/benchmark/parity.json
    python tools/benchmark.py loader --json docs/benchmark/loader.json --peers ~/benchmark-peers
    python tools/benchmark.py train --recipe small
    python tools/benchmark.py load --lines 1000000
    python tools/benchmark.py soak --minutes 60
    python tools/benchmark.py docs docs/benchmark --output docs

Of ops and modes, each contender is a process with one thread, and what is measured is processor
time. They take turns, ours, theirs, ours, …, so that a machine that slows down does so for all; and
all are started anew several times, as where a process has its memory is chance, and stays.
Loaders and training run one after another, and what is measured is time on the clock. Quote ratios,
never milliseconds: those of another hour differ by a third.
"""

import argparse
import math
import os
import platform
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
from _clone import run
from benchmark_docs import pages
from benchmark_load import load
from benchmark_loader import loader, starts, train
from benchmark_parity import parity
from benchmark_peers.contender import FLOOR, OURS, PEERS, Contender, python_of
from benchmark_peers.ours import MODES, SPECS
from benchmark_soak import soak

from paddle_aug.data.image import read_image
from paddle_aug.data.readers.sample import draw_sample
from paddle_aug.errors import UserError
from paddle_aug.results.stats import estimate
from paddle_aug.system import files

PICTURES = 32
SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
TURN_MS = 200  # of an op that is slow; others take each image once
LOADED = ("none", "userDef", "imgaugLib", "allab")
TINY = 4  # pixels a side: what an image costs there is Python and drawing, not pixels


def main() -> None:
    options = parser().parse_args()
    if options.command == "docs":
        for name, page in pages(options.reports).items():
            files.write_bytes(options.output / name, page.encode())
        return
    cv2.setNumThreads(0)
    with tempfile.TemporaryDirectory() as folder:
        report = {"machine": machine(), **REPORTS[options.command](options, Path(folder))}
    for name in ("rows", "parts", "floor"):
        if name in report:
            print(table(report[name]))
    if options.json:
        files.write_json(options.json, report)


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = whole.add_subparsers(dest="command", required=True)

    def add(command: str, about: str) -> argparse.ArgumentParser:
        made = commands.add_parser(command, help=about, allow_abbrev=False)
        made.add_argument("--json", type=Path, metavar="FILE", help="where the figures go")
        return made

    def add_images(made: argparse.ArgumentParser) -> None:
        made.add_argument("--images", type=Path, metavar="FOLDER", help="photos, at any depth")

    def add_peers(made: argparse.ArgumentParser) -> None:
        made.add_argument(
            "--peers", type=Path, metavar="DIR", help="make environments there for other libraries"
        )

    def add_repeats(made: argparse.ArgumentParser, repeats: int, of: str) -> None:
        made.add_argument("--repeats", type=int, default=repeats, help=f"{of}, default {repeats}")

    for command, about, begun, repeats in (
        ("ops", "each op against the same op elsewhere", 5, 1),
        ("modes", "the notebook's modes against the notebook's way", 10, 10),
    ):
        made = add(command, about)
        add_images(made)
        add_peers(made)
        made.add_argument(
            "--starts", type=int, default=begun, help=f"of all processes, default {begun}"
        )
        add_repeats(made, repeats, "rounds of turns after each start")
        made.add_argument("--sizes", type=numbers, default=[224, 64, 32], help="default 224,64,32")
        names, peers = known(command)
        made.add_argument("--only", nargs="+", default=names, choices=names, metavar="NAME")
        made.add_argument("--against", nargs="+", default=peers, choices=peers, metavar="PEER")
    add_images(add("parity", "how near the pixels are to Pillow's and imgaug's"))
    made = add("loader", "from files to batches, against the notebook's reader and others")
    add_images(made)
    add_peers(made)
    add_repeats(made, 3, "epochs that count")
    made.add_argument("--workers", type=numbers, default=[0, 1, 2, 4], help="default 0,1,2,4")
    made.add_argument("--size", type=int, default=224, help="side of the images, default 224")
    made.add_argument("--batch-size", type=int, default=8, help="default 8")
    made.add_argument("--times", type=int, default=1, help="take the list so often, default 1")
    made.add_argument("--only", nargs="*", default=LOADED, choices=("none", *MODES), metavar="MODE")
    made.add_argument("--starts", type=int, default=0, help="also start so many loaders anew")
    made = add("train", "epochs of a recipe: time, wait and memory")
    made.add_argument("--data", type=Path, help="folder with lists, by default the drawn sample")
    made.add_argument("--recipe", default="small", help="default small")
    made.add_argument("--workers", type=numbers, default=[0, 1], help="default 0,1")
    made.add_argument("--only", nargs="+", default=["userDef"], metavar="MODE")
    add_repeats(made, 3, "epochs that count")
    made = add("load", "a long list: seconds and memory to open it, and to the first batch")
    made.add_argument("--lines", type=int, default=1_000_000, help="default 1000000")
    made.add_argument("--files", type=int, default=4000, help="images, default 4000")
    made.add_argument("--workers", type=numbers, default=[0, 2], help="default 0,2")
    made = add("soak", "how training grows: memory, files, threads, processes")
    made.add_argument("--minutes", type=float, default=60, help="default 60")
    made.add_argument("--data", type=Path, help="folder with lists, by default the drawn sample")
    made.add_argument("--recipe", default="sample", help="default sample")
    made.add_argument("--augment", default="allab", metavar="MODE", help="default allab")
    made.add_argument("--workers", type=int, default=1, help="default 1")
    docs = commands.add_parser("docs", help="the pages about the figures", allow_abbrev=False)
    docs.add_argument("reports", type=Path, help="the folder of the JSON files")
    docs.add_argument("--output", type=Path, required=True, metavar="FOLDER", help="of the pages")
    return whole


def known(command: str) -> tuple[list[str], list[str]]:
    """What can be measured, and the modules of those against whom."""
    if command == "modes":
        return list(MODES), ["notebook"]
    return list(SPECS), [peer.module for peer in PEERS]


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def find_files(folder: Path | None, room: Path) -> tuple[list[Path], str]:
    """Photos from all over a folder, and in words where they are from."""
    source = f"{folder.name}/" if folder else "photos16"
    data = os.environ.get("PADDLE_AUG_TEST_DATA")
    if folder is None and data:
        folder = Path(data) / "photos16" / "Images"
    elif folder is None:
        source = "the drawn sample (no --images, and PADDLE_AUG_TEST_DATA is not set)"
        draw_sample(room / "sample")
        folder = room / "sample" / "Images"
    found = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    if not found:
        raise UserError(f"{folder}: no pictures in there; give a folder of photos with --images")
    return found, source


def find_pictures(folder: Path | None, room: Path) -> tuple[list[np.ndarray], str]:
    """A few of them, evenly spread, and how many of what they are."""
    found, source = find_files(folder, room)
    chosen = np.linspace(0, len(found) - 1, min(PICTURES, len(found))).round().astype(int)
    about = f"{len(chosen)} of {source}"
    print(f"{len(chosen)} pictures of {source}", file=sys.stderr)
    return [read_image(found[index]) for index in chosen], about


def parity_report(options: argparse.Namespace, room: Path) -> dict:
    pictures, about = find_pictures(options.images, room)
    versions, rows = parity([cv2.resize(picture, (224, 224)) for picture in pictures])
    return {"pictures": about, "versions": versions, "rows": rows}


def loader_report(options: argparse.Namespace, room: Path) -> dict:
    found, source = find_files(options.images, room)
    listed = [str(file) for file in found] * options.times
    report = {
        "pictures": f"{len(listed)} of {source}",
        "size": options.size,
        "batch_size": options.batch_size,
        **loader(listed, options),
    }
    if options.starts:
        report["parts"] += [starts(listed, options.starts, workers=1)]
    return report


def train_report(options: argparse.Namespace, room: Path) -> dict:
    data = lists_of(options.data, room)
    return {"pictures": data.name, "rows": train(data, options)}


def soak_report(options: argparse.Namespace, room: Path) -> dict:
    data = lists_of(options.data, room)
    return {"pictures": data.name, **soak(data, options, room)}


def lists_of(folder: Path | None, room: Path) -> Path:
    """A folder with lists: that which was named, else the drawn sample."""
    if folder is None:
        folder = room / "sample"
        draw_sample(folder)
    return folder


def measure(options: argparse.Namespace, room: Path) -> dict:
    """The rows of `ops` or `modes`, and the floor's, with the versions of all."""
    if options.starts < 2:
        raise UserError("--starts wants 2 or more: the interval comes of how they differ")
    of_modes = options.command == "modes"
    pictures, about = find_pictures(options.images, room)
    made = [*options.sizes, TINY] if of_modes else options.sizes
    file = room / "pictures.npz"
    np.savez(file, **{str(size): resized(pictures, size) for size in made})
    pythons = {
        peer: python
        for peer in PEERS
        if peer.module in options.against and (python := python_of(peer, options.peers))
    }
    subjects = [(name, size) for size in options.sizes for name in options.only]
    times = {subject: [] for subject in subjects}
    bare = {}
    for start in range(options.starts):
        with ExitStack() as stack:
            ours = stack.enter_context(Contender(OURS, sys.executable, file))
            floor = stack.enter_context(Contender(FLOOR, sys.executable, file))
            others = [
                stack.enter_context(Contender(peer, python, file))
                for peer, python in pythons.items()
            ]
            for name, size in subjects:
                print(f"start {start + 1}: {name} at {size} px", file=sys.stderr)
                times[name, size].append(
                    take_turns(name, size, ours, others, options.repeats, len(pictures), of_modes)
                )
            for size in options.sizes:
                for name in floor.subjects:
                    bare.setdefault((name, size), []).extend(floor.ms(name, size, 60)[20:])
            versions = {each.name: each.versions for each in (ours, *others)}
    rows = [row for subject, taken in times.items() for row in compare(*subject, taken)]
    floors = [
        {"name": name, "size": size, "ms": float(np.median(ms))}
        for (name, size), ms in bare.items()
    ]
    return {
        "pictures": about,
        "starts": options.starts,
        "versions": versions,
        "rows": rows,
        "floor": floors,
    }


def resized(pictures: list[np.ndarray], size: int) -> np.ndarray:
    """As the notebook does: to a square, before anything else."""
    return np.stack([cv2.resize(picture, (size, size)) for picture in pictures])


def take_turns(
    name: str,
    size: int,
    ours: Contender,
    others: list[Contender],
    repeats: int,
    pictures: int,
    of_modes: bool,
) -> dict[str, list[list[float]]]:
    """The milliseconds of each call in each round, of those that have this op or mode; and of a
    mode what its drawing takes, and a tiny image."""
    turns = [each for each in (ours, *others) if name in each.subjects]
    calls = {}
    for each in turns:
        first = np.median(each.ms(name, size, 5)[1:])
        # What is kept from call to call (filters by angle, grids by size) is not to be made anew.
        each.ms(name, size, int(np.clip(TURN_MS / first, 1, 1500)))
        # How many is settled beforehand: to stop when it takes too long would shun what is slow.
        calls[each] = pictures if of_modes else int(np.clip(TURN_MS / first, 4, pictures))
    times = {each.name: [] for each in turns}
    for _ in range(repeats):
        for each in turns:
            times[each.name].append(each.ms(name, size, calls[each]))
    if of_modes:
        times["drawing"] = [ours.ms(f"{name}: drawing", size, 2 * pictures)]
        times["tiny"] = [ours.ms(name, TINY, 2 * pictures)]
    return times


def compare(name: str, size: int, starts: list[dict[str, list[list[float]]]]) -> list[dict]:
    """The rows of one op or mode at one size, one for each of the others: what `take_turns` gave
    after each start.

    A round's time is the mean of its images. `ratio` is that of the means over all rounds, with the
    `interval` in which it lies with 95 %; `median_ratio` is that of the median rounds, and `spread`
    the least and largest of a single round.
    """
    # Starts × rounds; a round after one start may have other calls than after another.
    means = {
        who: np.array([[np.mean(calls) for calls in start[who]] for start in starts])
        for who in starts[0]
    }
    extra = {}
    if "tiny" in means:
        extra["ours_p99_ms"] = percentile(starts, "ours")
        extra["drawing_ms"] = float(means.pop("drawing").mean())
        extra["tiny_ms"] = float(means.pop("tiny").mean())
    ours = means.pop("ours")
    rows = []
    for who, theirs in means.items():
        rounds = theirs / ours
        row = {
            "name": name,
            "size": size,
            "ours_ms": float(ours.mean()),
            "against": who,
            "against_ms": float(theirs.mean()),
            "ratio": float(theirs.mean() / ours.mean()),
            "interval": interval(theirs, ours),
            "median_ratio": float(np.median(theirs) / np.median(ours)),
            "spread": [float(rounds.min()), float(rounds.max())],
            "start_ratios": (theirs.mean(axis=1) / ours.mean(axis=1)).tolist(),
            **extra,
        }
        if extra:
            row["against_p99_ms"] = percentile(starts, who)
            row["p99_ratio"] = row["against_p99_ms"] / row["ours_p99_ms"]
        rows.append(row)
    return rows


def interval(theirs: np.ndarray, ours: np.ndarray) -> list[float]:
    """Where the ratio of the means (starts × rounds) would lie in 95 % of repetitions.

    A t-interval of the logarithms of the starts' ratios. Rounds after one start are no repetitions:
    they share what was chance at it, and a bootstrap over them is too sure of itself.
    """
    ratios = theirs.mean(axis=1) / ours.mean(axis=1)
    margin = estimate(np.log(ratios)).margin or 0.0  # None where all starts are equal
    ratio = theirs.mean() / ours.mean()
    return [float(ratio * math.exp(-margin)), float(ratio * math.exp(margin))]


def percentile(starts: list[dict[str, list[list[float]]]], who: str) -> float:
    calls = [ms for start in starts for calls in start[who] for ms in calls]
    return float(np.percentile(calls, 99))


def machine() -> str:
    """The processor's name, as the system has it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, one thread"


def table(rows: list[dict]) -> str:
    """Rows under the names of their fields, as wide as they are."""
    fields = list(dict.fromkeys(field for row in rows for field in row))
    cells = [fields, *([cell(row.get(field, "")) for field in fields] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(fields))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def cell(value) -> str:
    if isinstance(value, list):
        return "–".join(cell(each) for each in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


REPORTS = {
    "ops": measure,
    "modes": measure,
    "parity": parity_report,
    "loader": loader_report,
    "train": train_report,
    "load": load,
    "soak": soak_report,
}


if __name__ == "__main__":
    run(main)
