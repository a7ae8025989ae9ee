"""Make a model for Paddle Inference."""

import logging
from pathlib import Path

from paddle_aug.commands._trained import argument_parser
from paddle_aug.errors import UserError

logger = logging.getLogger(__name__)


def main() -> None:
    parser = argument_parser(
        "Write trained weights as a Paddle Inference model (inference.*, and description.json), "
        "once its outputs on the CPU are those of the network."
    )
    parser.add_argument("out", type=Path, help="folder of the model")
    parser.add_argument(
        "--with-normalization",
        action="store_true",
        help="the model takes pixels, uint8 [N, height, width, 3], and normalises them itself; "
        "without, it takes what the network takes, float32 [N, 3, height, width], normalised",
    )
    parser.add_argument("--onnx", action="store_true", help="inference.onnx, too (by paddle2onnx)")
    parser.add_argument(
        "--images",
        nargs="+",
        default=[],
        metavar="IMAGE",
        help="compare outputs on these, too, and not on noise alone (the first 16)",
    )
    options = parser.parse_args()

    # Paddle takes seconds to import, so that --help and a mistyped option need not wait for it.
    import paddle

    from paddle_aug.evaluation.predict import find_images
    from paddle_aug.export.model import ONNX_RUNTIME, comparison_pixels, export
    from paddle_aug.training.weights import load_trained

    samples, nothing = find_images(options.images)
    if nothing:
        raise UserError("\n".join(nothing))
    paddle.set_device("cpu")
    trained = load_trained(options.weights, options.run)
    pixels = comparison_pixels(trained, samples)
    apart = export(trained, options.out, pixels, options.with_normalization, options.onnx)
    for runtime, difference in apart.items():
        print(f"{runtime}: logits of {len(pixels)} images differ by at most {difference:.1e}")
    if options.onnx and ONNX_RUNTIME not in apart:
        logger.warning("the ONNX model was not compared; to compare it: pip install onnxruntime")
    logger.info("wrote %s", options.out)
