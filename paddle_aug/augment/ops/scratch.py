"""Room for intermediate results that is kept from one image to the next."""

import math
import threading

import numpy as np

_rooms = threading.local()


def scratch(name: str, shape: tuple[int, ...], dtype: type = np.float32) -> np.ndarray:
    """An array of this thread, anything in it, until the next call with this name.

    Half a megabyte that is new for each image goes back to the system in between, and fetching it
    again page by page takes as long as working on it. What comes of this is never to be returned
    by a kernel.

    It doubles: where sizes are drawn there would be a little larger one for hours, each leaving a
    hole. What of it is never written to takes no memory.
    """
    size = math.prod(shape)
    room = getattr(_rooms, name, None)
    if room is None or room.size < size:
        room = np.empty(1 << (size - 1).bit_length(), dtype)
        setattr(_rooms, name, room)
    return room[:size].reshape(shape)
