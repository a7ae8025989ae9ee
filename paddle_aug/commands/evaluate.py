"""Measure the accuracy of trained weights."""

import argparse
import logging
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from paddle_aug.check.next_command import recipe
from paddle_aug.commands._options import add_language, add_options, pop_fields
from paddle_aug.commands._trained import add_prediction_options, computing, trained_parser
from paddle_aug.config import TrainConfig, flag
from paddle_aug.errors import UserError, printable, writing
from paddle_aug.inputs import SOURCES
from paddle_aug.results.language import N_, _
from paddle_aug.system import plugins
from paddle_aug.system.files import json_text, locked, refuse_unwritable, set_aside, write_json
from paddle_aug.system.program import tool
from paddle_aug.system.progress import no_bar
from paddle_aug.system.script_task import kept

if TYPE_CHECKING:
    from paddle_aug.training.weights import Trained

logger = logging.getLogger(__name__)

EXAMPLES = (
    "models/userDefAug_best.pdparams",
    "models/userDefAug_best.pdparams --tta hflip",
    "models/userDefAug_best.pdparams --on train --heatmap",
)


def main() -> None:
    parser = trained_parser(
        "Measure trained weights on the evaluation images of their own data, or of other data of "
        "the same classes; with --on train, rank the training images by their loss.",
        "",
        EXAMPLES,
    )
    add_options(parser, SOURCES)
    add_prediction_options(parser)
    text = "part of the data: eval, or train for its hardest images, or test"
    parts = (N_("eval"), N_("train"), N_("test"))
    parser.add_argument("--on", choices=parts, default="eval", help=text)
    parser.add_argument("--mistakes", type=int, default=12, help="images in the montage")
    text = "show where the network sees its classes in the images of the montage (Grad-CAM)"
    parser.add_argument("--heatmap", action="store_true", help=text)
    logs = kept("logs")
    text = (
        f"folder of the tables and figures (default: {logs}/<name of the weights>, and with "
        "another part than eval <name>-<part>)"
    )
    parser.add_argument("--out", type=Path, help=text)
    text = "print evaluation.json instead of the table"
    parser.add_argument("--json", action="store_true", help=text)
    add_language(parser)
    options = parser.parse_args()
    config = computing(options)
    if options.mistakes < 1:
        raise UserError(f"--mistakes must be at least 1, not {options.mistakes}")
    name = options.weights.stem + ("" if options.on == "eval" else f"-{options.on}")
    out = options.out or Path(logs) / name

    # Paddle takes seconds to import; --help and mistyped options need not wait for it.
    import numpy as np
    from tqdm import tqdm

    from paddle_aug.evaluation import evaluate
    from paddle_aug.evaluation.gradcam import heatmaps
    from paddle_aug.evaluation.page import write as write_evaluation_page
    from paddle_aug.evaluation.predict import parse_tta, predictions
    from paddle_aug.training.device import num_workers, use_device
    from paddle_aug.training.weights import eval_data, load_trained

    tta = parse_tta(options.tta, options.tta_draws)
    device = use_device(config)
    trained = load_trained(options.weights, options.run)
    given = pop_fields(options, SOURCES)
    data = eval_data(trained, given)
    samples = getattr(data, options.on)
    if not samples:
        raise UserError(f"{data.name} has no {options.on} images to evaluate on; drop --on")
    refuse_unwritable(out, "--out")
    rows = []
    predicted = predictions(trained, samples, tta, config.batch_size, num_workers(config, device))
    for row in tqdm(predicted, total=len(samples), unit="img", leave=False, disable=no_bar()):
        if isinstance(row, UserError):
            raise row
        rows.append(row)
    tested = data.name
    if options.tta:
        tested = _("{data}, with --tta {augment}").format(data=data.name, augment=options.tta)
    names = tested, trained.config.network
    evaluation = evaluate.Evaluation(
        trained.class_names, samples, np.stack(rows), options.on, names
    )
    seen = []
    if options.heatmap:
        worst = evaluation.worst(options.mistakes)
        labels = [dict.fromkeys((image.predicted, image.sample.label)) for image in worst]
        seen = heatmaps(trained, [image.sample for image in worst], labels)
    facts = {
        "weights": str(options.weights),
        "on": options.on,
        "data": {"name": data.name, "fingerprint": data.fingerprint},
        "tta": {"augment": tta[0], "draws": tta[1]},
        **evaluate.facts(evaluation, options.mistakes),
    }
    with writing(f"to --out {out}"), locked(out / ".lock"):
        earlier = set_aside([out / name for name in evaluate.FILES])
        write_json(out / "evaluation.json", facts)
        write_evaluation_page(
            evaluation,
            out / "evaluation.html",
            options.weights.stem,
            tested,
            options.mistakes,
            seen,
            None if given else next_step(options, trained),
        )
        files = evaluate.write(evaluation, out, options.mistakes, seen)
    if earlier:
        logger.info("moved the files of an earlier evaluation to %s", earlier)
    if options.json:
        print(json_text(facts))
    else:
        text = _("{weights} on the {part} images of {data}")
        part = _(options.on)
        print(printable(text.format(weights=options.weights, part=part, data=tested)))
        print(printable(evaluate.text(evaluation)))
    for file in files:
        logger.info("wrote %s", file)


def next_step(options: argparse.Namespace, trained: "Trained") -> tuple[str, str]:
    """A sentence, and the command that goes on from an evaluation on the data of the run: a
    comparison of augmentations or, from its training images, an evaluation on others."""
    if options.on == "train":
        text = _("On images that it was not trained on, this says how good the network is:")
        words = [*tool("evaluate"), str(options.weights)]
        words += ["--run", str(options.run)] if options.run else []
        words += ["--import", ",".join(plugins.loaded())] if plugins.loaded() else []
        return text, shlex.join(words)
    text = _("This finds out which augmentation helps on the same data, and what is luck:")
    words = tool("compare")
    config = trained.config
    for name in (*SOURCES, "first", "fraction", "holdout"):
        value = getattr(config, name)
        words += [flag(name), str(value)] if value != getattr(TrainConfig, name) else []
    of_sample = trained.data_name == "sample" and config.data in (None, "sample")
    words += ["--kfold", config.fold.partition("/")[2]] if config.fold else []
    return text, shlex.join([*words, "--recipe", "sample" if of_sample else recipe()])
