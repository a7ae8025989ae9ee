"""Reports in another language: the catalogue has every text of the code, and no other."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

import paddle_aug
from paddle_aug.results import language
from paddle_aug.results.html import TEMPLATES
from paddle_aug.results.language import CATALOGUES, LANGUAGES, of_environment, read_catalogue

PACKAGE = Path(paddle_aug.__file__).parent
MODULES = [
    file
    for file in sorted(PACKAGE.rglob("*.py"))
    if file.name == "language.py" or "results.language import" in file.read_text(encoding="utf-8")
]


@pytest.fixture(params=sorted(CATALOGUES))
def catalogue(request) -> dict[str, str]:
    return read_catalogue(CATALOGUES[request.param])


@pytest.fixture
def chinese():
    language.use("zh")
    yield
    language.use("en")


def texts_of(file: Path) -> set[str]:
    """The texts that a module has translated, and the nouns that it counts."""
    nodes = [*ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
    imported = {
        name.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == language.__name__
        for name in node.names
    }
    texts = set()
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            place = {"_": 0, "N_": 0, "count": -1}.get(node.func.id)
            is_ours = node.func.id in imported or file.samefile(language.__file__)
            if place is not None and is_ours and isinstance(node.args[place], ast.Constant):
                texts.add(node.args[place].value)
    return texts


def texts_of_code() -> set[str]:
    texts = {"seed", "fold"}  # the units of a comparison, which are values
    for file in MODULES:
        texts |= texts_of(file)
    for template in TEMPLATES.iterdir():
        texts |= set(re.findall(r'\b_\("([^"]*)"\)', template.read_text(encoding="utf-8")))
    return texts


def test_a_catalogue_has_every_text_of_the_code_and_no_other(catalogue):
    texts = texts_of_code()
    assert texts - {*catalogue} == set()
    assert {*catalogue} - texts == set()


def test_every_entry_is_read_and_translated(catalogue):
    contents = [file.read_text(encoding="utf-8") for file in CATALOGUES.values()]
    heads = len(contents)
    assert sum(text.count("\nmsgid ") for text in contents) - heads == len(catalogue)
    assert all(catalogue.values())


def test_a_translation_has_the_values_of_the_text(catalogue):
    def values(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}

    for english, other in catalogue.items():
        assert values(other) == values(english), english


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "C", "LC_ALL": "zh_CN"}, "zh"),
    ],
)
def test_the_language_is_that_of_the_environment_if_we_have_it(environment, expected):
    assert of_environment(environment) == expected
    assert expected in LANGUAGES


def test_numbers_and_lists_are_chinese(chinese):
    assert language.count(1029, "image") == "1,029 张图片"
    assert language.seeds_text([3, 5, 4]) == "3 至 5 个种子"
    assert language.seeds_text([5, 5], "fold") == "5 折"
    assert language.listed(["a", "b", "c"]) == "a、b 和 c"
    assert language.joined(["一。", "二。"]) == "一。二。"


def test_numbers_and_lists_are_english_again():
    assert language.count(1, "seed") == "1 seed"
    assert language.seeds_text([3, 5, 4]) == "3 to 5 seeds"
    assert language.listed(["a", "b", "c"]) == "a, b and c"
    assert language.joined(["One.", "Two."]) == "One. Two."
