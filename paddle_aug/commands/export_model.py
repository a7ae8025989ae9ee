"""Export trained weights as a Paddle Inference model."""

import argparse
import logging
from pathlib import Path

from paddle_aug.commands._trained import trained_parser
from paddle_aug.errors import UserError

logger = logging.getLogger(__name__)

EXAMPLES = (
    "models/userDefAug_best.pdparams exported",
    "models/userDefAug_best.pdparams exported --onnx",
)


def main() -> None:
    parser = trained_parser(
        "Write trained weights as a Paddle Inference model (inference.*, description.json, "
        "infer.py, and inference.yml for PaddleX), once its outputs on the CPU equal those of the "
        "network.",
        "OUT",
        EXAMPLES,
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder of the model")
    parser.add_argument(
        "--with-normalization",
        action="store_true",
        help="the model takes pixels, uint8 [N, height, width, 3], and normalizes them; by default "
        "it takes normalized input, float32 [N, 3, height, width]",
    )
    parser.add_argument(
        "--softmax",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="the model gives probabilities, as PaddleX wants them, or logits (default: yes)",
    )
    text = "write inference.onnx too (by paddle2onnx)"
    parser.add_argument("--onnx", action="store_true", help=text)
    parser.add_argument(
        "--images",
        nargs="+",
        default=[],
        metavar="IMAGE",
        help="compare outputs on these too, not on noise alone (at most 16)",
    )
    options = parser.parse_args()

    # Paddle takes seconds to import; --help and mistyped options need not wait for it.
    import paddle

    from paddle_aug.evaluation.predict import find_images
    from paddle_aug.export import paddlex
    from paddle_aug.export.model import ONNX_RUNTIME, comparison_pixels, export
    from paddle_aug.training.weights import load_trained

    samples, faults, notes = find_images(options.images)
    if faults:
        raise UserError("\n".join([*faults, *notes]))
    for note in notes:
        logger.warning(note)
    paddle.set_device("cpu")
    trained = load_trained(options.weights, options.run)
    pixels = comparison_pixels(trained, samples)
    differences = export(
        trained, options.out, pixels, options.with_normalization, options.onnx, options.softmax
    )
    outputs = "probabilities" if options.softmax else "logits"
    for runtime, difference in differences.items():
        print(f"{runtime}: {outputs} of {len(pixels)} images differ by at most {difference:.1e}")
    if options.onnx and ONNX_RUNTIME not in differences:
        logger.warning("the ONNX model was not compared; to compare it: pip install onnxruntime")
    logger.info("wrote %s", options.out)
    if (options.out / paddlex.FILE).exists():
        how = f'create_model(model_name="{paddlex.NAME}", model_dir="{options.out}")'
        logger.info("PaddleX opens it by %s", how)
