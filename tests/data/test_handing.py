"""Data sets that worker processes receive."""

import multiprocessing
from dataclasses import replace

import numpy as np
import pytest

from paddle_aug.data import handing
from paddle_aug.data.dataset import Dataset
from paddle_aug.data.handing import Handed, handed
from paddle_aug.data.samples import Sample

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def archived():
    """Three images, two of them not contiguous."""
    pixels = np.random.default_rng(0).integers(0, 256, (3, 4, 6, 3), np.uint8)
    samples = [
        Sample("archive", f"batch/{place}", place, 0, image[:, ::2])
        for place, image in enumerate(pixels)
    ]
    samples[0] = samples[0]._replace(pixels=np.ascontiguousarray(samples[0].pixels))
    return Dataset("archive", samples[:2], samples[2:], ["a", "b", "c"])


def receive(pipe, data):
    pipe.send([data, type(data), data.train[0].pixels.flags.writeable])
    pipe.recv()
    pipe.send(int(data.train[0].pixels[0, 0, 0]))


def test_a_worker_receives_the_same_images_in_memory_that_is_shared(archived):
    shared = handed(archived)
    assert isinstance(shared, Handed)
    pipe, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=receive, args=(theirs, shared))
    process.start()
    theirs.close()
    data, kind, writeable = pipe.recv()
    assert (kind, writeable) == (Dataset, False)
    assert data.test == []
    for name in ("train", "eval"):
        for theirs, ours in zip(getattr(data, name), getattr(archived, name), strict=True):
            assert theirs[:4] == ours[:4]
            np.testing.assert_array_equal(theirs.pixels, ours.pixels)
    shared.memory.array[0, 0, 0, 0] = 255 - archived.train[0].pixels[0, 0, 0]
    pipe.send("look")
    assert pipe.recv() == 255 - archived.train[0].pixels[0, 0, 0]
    process.join()


def test_images_of_files_take_no_memory(archived):
    files = replace(archived, train=[Sample("a.png", "a.png", 0, 7)], eval=[])
    assert handed(files) is files


def test_without_memory_to_share_each_worker_gets_a_copy(archived, monkeypatch):
    def full(shape):
        raise OSError("no room")

    monkeypatch.setattr(handing, "SharedArray", full)
    assert handed(archived) is archived
