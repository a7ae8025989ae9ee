"""Measure which changes of an image do not matter to trained networks."""

import logging
from pathlib import Path

from paddle_aug.commands._options import (
    CommandParser,
    add_import,
    add_language,
    add_options,
    pop_fields,
)
from paddle_aug.config import TrainConfig
from paddle_aug.errors import UserError, printable, writing
from paddle_aug.inputs import SOURCES
from paddle_aug.system.files import locked, refuse_unwritable, set_aside
from paddle_aug.system.script_task import kept

logger = logging.getLogger(__name__)

EXAMPLES = (
    "models/noAug_best.pdparams models/allabAug_best.pdparams",
    "models/userDefAug_best.pdparams --ops rotate,brightness",
)


def main() -> None:
    parser = CommandParser(
        "Measure the accuracy of trained networks on held-out images under each operation, from "
        "weak to strong, and draw the curves of all networks side by side.",
        "WEIGHTS...",
        EXAMPLES,
    )
    parser.add_argument(
        "weights",
        nargs="+",
        type=Path,
        metavar="WEIGHTS",
        help="such as models/noAug_best.pdparams; several are compared",
    )
    parser.add_argument(
        "--run",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="run.json of weights that are too old to describe themselves; once for each",
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        default=0.1,
        help="a network is invariant while it loses at most this share of its accuracy",
    )
    parser.add_argument("--ops", metavar="NAMES", help="comma list of operations (default: all)")
    parser.add_argument("--images", type=int, help="use N held-out images, of all classes")
    text = "folder of the table and figures"
    parser.add_argument("--out", type=Path, default=Path(kept("logs/invariance")), help=text)
    add_import(parser)
    add_language(parser)
    add_options(parser, (*SOURCES, "device", "threads"))
    options = parser.parse_args()
    config = TrainConfig(**pop_fields(options, ("device", "threads")))
    if not 0 <= options.tolerance < 1:
        raise UserError(f"--tolerance must be from 0 to below 1, not {options.tolerance}")

    # Paddle takes seconds to import; --help and mistyped options need not wait for it.
    from paddle_aug.evaluation import invariance, invariance_ops, invariance_report
    from paddle_aug.training.device import use_device

    ops = invariance_ops.choose_ops(options.ops)
    use_device(config)
    networks = invariance.load_subjects(options.weights, options.run)
    data = invariance.held_out(networks, pop_fields(options, SOURCES))
    samples = invariance.some_of(data.eval, options.images)
    refuse_unwritable(options.out, "--out")
    curves = invariance.measure(networks, samples, ops)
    result = invariance_report.Map(curves, data, options.tolerance)
    with writing(f"to --out {options.out}"), locked(options.out / ".lock"):
        earlier = set_aside([options.out / name for name in invariance_report.FILES])
        files = invariance_report.write(result, options.out)
    if earlier:
        logger.info("moved the files of an earlier map to %s", earlier)
    for line in [*invariance_report.sentences(result), *invariance_report.differences(result)]:
        print(printable(line))
    for note in invariance_report.notes(result):
        logger.info(note)
    for file in files:
        logger.info("wrote %s", file)
