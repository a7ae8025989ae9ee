"""Train one fresh network for each augmentation."""

import sys

from paddle_aug.augment.modes import augmentation, split_modes
from paddle_aug.config import make_config, parse
from paddle_aug.training.supervisor import needed, supervise

STOPPED = "stopped; --resume goes on from the last checkpoint"


def main() -> None:
    if needed():
        supervise()
    given, recipe = parse(sys.argv[1:])
    # Paddle takes seconds to import, so that --help and a mistyped option need not wait for it.
    from paddle_aug.data.dataset import open_dataset
    from paddle_aug.inputs import of_mode, selected
    from paddle_aug.training.fit import fit, use_device
    from paddle_aug.training.mixing import Mixing

    first = make_config(given, recipe or "aistudio")
    modes = split_modes(first.augment)
    for mode in modes:
        wanted = of_mode(first, mode)
        augmentation(wanted.augment)
        Mixing.of(wanted)
    data = open_dataset(first.data, first.train_list, first.eval_list, first.image_root)
    config = make_config(given, recipe or ("sample" if data.drawn else "aistudio"))
    if recipe is None and config.network == "vgg16" and use_device(config) == "cpu":
        print(
            "no GPU: vgg16 will take hours here; --recipe small is made for CPUs", file=sys.stderr
        )
    data = selected(config, data)
    for mode in modes:
        fit(of_mode(config, mode), data)
