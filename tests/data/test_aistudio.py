"""AI Studio's folders, and zips that are unpacked whole and safely or not at all."""

import os
import random
import re
import stat
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from paddle_aug.data.readers.aistudio import find_data, find_zip, unpack, work_folder, zip_contents
from paddle_aug.errors import UserError


def mount(folder: Path, lists=("Train.txt", "Eval.txt")) -> Path:
    folder.mkdir(parents=True)
    for name in lists:
        (folder / name).write_text("a.jpg 0\n")
    return folder


@pytest.fixture
def home(tmp_path) -> Path:
    (tmp_path / "home" / "work").mkdir(parents=True)
    return tmp_path / "home"


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("clone", [".", "paddle_aug", "work/paddle_aug", "work/paddle_aug/tools"])
def test_data_is_found_wherever_below_home_the_clone_is(tmp_path, home, clone):
    data = mount(home / "data" / "data22612")
    start = home / clone
    start.mkdir(parents=True, exist_ok=True)
    elsewhere = tmp_path / "elsewhere"
    assert find_data(start, elsewhere, elsewhere) == data
    assert find_data(elsewhere, home, elsewhere) == data  # by $HOME
    task = mount(tmp_path / "workspace" / "train_data" / "datasets" / "data22612")
    assert find_data(elsewhere, elsewhere, tmp_path / "workspace") == task


def test_only_mounted_data_with_lists_counts(tmp_path, home):
    mount(home / "data" / "sample")
    mount(home / "data" / "data2x")
    (home / "data" / "data3").write_text("not a folder")
    assert find_data(home, home, tmp_path) is None
    mount(home / "data" / "data1", lists=["vgg16.pdparams"])
    data = mount(home / "data" / "data4", lists=["train_list.txt", "val_list.txt"])
    assert find_data(home, home, tmp_path) == data


TULIPS = "t/flowers/train/tulip/1.jpg", "t/flowers/train/rose/2.jpg", "t/flowers/val/rose/3.jpg"


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (["rose/1.jpg", "daisy/2.PNG", "readme.md"],
         ["{data}: 2 folders of images (daisy, rose)", "  --data folder:{data} --holdout 0.25"]),
        (TULIPS,
         ["{data}: 2 folders of images (rose, tulip)", "  --data folder:{data}/t/flowers"]),
        (["x/y/val.txt", "x/y/train.txt", "x/y/test.txt", "x/y/a/1.jpg", "x/y/b/1.jpg"],
         ["{data}: train.txt, val.txt and test.txt in x/y", "  --data {data}/x/y"]),
        (["all/train.csv", "all/images/1.jpg", "all/images/2.jpg"],
         ["{data}: all/train.csv", "  --data csv:{data}/all/train.csv --holdout 0.25"]),
        (["vgg16.pdparams", "b", "c", "d", "e"],
         ["{data}: b, c, d, e, …; on the drawn sample instead:", "  --data sample"]),
        (["1.jpg", "a/2.jpg"],
         ["{data}: 1.jpg, a; on the drawn sample instead:", "  --data sample"]),
        ([], ["{data}: nothing; on the drawn sample instead:", "  --data sample"]),
    ],
)  # fmt: skip
def test_mounted_data_without_lists_is_told_with_the_command(tmp_path, home, files, told):
    data = mount(home / "data" / "data1", lists=[])
    for file in files:
        (data / file).parent.mkdir(parents=True, exist_ok=True)
        (data / file).touch()
    assert refused(home, tmp_path) == [line.format(data=data) for line in told]


@pytest.mark.parametrize(
    ("archive", "files", "told", "options"),
    [
        ("flowers.zip", ["flowers/rose/1.jpg", "flowers/daisy/2.jpg"],
         "2 folders of images (daisy, rose)", "--data folder:{work}/flowers --holdout 0.25"),
        ("all 1.zip", ["lists/Train.txt", "lists/Eval.txt", "lists/a/1.jpg"],
         "Train.txt and Eval.txt in lists", "--data {work}/lists"),
        ("a.zip", ["花/玫瑰/1.jpg", "花/雏菊/1.jpg"],
         "2 folders of images (玫瑰, 雏菊)", "--data 'folder:{work}/花' --holdout 0.25"),
    ],
)  # fmt: skip
def test_a_zip_without_lists_beside_it_is_told_with_a_command_that_works(
    tmp_path, home, archive, files, told, options
):
    data = mount(home / "data" / "data1", lists=[])
    make_zip(data / archive, dict.fromkeys(files, b"x"))
    work = home / "work" / "data1"
    what, command = refused(home, tmp_path)
    assert what == f"{data / archive}: {told}"
    unpacking, then = command.rsplit(" && ", 1)
    assert then == options.format(work=work)
    subprocess.run(unpacking, shell=True, check=True)
    assert sorted(files_below(work)) == sorted(files)


@pytest.mark.parametrize(("encoding", "option"), [("gbk", "-O gbk "), ("utf-8", "")])
def test_chinese_names_survive_zips_that_do_not_say_their_encoding(
    tmp_path, home, encoding, option
):
    data = mount(home / "data" / "data1", lists=[])
    names = ["x/猫/1.jpg", "x/狗/2.jpg"]
    placeholders = [str(number) * len(name.encode(encoding)) for number, name in enumerate(names)]
    archive = make_zip(data / "a.zip", dict.fromkeys(placeholders, b"pixels"))
    raw = archive.read_bytes()
    for placeholder, name in zip(placeholders, names, strict=True):
        raw = raw.replace(placeholder.encode(), name.encode(encoding))
    archive.write_bytes(raw)
    what, command = refused(home, tmp_path)
    assert "2 folders of images (狗, 猫)" in what
    assert f"unzip {option}-q {archive} -d " in command
    unpack(archive, tmp_path / "out")
    assert files_below(tmp_path / "out") == dict.fromkeys(names, b"pixels")


def test_an_archive_that_is_no_zip_is_told_with_the_command(tmp_path, home):
    data = mount(home / "data" / "data1", lists=["b.rar"])
    work = home / "work" / "data1"
    assert refused(home, tmp_path) == [
        f"{data / 'b.rar'}: an archive",
        f"  mkdir -p {work} && unrar x {data / 'b.rar'} {work}/ && --data {work}",
    ]


def refused(home: Path, script_task: Path) -> list[str]:
    """What is told of mounted data, below the first line."""
    with pytest.raises(UserError, match="the data that is mounted has no lists such as") as error:
        find_data(home, home, script_task)
    return str(error.value).splitlines()[1:]


def test_of_several_data_sets_one_must_be_chosen(tmp_path, home):
    first, second = (mount(home / "data" / name) for name in ("data1", "data22"))
    with pytest.raises(UserError) as error:
        find_data(home, home, tmp_path)
    assert f"--data {first}\n  --data {second}" in str(error.value)


def test_the_same_data_by_two_ways_is_one(tmp_path, home):
    data = mount(home / "data" / "data1")
    (tmp_path / "workspace" / "train_data").mkdir(parents=True)
    (tmp_path / "workspace" / "train_data" / "datasets").symlink_to(home / "data")
    assert find_data(home, home, tmp_path / "workspace") == data


def test_work_is_beside_data_and_script_tasks_unpack_there_too(tmp_path, home):
    assert work_folder(mount(home / "data" / "data1"), tmp_path) == home / "work"
    task = tmp_path / "workspace"
    data = mount(task / "train_data" / "datasets" / "data1")
    assert work_folder(data, task) == data.parent / "work", "output/ is downloaded"
    assert work_folder(mount(tmp_path / "photos"), task) is None
    assert work_folder(mount(tmp_path / "no_work" / "data" / "data1"), task) is None


def test_the_zip_of_images_is_known_by_its_name_or_by_being_the_only_one(tmp_path):
    assert find_zip(tmp_path) is None
    make_zip(tmp_path / "photos.zip", {"a": b""})
    assert find_zip(tmp_path) == tmp_path / "photos.zip"
    make_zip(tmp_path / "other.zip", {"a": b""})
    assert find_zip(tmp_path) is None
    make_zip(tmp_path / "Images.zip", {"a": b""})
    assert find_zip(tmp_path) == tmp_path / "Images.zip"


def test_unpacking_gives_every_file_and_drops_the_folder_named_as_the_zip(tmp_path):
    files = {
        "ak47/1.jpg": b"one",
        "ak47/2.jpg": random.Random(0).randbytes(3_000_000),
        "b.txt": b"",
    }
    inside = {f"Images/{name}": content for name, content in files.items()}
    inside |= {"Images/": b"", "Images/empty/": b"", "__MACOSX/Images/._1.jpg": b"junk"}
    archive = make_zip(tmp_path / "Images.zip", inside)
    unpack(archive, tmp_path / "work" / "Images")
    assert files_below(tmp_path / "work") == {f"Images/{name}": files[name] for name in files}
    assert zip_contents(archive) == set(files)


NOISE = random.Random(0).randbytes(100_000)


def link(path: Path) -> None:
    info = zipfile.ZipInfo("link")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    make_zip(path, {info: b"/etc"})


def patched(place: int, value: int) -> Callable[[Path], None]:
    """Writes a zip with another byte in the entry of its directory."""

    def write(path: Path) -> None:
        raw = bytearray(make_zip(path, {"图.jpg": NOISE}).read_bytes())
        raw[raw.index(b"PK\x01\x02") + place] = value
        path.write_bytes(raw)

    return write


def damaged(path: Path) -> None:
    raw = bytearray(make_zip(path, {"a.jpg": b"fine", "b.jpg": NOISE}).read_bytes())
    raw[50_000:50_100] = bytes(100)
    path.write_bytes(raw)


def truncated(path: Path) -> None:
    path.write_bytes(make_zip(path, {"a.jpg": NOISE}).read_bytes()[:-1000])


@pytest.mark.parametrize(
    ("write", "message"),
    [
        *(
            (lambda path, name=name: make_zip(path, {"a.jpg": b"1", name: b"2"}), "would leave")
            for name in ("../evil", "a/../../evil", "/evil", "..\\evil", "C:\\evil", "c:evil")
        ),
        (link, "is a link"),
        (patched(8, 1), "is encrypted"),
        (
            lambda path: make_zip(path, {"a.jpg": b"1", "a.jpg/b.jpg": b"2"}),
            "cannot be unpacked into",
        ),
        (damaged, "er (Bad CRC-32 for file 'b.jpg'); fetch it again, or unpack it by hand"),
        (truncated, "er (File is not a zip file); fetch it again"),
        (patched(46, 0xFF), "er ('utf-8' codec can't decode byte 0xff"),
        (patched(6, 0xFF), "er (zip file version 25.5"),
        (os.mkfifo, "er: not an ordinary file"),
    ],
)
def test_a_zip_that_is_no_folder_of_files_is_refused_and_nothing_written(tmp_path, write, message):
    archive = tmp_path / "a.zip"
    write(archive)
    before = files_below(tmp_path)
    with pytest.raises(UserError, match=re.escape(message)):
        unpack(archive, tmp_path / "deep" / "er" / "out")
    assert files_below(tmp_path) == before
    assert list(tmp_path.glob("deep/er/*")) == []
