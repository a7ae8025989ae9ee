"""tools/train.py, whose network calculates in the precision that DTYPE names, from the weights that
a run in float32 starts with; where NUDGED is set, one of them is the next larger float32."""

import os
import sys

import numpy as np

from paddle_aug import cli
from paddle_aug.supervisor import supervised


def replacements(dtype: str, nudged: bool = False) -> dict:
    """What training is to have in place of what it has under these names."""
    from paddle_aug import train

    make_network, smoothed_loss = train.make_network, train.smoothed_loss

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

    def loss(config, logits, targets):
        return smoothed_loss(config, logits, targets.astype(dtype))

    class Totals(train.Totals):
        def add(self, logits, targets):
            super().add(logits, targets.astype(dtype))

    return {"make_network": make, "smoothed_loss": loss, "Totals": Totals}


if __name__ == "__main__":
    if supervised():
        from paddle_aug import train

        dtype, nudged = os.environ.get("DTYPE", "float32"), bool(os.environ.get("NUDGED"))
        for name, replacement in replacements(dtype, nudged).items():
            setattr(train, name, replacement)
    sys.argv[0] = "tools/train.py"
    cli.run_command("train")
