"""Draw the figures of the logs and print their table."""

import logging
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from paddle_aug.commands._options import CommandParser, add_language
from paddle_aug.experiments import compare_figures, compare_report, compare_results
from paddle_aug.results import curves, runlog, style, table
from paddle_aug.results.text import terminal_width
from paddle_aug.system.program import replaced, tool, value_of

logger = logging.getLogger(__name__)

EXAMPLES = (
    "logs/",
    "logs/ --format svg --markdown",
    "logs/seed-0 logs/seed-1 --output figures",
)
# Options of train that compare sets itself.
OF_TRAIN = ("--augment", "--mix", "--log-dir", "--model-dir", "--visualdl", "--resume", "--seed")


def main() -> None:
    parser = CommandParser(__doc__, "FOLDER...", EXAMPLES)
    parser.add_argument(
        "folders",
        nargs="+",
        type=Path,
        metavar="FOLDER",
        help="logs with one run per mode; several folders, or a folder with seed-<n> folders, "
        "hold runs with different seeds; or the folder of a comparison",
    )
    text = "folder of the figures (default: that of the logs; for several, its parent)"
    parser.add_argument("--output", type=Path, help=text)
    parser.add_argument("--format", choices=style.FORMATS, default="png", help="(default: png)")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    add_language(parser)
    options = parser.parse_args()

    first, *others = options.folders
    output = options.output or (first.parent if others else first)
    if not others and (first / compare_results.STATE).exists():
        results = compare_results.read(first)
        runs = results.finished(results.main)
        names = compare_figures.draw(results, output, options.format)
        written = [output / name for name in names]
        answer, notes, ahead = compare_report.as_text(results), [], []
    else:
        runs = runlog.read_seeds(options.folders)
        written = curves.draw(runs, output, options.format)
        answer, notes, ahead = None, table.notes(runs), next_command(runs)
    print(table.table(runs, options.markdown, terminal_width()))
    if answer:
        print(f"\n{answer}")
    for note in notes:
        logger.info(note)
    for file in written:
        logger.info("wrote %s", file)
    for line in ahead:
        logger.info(line)


def next_command(runs: Sequence[runlog.Run]) -> list[str]:
    """The command that compares the modes of a training with several seeds, in a line; [] if they
    have several or differ in more than the mode, or if a script of the user's own trained them."""
    modes = list(runlog.by_mode(runs))
    program, *words = runs[0].run.get("argv") or [""]
    by_train = re.fullmatch(r"(.*\W)?train(\.py)?", program)
    if len(modes) < 2 or len(runs) > len(modes) or table.differences(runs) or not by_train:
        return []
    words = replaced(words, dict.fromkeys(OF_TRAIN))
    if value_of(words, "--holdout") is None:  # without, compare refuses to stop early
        words = replaced(words, {"--early-stop": None, "--early-stop-by": None})
    if not {"-c", "--recipe"} & {word.partition("=")[0] for word in words}:
        # The default of train, not that of compare.
        words += ["--recipe", "sample" if runs[0].run["data"]["name"] == "sample" else "aistudio"]
    words += ["--modes", ",".join(mode or "none" for mode in modes), "--seeds", "5"]
    return [f"one run of each mode may be luck; next: {shlex.join([*tool('compare'), *words])}"]
