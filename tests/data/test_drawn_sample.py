"""The sample data set: the same bytes everywhere, whole or not there, and readable by anyone."""

import hashlib
import os
import shutil

import pytest

from paddle_aug.data.readers import drawn_sample
from paddle_aug.data.readers.drawn_sample import EVAL_PICTURES, TRAIN_PICTURES, draw_sample
from paddle_aug.errors import UserError

# Over all files, path and bytes. A change here is another data set: every published figure of
# `--data sample` has to be measured again.
SHA256 = "02fb08309f800d66a5cda2093a6099eac85fb58c0e59e424cbd37651e885a0b7"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "sample"
    draw_sample(folder)
    return folder


def files_of(folder):
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def lines_of(file):
    return [line.split() for line in file.read_text().splitlines()]


def test_the_set_is_the_same_bytes_in_every_environment(drawn):
    digest = hashlib.sha256()
    for name in files_of(drawn):
        digest.update(name.encode() + b"\0" + (drawn / name).read_bytes())
    assert digest.hexdigest() == SHA256


def test_the_lists_name_every_picture_once_with_the_label_of_its_folder(drawn):
    labels = {name: label for label, name in lines_of(drawn / "labels.txt")}
    assert list(labels.values()) == [str(label) for label in range(16)]
    train, evaluation = lines_of(drawn / "Train.txt"), lines_of(drawn / "Eval.txt")
    assert len(train) == 16 * TRAIN_PICTURES
    assert len(evaluation) == 16 * EVAL_PICTURES
    assert train[0] == ["anchor/001_0001.png", "0"]
    listed = [f"Images/{path}" for path, _ in train + evaluation]
    assert sorted([*listed, "Eval.txt", "Train.txt", "labels.txt"]) == files_of(drawn)
    for path, label in train + evaluation:
        folder, name = path.split("/")
        assert labels[folder] == label
        assert name.startswith(f"{int(label) + 1:03d}_")


@pytest.mark.parametrize("lacking", ["Train.txt", "labels.txt"])
def test_a_damaged_set_is_named_and_left_alone_and_a_whole_one_untouched(drawn, tmp_path, lacking):
    folder = tmp_path / "sample"
    shutil.copytree(drawn, folder)
    before = {name: (folder / name).stat().st_mtime_ns for name in files_of(folder)}
    draw_sample(folder)
    os.truncate(folder / lacking, 100)
    with pytest.raises(UserError, match=r"sample is not the whole .*; move the folder away"):
        draw_sample(folder)
    assert {name: (folder / name).stat().st_mtime_ns for name in before if name != lacking} == {
        name: time for name, time in before.items() if name != lacking
    }
    shutil.rmtree(folder)
    folder.write_text("mine")
    with pytest.raises(UserError, match="move the folder away"):
        draw_sample(folder)
    assert folder.read_text() == "mine"


def test_a_place_that_cannot_be_written_to_is_told_with_the_way_on(tmp_path, monkeypatch):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(UserError) as error:
        draw_sample(tmp_path / "data" / "sample")
    assert str(error.value) == (
        f"cannot draw the sample data set into {tmp_path}/data/sample ({tmp_path}/data: File "
        "exists); start in a folder that you can write to, or give your own data by --data FOLDER"
    )

    def read_only(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(drawn_sample, "draw_into", read_only)
    with pytest.raises(UserError, match=r"part: Permission denied\); start in a folder that"):
        draw_sample(tmp_path / "sample")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
