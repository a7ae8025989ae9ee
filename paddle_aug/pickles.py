"""Unpickling what a stranger may have made: arrays and plain values, and nothing that runs."""

import pickle
from importlib import import_module
from typing import BinaryIO

import numpy as np

# What a pickle of arrays in plain containers refers to, under the names of NumPy 1 and 2. Paddle
# wraps tensors in `tuple` calls.
ADMITTED = {
    ("builtins", "tuple"),
    ("collections", "OrderedDict"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("_codecs", "encode"),
}
# Where an array's pickle says it is put together; NumPy 2 gave that place another name.
MULTIARRAY = import_module(
    "numpy._core.multiarray"
    if np.lib.NumpyVersion(np.__version__) >= "2.0.0"
    else "numpy.core.multiarray"
)


def load(file: BinaryIO, encoding: str = "ASCII"):
    """Read a pickle without running anything that is in it.

    `encoding` is that of Python 2's strings; "bytes" leaves them bytes, as its arrays need.

    Raises:
        pickle.UnpicklingError: it is damaged, or refers to more than arrays and plain values.
        OSError: the file cannot be read.
    """
    try:
        return _ArraysOnly(file, encoding=encoding).load()
    except OSError:
        raise
    except Exception as error:  # a damaged pickle raises nearly anything
        raise pickle.UnpicklingError(str(error)) from error


class _ArraysOnly(pickle._Unpickler):
    """Refuses whatever could run code, as a pickle from a stranger may.

    It is Python's own in Python. The one in C takes any number in a damaged pickle for the length
    of a table, and fills the memory with it.
    """

    def find_class(self, module, name):
        if (module, name) not in ADMITTED:
            raise pickle.UnpicklingError(f"it refers to {module}.{name}")
        if name in ("_reconstruct", "scalar"):
            return getattr(MULTIARRAY, name)  # NumPy 1.26 and 2 read each other's files by this
        return _dtype if name == "dtype" else super().find_class(module, name)


def _dtype(kind, align=False, copy=False) -> np.dtype:
    """As it was pickled in 2009, when flags were numbers, of which NumPy 2.4 warns."""
    return np.dtype(kind, bool(align), bool(copy))
