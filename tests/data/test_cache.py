"""The cache has the pixels of the files, wherever it is, or says that it is left out."""

import multiprocessing
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from made_data import write_dataset
from PIL import Image

from paddle_aug.data import cache
from paddle_aug.data.cache import cache_file, choose, decoded_images, free_disk
from paddle_aug.data.dataset import open_dataset
from paddle_aug.data.image import read_image, read_sample
from paddle_aug.errors import UserError
from paddle_aug.rng import generator
from paddle_aug.system.shared_memory import UNKNOWN, SharedArray, free_memory

SIZE = 24


@pytest.fixture
def samples(tmp_path):
    return open_dataset(write_dataset(tmp_path / "made")).train


@pytest.fixture(autouse=True)
def opened_anew():
    """Forget what this process has decoded, before and after."""
    cache._opened.clear()
    yield
    cache._opened.clear()


@pytest.fixture
def decodings(monkeypatch):
    """How many images were decoded."""
    counted = []

    def counting(sample, size):
        counted.append(sample)
        return read_sample(sample, size)

    monkeypatch.setattr(cache, "read_sample", counting)
    return counted


def as_read(samples):
    return np.stack([read_sample(sample, SIZE) for sample in samples])


@pytest.mark.parametrize("way", ["ram", "disk", "auto"])
def test_it_has_the_images_in_the_order_of_the_list_and_cannot_be_written_to(
    samples, tmp_path, way
):
    held = decoded_images(samples, SIZE, way, tmp_path / "cache")
    np.testing.assert_array_equal(list(held), as_read(samples))
    with pytest.raises(ValueError, match="read-only"):
        held[0][0] = 0


@pytest.mark.parametrize("way", ["ram", "disk", "auto"])
def test_images_may_keep_their_sizes(tmp_path, way, decodings):
    samples = open_dataset(write_dataset(tmp_path / "made")).train
    for number, sample in enumerate(samples):
        picture = generator(0, "drawing", 0, number).integers(0, 256, (9 + number, 30, 3))
        Image.fromarray(picture.astype(np.uint8)).save(sample.file)
    for _ in range(2):
        held = decoded_images(samples, None, way, tmp_path / "cache")
        for sample, image in zip(samples, held, strict=True):
            np.testing.assert_array_equal(image, read_image(sample.file))
    assert [shape[0] for shape in held.shapes] == list(range(9, 9 + len(samples)))
    assert len(decodings) == len(samples), "once each"
    (one,) = decoded_images(samples[:1], None, way, tmp_path / "cache")
    assert not np.array_equal(one.shape, (SIZE, SIZE, 3))


def test_an_image_that_changes_meanwhile_is_told(samples, tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "sample_shape", lambda sample: (5, 5))
    with pytest.raises(UserError, match="changes while it is being read"):
        decoded_images(samples, None, "ram", tmp_path)


def test_off_and_an_empty_list_have_none(samples, tmp_path):
    assert decoded_images(samples, SIZE, "off", tmp_path) is None
    assert decoded_images([], SIZE, "ram", tmp_path) is None
    assert list(tmp_path.glob("*.pixels")) == []


def test_the_modes_of_one_command_decode_once(samples, tmp_path, decodings):
    first = decoded_images(samples, SIZE, "ram", tmp_path)
    assert decoded_images(samples, SIZE, "ram", tmp_path) is first
    assert len(decodings) == len(samples)


def test_what_is_held_is_taken_though_it_left_less_than_half_of_the_memory(samples, monkeypatch):
    first = decoded_images(samples, SIZE, "auto")
    monkeypatch.setattr(cache, "free_memory", lambda: 10)
    monkeypatch.setattr(cache, "free_disk", lambda folder: 10)
    assert decoded_images(samples, SIZE, "auto") is first


def test_another_way_that_is_asked_for_is_taken(samples, tmp_path):
    assert decoded_images(samples, SIZE, "ram", tmp_path).way == "ram"
    assert decoded_images(samples, SIZE, "disk", tmp_path).way == "disk"


def test_a_later_run_takes_the_file(samples, tmp_path, decodings):
    decoded_images(samples, SIZE, "disk", tmp_path / "cache")
    cache._opened.clear()
    held = np.stack(list(decoded_images(samples, SIZE, "disk", tmp_path / "cache")))
    assert len(decodings) == len(samples)
    np.testing.assert_array_equal(held, as_read(samples))


def changed_picture(samples):
    Path(samples[2].file).write_bytes(Path(samples[5].file).read_bytes())


def touched(samples):
    os.utime(samples[2].file, ns=(1, 1))


@pytest.mark.parametrize("change", [changed_picture, touched])
def test_a_file_of_other_images_is_replaced(samples, tmp_path, decodings, change):
    decoded_images(samples, SIZE, "disk", tmp_path / "cache")
    change(samples)
    held = np.stack(list(decoded_images(samples, SIZE, "disk", tmp_path / "cache")))
    assert len(decodings) == 2 * len(samples)
    np.testing.assert_array_equal(held, as_read(samples))
    assert len(list((tmp_path / "cache").iterdir())) == 1, "in the place of the old one"


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content + b"\0",
        lambda content: b"",
        lambda content: content[: cache.HEADER],
        lambda content: content.replace(b'"format": 2', b'"format": 0'),
        lambda content: bytes(len(content)),
    ],
)
def test_a_file_that_is_not_whole_is_replaced(samples, tmp_path, damage):
    folder = tmp_path / "cache"
    decoded_images(samples, SIZE, "disk", folder)
    cache._opened.clear()
    file = cache_file(samples, SIZE, folder)
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(damage(content))
    held = np.stack(list(decoded_images(samples, SIZE, "disk", folder)))
    np.testing.assert_array_equal(held, as_read(samples))
    assert file.read_bytes() == content


def test_another_size_or_list_is_another_file(samples, tmp_path):
    decoded_images(samples, SIZE, "disk", tmp_path / "cache")
    decoded_images(samples, SIZE + 1, "disk", tmp_path / "cache")
    decoded_images(samples[::-1], SIZE, "disk", tmp_path / "cache")
    assert len(list((tmp_path / "cache").glob("*.pixels"))) == 3


KILLED_WRITER = """
import sys, os
from pathlib import Path
from paddle_aug.data import cache
from paddle_aug.data.dataset import open_dataset
samples = open_dataset(sys.argv[1]).train
cache.CHUNK = 2
whole, seen = cache.decoded_in_turn, int(sys.argv[3])
def killed(*args):
    for number, image in enumerate(whole(*args)):
        if number == 2 * seen:
            os.kill(os.getpid(), 9)
        yield image
cache.decoded_in_turn = killed
cache.decoded_images(samples, 24, "disk", sys.argv[2])
"""


def test_a_killed_writer_leaves_nothing_that_is_taken_for_a_cache(samples, tmp_path):
    folder = tmp_path / "cache"
    root = Path(samples[0].file).parents[2]
    for chunk in range(2):
        command = [sys.executable, "-c", KILLED_WRITER, root, folder, str(chunk)]
        assert subprocess.run(command, check=False).returncode == -9
        assert not cache_file(samples, SIZE, folder).exists()
    left = list(folder.iterdir())
    assert len(left) == 2
    held = np.stack(list(decoded_images(samples, SIZE, "disk", folder)))
    np.testing.assert_array_equal(held, as_read(samples))

    a_day_ago = time.time() - cache.ABANDONED - 1
    os.utime(left[0], (a_day_ago, a_day_ago))
    decoded_images(samples[:3], SIZE, "disk", folder)
    assert (left[0].exists(), left[1].exists()) == (False, True), "it may still be written to"


def test_a_full_disk_is_told_and_the_run_goes_on_without(samples, tmp_path, capsys, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.os, "posix_fallocate", full)
    assert decoded_images(samples, SIZE, "disk", tmp_path / "cache") is None
    told = capsys.readouterr().err
    assert told.startswith("no cache: 0.0 MB cannot be kept in")
    assert "--cache-dir names another place): No space left on device" in told
    assert told.endswith("images are decoded in each epoch\n")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_file_that_grows_too_large_for_the_disk_is_removed(samples, tmp_path, capsys):
    """By the limit of this process, which the system enforces as it does a full disk."""
    folder = tmp_path / "cache"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (cache.HEADER, hard))
    try:
        assert decoded_images(samples, SIZE, "disk", folder) is None
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "File too large" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(samples, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert decoded_images(samples, SIZE, "disk", tmp_path / "file" / "cache") is None
    assert "cannot be kept in" in capsys.readouterr().err


def test_memory_that_is_not_there_is_told(samples, tmp_path, capsys, monkeypatch):
    def none(*_):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(cache, "SharedArray", none)
    assert decoded_images(samples, SIZE, "ram", tmp_path) is None
    assert "cannot be kept in memory: Cannot allocate memory" in capsys.readouterr().err


def test_auto_takes_memory_then_the_disk_and_never_more_than_half(samples, capsys, monkeypatch):
    assert choose(50, 100, 1000) == "ram"
    assert choose(51, 100, 102) == "disk"
    assert choose(52, 100, 102) == "off"
    monkeypatch.setattr(cache, "free_memory", lambda: 10)
    monkeypatch.setattr(cache, "free_disk", lambda folder: 10)
    assert decoded_images(samples, SIZE, "auto") is None
    assert "more than half of what is free" in capsys.readouterr().err


def test_an_image_that_vanished_is_named(samples, tmp_path):
    Path(samples[3].file).unlink()
    with pytest.raises(UserError, match=Path(samples[3].file).name):
        decoded_images(samples, SIZE, "ram", tmp_path)


def write(root, file, text):
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_free_memory_is_the_machines_or_the_containers(tmp_path):
    assert free_memory(tmp_path) == UNKNOWN
    write(tmp_path, "proc/meminfo", "MemTotal: 900 kB\nMemAvailable:   500 kB\n")
    assert free_memory(tmp_path) == 500 * 1024
    group = tmp_path / "sys/fs/cgroup"
    write(group, "memory.max", "max\n")
    write(group, "memory.current", "90000\n")
    assert free_memory(tmp_path) == 500 * 1024
    write(group, "memory.max", "100000\n")
    write(group, "memory.stat", "anon 5\ninactive_file 7000\n")
    assert free_memory(tmp_path) == 100_000 - 90_000 + 7000
    write(group, "memory.max", "1000\n")
    assert free_memory(tmp_path) == 0
    for file in ("memory.max", "memory.current", "memory.stat"):
        (group / file).unlink()
    write(group, "memory/memory.limit_in_bytes", "9223372036854771712\n")
    write(group, "memory/memory.usage_in_bytes", "90000\n")
    assert free_memory(tmp_path) == 500 * 1024


def test_free_disk_is_that_of_the_nearest_folder(tmp_path):
    assert free_disk(tmp_path / "not" / "there") > 0


def add_one(shared):
    shared.array[1] += 1


def test_shared_memory_is_the_same_in_a_spawned_process():
    shared = SharedArray((2, 3))
    shared.array[:] = [[1, 2, 3], [4, 5, 255]]
    process = multiprocessing.get_context("spawn").Process(target=add_one, args=(shared,))
    process.start()
    process.join()
    assert shared.array.tolist() == [[1, 2, 3], [5, 6, 0]]


def test_shared_memory_needs_no_dev_shm_and_is_given_back():
    before = len(os.listdir("/proc/self/fd"))
    shared = SharedArray((1000, 1000))
    assert not [name for name in os.listdir("/dev/shm") if "paddle_aug" in name]
    del shared
    assert len(os.listdir("/proc/self/fd")) == before


def test_more_memory_than_is_free_is_refused_before_it_is_taken():
    with pytest.raises(OSError, match="Cannot allocate memory"):
        SharedArray((free_memory() + 2**30,))
