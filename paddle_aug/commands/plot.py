"""Draw the figures of the logs and print their table."""

import argparse
import sys
from pathlib import Path

from paddle_aug import plot, runlog


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "folders",
        nargs="+",
        type=Path,
        metavar="folder",
        help="logs of one run a mode; several folders, or one of folders seed-<n>, are seeds",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="where the figures go (the folder of the logs; of several, the one they lie in)",
    )
    parser.add_argument("--format", choices=plot.FORMATS, default="png", help="default: png")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    options = parser.parse_args()

    first, *others = options.folders
    runs = runlog.read_seeds(options.folders)
    files = plot.draw(runs, options.output or (first.parent if others else first), options.format)
    print(plot.table(runs, options.markdown))
    for line in [*plot.notes(runs), *(f"wrote {file}" for file in files)]:
        print(line, file=sys.stderr)
