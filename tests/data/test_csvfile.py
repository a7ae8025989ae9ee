"""Tables as people and spreadsheets write them, and every fault with its line."""

import numpy as np
import pytest
from PIL import Image
from refusals import reasons, refused

from paddle_aug.data.dataset import open_dataset

PLAIN = "path,label\ncat/1.png,cat\ndog/1.png,dog\ncat/2.png,cat\n"
SPLIT = "path,label,split\ncat/1.png,cat,train\ndog/1.png,dog,train\ncat/2.png,cat,val\n"


@pytest.fixture
def write(tmp_path):
    """Writes a table beside six images, and returns what opens it."""
    for number, path in enumerate(f"{name}/{n}.png" for name in ("cat", "dog") for n in "123"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / path)

    def write(content: str | bytes) -> str:
        raw = content if isinstance(content, bytes) else content.encode()
        (tmp_path / "pets.csv").write_bytes(raw)
        return f"csv:{tmp_path / 'pets.csv'}"

    return write


def test_a_table_gives_paths_below_its_folder_and_classes_by_name(write, tmp_path):
    dataset = open_dataset(write(PLAIN))
    assert [tuple(sample) for sample in dataset.train] == [
        (str(tmp_path / "cat/1.png"), "cat/1.png", 0, 2, None),
        (str(tmp_path / "dog/1.png"), "dog/1.png", 1, 3, None),
        (str(tmp_path / "cat/2.png"), "cat/2.png", 0, 4, None),
    ]
    assert (dataset.name, dataset.eval) == ("pets", [])
    assert dataset.class_names == ["cat", "dog"]


@pytest.mark.parametrize(
    ("path", "label"),
    [("path", "label"), ("file", "class"), ("filename", "category"), (" Image ", "Label")],
)
def test_columns_are_found_by_name_in_any_order_among_others(write, path, label):
    data = write(f"width,{label},{path},note\n8,cat,cat/1.png,\n8,dog,dog/1.png,a b\n")
    dataset = open_dataset(data)
    assert [(s.path, s.label) for s in dataset.train] == [("cat/1.png", 0), ("dog/1.png", 1)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(("mark", "end"), [("", "\n"), ("\ufeff", "\r\n"), ("", "\r")])
def test_spreadsheets_differ_in_delimiters_line_ends_and_marks(write, delimiter, mark, end):
    plain = open_dataset(write(SPLIT))
    dataset = open_dataset(write(mark + SPLIT.replace(",", delimiter).replace("\n", end)))
    assert (dataset.train, dataset.eval) == (plain.train, plain.eval)


def test_fields_may_be_quoted_and_blank_rows_go_by(write, tmp_path):
    (tmp_path / "cat" / "1.png").rename(tmp_path / "cat" / 'tom, "the" 1.png')
    text = '\n"path" , "label"\n\n"cat/tom, ""the"" 1.png","big, cat"\n,\n  \ncat\\2.png, 猫 \n'
    dataset = open_dataset(write(text.replace('" , "', '","')))
    assert [(s.path, s.label, s.line) for s in dataset.train] == [
        ('cat/tom, "the" 1.png', 0, 4),
        ("cat/2.png", 1, 7),
    ]
    assert dataset.class_names == ["big, cat", "猫"]


@pytest.mark.parametrize("word", ["eval", "val", "valid", "test", "validation", "TEST"])
def test_a_column_tells_train_from_eval(write, word):
    dataset = open_dataset(write(SPLIT.replace("val\n", f"{word}\n").replace("train", "Train")))
    assert [sample.path for sample in dataset.train] == ["cat/1.png", "dog/1.png"]
    assert [(s.path, s.label, s.line) for s in dataset.eval] == [("cat/2.png", 0, 4)]


def test_a_third_part_is_to_test_on(write):
    dataset = open_dataset(write(SPLIT + "dog/2.png,dog,test\ndog/3.png,dog,Testing\n"))
    assert [sample.path for sample in dataset.eval] == ["cat/2.png"]
    assert [(s.path, s.label, s.line) for s in dataset.test] == [
        ("dog/2.png", 1, 5), ("dog/3.png", 1, 6)
    ]  # fmt: skip


def test_paths_start_from_the_root_that_is_given(write, tmp_path):
    plain = open_dataset(write(PLAIN))
    there = open_dataset(write(PLAIN.replace("cat/", f"{tmp_path}/cat/")), image_root=tmp_path)
    assert (there.train, there.fingerprint) == (plain.train, plain.fingerprint)
    inside = open_dataset(write("path,label\n1.png,cat\n2.png,dog\n"), image_root=tmp_path / "cat")
    assert inside.train[1].file == str(tmp_path / "cat" / "2.png")


def test_whole_numbers_stand_for_themselves(write):
    dataset = open_dataset(write("path,label\ncat/1.png,3\ndog/1.png,0\ncat/2.png,10\n"))
    assert [sample.label for sample in dataset.train] == [3, 0, 10]
    assert dataset.class_names == [str(number) for number in range(11)]


def test_the_fingerprint_is_that_of_the_same_lists(write, tmp_path):
    """A table is another way to write them."""
    (tmp_path / "train.txt").write_text("cat/1.png 0\ndog/1.png 1\n")
    (tmp_path / "val.txt").write_text("cat/2.png 0\n")
    assert open_dataset(write(SPLIT)).fingerprint == open_dataset(tmp_path).fingerprint


def test_all_faults_are_told_at_once_with_file_and_line(write, tmp_path):
    (tmp_path / "dog" / "2.png").write_bytes(b"")
    (tmp_path / "dog" / "3.png").write_bytes((tmp_path / "cat" / "1.png").read_bytes())
    text = (
        "path,label,split\ncat/1.png,cat,train\ncat/9.png,cat,train\ndog/1.png,dog,train,x\n"
        "dog/1.png,dog,trian\n,dog,train\ndog/1.png,,train\n/etc/x.png,dog,train\n"
        "C:\\x.png,dog,train\n../x.png,dog,train\ndog/2.png,dog,train\ncat/1.png,dog,train\n"
        "dog/1.png,cow,test\ncat/1.png,cat,test\ndog/3.png,dog,test\ndog/1.png,dog,val\n"
        'dog/1.png,"dog"s,train\ndog/1.png,dog,\ndog/\0.png,dog,train\n'
    )
    data = write(text.encode() + b"dog/\xff.png,dog,train\n")
    assert reasons(data) == [
        "pets.csv:3: cat/9.png: no such file",
        "pets.csv:4: 4 fields, but the header has 3",
        "pets.csv:5: no split named 'trian'; did you mean 'train'?",
        "pets.csv:6: no path",
        "pets.csv:7: no label",
        "pets.csv:8: '/etc/x.png' is absolute (want one below the image folder)",
        "pets.csv:9: 'C:/x.png' is a Windows path (want one below the image folder)",
        "pets.csv:10: '../x.png' leaves the image folder",
        "pets.csv:11: dog/2.png: the file is empty",
        "pets.csv:12: cat/1.png has label dog, but label cat on line 2",
        "pets.csv:13: label cow never occurs in training",
        "pets.csv:14: cat/1.png is on line 2 of pets.csv too; evaluate on other images",
        "pets.csv:15: dog/3.png is the same image as cat/1.png on line 12 of pets.csv",
        "pets.csv:17: is not CSV (',' expected after '\"'); is a quote left open?",
        "pets.csv:18: no split named ''; known: dev, eval, test, testing, train, training, val, "
        "valid, validation, 测试, 训练, 验证",
        "pets.csv:19: 'dog/\\x00.png' holds a zero byte",
        "pets.csv:20: not UTF-8 (GBK, perhaps?); save the file as UTF-8",
        "To use absolute paths: --image-root /",
        f"Paths in pets.csv start from {tmp_path} (else give --image-root).",
    ]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", ": the table is empty"),
        ("path,label\n,\n", ": the table is empty"),
        ('path,label\ncat/1.png,"0,2"\n', ":2: '0,2' is several labels; multi-label data"),
        ("path,label\ncat/1.png,-1\n", ":2: label -1 is negative (labels count from 0)"),
        ("path,label,split\ncat/1.png,3,train\ncat/2.png,4,val\n",
         ":3: label 4 never occurs in training"),
        ("path,label,split\ncat/1.png,cat,val\n", ": no line has the split train"),
        ("path,label\ncat/1.png,7\ndog/1.png,dog\ndog/2.png,1O\n",
         ":3: label dog is a name, but 7 on line 2 is a number"),
        ("path,label\ncat/1.png,cat\ndog/1.png,1\n",
         ":3: label 1 is a number, but cat on line 2 is a name"),
        ('path,label\ncat/1.png,cat\n"dog/1.png,dog\ncat/2.png,cat\n', ":3: is not CSV"),
        ("path,label\nx.png,cat\ny.png,dog\n", ": none of the listed images is there"),
    ],
)  # fmt: skip
def test_a_single_fault_is_enough_to_refuse(write, content, fault):
    found = reasons(write(content))
    assert found[0].startswith(f"pets.csv{fault}")
    assert len(found) == 1 + ("Paths in pets.csv start from" in found[-1])


LACKS = "lacks a column: want path (path, file, filename, image) and label (label, class, category)"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        *(
            (header, f"the header {LACKS}")
            for header in ("path,width", "cat/1.png,cat", "path label")
        ),
        ("path,file,label", "the columns 'path' and 'file' mean the same; rename one"),
        ("path,label,split,split", "the columns 'split' and 'split' mean the same; rename one"),
    ],
)
def test_a_header_that_does_not_tell_the_columns_is_refused(write, header, message):
    assert refused(write(f"{header}\ncat/1.png,cat\n")) == f"pets.csv:1: {message}"


def test_a_file_that_is_not_there_is_told():
    assert refused("csv:none.csv") == "no file none.csv; --data csv:PATH takes a table"
