import json
import shlex
from dataclasses import replace

import numpy as np
import pytest
from studio_answers import pixels, query

from paddle_aug.augment.modes import AUGMENTATIONS
from paddle_aug.errors import UserError
from paddle_aug.inputs import dataset_of, of_mode
from paddle_aug.results.image_bytes import encode
from paddle_aug.studio import drawing, explore
from paddle_aug.studio.state import Options, Studio

TEN = [
    "none",
    "userDef",
    "imgaugLib",
    "allab",
    "allba",
    "hflip|rotate(20)|noise(5)",
    "trivialaugment|cutout(16)",
    "shuffled(color_jitter(0.4, 0.4, 0.4, 0.1), random_resized_crop(32))",
    "ramp(1.0, oneof(superpixels, elastic_transformation), 20)|someof(1, 2, invert, add, noise)",
    "augmix|autoaugment|randaugment|threeaugment+mixup:0.4",
]


@pytest.fixture(scope="module")
def studio(photos):
    studio = Studio(Options({"data": str(photos), "image_size": 32}, "small"))
    studio.open()
    return studio


@pytest.mark.parametrize("stretch", [True, False])
@pytest.mark.parametrize("text", TEN)
def test_draws_have_the_bytes_that_training_feeds(text, stretch, photos):
    given = {"data": str(photos), "image_size": 32, "stretch": stretch, "seed": 3}
    if not stretch:
        given["eval_transform"] = "resize(36)|center_crop(32)"
    studio = Studio(Options(given, "small"))
    studio.open()
    answer = explore.draws(studio, query(spec=text, photos=5, epoch=9, count=6))
    config, train = studio.opened.config, studio.opened.data.train
    dataset = dataset_of(of_mode(replace(config, cache="off"), text), train)
    drawn = answer["originals"][0]["draws"]
    assert [one["epoch"] for one in drawn] == [9, 10, 11, 12, 13, 14]
    for one in drawn:
        expected, _ = dataset[one["epoch"], 5]
        np.testing.assert_array_equal(pixels(one["source"]), expected)
        exact = explore.exact(studio, query(spec=text, photo=5, epoch=one["epoch"]))
        np.testing.assert_array_equal(pixels(exact), expected)
    np.testing.assert_array_equal(pixels(answer["originals"][0]["source"]), dataset.unchanged(5))


def test_pictures_of_many_pixels_are_jpeg_and_exact_on_demand(studio):
    drawn = explore.draws(studio, query(spec="hflip", size=96, count=1))["originals"][0]["draws"][0]
    assert drawn["source"].startswith("data:image/jpeg;base64,")
    assert explore.exact(studio, query(spec="hflip", size=96)).media_type == "image/png"


def test_a_step_that_is_off_changes_nothing_and_the_others_draw_as_before(studio):
    def drawn(**words):
        answer = explore.draws(studio, query(spec="rotate(20)|noise(5)|hflip", count=4, **words))
        return [dict(map(tuple, one["ops"])) for one in answer["originals"][0]["draws"]]

    whole, less = drawn(), drawn(off="0,1")
    assert [one["hflip"] for one in whole] == [one["hflip"] for one in less]
    assert [*less[0]] == ["hflip"]
    alone = explore.draws(studio, query(spec="hflip", off=0, count=2))["originals"][0]
    assert {one["source"] for one in alone["draws"]} == {alone["source"]}
    with pytest.raises(UserError, match="off wants a list of places, not 'x'"):
        explore.draws(studio, query(spec="hflip", off="x"))


def test_several_photos_are_drawn_each_in_the_same_epochs(studio):
    answer = explore.draws(studio, query(spec="rotate", photos="0,8,16", count=2))
    assert [one["class"] for one in answer["originals"]] == ["class0", "class1", "class2"]
    assert [[draw["epoch"] for draw in one["draws"]] for one in answer["originals"]] == [[0, 1]] * 3
    many = explore.draws(studio, query(photos=",".join(map(str, range(24))), count=9))
    assert [len(one["draws"]) for one in many["originals"]] == [1] * 24


def test_the_answer_has_the_steps_the_command_and_the_line_of_python(studio, photos):
    answer = explore.draws(studio, query(spec="hflip|rotate(20)", size=64, seed=5))
    assert answer["steps"] == [
        {"name": "hflip", "arguments": {}},
        {"name": "rotate", "arguments": {"degrees": 20}},
    ]
    words = shlex.split(answer["command"])
    assert words[words.index("train") + 1 :] == [
        "--data", str(photos), "--recipe", "small", "--image-size", "64", "--seed", "5",
        "--augment", "hflip|rotate(20)",
    ]  # fmt: skip
    assert answer["python"].endswith("aug = augmentation('hflip|rotate(20)')")
    assert explore.draws(studio, query(spec="userDef"))["steps"] is None
    assert explore.draws(studio, query(spec=""))["steps"] == []


def test_of_a_mix_the_part_before_the_plus_is_shown(studio):
    answer = explore.draws(studio, query(spec="hflip|rotate(5)+cutmix:1", count=1))
    assert answer["mix"] == "cutmix:1"
    assert answer["python"].endswith("augmentation('hflip|rotate(5)')")
    assert "hflip|rotate(5)+cutmix:1" in answer["command"]
    assert explore.draws(studio, query(spec="mixup", count=1))["mix"] == "mixup:1.5"


@pytest.mark.parametrize(
    ("text", "warnings"),
    [
        ("hflip", []),
        ("rotate(20)|noise(5)", []),
        ("none", [{"kind": "same"}]),
        ("rotate(0)", [{"kind": "same"}]),
        ("average_blur(1)|hflip", [{"kind": "idle", "steps": [0]}]),
        ("cutout(300)", [{"kind": "hidden", "count": 11, "of": 11}]),
        ("translate_x((0.9, 0.9))|vflip", [{"kind": "hidden", "count": 11, "of": 11}]),
        ("random_resized_crop(32, (0.1, 0.1))", [{"kind": "hidden", "count": 11, "of": 11}]),
    ],
)
def test_what_hides_the_photo_or_changes_nothing_is_warned_of(text, warnings, studio):
    answer = json.loads(json.dumps(explore.draws(studio, query(spec=text))))
    assert answer["warnings"] == warnings


@pytest.mark.parametrize("size", [32, 64, 224])
@pytest.mark.parametrize("text", ["rotate(45)", "affine", "keras_affine(20, 0.1, 0.1)", "crop"])
def test_what_moves_a_photo_a_little_hides_nothing(text, size, studio):
    assert explore.draws(studio, query(spec=text, size=size))["warnings"] == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"spec": "rotat"}, "did you mean 'rotate'"),
        ({"spec": "hflip("}, "cannot read the augmentation"),
        ({"spec": "resize(4000)|resize(30000)|resize(32)"}, "size=30000, and the studio draws up"),
        ({"spec": "resize(3000)|resize((3000, 9))"}, "comes out of the augmentation 3000 × 9"),
        ({"spec": "random_crop(30, 4096)"}, "padding=4096"),
        ({"spec": "random_crop(300)"}, "a crop of 300 × 300"),
        ({"spec": "center_crop(20)"}, "comes out of the augmentation 20 × 20"),
        ({"spec": "x" * 5000}, "spec has 5,000 characters"),
        ({"size": 2000}, "size wants a number from 8 to 1024, not 2000"),
        ({"count": 36}, "count wants a number from 1 to 35"),
        ({"epoch": -1}, "epoch wants a number from 0"),
        ({"photos": 24}, "no photo 24; the last of photos is 23"),
        ({"photos": "../../etc/passwd"}, "this upload is no longer kept"),
        ({"photos": "²"}, "this upload is no longer kept"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_the_reason(words, message, studio):
    with pytest.raises(UserError, match=message):
        explore.draws(studio, query(**words))


def test_images_that_grow_between_two_ops_are_refused(studio, monkeypatch):
    monkeypatch.setattr(drawing, "MAX_SIDE", 100)
    with pytest.raises(UserError, match="resize makes the image 120 × 120 pixels"):
        explore.draws(studio, query(spec="resize(120)|resize(32)"))


def test_draws_that_take_long_end_before_the_last(studio, monkeypatch):
    clock = iter(range(1000))  # a second passes at each look
    monkeypatch.setattr(drawing, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(drawing, "SECONDS", 30)
    answer = explore.draws(studio, query(spec="hflip|vflip"))
    assert answer["late"]
    assert 1 <= len(answer["originals"][0]["draws"]) < 11
    monkeypatch.setattr(drawing, "SECONDS", 0.5)
    with pytest.raises(UserError, match=r"one image takes more than 0\.5 seconds"):
        explore.draws(studio, query(spec="hflip|vflip"))


def test_an_upload_is_drawn_like_the_first_image_of_a_data_set(studio):
    image = np.arange(40 * 60 * 3, dtype=np.uint8).reshape(40, 60, 3)
    answer = explore.upload(studio, query(encode(image, "png"), name="/tmp/../mine.png"))
    assert answer["path"] == "mine.png"
    drawn = explore.draws(studio, query(spec="hflip", photos=answer["photo"], count=1))
    assert drawn["originals"][0]["path"] == "mine.png"
    assert pixels(explore.thumb(studio, query(photo=answer["photo"]))).shape == (96, 96, 3)


def test_the_strip_has_photos_of_all_classes_and_then_any(studio):
    first = explore.photos(studio, query(count=3))
    assert [one["class"] for one in first["photos"]] == ["class0", "class1", "class2"]
    more = explore.photos(studio, query(**{"from": 22, "count": 9}))
    assert [one["photo"] for one in more["photos"]] == ["22", "23"]


def test_every_name_of_the_catalog_has_a_picture_and_every_op_its_controls(studio):
    catalog = explore.catalog(studio, query())
    names = {one["name"] for one in catalog["entries"]}
    assert set(AUGMENTATIONS) | {"samplePairing", "mixup", "cutmix", "resizemix"} == names
    for one in catalog["entries"]:
        assert one["about"]
        if one["group"] == "mixes":
            continue
        text = one["name"] if "controls" in one else one["text"]
        assert pixels(explore.example(studio, query(spec=text))).shape == (96, 96, 3)
        explore.draws(studio, query(spec=one["text"], count=1))


def test_a_ladder_shows_an_op_from_weak_to_strong_in_one_draw(studio):
    answer = explore.ladder(studio, query(spec="hflip|rotate(20)+mixup", place=1, field="degrees"))
    assert [one["value"] for one in answer["rungs"]] == [(n, n) for n in range(0, 181, 30)]
    original = explore.exact(studio, query(original=1))
    np.testing.assert_array_equal(pixels(answer["rungs"][0]["source"]), pixels(original))
    for text, field in (("userDef", "p"), ("none", "p"), ("rotate", "exact")):
        with pytest.raises(UserError, match=r"only an op|has no slider"):
            explore.ladder(studio, query(spec=text, field=field))


def test_large_photos_of_their_own_size_are_drawn_whole_and_shown_small(tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        content = encode(np.full((60, 150, 3), 99, np.uint8), "png")
        (tmp_path / name / "1.png").write_bytes(content)
    studio = Studio(Options({"data": str(tmp_path), "stretch": False}, "small"))
    studio.open()
    monkeypatch.setattr(drawing, "MAX_SIDE", 100)
    monkeypatch.setattr(explore, "MAX_SIZE", 100)
    answer = explore.draws(studio, query(spec="hflip", size=64, count=1))
    assert pixels(answer["originals"][0]["draws"][0]["source"]).shape == (40, 100, 3)
    assert pixels(explore.exact(studio, query(spec="hflip", size=64))).shape == (60, 150, 3)
