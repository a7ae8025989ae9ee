"""The Data tab's answers: what check finds, pictures, and lists to write, without a port."""

import json
import shlex
import threading
import time
from contextlib import ExitStack

import numpy as np
import pytest
from in_process import run_tool
from made_data import write_dataset
from PIL import Image
from spoiled import SPOILED
from studio_answers import pixels, query

from paddle_aug.check.findings import findings
from paddle_aug.check.survey import Survey
from paddle_aug.config import TrainConfig
from paddle_aug.data import duplicates
from paddle_aug.data.dataset import find_dataset
from paddle_aug.data.samples import Found, Sample
from paddle_aug.errors import UserError
from paddle_aug.studio import data
from paddle_aug.studio.state import KEPT, Options, Studio


@pytest.fixture
def studio_of():
    """Opens studios: `studio_of(folder, …)`, with options of the studio."""
    with ExitStack() as stack:

        def start(folder, **options) -> Studio:
            studio = Studio(Options({"data": str(folder), "image_size": 224}, "small", **options))
            stack.callback(studio.end)
            studio.open()
            return studio

        yield start


def ask(studio, name, **words) -> dict:
    return data.ROUTES[f"data-{name}"](studio, query(**words))


def checked(studio) -> dict:
    """The last answer of the check."""
    ask(studio, "check")
    studio.background("data", lambda job: {}).join()
    return ask(studio, "check")


def test_the_classes_are_known_before_any_image_is_looked_at(studio_of, photos):
    answer = ask(studio_of(photos), "overview")
    assert answer["images"] == {"train": 24, "eval": 12, "test": 0}
    first = {"label": 0, "name": "class0", "train": 8, "eval": 4, "test": 0}
    assert answer["classes"][0] == first


def test_the_findings_are_those_of_check_with_its_codes_and_words(studio_of, spoiled):
    answer = checked(studio_of(spoiled))
    expected = findings(Survey(find_dataset(str(spoiled))), 224)
    assert answer["phase"] == "done"
    said = [
        (one["level"], one["code"], one["message"], one["advice"]) for one in answer["findings"]
    ]
    assert said == [(one.level, one.code, one.message, one.advice) for one in expected]
    assert {one["code"] for one in answer["findings"]} == set(SPOILED)
    assert answer["facts"]["readable"] < answer["facts"]["distinct"]
    json.dumps(answer)


def test_findings_are_known_while_images_are_still_looked_at(studio_of, spoiled, monkeypatch):
    studio, seen = studio_of(spoiled), []
    change = data.Checkup.change

    def spy(self, phase, found, **values):
        seen.append((phase, {finding.code for finding in found}))
        change(self, phase, found, **values)

    monkeypatch.setattr(data.Checkup, "change", spy)
    checked(studio)
    first, last = seen[0], seen[-1]
    assert first[0] == "images"
    assert "lists" in first[1]
    assert last[0] == "done"
    assert first[1] < last[1]


def test_only_findings_that_are_new_to_the_page_are_sent(studio_of, photos):
    studio = studio_of(photos)
    version = checked(studio)["version"]
    assert "findings" not in ask(studio, "check", since=version)
    assert "findings" in ask(studio, "check", since=version - 1)


def test_a_place_of_a_finding_names_the_picture_that_is_there(studio_of, spoiled):
    studio = studio_of(spoiled)
    found = {one["code"]: one for one in checked(studio)["findings"]}
    [place] = found["blank"]["places"]
    assert place["where"] == "Train.txt:52"
    assert pixels(ask(studio, "thumbnail", image=place["image"])).std() == 0
    assert found["label-gap"]["places"][0]["image"] is None
    [missing] = found["missing"]["places"]
    with pytest.raises(UserError, match="no such file"):
        ask(studio, "thumbnail", image=missing["image"])


def test_many_places_of_a_finding_come_in_pages(studio_of, tmp_path):
    folder = write_dataset(tmp_path / "photos", train=20)
    for file in sorted((folder / "Images" / "class0").glob("train*"))[:15]:
        file.unlink()
    studio = studio_of(folder)
    [missing] = [one for one in checked(studio)["findings"] if one["code"] == "missing"]
    assert (missing["count"], len(missing["places"])) == (15, data.PLACES)
    more = ask(studio, "places", code="missing", start=data.PLACES, count=20)["places"]
    assert len({place["where"] for place in (*missing["places"], *more)}) == 15
    with pytest.raises(UserError, match="no finding nonsense"):
        ask(studio, "places", code="nonsense")


def test_duplicates_and_leaks_come_as_pairs_of_pictures(studio_of, spoiled):
    studio = studio_of(spoiled)
    assert ask(studio, "pairs")["total"] == 0  # not looked for yet
    checked(studio)
    answer = ask(studio, "pairs", count=50)
    assert answer["total"] == len(answer["pairs"]) == sum(answer["codes"].values())
    [leak] = ask(studio, "pairs", code="leak-file")["pairs"]
    assert [image["list"] for image in leak["images"]] == ["train", "eval"]
    assert leak["images"][1]["path"] == "c0/same_file.png"
    one, other = (pixels(ask(studio, "photo", image=image["image"])) for image in leak["images"])
    assert np.array_equal(one, other)
    [near] = [one for one in answer["pairs"] if one["images"][1]["path"] == "c0/mirrored.png"]
    assert near["closeness"].endswith(" mirrored")


def test_the_montage_pages_through_a_list_or_a_class(studio_of, photos):
    studio = studio_of(photos)
    assert ask(studio, "montage")["total"] == 36
    answer = ask(studio, "montage", list="eval", label=2, start=1, count=2)
    assert answer["total"] == 4
    assert [(one["path"], one["list"]) for one in answer["images"]] == [
        ("class2/eval_001.png", "eval"), ("class2/eval_002.png", "eval")
    ]  # fmt: skip
    with pytest.raises(UserError, match="list wants one of"):
        ask(studio, "montage", list="../etc")


def test_pictures_are_small_and_go_by_number(studio_of, tmp_path):
    folder = write_dataset(tmp_path / "photos", 1, 2, 1)
    wide = np.tile(np.arange(250, dtype=np.uint8)[:, None, None], (8, 8, 3)).reshape(250, -1, 3)
    Image.fromarray(np.tile(wide, (1, 40, 1))).save(folder / "Images/class0/train_000.png")
    studio = studio_of(folder)
    assert max(pixels(ask(studio, "thumbnail", image=0)).shape) == data.THUMBNAIL
    assert max(pixels(ask(studio, "photo", image=0)).shape) == data.PHOTO
    assert pixels(ask(studio, "photo", image=1)).shape == (40, 48, 3)
    for wrong in ("3", "-1", "../x", ""):
        with pytest.raises(UserError, match="image wants"):
            ask(studio, "photo", image=wrong)


@pytest.mark.parametrize(
    ("words", "options"), [({}, ["--lists"]), ({"split": "0.5", "seed": 3}, ["--split"])]
)
def test_the_lists_are_those_that_the_command_writes(
    studio_of, tmp_path, monkeypatch, capsys, words, options
):
    folder = write_dataset(tmp_path / "photos", train=12)
    if words:
        (folder / "Eval.txt").unlink()
    studio = studio_of(folder)
    checked(studio)
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    answer = ask(studio, "write", out=ours, **words)
    assert answer["written"][0].startswith(f"{ours}: ")
    assert str(ours) in shlex.split(answer["train"])
    monkeypatch.setattr("sys.argv", ["paddle-aug studio"])
    command = shlex.split(ask(studio, "command", out=theirs, **words)["command"])
    assert command[:2] == ["paddle-aug", "check"]
    assert options[0] in command
    run_tool("check.py", *command[2:], monkeypatch=monkeypatch)
    capsys.readouterr()
    files = sorted(file.name for file in theirs.iterdir())
    assert files == ["Eval.txt", "Train.txt", "labels.txt"]
    for name in files:
        assert (ours / name).read_bytes() == (theirs / name).read_bytes()


def test_lists_are_never_written_over_a_file(studio_of, photos, tmp_path):
    studio = studio_of(photos)
    with pytest.raises(UserError, match="once all images have been checked"):
        ask(studio, "write", out=tmp_path)
    checked(studio)
    (tmp_path / "Train.txt").write_text("mine 0\n")
    with pytest.raises(UserError, match=r"holds Train\.txt; choose another folder"):
        ask(studio, "write", out=tmp_path)
    with pytest.raises(UserError, match=r"Train\.txt is a file; give a folder"):
        ask(studio, "write", out=tmp_path / "Train.txt")
    with pytest.raises(UserError, match="is split already"):
        ask(studio, "write", out=tmp_path / "new", split=0.75)
    for nothing in ("", "  ", "a\0b"):
        with pytest.raises(UserError, match="type the folder"):
            ask(studio, "write", out=nothing)
    assert [file.name for file in tmp_path.iterdir()] == ["Train.txt"]
    assert (tmp_path / "Train.txt").read_text() == "mine 0\n"


def test_the_check_outlasts_many_other_answers_that_are_kept(studio_of, photos):
    studio = studio_of(photos)
    checked(studio)
    for number in range(KEPT + 1):
        studio.keep(("explore", number), int)
    assert ask(studio, "check")["phase"] == "done"


def test_writing_wants_post():
    assert frozenset(["data-write"]) == data.POSTS


def test_a_public_studio_writes_nothing_and_shows_no_paths(studio_of, photos, tmp_path):
    studio = studio_of(photos, public=True)
    checked(studio)
    for name in ("write", "command"):
        with pytest.raises(UserError, match="a public studio"):
            ask(studio, name, out=tmp_path / "lists")
    assert not (tmp_path / "lists").exists()


def test_answers_stay_small_with_100_000_images():
    samples = [
        Sample(f"/none/{n % 50}/{n}.jpg", f"{n % 50}/{n}.jpg", n % 50) for n in range(100_000)
    ]
    found = Found("many", samples, [], [str(n) for n in range(50)], ("Train", "Eval", "Test"), [])
    studio = Studio()
    studio._found = TrainConfig(), found
    assert len(json.dumps(ask(studio, "overview"))) < 10_000
    answer = ask(studio, "montage", label=7, start=1900, count=data.MAX_PAGE)
    assert (answer["total"], len(answer["images"])) == (2000, data.MAX_PAGE)
    assert len(json.dumps(answer)) < 20_000
    with pytest.raises(UserError, match="count wants a number from 1 to"):
        ask(studio, "montage", count=data.MAX_PAGE + 1)


def test_the_check_ends_with_the_studio_even_while_duplicates_are_searched_for(
    studio_of, photos, monkeypatch
):
    studio, begun = studio_of(photos), threading.Event()
    monkeypatch.setattr(duplicates, "TILE", 1)
    similar = duplicates._similar

    def slowly(blocks, turned):
        for pairs in similar(blocks, turned):
            begun.set()
            time.sleep(0.1)
            yield pairs

    monkeypatch.setattr(duplicates, "_similar", slowly)
    ask(studio, "check")
    begun.wait()
    assert ask(studio, "check")["phase"] == "duplicates"
    assert studio.end()
    with pytest.raises(UserError, match="given up"):
        ask(studio, "check")
