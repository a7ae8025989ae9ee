"""Files of a user that add an op and a network, and a process that forgets them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from paddle_aug.augment.modes import AUGMENTATIONS
from paddle_aug.networks import NETWORKS
from paddle_aug.system import plugins

FOG = '''"""A fog."""
from dataclasses import dataclass
from paddle_aug.augment.modes import AUGMENTATIONS
from paddle_aug.augment.transform import Transform

@AUGMENTATIONS.add("fog")
@dataclass(frozen=True)
class Fog(Transform):
    most: float = 0.5

    def sample(self, rng, shape):
        return {"share": rng.uniform(0, self.most)}

    def apply(self, image, share):
        return (image * (1 - share) + 255 * share).astype("uint8")
'''

TINY = '''"""A network that does not name its head."""
from paddle import nn
from paddle_aug.networks import NETWORKS

@NETWORKS.add("tiny")
class Tiny(nn.Sequential):
    def __init__(self, num_classes, image_size):
        super().__init__(
            nn.Conv2D(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2D(1), nn.Flatten(),
            nn.Linear(8, num_classes),
        )
'''


@contextmanager
def forgotten_plugins() -> Iterator[None]:
    """A context after which what was imported in it is unknown again."""
    before = set(sys.modules)
    with patch.dict(AUGMENTATIONS), patch.dict(NETWORKS), patch.dict(plugins._loaded):
        yield
    for name in {*sys.modules} - before:
        if name.startswith("paddle_aug_import_") or name == "fog":
            del sys.modules[name]
