"""The links of pages, as the site and the code host have them."""

import pytest
from publish import site


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of a few pages, as the root of the site's hooks."""
    pages = {
        "README.md": "[check](docs/check.md#lists) and [中文](docs/zh/check.md)",
        "docs/check.md": "[report](../logs/report.md), [logs](../logs), [web](https://a.org/b.md)",
        "docs/train.md": "[check](check.md) `x` ![a](images/a.png) [start](../README.md)",
        "docs/zh/check.md": "![图](../images/a.png) [训练](../train.md#a)",
        "docs/images/a.png": "",
        "logs/report.md": '<img src="curve.png"> [docs](../docs/check.md)',
        "logs/curve.png": "",
        "logs/other.png": "",
    }
    for name, text in pages.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(site, "ROOT", tmp_path)
    return pages


ENGLISH = {
    **{name: name for name in ("images/a.png", "repository/logs/curve.png")},
    "check.md": "check.html",
    "train.md": "train.html",
    "repository/README.md": "repository/index.html",
    "repository/logs/report.md": "repository/logs/report.html",
}
CHINESE = {**ENGLISH, "zh/check.md": "check.html"}
del CHINESE["check.md"]


def test_the_site_has_what_pages_link_to_outside_docs_and_what_that_links_to(project):
    assert site.outside(["check.md"]) == {"repository/logs/report.md", "repository/logs/curve.png"}
    assert "repository/README.md" in site.outside(["train.md"])


@pytest.mark.parametrize(
    ("page", "urls", "text"),
    [
        ("check.md", ENGLISH,
         "[report](repository/logs/report.md), logs (`logs`), [web](https://a.org/b.md)"),
        ("repository/README.md", ENGLISH,
         "[check](../check.md#lists) and [中文](../check.md)"),
        ("repository/logs/report.md", ENGLISH,
         '<img src="curve.png"> [docs](../../check.md)'),
        ("train.md", CHINESE,
         "[check](zh/check.md) `x` ![a](images/a.png) [start](repository/README.md)"),
        ("zh/check.md", CHINESE, "![图](../images/a.png) [训练](../train.md#a)"),
    ],
)  # fmt: skip
def test_a_link_leads_to_the_page_of_its_language_and_one_to_a_folder_is_text(
    project, page, urls, text
):
    assert site.linked(project[site.path_of(page)], page, urls) == text


def test_a_broken_link_stays_for_mkdocs_to_find(project):
    assert site.linked("[a](b.md)", "check.md", ENGLISH) == "[a](b.md)"


def test_chinese_is_cut_into_words_of_the_glossary_and_single_characters():
    words = [word for word in site.cut("5 张验证集的图片 in RGB").split("\u200b") if word]
    assert words == ["5 ", "张", "验证集", "的", "图", "片", " in RGB"]


def test_a_link_to_a_part_that_a_chinese_page_lacks_leads_to_its_beginning(project):
    page = site.ROOT / "docs" / "zh" / "check.md"
    page.write_text('# 检查\n<a id="lists"></a>\n## 列表\n## ONNX 与 Paddle', encoding="utf-8")
    text = "[a](check.md#lists) [b](check.md#onnx-与-paddle) [c](check.md#copies)"
    linked = "[a](zh/check.md#lists) [b](zh/check.md#onnx-与-paddle) [c](zh/check.md)"
    assert site.linked(text, "train.md", CHINESE) == linked
