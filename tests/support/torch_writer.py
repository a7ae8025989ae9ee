"""Writes what torch.save writes, without PyTorch, and what an attacker would write in its stead."""

import math
import pickle
import struct
import zipfile
from collections import OrderedDict
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import numpy as np

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
KINDS = {
    "float32": "Float", "float64": "Double", "float16": "Half", "int64": "Long", "int32": "Int",
    "int16": "Short", "int8": "Char", "uint8": "Byte", "bool": "Bool",
}  # fmt: skip


@dataclass
class Named:
    """What a pickle refers to by its name alone, whether it exists or not."""

    module: str
    name: str

    def __call__(self):
        raise AssertionError("it stands for its name")


@dataclass
class Call:
    """The result of a call, made by whoever unpickles it; `state` is given to it afterwards."""

    function: Named
    arguments: tuple
    state: dict | None = None

    def __reduce__(self):
        return self.function, self.arguments, self.state


@dataclass
class Storage:
    content: bytes
    kind: str
    count: int
    key: str = field(init=False)


def storage(array: np.ndarray, count: int | None = None) -> Storage:
    """The storage of a flat array; a float32 one under "BFloat16" keeps the upper halves."""
    kind = KINDS[array.dtype.name]
    return Storage(array.tobytes(), kind, array.size if count is None else count)


def bfloat16(array: np.ndarray) -> Storage:
    halves = (array.view(np.uint32) >> 16).astype(np.uint16)
    return Storage(halves.tobytes(), "BFloat16", array.size)


def view(of: Storage, offset, size, stride, state=None) -> Call:
    """A tensor."""
    rebuild = Named("torch._utils", "_rebuild_tensor_v2")
    return Call(rebuild, (of, offset, size, stride, False, OrderedDict()), state)


def tensor(array: np.ndarray) -> Call:
    strides = [math.prod(array.shape[place + 1 :]) for place in range(array.ndim)]
    return view(storage(array.ravel()), 0, array.shape, tuple(strides))


def state_dict(weights: dict) -> OrderedDict:
    """The dict that `model.state_dict()` returns; arrays become tensors."""
    made = OrderedDict(
        (name, tensor(value) if isinstance(value, np.ndarray) else value)
        for name, value in weights.items()
    )
    made._metadata = OrderedDict({"": {"version": 1}})
    return made


class _Pickler(pickle._Pickler):
    def __init__(self, file, view_metadata: tuple):
        super().__init__(file, 2)
        self.storages: list[Storage] = []
        self.view_metadata = view_metadata

    def persistent_id(self, value):
        if not isinstance(value, Storage):
            return None
        if not any(value is known for known in self.storages):
            value.key = str(len(self.storages))
            self.storages.append(value)
        kind = Named("torch", f"{value.kind}Storage")
        return ("storage", kind, value.key, "cpu", value.count, *self.view_metadata)

    def save(self, value, save_persistent_id=True):
        if isinstance(value, Named):
            self.write(f"c{value.module}\n{value.name}\n".encode())
        else:
            super().save(value, save_persistent_id)


def save_zip(path: Path, content, others: dict[str, bytes] | None = None) -> Path:
    """As PyTorch 1.6 and later; `others` are further entries."""
    pickled = BytesIO()
    pickler = _Pickler(pickled, ())
    pickler.dump(content)
    entries = {"data.pkl": pickled.getvalue(), "byteorder": b"little", "version": b"3\n"}
    entries |= {f"data/{item.key}": item.content for item in pickler.storages}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**entries, **(others or {})}.items():
            archive.writestr(f"archive/{name}", data)
    return path


def save_stream(path: Path, content, little_endian: bool = True) -> Path:
    """As PyTorch before 1.6."""
    file = BytesIO()
    sizes = {"short": 2, "int": 4, "long": 4}
    system = dict(protocol_version=PROTOCOL, little_endian=little_endian, type_sizes=sizes)
    for value in (MAGIC, PROTOCOL, system):
        pickle.dump(value, file, 2)
    pickler = _Pickler(file, (None,))
    pickler.dump(content)
    pickle.dump([item.key for item in pickler.storages], file, 2)
    for item in pickler.storages:
        file.write(struct.pack("<q", item.count) + item.content)
    path.write_bytes(file.getvalue())
    return path
