"""Ops of other libraries as our transforms: a seed decides their draws, and their results are
checked."""

import os
import threading
from dataclasses import dataclass

import numpy as np

from paddle_aug.augment.transform import Transform
from paddle_aug.errors import UserError
from paddle_aug.rng import seeded_globals

# Other libraries draw from generators of which a process has one, so threads take turns (without
# workers, Paddle's loader reads in a thread). A fork waits until the lock is free, or the child
# would wait for a thread that it does not have. All adapters share the lock, because they may be
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
        size = self.size
        if size is not None and not (
            isinstance(size, tuple)
            and len(size) == 2
            and all(type(side) is int and side > 0 for side in size)
        ):
            raise UserError(f"{type(self).__name__} wants size=(height, width), got {size!r}")

    def call(self, image: np.ndarray, seed: int):
        """Run the op on an image that it may write into; the globals are seeded."""
        raise NotImplementedError

    def sample(self, rng, shape):
        return {"seed": int(rng.integers(2**31))}

    def apply(self, image, seed):
        with turn, seeded_globals(seed):
            made = self.call(image.copy(), seed)
        want = self.output_shape(image.shape, seed)
        if not (isinstance(made, np.ndarray) and made.dtype == np.uint8 and made.shape == want):
            kind = type(made).__name__
            if isinstance(made, np.ndarray):
                kind = f"{made.dtype} {made.shape}"
            raise UserError(
                f"{name_of(self.op)} made {kind} of uint8 {image.shape}, want uint8 {want}; leave "
                "out what makes tensors or floats (ToTensor, Transpose, Normalize), and if the op "
                f"changes the size, name it: {type(self).__name__}(op, size=(height, width))"
            )
        return np.ascontiguousarray(made)

    def output_shape(self, shape, seed):
        return shape if self.size is None else (*self.size, 3)


def name_of(op) -> str:
    """What to call an op in a message: a function's name, or the class of an object."""
    return getattr(op, "__qualname__", type(op).__name__)
