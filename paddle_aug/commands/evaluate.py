"""Measure the accuracy of trained weights."""

import logging
from pathlib import Path

from paddle_aug.commands._options import add_options, pop_fields
from paddle_aug.commands._trained import add_prediction_options, computing, trained_parser
from paddle_aug.errors import UserError, printable, writing
from paddle_aug.inputs import SOURCES
from paddle_aug.system.files import json_text, locked, refuse_unwritable, set_aside, write_json
from paddle_aug.system.script_task import kept

logger = logging.getLogger(__name__)

EXAMPLES = ("models/userDefAug_best.pdparams", "models/userDefAug_best.pdparams --tta hflip")


def main() -> None:
    parser = trained_parser(
        "Measure trained weights on the evaluation images of their own data, or of other data of "
        "the same classes.",
        "",
        EXAMPLES,
    )
    add_options(parser, SOURCES)
    add_prediction_options(parser)
    parser.add_argument("--mistakes", type=int, default=12, help="images in the montage")
    logs = kept("logs")
    text = f"folder of the tables and figures (default: {logs}/<name of the weights>)"
    parser.add_argument("--out", type=Path, help=text)
    text = "print evaluation.json instead of the table"
    parser.add_argument("--json", action="store_true", help=text)
    options = parser.parse_args()
    config = computing(options)
    if options.mistakes < 1:
        raise UserError(f"--mistakes must be at least 1, not {options.mistakes}")
    out = options.out or Path(logs) / options.weights.stem

    # Paddle takes seconds to import; --help and mistyped options need not wait for it.
    import numpy as np
    from tqdm import tqdm

    from paddle_aug.evaluation import evaluate
    from paddle_aug.evaluation.predict import parse_tta, predictions
    from paddle_aug.training.device import num_workers, use_device
    from paddle_aug.training.weights import eval_data, load_trained

    tta = parse_tta(options.tta, options.tta_draws)
    device = use_device(config)
    trained = load_trained(options.weights, options.run)
    data = eval_data(trained, pop_fields(options, SOURCES))
    refuse_unwritable(out, "--out")
    rows = []
    predicted = predictions(trained, data.eval, tta, config.batch_size, num_workers(config, device))
    for row in tqdm(predicted, total=len(data.eval), unit="img", leave=False, disable=None):
        if isinstance(row, UserError):
            raise row
        rows.append(row)
    evaluation = evaluate.Evaluation(trained.class_names, data.eval, np.stack(rows))
    facts = {
        "weights": str(options.weights),
        "data": {"name": data.name, "fingerprint": data.fingerprint},
        "tta": {"augment": tta[0], "draws": tta[1]},
        **evaluate.facts(evaluation, options.mistakes),
    }
    with writing(f"to --out {out}"), locked(out / ".lock"):
        earlier = set_aside([out / name for name in evaluate.FILES])
        write_json(out / "evaluation.json", facts)
        files = evaluate.write(evaluation, out, options.mistakes)
    if earlier:
        logger.info("moved the files of an earlier evaluation to %s", earlier)
    if options.json:
        print(json_text(facts))
    else:
        print(printable(f"{options.weights} on the eval images of {data.name}"))
        print(printable(evaluate.text(evaluation)))
    for file in files:
        logger.info("wrote %s", file)
