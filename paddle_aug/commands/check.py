"""Look over a data set before training on it."""

import json
import logging
from pathlib import Path

from paddle_aug.check import divide
from paddle_aug.check.findings import findings
from paddle_aug.check.montage import write_montages
from paddle_aug.check.survey import Survey, find
from paddle_aug.check.text import as_dict, as_text, exit_code
from paddle_aug.commands._options import CommandParser
from paddle_aug.errors import UserError
from paddle_aug.system.files import escaped, refuse_unwritable, write_json

logger = logging.getLogger(__name__)


def main() -> int:
    parser = CommandParser(
        "Report what is in a data set and what is wrong with it: classes and balance, "
        "sizes, faults of lists and files, duplicates. Exit code 0: nothing found, 1: warnings, "
        "2: errors, which training would refuse.",
    )
    parser.add_argument(
        "data",
        help="folder of lists, folder of class folders, single list, CSV, the word sample, or "
        "KIND:PATH, as train.py takes it",
    )
    parser.add_argument("--train-list", metavar="FILE", help="list file to train on")
    parser.add_argument("--eval-list", metavar="FILE", help="list file to evaluate on")
    parser.add_argument("--image-root", metavar="FOLDER", help="where the listed paths start from")
    parser.add_argument(
        "--image-size", type=int, default=224, help="side of what the network sees (default: 224)"
    )
    parser.add_argument("--json", metavar="FILE", help="the report for programs; - is stdout")
    parser.add_argument(
        "--montage", type=Path, metavar="FOLDER", help="draw a sheet a class, and the duplicates"
    )
    parser.add_argument(
        "--split",
        type=float,
        metavar="SHARE",
        help="write Train.txt, with this share of each class, Eval.txt and labels.txt",
    )
    parser.add_argument("--seed", type=int, default=0, help="of --split (default: 0)")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="for the lists (default: where the data is)"
    )
    given = parser.parse_args()
    if given.image_size < 1:
        raise UserError(f"--image-size must be at least 1, not {given.image_size}")
    if given.out is not None and given.split is None:
        raise UserError("--out is for the lists of --split; give both")
    found = find(given.data, given.train_list, given.eval_list, given.image_root)
    beside = Path(given.data).parent if Path(given.data).is_file() else found.root
    out = given.out or beside
    if given.split is not None:
        divide.refuse(found, given.split, given.seed, out)
    if given.montage is not None:
        refuse_unwritable(given.montage, "--montage")

    survey = Survey(found)
    told = findings(survey, given.image_size)
    if given.json == "-":
        report = json.dumps(as_dict(survey, told), indent=2, ensure_ascii=False)
        print(escaped(report))
    else:
        print(as_text(survey, told))
        if given.json is not None:
            write(Path(given.json), as_dict(survey, told))
    tell = logger.info if given.json == "-" else print
    if given.montage is not None:
        count = len(write_montages(survey, given.montage))
        tell(f"{given.montage}: {count:,} sheets")
    code = exit_code(told)
    if given.split is not None:
        if code == 2:
            raise UserError("no lists are written: correct the errors first")
        tell(split(survey, given.split, given.seed, out))
    return code


def write(file: Path, report: dict) -> None:
    try:
        write_json(file, report)
    except OSError as error:
        raise UserError(f"cannot write --json {file}: {error.strerror}") from None


def split(survey: Survey, share: float, seed: int, out: Path) -> str:
    """Divide the data, and say how it is trained on."""
    made = divide.divide(survey.found, share, seed, survey.groups, out)
    root = divide.image_root(made, out)
    option = f" --image-root {root}" if root else ""
    together = len(survey.groups) - len(set(survey.groups.values()))
    kept = (
        f"{together:,} duplicates, near ones too, are in the list of their originals\n"
        if together
        else ""
    )
    return (
        f"{out}: {len(made.train):,} images in Train.txt, {len(made.eval):,} in Eval.txt\n{kept}"
        f"python tools/train.py --data {out}{option}"
    )
