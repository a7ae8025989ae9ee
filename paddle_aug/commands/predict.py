"""Tell the class of images."""

import csv
import io
import json
import logging
import sys

from paddle_aug.commands._trained import add_prediction_options, argument_parser, computing
from paddle_aug.errors import UserError, printable
from paddle_aug.system.files import escaped, write_bytes

logger = logging.getLogger(__name__)


def main() -> int:
    parser = argument_parser(
        "Print a line for each image: path, class and probability, parted by tabs. Images that "
        "cannot be read are told and passed over; the exit code is then 1."
    )
    parser.add_argument(
        "images", nargs="+", help="files, folders with all that is below them, globs ('a/**/*.png')"
    )
    parser.add_argument(
        "--top", type=int, default=1, metavar="K", help="the K likeliest classes, a line each"
    )
    for kind in ("csv", "json"):
        parser.add_argument(
            f"--{kind}", metavar="FILE", help=f"write {kind.upper()} instead; - for the terminal"
        )
    add_prediction_options(parser)
    options = parser.parse_args()
    config = computing(options)
    if options.top < 1:
        raise UserError(f"--top must be at least 1, not {options.top}")
    if options.csv == options.json == "-":
        raise UserError("--csv - and --json - cannot both be on the terminal")

    # Paddle takes seconds to import, so that --help and a mistyped option need not wait for it.
    import numpy as np
    from tqdm import tqdm

    from paddle_aug.evaluation.predict import find_images, parse_tta, predictions
    from paddle_aug.training.fit import num_workers, use_device
    from paddle_aug.training.weights import load_trained

    samples, bad = find_images(options.images)
    if not samples:
        raise UserError("\n".join(bad))
    tta = parse_tta(options.tta, options.tta_draws)
    device = use_device(config)
    trained = load_trained(options.weights, options.run)
    for message in bad:
        logger.warning(message)

    sys.stdout.reconfigure(errors="surrogateescape")  # names of files may be of any bytes
    lines = options.csv is None and options.json is None
    rows = predictions(trained, samples, tta, options.batch_size, num_workers(config, device))
    rows = tqdm(rows, total=len(samples), unit="img", leave=False, disable=lines or None)
    found = []
    for sample, row in zip(samples, rows, strict=True):
        if isinstance(row, UserError):
            bad.append(str(row))
            logger.warning(bad[-1])
            continue
        likeliest = np.argsort(-row, kind="stable")[: options.top]
        ranking = [(trained.class_names[label], float(row[label])) for label in likeliest]
        found.append((sample.path, ranking))
        if lines:
            for name, probability in ranking:
                line = f"{sample.path}\t{name}\t{probability:.4f}"
                print(printable(line) if sys.stdout.isatty() else line, flush=True)
    if options.csv is not None:
        write(options.csv, as_csv(found), "--csv")
    if options.json is not None:
        write(options.json, as_json(found), "--json")
    return 1 if bad else 0


def as_csv(found: list) -> str:
    """A line for each class of an image, the likeliest first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", "rank", "class", "probability"])
    for path, ranking in found:
        writer.writerows([path, rank, *pair] for rank, pair in enumerate(ranking, 1))
    return text.getvalue()


def as_json(found: list) -> str:
    """A list of images, each with its likeliest classes."""
    content = [
        {
            "path": path,
            "classes": [{"class": name, "probability": value} for name, value in ranking],
        }
        for path, ranking in found
    ]
    return escaped(json.dumps(content, indent=2, ensure_ascii=False)) + "\n"


def write(file: str, text: str, option: str) -> None:
    """Write to a file, or to the terminal for "-"."""
    if file == "-":
        sys.stdout.write(text)
        return
    try:
        write_bytes(file, text.encode(errors="surrogateescape"))
    except OSError as error:
        raise UserError(f"cannot write {option} {file}: {error.strerror}") from None
