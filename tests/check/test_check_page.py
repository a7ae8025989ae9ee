"""The page of check: the terminal's words, with pictures, in one small file."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from english_left import english_left
from in_process import refusal, run_tool
from page_reader import Reader
from PIL import Image
from spoiled import SPOILED
from studio_pages import barriers

from paddle_aug.check import page
from paddle_aug.check.findings import duplicate_pairs, findings
from paddle_aug.check.survey import Survey
from paddle_aug.check.text import as_text
from paddle_aug.data.dataset import find_dataset
from paddle_aug.results import language

CHINESE_PAGE = Path(__file__).parent.parent.parent / "docs" / "zh" / "check.md"


@pytest.fixture(scope="module")
def file(survey, tmp_path_factory):
    file = tmp_path_factory.mktemp("page") / "check.html"
    page.write(survey, findings(survey, 224), file)
    return file


def test_the_page_has_each_finding_with_its_places_pairs_and_classes(file, survey):
    text = file.read_text(encoding="utf-8")
    assert len(text) < 3_000_000
    reader = Reader(text)
    found = findings(survey, 224)
    assert reader.texts["code"] == [finding.code for finding in found]
    assert set(reader.texts["code"]) == set(SPOILED)
    said = " ".join(reader.texts["main"][0].split())
    pairs = duplicate_pairs(survey)
    codes = {pair.code for pair in pairs}
    for finding in found:
        assert " ".join(finding.message.split()) in said
        assert finding.advice.splitlines()[0][1:] in said
        for where, what in finding.places if finding.code not in codes else ():
            assert f"{where} {what}".strip() in said
    boxes = [one for one in reader.found("li") if one.get("class") == "pair"]
    assert len(boxes) == len(pairs)
    assert reader.texts["p"][0].startswith("Training would not start: 5 errors, 17 warnings")
    assert "4 images are, exactly or nearly, in two lists" in reader.texts["p"][0]
    assert reader.texts["h2"] == ["Errors", "Warnings", "Notes", "Classes", "Images"]
    rows = [text.split() for text in reader.texts["tr"]]
    assert ["owl", "3", "0", "1"] in rows
    assert all(address.startswith(("data:image/", "#")) for address in reader.addresses)
    assert not {"link", "iframe"} & reader.texts.keys()


def test_the_pictures_are_those_of_the_files_named(file, spoiled):
    reader = Reader(file.read_text(encoding="utf-8"))
    pictures = dict(zip((one["alt"] for one in reader.images), reader.pictures(), strict=True))
    small = np.asarray(
        Image.open(next(spoiled.rglob("c0/007.png"))).convert("RGB").resize((128, 102))
    )
    assert np.abs(pictures["c0/007.png"].astype(int) - small).mean() < 12
    assert "c0/empty.png" not in pictures


def test_thumbnails_that_find_no_room_are_counted(survey, tmp_path, monkeypatch):
    monkeypatch.setattr(page, "MAX_BYTES", 40_000)
    page.write(survey, findings(survey, 224), tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    reader = Reader(text)
    assert 0 < len({one["alt"] for one in reader.images}) < 20
    assert sum(len(one["src"]) for one in reader.images) <= 40_000
    assert "images left out, as a page has at most 3 MB" in text


def test_the_answer_names_a_finding_that_is_the_only_one(survey, tmp_path):
    (note,) = (one for one in findings(survey, 224) if one.code == "grey")
    page.write(survey, [note], tmp_path / "a.html")
    answer = Reader((tmp_path / "a.html").read_text(encoding="utf-8")).texts["p"][0]
    assert answer.startswith(f"Nothing stops training; 1 note: {note.message}. ")


def test_a_picture_of_every_class_comes_before_a_second_of_any(photos, tmp_path, monkeypatch):
    survey = Survey(find_dataset(str(photos)))
    size = max(len(page.thumbnail(image.sample).address) for image in survey.images)
    monkeypatch.setattr(page, "MAX_BYTES", 3 * size)
    page.write(survey, [], tmp_path / "a.html")
    summaries = Reader((tmp_path / "a.html").read_text(encoding="utf-8")).texts["summary"]
    assert [text.split(" (")[0] for text in summaries] == survey.found.class_names
    assert len(summaries) == 3


def test_classes_that_the_table_lacks_are_counted(survey, tmp_path, monkeypatch):
    monkeypatch.setattr(page, "MAX_CLASSES", 3)
    page.write(survey, [], tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    rows = [head for head in Reader(text).found("th") if head["scope"] == "row"]
    assert len(rows) == 3
    assert f"… and {len(page.class_table(survey)[1]) - 3} more (--json has all)" in text


def test_no_english_is_left_in_a_chinese_report(survey, tmp_path):
    documented = CHINESE_PAGE.read_text(encoding="utf-8")
    with language.used("zh"):
        found = findings(survey, 224)
        assert all(f"| `{one.code}` | {one.message} |" in documented for one in found)
        # Why a line or a file is faulty is a message of training, which is English.
        found = [
            one._replace(places=[]) if one.code in ("lists", "unreadable") else one for one in found
        ]
        page.write(survey, found, tmp_path / "a.html")
        printed = as_text(survey, found)
    names = {"spoiled", "EXIF", "CMYK", "JPEG", "WEBP", "export"}
    assert english_left((tmp_path / "a.html").read_text(encoding="utf-8")) <= names
    assert english_left(re.sub(r"\[[a-z-]+\]", "", printed)) <= names
    assert "错误：3 张图片无法读取 [unreadable]\n" in printed
    assert "\n训练不会开始：5 个错误、17 个警告、8 个提示\n" in printed


def test_a_chinese_report_has_json_in_english(photos, tmp_path, monkeypatch, capsys):
    file = tmp_path / "a.json"
    with language.used("en"):
        run_tool("check.py", photos, "--lang", "zh", "--json", file, monkeypatch=monkeypatch)
    assert "警告" in capsys.readouterr().out
    content = file.read_text(encoding="utf-8")
    assert json.loads(content)["findings"]
    assert not re.search(r"[\u4e00-\u9fff]", content)


def test_the_tool_writes_it_and_a_file_that_cannot_be_written_is_refused(
    photos, tmp_path, monkeypatch, capsys
):
    out = tmp_path / "a.html"
    assert run_tool("check.py", photos, "--html", out, monkeypatch=monkeypatch) == 1
    assert f"wrote {out}\n" in capsys.readouterr().out
    monkeypatch.setattr("paddle_aug.commands.check.Survey", None)  # it is not begun
    for option, file in (("--html", out / "b.html"), ("--json", tmp_path)):
        said = refusal("check.py", photos, option, file, monkeypatch=monkeypatch, capsys=capsys)
        assert f"cannot write {option} {file}: " in said


@pytest.mark.slow
def test_the_page_has_no_barriers_and_no_sideways_scrolling(file, visit, axe):
    for width, dark in ((1280, False), (1280, True), (390, False), (390, True)):
        opened = visit(f"file://{file}", width=width, dark=dark)
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        assert barriers(opened, axe) == []
    opened.get_by_role("button", name="train").focus()
    opened.keyboard.press("Enter")
    assert opened.locator("tbody th").first.inner_text() == "owl"
