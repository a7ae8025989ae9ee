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


class Attack:
    """What a stranger's pickle may hold."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("encoding", ["ASCII", "bytes"])
@pytest.mark.parametrize("protocol", range(6))
def test_what_would_run_code_is_refused_and_does_not_run(tmp_path, protocol, encoding):
    mark = tmp_path / "it_ran"
    content = pickle.dumps({"data": [np.zeros(3), Attack(mark)]}, protocol)
    with pytest.raises(pickle.UnpicklingError, match="it refers to "):
        load(content, encoding=encoding)
    assert not mark.exists()
    pickle.loads(content)
    assert mark.exists(), "the attack is a real one"


@pytest.mark.parametrize(
    "called",
    ["os\nsystem", "builtins\neval", "numpy\nload", "numpy.core.multiarray\nfrombuffer"],
)
def test_a_function_that_is_not_on_the_list_is_named(called):
    with pytest.raises(pickle.UnpicklingError, match=called.replace("\n", r"\.")):
        load(b"c" + called.encode() + b"\n.")


def test_an_admitted_name_is_no_way_to_what_hangs_on_it():
    content = b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93."
    with pytest.raises(pickle.UnpicklingError, match=r"refers to numpy\.ndarray\.tofile"):
        load(content)


@pytest.mark.parametrize("keep", [0, 1, 40, 200])
def test_a_cut_pickle_is_told(keep):
    with pytest.raises(pickle.UnpicklingError):
        load(pickle.dumps({"a": np.zeros(100)})[:keep])


def test_a_file_that_cannot_be_read_is_no_damaged_pickle(tmp_path):
    class Torn(BytesIO):
        def read(self, size=-1):
            raise OSError(5, "Input/output error")

        readline = readinto = read

    with pytest.raises(OSError, match="Input/output error"):
        pickles.load(Torn())


def test_a_damaged_number_does_not_fill_the_memory():
    """Of a memo: the unpickler in C would make room for twice as many entries, here 64 GB."""
    tracemalloc.start()
    assert load(b"\x80\x02]r\xff\xff\xff\xff.") == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def pairs_of_pairs(times: int) -> bytes:
    """Opcodes of a pair, of which each part is the same pair, and so on: 2 ** times parts."""
    return b")" + b"".join(b"q%ch%c\x86" % (i, i) for i in range(times))


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x04}" + pairs_of_pairs(60) + b"K\x01s.",
        b"\x80\x04}(" + pairs_of_pairs(60) + b"K\x01u.",
        b"\x80\x04(" + pairs_of_pairs(60) + b"K\x01d.",
        b"\x80\x04(" + pairs_of_pairs(60) + b"\x91.",
        b"\x80\x04\x8f(" + pairs_of_pairs(60) + b"\x90.",
        b"\x80\x04ccollections\nOrderedDict\n]" + pairs_of_pairs(60) + b"K\x01\x86a\x85R.",
    ],
)
def test_what_would_take_for_ever_to_hash_is_refused(content):
    with pytest.raises(pickle.UnpicklingError, match=r"for a key|holds a set"):
        load(content)


class Call:
    def __init__(self, function, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize(
    "made",
    [
        Call(np.ndarray, (10**9,), "O"),
        Call(np.ndarray, (10**12,)),
        Call(np.dtype, "V2000000000"),
        Call(np.dtype, "(100000,100000)f8"),
        np.array([{}, None]),
        np.zeros(2, [("a", "f8")]),
    ],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_an_array_that_is_not_of_numbers_or_not_made_as_numpy_does_is_refused(protocol, made):
    tracemalloc.start()
    with pytest.raises(pickle.UnpicklingError, match=r"it (makes|holds) an array"):
        load(pickle.dumps({"a": made}, protocol))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


def test_a_codec_that_takes_for_ever_is_refused():
    content = b"\x80\x02c_codecs\nencode\nX\x02\0\0\0\xc3\xa9X\x08\0\0\0punycode\x86R."
    with pytest.raises(pickle.UnpicklingError, match="encodes a text other than"):
        load(content)


@pytest.mark.parametrize("name", sorted(pickles.ADMITTED))
def test_what_is_admitted_cannot_be_given_a_state(name):
    content = f"c{name[0]}\n{name[1]}\n".encode() + b"N}X\x08\0\0\0__name__K\x01s\x86b."
    with pytest.raises(pickle.UnpicklingError, match="gives a state to a function"):
        load(b"\x80\x02" + content)


def test_items_go_into_dicts_only():
    content = pickle.dumps(np.zeros(3), 2)[:-1] + b"K\x00)s."
    with pytest.raises(pickle.UnpicklingError, match="puts items into a ndarray"):
        load(content)
