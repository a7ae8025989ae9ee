"""What is odd about data that can be trained on is said, with the way out."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from made_data import write_dataset

from paddle_aug.config import TrainConfig
from paddle_aug.data.dataset import Dataset, find_dataset
from paddle_aug.data.remarks import of_classes, refuse_one_class
from paddle_aug.data.samples import Found, Sample
from paddle_aug.errors import UserError
from paddle_aug.inputs import open_data


def found(labels, names, paths=None, **more) -> Found:
    paths = paths or [f"{number}.jpg" for number in range(len(labels))]
    train = [Sample("", path, label) for path, label in zip(paths, labels, strict=True)]
    return Found("pets", train, [], list(names), ("Train.txt", "Eval.txt"), [], **more)


def lines(*args, **more) -> list[str]:
    return list(map(str, of_classes(found(*args, **more))))


FROM_0 = "count from 0, as the network has an output for each number from 0 on"


@pytest.mark.parametrize(
    ("labels", "names", "remarks"),
    [
        ([0, 1], ["cat", "dog"], []),
        ([1, 2], "012", [f"labels begin at 1, not at 0; {FROM_0}"]),
        ([1, 2], ["cat", "dog"], [f"labels begin at 1, not at 0; {FROM_0}"]),
        (
            [0, 2],
            ["cat", "dog", "cow", "owl"],
            [
                "2 classes without a training image (1 dog, 3 owl); number the classes without "
                "gaps, or add images"
            ],
        ),
        (
            [0, 7],
            "01234567",
            [
                "6 classes without a training image (1, 2, 3, …); number the classes without "
                "gaps, or add images"
            ],
        ),
        (
            [0, 1, 2, 3, 4],
            ["Cat", "dog", "cat ", "guinea pig", "guinea_pig"],
            [
                "4 classes whose names differ only in case or spacing (0 Cat, 2 cat, "
                "3 guinea pig, …); if they are one class, give their images one label"
            ],
        ),
        ([0, 1], ["crane", "crane"], []),  # two of ImageNet
        ([0, 1], ["caf\u00e9", "cafe\u0301"], ["2 classes whose names differ only in case or"]),
    ],
)
def test_labels_and_names_that_are_odd_are_a_line_each(labels, names, remarks):
    said = lines(labels, names)
    assert len(said) == len(remarks)
    for line, remark in zip(said, remarks, strict=True):
        assert line.startswith(remark)


@pytest.mark.parametrize(
    ("paths", "names", "crossed"),
    [
        (
            ["a/rose/1.jpg", "a/daisy/2.jpg"],
            ["daisy", "rose"],
            "0 daisy in rose/, 1 rose in daisy/",
        ),
        (["Rose/1.jpg", "lily/2.jpg"], ["daisy", "rose"], "0 daisy in Rose/"),
        (["rose/1.jpg", "daisy/2.jpg"], ["rose", "daisy"], None),
        (["rose/1.jpg", "daisy/2.jpg"], ["玫瑰", "雏菊"], None),
        (["rose/1.jpg", "rose/2.jpg"], ["daisy", "rose"], None),
        (["1.jpg", "2.jpg"], ["daisy", "rose"], None),
        (["1/1.jpg", "0/2.jpg"], ["0", "1"], "0 0 in 1/, 1 1 in 0/"),
    ],
)
def test_a_class_whose_images_lie_in_another_ones_folder_is_named(paths, names, crossed):
    said = lines([0, 1], names, paths, labels_named=True)
    assert bool(said) == bool(crossed)
    if crossed:
        assert said[0].endswith(f"named as another class ({crossed}); correct the names or the "
                                "labels")  # fmt: skip


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


def test_one_class_is_refused_with_its_name():
    one = found([1, 1], ["cat", "dog"])
    data = Dataset("pets", one.train, one.train[:1], one.class_names)
    with pytest.raises(UserError) as error:
        refuse_one_class(data)
    assert str(error.value) == (
        "pets: all 2 training images are of one class, dog; a network needs two classes or more "
        "to tell apart: add images of another class"
    )


def test_copies_that_a_holdout_divides_are_told_with_the_command(tmp_path, caplog, monkeypatch):
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
