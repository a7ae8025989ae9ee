"""Numbers and lists as people read them."""

import doctest

import pytest

import paddle_aug.results.text
from paddle_aug.errors import UserError
from paddle_aug.results.text import (
    count,
    duration,
    listed,
    markdown_table,
    p_text,
    parse_duration,
)


def test_the_examples_in_the_docstrings_hold():
    results = doctest.testmod(paddle_aug.results.text)
    assert results.attempted
    assert not results.failed


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (59.2, "1m"), (61, "1m1s"), (7200, "2h"), (7261, "2h1m1s")]
)
def test_a_duration_is_as_budget_takes_it(seconds, text):
    assert duration(seconds) == text


def test_minutes_are_rounded_up_where_a_budget_is_proposed():
    assert duration(61, up=True) == "2m"
    assert duration(45, up=True) == "45s"


@pytest.mark.parametrize(
    ("items", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), ("abc", "a, b and c")]
)
def test_lists_end_in_and(items, text):
    assert listed(items) == text


def test_one_thing_is_no_plural():
    assert [count(number, "class", "classes") for number in (1, 2)] == ["1 class", "2 classes"]


@pytest.mark.parametrize(
    ("p", "text"), [(None, "–"), (0.0004, "< 0.001"), (0.0421, "0.042"), (1.0, "1.000")]
)
def test_a_p_value_has_three_digits(p, text):
    assert p_text(p) == text


def test_a_bar_within_a_cell_does_not_end_it():
    table = markdown_table(["mode", "n"], [["a|b", "1"]])
    assert table == "| mode | n |\n| --- | ---: |\n| a\\|b | 1 |"


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1h30m", 5400)]
)
def test_a_budget_is_hours_minutes_and_seconds_and_told_as_it_was_given(text, seconds):
    assert parse_duration(text) == seconds
    assert parse_duration(duration(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "30", "half an hour", "0s", "-5m", "5m3"])
def test_a_text_that_is_not_a_time_is_refused(text):
    with pytest.raises(UserError, match=r"is not a time; write it like 90s, 30m, 2h"):
        parse_duration(text)
