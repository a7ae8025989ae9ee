"""Reading the weights that PyTorch saved, without PyTorch: arrays, and nothing that runs.

torch.save writes a pickle of the state dict, which names the tensors' storages, and the bytes of
each storage: since PyTorch 1.6 in a zip, before that one after the other in a file.
"""

import math
import pickle
import struct
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np

from paddle_aug.errors import UserError
from paddle_aug.system.files import open_file
from paddle_aug.system.pickles import Restricted

MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
ZIP = b"PK\x03\x04"
BFLOAT16 = "<u2"  # NumPy has no such floats; these are the upper halves of float32
DTYPES = {
    "Float": "<f4", "Double": "<f8", "Half": "<f2", "BFloat16": BFLOAT16, "Long": "<i8",
    "Int": "<i4", "Short": "<i2", "Char": "i1", "Byte": "u1", "Bool": "?",
}  # fmt: skip
Storage = tuple[str, int]  # what a pickle says about it: dtype and number of elements


@dataclass
class Tensor:
    """What a pickle says about a tensor: a view of a storage, counted in elements.

    A pickle can change it at any time, so that only `_view`, after the last of them, checks it.
    """

    key: str
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def _rebuild(*arguments) -> Tensor:
    return Tensor(*arguments[:4])


ADMITTED = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor"): _rebuild,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
    ("torch._utils", "_rebuild_parameter"): lambda tensor, *_: tensor,
    **{("torch", f"{name}Storage"): dtype for name, dtype in DTYPES.items()},
}


def is_torch(path: Path) -> bool:
    """Whether a file begins as PyTorch's do; one that cannot be read does not."""
    try:
        with open_file(path) as file:
            return file.read(len(MAGIC)).startswith((MAGIC, ZIP))
    except OSError:
        return False


def load(path: Path) -> dict[str, np.ndarray]:
    """Read a state dict of PyTorch; code in the file does not run. bfloat16 becomes float32.

    Raises:
        UserError: the file cannot be read, is damaged, or holds more than tensors by name.
    """
    try:
        with open_file(path) as file:
            is_zip = file.read(len(ZIP)) == ZIP
            file.seek(0)
            tensors, elements = _read_zip(file) if is_zip else _read_stream(file.read())
        if not isinstance(tensors, dict):
            raise pickle.UnpicklingError(f"it holds a {type(tensors).__name__}")
        for name, value in tensors.items():
            if not isinstance(name, str) or not isinstance(value, Tensor):
                raise pickle.UnpicklingError(f"its {name!r:.80} is a {type(value).__name__}")
        return {name: _view(tensor, elements[tensor.key]) for name, tensor in tensors.items()}
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except Exception as error:  # a damaged pickle or zip raises nearly anything
        raise UserError(
            f"{path} is damaged, or not a state dict of PyTorch: {error}; in PyTorch, save its "
            "state_dict: torch.save(model.state_dict(), FILE)"
        ) from None


class _Unpickler(Restricted):
    """Gives what stands for tensors, and keeps their storages by key."""

    def __init__(self, stream: BytesIO):
        super().__init__(stream, ADMITTED)
        self.storages: dict[str, Storage] = {}

    def persistent_load(self, identity):
        word, dtype, key, _, count, *view = identity
        is_known = word == "storage" and dtype in DTYPES.values() and isinstance(key, str)
        if not is_known or count < 0 or any(view):
            raise pickle.UnpicklingError("it refers to something else than a storage of numbers")
        if self.storages.setdefault(key, (dtype, count)) != (dtype, count):
            raise pickle.UnpicklingError("a storage has several lengths")
        return key


def _read_zip(file: BinaryIO) -> tuple[object, dict[str, np.ndarray]]:
    """What is pickled, and the elements of its storages by key."""
    archive = zipfile.ZipFile(file)
    names = archive.namelist()
    pickled = [name for name in names if name.endswith("/data.pkl")]
    if len(pickled) != 1 or any(name.endswith("/constants.pkl") for name in names):
        raise pickle.UnpicklingError("it is a TorchScript program or another zip")
    claimed = sum(max(entry.file_size, entry.compress_size) for entry in archive.infolist())
    if claimed > file.seek(0, 2):  # PyTorch compresses nothing
        raise pickle.UnpicklingError("its entries claim more bytes than the file has")
    folder = pickled[0].removesuffix("data.pkl")
    if f"{folder}byteorder" in names and archive.read(f"{folder}byteorder") != b"little":
        raise pickle.UnpicklingError("its bytes are not in little-endian order")
    unpickler = _Unpickler(BytesIO(archive.read(pickled[0])))
    return unpickler.load(), {
        key: _elements(archive.read(f"{folder}data/{key}"), storage)
        for key, storage in unpickler.storages.items()
    }


def _read_stream(content: bytes) -> tuple[object, dict[str, np.ndarray]]:
    """What is pickled, and the elements of its storages by key."""
    stream = BytesIO(content)
    _, _, system = (Restricted(stream, {}).load() for _ in range(3))  # after MAGIC and a version
    if not system["little_endian"]:
        raise pickle.UnpicklingError("its bytes are not in little-endian order")
    unpickler = _Unpickler(stream)
    tensors, elements = unpickler.load(), {}
    for key in Restricted(stream, {}).load():
        dtype, count = unpickler.storages[key]
        if struct.unpack("<q", stream.read(8)) != (count,):
            raise pickle.UnpicklingError("a storage has another length than its tensor says")
        elements[key] = _elements(memoryview(content)[stream.tell() :], (dtype, count))
        stream.seek(count * np.dtype(dtype).itemsize, 1)
    return tensors, elements


def _elements(content: bytes | memoryview, storage: Storage) -> np.ndarray:
    """The elements of a storage; raises ValueError if there are fewer than it claims."""
    dtype, count = storage
    elements = np.frombuffer(content, dtype, count)
    if dtype == BFLOAT16:
        return (elements.astype(np.uint32) << 16).view(np.float32)
    return elements


def _view(tensor: Tensor, elements: np.ndarray) -> np.ndarray:
    offset, size, stride = tensor.offset, tuple(tensor.size), tuple(tensor.stride)
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    # A step of 0 would make any number of elements of one.
    if min(offset, *size, *stride, 0) < 0 or max(last, math.prod(size) - 1) >= len(elements):
        raise pickle.UnpicklingError("a tensor is larger than its storage")
    steps = [step * elements.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(elements[offset:], size, steps)
