"""Reports in Chinese have no English left, and `plot` prints and draws in Chinese."""

import pytest
from english_left import english_left
from in_process import run_tool
from made_comparison import change_state, write_comparison
from made_search import state_of

from paddle_aug.commands import compare
from paddle_aug.experiments import (
    compare_figures,
    compare_page,
    compare_results,
    search_page,
    search_report,
)
from paddle_aug.results import fonts, language, style
from paddle_aug.results.html import write_page

ACCURACIES = {
    "none": [0.50, 0.51, 0.49],
    "userDef": [0.60, 0.62, 0.59],
    "allab": [0.40, 0.41, None],
    "hflip": [0.51, 0.50, 0.50],
    "vflip": [float("nan"), 0.5, 0.51],
}


@pytest.fixture
def chinese():
    with language.used("zh"):
        yield


@pytest.mark.parametrize(
    "settings",
    [{"rates": [0.001, 0.01]}, {"racing": True, "tenth": None}, {"budget": 60.0, "kfold": 3}],
)
def test_no_english_is_left_in_the_report_of_a_comparison(chinese, tmp_path, settings):
    tenth = {"none": [0.3, 0.32], "userDef": [0.5, 0.5]}
    folder = write_comparison(tmp_path, ACCURACIES, **{"tenth": tenth, **settings})
    rates = {mode: 0.001 for mode in ACCURACIES}
    tuning = [{"mode": "none", "rate": 0.01, "accuracy": None}]
    change_state(folder, rates=rates, tuning=tuning)
    results = compare_results.read(folder)
    captions = {name: language._(caption) for name, caption in compare_figures.CAPTIONS.items()}
    page = compare_page.page(results)
    assert english_left(page) == set()
    assert '<html lang="zh-CN">' in page
    assert english_left(compare_page.markdown(results, captions)) == set()


HIGH, LOW, NOISY = [0.80, 0.82, 0.81], [0.60, 0.61, 0.62], [0.70, 0.90, 0.72]


@pytest.mark.parametrize(
    ("final", "changes"),
    [
        ({"hflip": HIGH, "none": LOW, "userDef": NOISY}, {}),
        ({"hflip": LOW, "none": HIGH, "userDef": [0.5, None]}, {"stopped": True, "epochs": 12}),
        ({"hflip": [None], "none": LOW}, {"last_epochs": 1, "rising": {"none": 0.02}}),
        ({}, {"stopped": True}),
        ({"hflip": HIGH}, {"modes": ["hflip"]}),
    ],
)
def test_no_english_is_left_in_the_report_of_a_search(chinese, tmp_path, final, changes):
    state = state_of(final, **changes)
    state["rungs"][0]["stopped"] = True
    state["candidates"].append("vflip")
    state |= {"side_by_side": 2, "dropped": ["--epochs"]}
    state["recipe"] = {"name": "small", "epochs": 100}
    write_page(tmp_path / "report.html", "search.html", **search_page.contents(state))
    assert english_left((tmp_path / "report.html").read_text()) == set()
    assert english_left(search_report.report(state)) == set()


def test_the_language_is_that_of_the_option_or_of_the_environment(monkeypatch):
    used = []
    with language.used("en"):
        for locale, words in (("C", ["--lang", "zh"]), ("zh_CN.UTF-8", []), ("C", [])):
            monkeypatch.setenv("LC_ALL", locale)
            compare.parse(words)
            used.append(language.tag())
    assert used == ["zh-CN", "zh-CN", "en"]


@pytest.mark.slow
def test_plot_prints_and_draws_in_chinese(tmp_path, monkeypatch, capsys):
    folder = write_comparison(tmp_path, ACCURACIES)
    figure = tmp_path / "modes.png"
    drawn = {}
    with language.used("en"):
        for name in ("en", "zh"):
            assert run_tool("plot.py", str(folder), "--lang", name, monkeypatch=monkeypatch) == 0
            drawn[name] = figure.read_bytes()
    printed = capsys.readouterr().out
    assert "eval (%)" in printed
    assert "验证（%）" in printed
    assert "个百分点" in printed
    assert drawn["en"] != drawn["zh"]


def test_figures_are_english_where_no_font_has_chinese_letters(chinese, monkeypatch):
    with style.words_with_a_font():
        assert language.tag() == "zh-CN"
    monkeypatch.setattr(fonts, "drawable", lambda text: "?" * len(text))
    with style.words_with_a_font():
        assert language.tag() == "en"
    assert language.tag() == "zh-CN"
