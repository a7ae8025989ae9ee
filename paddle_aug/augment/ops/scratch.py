"""Memory for intermediate results, kept from one image to the next."""

import math
import threading

import numpy as np

_rooms = threading.local()


def scratch(name: str, shape: tuple[int, ...], dtype: type = np.float32) -> np.ndarray:
    """This thread's array of this name, uninitialized, valid until the next call with the name.

    Half a megabyte that is allocated for each image goes back to the system in between, and getting
    it again page by page takes as long as the work on it. A kernel must never return this array.

    The memory doubles when it grows: growing bit by bit as larger sizes are drawn would fragment
    the heap. Pages that nothing writes to take no memory.
    """
    size = math.prod(shape)
    room = getattr(_rooms, name, None)
    if room is None or room.size < size:
        room = np.empty(1 << (size - 1).bit_length(), dtype)
        setattr(_rooms, name, room)
    return room[:size].reshape(shape)
