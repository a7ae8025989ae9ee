"""The gallery has every augmentation, as the registry describes it, with a picture."""

import re

import cv2
import pytest
from publish import gallery

from paddle_aug.augment.modes import AUGMENTATIONS, MIXES, SEQUEL_MIXES
from paddle_aug.augment.spec import COMBINATORS
from paddle_aug.preview.listing import about

AGAIN = "write it anew: PYTHONPATH=tools:. python -m publish.gallery"
HEIGHT, WIDTH = 128, 5 * 128 + 4 * 4


@pytest.mark.parametrize("language", gallery.PAGES)
def test_the_page_is_what_the_registry_gives(language):
    written = gallery.PAGES[language].read_text(encoding="utf-8")
    assert written == gallery.page(language), AGAIN


@pytest.mark.parametrize("language", gallery.PAGES)
def test_the_page_has_every_name(language):
    shown = re.findall("^### (.*)$", gallery.page(language), re.MULTILINE)
    mixes = [f"+{mix.split(':')[0]}" for mix in MIXES]
    assert sorted(shown) == sorted([*AUGMENTATIONS, *SEQUEL_MIXES, *mixes, *COMBINATORS])


def test_the_chinese_page_has_no_english_description():
    page = gallery.page("zh")
    told = {**AUGMENTATIONS, **COMBINATORS}
    assert not [name for name, item in told.items() if about(item) in page]


@pytest.mark.parametrize("language", gallery.PAGES)
def test_every_picture_is_there_with_five_photos_and_no_other_and_all_are_small(language):
    file = gallery.PAGES[language]
    linked = re.findall(r"!\[[^\]]+\]\((\S+)\)", gallery.page(language))
    pictures = {(file.parent / name).resolve() for name in linked}
    assert pictures == set(gallery.PICTURES.iterdir())
    assert {cv2.imread(str(picture)).shape for picture in pictures} == {(HEIGHT, WIDTH, 3)}
    assert sum(picture.stat().st_size for picture in pictures) < 3e6
