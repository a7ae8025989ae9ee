"""The cache has the pixels of the files, wherever it is, or says that it is left out."""

import multiprocessing
import os
import pickle
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from made_data import write_dataset
from PIL import Image

from paddle_aug.data import cache
from paddle_aug.data.cache import Cache, decoded_images, filling
from paddle_aug.data.dataset import checked, find_dataset, open_dataset
from paddle_aug.data.image import read_sample
from paddle_aug.data.split import select
from paddle_aug.errors import UserError
from paddle_aug.rng import generator
from paddle_aug.system.shared_memory import UNKNOWN, SharedArray, free_memory

SIZE = 24
WAYS = pytest.mark.parametrize("way", ["ram", "disk", "auto"])


@pytest.fixture
def samples(tmp_path):
    return open_dataset(write_dataset(tmp_path / "made")).train


@pytest.fixture
def decodings(monkeypatch):
    """The files that were decoded."""
    counted = []

    def counting(sample):
        counted.append(sample.file)
        return read_sample(sample)

    monkeypatch.setattr(cache, "read_sample", counting)
    return counted


def as_read(samples, size=SIZE):
    return [read_sample(sample, size) for sample in samples]


def assert_equal(images, wanted):
    for image, want in zip(images, wanted, strict=True):
        np.testing.assert_array_equal(image, want)


@WAYS
@pytest.mark.parametrize("size", [SIZE, None])
def test_decoded_images_are_in_the_order_of_the_list_and_read_only(samples, tmp_path, way, size):
    for number, sample in enumerate(samples):
        picture = generator(0, "drawing", 0, number).integers(0, 256, (9 + number, 30, 3))
        Image.fromarray(picture.astype(np.uint8)).save(sample.file)
    for _ in range(2):
        images = decoded_images(samples, Cache(size, way, tmp_path / "cache"))
        assert_equal(images, as_read(samples, size))
    assert images.way == ("disk" if way == "disk" else "ram")
    with pytest.raises(ValueError, match="read-only"):
        images[0][0] = 0


def test_an_image_that_is_not_as_large_as_its_header_says_is_refused(
    samples, tmp_path, monkeypatch
):
    monkeypatch.setattr(cache, "pixel_count", lambda sample: 25)
    with pytest.raises(UserError, match="changes while it is being read"):
        decoded_images(samples, Cache(None, "ram", tmp_path))


@WAYS
@pytest.mark.parametrize("size", [SIZE, None])
def test_the_check_decodes_each_image_once_and_every_part_has_it(tmp_path, decodings, way, size):
    root = write_dataset(tmp_path / "made")
    with open(root / "Train.txt", "a") as file:
        file.write("./" + (root / "Train.txt").read_text().splitlines()[0])  # listed again
    data = checked(find_dataset(root), cache=Cache(size, way, tmp_path / "cache"))
    for part in (data, select(data, fraction=0.5), select(data, first=20, holdout=0.25)):
        for samples in (part.train, part.eval, part.test):
            assert_equal(data.store.of(samples), as_read(samples, size))
    assert len(decodings) == len(set(decodings)) == len({*data.train, *data.eval}) - 1
    sent = pickle.loads(pickle.dumps(data.store)) if way == "disk" else data.store
    assert_equal(sent.of(data.eval), as_read(data.eval, size))
    elsewhere = data.eval[0]._replace(file="elsewhere.png")
    assert data.store.of([elsewhere]) is None


def test_the_part_that_is_selected_is_kept_and_all_is_checked(tmp_path, decodings):
    root = write_dataset(tmp_path / "made", train=8)
    (root / "Images/class0/train_007.png").write_bytes(b"")

    def first_four(data):
        return select(data, fraction=0.5)

    with pytest.raises(UserError, match=r"train_007\.png: the file is empty"):
        checked(find_dataset(root), cache=Cache(SIZE), part=first_four)
    write_dataset(tmp_path / "whole", train=8)
    decodings.clear()
    data = checked(find_dataset(tmp_path / "whole"), cache=Cache(SIZE), part=first_four)
    assert len(data.store.places) == len(data.train) + len(data.eval) < len(decodings)


def test_a_later_run_takes_the_file_and_decodes_nothing(tmp_path, decodings):
    root = write_dataset(tmp_path / "made")
    for _ in range(2):
        data = checked(find_dataset(root), cache=Cache(SIZE, "disk", tmp_path / "cache"))
        assert_equal(data.store.of(data.train), as_read(data.train))
        assert len(decodings) == len(data.train) + len(data.eval)


@pytest.mark.parametrize("pixels", [True, False])
def test_a_file_of_other_images_is_replaced(samples, tmp_path, decodings, pixels):
    decoded_images(samples, Cache(SIZE, "disk", tmp_path / "cache"))
    if pixels:
        Path(samples[2].file).write_bytes(Path(samples[5].file).read_bytes())
    else:
        os.utime(samples[2].file, ns=(1, 1))
    images = decoded_images(samples, Cache(SIZE, "disk", tmp_path / "cache"))
    assert len(decodings) == 2 * len(samples)
    assert_equal(images, as_read(samples))
    assert len(list((tmp_path / "cache").iterdir())) == 1, "in the place of the old one"


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: b"",
        lambda content: content[:500],
        lambda content: bytes(len(content)),
        lambda content: content[:-8] + bytes(8),
    ],
)
def test_a_file_that_is_not_whole_is_replaced(samples, tmp_path, damage):
    decoded_images(samples, Cache(SIZE, "disk", tmp_path))
    (file,) = tmp_path.glob("*.npy")
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(damage(content))
    assert_equal(decoded_images(samples, Cache(SIZE, "disk", tmp_path)), as_read(samples))
    assert file.read_bytes() == content


def test_another_size_interpolation_or_list_is_another_file(samples, tmp_path):
    folder = tmp_path / "cache"
    for _ in range(2):
        for given, size in ((samples, SIZE), (samples, SIZE + 1), (samples[::-1], SIZE)):
            decoded_images(given, Cache(size, "disk", folder))
        linear = decoded_images(samples, Cache(SIZE, "disk", folder, "linear"))
        assert_equal(linear, [read_sample(sample, SIZE, "linear") for sample in samples])
    assert len(list(folder.glob("*.npy"))) == 4
    assert (linear[0] != as_read(samples)[0]).any()


KILLED_WRITER = """
import os, sys
from paddle_aug.data import cache
from paddle_aug.data.dataset import open_dataset
def killed(filled, sample, image):
    if sample is filled.lacking[3]:
        os.kill(os.getpid(), 9)
cache.Filling.put = killed
cache.decoded_images(open_dataset(sys.argv[1]).train, cache.Cache(24, "disk", sys.argv[2]))
"""


def test_a_killed_writer_leaves_nothing_that_is_taken_for_a_cache(samples, tmp_path):
    folder = tmp_path / "cache"
    root = Path(samples[0].file).parents[2]
    for _ in range(2):
        command = [sys.executable, "-c", KILLED_WRITER, root, folder]
        assert subprocess.run(command, check=False).returncode == -9
        assert not list(folder.glob("[!.]*"))
    left = list(folder.iterdir())
    assert len(left) == 2
    assert_equal(decoded_images(samples, Cache(SIZE, "disk", folder)), as_read(samples))

    a_day_ago = time.time() - cache.ABANDONED - 1
    os.utime(left[0], (a_day_ago, a_day_ago))
    decoded_images(samples[:3], Cache(SIZE, "disk", folder))
    assert (left[0].exists(), left[1].exists()) == (False, True), "it may still be written to"


def test_writers_side_by_side_do_not_disturb_each_other(samples, tmp_path):
    wanted = Cache(SIZE, "disk", tmp_path)
    with filling(samples, wanted) as one, filling(samples, wanted) as other:
        with pytest.raises(KeyboardInterrupt), filling(samples, wanted):
            raise KeyboardInterrupt
        for sample in samples:
            one.put(sample, read_sample(sample))
            other.put(sample, read_sample(sample))
    for filled in (one, other):
        assert_equal(filled.store.of(samples), as_read(samples))
    assert len(list(tmp_path.glob("*.npy"))) == 1
    assert list(tmp_path.glob(".*.part")) == []


def no_room(*_, **__):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("way", "broken", "message"),
    [
        ("disk", "os.posix_fallocate", r"kept in .* \(--cache-dir names another place\): No space"),
        ("disk", "Path.mkdir", r"kept in .* another place\): No space left"),
        ("ram", "SharedArray", "kept in memory: No space left on device"),
    ],
)
def test_without_room_the_run_continues_without_a_cache(
    samples, tmp_path, caplog, monkeypatch, way, broken, message
):
    monkeypatch.setattr(f"paddle_aug.data.cache.{broken}", no_room)
    assert decoded_images(samples, Cache(SIZE, way, tmp_path / "cache")) is None
    assert re.search(rf"no cache: 0\.0 GB cannot be {message}", caplog.text)
    assert list(tmp_path.glob("cache/*")) == list(tmp_path.glob("cache/.*")) == []


@pytest.mark.parametrize(
    ("memory", "disk", "way"), [(2.0, 9, "ram"), (1.9, 2.0, "disk"), (1.9, 1.9, None)]
)
def test_auto_takes_memory_then_the_disk_and_never_more_than_half(
    samples, caplog, monkeypatch, tmp_path, memory, disk, way
):
    size = len(samples) * (SIZE * SIZE * 3 + cache.SHAPE_BYTES)
    monkeypatch.setattr(cache, "free_memory", lambda: memory * size)
    monkeypatch.setattr(cache, "free_disk", lambda folder: disk * size)
    images = decoded_images(samples, Cache(SIZE, "auto", tmp_path))
    assert (images and images.way) == way
    assert ("more than half of what is free" in caplog.text) == (way is None)


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


def test_the_users_cache_is_not_in_the_home_that_ai_studio_loads_at_each_start(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.default_folder() == tmp_path / ".cache" / "paddle_aug"
    monkeypatch.setattr(cache, "HOME", tmp_path)
    assert cache.default_folder() == Path(tempfile.gettempdir()) / "paddle_aug"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "told"))
    assert cache.default_folder() == tmp_path / "told" / "paddle_aug"
