"""Long lists in columns: to whoever looks at them, lists of samples like any other."""

import pickle
import posixpath
from pathlib import Path

import pytest

from paddle_aug.data.columns import firsts, same_before
from paddle_aug.data.readers import listfile
from paddle_aug.data.readers.listfile import (
    Entries,
    Entry,
    Fault,
    Faults,
    Sample,
    Samples,
    files_of,
    folder_text,
    is_plain,
    labels_of,
    lines_of,
    located,
    names_of,
    normal,
    paths_of,
    pixels_of,
    take,
)

ROOT = Path("photos")
PATHS, LABELS, LINES = (
    ["cat/1.png", "./dog//2.png", "cat/1.png"],
    [0, 999_999, 0],
    [1, 2, 20_000_000],
)
COLUMNS = Samples(ROOT, PATHS, LABELS, LINES)
PLAIN = [
    Sample(p, ROOT / p, label, line) for p, label, line in zip(PATHS, LABELS, LINES, strict=True)
]


def test_they_hold_what_a_list_of_samples_holds():
    assert list(COLUMNS) == PLAIN
    assert [COLUMNS[index] for index in (0, 1, 2, -1)] == [*PLAIN, PLAIN[-1]]
    assert len(COLUMNS) == 3
    assert PLAIN[1] in COLUMNS
    assert [type(value) for value in COLUMNS[1]] == [type(value) for value in PLAIN[1]]
    with pytest.raises(IndexError):
        COLUMNS[3]


def test_a_part_is_of_the_same_kind():
    part = COLUMNS[::-2]
    assert type(part) is Samples
    assert part == PLAIN[::-2]
    assert COLUMNS[5:] == []


def test_they_equal_lists_of_equal_items_and_nothing_else():
    assert COLUMNS == PLAIN
    assert PLAIN == COLUMNS
    assert Samples(ROOT, PATHS, LABELS, LINES) == COLUMNS
    assert PLAIN[:2] != COLUMNS
    assert Samples("elsewhere" / ROOT, PATHS, LABELS, LINES) != COLUMNS
    assert Entries(PATHS, LABELS, LINES) != COLUMNS
    assert COLUMNS != 3
    assert Entries(["a"], [1], [2]) == [Entry("a", 1, 2)]


def test_items_are_appended():
    made = Samples(ROOT)
    for row in zip(PATHS, LABELS, LINES, strict=True):
        made.append(*row)
    assert made == PLAIN


def test_faults_are_columns_too():
    told = [Fault("a", 1, "x"), Fault("b", 0, "y")]
    faults = Faults(told)
    faults += Faults(told[:1])
    faults += iter(told[1:])
    faults.append("c", 3, "z")
    assert faults == [*told, *told, Fault("c", 3, "z")]
    assert (type(faults[1:3]), faults[1:3], faults[-1]) == (Faults, told[::-1], ("c", 3, "z"))
    assert not Faults()


def test_many_are_appended_at_a_time():
    made = Samples(ROOT, PATHS[:1], LABELS[:1], LINES[:1])
    made.extend(PATHS[1:], LABELS[1:], LINES[1:])
    assert made == PLAIN


def test_they_go_to_another_process():
    assert pickle.loads(pickle.dumps(COLUMNS)) == PLAIN


def test_they_are_shown_as_what_they_hold():
    assert repr(Entries(["a"], [1], [2])) == "Entries([Entry(path='a', label=1, line=2)])"


@pytest.mark.parametrize("samples", [COLUMNS, PLAIN], ids=["columns", "plain"])
def test_columns_are_had_from_any_samples(samples):
    assert list(paths_of(samples)) == PATHS
    assert list(labels_of(samples)) == LABELS
    assert list(lines_of(samples)) == LINES
    assert [Path(file) for file in files_of(samples)] == [sample.file for sample in PLAIN]
    assert list(pixels_of(samples)) == [None] * 3
    assert take(samples, [2, 0, 0]) == [PLAIN[2], PLAIN[0], PLAIN[0]]


@pytest.mark.parametrize("end", ["", "/", "/.", "/./", "//"])
def test_files_are_found_whatever_the_path_ends_with(tmp_path, end):
    (tmp_path / "a.png").write_bytes(b"")
    samples = Samples(tmp_path, [f"a.png{end}"], [0], [1])
    assert list(files_of(samples)) == [str(samples[0].file)] == [str(tmp_path / "a.png")]


@pytest.mark.parametrize(
    "path",
    ["", ".", "..", "a", "./a", "a/.", "a/..", "a/./b", "a/../b", "a//b", "//a", "/a", "a/", "a.",
     ".a", "..a", "a..", "a../b", "a/..b", "a./b", "...", "a/...", "///a", "./", "a/b.c/d"],
)  # fmt: skip
def test_paths_are_normal_as_the_standard_library_has_it(path):
    assert normal(path) == posixpath.normpath(path)


ODD_PATHS = ("a", "./a", "a//b", "a/", "a/.", "a.", "a./b", "", ".", "a/../b", ".a", "a\nb", "/")


@pytest.mark.parametrize("path", ODD_PATHS)
@pytest.mark.parametrize("before", [0, 1, 3])
@pytest.mark.parametrize("after", [0, 2])
def test_one_path_that_is_not_plain_is_found_among_many(monkeypatch, path, before, after):
    monkeypatch.setattr(listfile, "TOGETHER", 2)
    paths = [*["a.b/.c"] * before, path, *["..d/e"] * after]
    samples = Samples(ROOT, paths, [0] * len(paths), range(len(paths)))
    assert samples.plain == all(map(is_plain, paths))
    assert list(files_of(samples)) == [located(samples.folder, path) for path in paths]
    assert list(names_of(samples)) == list(names_of(list(samples))) == list(map(normal, paths))


def test_what_is_appended_is_looked_at_too():
    samples = Samples(ROOT, ["a"], [0], [1])
    assert samples.plain
    samples.append("./b", 0, 2)
    assert list(names_of(samples)) == ["a", "b"]
    samples.append("c", 0, 3)
    assert not samples.plain


def test_the_first_of_equal_keys_counts():
    assert list(firsts("abac").items()) == [("a", 0), ("b", 1), ("c", 3)]
    assert same_before("abac").tolist() == [0, 1, 0, 3]
    assert same_before("").tolist() == []


@pytest.mark.parametrize("folder", ["photos", ".", "/", "a folder/of photos"])
@pytest.mark.parametrize(
    "path",
    ["a.png", "./a.png", "cat//a.png", "cat/./a.png", "a.png/", "a.png/.", "cat/../a.png", ".a",
     "a./b", "...", "cat/.../a.png", "..a.png", "././a.png"],
)  # fmt: skip
def test_where_an_image_is_is_what_a_path_would_say(folder, path):
    assert located(folder_text(Path(folder)), path) == str(Path(folder) / path)
