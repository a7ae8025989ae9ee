"""The idx files of MNIST come back to the pixel, and damaged ones are named."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from refusals import refused

from paddle_aug.data.dataset import open_dataset
from paddle_aug.data.image import read_sample

FILES = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"]


def idx(array: np.ndarray) -> bytes:
    """As http://yann.lecun.com/exdb/mnist describes the format."""
    return (
        bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + bytes(array)
    )


def arrays(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = [rng.permutation(np.arange(count, dtype=np.uint8) % 10) for count in (30, 20)]
    images = [rng.integers(0, 256, (len(part), 28, 28), dtype=np.uint8) for part in labels]
    return dict(zip(FILES, (images[0], labels[0], images[1], labels[1]), strict=True))


@pytest.fixture
def write(tmp_path):
    """Writes the four files, some of them as given, and returns what opens them."""

    def write(name="{}-ubyte.gz", **changed) -> str:
        for file, array in arrays().items():
            content = idx(array)
            content = gzip.compress(content, 1) if name.endswith("gz") else content
            content = changed.get(file[:12].replace("-", "_").rstrip("_"), content)
            file = file.replace("-idx", ".idx") if "." in name[:3] else file  # as on Kaggle
            (tmp_path / name.replace(".ubyte", "-ubyte").format(file)).write_bytes(content)
        return f"mnist:{tmp_path}"

    return write


@pytest.mark.parametrize("name", ["{}-ubyte", "{}-ubyte.gz", "{}.ubyte", "{}.ubyte.gz"])
def test_images_and_labels_come_back_under_the_names_that_the_files_have(tmp_path, name, write):
    dataset = open_dataset(write(name))
    for part, images, labels in (
        (dataset.train, FILES[0], FILES[1]),
        (dataset.eval, FILES[2], FILES[3]),
    ):
        assert [sample.label for sample in part] == arrays()[labels].tolist()
        for sample, grey in zip(part, arrays()[images], strict=True):
            image = read_sample(sample)
            assert (image.shape, image.dtype) == ((28, 28, 3), np.uint8)
            assert image.flags.c_contiguous
            assert (image == grey[..., None]).all()
    assert (dataset.train[7].path, dataset.eval[19].path) == ("train/7", "test/19")
    assert Path(dataset.train[7].file).parent == tmp_path
    assert (dataset.name, dataset.class_names) == ("mnist", list("0123456789"))
    garments = open_dataset(f"fashion-mnist:{tmp_path}").class_names
    assert (len(garments), garments[0], garments[9]) == (10, "T-shirt/top", "Ankle boot")


def test_the_fingerprint_is_of_pixels_and_labels_not_of_how_they_are_packed(write, tmp_path):
    zipped = open_dataset(write()).fingerprint
    for file in tmp_path.iterdir():
        file.unlink()
    assert open_dataset(write("{}-ubyte")).fingerprint == zipped
    images, labels = arrays()[FILES[0]], arrays()[FILES[1]]
    images[3, 4, 5] ^= 1
    assert open_dataset(write("{}-ubyte", train_images=idx(images))).fingerprint != zipped
    labels[5] = (labels[5] + 1) % 10
    assert open_dataset(write("{}-ubyte", train_labels=idx(labels))).fingerprint != zipped


def header(magic: int, *numbers: int) -> bytes:
    return struct.pack(f">{1 + len(numbers)}I", magic, *numbers)


IMAGES, LABELS = idx(arrays()[FILES[0]]), idx(arrays()[FILES[1]])
FLIPPED = bytearray(gzip.compress(IMAGES, 0))  # stored, so that it still unpacks
FLIPPED[len(FLIPPED) // 2] ^= 1
NO_IMAGES = "train-images-idx3-ubyte.gz is not a whole idx file of 28×28 images; fetch it again"
NO_LABELS = "train-labels-idx1-ubyte.gz is not a whole idx file of labels; fetch it again"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"train_images": b""}, NO_IMAGES),
        ({"train_labels": LABELS[:7]}, NO_LABELS),
        ({"train_images": IMAGES[:-1]}, NO_IMAGES),
        ({"train_images": bytes(FLIPPED)}, "ubyte.gz is damaged or cut short (CRC"),
        ({"t10k_labels": gzip.compress(LABELS)[:-9]}, "t10k-labels-idx1-ubyte.gz is damaged"),
        ({"train_images": gzip.compress(IMAGES)[:900]}, "train-images-idx3-ubyte.gz is damaged"),
        ({"train_images": LABELS}, NO_IMAGES),
        ({"train_labels": b"<html>404 not found"}, NO_LABELS),
        ({"train_images": header(2051, 2, 32, 28) + bytes(1792)}, NO_IMAGES),
        ({"train_images": header(2051, 0, 28, 28)}, NO_IMAGES),
        ({"train_images": header(2051, 2**32 - 1, 28, 28)}, NO_IMAGES),
        ({"train_images": IMAGES + b"\0"}, NO_IMAGES),
        ({"train_labels": idx(np.zeros(29, np.uint8))}, "has 30 images, but"),
        ({"train_labels": idx(np.full(30, 10, np.uint8))}, "image 0 has label 10, above 9"),
    ],
)
def test_what_is_damaged_or_another_file_is_named(write, changed, message):
    assert message in refused(write(**changed))


def test_a_missing_file_or_folder_is_told(write, tmp_path):
    data = write()
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    assert f"no file t10k-labels-idx1-ubyte.gz in {tmp_path}, nor without .gz" in refused(data)
    assert "no folder nowhere; mnist wants the folder" in refused("mnist:nowhere")


def test_an_image_of_a_published_split_that_is_in_both_parts_is_reported_not_refused(write, caplog):
    images = arrays()[FILES[2]]
    images[4] = arrays()[FILES[0]][8]
    caplog.set_level("INFO", "paddle_aug")
    dataset = open_dataset(write(t10k_images=idx(images)))
    assert len(dataset.eval) == 20
    assert "mnist: 1 of the 20 evaluation images are also in the training part" in caplog.messages
