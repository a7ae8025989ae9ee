"""Train one fresh network for each augmentation: python tools/train.py --augment allab"""

import sys
from dataclasses import replace

from _clone import run

from paddle_aug.config import make_config, parse
from paddle_aug.modes import augmentation, split_modes


def main() -> None:
    given, recipe = parse(sys.argv[1:])
    # Paddle takes seconds to import, so that --help and a mistyped option need not wait for it.
    from paddle_aug.data.dataset import open_dataset

    from paddle_aug.train import fit

    first = make_config(given, recipe or "aistudio")
    modes = split_modes(first.augment)
    for mode in modes:
        augmentation(mode)
    data = open_dataset(first.data, first.train_list, first.eval_list, first.image_root)
    config = make_config(given, recipe or ("sample" if data.name == "sample" else "aistudio"))
    for mode in modes:
        fit(replace(config, augment=mode), data)


if __name__ == "__main__":
    run(main)
