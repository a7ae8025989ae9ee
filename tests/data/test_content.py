"""Images of equal content: found whatever their names, and each hashed once."""

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from paddle_aug.data import content
from paddle_aug.data.content import content_groups
from paddle_aug.data.samples import Sample


def drawn(folder: Path, *names: str) -> list[Sample]:
    """Images unlike each other, whose files are equally long."""
    for number, name in enumerate(names):
        pixels = np.random.default_rng(number).integers(0, 256, (20, 30, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name)
    return [Sample(str(folder / name), name, 0, line) for line, name in enumerate(names, 1)]


def copied(folder: Path, source: str, name: str) -> Sample:
    shutil.copy(folder / source, folder / name)
    return Sample(str(folder / name), name, 1)


def test_equal_bytes_are_a_group_and_the_hashes_are_kept(tmp_path, monkeypatch):
    samples = drawn(tmp_path, "a.bmp", "b.bmp", "c.bmp")
    samples.insert(1, copied(tmp_path, "a.bmp", "d.bmp"))
    samples.append(samples[0]._replace(path="./a.bmp"))
    digests: dict[str, bytes] = {}
    groups = content_groups(samples, digests)
    assert groups["a.bmp"] == groups["d.bmp"]
    assert len(set(groups.values())) == 3
    assert len(groups) == len(digests) == 4
    monkeypatch.setattr(content, "read_bytes", None)
    assert content_groups(samples, digests) == groups


def test_only_files_of_equal_size_are_read_and_what_cannot_be_read_is_alone(tmp_path, monkeypatch):
    samples = drawn(tmp_path, "a.bmp", "b.png", "c.bmp")
    samples.append(Sample(str(tmp_path / "none.bmp"), "none.bmp", 0))
    (tmp_path / "folder.bmp").mkdir()
    samples.append(Sample(str(tmp_path / "folder.bmp"), "folder.bmp", 0))
    digests: dict[str, bytes] = {}
    assert len(set(content_groups(samples, digests).values())) == 5
    assert set(digests) == {"a.bmp", "c.bmp"}


def test_equal_pixels_of_an_archive_are_a_group():
    image = np.zeros((4, 4, 3), np.uint8)
    samples = [
        Sample("a.tar", name, 0, 0, pixels)
        for name, pixels in (("x", image), ("y", image + 1), ("z", image.copy()))
    ]
    assert content_groups(samples, {}) == {"x": 0, "y": 1, "z": 0}
