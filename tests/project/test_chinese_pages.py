"""The Chinese pages follow the English ones: the same commands, links that lead on, one word for
one thing."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
CHINESE = ROOT / "docs" / "zh"
PAGES = sorted(page.name for page in CHINESE.glob("*.md") if page.name != "glossary.md")
STUDIO = sorted((ROOT / "paddle_aug" / "studio" / "page").glob("*.js"))

# What docs/zh/glossary.md has another word for.
OTHER_WORDS = ("评估集", "评估列表", "瘦 VGG", "数据增强", "未增强", "流程", "您")

# What stands on a line of its own in Markdown: a heading, a table, a list, a quotation, a picture.
BLOCKS = ("#", "|", "- ", "> ", "![", "<")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def code_blocks(page: Path) -> list[tuple[str, str]]:
    """The language and the contents of all code blocks that name a language."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text_of(page), re.S | re.M)
    return [block for block in blocks if block[0]]


def prose(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", text_of(page), flags=re.S | re.M)


def levels(page: Path) -> list[int]:
    """The levels of all headings."""
    return [len(marks) for marks in re.findall(r"^(#+) ", prose(page), re.M)]


def anchors(page: Path) -> set[str]:
    """The names that a link to a part of a page may use."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.M)
    slugs = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}
    return slugs | {*re.findall(r'<a id="([^"]+)">', text_of(page))}


@pytest.mark.parametrize("name", PAGES)
def test_a_chinese_page_has_the_code_and_the_sections_of_the_english_page(name):
    ours, theirs = CHINESE / name, CHINESE.parent / name
    assert code_blocks(ours) == code_blocks(theirs)
    assert levels(ours) == levels(theirs)


@pytest.mark.parametrize("name", [*PAGES, "glossary.md"])
def test_the_links_of_a_chinese_page_lead_to_parts_that_exist_and_to_chinese_pages(name):
    for link in re.findall(r"\]\(([^)\s]+)\)", text_of(CHINESE / name)):
        if link.startswith("https://"):
            continue
        file, _, anchor = link.partition("#")
        target = (CHINESE / file).resolve() if file else CHINESE / name
        assert target.exists(), link
        assert not (target.parent == CHINESE.parent and target.name in PAGES), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("name", [*PAGES, "glossary.md"])
def test_a_paragraph_of_a_chinese_page_is_one_line(name):
    lines = prose(CHINESE / name).split("\n")
    for above, line in pairwise(lines):
        assert not above or not line or line.startswith(BLOCKS) or line[0].isdigit(), line


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.zh-CN.md", *(CHINESE / name for name in PAGES), *STUDIO],
    ids=lambda page: page.name,
)
def test_chinese_words_are_those_of_the_glossary(page):
    assert [word for word in OTHER_WORDS if word in text_of(page)] == []
