"""The English words of a report in another language."""

import re

# Names, and words that the glossary leaves as they are.
KEPT = {
    *(
        "none",
        "userDef",
        "hflip",
        "allab",
        "vflip",
        "made",
        "lenet",
        "adam",
        "constant",
        "photos",
        "noise",
        "rotate",
    ),
    *("epoch", "Epoch", "batch", "Holm", "Tukey", "paddle", "paddle_aug", "Grad"),
}


def english_left(text: str) -> set[str]:
    """The English words of a page beside code, markup, files and the names of classes."""
    text = text.replace("<wbr>", "")
    for what in (
        r"```.*?```",
        "`[^`]*`",
        r"--[\w-]+",
        r"<(style|script|code)\b.*?</\1>",
        r"\]\([^)]*\)",
        r"[\w/]+\.(png|jpg|webp|bmp|txt|csv|json)\b",
    ):
        text = re.sub(what, " ", text, flags=re.DOTALL)
    said = re.findall(r'(?:aria-label|data-name|alt|title|placeholder)="([^"]*)"', text)
    words = re.findall(r"[A-Za-z_]{4,}", " ".join([re.sub(r"<[^>]*>", " ", text), *said]))
    return {*words} - KEPT
