"""CIFAR's archives come back to the pixel without being unpacked, and damaged ones are named."""

import gzip
import io
import os
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
from refusals import refused

from paddle_aug.data.dataset import open_dataset
from paddle_aug.data.image import read_sample
from paddle_aug.data.readers import gzipped

TOP10, TOP100 = "cifar-10-batches-py", "cifar-100-python"
BATCHES = [f"data_batch_{number}" for number in range(1, 6)]
NAMES10 = [f"animal {number}" for number in range(10)]
NAMES100 = [f"thing {number}" for number in range(100)]


def pickled(value) -> bytes:
    """With text as bytes, as in the archives, which Python 2 wrote."""

    def encoded(value):
        if isinstance(value, dict):
            return {key.encode(): encoded(item) for key, item in value.items()}
        if isinstance(value, list):
            return [encoded(item) for item in value]
        return value.encode() if isinstance(value, str) else value

    return pickle.dumps(encoded(value), protocol=2)


def batch(seed: int, count: int = 12, classes: int = 10) -> dict:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count) % classes).tolist()
    entries = {"data": rng.integers(0, 256, (count, 3072), dtype=np.uint8)}
    if classes == 10:
        return {**entries, "labels": labels, "batch_label": "made", "filenames": ["a.png"] * count}
    return {**entries, "fine_labels": labels, "coarse_labels": [label // 5 for label in labels]}


def members10() -> dict[str, dict]:
    batches = {name: batch(seed) for seed, name in enumerate((*BATCHES, "test_batch"))}
    return {"batches.meta": {"label_names": NAMES10, "num_vis": 3072}, **batches}


def members100() -> dict[str, dict]:
    meta = {"fine_label_names": NAMES100, "coarse_label_names": NAMES100[:20]}
    return {"meta": meta, "train": batch(0, 150, 100), "test": batch(1, 100, 100)}


def tar(contents: dict[str, bytes], top: str = TOP10) -> bytes:
    """A plain tar archive, its members in the order of the original: any."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name in sorted(contents, reverse=True):
            info = tarfile.TarInfo(f"{top}/{name}")
            info.size = len(contents[name])
            archive.addfile(info, io.BytesIO(contents[name]))
    return file.getvalue()


@pytest.fixture
def write(tmp_path):
    """Writes an archive, members given as bytes, as entries, or left out as None."""

    def write(pack=gzip.compress, **changed) -> str:
        contents = {}
        for name, entries in members10().items():
            content = changed.get(name.replace(".", "_"), entries)
            if content is not None:
                contents[name] = content if isinstance(content, bytes) else pickled(content)
        (tmp_path / "cifar-10-python.tar.gz").write_bytes(pack(tar(contents)))
        return f"cifar10:{tmp_path / 'cifar-10-python.tar.gz'}"

    return write


def planes(sample) -> np.ndarray:
    """An image as CIFAR has it: 1,024 bytes of red by rows, then green, then blue."""
    return np.concatenate([read_sample(sample)[..., channel].ravel() for channel in range(3)])


def holds(listed, entries, labels="labels") -> bool:
    pairs = zip(listed, entries["data"], entries[labels], strict=True)
    return all(np.array_equal(planes(s), row) and s.label == label for s, row, label in pairs)


def test_batches_come_back_in_their_order_from_an_archive_that_is_not_unpacked(write, tmp_path):
    dataset = open_dataset(write())
    for number, name in enumerate(BATCHES):
        assert holds(dataset.train[12 * number : 12 * number + 12], members10()[name])
    assert holds(dataset.eval, members10()["test_batch"])
    assert (len(dataset.train), len(dataset.eval)) == (60, 12)
    assert (dataset.name, dataset.class_names) == ("cifar10", NAMES10)
    sample = dataset.train[12 + 5]
    assert (sample.path, sample.line) == ("data_batch_2/5", 0)
    assert sample.file == str(tmp_path / "cifar-10-python.tar.gz")
    assert os.listdir(tmp_path) == ["cifar-10-python.tar.gz"]
    image = read_sample(sample)
    assert (image.shape, image.dtype, image.flags.c_contiguous) == ((32, 32, 3), np.uint8, True)


def test_cifar_100_has_its_fine_labels(tmp_path):
    contents = {name: pickled(entries) for name, entries in members100().items()}
    (tmp_path / "100.tar.gz").write_bytes(gzip.compress(tar(contents, TOP100)))
    dataset = open_dataset(f"cifar100:{tmp_path / '100.tar.gz'}")
    assert holds(dataset.train, members100()["train"], "fine_labels")
    assert holds(dataset.eval, members100()["test"], "fine_labels")
    assert (dataset.name, dataset.class_names) == ("cifar100", NAMES100)
    assert dataset.train[149].path == "train/149"


def test_the_unpacked_folder_and_the_one_it_is_in_and_a_plain_tar_are_the_same(write, tmp_path):
    packed = open_dataset(write()).fingerprint
    with tarfile.open(tmp_path / "cifar-10-python.tar.gz") as archive:
        archive.extractall(tmp_path / "out", filter="data")
    assert open_dataset(f"cifar10:{tmp_path / 'out' / TOP10}").fingerprint == packed
    assert open_dataset(f"cifar10:{tmp_path / 'out'}").fingerprint == packed
    assert open_dataset(write(pack=bytes)).fingerprint == packed


def test_a_batch_that_python_3_wrote_is_read_too(write):
    entries = {key: members10()["test_batch"][key] for key in ("data", "labels")}
    dataset = open_dataset(write(test_batch=pickle.dumps(entries, protocol=2)))
    assert holds(dataset.eval, entries)


@pytest.mark.parametrize(
    ("member", "content", "message"),
    [
        ("data_batch_4", None, f"tar.gz lacks {TOP10}/data_batch_4; want the python version"),
        ("batches_meta", None, f"lacks {TOP10}/batches.meta"),
        ("test_batch", b"", "tar.gz: test_batch is damaged, or holds more than arrays"),
        ("test_batch", pickled(batch(1))[:900], "test_batch is damaged"),
        ("test_batch", pickled([1]), "test_batch does not hold named entries"),
        *(
            ("data_batch_1", wrong, "data_batch_1 does not belong to CIFAR-10: want uint8 data, 30")
            for wrong in (
                {"data": 3},
                {"data": np.zeros((12, 3071), np.uint8)},
                {"data": np.zeros((12, 3072), np.int8)},
                {"labels": [0] * 11},
                {"labels": "x"},
                {"labels": []},
                {"labels": [0] * 11 + [10]},
                {"labels": [-1] * 12},
                {"labels": ["x"] * 12},
            )
        ),
        ("batches_meta", {"label_names": NAMES10[:9]}, "batches.meta lacks the 10 names"),
        ("batches_meta", {"label_names": ["a"] * 10}, "batches.meta lacks the 10 names"),
        ("batches_meta", {"label_names": 3}, "batches.meta lacks the 10 names in its label_names"),
    ],
)
def test_a_member_that_is_damaged_or_something_else_is_named(write, member, content, message):
    if isinstance(content, dict):
        content = {**batch(1), **content}
    assert message in refused(write(**{member: content}))


def flipped(content: bytes) -> bytes:
    stored = bytearray(gzip.compress(content, 0))  # so that it still unpacks
    stored[len(stored) // 2] ^= 1
    return bytes(stored)


@pytest.mark.parametrize("keep", [2, 1000, 40_000, 120_000, -200, -4, None])
def test_a_download_that_broke_off_is_told_and_so_is_a_flipped_bit(write, keep):
    pack = (lambda content: gzip.compress(content, 1)[:keep]) if keep else flipped
    message = refused(write(pack=pack))
    assert "cifar-10-python.tar.gz is damaged or cut short (" in message
    assert "fetch it again" in message


def test_what_is_no_archive_or_another_one_or_not_there_is_told(write, tmp_path):
    archive = write().removeprefix("cifar10:")
    (tmp_path / "page.tar.gz").write_text("<html>" * 1000)
    wants = "want the python version of CIFAR-100 from https"
    for data, message in {
        f"cifar10:{tmp_path / 'page.tar.gz'}": "page.tar.gz is damaged or cut short",
        f"cifar100:{archive}": f"lacks {TOP100}/meta; {wants}",
        "cifar10:nothing.tar.gz": "no file nothing.tar.gz; cifar10 wants the python archive of CI",
        f"cifar10:{tmp_path}": f"{tmp_path} lacks {TOP10}/batches.meta",
    }.items():
        assert message in refused(data)


def test_a_member_that_may_not_be_read_is_told(tmp_path, monkeypatch):
    for name, entries in members10().items():
        (tmp_path / name).write_bytes(pickled(entries))

    def closed(path, *mode):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(gzipped.files, "open_file", closed)
    message = f"cannot read {tmp_path / 'batches.meta'}: Permission denied"
    assert refused(f"cifar10:{tmp_path}") == message


class Attack:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_an_archive_that_would_run_code_is_refused_and_has_not_run(write, tmp_path):
    mark = tmp_path / "it_ran"
    content = pickle.dumps({b"data": Attack(mark)}, protocol=2)
    assert "data_batch_2 is damaged, or holds more than arrays: it refers to" in refused(
        write(data_batch_2=content)
    )
    assert not mark.exists()


def test_members_are_found_by_their_whole_name_and_as_files_only(tmp_path):
    contents = {name: pickled(entries) for name, entries in members10().items()}
    contents["data_batch_6"] = contents["x/test_batch"] = b"not looked at"
    (tmp_path / "a.tar").write_bytes(tar(contents))
    folder = tarfile.TarInfo(f"{TOP10}/test_batch")
    folder.type = tarfile.DIRTYPE
    with tarfile.open(tmp_path / "a.tar", "a") as archive:
        archive.addfile(folder)
    assert len(open_dataset(f"cifar10:{tmp_path / 'a.tar'}").train) == 60


def test_images_of_test_that_are_in_training_as_published_are_reported_not_refused(write, caplog):
    entries = batch(5)
    entries["data"][3:5] = batch(2)["data"][6:8]
    caplog.set_level("INFO", "paddle_aug")
    assert len(open_dataset(write(test_batch=entries)).eval) == 12
    assert "cifar10: 2 of the 12 evaluation images are also in the training part" in caplog.messages
