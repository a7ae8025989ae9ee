"""Arrays come back whoever pickled them; what would run is refused, and has not run."""

import pickle
import struct
import tracemalloc
from collections import OrderedDict
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from paddle_aug.system import pickles


def python2_array(array: np.ndarray) -> bytes:
    """A pickle as Python 2 and the NumPy of 2009 wrote it, opcode by opcode: protocol 2."""
    shape = b"".join(b"M" + struct.pack("<H", length) for length in array.shape)
    content = array.tobytes()
    return b"".join(
        [
            b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n",
            b"cnumpy\nndarray\nK\x00\x85U\x01b\x87R",
            b"(K\x01(" + shape + b"tcnumpy\ndtype\nU\x02u1K\x00K\x01\x87R",
            b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb",
            b"\x89T" + struct.pack("<i", len(content)) + content + b"tb.",
        ]
    )


def load(content: bytes, **options):
    return pickles.load(BytesIO(content), **options)


@pytest.mark.parametrize("protocol", range(2, 5))
def test_arrays_and_plain_values_come_back(protocol):
    content = {
        "weights": OrderedDict(a=np.arange(12, dtype=np.float32).reshape(3, 4)),
        "plain": [1, 2.5, None, True, "text", b"bytes", (1, "two"), {"nested": []}],
        "scalar": np.float64(0.1),
    }
    found = load(pickle.dumps(content, protocol))
    assert np.array_equal(found["weights"]["a"], content["weights"]["a"])
    assert found["weights"]["a"].dtype == np.float32
    assert (found["plain"], found["scalar"]) == (content["plain"], content["scalar"])


def test_an_array_of_python_2_is_read_without_a_warning():
    array = np.arange(256, dtype=np.uint8).reshape(16, 16)
    found = load(python2_array(array), encoding="bytes")
    assert found.dtype == np.uint8
    assert np.array_equal(found, array)
    assert load(b"\x80\x02U\x02\xc3\xa9.", encoding="bytes") == "é".encode()


class Call:
    """What a stranger's pickle may hold."""

    def __init__(self, function, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize("encoding", ["ASCII", "bytes"])
@pytest.mark.parametrize("protocol", range(6))
def test_what_would_run_code_is_refused_and_does_not_run(tmp_path, protocol, encoding):
    mark = tmp_path / "it_ran"
    content = pickle.dumps({"data": [np.zeros(3), Call(Path.touch, mark)]}, protocol)
    with pytest.raises(pickle.UnpicklingError, match="it refers to "):
        load(content, encoding=encoding)
    assert not mark.exists()
    pickle.loads(content)
    assert mark.exists(), "the attack is a real one"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"cos\nsystem\n.", r"os\.system"),
        (b"cnumpy.core.multiarray\nfrombuffer\n.", r"numpy\.core\.multiarray\.frombuffer"),
        (b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.", r"numpy\.ndarray\.tofile"),
    ],
)
def test_a_function_that_is_not_admitted_is_named_even_if_its_class_is(content, name):
    with pytest.raises(pickle.UnpicklingError, match=f"refers to {name}"):
        load(content)


def test_the_number_that_a_pickle_gives_a_value_takes_no_memory():
    content = b"\x80\x02Nr" + struct.pack("<I", 2**25) + b"."  # LONG_BINPUT
    tracemalloc.start()
    try:
        assert load(content) is None
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**20


def test_a_value_that_is_in_another_many_times_is_gone_through_once():
    pair = (np.ones(2), [])
    for _ in range(60):
        pair = (pair, pair)
    loaded = load(pickle.dumps(pair, 4))
    for _ in range(60):
        assert loaded[0] is loaded[1]
        loaded = loaded[0]
    assert loaded[0].tolist() == [1, 1]


@pytest.mark.parametrize("keep", [0, 1, 40, 200])
def test_a_cut_pickle_is_refused(keep):
    with pytest.raises(pickle.UnpicklingError):
        load(pickle.dumps({"a": np.zeros(100)})[:keep])


def test_a_file_that_cannot_be_read_is_no_damaged_pickle(tmp_path):
    class Torn(BytesIO):
        def read(self, size=-1):
            raise OSError(5, "Input/output error")

        readline = readinto = read

    with pytest.raises(OSError, match="Input/output error"):
        pickles.load(Torn())


@pytest.mark.parametrize(
    "made",
    [Call(np.dtype, "V200"), Call(np.dtype, "O"), np.array([{}, None]), np.zeros(2, [("a", "f8")])],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_an_array_that_is_not_of_numbers_is_refused(protocol, made):
    with pytest.raises(pickle.UnpicklingError, match="it holds an array of"):
        load(pickle.dumps({"a": made}, protocol))


def test_a_dtype_takes_nothing_but_its_byte_order_from_the_file():
    """NumPy's own would take these flags for a promise of pointers, and follow them."""
    content = pickle.dumps(np.arange(4, dtype=">f4"), 2)
    flags = content.replace(
        b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00", b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x3f"
    )
    assert flags != content
    assert load(flags).tolist() == [0, 1, 2, 3]


def test_a_value_that_contains_itself_is_refused():
    value = [np.ones(2)]
    value.append(value)
    with pytest.raises(pickle.UnpicklingError, match="recursion"):
        load(pickle.dumps(value))
