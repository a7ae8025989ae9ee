"""Check a data set before training on it."""

import logging
from pathlib import Path

from paddle_aug.check import lists
from paddle_aug.check.findings import findings
from paddle_aug.check.montage import write_montages
from paddle_aug.check.next_command import training_on
from paddle_aug.check.page import write as write_check_page
from paddle_aug.check.survey import Survey
from paddle_aug.check.text import as_dict, as_text, exit_code
from paddle_aug.commands._options import CommandParser, add_language, add_options, pop_fields
from paddle_aug.config import TrainConfig, flag
from paddle_aug.data.dataset import find_dataset
from paddle_aug.errors import UserError, writing
from paddle_aug.results import language
from paddle_aug.results.text import terminal_width
from paddle_aug.system.files import (
    json_text,
    refuse_unwritable,
    refuse_unwritable_file,
    write_json,
)

logger = logging.getLogger(__name__)

FIELDS = ("train_list", "eval_list", "image_root", "image_size")
EXAMPLES = (
    "photos",
    "photos/all.txt --split 0.75",
    "photos --lists lists",
    "photos --montage sheets --json report.json",
)


def main() -> int:
    parser = CommandParser(
        "Report what is in a data set and what is wrong with it: classes and balance, sizes, "
        "faults of lists and files, duplicates. The exit code is 0 if nothing is wrong, 1 after "
        "warnings, and 2 after errors, which to correct before training; 1 if lists without "
        "them were written.",
        "DATA",
        EXAMPLES,
    )
    parser.add_argument("data", metavar="DATA", help="what train takes as --data")
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON; - for stdout")
    text = "write the report as a page with pictures of what was found"
    parser.add_argument("--html", type=Path, metavar="FILE", help=text)
    parser.add_argument("--montage", type=Path, help="draw a sheet per class and of duplicates")
    text = "write Train.txt, Eval.txt and labels.txt without the faulty lines and files"
    parser.add_argument("--lists", type=Path, help=text)
    text = "such lists, with this fraction of each class in Train.txt"
    parser.add_argument("--split", type=float, help=text)
    parser.add_argument("--seed", type=int, default=0, help="draws the parts of --split")
    parser.add_argument("--out", type=Path, help="folder for --split (default: where the data is)")
    add_language(parser)
    add_options(parser, FIELDS)
    options = parser.parse_args()
    config = TrainConfig(**pop_fields(options, FIELDS), seed=options.seed)
    if options.out is not None and (options.split is None or options.lists is not None):
        raise UserError("--out is for the lists of --split alone; --lists names a folder itself")
    found = find_dataset(options.data, config.train_list, config.eval_list, config.image_root)
    out = options.lists or options.out or found.root
    writes = options.lists is not None or options.split is not None
    if writes:
        lists.refuse(found, options.split, out)
    if options.montage is not None:
        refuse_unwritable(options.montage, "--montage")
    refuse_unwritable_file(options.json, "--json")
    refuse_unwritable_file(options.html, "--html")

    survey = Survey(found)
    faults = findings(survey, config.image_size)
    if options.json is not None:
        with language.used("en"):  # programs may read its words
            content = as_dict(survey, findings(survey, config.image_size))
    if options.json == "-":
        print(json_text(content))
    else:
        print(as_text(survey, faults, terminal_width()))
        if options.json is not None:
            with writing(f"--json {options.json}"):
                write_json(options.json, content)
    report = logger.info if options.json == "-" else print
    if options.html is not None:
        with writing(f"--html {options.html}"):
            write_check_page(survey, faults, options.html)
        report(f"wrote {options.html}")
    if options.montage is not None:
        with language.used("en"):  # their font has no Chinese letters
            sheets = write_montages(survey, options.montage)
        report(f"{options.montage}: {len(sheets):,} sheets")
    code = exit_code(faults)
    if writes:
        report(lists.write_usable(survey, options.split, options.seed, out))
        return min(code, 1)
    if code < 2:
        words = ["--data", options.data]
        for name in ("train_list", "eval_list", "image_root"):
            if value := getattr(config, name):
                words += [flag(name), str(value)]
        report(training_on(found, words))
    return code
