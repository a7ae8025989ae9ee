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


NAME = 'pré "图".png\udcff😀'


@pytest.mark.parametrize(
    ("encoding", "text", "kept"),
    [
        ("utf-8", b'pr\xc3\xa9 "\xe5\x9b\xbe".png\\udcff\xf0\x9f\x98\x80', b"\xff"),
        ("gbk", b'pr\xa8\xa6 "\xcd\xbc".png\\udcff\\ud83d\\ude00', b"\xff"),
        ("latin-1", b'pr\xe9 "\\u56fe".png\\udcff\\ud83d\\ude00', b"\xff"),
        ("ascii", b'pr\\u00e9 "\\u56fe".png\\udcff\\ud83d\\ude00', b"\xff"),
    ],
)
def test_what_a_terminal_cannot_show_is_escaped_as_in_json(encoding, text, kept):
    assert NAME.encode(encoding, "paddle_aug.escaped") == text
    assert NAME.encode(encoding, "paddle_aug.bytes_or_escaped") == text.replace(rb"\udcff", kept)


def test_bytes_that_cannot_be_decoded_stay_an_error():
    for errors in ("paddle_aug.escaped", "paddle_aug.bytes_or_escaped"):
        with pytest.raises(UnicodeDecodeError):
            b"\xff".decode("utf-8", errors)
