"""Check a data set before training on it."""

import logging
from pathlib import Path

from paddle_aug.check import divide
from paddle_aug.check.findings import findings
from paddle_aug.check.montage import write_montages
from paddle_aug.check.survey import Survey, find
from paddle_aug.check.text import as_dict, as_text, exit_code
from paddle_aug.commands._options import CommandParser, add_options, pop_fields
from paddle_aug.config import TrainConfig
from paddle_aug.errors import UserError, writing
from paddle_aug.results.text import terminal_width
from paddle_aug.system.files import json_text, refuse_unwritable, write_json

logger = logging.getLogger(__name__)

FIELDS = ("train_list", "eval_list", "image_root", "image_size")
EXAMPLES = (
    "photos",
    "photos/all.txt --split 0.75",
    "folder:photos --montage sheets --json report.json",
)


def main() -> int:
    parser = CommandParser(
        "Report what is in a data set and what is wrong with it: classes and balance, sizes, "
        "faults of lists and files, duplicates. The exit code is 0 if nothing is wrong, 1 after "
        "warnings, and 2 after errors, with which training would not start.",
        "DATA",
        EXAMPLES,
    )
    parser.add_argument("data", metavar="DATA", help="what train takes as --data, or a single list")
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON; - for stdout")
    parser.add_argument("--montage", type=Path, help="draw a sheet per class and of duplicates")
    text = "write Train.txt with this fraction of each class, Eval.txt and labels.txt"
    parser.add_argument("--split", type=float, help=text)
    parser.add_argument("--seed", type=int, default=0, help="of --split")
    parser.add_argument("--out", type=Path, help="of --split (default: where the data is)")
    add_options(parser, FIELDS)
    options = parser.parse_args()
    config = TrainConfig(**pop_fields(options, FIELDS), seed=options.seed)
    if options.out is not None and options.split is None:
        raise UserError("--out is for the lists of --split; give both")
    found = find(options.data, config.train_list, config.eval_list, config.image_root)
    out = options.out or (Path(options.data).parent if Path(options.data).is_file() else found.root)
    if options.split is not None:
        divide.refuse(found, options.split, out)
    if options.montage is not None:
        refuse_unwritable(options.montage, "--montage")

    survey = Survey(found)
    faults = findings(survey, config.image_size)
    if options.json == "-":
        print(json_text(as_dict(survey, faults)))
    else:
        print(as_text(survey, faults, terminal_width()))
        if options.json is not None:
            with writing(f"--json {options.json}"):
                write_json(options.json, as_dict(survey, faults))
    report = logger.info if options.json == "-" else print
    if options.montage is not None:
        report(f"{options.montage}: {len(write_montages(survey, options.montage)):,} sheets")
    code = exit_code(faults)
    if options.split is not None:
        if code == 2:
            raise UserError("no lists are written; correct the errors first")
        report(split(survey, options.split, options.seed, out))
    return code


def split(survey: Survey, fraction: float, seed: int, out: Path) -> str:
    """Divide the data, and return what was written and the command that trains on it."""
    lists = divide.divide(survey.found, fraction, seed, survey.groups, out)
    root = divide.image_root(lists, out)
    lines = [f"{out}: {len(lists.train):,} images in Train.txt, {len(lists.eval):,} in Eval.txt"]
    if duplicates := len(survey.groups) - len(set(survey.groups.values())):
        lines.append(f"{duplicates:,} duplicates and near duplicates follow their originals")
    lines.append(f"python tools/train.py --data {out}" + (f" --image-root {root}" if root else ""))
    return "\n".join(lines)
