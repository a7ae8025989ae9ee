"""Predict the classes of images."""

import io
import logging
import sys
from pathlib import Path

from paddle_aug.commands._trained import add_prediction_options, computing, trained_parser
from paddle_aug.errors import UserError, printable, writing
from paddle_aug.evaluation.sort_images import refuse_existing, sort_images
from paddle_aug.results.text import count, csv_text
from paddle_aug.system.files import json_text, refuse_unwritable_file, write_bytes
from paddle_aug.system.progress import no_bar

logger = logging.getLogger(__name__)

EXAMPLES = (
    "models/userDefAug_best.pdparams photo.jpg",
    "models/userDefAug_best.pdparams photos/ --top 3",
    "models/userDefAug_best.pdparams photos/ --threshold 0.8",
)

NO_CLASS = "-"  # in a line; empty in CSV, null in JSON


def main() -> int:
    parser = trained_parser(
        "Print path, class and probability of each image, separated by tabs. Images that cannot "
        "be read are reported and skipped; the exit code is then 1.",
        "IMAGES...",
        EXAMPLES,
    )
    parser.add_argument(
        "images",
        nargs="+",
        metavar="IMAGES",
        help="files, folders with everything below them, or globs such as 'a/**/*.png'",
    )
    text = "print the N likeliest classes, a line each"
    parser.add_argument("--top", type=int, default=1, help=text)
    text = "no class for images whose likeliest class has a lower probability than X"
    parser.add_argument("--threshold", type=float, metavar="X", help=text)
    text = "copy each image into DIR/CLASS; DIR must be new or empty"
    parser.add_argument("--sort-into", type=Path, metavar="DIR", help=text)
    parser.add_argument("--csv", metavar="FILE", help="write CSV instead; - for stdout")
    parser.add_argument("--json", metavar="FILE", help="write JSON instead; - for stdout")
    add_prediction_options(parser)
    options = parser.parse_args()
    config = computing(options)
    if options.top < 1:
        raise UserError(f"--top must be at least 1, not {options.top}")
    threshold = 0.0 if options.threshold is None else options.threshold
    if not 0 <= threshold <= 1:
        raise UserError(f"--threshold must be from 0 to 1, not {threshold}")
    if options.csv == options.json == "-":
        raise UserError("--csv - and --json - cannot both go to stdout")

    # Paddle takes seconds to import; --help and mistyped options need not wait for it.
    import numpy as np
    from tqdm import tqdm

    from paddle_aug.evaluation.predict import find_images, parse_tta, predictions
    from paddle_aug.training.device import num_workers, use_device
    from paddle_aug.training.weights import load_trained

    samples, faults, notes = find_images(options.images)
    if not samples:
        raise UserError("\n".join([*faults, *notes]))
    tta = parse_tta(options.tta, options.tta_draws)
    device = use_device(config)
    trained = load_trained(options.weights, options.run)
    if options.sort_into:
        refuse_existing(options.sort_into)
    refuse_unwritable_file(options.csv, "--csv")
    refuse_unwritable_file(options.json, "--json")
    for message in (*notes, *faults):
        logger.warning(message)

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="paddle_aug.bytes_or_escaped")
    prints_lines = options.csv is None and options.json is None
    rows = predictions(trained, samples, tta, config.batch_size, num_workers(config, device))
    rows = tqdm(rows, total=len(samples), unit="img", leave=False, disable=prints_lines or no_bar())
    rankings, predicted = [], []
    for sample, row in zip(samples, rows, strict=True):
        if isinstance(row, UserError):
            faults.append(str(row))
            logger.warning(faults[-1])
            continue
        likeliest = np.argsort(-row, kind="stable")[: options.top]
        ranking = [(trained.class_names[label], float(row[label])) for label in likeliest]
        known = ranking[0][1] >= threshold
        predicted.append((sample.path, int(likeliest[0]) if known else None))
        rankings.append((sample.path, ranking if known else [(None, ranking[0][1])]))
        if prints_lines:
            for name, probability in rankings[-1][1]:
                shown = NO_CLASS if name is None else name
                line = f"{sample.path}\t{shown}\t{probability:.4f}"
                print(printable(line) if sys.stdout.isatty() else line, flush=True)
    if options.csv is not None:
        write(options.csv, as_csv(rankings), "--csv")
    if options.json is not None:
        write(options.json, as_json(rankings), "--json")
    if options.sort_into:
        folders = sort_images(options.sort_into, trained.class_names, predicted)
        for name, number in sorted(folders.items()):
            logger.info("wrote %s: %s", options.sort_into / name, count(number, "image"))
    if options.threshold is not None:
        unknown = sum(label is None for _, label in predicted)
        images = count(len(predicted), "image")
        logger.info(f"{unknown:,} of {images} without a class: no probability reaches {threshold}")
    return 1 if faults else 0


def as_csv(rankings: list) -> str:
    """A line per image and class, the likeliest first; no class is empty."""
    rows = [["path", "rank", "class", "probability"]]
    for path, ranking in rankings:
        rows.extend([path, rank, *pair] for rank, pair in enumerate(ranking, 1))
    return csv_text(rows)


def as_json(rankings: list) -> str:
    """A list of images, each with its likeliest classes; no class is null."""

    def classes(ranking):
        return [{"class": name, "probability": value} for name, value in ranking]

    content = [{"path": path, "classes": classes(ranking)} for path, ranking in rankings]
    return json_text(content) + "\n"


def write(file: str, text: str, option: str) -> None:
    """Write to a file, or to stdout for "-"."""
    if file == "-":
        sys.stdout.write(text)
        return
    with writing(f"{option} {file}"):
        write_bytes(file, text.encode(errors="surrogateescape"))
