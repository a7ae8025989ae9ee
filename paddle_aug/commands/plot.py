"""Draw the figures of the logs and print their table."""

import argparse
import sys
from pathlib import Path

from paddle_aug.experiments import compare_figures, compare_report
from paddle_aug.results import curves, runlog


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
    parser.add_argument("--format", choices=curves.FORMATS, default="png", help="default: png")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    options = parser.parse_args()

    first, *others = options.folders
    output = options.output or (first.parent if others else first)
    if not others and (first / compare_report.STATE).exists():
        results = compare_report.read(first)
        runs = results.main_runs
        names = compare_figures.draw(results, output, options.format)
        written = [output / name for name in names]
        said = [compare_report.answer(results)]
    else:
        runs = runlog.read_seeds(options.folders)
        written = curves.draw(runs, output, options.format)
        said = curves.notes(runs)
    print(curves.table(runs, options.markdown))
    for line in [*said, *(f"wrote {file}" for file in written)]:
        print(line, file=sys.stderr)
