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


def images_of(*shapes):
    generator = np.random.default_rng(0)
    return [
        Sample("archive", f"batch/{place}", place, 0, generator.integers(0, 256, shape, np.uint8))
        for place, shape in enumerate(shapes)
    ]


@pytest.fixture
def archived():
    """Images of two sizes, one of them not contiguous, and one in a file."""
    samples = images_of((3, 4, 3), (2, 2, 3), (4, 6, 3))
    samples[2] = samples[2]._replace(pixels=samples[2].pixels[:, ::2])
    return Dataset(
        "archive", samples[:2], [samples[2]], ["a", "b", "c"], [Sample("a.png", "a.png", 0, 7)]
    )


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
    assert data.test == archived.test
    for name in ("train", "eval"):
        for theirs, ours in zip(getattr(data, name), getattr(archived, name), strict=True):
            assert theirs[:4] == ours[:4]
            np.testing.assert_array_equal(theirs.pixels, ours.pixels)
    shared.memory.array[0] = 255 - archived.train[0].pixels[0, 0, 0]
    pipe.send("look")
    assert pipe.recv() == 255 - archived.train[0].pixels[0, 0, 0]
    process.join()


def test_images_of_files_take_no_memory(archived):
    files = replace(archived, train=archived.test, eval=[])
    assert handed(files) is files


def test_without_memory_to_share_each_worker_gets_a_copy(archived, monkeypatch):
    def full(shape):
        raise OSError("no room")

    monkeypatch.setattr(handing, "SharedArray", full)
    assert handed(archived) is archived
