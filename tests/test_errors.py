"""Messages that quote from files of strangers are safe to print, and short enough to be read."""

import pickle

import pytest

from paddle_aug.errors import MAX_LINE, UserError, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\xa0b.png", "a\\xa0b.png"),
        ("Train.txt:3: 图片 é\u3000x\tz", "Train.txt:3: 图片 é\u3000x\tz"),
        ("a\nb", "a\nb"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("exe\u202egnp", r"exe\u202egnp"),
        ("\udcff.png", r"\udcff.png"),
        ("a\rb\0", r"a\rb\x00"),
    ],
)
def test_what_would_change_more_than_a_line_of_text_is_escaped(text, shown):
    assert str(UserError(text)) == printable(text) == shown


def test_of_a_line_longer_than_anyone_reads_the_middle_is_left_out():
    start, end = "Train.txt:1: label '", "' is not a whole number"
    message = str(UserError(f"{start}{'9' * 10**7}{end}\nnext"))
    assert message.startswith(start)
    assert message.endswith(f"{end}\nnext")
    assert len(message) < MAX_LINE + 10


def test_the_message_survives_the_way_out_of_a_process():
    assert str(pickle.loads(pickle.dumps(UserError("\x1b[2J")))) == r"\x1b[2J"
