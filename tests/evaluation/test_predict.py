"""Predictions: which images, which classes, and that they are those of an evaluation."""

import csv
import io
import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from in_process import refusal, run_tool

from paddle_aug.errors import UserError
from paddle_aug.evaluation.predict import find_images
from paddle_aug.evaluation.sort_images import sort_images


@pytest.fixture
def predict(weights, monkeypatch, capsys):
    """Run the tool: exit code, output and errors."""

    def run(*arguments):
        code = run_tool("predict.py", weights, *arguments, monkeypatch=monkeypatch)
        return code, *capsys.readouterr()

    return run


def test_predictions_of_the_eval_images_have_the_accuracy_of_the_evaluation(
    predict, weights, photos, tmp_path, monkeypatch, capsys
):
    images = sorted((photos / "Images").rglob("eval_*.png"), reverse=True)  # in another order
    for tta in ([], ["--tta", "userDef", "--tta-draws", "2"]):
        code, out, _ = predict(*images, *tta)
        assert code == 0
        options = ("--json", "--out", tmp_path, *tta)
        run_tool("evaluate.py", weights, *options, monkeypatch=monkeypatch)
        facts = json.loads(capsys.readouterr().out)
        predictions = {path: fields for path, *fields in map(str.split, out.splitlines())}
        right = [predicted in path for path, (predicted, _) in predictions.items()]
        assert sum(right) == facts["correct"]
        for mistake in facts["mistakes"]:
            predicted, probability = predictions[str(photos / "Images" / mistake["path"])]
            assert predicted == mistake["predicted"]
            assert float(probability) == pytest.approx(mistake["probability"], abs=1e-4)


def test_a_line_is_path_class_and_probability(predict, photos):
    path = photos / "Images" / "class1" / "eval_000.png"
    code, out, err = predict(path, "--top", 3)
    assert (code, err) == (0, "")
    fields = [line.split("\t") for line in out.splitlines()]
    assert [field[0] for field in fields] == [str(path)] * 3
    assert sorted(field[1] for field in fields) == ["class0", "class1", "class2"]
    shares = [float(field[2]) for field in fields]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1, abs=2e-4)


def test_csv_and_json_have_what_the_lines_have(predict, photos, tmp_path):
    folder = photos / "Images" / "class2"
    _, out, _ = predict(folder, "--top", 2)
    lines = [line.split("\t") for line in out.splitlines()]
    code, out, _ = predict(folder, "--top", 2, "--csv", "-")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert [[row["path"], row["class"]] for row in rows] == [field[:2] for field in lines]
    assert [row["rank"] for row in rows] == ["1", "2"] * 12
    code, out, _ = predict(folder, "--top", 2, "--json", tmp_path / "a.json", "--csv", "-")
    content = json.loads((tmp_path / "a.json").read_text())
    assert [entry["path"] for entry in content] == [field[0] for field in lines[::2]]
    flat = [entry for image in content for entry in image["classes"]]
    for row, entry, field in zip(rows, flat, lines, strict=True):
        assert (entry["class"], entry["probability"]) == (row["class"], float(row["probability"]))
        assert float(field[2]) == pytest.approx(entry["probability"], abs=1e-4)


def test_bad_images_are_told_and_passed_over(predict, photos, tmp_path):
    good = photos / "Images" / "class0" / "eval_000.png"
    (tmp_path / "bad.jpg").write_bytes(b"no image")
    code, out, err = predict(tmp_path / "bad.jpg", good, tmp_path / "gone.png", tmp_path / "*.gif")
    assert code == 1
    assert [line.split("\t")[0] for line in out.splitlines()] == [str(good)]
    assert sorted(err.splitlines()) == [
        f"{tmp_path}/*.gif: no image found",
        f"{tmp_path}/bad.jpg: not a readable image "
        "(want JPEG, PNG, BMP, WebP, GIF, TIFF, PPM or PGM)",
        f"{tmp_path}/gone.png: no such file",
    ]
    code, out, _ = predict(tmp_path / "bad.jpg", "--json", "-")
    assert (code, json.loads(out)) == (1, [])


def test_a_name_that_is_not_utf8_stays_what_it_is(predict, photos, tmp_path):
    image = (photos / "Images" / "class0" / "eval_000.png").read_bytes()
    with open(f"{tmp_path}/\udcff.png".encode(errors="surrogateescape"), "wb") as file:
        file.write(image)
    code, _, _ = predict(tmp_path, "--csv", tmp_path / "a.csv")
    assert code == 0
    assert b"/\xff.png,1,class" in (tmp_path / "a.csv").read_bytes()


@pytest.mark.parametrize("encoding", ["gbk", "latin-1", "ascii"])
@pytest.mark.parametrize("options", [[], ["--csv", "-"], ["--json", "-"]], ids=str)
def test_a_terminal_of_any_encoding_is_written_to(
    weights, photos, tmp_path, monkeypatch, encoding, options
):
    image = (photos / "Images" / "class0" / "eval_000.png").read_bytes()
    name = f"{tmp_path}/cl\u0153ur \u56fe.png"
    Path(name).write_bytes(image)
    terminal = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(sys, "stdout", terminal)
    assert run_tool("predict.py", weights, tmp_path, *options, monkeypatch=monkeypatch) == 0
    printed = terminal.buffer.getvalue().decode(encoding)
    if options == ["--json", "-"]:
        assert [image["path"] for image in json.loads(printed)] == [name]
    else:
        assert "cl\\u0153ur " in printed


def test_names_are_escaped_where_a_person_reads_them_and_not_in_a_pipe(
    predict, photos, tmp_path, monkeypatch
):
    image = (photos / "Images" / "class0" / "eval_000.png").read_bytes()
    (tmp_path / "\x1b[2J.png").write_bytes(image)
    _, out, _ = predict(tmp_path, "--top", "1")
    assert out.startswith(f"{tmp_path}/\x1b[2J.png\tclass")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    _, out, _ = predict(tmp_path, "--top", "1")
    assert out.startswith(f"{tmp_path}/\\x1b[2J.png\tclass")


def test_folders_and_globs_are_searched_and_each_image_comes_once(photos, tmp_path):
    (tmp_path / "b" / ".hidden").mkdir(parents=True)
    for name in ("z.PNG", "b/a.jpg", "b/notes.txt", "b/.x.png", "b/.hidden/y.png", "[1].png"):
        (tmp_path / name).write_bytes(b"")
    root = str(tmp_path)

    def images_of(*arguments):
        samples, nothing, _ = find_images(list(arguments))
        return [sample.path.removeprefix(f"{root}/") for sample in samples], nothing

    assert images_of(root) == (["[1].png", "z.PNG", "b/a.jpg"], [])
    assert images_of(f"{root}/**/*.jpg", f"{root}/b") == (["b/a.jpg"], [])
    assert images_of(f"{root}/b*") == (["b/a.jpg"], [])
    assert images_of(f"{root}/b/notes.txt") == (["b/notes.txt"], []), "named, so it is meant"
    assert images_of(f"{root}/[1].png") == (["[1].png"], []), "a file, not a glob"
    assert images_of(f"{root}/b/.hidden") == (["b/.hidden/y.png"], [])
    assert images_of(f"{root}/*.gif") == ([], [f"{root}/*.gif: no image found"])


def test_what_is_passed_over_in_a_folder_is_said_in_a_line_and_links_are_followed(
    predict, photos, tmp_path
):
    image = photos / "Images" / "class0" / "eval_000.png"
    (tmp_path / "album").mkdir()
    for name in ("1.MOV", "2.mov", "a.psd", "notes.txt", ".DS_Store", "LICENSE"):
        (tmp_path / "album" / name).write_bytes(b"x")
    album = tmp_path / "album"
    code, _, err = predict(album)
    assert (code, err.splitlines()) == (2, [
        f"{album}: no image found",
        f"{album}: passed over 2 .mov, 1 .psd, 1 .txt, 1 without a suffix",
    ])  # fmt: skip
    (tmp_path / "linked").mkdir()
    shutil.copy(image, tmp_path / "linked" / "b.png")
    os.symlink(tmp_path / "linked", album / "link")
    os.symlink(album, album / "self")
    os.symlink("nowhere", album / "gone.png")
    code, out, err = predict(album)
    assert (code, [line.split("\t")[0] for line in out.splitlines()]) == (
        1,
        [f"{album}/link/b.png"],
    )
    assert sorted(err.splitlines()) == [
        f"{album}/gone.png: no such file",
        f"{album}: passed over 2 .mov, 1 .psd, 1 .txt, 1 without a suffix, {album}/self, which "
        "is a link to a folder that holds it",
    ]


def test_below_the_threshold_an_image_has_no_class_in_any_output(predict, photos, tmp_path):
    folder, out = photos / "Images" / "class2", tmp_path / "a.json"
    predict(folder, "--json", out)
    best = [(image["path"], *image["classes"][0].values()) for image in json.loads(out.read_text())]
    threshold = sorted(probability for *_, probability in best)[5]  # which the sixth reaches
    want = [(path, name if p >= threshold else None, p) for path, name, p in best]
    code, lines, err = predict(folder, "--threshold", repr(threshold))
    assert (code, err) == (
        0, f"5 of 12 images without a class: no probability reaches {threshold!r}\n"
    )  # fmt: skip
    assert lines.splitlines() == [f"{path}\t{name or '-'}\t{p:.4f}" for path, name, p in want]
    options = ("--threshold", repr(threshold), "--top", "2", "--json", out, "--csv", "-")
    _, table, _ = predict(folder, *options)
    images = json.loads(out.read_text())
    firsts = [(image["path"], *image["classes"][0].values()) for image in images]
    assert firsts == want
    assert [len(image["classes"]) for image in images] == [2 if name else 1 for _, name, _ in want]
    rows = [row for row in csv.DictReader(io.StringIO(table)) if row["rank"] == "1"]
    assert [(row["path"], row["class"] or None, float(row["probability"])) for row in rows] == want


def test_images_are_sorted_into_the_folders_of_their_classes(predict, photos, tmp_path):
    first, second = (photos / "Images" / "class2" / f"eval_00{n}.png" for n in (0, 1))
    for path, image in (("a/x.png", first), ("b/x.png", second), ("b/X.PNG", second)):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        shutil.copy(image, tmp_path / path)
    (tmp_path / "b" / "bad.png").write_bytes(b"")
    images = [tmp_path / "a", tmp_path / "b"]
    (tmp_path / "sorted").mkdir()
    options = ("--sort-into", tmp_path / "sorted", "--threshold")
    code, out, err = predict(*images, *options, 0)
    assert code == 1, "one image is bad"
    predicted = [line.split("\t")[1] for line in out.splitlines()]
    want = {
        ("x.png", predicted[0]): first,
        ("X.PNG" if predicted[1] != predicted[0] else "X-2.PNG", predicted[1]): second,
    }
    same = sum(name == predicted[2] for name in predicted[:2])
    want["x.png" if not same else f"x-{same + 1}.png", predicted[2]] = second
    copies = {(file.name, file.parent.name): file for file in (tmp_path / "sorted").rglob("*.*")}
    assert copies.keys() == want.keys()
    for place, image in want.items():
        assert copies[place].read_bytes() == image.read_bytes()
    for name in set(predicted):
        wrote = f"wrote {tmp_path}/sorted/{name}: {predicted.count(name)} image"
        assert wrote in err
    code, out, err = predict(*images, *options, 0)
    assert (code, out) == (2, "")
    assert (
        err == f"--sort-into {tmp_path}/sorted exists and is not an empty folder; name a new one\n"
    )
    shutil.rmtree(tmp_path / "sorted")
    predict(*images, *options, 1)
    (unknown,) = (tmp_path / "sorted").iterdir()
    assert unknown.name == "none_of_these"
    assert len([*unknown.iterdir()]) == 3


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (OSError(28, "No space left on device"), 2,
         "cannot write to --sort-into {}: No space left on device\n"),
        (KeyboardInterrupt(), 130, "stopped\n"),
    ],
)  # fmt: skip
def test_sorting_that_ends_early_leaves_nothing_behind(
    predict, photos, tmp_path, monkeypatch, error, code, message
):
    copy, copied = shutil.copy2, []

    def copy_two(source, target):
        if len(copied) == 2:
            raise error
        copied.append(copy(source, target))

    monkeypatch.setattr(shutil, "copy2", copy_two)
    into = tmp_path / "deep" / "sorted"
    ended, _, err = predict(photos / "Images" / "class0", "--sort-into", into)
    assert (ended, err) == (code, message.format(into))
    assert len(copied) == 2
    assert [*tmp_path.rglob("*")] == [into.parent]


def test_classes_whose_names_are_no_names_of_files_have_folders_of_their_own(tmp_path):
    (tmp_path / "a.png").touch()
    names = ["a/b", "a?b", "..", "none of these"]
    labels = [0, 1, 2, 3, None, 3]
    predicted = [(str(tmp_path / "a.png"), label) for label in labels]
    counts = sort_images(tmp_path / "out", names, predicted)
    folders = ["0_a_b", "1_a_b", "2_", "3_none_of_these", "4_none_of_these"]
    assert counts == dict(zip(folders, [1, 1, 1, 2, 1], strict=True))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == folders
    with pytest.raises(UserError, match="has appeared in the meantime"):
        sort_images(tmp_path / "out", names, predicted)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing/*.jpg"], "nothing/*.jpg: no image found"),
        (["a.png", "--top", 0], "--top must be at least 1, not 0"),
        (["a.png", "--csv", "-", "--json", "-"], "cannot both go to stdout"),
        (["a.png", "--threshold", "1.5"], "--threshold must be from 0 to 1, not 1.5"),
        (["a.png", "--threshold", "nan"], "--threshold must be from 0 to 1, not nan"),
        (["eval_000.png", "--sort-into", ".."], "--sort-into .. exists and is not an empty folder"),
        (["eval_000.png", "--sort-into", "eval_000.png"], "is not an empty folder; name a new one"),
        (["eval_000.png", "--sort-into", "/proc/none/a"], "cannot write to --sort-into"),
        (["a.png", "--tta-draws", 2], "--tta-draws needs --tta"),
        (["a.png", "--threads", 0], "--threads must be at least 1, not 0"),
        (["a.png", "--run", "none.json"], "has a description of its own"),
        (["eval_000.png", "--csv", "/proc/none/a.csv"], "cannot write --csv /proc/none/a.csv"),
    ],
)
def test_a_users_mistake_ends_with_one_message(
    weights, photos, arguments, message, monkeypatch, capsys
):
    monkeypatch.chdir(photos / "Images" / "class0")
    monkeypatch.setattr("paddle_aug.evaluation.predict.predictions", None)  # nothing is begun
    said = refusal("predict.py", weights, *arguments, monkeypatch=monkeypatch, capsys=capsys)
    assert message in said
