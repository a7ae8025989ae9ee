"""Pages of previews: one file that needs no other, whose pictures are those of the cells."""

import numpy as np
import pytest
from in_process import run_tool
from made_data import write_dataset
from page_reader import Reader

from paddle_aug.data.dataset import open_dataset
from paddle_aug.data.image import read_sample
from paddle_aug.errors import UserError
from paddle_aug.preview.page import page, write_page
from paddle_aug.preview.preview import Cell, Section
from paddle_aug.rng import generator


def words(text):
    return " ".join(text.split())


@pytest.fixture
def noise():
    rng = generator(0, "drawing")
    return [rng.integers(0, 256, (8, 6, 3)).astype(np.uint8) for _ in range(3)]


def test_the_pictures_are_those_of_the_cells_pixel_by_pixel(noise):
    cells = [Cell(image, f"epoch {n}", f"rotate {n}°") for n, image in enumerate(noise)]
    reader = Reader(page([Section("", "a.png", cells)], 3, "rotate", [], exact=True))
    for picture, image in zip(reader.pictures(), noise, strict=True):
        assert (picture == image).all()
    captions = [words(text) for text in reader.texts["figcaption"]]
    assert captions == ["epoch 0 rotate 0°", "epoch 1 rotate 1°", "epoch 2 rotate 2°"]
    assert "h2" not in reader.texts
    assert "nav" not in reader.texts


def test_large_pictures_are_jpeg_unless_they_are_to_be_exact(noise):
    smooth = np.kron(noise[0], np.ones((32, 32, 1), np.uint8))
    sections = [Section("", "a.png", [Cell(smooth, "")])]
    (rough,) = Reader(page(sections, 1, "", [], exact=False)).pictures()
    assert 0 < np.abs(rough.astype(int) - smooth).mean() < 4
    (same,) = Reader(page(sections, 1, "", [], exact=True)).pictures()
    assert (same == smooth).all()


def test_each_title_has_one_heading_and_the_images_below_it(noise):
    cells = [Cell(noise[0], "original", "a.png")]
    sections = [
        Section(title, image, cells, f"about {title}")
        for title in ("hflip", "vflip")
        for image in ("a.png", "b.png")
    ]
    reader = Reader(page(sections, 1, "ops", ["seed 0"], exact=False))
    assert reader.texts["h2"] == ["hflip", "vflip"]
    assert reader.texts["h3"] == ["a.png", "b.png"] * 2
    assert reader.texts["p"] == ["about hflip", "about vflip"]
    assert [words(text) for text in reader.texts["li"]] == ["seed 0"]
    assert [words(text) for text in reader.texts["figcaption"]] == [
        "original", "original a.png", "original", "original a.png",
    ]  # fmt: skip


def test_whatever_stands_in_names_is_text(noise, tmp_path):
    nasty = "a <script>alert('&amp;')</script> \udcff\".png"
    cell = Cell(noise[0], nasty, f"mixup 3% {nasty}")
    sections = [Section(nasty, nasty, [cell]), Section("b", nasty, [cell])]
    write_page(sections, 1, tmp_path / "a.html", nasty, [nasty])
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    reader = Reader(text)
    shown = nasty.encode(errors="replace").decode()
    assert "script" not in reader.texts
    assert reader.texts["h1"] == reader.texts["h3"][:1] == reader.texts["title"] == [shown]
    assert words(reader.texts["figcaption"][0]) == f"{shown} mixup 3% {shown}"


def test_a_page_that_cannot_be_written_is_refused(noise, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot write --html .*a\.html: "):
        write_page([Section("", "", [Cell(noise[0], "")])], 1, tmp_path / "file" / "a.html", "")


@pytest.mark.parametrize(
    ("arguments", "images", "pictures"),
    [
        (["userDef"], 6, 36),
        (["hflip", "--images", "2", "--columns", "3"], 2, 6),
        (["hflip,vflip", "--index", "5"], 2, 12),
        (["--ops", "hflip|rotate(20)"], 6, 30),
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
    assert len(reader.texts["h3"]) == images
    assert len(reader.images) == pictures
    assert all(address.startswith(("data:image/", "#c")) for address in reader.addresses)
    assert "url(" not in text
    assert "@import" not in text
    samples = open_dataset(str(data)).train
    (first, *_) = reader.pictures()
    shown = next(sample for sample in samples if sample.path == reader.texts["h3"][0])
    assert (first == read_sample(shown, 32, "linear")).all()  # as the recipe aistudio
    assert any("a&b<c" in fact for fact in reader.texts["li"])
