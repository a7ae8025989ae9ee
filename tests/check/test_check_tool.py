"""tools/check.py: each fault of a spoiled set is reported at its place; what it writes trains."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from in_process import refusal, run_tool
from made_data import write_dataset
from made_font import write_font
from PIL import Image
from spoiled import SPOILED, jpeg, scene

from paddle_aug.check import next_command
from paddle_aug.check.findings import FINDINGS, LEVELS, findings
from paddle_aug.check.montage import MAX_IMAGES, Cell, _framed, sheet, write_montages
from paddle_aug.check.survey import Survey
from paddle_aug.check.text import as_dict, as_text, exit_code
from paddle_aug.data.dataset import find_dataset, open_dataset
from paddle_aug.data.remarks import Finding, Place
from paddle_aug.data.samples import Found, Sample
from paddle_aug.data.split import select
from paddle_aug.errors import UserError
from paddle_aug.results import fonts

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "check.md"


@pytest.fixture
def check(monkeypatch, capsys):
    """Run the tool: exit code and output."""

    def run(*arguments):
        code = run_tool("check.py", *arguments, monkeypatch=monkeypatch)
        return code, capsys.readouterr().out

    return run


def findings_of(data, **options) -> dict:
    """The findings by their codes."""
    found = findings(Survey(find_dataset(str(data), **options)), 64)
    return {finding.code: finding for finding in found}


@pytest.fixture(scope="module")
def spoiled_findings(survey):
    return findings(survey, 224)


@pytest.fixture
def classes(tmp_path) -> Path:
    """A folder of two class folders, 24 and 16 images, the first two of each nearly the same."""
    for name, first, count in (("ant hill", 0, 24), ("bee", 100, 16)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(count):
            content = jpeg(scene(first + max(1, number)), quality=95 if number else 50)
            (tmp_path / "photos" / name / f"{number:02}.jpg").write_bytes(content)
    return tmp_path / "photos"


def test_every_fault_of_a_spoiled_set_is_reported_at_its_place_and_nothing_else(spoiled_findings):
    found = {
        finding.code: {place.where for place in finding.places} for finding in spoiled_findings
    }
    assert found == SPOILED


def test_what_training_refuses_is_an_error(spoiled, spoiled_findings):
    with pytest.raises(UserError) as refused:
        open_dataset(str(spoiled))
    lines = set(re.findall(r"^(\w+\.txt:\d+):", str(refused.value), re.M))
    errors = [finding for finding in spoiled_findings if finding.level == "error"]
    places = {place.where for finding in errors for place in finding.places}
    assert lines <= places
    assert places - lines == {"Train.txt:53"}  # of two classes at once, which no network can learn


def test_places_say_what_is_there(spoiled_findings):
    places = {place.where: place.what for finding in spoiled_findings for place in finding.places}
    assert places["Train.txt:38"] == "c0/empty.png: the file is empty"
    assert places["Train.txt:39"] == "c0/truncated.jpg: the JPEG is truncated"
    assert places["Train.txt:41"] == "c0/png.jpg: is PNG"
    assert places["Train.txt:49"] == "c0/long.png: 600 × 120"
    assert places["Train.txt:53"] == "c1/copy_of_c0.png: as Train.txt:1 c0/000.png (dog, not cat)"
    assert places["Train.txt:59"] == "c0/004.png: as on line 5"
    assert places["label 3"] == "owl (1 to evaluate on)"
    mirrored = "c0/mirrored_larger.jpg: as Train.txt:10 c0/009.png, similarity "
    assert re.fullmatch(re.escape(mirrored) + r"0\.9\d mirrored", places["Eval.txt:12"])


def test_the_report_fits_a_terminal(survey, spoiled_findings):
    lines = as_text(survey, spoiled_findings, 80).splitlines()
    assert max(map(len, lines)) <= 80
    levels = [line.split(":")[0] for line in lines if line.split(":")[0] in LEVELS]
    assert levels == sorted(levels, key=LEVELS.index)
    assert lines[-1] == "training would not start: 5 errors, 17 warnings, 8 notes"
    assert "      3  owl        0      1" in lines


def test_a_long_name_of_the_data_is_broken(survey):
    named = Survey(survey.found._replace(name="photos " + "of many flowers " * 9 + "a" * 90))
    lines = as_text(named, []).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("photos of many flowers")


def test_a_long_path_is_broken_on_a_terminal_and_whole_in_a_file(survey):
    path = f"photos/{'a' * 60}/{'b' * 90}.jpg"
    findings = [Finding("note", "turned", "1 image", "fine", [Place(path, "as another one")])]
    assert f"\n    {path}  as another one\n" in as_text(survey, findings)
    lines = as_text(survey, findings, 80).splitlines()
    broken = lines[lines.index("note: 1 image [turned]") + 1 : lines.index("  -> fine")]
    assert "".join(map(str.strip, broken)).replace(" ", "") == f"{path}asanotherone"
    assert max(map(len, lines)) <= 80


def test_json_has_all_with_keys_that_stay(survey, spoiled_findings):
    content = json.loads(json.dumps(as_dict(survey, spoiled_findings)))
    assert list(content) == [
        "format", "exit_code", "name", "images", "distinct", "readable", "classes", "sizes",
        "formats", "thresholds", "findings", "twins",
    ]  # fmt: skip
    assert (content["format"], content["exit_code"]) == (1, 2)
    assert content["images"] == {"train": 60, "eval": 19, "test": 0}
    assert content["classes"][3] == {"label": 3, "name": "owl", "train": 0, "eval": 1, "test": 0}
    assert content["sizes"]["largest"] == [6000, 4000]
    assert content["sizes"]["most_frequent"] == [160, 128]
    assert content["formats"]["WEBP"] == 1
    by_code = {finding["code"]: finding for finding in content["findings"]}
    assert {place["where"] for place in by_code["lists"]["places"]} == SPOILED["lists"]
    assert by_code["lists"]["places"][0].keys() == {"where", "what"}
    assert {"code": "leak", "first": "c0/007.png", "second": "c0/same_pixels.bmp",
            "correlation": 1.0, "mirrored": False} in content["twins"]  # fmt: skip


def test_the_page_has_a_line_for_each_code_that_says_what_the_tool_says(spoiled_findings):
    rows = re.findall(r"^\| (\w+) \| `([\w-]+)` \| (.*?) \|", PAGE.read_text("utf-8"), re.M)
    page = {code: (level, message) for level, code, message in rows}
    said = {finding.code: (finding.level, finding.message) for finding in spoiled_findings}
    assert {code: page[code] for code in said} == said
    codes = {*FINDINGS, "one-class", "labels-start", "label-gap", "alike-names", "other-folder"}
    unsaid = {"labels-start", "alike-names", "other-folder", "no-eval", "one-class", "all-small"}
    assert set(page) == codes == {*said, *unsaid, "nested"}


def test_the_exit_code_is_that_of_the_worst_finding(tmp_path, spoiled, check):
    good = write_dataset(tmp_path / "good", train=10)
    code, out = check(good, "--image-size", "64")
    assert code == 0
    assert "\nnothing stops training; nothing to report\n\nnext: python " in out
    shutil.copy(good / "Images/class0/train_000.png", good / "Images/class0/train_001.png")
    code, out = check(good, "--json", "-", "--image-size", "64")
    assert code == 1
    assert [finding["code"] for finding in json.loads(out)["findings"]] == ["same-in-train"]
    code, out = check(spoiled, "--json", tmp_path / "report.json")
    assert code == 2
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["exit_code"] == 2
    assert "error: 3 images unreadable [unreadable]" in out


@pytest.mark.slow
def test_the_drawn_sample_is_clean(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert findings_of("sample") == {}


def test_real_photographs_are_clean_but_for_two_known_pairs(test_data):
    found = findings_of(test_data / "photos16")
    assert [place.where for place in found.pop("near-same-in-train").places] == [
        "Train.txt:71", "Train.txt:667",
    ]  # fmt: skip
    assert found == {}


def write_list(folder: Path, lines: str, mode: str = "RGB") -> dict:
    """The findings on a list whose images are scenes of their own, in this mode."""
    for number, line in enumerate(lines.splitlines()):
        Image.fromarray(scene(number)).convert(mode).save(folder / line.split()[0])
    (folder / "all.txt").write_text(lines)
    return findings_of(folder / "all.txt")


def test_repeated_lines_name_the_first(tmp_path):
    places = write_list(tmp_path, "a.png 0\n./a.png 0\nb.png 1\na.png 0\n")
    wanted = [("all.txt:2", "./a.png: as on line 1"), ("all.txt:4", "a.png: as on line 1")]
    assert places["repeated-in-train"].places == wanted


def test_labels_that_begin_at_one_and_skip_a_number_are_reported(tmp_path):
    lines = "".join(f"{number}.png {label}\n" for number, label in enumerate([1, 2, 4] * 10))
    found = write_list(tmp_path, lines)
    assert set(found) == {"labels-start", "label-gap", "no-eval"}
    assert found["labels-start"].message == "labels begin at 1, not at 0"
    command = f"perl -i.bak -pe 's/(\\d+)(\\s*)$/($1-1).$2/e' {tmp_path}/all.txt"
    printed = as_text(Survey(find_dataset(str(tmp_path / "all.txt"))), [found["labels-start"]])
    assert f"\n     {command}\n" in printed  # in one piece
    assert [place.where for place in found["label-gap"].places] == ["label 3"]


def test_one_class_is_an_error_and_odd_names_are_warnings(tmp_path):
    found = write_list(tmp_path, "".join(f"{number}.png 0\n" for number in range(10)))
    assert (found["one-class"].level, found["one-class"].message) == (
        "error", "all 10 training images are of one class, 0",
    )  # fmt: skip
    (tmp_path / "pets_label_list.txt").write_text("dog\nCat\ncat\n")
    for name in ("cat", "dog", "cow"):
        (tmp_path / name).mkdir()
    found = write_list(tmp_path, "cat/1.png 0\ndog/1.png 1\ncow/1.png 2\n")
    assert found["alike-names"].places == [("label 1", "Cat"), ("label 2", "cat")]
    assert found["other-folder"].places == [("label 0", "dog in cat/"), ("label 1", "Cat in dog/")]
    assert found["other-folder"].level == "warning"


def test_where_all_are_grey_that_is_nothing_odd(tmp_path):
    lines = "".join(f"{number}.png {number % 2}\n" for number in range(20))
    assert set(write_list(tmp_path, lines, "L")) == {"no-eval"}


def test_images_that_are_all_small_are_a_note_one_of_them_a_warning(tmp_path):
    survey = Survey(find_dataset(str(write_dataset(tmp_path / "small", train=10))))
    (note,) = findings(survey, 224)
    assert (note.level, note.code) == ("note", "all-small")
    assert note.message == "42 images enlarged more than 2 times to 224 × 224"
    assert exit_code([note]) == 0


def test_a_set_without_a_readable_image_is_still_reported_on(tmp_path):
    (tmp_path / "Train.txt").write_text("a.png 0\nb.png 1\n")
    (tmp_path / "Eval.txt").write_text("c.png 0\nd.png one\n")
    survey = Survey(find_dataset(str(tmp_path)))
    found = {each.code: each for each in findings(survey, 64)}
    assert {"lists", "missing", "few-images", "not-evaluated"} == set(found)
    assert "error: 3 images not there [missing]" in as_text(survey, list(found.values()))
    assert as_dict(survey, [])["sizes"] == {}


def test_in_a_published_split_shared_images_are_warnings():
    images = [scene(number) for number in range(30)]
    train = [Sample("a.tar", f"train/{n}", n % 2, 0, image) for n, image in enumerate(images)]
    eval_ = [Sample("a.tar", f"test/{n}", label, 0, images[n]) for n, label in enumerate((0, 0))]
    found = Found("a", train, eval_, ["x", "y"], ("a", "a"), [], published=True)
    got = {each.code: each for each in findings(Survey(found), 64)}
    assert {code: each.level for code, each in got.items()} == {
        "leak": "warning", "other-label": "warning", "not-evaluated": "warning",
    }  # fmt: skip
    assert got["leak"].places == [("test/0", "as train/0")]
    assert got["other-label"].places == [("test/1", "as train/1 (x, not y)")]


def test_a_leak_that_training_refuses_is_an_error_whatever_else_has_these_pixels(tmp_path):
    lists = {"Train.txt": "a.png 0\nb.bmp 0\nc.png 1\n", "Eval.txt": "d.bmp 0\ne.png 1\n"}
    for name, text in lists.items():
        (tmp_path / name).write_text(text)
    for name, number in (("a.png", 0), ("b.bmp", 0), ("c.png", 1), ("e.png", 2)):
        Image.fromarray(scene(number)).save(tmp_path / name)
    shutil.copy(tmp_path / "b.bmp", tmp_path / "d.bmp")
    found = findings_of(tmp_path)
    assert found["leak-file"].places == [("Eval.txt:1", "d.bmp: as Train.txt:2 b.bmp")]
    assert found["same-in-train"].places == [("Train.txt:2", "b.bmp: as Train.txt:1 a.png")]
    with pytest.raises(
        UserError, match=r"Eval\.txt:1: d\.bmp is the same image as b\.bmp on line 2"
    ):
        open_dataset(str(tmp_path))


def test_a_sheet_a_class_and_one_of_duplicates_are_drawn(tmp_path, survey):
    files = write_montages(survey, tmp_path)
    assert [file.name for file in files] == [
        "000_cat.png", "001_dog.png", "002_cow.png", "003_owl.png", "004_elk.png",
        "duplicates.png",
    ]  # fmt: skip
    for file in files:
        with Image.open(file) as sheet:
            assert np.asarray(sheet.convert("RGB")).std() > 20
            assert sheet.width < 1000


def test_a_sheet_has_chinese_names_in_a_font_that_has_them(tmp_path, monkeypatch):
    cells = [Cell([Image.new("RGB", (112, 112))], ["eval 玫瑰.png"])]
    font = write_font(tmp_path / "a.ttf", "Chinese of a test", "eval.png 0123:o玫瑰")
    sheets = []
    for installed, title in (([font], "0 玫瑰"), ([font], "0 瑰玫"), ([], "0 玫瑰"), ([], "0 ??")):
        monkeypatch.setattr(fonts, "_installed", lambda installed=installed: installed)
        sheets.append(np.asarray(sheet(cells, title, 8))[:30])
    squares, same, unknown, marks = sheets
    assert np.array_equal(squares, same)  # all letters of that font are squares
    assert np.array_equal(unknown, marks)
    assert (squares < 128).sum() > (unknown < 128).sum()


@pytest.mark.parametrize("shape", [(1, 500, 3), (3, 1, 3), (300, 200, 3)])
def test_a_picture_of_any_shape_fits_its_square(shape):
    framed = np.asarray(_framed(np.zeros(shape, np.uint8)))
    rows, columns = np.nonzero(framed.max(axis=2) == 0)
    size = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert framed.shape == (112, 112, 3)
    assert size == tuple(max(1, round(112 * side / max(shape))) for side in shape[:2])


def test_of_a_large_class_an_even_choice_is_drawn(tmp_path):
    sheets = write_montages(
        Survey(find_dataset(str(write_dataset(tmp_path / "d", 2, 70, 30)))), tmp_path
    )
    with Image.open(sheets[0]) as sheet:
        assert sheet.height == 32 + MAX_IMAGES // 8 * (112 + 13 + 2 + 8)


@pytest.mark.parametrize("kind", ["plain", "kind", "list", "csv"])
def test_what_split_writes_trains_as_it_is_near_duplicates_on_one_side(
    tmp_path, classes, check, kind
):
    names = ["ant hill", "bee"]
    paths = {file.relative_to(classes).as_posix() for file in classes.rglob("*.jpg")}
    folders = {path: path.split("/")[0] for path in sorted(paths)}
    data, target, root = f"folder:{classes}" if kind == "kind" else str(classes), classes, None
    if kind == "list":
        data = classes / "all.txt"
        data.write_text("".join(f"{path} {names.index(folders[path])}\n" for path in folders))
    if kind == "csv":
        data, target, root = classes / "all.csv", tmp_path / "lists", classes
        data.write_text("path,label\n" + "".join(f"{path},{folders[path]}\n" for path in folders))
    code, out = check(data, "--split", 0.75, "--seed", 1, "--image-size", 64, "--out", target)
    assert code == 0, out
    assert f"{target}: 30 images in Train.txt, 10 in Eval.txt" in out
    assert "2 duplicates and near duplicates follow their originals" in out
    command = f"next: python {ROOT}/tools/train.py --data {target}" + (
        f" --image-root {root}" if root else ""
    )
    assert out.splitlines()[-1] == f"{command} --recipe {next_command.recipe()}"
    made = open_dataset(target, image_root=root)
    assert made.class_names == names
    train, held = ({sample.path for sample in part} for part in (made.train, made.eval))
    assert train | held == paths
    assert not train & held
    assert [sum(s.label == 0 for s in side) for side in (made.train, made.eval)] == [18, 6]
    for name in names:
        assert len({f"{name}/00.jpg", f"{name}/01.jpg"} & train) != 1


def test_without_duplicates_split_takes_what_holdout_takes(classes, check):
    for name in ("ant hill", "bee"):
        (classes / name / "00.jpg").unlink()
    code, _ = check(classes, "--split", 0.7, "--seed", 5, "--image-size", 64)
    assert code == 0
    made = open_dataset(str(classes))
    held = select(open_dataset(f"folder:{classes}"), holdout=0.3, seed=5)
    for ours, theirs in ((made.train, held.train), (made.eval, held.eval)):
        assert [(s.path, s.label) for s in ours] == [(s.path, s.label) for s in theirs]


def test_a_class_file_beside_a_list_keeps_its_names(classes, check):
    (classes / "label_list.txt").write_text("0 Formica\n1 Apis\n")
    lines = [f"bee/{n:02}.jpg 1\nant hill/{n:02}.jpg 0\n" for n in range(1, 16)]
    (classes / "all.txt").write_text("".join(lines))
    code, _ = check(classes / "all.txt", "--split", 0.5, "--image-size", 64)
    assert code == 0
    assert open_dataset(str(classes)).class_names == ["Formica", "Apis"]
    assert not (classes / "labels.txt").exists()


@pytest.fixture
def damaged(classes) -> Path:
    """The class folders with a fault of each kind in the class of bees, and an empty class."""
    bees = classes / "bee"
    (bees / "03.jpg").write_bytes(b"")
    (bees / "04.jpg").rename(bees / "a\\b.jpg")
    (bees / "notes.txt").write_text("x")
    shutil.copy(classes / "ant hill" / "05.jpg", bees / "ant.jpg")
    (classes / "cow").mkdir()
    return classes


def test_the_refusal_of_faulty_class_folders_names_the_command_that_goes_on(
    damaged, tmp_path, monkeypatch, check
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["tools/train.py"])
    with pytest.raises(UserError) as refused:
        open_dataset("photos")
    command = "python tools/check.py photos --lists photos-lists"
    assert str(refused.value).endswith(f"Or write lists without them: {command}")
    code, out = check(*command.split()[2:], "--image-size", 64)
    assert code == 1
    assert out.splitlines()[-3:] == [
        "photos-lists: 37 images in Train.txt",
        "6 left out: 2 faults in lists or folders, 2 the same as one of another class, "
        "1 unreadable or not there, 1 with a name that no list can hold",
        f"next: python {ROOT}/tools/train.py --data photos-lists/Train.txt --image-root photos "
        f"--holdout 0.25 --recipe {next_command.recipe()}",
    ]
    made = open_dataset("photos-lists/Train.txt", image_root="photos")
    assert made.class_names == ["ant hill", "bee"]
    assert {s.path for s in made.train} == {
        f.relative_to(damaged).as_posix()
        for f in damaged.rglob("[0-9]*.jpg")
        if f.parts[-2:] not in {("bee", "03.jpg"), ("ant hill", "05.jpg")}
    }


def test_split_leaves_faulty_files_out_too(damaged, tmp_path, check):
    code, out = check(damaged, "--split", 0.75, "--out", tmp_path / "lists", "--image-size", 64)
    assert code == 1
    assert f"{tmp_path}/lists: 28 images in Train.txt, 9 in Eval.txt" in out
    assert "\n6 left out: " in out
    made = open_dataset(tmp_path / "lists", image_root=damaged)
    assert (len(made.train), len(made.eval)) == (28, 9)


def test_lists_of_parts_and_of_lists_have_what_training_takes(tmp_path, check):
    for number, path in enumerate(
        ["train/a/1.png", "train/b/2.png", "test/a/3.png", "test/b/4.png", "test/dgo/5.png"]
    ):
        (tmp_path / "pets" / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(scene(number)).save(tmp_path / "pets" / path)
    shutil.copy(tmp_path / "pets" / "train/a/1.png", tmp_path / "pets" / "test/a/copy.png")
    assert check(tmp_path / "pets", "--lists", tmp_path / "out", "--image-size", 64)[0] == 1
    made = open_dataset(tmp_path / "out", image_root=tmp_path / "pets")
    assert [s.path for s in made.train] == ["train/a/1.png", "train/b/2.png"]
    assert [s.path for s in made.eval] == ["test/a/3.png", "test/b/4.png"]
    lists = tmp_path / "lists"
    lists.mkdir()
    for number in range(5):
        Image.fromarray(scene(number)).save(lists / f"{number}.png")
    (lists / "Train.txt").write_text("0.png 0\n1.png 1\n2.png one\n3.png 0\n3.png 1\ngone.png 1\n")
    (lists / "Eval.txt").write_text("4.png 0\n0.png 0\n")
    assert check(lists, "--lists", tmp_path / "out2", "--image-size", 64)[0] == 1
    assert (tmp_path / "out2" / "Train.txt").read_text() == "0.png 0\n1.png 1\n"
    assert (tmp_path / "out2" / "Eval.txt").read_text() == "4.png 0\n"


def test_folders_between_the_classes_and_their_images_are_reported(tmp_path):
    for number, path in enumerate(["pets/cat/1.png", "pets/dog/2.png", "flowers/rose/3.png"]):
        (tmp_path / path).parent.mkdir(parents=True)
        Image.fromarray(scene(number)).save(tmp_path / path)
    found = findings_of(tmp_path)["nested"]
    assert found.message == "all images lie in folders below those of the 2 classes"
    assert [place.what for place in found.places] == ["flowers (rose)", "pets (cat, dog)"]
    Image.fromarray(scene(4)).save(tmp_path / "pets" / "4.png")
    assert "nested" not in findings_of(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["photos", "--split", 0.75, "--out", "lists"], "lists holds Eval.txt; choose another"),
        (["photos", "--split", 0.75, "--out", "names"], "names/labels.txt does not name the"),
        (["photos", "--split", 75], "is not between 0 and 1"),
        (["photos", "--split", 0.999], "leaves nothing to evaluate on"),
        (["photos", "--split", 0.5, "--seed", -1], "--seed must be from 0 to 2**32 - 1, not -1"),
        (["photos", "--out", "names"], "--out is for the lists of --split alone; --lists names"),
        (["photos", "--lists", "lists"], "lists holds Eval.txt; choose another"),
        (
            ["photos", "--lists", "a", "--split", 0.75, "--out", "a"],
            "--lists names a folder itself",
        ),
        (["cifar10:cifar.tar.gz", "--lists", "a"], "no file"),
        (["void", "--lists", "a"], "no lists are written: void has no image to keep"),
        (["photos", "--image-size", 0], "--image-size must be from 1 to 8192"),
        (["empty"], "holds no class folder"),
        (["none"], "no folder none; --data takes"),
        (["split", "--split", 0.75], "split is split already: it has 1 image to evaluate or test"),
    ],
)
def test_nothing_is_overwritten_and_nothing_written_that_would_not_train(
    tmp_path, classes, monkeypatch, capsys, arguments, message
):
    for name in "ab":
        (tmp_path / "void" / name).mkdir(parents=True)
    write_dataset(tmp_path / "split", 1, 1, 1)
    (tmp_path / "empty").mkdir()
    for folder, name in (("lists", "Eval.txt"), ("names", "labels.txt")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text("mine")
    (classes / "all.csv").write_text("path,label\nbee/01.jpg,bee\n")
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert message in refusal("check.py", *arguments, monkeypatch=monkeypatch, capsys=capsys)
    assert sorted(tmp_path.rglob("*")) == before
