import pytest
from made_comparison import write_comparison
from made_search import state_of

from paddle_aug.studio.starts import starts
from paddle_aug.studio.state import Options, Studio
from paddle_aug.system.files import write_json


def of_logs(folder, **given) -> list[dict]:
    return starts(Studio(Options(given, "small", logs=folder)))


def test_the_best_mode_of_a_comparison_comes_with_its_accuracy_and_its_lead(tmp_path):
    write_comparison(tmp_path / "a/mine", {"none": [0.5, 0.6, 0.7], "hflip": [0.8, 0.9, 1.0]})
    (start,) = of_logs(tmp_path)
    assert (start["kind"], start["from"], start["text"]) == ("compare", "mine", "hflip")
    assert (start["accuracy"], start["seeds"]) == (pytest.approx(0.9), 3)
    assert (start["baseline"], start["lead"], start["shown"]) == ("none", "+30.0", False)


def test_the_winner_of_a_search_comes_with_its_accuracy_and_its_lead_over_none(tmp_path):
    state = state_of({"hflip": [0.70, 0.72, 0.71], "none": [0.60, 0.61, 0.62]})
    write_json(tmp_path / "search/search.json", state)
    (start,) = of_logs(tmp_path)
    assert (start["kind"], start["text"], start["baseline"]) == ("search", "hflip", "none")
    assert start["lead"].startswith("+10.0 ± ")
    assert start["shown"]


def test_the_augmentation_of_a_recipe_is_a_start_and_none_is_not(tmp_path):
    assert of_logs(None) == []
    found = starts(Studio(Options({"augment": "userDef"}, "small")))
    assert found == [{"kind": "recipe", "from": "small", "text": "userDef"}]


def test_searches_and_comparisons_without_an_end_are_no_start(tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/compare.json").write_text("{")
    write_json(tmp_path / "early/search.json", state_of({"hflip": [0.7]}) | {"final": None})
    write_comparison(tmp_path / "c", {"none": [None], "hflip": [None]})
    assert of_logs(tmp_path) == []
