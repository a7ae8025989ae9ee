"""Batches depend on nothing but names: not on workers, batch size, or what was loaded before."""

import gc
import os
import pickle
import re
import signal
import subprocess
import sys
import time
import tracemalloc
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import paddle
import pytest
from made_data import write_dataset

from paddle_aug.augment.modes import augmentation
from paddle_aug.augment.transform import Chain, Maybe, Transform
from paddle_aug.data import workers
from paddle_aug.data.augmented import Augmented, epoch_keys
from paddle_aug.data.cache import Cache, decoded_images
from paddle_aug.data.dataset import open_dataset
from paddle_aug.data.image import read_sample
from paddle_aug.data.samples import Sample
from paddle_aug.data.workers import Workers
from paddle_aug.errors import UserError
from paddle_aug.system import shared_memory
from paddle_aug.training.batches import Batches, tensor_of
from paddle_aug.training.distributed import Group

ROOT = Path(__file__).parent.parent.parent
EPOCHS = 3


@pytest.fixture(scope="module")
def samples(data):
    return data.train


def load(samples, workers, epochs, mode="allab", batch_size=5, shuffle=True):
    """All images and labels of these epochs, in order."""
    dataset = Augmented(samples, 24, augmentation(mode), seed=7)
    images, labels = [], []
    with Workers({"made": dataset}, workers, batch_size + 1) as pool:
        batches = Batches(pool, "made", batch_size, seed=7, shuffle=shuffle, group=Group())
        for epoch in epochs:
            for image, label, _ in batches.of(epoch):
                assert image.dtype == paddle.uint8
                assert image.shape[1:] == [24, 24, 3]
                images.append(image.numpy())
                labels.append(label.numpy())
    return np.concatenate(images), np.concatenate(labels)


@pytest.fixture(scope="module")
def expected(samples):
    return load(samples, 0, range(EPOCHS))


@pytest.mark.parametrize(("workers", "batch_size"), [(0, 7), (1, 5), (3, 5)])
def test_workers_and_batch_size_change_no_pixel_nor_does_what_was_loaded_before(
    samples, expected, workers, batch_size
):
    images, labels = load(samples, workers, range(1, EPOCHS), batch_size=batch_size)
    np.testing.assert_array_equal(images, expected[0][len(samples) :])
    np.testing.assert_array_equal(labels, expected[1][len(samples) :])


def test_each_epoch_has_every_sample_once_in_another_order_with_other_pixels(samples, expected):
    images, labels = expected
    count = len(samples)
    epochs = [slice(epoch * count, (epoch + 1) * count) for epoch in range(EPOCHS)]
    for part in epochs:
        assert sorted(labels[part]) == sorted(sample.label for sample in samples)
    assert labels[epochs[0]].tolist() != labels[epochs[1]].tolist()
    seen = {image.tobytes() for image in images}
    assert len(seen) == len(images), "no picture comes twice"


def test_evaluation_keeps_the_order_of_the_list(samples):
    _, labels = load(samples, 0, [0], mode="none", shuffle=False)
    assert labels.tolist() == [sample.label for sample in samples]


@pytest.mark.parametrize(
    ("length", "shuffle", "sizes"),
    [
        (11, True, [4, 4, 3]),
        (9, True, [4, 5]),  # batch normalisation would make a single image its own mean
        (9, False, [4, 4, 1]),
        (1, True, [1]),
    ],
)
def test_a_last_batch_is_shorter_but_in_training_never_of_one(length, shuffle, sizes):
    batches = list(epoch_keys(length, 4, seed=0, epoch=2, shuffle=shuffle))
    assert [len(batch) for batch in batches] == sizes
    assert sorted(key for batch in batches for key in batch) == [(2, n) for n in range(length)]


def test_leaving_an_epoch_early_leaves_the_workers_usable(samples, expected):
    dataset = Augmented(samples, 24, augmentation("allab"), seed=7)
    with Workers({"made": dataset}, 1, 6) as pool:
        batches = Batches(pool, "made", 5, seed=7, shuffle=True, group=Group())
        epoch = batches.of(0)
        next(epoch)
        epoch.close()
        first, *_ = next(batches.of(0))
    np.testing.assert_array_equal(first.numpy(), expected[0][:5])


def test_a_killed_worker_is_one_clear_message_at_once(samples):
    dataset = Augmented(samples, 24, augmentation("allab"), seed=7)
    with Workers({"made": dataset}, 2, 2) as pool:
        batches = Batches(pool, "made", 1, seed=7, shuffle=True, group=Group()).of(0)
        next(batches)
        os.kill(next(iter(pool.executor._processes)), signal.SIGKILL)
        with pytest.raises(UserError, match="worker process was killed"):
            list(batches)
        killed = time.monotonic()
    assert time.monotonic() - killed < 200, "it waits for the worker that is left"


def test_workers_that_are_asked_to_end_work_on_until_their_parent_ends(samples, expected):
    """A batch system asks all processes of a job at once."""
    dataset = Augmented(samples, 24, augmentation("allab"), seed=7)
    with Workers({"made": dataset}, 2, 6) as pool:
        batches = Batches(pool, "made", 5, seed=7, shuffle=True, group=Group()).of(0)
        next(batches)
        for worker in pool.executor._processes:
            os.kill(worker, signal.SIGTERM)
        second, *_ = next(batches)
    np.testing.assert_array_equal(second.numpy(), expected[0][5:10])


@pytest.mark.parametrize("workers", [0, 1])
def test_an_image_that_vanished_is_named(tmp_path, workers):
    samples = open_dataset(write_dataset(tmp_path / "made")).train
    Path(samples[3].file).write_bytes(b"no image any more")
    with pytest.raises(UserError, match=Path(samples[3].file).name):
        load(samples, workers, [0], mode="none")


WITH_WORKERS = """
import sys, time
from pathlib import Path
from paddle_aug.data.dataset import open_dataset
from paddle_aug.data.augmented import Augmented, epoch_keys
from paddle_aug.data.workers import Workers
from paddle_aug.augment.modes import augmentation
if __name__ == "__main__":
    dataset = Augmented(open_dataset(sys.argv[1]).train, 24, augmentation("none"), 0)
    with Workers({"made": dataset}, 2, 2) as pool:
        next(pool.batches("made", epoch_keys(len(dataset), 1, 0, 0, True)))
        print(len(pool.executor._processes), flush=True)
        time.sleep(60)
"""


def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    folder, script = write_dataset(tmp_path / "made"), tmp_path / "script.py"
    script.write_text(WITH_WORKERS, encoding="utf-8")
    command = [sys.executable, str(script), str(folder)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as parent:
        assert parent.stdout.readline() == "2\n"
        parent.kill()
        parent.communicate(timeout=300)  # until none that shares its output is left


@dataclass(frozen=True)
class Failing(Transform):
    """An op that cannot be applied to one of the pictures."""

    label: str

    def sample(self, rng, shape):
        return {"strength": rng.random()}

    def apply(self, image, strength):
        if self.label == "raises":
            raise ArithmeticError("no such number")
        if self.label == "shrinks":
            return image[1:]
        return image.astype(np.float32)


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("raises", r"ArithmeticError: no such number"),
        ("shrinks", r"ValueError: returned uint8 \(23, 24, 3\), not uint8 \(24, 24, 3\)"),
        ("floats", r"ValueError: returned float32 \(24, 24, 3\), not uint8 \(24, 24, 3\)"),
    ],
)
@pytest.mark.parametrize("workers", [0, 1])
def test_an_op_that_fails_is_named_with_its_file_and_parameters(samples, label, reason, workers):
    transform = Chain(augmentation("hflip"), Maybe(1.0, Failing(label)))
    dataset = Augmented(samples, 24, transform, seed=7)
    with Workers({"made": dataset}, workers, 5) as pool, pytest.raises(UserError) as error:
        list(pool.batches("made", epoch_keys(len(samples), 5, 7, 2, False)))
    message = str(error.value)
    assert message.startswith(f"{samples[0].file}: ")
    assert re.search(rf" fails with .* \(epoch 3\): {reason}\. Leave it out", message)
    if label == "raises":
        assert "Failing(label='raises') fails with {'strength': 0." in message


@dataclass(frozen=True)
class Sleeping(Transform):
    """An op that hangs."""

    def apply(self, image):
        time.sleep(3600)


def test_a_worker_that_stands_still_is_ended_with_a_message(samples, monkeypatch):
    monkeypatch.setattr(workers, "PATIENCE", 3)
    dataset = Augmented(samples, 24, Sleeping(), seed=7)
    started = time.monotonic()
    with (
        pytest.raises(UserError, match=r"hangs: images \[0, 1\] did not arrive"),
        Workers({"made": dataset}, 1, 2) as pool,
    ):
        list(pool.batches("made", epoch_keys(len(samples), 2, 7, 0, False)))
    assert time.monotonic() - started < 600


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("way", ["ram", "disk", "off"])
@pytest.mark.parametrize("arrays", [False, True])
def test_decoded_images_and_arrays_give_the_bytes_of_files(
    samples, expected, workers, way, arrays, tmp_path
):
    if arrays:
        samples = [
            Sample("archive", f"batch/{number}", sample.label, 0, read_sample(sample))
            for number, sample in enumerate(samples)
        ]
    decoded = decoded_images(samples, Cache(24, way, tmp_path))
    dataset = Augmented(samples, 24, augmentation("allab"), 7, decoded)
    if decoded is not None:
        assert len(pickle.dumps(dataset.samples)) < 200 * len(samples)
    with Workers({"made": dataset}, workers, 6) as pool:
        keys = epoch_keys(len(samples), 5, 7, 0, True)
        images = np.concatenate([batch.copy() for batch, _ in pool.batches("made", keys)])
    np.testing.assert_array_equal(images, expected[0][: len(images)])


def test_an_image_of_an_archive_is_named_by_both(tmp_path):
    array = Sample("archive", "batch/7", 0, 0, np.zeros((24, 24, 3), np.uint8))
    dataset = Augmented([array], 24, Failing("raises"), seed=7)
    with pytest.raises(UserError, match=r"archive: batch/7: Failing"):
        dataset[0, 0]


def test_memory_that_is_not_there_for_batches_is_a_message(samples, monkeypatch):
    monkeypatch.setattr(shared_memory, "free_memory", lambda: 1000)
    dataset = Augmented(samples, 24, augmentation("none"), seed=7)
    with pytest.raises(
        UserError, match=r"no memory for 3 batches of 5 images, 0\.0 GB: Cannot alloc"
    ):
        Workers({"made": dataset}, 1, 5)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64", "bool"])
def test_a_tensor_holds_what_its_array_holds(dtype):
    array = np.random.default_rng(0).integers(0, 2, (3, 4, 5, 1)).astype(dtype)[::2]
    tensor = tensor_of(array)
    assert tensor.numpy().dtype == array.dtype
    np.testing.assert_array_equal(tensor.numpy(), array)
    array[:] = 0
    assert tensor.numpy().any(), "it has its own memory"
    assert tensor.stop_gradient


def test_tensors_leave_nothing_behind():
    """A hundred bytes a tensor, as `paddle.to_tensor` leaves, are gigabytes after a week."""
    array = np.zeros((2, 3), np.uint8)

    def held_after(calls: int) -> int:
        for _ in range(calls):
            tensor_of(array)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        first = held_after(100)  # what is kept once, too
        kept = held_after(5000) - first
    finally:
        tracemalloc.stop()
    assert kept / 5000 < 20, "bytes a tensor; threads of earlier tests may keep some"


def test_batches_wait_for_the_network_and_not_the_other_way_round(samples):
    """All that has room is made while the network computes: two batches a worker."""
    dataset = Augmented(samples, 24, augmentation("none"), seed=7)
    with Workers({"made": dataset}, 1, 1) as pool:
        batches = pool.batches("made", epoch_keys(len(samples), 1, 7, 0, False))
        next(batches)
        assert len(pool.free) == 0
        batches.close()
        assert sorted(pool.free) == [0, 1, 2]
