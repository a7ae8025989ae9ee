"""tools/train.py, whose network calculates in the precision that DTYPE names, from the weights that
a run in float32 starts with; where NUDGED is set, one of them is the next larger float32."""

import os
import sys

import numpy as np

from paddle_aug import cli


def calculate_in(dtype: str, nudged: bool = False, replace=setattr) -> None:
    """Let training do so; `replace` is given an object, a name and the new value."""
    from paddle_aug.training import fit as train
    from paddle_aug.training import gradients

    make_network, smoothed_loss, add = (
        train.make_network,
        gradients.smoothed_loss,
        train.EpochMetrics.add,
    )

    def make(config, data):
        network = make_network(config, data)
        if nudged:
            weight = network.parameters()[0]
            values = weight.numpy()
            values.flat[0] = np.nextafter(values.flat[0], np.float32(np.inf))
            weight.set_value(values)
        network.to(dtype=dtype)
        network.register_forward_pre_hook(lambda _, inputs: inputs[0].astype(dtype))
        return network

    def loss(run, logits, targets):
        return smoothed_loss(run, logits, targets.astype(dtype))

    def add_in_dtype(total, logits, targets):
        add(total, logits, targets.astype(dtype))

    replace(train, "make_network", make)
    replace(gradients, "smoothed_loss", loss)
    replace(train.EpochMetrics, "add", add_in_dtype)


if __name__ == "__main__":
    calculate_in(os.environ.get("DTYPE", "float32"), bool(os.environ.get("NUDGED")))
    sys.argv[0] = "tools/train.py"
    cli.run_command("train")
