"""Unpickling what a stranger may have made: arrays and plain values, and nothing that runs."""

import pickle
import re
from collections import OrderedDict
from importlib import import_module
from typing import Any, BinaryIO, ClassVar

import numpy as np

# Where an array's pickle says it is put together; NumPy 2 gave that place another name.
MULTIARRAY = import_module(
    "numpy._core.multiarray"
    if np.lib.NumpyVersion(np.__version__) >= "2.0.0"
    else "numpy.core.multiarray"
)
# Of keys that are pairs of pairs of pairs, a few bytes take for ever to hash.
KEYS = str | bytes | int | float | None


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


# What a pickle of arrays in plain containers calls. The real functions take more than such pickles
# give them: sizes that fill the memory, and codecs that take for ever.


def _ndarray(*_, **__):
    raise pickle.UnpicklingError("it makes an array other than NumPy's pickles do")


def _reconstruct(kind, shape, typecode) -> np.ndarray:
    """An array of nothing, which its state makes the one that was pickled."""
    if kind is not _ndarray or shape != (0,):
        _ndarray()
    return np.empty(0, np.uint8)


def _scalar(kind, value):
    if not isinstance(kind, np.dtype) or not isinstance(value, bytes):
        _ndarray()
    return MULTIARRAY.scalar(kind, value)


def _dtype(kind, align=False, copy=False) -> np.dtype:
    """Of numbers or truths. In 2009 flags were pickled as numbers, of which NumPy 2.4 warns."""
    kind = kind.decode() if isinstance(kind, bytes) else kind
    if not re.fullmatch(r"[<>|=]?[biufc][0-9]{1,2}", kind):
        raise pickle.UnpicklingError(f"it holds an array of {kind}")
    return np.dtype(kind, bool(align), copy=True)  # a copy, as the state of it is set next


def _encode(text, encoding) -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError("it encodes a text other than Python's pickles do")
    return text.encode(encoding)


def _ordered(items=()) -> OrderedDict:
    _refuse_keys([key for key, _ in items])
    return OrderedDict(items)


def _tuple(items=()) -> tuple:
    """Paddle wraps tensors in such calls."""
    return tuple(items)


# By their names in NumPy 1 and 2, which read each other's files by this.
ADMITTED = {
    ("builtins", "tuple"): _tuple,
    ("collections", "OrderedDict"): _ordered,
    ("numpy", "dtype"): _dtype,
    ("numpy", "ndarray"): _ndarray,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy.core.multiarray", "scalar"): _scalar,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "scalar"): _scalar,
    ("_codecs", "encode"): _encode,
}


class _ArraysOnly(pickle._Unpickler):
    """Refuses whatever could run code, as a pickle from a stranger may.

    It is Python's own in Python. The one in C takes any number in a damaged pickle for the length
    of a table, and fills the memory with it.
    """

    def find_class(self, module, name):
        if (module, name) not in ADMITTED:
            raise pickle.UnpicklingError(f"it refers to {module}.{name}")
        return ADMITTED[module, name]

    def load_setitem(self):
        self.set_items([*self.stack[-2:]], self.stack[-3])
        del self.stack[-2:]

    def load_setitems(self):
        items = self.pop_mark()
        self.set_items(items, self.stack[-1])

    def load_dict(self):
        items = self.pop_mark()
        made = {}
        self.set_items(items, made)
        self.append(made)

    def set_items(self, items: list, into: dict):
        """Keys and values by turns."""
        if not isinstance(into, dict):
            raise pickle.UnpicklingError(f"it puts items into a {type(into).__name__}")
        _refuse_keys(items[::2])
        into.update(zip(items[::2], items[1::2], strict=True))

    def load_build(self):
        state, value = self.stack.pop(), self.stack[-1]
        if isinstance(value, np.ndarray):
            _, _, kind, _, content = state
            if not isinstance(kind, np.dtype) or not isinstance(content, bytes):
                _ndarray()
        elif isinstance(value, np.dtype):
            if state[2:5] != (None, None, None):
                _ndarray()
        else:
            raise pickle.UnpicklingError(f"it gives a state to a {type(value).__name__}")
        value.__setstate__(state)

    def refuse(self):
        raise pickle.UnpicklingError("it holds a set or a class, neither of which is plain")

    handlers: ClassVar[dict[int, Any]] = {
        pickle.SETITEM[0]: load_setitem,
        pickle.SETITEMS[0]: load_setitems,
        pickle.DICT[0]: load_dict,
        pickle.BUILD[0]: load_build,
    }
    for _code in (
        pickle.EMPTY_SET, pickle.ADDITEMS, pickle.FROZENSET,
        pickle.INST, pickle.OBJ, pickle.NEWOBJ, pickle.NEWOBJ_EX,
    ):  # fmt: skip
        handlers[_code[0]] = refuse
    dispatch: ClassVar = {**pickle._Unpickler.dispatch, **handlers}


def _refuse_keys(keys: list) -> None:
    for key in keys:
        if not isinstance(key, KEYS):
            raise pickle.UnpicklingError(f"it has a {type(key).__name__} for a key")
