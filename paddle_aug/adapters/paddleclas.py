"""PaddleClas's own programs, with `PaddleAug` among the names of `transform_ops`.

python -m paddle_aug.adapters.paddleclas tools/train.py -c config.yaml
"""

import runpy
import sys
from pathlib import Path

from paddle_aug.augment.modes import augmentation
from paddle_aug.augment.transform import Transform
from paddle_aug.cli import run
from paddle_aug.errors import UserError


def paddle_aug(mode: str) -> Transform:
    """What `- PaddleAug: {mode: "allab"}` makes: see `augmentation`."""
    return augmentation(mode)


def main() -> None:
    """Run the program that the command line names, unchanged, with the rest of the command line.

    PaddleClas looks ops up by name in `ppcls.data.preprocess`, and passes what stands behind the
    name in the config.

    Raises:
        UserError: no program, or PaddleClas cannot be imported.
    """
    words = sys.argv[1:]
    if not words or not Path(words[0]).is_file():
        raise UserError(
            f"no program {' '.join(words[:1])!r}; in the folder of a PaddleClas checkout: "
            "python -m paddle_aug.adapters.paddleclas tools/train.py -c config.yaml"
        )
    try:
        from ppcls.data import preprocess
    except ModuleNotFoundError as error:
        if error.name == "paddle":
            raise
        raise UserError(
            f"cannot import PaddleClas ({error}); run this in the folder of its checkout, in an "
            "environment with its requirements"
        ) from None
    preprocess.PaddleAug = paddle_aug
    sys.argv = words
    runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    run(main)
