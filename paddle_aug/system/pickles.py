"""Unpickling what a stranger may have made: arrays and plain values, and nothing that runs."""

import pickle
from collections import OrderedDict
from collections.abc import Mapping
from typing import BinaryIO

import numpy as np


def load(file: BinaryIO, encoding: str = "ASCII"):
    """Read a pickle without running anything that is in it.

    `encoding` is that of Python 2's strings; "bytes" leaves them bytes, as its arrays need.

    Raises:
        pickle.UnpicklingError: it is damaged, or refers to more than arrays and plain values.
        OSError: the file cannot be read.
    """
    try:
        return _with_arrays(Restricted(file, ADMITTED, encoding=encoding).load(), {})
    except OSError:
        raise
    except Exception as error:  # a damaged pickle raises nearly anything
        raise pickle.UnpicklingError(str(error)) from error


class _Dtype:
    """Stands for a dtype while unpickling. NumPy's own would take any state, such as fields outside
    of the array's memory."""

    def __init__(self, kind, *_):
        self.dtype = np.dtype(kind.decode() if isinstance(kind, bytes) else kind)
        if self.dtype.kind not in "biufc":
            raise pickle.UnpicklingError(f"it holds an array of {self.dtype}")

    def __setstate__(self, state):
        order = state[1]
        self.dtype = self.dtype.newbyteorder(order.decode() if isinstance(order, bytes) else order)


class _Array:
    """Stands for an array while unpickling; `array` is the real one once its state is there."""

    def __init__(self, *_):
        self.array = np.empty(0, np.uint8)

    def __setstate__(self, state):
        _, shape, kind, is_fortran, content = state
        if not isinstance(content, bytes):
            raise pickle.UnpicklingError("it holds an array without its bytes")
        self.array.__setstate__((1, shape, kind.dtype, is_fortran, content))


def _scalar(kind: _Dtype, content: bytes):
    return np.frombuffer(content, kind.dtype)[0]


def _latin1(text: str, _) -> bytes:
    return text.encode("latin1")


def _with_arrays(value, done: dict):
    """The value with real arrays instead of those that stand for them.

    `done` has what each container became, by its id: a few bytes can hold one in itself so often
    that going through it again each time would never end.
    """
    if isinstance(value, _Array):
        return value.array
    if isinstance(value, dict | list | tuple) and id(value) not in done:
        if isinstance(value, dict):
            items = ((key, _with_arrays(item, done)) for key, item in value.items())
        else:
            items = (_with_arrays(item, done) for item in value)
        done[id(value)] = type(value)(items)
    return done.get(id(value), value)


# NumPy 1 and 2 have different names for the same functions, and read each other's files. Paddle
# wraps tensors in calls of `tuple`; pickles of protocol 2 wrap bytes in calls of `encode`.
ADMITTED = {
    ("builtins", "tuple"): tuple,
    ("collections", "OrderedDict"): OrderedDict,
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): _Array,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy.core.multiarray", "scalar"): _scalar,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "scalar"): _scalar,
    ("_codecs", "encode"): _latin1,
}


# The unpickler in C keeps a table as long as the largest number that the pickle gives a value, so
# that ten bytes of a file can take all memory. This one keeps a dict.
class Restricted(pickle._Unpickler):
    """An unpickler that knows only the `admitted` names, and what stands for them."""

    def __init__(self, file: BinaryIO, admitted: Mapping[tuple[str, str], object], **options):
        super().__init__(file, **options)
        self.admitted = admitted

    def find_class(self, module, name):
        if (module, name) not in self.admitted:
            raise pickle.UnpicklingError(f"it refers to {module}.{name}")
        return self.admitted[module, name]
