"""Pages of previews: one file that needs no other, whose pictures are those of the cells."""

import base64
import re
from io import BytesIO

import numpy as np
import pytest
from english_left import english_left
from in_process import run_tool
from made_data import write_dataset
from page_reader import Reader
from PIL import Image

from paddle_aug.data.dataset import open_dataset
from paddle_aug.data.image import read_sample
from paddle_aug.errors import UserError
from paddle_aug.preview.page import fitting, page, write_page
from paddle_aug.preview.preview import Cell, Section
from paddle_aug.results import language
from paddle_aug.rng import generator


def words(text):
    return " ".join(text.split())


@pytest.fixture
def noise():
    rng = generator(0, "drawing")
    return [rng.integers(0, 256, (8, 6, 3)).astype(np.uint8) for _ in range(3)]


def of_original(text):
    """The picture of the first original, which is a background."""
    found = re.search(r"\.original-0 \{ background-image: url\(data:[^,]+,([^)]+)\)", text)
    return np.asarray(Image.open(BytesIO(base64.b64decode(found[1]))))


def test_the_pictures_are_those_of_the_cells_pixel_by_pixel(noise):
    cells = [Cell(image, f"epoch {n}", f"rotate {n}°") for n, image in enumerate(noise)]
    text = page([Section("", "a.png", cells)], "rotate", exact=True)
    reader = Reader(text)
    assert (of_original(text) == noise[0]).all()
    for picture, image in zip(reader.pictures(), noise[1:], strict=True):
        assert (picture == image).all()
    assert [words(text) for text in reader.texts["button"]][:2] == ["rotate 1°", "rotate 2°"]
    assert [words(text) for text in reader.texts["th"]] == [
        "original",
        "epoch 1",
        "epoch 2",
        "a.png",
    ]
    assert "h2" not in reader.texts
    assert "nav" not in reader.texts


def test_large_pictures_are_jpeg_unless_they_are_to_be_exact(noise):
    smooth = np.kron(noise[0], np.ones((32, 32, 1), np.uint8))
    sections = [Section("", "a.png", [Cell(smooth, "")])]
    (rough,) = Reader(page(sections, "", original=False)).pictures()
    assert 0 < np.abs(rough.astype(int) - smooth).mean() < 4
    (same,) = Reader(page(sections, "", original=False, exact=True)).pictures()
    assert (same == smooth).all()


def test_each_title_has_one_heading_and_the_images_below_it(noise):
    cells = [Cell(noise[0], "", "original"), Cell(noise[1], "", "yes")]
    sections = [
        Section(title, image, cells, f"about `{title}`")
        for title in ("hflip", "vflip")
        for image in ("a/1.png", "b.png")
    ]
    reader = Reader(page(sections, "ops", ["seed 0"]))
    assert reader.texts["h2"] == ["hflip", "vflip"]
    heads = ["original", "draw 1 yes", "a/1.png", "b.png"]  # what all images share stands once
    assert [words(text) for text in reader.texts["th"]] == heads * 2
    assert reader.texts["p"][2:4] == ["about hflip", "about vflip"]
    assert "seed 0" in [words(text) for text in reader.texts["li"]]
    assert [image["alt"] for image in reader.images] == [
        f"{image}, {title}" for title in ("hflip", "vflip") for image in ("a/1.png", "b.png")
    ]
    assert reader.found("table")[0]["class"] == "photos told"
    assert reader.ids("input") == ["filter"]


def test_parameters_that_differ_between_images_stand_below_each_picture(noise):
    sections = [
        Section("noise", image, [Cell(noise[0], ""), Cell(noise[1], "", f"sigma {image}")])
        for image in ("a.png", "b.png")
    ]
    reader = Reader(page(sections, "ops"))
    assert [words(text) for text in reader.texts["th"]] == ["original", "draw 1", "a.png", "b.png"]
    assert reader.found("table")[0]["class"] == "photos"
    assert reader.ids("input") == ["filter", "parameters"]


def test_modes_are_columns_of_a_row_for_each_image(noise):
    cells = [Cell(noise[0], "original"), Cell(noise[1], "epoch 1"), Cell(noise[2], "epoch 2")]
    modes = {"b": "#cc3311", "a": "#0072b2"}
    sections = [Section(mode, image, cells) for mode in modes for image in ("1.png", "2.png")]
    reader = Reader(page(sections, "b, a", modes=modes))
    assert [words(text) for text in reader.texts["th"]] == ["original", "b", "a", "1.png", "2.png"]
    assert [image["alt"] for image in reader.images] == [
        f"{image}, {mode}, epoch {epoch}"
        for image in ("1.png", "2.png") for mode in modes for epoch in (1, 2)
    ]  # fmt: skip
    assert [column["data-mode"] for column in reader.found("td")] == ["0", "1"] * 2


def test_a_page_of_more_than_3_mb_takes_worse_pictures_and_then_fewer_images():
    rough = generator(0, "drawing").integers(0, 256, (224, 224, 3)).astype(np.uint8)

    def sections(images):
        return [Section("", f"{n}.png", [Cell(rough, "")]) for n in range(images)]

    assert len(fitting([[rough]] * 2, False)[0][0]) > len(fitting([[rough]] * 24, False)[0][0])
    text = page(sections(99), "", original=False)
    shown = len(Reader(text).images)
    assert 20 < shown < 99
    assert f"{99 - shown} images left out, as a page has at most 3 MB" in text
    assert 2_500_000 < len(text) < 3_000_000
    with pytest.raises(UserError, match=r"one image have .* MB, and a page has at most 3 MB"):
        page([Section("", "a.png", [Cell(rough, "")] * 99)], "")


def test_a_page_of_very_many_small_pictures_stays_below_3_mb():
    rough = generator(0, "drawing").integers(0, 256, (24, 24, 3)).astype(np.uint8)
    sections = [
        Section("", f"class1/train_{n:03}.png", [Cell(rough, "", f"rotate {n}° · noise 5" * 8)] * 6)
        for n in range(300)
    ]
    text = page(sections, "userDef")
    assert 2_000_000 < len(text.encode()) < 3_000_000
    assert "images left out" in text


def test_whatever_stands_in_names_is_text(noise, tmp_path):
    nasty = "a <script>alert('&amp;')</script> \udcff\".png"
    cell = Cell(noise[0], nasty, f"mixup 3% {nasty}")
    sections = [Section(nasty, nasty, [cell]), Section("b", nasty, [cell])]
    write_page(tmp_path / "a.html", sections, nasty, facts=[nasty], original=False)
    reader = Reader((tmp_path / "a.html").read_text(encoding="utf-8"))
    shown = nasty.encode(errors="replace").decode()
    assert not any("alert(" in text for text in reader.texts["script"])
    assert reader.texts["h1"] == reader.texts["title"] == [shown]
    assert words(reader.texts["button"][0]) == words(f"mixup 3% {shown}")


def test_a_page_that_cannot_be_written_is_refused(noise, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot write --html .*a\.html: "):
        write_page(tmp_path / "file" / "a.html", [Section("", "", [Cell(noise[0], "")] * 2)], "")


@pytest.mark.parametrize(
    ("arguments", "images", "pictures"),
    [
        (["userDef"], 6, 30),
        (["hflip", "--images", "2", "--columns", "3"], 2, 4),
        (["hflip,vflip", "--index", "5"], 1, 6),
        (["--ops", "hflip|rotate(20)"], 3, 24),
        (["--sweep", "noise|rotate"], 3, 30),
    ],
)
def test_the_tool_writes_a_page_that_needs_no_other_file(
    tmp_path, monkeypatch, capsys, arguments, images, pictures
):
    data = write_dataset(tmp_path / "a&b<c", classes=7)
    out = tmp_path / "page.html"
    options = [*arguments, "--data", data, "--image-size", 32, "--html", out]
    assert run_tool("preview.py", *options, monkeypatch=monkeypatch) == 0
    assert capsys.readouterr().out == f"wrote {out}\n"
    text = out.read_text(encoding="utf-8")
    reader = Reader(text)
    rows = [head for head in reader.found("th") if head["scope"] == "row"]
    assert len(rows) == images * len(reader.found("table"))
    assert len(reader.images) == pictures
    assert all(address.startswith(("data:image/", "#c")) for address in reader.addresses)
    assert "@import" not in text
    assert "url(" not in text.replace("url(data:", "")
    samples = open_dataset(str(data)).train
    name = reader.images[0]["alt"].split(",")[0]
    shown = next(sample for sample in samples if sample.path == name)
    assert (of_original(text) == read_sample(shown, 32, "linear")).all()  # as the recipe aistudio
    if arguments[0] == "--sweep":
        assert reader.texts["h1"] == ["2 operations, weak to strong"]
        assert "its sigma up to max_sigma grey levels" in reader.texts["p"][2]
    assert any("a&b<c" in fact for fact in reader.texts["li"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["none,hflip"],
        ["hflip", "--columns", "3", "--no-original", "--no-stretch"],
        ["--ops", "hflip|rotate"],
        ["hflip+mixup,hflip+cutmix", "--images", "2"],
    ],
)
def test_no_english_is_left_in_a_chinese_preview(tmp_path, monkeypatch, capsys, arguments):
    data = write_dataset(tmp_path / "data", classes=2)
    out = tmp_path / "page.html"
    options = [*arguments, "--data", data, "--image-size", 32, "--html", out, "--lang", "zh"]
    with language.used("en"):
        assert run_tool("preview.py", *options, monkeypatch=monkeypatch) == 0
    text = out.read_text(encoding="utf-8").replace(str(data), "数据")
    assert '<html lang="zh-CN">' in text
    ops = {"HorizontalFlip", "Rotate", "degrees", "exact", "False", "mixup", "cutmix"}
    assert english_left(text) <= ops
