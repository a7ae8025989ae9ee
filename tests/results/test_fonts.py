"""Names in any script are drawn, or numbered, and never boxes."""

import logging

import matplotlib
import numpy as np
import pytest
from made_font import write_font
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from paddle_aug.results import fonts, style


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    """The fonts of the system: none, until a test adds some."""
    files: list[str] = []
    monkeypatch.setattr(fonts, "_installed", lambda: files)
    fonts._advise.cache_clear()
    yield files
    fonts._advise.cache_clear()


def test_matplotlibs_own_font_is_enough_for_european_names(installed):
    installed += ["never opened"]
    assert fonts.files("Äpfel, груши − “φύλλα”\n…") == [fonts.OWN]
    assert fonts.families("rose") == ["DejaVu Sans"]
    assert style.settings(["rose"])["font.family"] == ["DejaVu Sans"]


def test_a_font_is_chosen_by_its_letters_and_the_fewest_fonts_are(tmp_path, installed):
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    some = write_font(tmp_path / "a.ttf", "Some", "玫")
    more = write_font(tmp_path / "b.ttf", "More", "玫瑰花")
    thai = write_font(tmp_path / "c.ttf", "Thai", "กขค")
    installed += [str(tmp_path / "broken.ttf"), some, more, thai]
    assert fonts.files("rose 玫瑰") == [fonts.OWN, more]
    assert fonts.files("玫") == [fonts.OWN, some]  # the first of equal ones
    assert fonts.families("玫瑰 กข") == ["DejaVu Sans", "More", "Thai"]
    assert fonts.file_for("rose") == fonts.OWN
    assert fonts.file_for("玫瑰 a") == more
    assert fonts.drawable("玫瑰 กง") == "玫瑰 ก?"


def test_a_font_that_matplotlib_has_not_listed_yet_draws_names(tmp_path, installed):
    installed += [write_font(tmp_path / "new.ttf", "Newly Installed", "玫瑰")]
    with matplotlib.rc_context(style.settings(["玫瑰"])):  # a missing glyph would warn
        drawn = Figure()
        canvas = FigureCanvasAgg(drawn)
        drawn.text(0.1, 0.5, "rose 玫瑰")
        canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())
    assert (pixels[..., :3] < 128).all(axis=2).sum() > 200  # two black squares


def test_without_a_font_classes_are_numbered_and_one_line_says_what_to_install(caplog):
    with caplog.at_level(logging.WARNING):
        assert fonts.class_names(["rose", "玫瑰", "郁金香"]) == ["rose", "class 1", "class 2"]
        assert fonts.drawable("玫瑰/1.jpg") == "??/1.jpg"
    (line,) = caplog.messages
    assert "apt-get install fonts-noto-cjk" in line
    assert "\n" not in line


def test_files_of_the_system_are_ordered_by_how_well_they_are_read(monkeypatch):
    files = [
        "/fonts/arphic/uming.ttc", "/fonts/NotoSansCJK-Bold.ttc", "/fonts/NotoSansCJK-Regular.ttc",
        "/fonts/wqy-microhei.ttc", "/home/me/.fonts/SimHei.ttf", "/fonts/NotoSerifCJK-Light.ttc",
    ]  # fmt: skip
    monkeypatch.undo()
    monkeypatch.setattr(fonts, "findSystemFonts", lambda: files)
    fonts._installed.cache_clear()
    order = [file.rpartition("/")[2] for file in fonts._installed()]
    fonts._installed.cache_clear()
    assert order == [
        "NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc", "wqy-microhei.ttc", "SimHei.ttf",
        "uming.ttc", "NotoSerifCJK-Light.ttc",
    ]  # fmt: skip
