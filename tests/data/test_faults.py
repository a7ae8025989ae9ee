"""Faults of lists and images: each is found, and told once with its file and line."""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from paddle_aug.data import cache
from paddle_aug.data import faults as check
from paddle_aug.data.faults import MAX_PRINTED, image_faults, list_faults, report
from paddle_aug.data.samples import Fault, Sample
from paddle_aug.errors import UserError

NAMES = ("Train.txt", "Eval.txt")


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


def told(faults: list[Fault]) -> list[str]:
    return [str(fault) for fault in faults]


def test_good_images_have_no_faults(samples):
    assert list_faults(samples[:3], samples[3:], NAMES) == []
    assert image_faults(samples[:3], samples[3:], NAMES) == []
    assert image_faults(samples[:3], samples[2:3], NAMES) == [], "list_faults reports this leak"
    report([], ["a"])


def test_missing_unreadable_and_truncated_images_are_faults_of_their_lines(samples):
    Path(samples[0].file).unlink()
    Path(samples[1].file).write_text("no image")
    Path(samples[3].file).write_bytes(Path(samples[3].file).read_bytes()[:-100])
    Path(samples[4].file).write_bytes(b"")
    assert told(image_faults(samples[:3], samples[3:], NAMES)) == [
        "Train.txt:1: 0.jpg: no such file",
        "Train.txt:2: 1.jpg: not a readable image (want JPEG, PNG, BMP, WebP, GIF or TIFF)",
        "Eval.txt:4: 3.jpg: the JPEG is truncated",
        "Eval.txt:5: 4.jpg: the file is empty",
    ]


def test_more_files_than_one_task_takes_are_all_looked_at(tmp_path):
    draw(tmp_path / "good.png", seed=0)
    many = []
    for i in range(150):
        shutil.copy(tmp_path / "good.png", tmp_path / f"{i}.png")
        many.append(sample(tmp_path, f"{i}.png", 0, i + 1))
    bad = [0, 31, 32, 99, 149]
    for i in bad:
        Path(many[i].file).write_bytes(b"")
    assert [fault.line for fault in image_faults(many, [], NAMES)] == [i + 1 for i in bad]


def test_an_image_in_both_lists_is_a_fault_however_its_path_is_written(tmp_path, samples):
    leak = sample(tmp_path, "./x/../2.jpg", 0, 7)
    assert told(list_faults(samples[:3], [samples[3], leak], NAMES)) == [
        "Eval.txt:7: ./x/../2.jpg is on line 3 of Train.txt too; evaluate on other images"
    ]


def test_the_same_content_in_both_lists_is_a_fault_whatever_the_name(tmp_path, samples):
    shutil.copy(samples[1].file, tmp_path / "copy.jpg")
    same_size = bytearray(Path(samples[2].file).read_bytes())
    same_size[-5] ^= 1
    (tmp_path / "other.jpg").write_bytes(same_size)
    eval_ = [sample(tmp_path, "other.jpg", 0, 1), sample(tmp_path, "copy.jpg", 1, 2)]
    assert told(image_faults(samples[:3], eval_, NAMES)) == [
        "Eval.txt:2: copy.jpg is the same image as 1.jpg on line 2 of Train.txt"
    ]


def test_the_same_pixels_of_two_archives_are_a_fault_whatever_they_are_views_of(tmp_path):
    grey = np.random.default_rng(0).integers(0, 256, (6, 8, 9, 1), dtype=np.uint8)
    views = np.broadcast_to(grey, (6, 8, 9, 3))
    copies = views.copy()
    copies[4, 0, 0, 0] ^= 1
    archive = "never read"
    train = [Sample(archive, f"train/{n}", 0, 0, views[n]) for n in range(3)]
    eval_ = [
        Sample(archive, "test/0", 0, 0, views[3]),
        Sample(archive, "test/1", 0, 0, copies[1]),
        Sample(archive, "test/2", 0, 0, views[2, :, ::-1]),
        Sample(archive, "test/3", 0, 0, np.ascontiguousarray(views[2].transpose(1, 0, 2))),
    ]
    assert list_faults(train, eval_, ("a.tar", "a.tar")) == []
    assert told(image_faults(train, eval_, ("a.tar", "a.tar"))) == [
        "a.tar: test/1 is the same image as train/1"
    ]


def test_the_same_path_with_another_label_is_a_fault_with_the_same_label_a_repeat(samples):
    repeat = samples[0]._replace(line=6)
    contradiction = samples[1]._replace(label=0, line=7)
    listed = [*samples, repeat, contradiction]
    for class_names, labels in ((None, "01"), (["cat", "dog"], ["cat", "dog"])):
        assert told(list_faults(listed, [], NAMES, class_names)) == [
            f"Train.txt:7: 1.jpg has label {labels[0]}, but label {labels[1]} on line 2"
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
    monkeypatch.setattr(check, "read_bytes", counted(check.read_bytes, "hashed"))
    train = [sample(tmp_path, "0.jpg", 0, line) for line in range(1, 1001)]
    eval_ = [sample(tmp_path, "copy.jpg", 0, line) for line in range(1, 501)]
    faults = check.image_faults(train, eval_, NAMES)
    assert reads == {"decoded": 2, "hashed": 2}
    assert [fault.line for fault in faults] == list(range(1, 501))
    # Of a file that is listed often, the last line is told.
    assert str(faults[6]) == (
        "Eval.txt:7: copy.jpg is the same image as 0.jpg on line 1000 of Train.txt"
    )


def test_why_a_file_cannot_be_read_is_told_whether_or_not_it_is_there(tmp_path):
    (tmp_path / "a.txt").touch()
    (tmp_path / "nowhere.png").symlink_to("nowhere")
    (tmp_path / "circle.png").symlink_to("circle.png")
    reasons = {
        "none.png": "no such file",
        "a.txt/b.png": "cannot be read (Not a directory)",
        f"{'x' * 300}.png": "cannot be read (File name too long)",
        "nowhere.png": "no such file",
        "circle.png": "cannot be read (Too many levels of symbolic links)",
        "a.txt": "the file is empty",
        ".": "cannot be read (Is a directory)",
    }
    for path, reason in reasons.items():
        found = image_faults([sample(tmp_path, path, 0, 1)], [], NAMES)
        assert told(found) == [f"Train.txt:1: {path}: {reason}"]
    several = [sample(tmp_path, path, 0, line) for line, path in enumerate(reasons, 1)]
    assert [fault.reason for fault in image_faults(several, [], NAMES)] == [
        f"{path}: {reason}" for path, reason in reasons.items()
    ]


def test_a_report_is_in_the_order_of_files_and_lines_and_says_what_to_do():
    faults = [Fault("b", 2, "x"), Fault("a", 10, "y"), Fault("a", 9, "z"), Fault("b", 2, "x")]
    with pytest.raises(UserError) as error:
        report(faults, ["a", "b", "a"], ["Mind the gap."])
    assert str(error.value).splitlines() == [
        "the data has 3 faults:",
        "a:9: z",
        "a:10: y",
        "b:2: x",
        "Mind the gap.",
        "Correct or remove these lines or files, then run again.",
    ]


def test_a_long_report_stops_at_fifty_and_says_how_many_are_left():
    with pytest.raises(UserError) as error:
        report([Fault("a", line, "x") for line in range(1, 1262)], ["a"])
    lines = str(error.value).splitlines()
    assert lines[0] == "the data has 1,261 faults:"
    assert lines[MAX_PRINTED] == "a:50: x"
    assert lines[MAX_PRINTED + 1] == "… and 1,211 more"
    assert len(lines) == MAX_PRINTED + 3
