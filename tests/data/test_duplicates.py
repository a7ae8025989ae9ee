"""Near duplicates: all of them are found, mirrored or not, and look-alikes are let alone."""

import cv2
import numpy as np
import pytest
from spoiled import scene

from paddle_aug.data import duplicates
from paddle_aug.data.duplicates import SURE, components, near_pairs, same_as, thumbnail
from paddle_aug.rng import generator


def coded(image, quality):
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1)


def in_grey(image):
    return np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)


CHANGES = {
    "coded as JPEG": lambda image: coded(image, 30),
    "half the size": lambda image: cv2.resize(image, None, fx=0.5, fy=0.5),
    "another aspect ratio": lambda image: cv2.resize(image, (200, 90)),
    "darker": lambda image: (image * 0.7).astype(np.uint8),
    "grey": in_grey,
    "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
    "mirrored and coded": lambda image: coded(np.ascontiguousarray(image[:, ::-1]), 60),
}


def thumbnails(images):
    return np.array([thumbnail(image) for image in images])


def triples(pairs):
    return set(
        zip(pairs.first.tolist(), pairs.second.tolist(), pairs.mirrored.tolist(), strict=True)
    )


@pytest.fixture(scope="module")
def hundreds():
    """The thumbnails of 300 scenes."""
    return thumbnails(map(scene, range(300)))


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found_among_hundreds_and_nothing_else(change, hundreds):
    copies = [CHANGES[change](scene(number)) for number in (3, 150, 299)]
    pairs = near_pairs(np.concatenate([hundreds, thumbnails(copies)]))
    mirrored = change.startswith("mirrored")
    assert triples(pairs) == {(3, 300, mirrored), (150, 301, mirrored), (299, 302, mirrored)}
    assert (pairs.correlation >= duplicates.LIKELY).all()


def test_the_correlation_is_that_of_the_thumbnails_grey_levels():
    image = scene(0)
    small = thumbnails([image, scene(1), coded(image[:, ::-1].copy(), 10)])
    pairs = near_pairs(small)
    ((first, second, mirrored),) = triples(pairs)
    assert (first, second, mirrored) == (0, 2, True)
    want = np.corrcoef(small[0, :, ::-1].ravel(), small[2].ravel())[0, 1]
    assert pairs.correlation[0] == pytest.approx(want, abs=1e-5)


def test_all_similar_hashes_are_found_once(monkeypatch):
    monkeypatch.setattr(duplicates, "TILE", 50)
    rng = generator(0, "drawing")
    blocks = rng.normal(size=(60, 64))
    copies = rng.choice(blocks, 300)
    for number, copy in enumerate(copies):
        copy[rng.choice(64, number % 12, replace=False)] *= -1
    blocks = np.concatenate([blocks, copies])
    turned = rng.permutation(blocks)
    bits, queries = blocks > 0, turned > 0
    pairs = {
        (a, b) for b in range(len(bits)) for a in range(b) if (queries[a] != bits[b]).sum() < 8
    }
    found = [
        pair
        for first, second in duplicates._similar(blocks, turned)
        for pair in zip(first.tolist(), second.tolist(), strict=True)
    ]
    assert len(found) == len(set(found)) > 300
    assert set(found) == pairs


def test_in_a_crowd_of_lookalikes_only_pairs_that_are_surely_the_same_count():
    base = scene(0).astype(np.float32)
    crowd = [np.clip(base * 0.9 + 0.1 * scene(number), 0, 255) for number in range(1, 9)]
    small = thumbnails([image.astype(np.uint8) for image in crowd])
    alike = np.corrcoef(small.reshape(8, -1))[np.triu_indices(8, 1)]
    assert ((alike > duplicates.LIKELY) & (alike < SURE)).any()  # else there is nothing to prove
    pairs = near_pairs(small)
    assert (pairs.correlation >= SURE).all()
    assert len(near_pairs(small[:2]).first) == (alike[0] >= duplicates.LIKELY)


def test_thousands_of_frames_of_a_film_are_one_group_by_about_as_many_pairs():
    noise = generator(0, "drawing").normal(0, 2, (3000, duplicates.SIDE, duplicates.SIDE))
    frames = np.clip(thumbnail(scene(0)) + noise, 0, 255).astype(np.uint8)
    others = thumbnails([scene(1), coded(scene(1), 50), scene(2)])
    pairs = near_pairs(np.concatenate([frames, others]))
    assert len(pairs.first) < 3100
    assert (pairs.first < pairs.second).all()
    groups = components(3003, pairs.first, pairs.second)
    assert len(set(groups[:3000])) == 1
    assert groups[3000] == groups[3001]
    assert len(set(groups)) == 3
    assert pairs.correlation.min() >= SURE


def test_images_that_show_nothing_are_not_compared():
    blank = np.full((40, 40, 3), 200, np.uint8)
    blank[0, 0] = 190
    assert len(near_pairs(thumbnails([blank, blank, scene(1)])).first) == 0


@pytest.mark.parametrize("count", [0, 1])
def test_of_fewer_than_two_there_are_no_pairs(count):
    small = np.zeros((count, duplicates.SIDE, duplicates.SIDE), np.uint8)
    assert len(near_pairs(small).first) == 0


def test_equal_digests_have_the_index_of_the_first():
    assert same_as([b"x", b"y", b"x", b"z", b"y", b"x"]) == [0, 1, 0, 3, 1, 0]


def test_a_chain_of_pairs_is_one_group():
    groups = components(6, np.array([0, 1, 4]), np.array([1, 3, 5]))
    assert groups[0] == groups[1] == groups[3]
    assert groups[4] == groups[5]
    assert len(set(groups)) == 3


@pytest.mark.slow
def test_seventy_thousand_digits_give_next_to_no_false_alarm(test_data):
    from paddle_aug.data.readers.mnist import read_mnist

    found = read_mnist(test_data / "mnist")
    small = thumbnails(
        np.ascontiguousarray(sample.pixels) for sample in (*found.train, *found.eval)
    )
    assert len(near_pairs(small).first) <= 5  # those that there are have been looked at: no copies
