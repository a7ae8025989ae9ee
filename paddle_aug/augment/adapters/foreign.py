"""Ops of other libraries as our transforms: a seed decides their draws, and their results are
checked."""

import os
import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np

from paddle_aug.augment.transform import Transform, kind_of
from paddle_aug.errors import UserError
from paddle_aug.rng import seeded_globals

# Other libraries draw from the global generators of the process, so threads take turns (without
# workers, Paddle's loader reads in a thread). A fork waits until the lock is free, or the child
# would wait for a thread that it does not have. All adapters share the lock because they may be
# nested.
turn = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=turn.acquire, after_in_parent=turn.release, after_in_child=turn.release
    )


@dataclass(frozen=True)
class Foreign(Transform):
    """An op of another library: `sample` draws a seed, and `call` runs the op under it.

    The op must keep the size of its image, or make all images one `size`, (height, width): later
    ops draw for that size before any pixel is touched.
    """

    op: object
    size: tuple[int, int] | None = None

    def __post_init__(self):
        if self.size is not None and not (isinstance(self.size, tuple) and len(self.size) == 2):
            raise UserError(f"{type(self).__name__} wants size=(height, width), got {self.size!r}")

    def seeded(self, seed: int) -> AbstractContextManager:
        """A context in which the seed decides what the op draws."""
        return seeded_globals(seed)

    def call(self, image: np.ndarray, seed: int):
        """Run the op on an image that it may write into, within `seeded`."""
        raise NotImplementedError

    def sample(self, rng, shape):
        return {"seed": int(rng.integers(2**31))}

    def apply(self, image, seed):
        with turn, self.seeded(seed):
            result = self.call(image.copy(), seed)
        want = self.output_shape(image.shape, seed)
        if not (
            isinstance(result, np.ndarray) and result.dtype == np.uint8 and result.shape == want
        ):
            raise UserError(
                f"{name_of(self.op)} made {kind_of(result)} of uint8 {image.shape}, want uint8 "
                f"{want}; leave out what makes tensors or floats (ToTensor, Transpose, Normalize), "
                "and if the op changes the size, name it: "
                f"{type(self).__name__}(op, size=(height, width))"
            )
        return np.ascontiguousarray(result)

    def output_shape(self, shape, seed):
        return shape if self.size is None else (*self.size, 3)


def name_of(op) -> str:
    """What to call an op in a message: a function's name, or the class of an object."""
    return getattr(op, "__qualname__", type(op).__name__)
