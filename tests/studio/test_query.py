import pytest

from paddle_aug.errors import UserError
from paddle_aug.studio.query import Query


def test_values_have_their_types_and_defaults():
    query = Query({"text": "hflip", "whole": "7", "number": "0.5", "on": "1", "off": "0"}, b"body")
    assert (query.text("text"), query.whole("whole"), query.number("number")) == ("hflip", 7, 0.5)
    assert [query.flag(name) for name in ("on", "off", "absent")] == [True, False, False]
    assert (query.text("a", "b"), query.whole("a", 3)) == ("b", 3)
    assert query.body == b"body"


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda query: query.text("absent"), "the request lacks absent"),
        (lambda query: query.text("word", most=2), "word has 3 characters; the most are 2"),
        (lambda query: query.whole("word"), "word wants a whole number, not 'abc'"),
        (lambda query: query.whole("half"), "half wants a whole number, not '0.5'"),
        (lambda query: query.whole("long"), "long has 5,000 characters"),
        (lambda query: query.whole("big", most=9), "big wants a number from 0 to 9, not 10"),
        (lambda query: query.number("word"), "word wants a number, not 'abc'"),
        (lambda query: query.number("nan"), "nan wants a number, not 'nan'"),
    ],
)
def test_other_values_are_refused(ask, message):
    words = {"word": "abc", "half": "0.5", "nan": "nan", "big": "10", "long": "9" * 5000}
    with pytest.raises(UserError, match=message):
        ask(Query(words))
