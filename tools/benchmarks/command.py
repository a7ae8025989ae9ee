"""The command line of tools/benchmark.py."""

import argparse
import platform
import tempfile
from pathlib import Path

import cv2

from benchmarks.docs import pages
from benchmarks.loader import loader, train
from benchmarks.parity import parity
from benchmarks.peers.contender import PEERS
from benchmarks.peers.ours import MODES, SPECS
from benchmarks.pictures import find_files, find_pictures, lists_of
from benchmarks.soak import soak
from benchmarks.turns import measure
from paddle_aug.system import files

ABOUT = """Measure our ops, modes and loader against others, and write the pages about them.

    python tools/benchmark.py ops --json docs/benchmark/ops.json --peers ~/benchmark-peers
    python tools/benchmark.py modes --json docs/benchmark/modes.json
    python tools/benchmark.py parity --json docs/benchmark/parity.json
    python tools/benchmark.py loader --json docs/benchmark/loader.json --peers ~/benchmark-peers
    python tools/benchmark.py train --recipe small
    python tools/benchmark.py soak --minutes 60
    python -m paddle.distributed.launch --nproc_per_node=2 tools/benchmark.py ranks
    python tools/benchmark.py docs docs/benchmark --output docs

`ops` and `modes` measure processor time. Each contender is a process with one thread. They take
turns (ours, theirs, ours, …), so that a machine that slows down does so for all. All start anew
several times, because the memory that a process happens to get makes it faster or slower to its
end. Loaders and training run one after another and are measured on the clock. Quote ratios, never
milliseconds: the milliseconds of another hour differ by a third.
"""
LOADED = ("none", "userDef", "imgaugLib", "allab")


def main() -> None:
    options = parser().parse_args()
    if options.command == "docs":
        for name, page in pages(options.reports).items():
            files.write_bytes(options.output / name, page.encode())
        return
    if options.command == "ranks":
        from benchmarks import ranks  # and with it Paddle

        ranks.measure()
        return
    cv2.setNumThreads(0)
    with tempfile.TemporaryDirectory() as folder:
        report = {"machine": machine(), **REPORTS[options.command](options, Path(folder))}
    for name in ("rows", "parts", "floor"):
        if name in report:
            print(table(report[name]))
    if options.json:
        files.write_json(options.json, report)


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


OPTIONS: dict[str, dict] = {
    "--json": {"type": Path, "metavar": "FILE", "help": "where the figures go"},
    "--images": {"type": Path, "metavar": "FOLDER", "help": "photos, at any depth"},
    "--data": {"type": Path, "help": "folder with lists, by default the drawn sample"},
    "--peers": {"type": Path, "metavar": "DIR", "help": "make environments there for others"},
    "--starts": {"type": int, "help": "of all processes (default: %(default)s)"},
    "--repeats": {"type": int, "help": "rounds or epochs that count (default: %(default)s)"},
    "--sizes": {"type": numbers, "help": "sides of the images (default: %(default)s)"},
    "--size": {"type": int, "help": "side of the images (default: %(default)s)"},
    "--batch-size": {"type": int, "help": "(default: %(default)s)"},
    "--workers": {"type": numbers, "help": "numbers of workers (default: %(default)s)"},
    "--times": {"type": int, "help": "repeat the list so often (default: %(default)s)"},
    "--minutes": {"type": float, "help": "(default: %(default)s)"},
    "--recipe": {"help": "(default: %(default)s)"},
    "--augment": {"metavar": "MODE", "help": "(default: %(default)s)"},
    "--only": {"nargs": "*", "metavar": "NAME", "help": "some ops or modes"},
    "--against": {"nargs": "+", "metavar": "PEER", "help": "some other libraries"},
}
OF_MODE = {"only": list(MODES), "against": ["notebook"]}
OF_OP = {"only": list(SPECS), "against": [peer.module for peer in PEERS]}
TURNS = {"images": None, "peers": None, "sizes": [224, 64, 32]}
# What each command does, and the defaults of its options.
COMMANDS: dict[str, tuple[str, dict]] = {
    "ops": (
        "each op against the same op elsewhere",
        {**TURNS, **OF_OP, "starts": 5, "repeats": 1},
    ),
    "modes": (
        "the notebook's modes against the notebook's way",
        {**TURNS, **OF_MODE, "starts": 10, "repeats": 10},
    ),
    "parity": ("how near the pixels are to Pillow's and imgaug's", {"images": None}),
    "loader": (
        "from files to batches, against the notebook's reader and others",
        {
            **{"images": None, "peers": None, "repeats": 3, "workers": [0, 1, 2, 4]},
            **{"size": 224, "batch_size": 8, "times": 1, "only": LOADED},
        },
    ),
    "train": (
        "epochs of a recipe: time, wait and memory",
        {"data": None, "recipe": "small", "workers": [0, 1], "only": ["userDef"], "repeats": 3},
    ),
    "soak": (
        "how training grows: memory, files, threads, processes",
        {"minutes": 60, "data": None, "recipe": "sample", "augment": "allab"},
    ),
}


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = whole.add_subparsers(dest="command", required=True)
    for command, (about, defaults) in COMMANDS.items():
        command_parser = commands.add_parser(command, help=about, allow_abbrev=False)
        for name, default in {"json": None, **defaults}.items():
            option = f"--{name.replace('_', '-')}"
            is_choice = name in ("only", "against") and command != "train"
            choices = {"choices": default} if is_choice else {}
            command_parser.add_argument(option, default=default, **OPTIONS[option], **choices)
    commands.add_parser("ranks", help="what several processes cost each other", allow_abbrev=False)
    docs = commands.add_parser("docs", help="the pages about the figures", allow_abbrev=False)
    docs.add_argument("reports", type=Path, help="the folder of the JSON files")
    docs.add_argument("--output", type=Path, required=True, metavar="FOLDER", help="of the pages")
    return whole


def parity_report(options: argparse.Namespace, room: Path) -> dict:
    pictures, about = find_pictures(options.images, room)
    versions, rows = parity([cv2.resize(picture, (224, 224)) for picture in pictures])
    return {"pictures": about, "versions": versions, "rows": rows}


def loader_report(options: argparse.Namespace, room: Path) -> dict:
    photos, source = find_files(options.images, room)
    listed = [str(file) for file in photos] * options.times
    return {
        "pictures": f"{len(listed)} of {source}",
        "size": options.size,
        "batch_size": options.batch_size,
        **loader(listed, options),
    }


def train_report(options: argparse.Namespace, room: Path) -> dict:
    data = lists_of(options.data, room)
    return {"pictures": data.name, "rows": train(data, options)}


def soak_report(options: argparse.Namespace, room: Path) -> dict:
    data = lists_of(options.data, room)
    return {"pictures": data.name, **soak(data, options, room)}


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
    "soak": soak_report,
}
