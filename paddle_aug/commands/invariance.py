"""What networks do not mind in an image."""

import logging
from pathlib import Path

from paddle_aug.commands._options import CommandParser, add_options
from paddle_aug.config import TrainConfig
from paddle_aug.errors import UserError, printable
from paddle_aug.inputs import SOURCES
from paddle_aug.system.files import refuse_unwritable

logger = logging.getLogger(__name__)


def main() -> None:
    parser = CommandParser(
        "Measure the accuracy of trained networks on held-out images under each op, "
        "from weak to strong, and draw the curves of all networks side by side.",
    )
    parser.add_argument(
        "weights", nargs="+", type=Path, help="such as models/noAug_best.pdparams; several compare"
    )
    parser.add_argument(
        "--run",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="run.json of weights from before weights said themselves what they are of; once for "
        "each",
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        default=0.1,
        help="share of its accuracy that a network may lose and still keep it (default: 0.1)",
    )
    parser.add_argument("--ops", metavar="NAMES", help="a comma list; by default all")
    parser.add_argument(
        "--images", type=int, metavar="N", help="so many of the held-out images, of all classes"
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="default: logs/invariance")
    add_options(parser, (*SOURCES, "device", "threads"))
    given = vars(parser.parse_args())
    names = ("weights", "run", "tolerance", "ops", "images", "out")
    weights, runs, tolerance, ops, images, out = map(given.pop, names)
    if not 0 <= tolerance < 1:
        raise UserError(f"--tolerance must be from 0 to below 1, not {tolerance}")
    config = TrainConfig(
        **{name: given.pop(name) for name in ("device", "threads") if name in given}
    )

    # Paddle takes seconds to import, so that --help and a mistyped option need not wait for it.
    from paddle_aug.evaluation import invariance, invariance_report
    from paddle_aug.training.fit import use_device

    chosen = invariance.choose_ops(ops)
    use_device(config)
    networks = invariance.load_subjects(weights, runs)
    data = invariance.held_out(networks, given)
    samples = invariance.some_of(data.eval, images)
    out = out or Path("logs") / "invariance"
    refuse_unwritable(out, "--out")
    curves = invariance.measure(networks, samples, chosen)
    made = invariance_report.Map(networks, curves, data, len(samples), tolerance)
    files = invariance_report.write(made, out)
    for line in [*invariance_report.sentences(made), *invariance_report.differences(made)]:
        print(printable(line))
    for note in invariance_report.notes(made):
        logger.info(note)
    for file in files:
        logger.info("wrote %s", file)
