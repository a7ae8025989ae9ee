"""Measure trained weights."""

import json
import logging
from pathlib import Path

from paddle_aug.commands._options import add_options
from paddle_aug.commands._trained import add_prediction_options, argument_parser, computing
from paddle_aug.errors import UserError, printable
from paddle_aug.inputs import SOURCES
from paddle_aug.system.files import escaped, refuse_unwritable, write_json

logger = logging.getLogger(__name__)


def main() -> None:
    parser = argument_parser(
        "Measure trained weights on the eval images of their own data, or of other data of the "
        "same classes."
    )
    add_options(parser, SOURCES)
    add_prediction_options(parser)
    parser.add_argument("--mistakes", type=int, default=12, help="in the montage (default: 12)")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="of tables and figures (default: logs/<name of the weights>)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print what is in evaluation.json, not the table"
    )
    options = parser.parse_args()
    config = computing(options)
    if options.mistakes < 1:
        raise UserError(f"--mistakes must be at least 1, not {options.mistakes}")
    out = options.out or Path("logs") / options.weights.stem

    # Paddle takes seconds to import, so that --help and a mistyped option need not wait for it.
    import numpy as np
    from tqdm import tqdm

    from paddle_aug.evaluation import evaluate
    from paddle_aug.evaluation.predict import parse_tta, predictions
    from paddle_aug.training.fit import num_workers, use_device
    from paddle_aug.training.weights import eval_data, load_trained

    tta = parse_tta(options.tta, options.tta_draws)
    device = use_device(config)
    trained = load_trained(options.weights, options.run)
    data = eval_data(trained, {name: vars(options)[name] for name in SOURCES if name in options})
    refuse_unwritable(out, "--out")
    rows = []
    made = predictions(trained, data.eval, tta, options.batch_size, num_workers(config, device))
    for row in tqdm(made, total=len(data.eval), unit="img", leave=False, disable=None):
        if isinstance(row, UserError):
            raise row
        rows.append(row)
    found = evaluate.Evaluation(trained.class_names, data.eval, np.stack(rows))
    facts = {
        "weights": str(options.weights),
        "data": {"name": data.name, "fingerprint": data.fingerprint},
        "tta": {"augment": tta[0], "draws": tta[1]},
        **evaluate.facts(found, options.mistakes),
    }
    try:
        write_json(out / "evaluation.json", facts)
        files = [out / "evaluation.json", *evaluate.write(found, out, options.mistakes)]
    except OSError as error:
        raise UserError(f"cannot write to --out {out}: {error.strerror}") from None
    if options.json:
        print(escaped(json.dumps(facts, indent=2, ensure_ascii=False)))
    else:
        print(printable(f"{options.weights} on the eval images of {data.name}"))
        print(printable(evaluate.text(found)))
    for file in files:
        logger.info("wrote %s", file)
