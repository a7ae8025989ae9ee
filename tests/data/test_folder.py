"""Class folders are read as ImageFolder reads them, and what does not fit is told."""

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import refusals
from PIL import Image

from paddle_aug.data.dataset import open_dataset


def opened(folder: Path):
    return open_dataset(f"folder:{folder}")


def refused(folder: Path | str) -> list[str]:
    return refusals.refused(f"folder:{folder}").splitlines()


def reasons(folder: Path) -> list[str]:
    return refused(folder)[1:-1]


TREE = [
    "train/cat/2.png", "train/cat/10.png", "train/cat/b/3.png", "train/cat/b-2/1.png",
    "train/cat/b/x/1.PNG", "train/dog/1.jpeg", "test/cat/1.bmp", "test/dog/1.png",
]  # fmt: skip


def draw(root: Path, paths: list[str]) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(list(path.encode())).integers(
            0, 256, (8, 8, 3), dtype=np.uint8
        )
        Image.fromarray(pixels).save(root / path)
    return root


@pytest.fixture
def pets(tmp_path) -> Path:
    return draw(tmp_path / "pets", TREE)


def test_train_and_test_are_read_in_the_order_of_paddles_datasetfolder_which_is_torchvisions(pets):
    from paddle.vision.datasets import DatasetFolder

    draw(pets, ["train/Zebra/1.png", "train/猫/1.png", "test/Zebra/1.png", "test/猫/1.png"])
    dataset = opened(pets)
    for part, samples in (("train", dataset.train), ("test", dataset.eval)):
        theirs = DatasetFolder(str(pets / part), loader=str)
        assert [(sample.file, sample.label) for sample in samples] == theirs.samples
        assert dataset.class_names == theirs.classes
    assert [(sample.path, sample.line) for sample in dataset.train[3:5]] == [
        ("train/cat/b/3.png", 0),
        ("train/cat/b-2/1.png", 0),
    ]
    assert (dataset.name, len(dataset.train), len(dataset.eval)) == ("pets", 8, 4)


@pytest.mark.parametrize(
    ("train", "part"),
    [("train", "test"), ("Training", "Testing"), ("train", "val"), ("train", "valid"),
     ("TRAIN", "validation"), ("train", "EVAL"), ("training_set", "test_set"),
     ("pets-train", "pets-val"), ("trainset", "testset"), ("train2017", "val2017"),
     ("训练集", "测试集"), ("seg_train/seg_train", "seg_test/seg_test")],
)  # fmt: skip
def test_the_two_parts_have_the_names_that_people_give_them(tmp_path, train, part):
    draw(tmp_path, [f"{top}/{name}/{len(top)}.png" for top in (train, part) for name in "ab"])
    (tmp_path / "README.md").write_text("beside the parts anything may be")
    (tmp_path / "annotations").mkdir()
    dataset = opened(tmp_path)
    assert (len(dataset.train), len(dataset.eval)) == (2, 2)
    assert dataset.eval[0].path == f"{part}/a/{len(part)}.png"


def test_images_beside_the_parts_are_left_out_with_a_word(tmp_path, caplog):
    parts = [f"{part}/{name}/{part}.png" for part in ("train", "test") for name in "ab"]
    draw(tmp_path, [*parts, "pred/1.png", "test_old/a/1.png"])
    caplog.set_level("INFO", "paddle_aug")
    assert opened(tmp_path).class_names == ["a", "b"]
    assert caplog.messages[0] == f"{tmp_path}: pred and test_old beside train and test left out"


@pytest.mark.parametrize(
    "names", [("bus", "train"), ("bus", "test", "train"), ("invalid", "valid"), ("a", "test tube")]
)
def test_a_class_may_be_called_as_a_part_is(tmp_path, names):
    assert opened(draw(tmp_path, [f"{name}/1.png" for name in names])).class_names == list(names)


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (["train/1.png", "test/2.png"],
         "D: train and test name parts of a data set, but hold images and no class folders; want "
         "train/<class>/<image>, or lists of path and label"),
        (["train/a/1.png", "train/b/1.png", "more/2.png"],
         "D holds more beside train, which has class folders of its own; to take train alone: "
         "--data D/train"),
        (["cat/train/1.png", "cat/test/2.png", "dog/train/1.png"],
         "D/cat holds test and train, parts of a data set inside a class; want test/cat/<image>"),
        (["a/1.png", "b/1.png", "pots/a/1.png", "pots/b/1.png"],
         "D/pots holds a and b, which are also classes beside it; move it elsewhere, or take it "
         "alone: --data D/pots"),
        (["flowers/a/1.png", "flowers/b/1.png"],
         "D holds one class folder only, flowers; want <class>/<image>, for two classes or more; "
         "perhaps you mean D/flowers, which holds a, b: --data D/flowers"),
        (["x/y/train/a/1.png", "x/y/test/a/2.png"],
         "D holds one class folder only, x; want <class>/<image>, for two classes or more; "
         "perhaps you mean D/x/y, which holds test, train: --data D/x/y"),
    ],
)  # fmt: skip
def test_the_message_on_another_level_has_the_level_to_name(tmp_path, paths, message):
    draw(tmp_path / "D", paths)
    assert refused(tmp_path / "D") == [re.sub(r"\bD\b", f"{tmp_path}/D", message)]


def test_the_folder_of_one_class_or_one_part_names_the_folder_above(pets, caplog):
    assert refused(pets / "train" / "dog") == [
        f"{pets}/train/dog holds no class folder; want <class>/<image>, for two classes or more; "
        f"perhaps you mean {pets}/train, which holds cat, dog: --data {pets}/train"
    ]
    caplog.set_level("INFO", "paddle_aug")
    assert opened(pets / "train").eval == []
    told = f"{pets}/train is read without test beside it; with: --data {pets}"
    assert caplog.messages[0] == told


def test_beside_val_test_is_tested_on_once(pets):
    draw(pets, ["val/cat/9.png", "val/dog/9.png"])
    dataset = opened(pets)
    assert [sample.path for sample in dataset.eval] == ["val/cat/9.png", "val/dog/9.png"]
    assert [sample.path for sample in dataset.test] == ["test/cat/1.bmp", "test/dog/1.png"]
    shutil.copy(pets / "val" / "cat" / "9.png", pets / "test" / "cat" / "2.png")
    assert reasons(pets) == ["pets: test/cat/2.png is the same image as val/cat/9.png"]


@pytest.mark.parametrize("part", ["val", None])
def test_a_test_folder_without_class_folders_is_left_out_and_told(pets, part, caplog):
    shutil.rmtree(pets / "test")
    draw(pets, ["test/7.png", *(f"{part}/{name}/1.png" for name in ("cat", "dog") if part)])
    caplog.set_level("INFO", "paddle_aug")
    dataset = opened(pets)
    assert (len(dataset.train), len(dataset.eval), dataset.test) == (6, 2 if part else 0, [])
    assert any(message.startswith(f"{pets}: test beside train") for message in caplog.messages)


def test_classes_right_below_have_no_eval_list(pets):
    (pets / "train" / "labels.txt").write_text("beside the classes too")
    dataset = opened(pets / "train")
    assert dataset.train[5].path == "dog/1.jpeg"
    assert (len(dataset.train), dataset.eval, dataset.name) == (6, [], "train")
    shutil.rmtree(pets / "test")
    alone = opened(pets)
    assert (len(alone.train), alone.eval, alone.name) == (6, [], "pets")
    assert alone.train[5].path == "train/dog/1.jpeg"


def test_what_is_hidden_is_passed_by(pets):
    before = opened(pets).fingerprint
    (pets / ".git").mkdir()
    (pets / "train" / ".cache" / "x").mkdir(parents=True)
    (pets / "train" / "__MACOSX").mkdir()
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._1.png"):
        (pets / "train" / "cat" / name).write_text("not an image")
    assert opened(pets).fingerprint == before


def test_classes_that_differ_are_told_with_the_part_that_lacks_them(pets):
    draw(pets, ["train/cow/1.png", "test/dgo/1.png"])
    assert reasons(pets) == [
        "pets: test has no folder for the class 'cow'",
        "pets: train has no folder for the class 'dgo'",
    ]


def test_what_is_no_image_by_its_name_or_content_is_told_all_at_once(pets):
    (pets / "train" / "cow").mkdir()
    (pets / "test" / "cow" / "deep").mkdir(parents=True)
    draw(pets, ["train/lost.png"])
    (pets / "train" / "cat" / "b" / "notes.txt").write_text("x")
    (pets / "train" / "dog" / "2.raw").write_text("x")
    (pets / "train" / "dog" / "3.png").write_text("x")
    os.symlink(pets / "nowhere.png", pets / "test" / "dog" / "2.png")
    os.mkfifo(pets / "test" / "dog" / "3.png")
    shutil.copy(pets / "train" / "cat" / "2.png", pets / "test" / "dog" / "4.png")
    assert reasons(pets) == [
        "pets: test/cow holds no image",
        "pets: test/dog/2.png is not a file (perhaps a broken link)",
        "pets: test/dog/3.png is not a file (perhaps a broken link)",
        "pets: test/dog/4.png is the same image as train/cat/2.png",
        "pets: train/cat/b/notes.txt does not have the name of an image; move it elsewhere",
        "pets: train/cow holds no image",
        "pets: train/dog/2.raw does not have the name of an image; move it elsewhere",
        "pets: train/dog/3.png: not a readable image "
        "(want JPEG, PNG, BMP, WebP, GIF, TIFF, PPM or PGM)",
        "pets: train/lost.png is an image outside the class folders",
    ]
    assert refused(pets)[-1] == (
        "Correct or remove these lines or files, then run again. Or write lists without them: "
        f"python -m paddle_aug check folder:{pets} --lists pets-lists"
    )


def test_links_are_followed_wherever_they_lead_but_not_in_circles(pets, tmp_path):
    draw(tmp_path / "elsewhere", ["cow/1.png", "more/9.png", "cow2/2.png", "8.png"])
    os.symlink(tmp_path / "elsewhere" / "cow", pets / "train" / "cow")
    os.symlink(tmp_path / "elsewhere" / "cow2", pets / "test" / "cow")
    os.symlink(tmp_path / "elsewhere" / "more", pets / "train" / "dog" / "more")
    os.symlink(tmp_path / "elsewhere" / "8.png", pets / "train" / "dog" / "8.png")
    dataset = opened(pets)
    assert [sample.path for sample in dataset.train[5:]] == [
        "train/cow/1.png",
        "train/dog/1.jpeg",
        "train/dog/8.png",
        "train/dog/more/9.png",
    ]
    os.symlink(pets, pets / "train" / "dog" / "again")
    os.symlink(pets / "test" / "dog", pets / "test" / "dog" / "self")
    assert reasons(pets) == [
        "pets: test/dog/self is a link to a folder that holds it",
        "pets: train/dog/again is a link to a folder that holds it",
    ]


def test_it_must_be_clear_which_folder_is_which(pets, tmp_path):
    draw(pets, ["Testing/cat/1.png"])
    assert refused(pets) == [f"{pets} holds Testing and test; keep one of them there"]
    shutil.rmtree(pets / "Testing")
    (pets / "train").rename(pets / "tarin")
    assert refused(pets) == [f"{pets} holds test, but no train beside it"]
    (tmp_path / "none").mkdir()
    assert "none holds no class folder; want" in refused(tmp_path / "none")[0]
    assert refused("nowhere") == [
        "no folder nowhere; --data folder:PATH takes a folder of class folders"
    ]


def test_an_image_may_have_a_name_of_any_bytes_but_not_a_class(pets):
    dog = os.fsencode(pets / "train" / "dog")
    os.rename(dog + b"/1.jpeg", dog + b"/\xc3\x28.png")
    dataset = opened(pets)
    assert os.fsencode(dataset.train[5].file) == dog + b"/\xc3\x28.png"
    assert len(dataset.fingerprint) == 64
    for part in ("train", "test"):
        os.rename(pets / part / "dog", os.fsencode(pets / part) + b"/\xc3\xa8\xb0")
    assert reasons(pets) == [
        "pets: the name of the class folder 'è\\udcb0' is not UTF-8; rename it"
    ]


def test_a_folder_that_may_not_be_read_is_told(pets, monkeypatch):
    def scandir(path, real=os.scandir):
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert refused(pets) == [f"cannot read {pets / 'train' / 'cat' / 'b'}: Permission denied"]
