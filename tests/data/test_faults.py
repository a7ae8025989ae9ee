"""Faults of lists and images: each is reported once, with its file and line."""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from paddle_aug.data import cache, content
from paddle_aug.data import faults as check
from paddle_aug.data.faults import MAX_PRINTED, image_faults, list_faults, report
from paddle_aug.data.samples import Fault, Found, Sample
from paddle_aug.errors import UserError


def sample(root: Path, path: str, label: int, line: int) -> Sample:
    return Sample(str(root / path), path, label, line)


def draw(path: Path, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def samples(tmp_path) -> list[Sample]:
    """Five good images, lines 1 to 5 of some list."""
    for i in range(5):
        draw(tmp_path / f"{i}.jpg", seed=i)
    return [sample(tmp_path, f"{i}.jpg", i % 2, i + 1) for i in range(5)]


def texts(faults: list[Fault]) -> list[str]:
    return [str(fault) for fault in faults]


def test_more_files_than_one_task_takes_are_all_looked_at(tmp_path):
    draw(tmp_path / "good.png", seed=0)
    many = []
    for i in range(150):
        shutil.copy(tmp_path / "good.png", tmp_path / f"{i}.png")
        many.append(sample(tmp_path, f"{i}.png", 0, i + 1))
    bad = [0, 31, 32, 99, 149]
    for i in bad:
        Path(many[i].file).write_bytes(b"")
    assert [fault.line for fault in image_faults([("Train.txt", many)])] == [i + 1 for i in bad]


def test_an_image_in_both_lists_is_a_fault_however_its_path_is_written(tmp_path, samples):
    leak = sample(tmp_path, "./x/../2.jpg", 0, 7)
    lists = ("Train.txt", "Eval.txt", "Test.txt")
    found = Found("x", samples[:3], [samples[3], leak], [], lists, [], test=samples[2:5])
    assert texts(list_faults(found)) == [
        "Eval.txt:7: ./x/../2.jpg is on line 3 of Train.txt too; evaluate on other images",
        "Test.txt:3: 2.jpg is on line 3 of Train.txt too; evaluate on other images",
        "Test.txt:3: 2.jpg is on line 7 of Eval.txt too; evaluate on other images",
        "Test.txt:4: 3.jpg is on line 4 of Eval.txt too; evaluate on other images",
    ]


def test_the_same_content_in_both_lists_is_a_fault_whatever_the_name(tmp_path, samples):
    shutil.copy(samples[1].file, tmp_path / "copy.jpg")
    same_size = bytearray(Path(samples[2].file).read_bytes())
    same_size[-5] ^= 1
    (tmp_path / "other.jpg").write_bytes(same_size)
    eval_ = [sample(tmp_path, "other.jpg", 0, 1), sample(tmp_path, "copy.jpg", 1, 2)]
    shutil.copy(tmp_path / "other.jpg", tmp_path / "again.jpg")
    test = [sample(tmp_path, "again.jpg", 0, 1)]
    parts = [("Train.txt", samples[:3]), ("Eval.txt", eval_), ("Test.txt", test)]
    assert texts(image_faults(parts)) == [
        "Eval.txt:2: copy.jpg is the same image as 1.jpg on line 2 of Train.txt",
        "Test.txt:1: again.jpg is the same image as other.jpg on line 1 of Eval.txt",
    ]


def test_an_image_that_is_listed_often_is_read_once(monkeypatch, tmp_path, samples):
    shutil.copy(samples[0].file, tmp_path / "copy.jpg")
    reads = Counter()

    def counted(read, key):
        def counting(*args):
            reads[key] += 1
            return read(*args)

        return counting

    monkeypatch.setattr(cache, "read_sample", counted(cache.read_sample, "decoded"))
    monkeypatch.setattr(content, "read_bytes", counted(content.read_bytes, "hashed"))
    train = [sample(tmp_path, "0.jpg", 0, line) for line in range(1, 1001)]
    eval_ = [sample(tmp_path, "copy.jpg", 0, line) for line in range(1, 501)]
    faults = check.image_faults([("Train.txt", train), ("Eval.txt", eval_)])
    assert reads == {"decoded": 2, "hashed": 2}
    assert [fault.line for fault in faults] == list(range(1, 501))
    # Of a file that is listed often, the last line is named.
    assert str(faults[6]) == (
        "Eval.txt:7: copy.jpg is the same image as 0.jpg on line 1000 of Train.txt"
    )


def test_a_long_report_stops_at_fifty_and_says_how_many_are_left():
    faults = [Fault("a", line, "x") for line in range(1, 1262)]
    with pytest.raises(UserError) as error:
        report(faults[::-1] + faults[:9], ["a"])  # each fault is printed once
    lines = str(error.value).splitlines()
    assert lines[0] == "the data has 1,261 faults:"
    assert lines[MAX_PRINTED] == "a:50: x"
    assert lines[MAX_PRINTED + 1] == "… and 1,211 more"
    assert len(lines) == MAX_PRINTED + 3
