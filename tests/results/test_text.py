"""Numbers and lists as people read them."""

import pytest

from paddle_aug.errors import UserError
from paddle_aug.results.text import count, duration, listed, markdown_table, p_text, parse_duration


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (duration(0), "0s"),
        (duration(59.2), "1m"),
        (duration(61), "1m1s"),
        (duration(7261), "2h1m1s"),
        (duration(61, up=True), "2m"),
        (duration(45, up=True), "45s"),
        (listed([]), ""),
        (listed(["a"]), "a"),
        (listed(["a", "b"]), "a and b"),
        (count(1, "class", "classes"), "1 class"),
        (count(2, "class", "classes"), "2 classes"),
        (p_text(None), "–"),
        (p_text(0.0004), "< 0.001"),
        (p_text(0.0421), "0.042"),
    ],
)
def test_numbers_and_lists_are_as_people_write_them(text, want):
    assert text == want


def test_a_bar_within_a_cell_does_not_end_it():
    table = markdown_table(["mode", "n"], [["a|b", "1"]])
    assert table == "| mode | n |\n| --- | ---: |\n| a\\|b | 1 |"


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1h30m", 5400)]
)
def test_a_budget_is_hours_minutes_and_seconds_and_printed_as_it_was_given(text, seconds):
    assert parse_duration(text) == seconds
    assert parse_duration(duration(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "30", "half an hour", "0s", "-5m", "5m3"])
def test_a_text_that_is_not_a_time_is_refused(text):
    with pytest.raises(UserError, match=r"is not a time; write it like 90s, 30m, 2h"):
        parse_duration(text)
