"""PyTorch's files give their arrays; what would run, or take memory, is refused."""

import os
import tracemalloc

import numpy as np
import pytest
from torch_writer import (
    KINDS,
    Call,
    Named,
    bfloat16,
    save_stream,
    save_zip,
    state_dict,
    storage,
    tensor,
    view,
)  # fmt: skip

from paddle_aug.errors import UserError
from paddle_aug.system import torch_files

BOTH = pytest.mark.parametrize("save", [save_zip, save_stream])
SIX = np.arange(6, dtype=np.float32)


def refusal(path) -> str:
    with pytest.raises(UserError) as error:
        torch_files.load(path)
    told = str(error.value)
    assert told.startswith(f"{path} is damaged, or not a state dict of PyTorch: ")
    assert told.endswith("save its state_dict: torch.save(model.state_dict(), FILE)")
    return told


@BOTH
def test_tensors_of_every_type_come_back(tmp_path, save):
    arrays = {dtype: np.arange(-3, 9).reshape(3, 2, 2).astype(dtype) for dtype in KINDS}
    arrays |= {"scalar": np.array(7), "empty": np.zeros((0, 3), np.float32)}
    path = save(tmp_path / "w.pth", state_dict(arrays))
    assert torch_files.is_torch(path)
    loaded = torch_files.load(path)
    assert loaded.keys() == arrays.keys()
    for name, array in arrays.items():
        assert loaded[name].dtype == array.dtype
        np.testing.assert_array_equal(loaded[name], array, err_msg=name)


@BOTH
def test_tensors_are_views_of_storages_which_they_may_share(tmp_path, save):
    shared, halves = storage(SIX), bfloat16(np.array([1, -2.5, 3e38], np.float32))
    rebuild = Named("torch._utils", "_rebuild_parameter")
    tensors = {
        "transposed": view(shared, 0, (3, 2), (1, 3)),
        "end": view(shared, 4, (2,), (1,)),
        "parameter": Call(rebuild, (tensor(SIX), True, {})),
        "early": Call(Named("torch._utils", "_rebuild_tensor"), (shared, 0, (2,), (3,))),
        "bfloat16": view(halves, 0, (3,), (1,)),
    }
    loaded = torch_files.load(save(tmp_path / "w.pth", state_dict(tensors)))
    assert loaded["transposed"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert loaded["end"].tolist() == [4, 5]
    assert loaded["parameter"].tolist() == SIX.tolist()
    assert loaded["early"].tolist() == [0, 3]
    assert loaded["bfloat16"].dtype == np.float32
    np.testing.assert_allclose(loaded["bfloat16"], [1, -2.5, 3e38], rtol=2**-7)


@BOTH
@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"a": Call(Named("os", "mkdir"), ("it_ran",))}, "it refers to os.mkdir;"),
        # A whole model, and a training's checkpoint.
        (Call(Named("models.resnet", "ResNet"), ()), "it refers to models.resnet.ResNet;"),
        ({"epoch": 3, "state_dict": state_dict({"a": SIX})}, "its 'epoch' is a int;"),
        ([tensor(SIX)], "it holds a list;"),
        ({0: tensor(SIX)}, "its 0 is a Tensor;"),
    ],
)
def test_what_is_more_than_tensors_by_name_is_refused_and_does_not_run(
    tmp_path, monkeypatch, save, content, told
):
    monkeypatch.chdir(tmp_path)
    assert told in refusal(save(tmp_path / "w.pth", content))
    assert os.listdir() == ["w.pth"]


def test_torchscript_and_other_zips_are_refused(tmp_path):
    script = save_zip(tmp_path / "script.pt", {"a": tensor(SIX)}, {"constants.pkl": b""})
    other = tmp_path / "other.zip"
    other.write_bytes(script.read_bytes().replace(b"data.pkl", b"data.txt"))
    for path in (script, other):
        assert "it is a TorchScript program or another zip;" in refusal(path)


def test_big_endian_files_are_refused(tmp_path):
    weights = state_dict({"a": SIX})
    zipped = save_zip(tmp_path / "zip.pth", weights, {"byteorder": b"big"})
    stream = save_stream(tmp_path / "stream.pth", weights, little_endian=False)
    for path in (zipped, stream):
        assert "its bytes are not in little-endian order;" in refusal(path)


LARGE = 2**40
SHORT = "buffer is smaller than requested size;"
OUTSIDE = "a tensor is larger than its storage;"


@BOTH
@pytest.mark.parametrize(
    ("crafted", "told"),
    [
        (view(storage(SIX, LARGE), 0, (LARGE,), (1,)), SHORT),
        (view(storage(SIX, -1), 0, (6,), (1,)), "something else than a storage"),
        (view(storage(SIX), 0, (LARGE,), (1,)), OUTSIDE),
        (view(storage(SIX), 0, (LARGE,), (0,)), OUTSIDE),
        (view(storage(SIX), 0, (2, 2), (5, 1)), OUTSIDE),
        (view(storage(SIX), 6, (1,), (1,)), OUTSIDE),
        (view(storage(SIX), -1, (1,), (1,)), OUTSIDE),
        (view(storage(SIX), 5, (2,), (-1,)), OUTSIDE),
        (view(storage(SIX), 0, (2, 3), (1,)), "zip() argument 2 is shorter"),
        (view(storage(SIX), 0, (2.0,), (1,)), "'float' object cannot be interpreted"),
        # A pickle can also change what it has made.
        (view(storage(SIX), 0, (6,), (1,), {"offset": LARGE}), OUTSIDE),
        (view(storage(SIX), 0, (6,), (1,), {"size": (LARGE,)}), OUTSIDE),
    ],
)
def test_claims_that_the_file_does_not_back_are_refused_before_they_take_memory(
    tmp_path, save, crafted, told
):
    path = save(tmp_path / "w.pth", state_dict({"a": crafted}))
    tracemalloc.start()
    try:
        assert told in refusal(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**20


def test_a_zip_whose_entries_claim_more_than_it_has_is_refused(tmp_path):
    path = save_zip(tmp_path / "w.pth", state_dict({"a": SIX}))
    content = bytearray(path.read_bytes())
    size = content.index(b"PK\x01\x02") + 24  # of the first entry in the directory
    content[size : size + 4] = (2**31).to_bytes(4, "little")
    path.write_bytes(content)
    assert "its entries claim more bytes than the file has;" in refusal(path)


def test_a_storage_is_of_numbers_that_pytorch_has(tmp_path):
    path = save_stream(tmp_path / "w.pth", state_dict({"a": SIX}))
    text = b"X" + len(b"<c8").to_bytes(4, "little") + b"<c8"  # opcode, length, what NumPy takes too
    path.write_bytes(path.read_bytes().replace(b"ctorch\nFloatStorage\n", text))
    assert "it refers to something else than a storage of numbers;" in refusal(path)


def test_a_storage_has_one_length(tmp_path):
    path = save_stream(tmp_path / "w.pth", state_dict({"a": SIX}))
    content = path.read_bytes()
    assert content.count((6).to_bytes(8, "little")) == 1
    path.write_bytes(content.replace((6).to_bytes(8, "little"), (5).to_bytes(8, "little")))
    assert "a storage has another length than its tensor says;" in refusal(path)


@BOTH
def test_a_cut_or_damaged_file_loads_or_is_refused(tmp_path, save):
    path = save(tmp_path / "w.pth", state_dict({"a": SIX, "b": np.arange(4)}))
    content = path.read_bytes()
    for place in range(4, len(content), 3):
        path.write_bytes(content[:place])
        refusal(path)
        path.write_bytes(content[:place] + b"\xff" + content[place + 1 :])
        try:
            loaded = torch_files.load(path)
        except UserError:
            continue
        assert all(array.size <= 6 for array in loaded.values())


def test_the_message_about_a_missing_file_names_it(tmp_path):
    with pytest.raises(UserError, match=r"cannot read .*w\.pth: No such file"):
        torch_files.load(tmp_path / "w.pth")
