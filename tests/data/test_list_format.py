"""Lists as people write them, and every fault with its line."""

from pathlib import Path

import pytest

from paddle_aug.data.readers.list_format import (
    find_class_files,
    find_lists,
    read_class_names,
    read_list,
)
from paddle_aug.data.samples import Sample

UTF8 = "not UTF-8 (GBK, perhaps?); save the file as UTF-8"
SEVERAL = "is several labels; multi-label data is not supported (want one class)"


@pytest.fixture
def write(tmp_path):
    def write(content: bytes | str, name: str = "Train.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def faults_of(result) -> list[str]:
    return [str(fault) for fault in result[1]]


@pytest.mark.parametrize(
    ("line", "path", "label"),
    [
        ("a.jpg 0", "a.jpg", 0),
        ("b/c.jpg\t1", "b/c.jpg", 1),
        ("  d.jpg   \t 2  ", "d.jpg", 2),
        ("e.jpg\u30003", "e.jpg", 3),
        ("my cats/tom 1.jpg 0", "my cats/tom 1.jpg", 0),
        ("猫/é.jpg 1", "猫/é.jpg", 1),
        ("ak47\\001_0001.jpg 0", "ak47/001_0001.jpg", 0),  # from Windows
        ("./a.jpg 0", "./a.jpg", 0),
        ("x/../b.jpg 0", "x/../b.jpg", 0),
        ("..c.jpg 0", "..c.jpg", 0),
        ("d..e/f.jpg 007", "d..e/f.jpg", 7),
        ("'t is/b.jpg 1", "'t is/b.jpg", 1),
        ("scan 12 1", "scan 12", 1),
    ],
)
def test_a_line_is_a_path_and_a_label_with_white_space_between(write, line, path, label):
    assert read_list(write(line)) == ([Sample("", path, label, 1)], [])


@pytest.mark.parametrize(
    "content",
    [b"a.jpg 0\n\nb.jpg 1\n", b"a.jpg 0\r\n\r\nb.jpg 1\r\n", b"a.jpg 0\r\rb.jpg 1"],
    ids=["unix", "windows", "old mac"],
)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_line_ends_marks_and_blank_lines_change_nothing(write, content, mark):
    assert read_list(write(mark + content)) == (
        [Sample("", "a.jpg", 0, 1), Sample("", "b.jpg", 1, 3)],
        [],
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("b.jpg", 'no label (want "path label")'),
        ("b.jpg cat", "label 'cat' is not a whole number (want \"path label\")"),
        ("b.jpg 1.0", "label '1.0' is not a whole number (want \"path label\")"),
        ("b.jpg １", "label '１' is not a whole number (want \"path label\")"),
        ("b.jpg -1", "label -1 is negative (labels count from 0)"),
        ("b.jpg 1000000", "label 1000000 is too large (labels number the classes 0, 1, 2, …)"),
        ('"b.jpg 1"', '"b.jpg 1" has quotes (want "path label" without them)'),
        ('"my b.jpg" "1"', '"my b.jpg" "1" has quotes (want "path label" without them)'),
        ("'b.jpg'\t1", "'b.jpg'\t1 has quotes (want \"path label\" without them)"),
        ("b.jpg\t0,1,0", f"'0,1,0' {SEVERAL}"),
        ("b.JPG 1;2", f"'1;2' {SEVERAL}"),
        ("my b.png [0, 2]", f"'[0, 2]' {SEVERAL}"),
        ("b.jpeg 0 2 5", f"'0 2 5' {SEVERAL}"),
        ("b.jpg,1", 'b.jpg,1 has a comma between path and label (want "path label")'),
        ("b.jpg, 1", 'b.jpg, 1 has a comma between path and label (want "path label")'),
        ("/etc/b.jpg 1", "'/etc/b.jpg' is absolute (want one below the image folder)"),
        ("C:\\b.jpg 1", "'C:/b.jpg' is a Windows path (want one below the image folder)"),
        ("x/../../b.jpg 1", "'x/../../b.jpg' leaves the image folder"),
        ("b\0.jpg 1", "'b\\x00.jpg' holds a zero byte"),
        pytest.param(
            "b.jpg " + "9" * 1_000_000,
            f"label {'9' * 1_000_000} is too large (labels number the classes 0, 1, 2, …)",
            id="a million digits",
        ),
        (b"\xc3\xa8\xff.jpg 1", UTF8),
        ("狗.jpg 1".encode("gbk"), UTF8),
    ],
)
def test_a_faulty_line_is_told_with_file_and_line_and_the_others_are_read(write, line, reason):
    line = line if isinstance(line, bytes) else line.encode()
    result = read_list(write(b"a.jpg 0\n" + line + b"\nc.jpg 1\n"))
    assert faults_of(result) == [f"Train.txt:2: {reason}"]
    assert result[0] == [Sample("", "a.jpg", 0, 1), Sample("", "c.jpg", 1, 3)]


@pytest.mark.parametrize(
    ("path", "root", "taken"),
    [
        ("/data/pets/cat/1.jpg", "/data/pets", "cat/1.jpg"),
        ("/data/pets/cat/1.jpg", "/data/pets/", "cat/1.jpg"),
        ("/data/pets/cat/1.jpg", "/", "data/pets/cat/1.jpg"),
        ("//data/./pets/x/../1.jpg", "/data", "pets/1.jpg"),
        ("cat/1.jpg", "/data/pets", "cat/1.jpg"),
        ("/data/pets2/1.jpg", "/data/pets", None),
        ("/data/pets/../1.jpg", "/data/pets", None),
        ("../1.jpg", "/data/pets", None),
    ],
)
def test_an_absolute_path_counts_below_the_root_that_is_given(write, path, root, taken):
    samples, faults = read_list(write(f"{path} 0\n"), root=Path(root))
    assert [sample.path for sample in samples] == [taken] * (taken is not None)
    assert all(str(fault).endswith((f"--image-root {root}", "folder")) for fault in faults)


@pytest.mark.parametrize(
    ("there", "found"),
    [
        (("Train.txt", "Eval.txt", "Test.txt"), [("Train.txt", "Eval.txt", "Test.txt")]),
        (("train_list.txt", "val_list.txt"), [("train_list.txt", "val_list.txt")]),
        (("train.txt", "test.txt"), [("train.txt", "test.txt")]),
        (("train.txt",), [("train.txt",)]),
        (("val.txt", "test.txt", "eval.txt"), []),
        # One alone gives way to a pair.
        (("Train.txt", "val.txt", "train_list.txt", "val_list.txt", "eval.txt"),
         [("train_list.txt", "val_list.txt")]),
        (("Train.txt", "Eval.txt", "train.txt", "val.txt"),
         [("Train.txt", "Eval.txt"), ("train.txt", "val.txt")]),
    ],
)  # fmt: skip
def test_lists_are_found_by_their_exact_names(tmp_path, there, found):
    for name in there:
        (tmp_path / name).touch()
    assert [tuple(path.name for path in group) for group in find_lists(tmp_path)] == found


PETS = ["cat", "guinea pig", "7 up"]


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("0 cat\n1 guinea pig\n2 7 up\n", PETS),
        ("2\t7 up\n0\tcat\n\n1   guinea pig\n", PETS),
        ("0,cat\n1,guinea pig\n2,7 up", PETS),
        ("0;cat\n2;7 up\n1;guinea pig", PETS),
        ("0: cat\n1: guinea pig\n2 : 7 up", PETS),
        ("7 up 2\ncat 0\nguinea pig 1\n", PETS),
        ("7 up\t2\n\ncat\t0\nguinea pig\t1\n", PETS),
        ("cat,0\nguinea pig,1\n7 up,2", PETS),
        ("cat: 0\n7 up: 2\nguinea pig: 1", PETS),
        ("cat\nguinea pig\n7 up", PETS),
        ("0 crane\n1 crane\n", ["crane", "crane"]),  # two of ImageNet
    ],
)
def test_class_names_are_read_with_numbers_on_either_side_and_without(write, content, names):
    assert read_class_names(write(content, "labels.txt")) == (names, [])


@pytest.mark.parametrize(
    "names",
    [
        ["0", "1", "2"],
        ["Boeing 747", "Boeing 737", "A310"],
        ["Audi TT 2011", "BMW M3 2012"],
        ["stage 1", "stage 2", "stage 3"],
        ["digit 0", "digit 1", "digit 10", "digit 2"],
        ["class_1", "class_0"],
        ["001.Albatross", "002.Auklet"],
        ["tench, Tinca tinca", "goldfish"],
        ["n01440764 tench", "n01443537 goldfish"],
        ["mnist2", "1st", "cifar-100"],
        ["类别一", "类别二"],
    ],
)
def test_numbers_that_are_no_class_stay_part_of_a_name(write, names):
    assert read_class_names(write("\n".join(names), "labels.txt")) == (names, [])


@pytest.mark.parametrize(
    ("content", "line", "text", "number"),
    [
        ("tulip\ndaisy 2\nrose 0", 2, "daisy 2", 2),
        ("label,name\n0,daisy\n1,rose", 2, "0,daisy", 0),
        ("crane 0\ncrane 1\ndog 2", 3, "dog 2", 2),
        ("daisy_1\nrose_0", 1, "daisy_1", 1),
        ("1-daisy\n0-rose", 1, "1-daisy", 1),
        ("[1] daisy\n[0] rose", 1, "[1] daisy", 1),
        ("daisy (1)\nrose (0)", 1, "daisy (1)", 1),
        ('{\n"1": "daisy",\n"0": "rose"\n}', 2, '"1": "daisy",', 1),
        ("names:\n  0: daisy\n  1: rose", 2, "0: daisy", 0),
    ],
)
def test_a_number_that_may_be_a_class_is_a_fault(write, content, line, text, number):
    assert faults_of(read_class_names(write(content, "labels.txt"))) == [
        f"labels.txt:{line}: {text!r}: is {number} its class or part of its name? "
        'Write "0 name" on every line, with its class'
    ]


def test_the_files_of_class_names_are_found(tmp_path):
    assert find_class_files(tmp_path / "none") == []
    for name in ("flowers102_label_list.txt", "labels.txt", "labels.txt.bak", "train_list.txt"):
        (tmp_path / name).touch()
    found = [file.name for file in find_class_files(tmp_path)]
    assert found == ["flowers102_label_list.txt", "labels.txt"]


@pytest.mark.parametrize(
    ("read", "content", "fault"),
    [
        (read_list, "\n \n", ": the list is empty"),
        (read_list, "a.jpg 0\n".encode("utf-16"), ": the file is UTF-16; save it as UTF-8"),
        (read_class_names, "", ": names no class"),
        (read_class_names, "0 a\n1 b\n1 c\n", ":3: number 1 is already on line 2"),
        (read_class_names, "0 a\n3 b\n",
         ":2: number 3, but no line names 1; classes count from 0"),
        (read_class_names, "1 a\n2 b\n",
         ":1: number 1, but no line names 0; classes count from 0"),
        (read_class_names, "a 2\nb 1\n",
         ":2: number 1, but no line names 0; classes count from 0"),
        (read_class_names, "0 a\nb\n", ":2: 'b' is not \"number name\" like the first line"),
        (read_class_names, "a\nb\na\n", ":3: 'a' is already on line 1"),
        (read_class_names, "a\n\nb\n", ":2: a blank line between names"),
        (read_class_names, b"a\n\xff\n", f":2: {UTF8}"),
    ],
)  # fmt: skip
def test_a_file_may_be_faulty_as_a_whole_or_for_its_other_lines(write, read, content, fault):
    assert faults_of(read(write(content))) == [f"Train.txt{fault}"]


@pytest.mark.parametrize("read", [read_list, read_class_names])
def test_a_list_that_is_no_ordinary_file_is_a_fault(tmp_path, read):
    (tmp_path / "Train.txt").mkdir()
    assert "Train.txt: cannot be read (Is a directory)" in faults_of(read(tmp_path / "Train.txt"))
