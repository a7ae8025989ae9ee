"""A data set opens wherever it is, clean or with all its faults in one message."""

import os
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from refusals import refused

from paddle_aug.data import dataset as dataset_module
from paddle_aug.data.dataset import Sample, open_dataset

TRAIN = "cat/1.png 0\ncat/2.png 0\ndog/1.png 1\n"
EVAL = "cat/3.png 0\ndog/2.png 1\n"


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    """Neither the home nor the current folder of whoever runs the tests plays a part."""
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    monkeypatch.setenv("HOME", str(empty))


def draw_images(root: Path) -> None:
    for i, path in enumerate(line.split()[0] for line in (TRAIN + EVAL).splitlines()):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(i).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / path)


def write_lists(folder: Path, names=("Train.txt", "Eval.txt"), contents=(TRAIN, EVAL)) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in zip(names, contents, strict=True):
        (folder / name).write_text(content)


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two classes, five images, in the notebook's layout."""
    write_lists(tmp_path / "pets")
    draw_images(tmp_path / "pets" / "Images")
    return tmp_path / "pets"


def image_root(dataset) -> Path:
    """The folder that the paths of the first image and of all others start from."""
    (root,) = {
        Path(str(sample.file).removesuffix(sample.path))
        for sample in (*dataset.train, *dataset.eval)
    }
    return root


def test_a_folder_opens_as_the_notebook_lays_it_out(folder):
    dataset = open_dataset(str(folder))
    images = folder / "Images"
    assert dataset.name == "pets"
    assert dataset.train == [
        Sample(str(images / "cat/1.png"), "cat/1.png", 0, 1),
        Sample(str(images / "cat/2.png"), "cat/2.png", 0, 2),
        Sample(str(images / "dog/1.png"), "dog/1.png", 1, 3),
    ]
    assert [(s.path, s.line) for s in dataset.eval] == [("cat/3.png", 1), ("dog/2.png", 2)]
    assert (dataset.num_classes, dataset.class_names) == (2, ["cat", "dog"])


@pytest.mark.parametrize(
    ("names", "images"),
    [
        (("Train.txt", "Eval.txt"), "images"),
        (("train_list.txt", "val_list.txt"), "Images"),
        (("train.txt", "val.txt"), "."),
    ],
)
def test_known_names_of_lists_and_places_of_images_are_found(tmp_path, names, images):
    write_lists(tmp_path / "pets", names)
    draw_images(tmp_path / "pets" / images)
    dataset = open_dataset(tmp_path / "pets")
    assert (len(dataset.train), len(dataset.eval)) == (3, 2)
    assert image_root(dataset) == tmp_path / "pets" / images


def test_two_pairs_of_lists_ask_for_a_choice_and_take_it(folder):
    write_lists(folder, ("train.txt", "val.txt"), (TRAIN, "cat/3.png 0\n"))
    assert "choose with --train-list and --eval-list" in refused(folder)
    chosen = open_dataset(folder, train_list=folder / "train.txt", eval_list=folder / "val.txt")
    assert (len(chosen.train), len(chosen.eval)) == (3, 1)


def test_a_test_list_is_used_unless_it_has_no_labels(folder, caplog):
    caplog.set_level("INFO", "paddle_aug")
    write_lists(folder, contents=("cat/1.png 0\ndog/1.png 1\n", EVAL))
    before = open_dataset(folder)
    (folder / "Test.txt").write_text("Images/cat 2.png\nImages/dog 2.png\n")
    assert open_dataset(folder).test == []
    assert f"{folder / 'Test.txt'} has no labels, so it is not used" in caplog.messages
    (folder / "Test.txt").write_text("cat/2.png 0\n")
    dataset = open_dataset(folder)
    assert [(s.path, s.label, s.line) for s in dataset.test] == [("cat/2.png", 0, 1)]
    assert dataset.fingerprint != before.fingerprint
    assert dataset.has_fingerprint(before.fingerprint), "runs from before test lists were read"
    assert not before.has_fingerprint(dataset.fingerprint)
    (folder / "Test.txt").write_text("cat/1.png 0\ncat/9.png 0\ncat/2.png 2\n")
    assert refused(folder).splitlines()[1:4] == [
        "Test.txt:1: cat/1.png is on line 1 of Train.txt too; evaluate on other images",
        "Test.txt:2: cat/9.png: no such file",
        "Test.txt:3: label 2 never occurs in Train.txt",
    ]
    # Who names the lists names all of them.
    assert open_dataset(folder, eval_list=folder / "Eval.txt").test == []


def test_a_training_list_may_be_alone(folder):
    (folder / "Eval.txt").unlink()
    for arguments in ({"data": folder}, {"train_list": folder / "Train.txt"}):
        dataset = open_dataset(**arguments)
        assert (len(dataset.train), dataset.eval) == (3, [])
    (folder / "Train.txt").rename(folder / "all.txt")
    assert len(open_dataset(train_list=folder / "all.txt").train) == 3
    assert "no pair of lists in" in refused(eval_list=folder / "all.txt")


def test_absolute_paths_are_those_below_the_image_root(folder):
    plain = open_dataset(folder)
    images = folder / "Images"
    contents = [text.replace("cat/", f"{images}/cat/") for text in (TRAIN, EVAL)]
    write_lists(folder, contents=contents)
    message = refused(folder)
    assert f"Train.txt:1: '{images}/cat/1.png' is absolute (want one below the image f" in message
    assert "\nTo use absolute paths: --image-root /\n" in message
    dataset = open_dataset(folder, image_root=images)
    assert (dataset.train, dataset.fingerprint) == (plain.train, plain.fingerprint)
    write_lists(folder, contents=[text.replace("dog/", f"{images}/dog/") for text in contents])
    everywhere = open_dataset(folder, image_root="/")
    assert [sample.file for sample in everywhere.train] == [sample.file for sample in plain.train]
    assert everywhere.class_names == ["cat", "dog"]


def test_a_list_may_be_given_with_or_without_the_folder(tmp_path, folder):
    small = folder / "train_small.txt"
    small.write_text("cat/1.png 0\ndog/1.png 1\n")
    elsewhere = Path(shutil.copy(small, tmp_path / "small.txt"))
    for data, train in ((folder, small), (None, small), (folder, elsewhere)):
        dataset = open_dataset(data, train_list=train)
        assert (len(dataset.train), len(dataset.eval), dataset.name) == (2, 2, "pets")


def test_an_image_root_may_be_given_and_is_then_the_only_one(tmp_path, folder):
    (folder / "Images").rename(tmp_path / "pictures")
    assert open_dataset(folder, image_root=tmp_path / "pictures").num_classes == 2
    message = refused(folder, image_root=tmp_path / "empty")
    assert "Train.txt: none of the listed images is there" in message
    assert f"looked for in {tmp_path / 'empty'} (else give --image-root)" in message


def test_archives_that_are_not_read_are_told_with_the_command(folder):
    (folder / "Images").rename(folder / "elsewhere")
    commands = {
        "IMAGES.TAR": "tar -xf {0}/IMAGES.TAR -C {0}",
        "a b.rar": "unrar x '{0}/a b.rar' {0}/",
        "a.zip": "unzip -q {0}/a.zip -d {0}",
        "b.zip": "unzip -q {0}/b.zip -d {0}",
        "c.7z": "7z x {0}/c.7z -o{0}",
        "x.tgz": "tar -xf {0}/x.tgz -C {0}",
    }
    for name in (*commands, "tar.txt", "zip"):
        (folder / name).write_bytes(b"")
    told = [line for line in refused(folder).splitlines() if "in an archive" in line]
    assert told == [
        f"Or are they in an archive? Unpack it: {command.format(folder)}"
        for command in commands.values()
    ]


@pytest.mark.parametrize("kind", ["", "folder:", "csv:"])
def test_a_packed_data_set_is_told_how_to_be_unpacked(tmp_path, kind):
    archive, into = tmp_path / "my pets.tar.gz", tmp_path / "my pets"
    archive.write_bytes(b"")
    assert refused(f"{kind}{archive}") == (
        f"{archive} is an archive; unpack it: mkdir -p '{into}' && tar -xf '{archive}' -C "
        f"'{into}'; then take --data {into}"
    )


def test_classes_come_from_their_file_else_the_folders_else_the_numbers(folder):
    (folder / "labels.txt").write_text("0 tom cat\n1 dog\n2 cow\n")
    assert open_dataset(folder).class_names == ["tom cat", "dog", "cow"]
    (folder / "label_list.txt").write_text("a\nb\n")
    assert "keep one" in refused(folder)
    (folder / "labels.txt").unlink()
    assert open_dataset(folder).class_names == ["a", "b"]
    (folder / "label_list.txt").unlink()
    assert open_dataset(folder).class_names == ["cat", "dog"]
    # One folder, two labels: the folders do not name the classes.
    write_lists(folder, contents=("cat/1.png 0\ncat/2.png 1\ndog/1.png 3\n", "cat/3.png 3\n"))
    assert open_dataset(folder).class_names == ["0", "1", "2", "3"]


def test_all_faults_of_lists_and_images_are_told_together_with_file_and_line(folder):
    images = folder / "Images"
    (images / "cat" / "torn.png").write_bytes((images / "cat" / "1.png").read_bytes()[:100])
    Image.effect_noise((40, 40), 50).convert("RGB").save(images / "cat" / "cut.jpg")
    whole = (images / "cat" / "cut.jpg").read_bytes()
    (images / "cat" / "cut.jpg").write_bytes(whole[:-10])
    (images / "cat" / "page.jpg").write_text("<html>")
    shutil.copy(images / "dog" / "1.png", images / "dog" / "copy.png")
    train = TRAIN + "\ncat/x.png 0\ncat/page.jpg 0\ncat/torn.png 0\ncat/cut.jpg 0\n"
    train += "dog/1.png one\ndog/1.png -1\ndog/1.png\ncat/1.png 2\n../a.png 0\ncat/2.png 1\n"
    write_lists(folder, contents=(train, EVAL + "cat/2.png 0\ndog/copy.png 1\ncat/2.png 7\n"))
    (folder / "labels.txt").write_text("0 cat\n1 dog\n")
    assert refused(folder).splitlines() == [
        "the data has 16 faults:",
        "Train.txt:5: cat/x.png: no such file",
        "Train.txt:6: cat/page.jpg: not a readable image "
        "(want JPEG, PNG, BMP, WebP, GIF, TIFF, PPM or PGM)",
        "Train.txt:7: cat/torn.png: the image is truncated or damaged",
        "Train.txt:8: cat/cut.jpg: the JPEG is truncated",
        "Train.txt:9: label 'one' is not a whole number (want \"path label\")",
        "Train.txt:10: label -1 is negative (labels count from 0)",
        'Train.txt:11: no label (want "path label")',
        "Train.txt:12: cat/1.png has label 2, but label 0 on line 1",
        "Train.txt:12: label 2 is beyond the 2 classes of labels.txt",
        "Train.txt:13: '../a.png' leaves the image folder",
        "Train.txt:14: cat/2.png has label 1, but label 0 on line 2",
        "Eval.txt:3: cat/2.png is on line 2 of Train.txt too; evaluate on other images",
        "Eval.txt:4: dog/copy.png is the same image as dog/1.png on line 3 of Train.txt",
        "Eval.txt:5: cat/2.png has label 7, but label 0 on line 3",
        "Eval.txt:5: cat/2.png is on line 2 of Train.txt too; evaluate on other images",
        "Eval.txt:5: label 7 is beyond the 2 classes of labels.txt",
        f"Images were looked for in {folder}, {images}, {folder / 'images'} "
        "(else give --image-root).",
        "Correct or remove these lines or files, then run again. Or write lists without them: "
        f"python -m paddle_aug check {folder} --lists pets-lists",
    ]


@pytest.mark.parametrize(
    ("lists", "faults"),
    [
        ((TRAIN, "cat/3.png 2\n"), ["Eval.txt:1: label 2 never occurs in Train.txt"]),
        ((TRAIN, ""), ["Eval.txt: the list is empty"]),
        (("", EVAL), ["Train.txt: the list is empty"]),
        # How many classes there are is not known then.
        ((TRAIN + "x.png", EVAL, "0 cat\n2 dog\n"),
         ["Train.txt:4: no label", "labels.txt:2: number 2, but no line names 1"]),
    ],
)  # fmt: skip
def test_without_the_check_images_are_taken_on_trust_but_not_lists(folder, lists, faults):
    (folder / "Images" / "cat" / "1.png").write_bytes(b"")
    assert "the file is empty" in refused(folder)
    assert len(open_dataset(folder, check=False).train) == 3
    write_lists(folder, ("Train.txt", "Eval.txt", "labels.txt")[: len(lists)], lists)
    message = refused(folder, check=False)
    assert all(fault in message for fault in faults)
    assert "beyond" not in message


def test_lists_of_one_name_are_told_apart_by_their_folders(tmp_path):
    draw_images(tmp_path / "images")
    for part, content in (("train", "cat/1.png\n"), ("val", EVAL)):
        (tmp_path / part).mkdir()
        (tmp_path / part / "list.txt").write_text(content)
    train, val = tmp_path / "train" / "list.txt", tmp_path / "val" / "list.txt"
    message = refused(train_list=train, eval_list=val, image_root=tmp_path / "images")
    assert f"{train}:1: no label" in message


def test_the_fingerprint_stays_when_the_folder_moves_and_changes_with_what_counts(tmp_path, folder):
    first = open_dataset(folder).fingerprint
    assert len(first) == 64
    moved = Path(shutil.copytree(folder, tmp_path / "moved"))
    (moved / "Images").rename(moved / "images")
    assert open_dataset(moved).fingerprint == first

    image = moved / "images" / "cat" / "1.png"
    image.write_bytes(image.read_bytes() + b"\0")
    seen = {first, open_dataset(moved).fingerprint}
    write_lists(folder, contents=("\n".join(reversed(TRAIN.split("\n"))), EVAL))
    seen.add(open_dataset(folder).fingerprint)
    write_lists(folder, contents=(TRAIN, "cat/3.png 0\ndog/2.png 0\n"))
    seen.add(open_dataset(folder).fingerprint)
    (folder / "labels.txt").write_text("cat\ndog\ncow\n")
    seen.add(open_dataset(folder).fingerprint)
    assert len(seen) == 5


@pytest.fixture
def aistudio(tmp_path) -> Path:
    """A home as on AI Studio: lists and Images.zip mounted, nothing unpacked yet."""
    home = tmp_path / "aistudio"
    write_lists(home / "data" / "data22612")
    draw_images(tmp_path / "original")
    with zipfile.ZipFile(home / "data" / "data22612" / "Images.zip", "w") as archive:
        for path in (tmp_path / "original").rglob("*.png"):
            archive.write(path, Path("Images") / path.relative_to(tmp_path / "original"))
    (home / "work").mkdir()
    return home


def test_aistudio_data_is_found_and_unpacked_into_work_once(aistudio):
    (aistudio / "data" / "data22612").chmod(0o555)
    dataset = open_dataset(start=aistudio / "work")
    assert dataset.name == "data22612"
    assert image_root(dataset) == aistudio / "work" / "Images"
    assert sorted(os.listdir(aistudio / "work" / "Images")) == ["cat", "dog"]
    before = (aistudio / "work" / "Images").stat().st_mtime_ns
    assert open_dataset(start=aistudio / "work").fingerprint == dataset.fingerprint
    assert (aistudio / "work" / "Images").stat().st_mtime_ns == before
    (aistudio / "data" / "data22612").chmod(0o755)


def test_what_is_in_work_already_is_left_alone(aistudio, tmp_path):
    work, data = aistudio / "work", aistudio / "data" / "data22612"
    (work / "Images").mkdir()  # another data set, or an unzip that was interrupted
    (work / "Images" / "mine.txt").write_text("mine")
    assert image_root(open_dataset(start=aistudio)) == work / "data22612" / "Images"
    assert (work / "Images" / "mine.txt").read_text() == "mine"

    draw_images(work / "Images")  # as the notebook unpacks them
    shutil.rmtree(work / "data22612")
    write_lists(data, contents=(TRAIN + "cat/9.png 0", EVAL))  # which the zip has not, either
    assert "Train.txt:4: cat/9.png: no such file" in refused(start=aistudio)
    assert os.listdir(work) == ["Images"]
    write_lists(data)
    (data / "Images.zip").write_bytes(b"must not be read")
    assert image_root(open_dataset(data)) == work / "Images"
    copy = shutil.copytree(data, tmp_path / "copy")
    assert "Images.zip cannot be read (" in refused(copy)
    shutil.make_archive(str(copy / "Images"), "zip", work, "Images")  # not AI Studio's: beside it
    assert image_root(open_dataset(copy)) == copy / "Images"


def test_without_any_data_the_sample_is_drawn_and_said_so(tmp_path, caplog, monkeypatch):
    def draw_little(folder: Path) -> None:  # the real one takes seconds; the next test calls it
        write_lists(folder)
        draw_images(folder / "Images")

    monkeypatch.setattr(dataset_module, "draw_sample", draw_little)
    caplog.set_level("INFO", "paddle_aug")
    dataset = open_dataset(start=tmp_path / "empty")
    assert dataset.name == "sample"
    assert image_root(dataset) == tmp_path / "empty" / "data" / "sample" / "Images"
    assert "--data FOLDER" in caplog.messages[0]
    assert caplog.messages[1].startswith("sample: 3 images of 2 classes to train on: cat (2)")


def test_class_folders_a_list_and_a_table_need_no_kind(folder, monkeypatch):
    images = folder / "Images"
    (images / "all.txt").write_text("dog/1.png 1\ncat/1.png 0\n")
    (images / "all.csv").write_text("path,label\ncat/1.png,cat\n")
    assert open_dataset(images) == open_dataset(f"folder:{images}")
    assert [s.path for s in open_dataset(images / "all.txt").train] == ["dog/1.png", "cat/1.png"]
    assert open_dataset(images / "all.csv") == open_dataset(f"csv:{images / 'all.csv'}")
    monkeypatch.setenv("HOME", str(images))
    assert open_dataset(images / "all.csv") == open_dataset("csv:~/all.csv")


@pytest.mark.parametrize("name", ["Test.csv", "val_list.txt"])
def test_class_folders_beside_a_lone_list_are_not_taken_without_being_named(folder, name):
    images = folder / "Images"
    (images / name).write_text("cat/1.png 0\n")
    message = refused(images)
    assert message.startswith(f"no pair of lists in {images} (want Train.txt and Eval.txt, ")
    assert message.endswith(f"or read class folders: --data folder:{images}")
    assert open_dataset(f"folder:{images}").class_names == ["cat", "dog"]


def test_what_is_taken_is_said_in_a_line(folder, caplog):
    caplog.set_level("INFO", "paddle_aug")
    dataset = open_dataset(folder)
    line = "pets: 3 images of 2 classes to train on: cat (2), dog (1); 2 to evaluate on"
    assert caplog.messages == [line]
    one = replace(dataset, train=dataset.train[:1], eval=[])
    assert one.contents == "pets: 1 image of 1 class to train on: cat (1)"
    train = [Sample("", "", label) for label in range(1000)]
    many = replace(dataset, train=train, class_names=[*map(str, range(1000))]).contents
    assert "1,000 images of 1,000 classes to train on: 0 (1), 1 (1), 2 (1), " in many
    assert "6 (1), 7 (1) and 992 more; " in many


LISTS_ONLY = "goes with a folder of lists, not with --data folder:"


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ("cifr10:x", {}, "no folder cifr10:x, and no kind of data named 'cifr10'; did you mean"),
        ("imagenet:x", {}, "known: cifar10, cifar100, csv, fashion-mnist, folder, mnist"),
        ("mnist:", {}, "--data mnist: names no path; want mnist:PATH"),
        ("C:\\data", {}, "no folder C:\\data; --data takes a folder with lists"),
        ("some/path:x", {}, "no folder some/path:x; --data takes a folder with lists or of class"),
        (Path("mnist:x"), {}, "no folder mnist:x; --data takes"),
        ("mnist", {}, "or KIND:PATH, where KIND is cifar10, cifar100, mnist, fashion-mnist, f"),
        ("../pets.json", {}, "../pets.json is neither a list (.txt) nor a table (.csv); --data"),
        ("folder:x", {"train_list": "x"}, f"--train-list {LISTS_ONLY}"),
        ("folder:x", {"eval_list": "x"}, f"--eval-list {LISTS_ONLY}"),
        ("folder:x", {"image_root": "x"}, f"--image-root {LISTS_ONLY}"),
        (".", {}, ". holds no class folder; want <class>/<image>, for two classes or more"),
        ("../pets", {"train_list": "x.txt"}, "no file x.txt, which --train-list names"),
        ("../pets", {"image_root": "x"}, "no folder x, which --image-root names"),
    ],
)
def test_what_is_not_there_or_does_not_go_together_is_named(folder, data, options, message):
    Path("../pets.json").touch()
    assert message in refused(data, **options)


def test_a_folder_of_lists_may_have_a_colon_in_its_name(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    folder.rename("mnist:pets")
    assert open_dataset("mnist:pets").name == open_dataset(Path("mnist:pets")).name == "mnist:pets"
