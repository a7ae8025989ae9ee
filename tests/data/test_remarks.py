"""Oddities of data that can be trained on: each is a line that says what to do."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from made_data import write_dataset

from paddle_aug.config import TrainConfig
from paddle_aug.data.dataset import find_dataset
from paddle_aug.data.remarks import of_classes
from paddle_aug.data.samples import Found, Sample
from paddle_aug.inputs import open_data


def found(labels, names, paths=None, **more) -> Found:
    paths = paths or [f"{number}.jpg" for number in range(len(labels))]
    train = [Sample("", path, label) for path, label in zip(paths, labels, strict=True)]
    return Found("pets", train, [], list(names), ("Train.txt", "Eval.txt"), [], **more)


def lines(*args, **more) -> list[str]:
    return list(map(str, of_classes(found(*args, **more))))


FROM_0 = "count from 0, as the network has an output for each number from 0 on"
GAP = "without a training image"
ALIKE = "whose names differ only in case or spacing"


@pytest.mark.parametrize(
    ("labels", "names", "line"),
    [
        ([0, 1], ["cat", "dog"], ""),
        ([1, 2], "012", f"labels begin at 1, not at 0; {FROM_0}"),
        ([1, 2], ["cat", "dog"], f"labels begin at 1, not at 0; {FROM_0}"),
        ([0, 2], ["cat", "dog", "cow", "owl"], f"2 classes {GAP} (1 dog, 3 owl); number the"),
        ([0, 7], "01234567", f"6 classes {GAP} (1, 2, 3, …); number the classes without gaps, or"),
        (range(4), ["Cat", "cat ", "a pig", "a_pig"], f"4 classes {ALIKE} (0 Cat, 1 cat, 2 a pig"),
        ([0, 1], ["crane", "crane"], ""),  # two of ImageNet
        ([0, 1], ["caf\u00e9", "cafe\u0301"], f"2 classes {ALIKE} (0 caf\u00e9, 1 cafe\u0301); if"),
    ],
)
def test_odd_labels_and_names_are_a_line(labels, names, line):
    assert [text[: len(line)] for text in lines(labels, names)] == [line] * bool(line)


@pytest.mark.parametrize(
    ("paths", "names", "crossed"),
    [
        (["a/b/1.jpg", "a/c/2.jpg"], ["c", "b"], "0 c in b/, 1 b in c/"),
        (["Rose/1.jpg", "lily/2.jpg"], ["daisy", "rose"], "0 daisy in Rose/"),
        (["rose/1.jpg", "daisy/2.jpg"], ["rose", "daisy"], None),
        (["rose/1.jpg", "daisy/2.jpg"], ["玫瑰", "雏菊"], None),
        (["rose/1.jpg", "rose/2.jpg"], ["daisy", "rose"], None),
        (["1.jpg", "2.jpg"], ["daisy", "rose"], None),
        (["1/1.jpg", "0/2.jpg"], ["0", "1"], "0 0 in 1/, 1 1 in 0/"),
    ],
)
def test_a_class_whose_images_lie_in_another_ones_folder_is_named(paths, names, crossed):
    line = f"named as another class ({crossed}); correct the names or the labels"
    said = lines([0, 1], names, paths, labels_named=True)
    assert [text[-len(line) :] for text in said] == [line] * bool(crossed)


def test_a_class_with_nothing_held_back_is_named(tmp_path, caplog):
    folder = write_dataset(tmp_path / "pets", train=20, evaluate=0)
    for file in sorted((folder / "Images" / "class1").iterdir())[1:]:
        file.unlink()
    config = TrainConfig(data=str(folder / "Images"), holdout=0.25)
    for select_part in (True, False):  # train, compare
        caplog.clear()
        open_data(config, select_part=select_part)
        assert "Images: 1 class without an evaluation image (class1): not covered" in caplog.text


def test_a_class_without_eval_images_is_named_but_where_folds_are_evaluated(tmp_path, caplog):
    folder = write_dataset(tmp_path / "pets", train=20)
    lines = (folder / "Eval.txt").read_text().splitlines(keepends=True)
    (folder / "Eval.txt").write_text("".join(lines[:8]))
    config = TrainConfig(data=str(folder))
    open_data(config, select_part=False)
    assert "1 class without an evaluation image (class2)" in caplog.text
    caplog.clear()
    open_data(replace(config, fold="1/5"), select_part=False)  # compare --kfold 5
    assert "evaluation image" not in caplog.text
    (folder / "Test.txt").write_text("".join(lines[8:]))
    open_data(replace(config, holdout=0.25), select_part=False)  # search does not use the last list
    assert "evaluation image" not in caplog.text


def count_from_1(folder: Path) -> None:
    for name in ("Train.txt", "Eval.txt"):
        text = (folder / name).read_text()
        for label in (2, 1, 0):
            text = text.replace(f" {label}\n", f" {label + 1}\r\n")
        (folder / name).write_text(text, newline="")


@pytest.mark.parametrize("class_file", [None, "a\nb\nc\n"])
def test_the_command_that_is_named_makes_labels_count_from_0(tmp_path, class_file):
    folder = write_dataset(tmp_path / "my photos")
    wanted = find_dataset(folder).train
    count_from_1(folder)
    if class_file:
        (folder / "labels.txt").write_text(class_file)
        text = find_dataset(folder).notes[0]
    else:
        text = next(of_classes(find_dataset(folder))).advice
    subprocess.run(text[text.index("perl ") :], shell=True, check=True)
    mended = find_dataset(folder)
    assert (mended.train, list(of_classes(mended))) == (wanted, [])


def test_a_table_of_numbers_from_1_may_have_names_instead():
    (line,) = lines([1, 2], "012", labels_named=True, lists=(Path("a.csv"),))
    assert line.endswith(f"{FROM_0}; or write names in the place of numbers")


def test_copies_that_a_holdout_divides_are_counted_with_the_command_that_helps(
    tmp_path, caplog, monkeypatch
):
    monkeypatch.setattr("sys.argv", ["tools/train.py"])
    caplog.set_level("WARNING")
    folder = write_dataset(tmp_path / "photos", classes=2, train=6) / "Images"
    for file in folder.rglob("eval*"):
        file.unlink()
    config = TrainConfig(data=str(folder), holdout=0.25, image_size=24, seed=3)
    open_data(config)
    assert not caplog.messages
    shutil.copy(folder / "class0/train_000.png", folder / "class0/copy.png")
    again = folder / "class0/again.png"  # another file of the same pixels
    again.write_bytes((folder / "class0/train_000.png").read_bytes() + b"x")
    for cache in ("auto", "off"):
        caplog.clear()
        open_data(replace(config, cache=cache))
        assert caplog.messages == [
            "Images: 1 of 14 images are copies of another, which --holdout keeps together; python "
            f"tools/check.py {folder} lists them",
            "Images: 1 of 14 images are nearly the same as another, and --holdout may train on "
            "one and evaluate on the other, so that accuracy comes out too high; python "
            f"tools/check.py {folder} --split 0.75 --seed 3 --out Images-lists writes lists that "
            "keep them together",
        ]
    caplog.clear()
    open_data(replace(config, holdout=0.0, fold="1/3"))
    (_, near) = caplog.messages
    assert near == (
        "Images: 1 of 14 images are nearly the same as another, and a division into folds may "
        "train on one and evaluate on the other, so that accuracy comes out too high; python "
        f"tools/check.py {folder} lists them: keep one of each"
    )
