"""Previews: what they draw is what training sees, and what they say of it is what was drawn."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from made_data import write_dataset

from paddle_aug import preview
from paddle_aug.config import TrainConfig
from paddle_aug.data.dataset import open_dataset
from paddle_aug.data.feeding import Augmented
from paddle_aug.data.image import read_image
from paddle_aug.errors import UserError
from paddle_aug.modes import AUGMENTATIONS, OPS, augmentation
from paddle_aug.pipeline import augmented, open_data, versions
from paddle_aug.registry import COMBINATORS
from paddle_aug.rng import generator

TOOL = Path(__file__).parent.parent / "tools" / "preview.py"


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("data") / "photos")


@pytest.fixture
def config():
    return TrainConfig(augment="userDef", seed=5, image_size=24)


def run_file(folder, photos, **changes):
    """A run.json as training leaves it, as far as previews read it."""
    config = TrainConfig(
        augment="hflip|rotate(20)|random_crop(20)",
        data=str(photos),
        seed=7,
        image_size=16,
        stretch=False,
        fraction=0.5,
        eval_transform="resize(16)|center_crop(16)",
    )
    data = {"name": "photos", "fingerprint": opened(photos, 0.5).fingerprint}
    run = {"config": config.asdict(), "engine": "native", "data": data, "versions": versions()}
    file = folder / "run.json"
    file.write_text(json.dumps({**run, **changes}), encoding="utf-8")
    return file


def opened(photos, fraction):
    from paddle_aug.data.split import select

    return select(open_dataset(str(photos)), fraction=fraction, seed=7)


def tool(*arguments, cwd):
    return subprocess.run(
        [sys.executable, TOOL, *map(str, arguments)], cwd=cwd, capture_output=True, text=True
    )


def test_the_first_cell_is_the_image_and_the_others_are_its_epochs(photos, config):
    samples = open_dataset(str(photos)).train
    trained = Augmented(samples, 24, augmentation("userDef"), seed=5)
    first, *others = preview.cells_of(
        preview.dataset_of(config, samples), index=3, epoch=2, count=4
    )
    want = cv2.resize(read_image(samples[3].file), (24, 24), interpolation=cv2.INTER_LINEAR)
    assert (first.image == want).all()
    assert (first.title, first.caption) == ("original", samples[3].path)
    for epoch, cell in enumerate(others, 2):
        assert (cell.image == trained[epoch, 3][0]).all()
        assert cell.title == f"epoch {epoch}"
    assert len({cell.image.tobytes() for cell in others}) == 4


def test_a_caption_replays_to_its_picture(photos):
    samples = open_dataset(str(photos)).train
    config = TrainConfig(augment="brightness(0.4)|flip", image_size=24)
    first, *others = preview.cells_of(preview.dataset_of(config, samples), 0, 0, 6)
    for cell in others:
        factor, flips = cell.caption.split(" · ")
        made = first.image * float(factor.removeprefix("brightness "))
        made = made[::-1] if "vertical" in flips else made
        made = made[:, ::-1] if "horizontal" in flips else made
        # A factor of three digits, pixels up to 255, and truncation.
        assert np.abs(np.minimum(made, 255) - cell.image).max() < 2.5


@pytest.mark.parametrize(
    ("ops", "text"),
    [
        ([], "unchanged"),
        ([("rotate", {"degrees": -7.26}), ("hflip", {"horizontal": True})],
         "rotate −7.26° · hflip yes"),
        ([("flip", {"horizontal": True, "vertical": False})], "flip horizontal"),
        ([("flip", {"horizontal": False, "vertical": False})], "flip no"),
        ([("noise", {"sigma": 0.123456, "seed": 3467917122})], "noise 0.123"),
        ([("Imgaug", {"seed": 3467917122})], "Imgaug 3467917122"),
        ([("crop", {"top": 1, "left": 118.4})], "crop top 1, left 118"),
        ([("center_crop_resize", {"width_ratio": 1.25, "height_ratio": 1.0,
                                  "interpolation": "bicubic"})],
         "center_crop_resize width 1.25, height 1"),
        ([("add", {"value": [1.0, -2.5, 0.0]})], "add (1, −2.5, 0)"),
        ([("piecewise_affine", {"jitter": [[[0.1, 0.2]] * 4] * 4})], "piecewise_affine …"),
        ([("resize", {})], "resize"),
        ([("autoaugment", {"ops": [["equalize"], ["rotate", -26.67]]})],
         "autoaugment equalize, rotate −26.7°"),
        ([("autoaugment", {"ops": []})], "autoaugment unchanged"),
        ([("augmix", {"weights": [0.25, 0.5, 0.25],
                      "chains": [[["invert"], ["shear_x", 0.1]], [["identity"]]]})],
         "augmix weights (0.25, 0.5, 0.25), chains invert, shear_x 0.1 / identity"),
    ],
)  # fmt: skip
def test_captions_are_short(ops, text):
    assert preview.describe(ops) == text


def test_every_op_has_a_caption_of_what_it_draws():
    for name, kind in OPS.items():
        sized = {"resize", "center_crop", "random_crop", "random_resized_crop"}
        op = kind(16) if name in sized else kind()
        params = op.sample(generator(0, "augment"), (32, 32, 3))
        longest = 170 if name == "augmix" else 110  # of which each image has up to nine ops
        assert len(preview.describe([(name, params)])) < longest


def test_a_caption_is_broken_between_ops():
    lines = preview.wrap("rotate 12° · hflip yes · crop top 1, right 2, bottom 3, left 4", 22)
    assert [line.replace(preview.NBSP, " ") for line in lines] == [
        "rotate 12° ·",
        "hflip yes · crop top",
        "1, right 2, bottom 3,",
        "left 4",
    ]


def test_a_row_for_each_op_of_a_mode_with_draws_of_that_op_alone(photos):
    samples = open_dataset(str(photos)).train
    config = TrainConfig(augment="maybe(0.1, vflip(1.0))|rotate|vflip(1.0)", image_size=24)
    cells = preview.draws_by_op(config, samples, 0, 0, 2)
    assert [cell.title for cell in cells] == ["vflip", "", "", "rotate", "", ""]
    original = cells[0].image
    assert all((cell.image == original[::-1]).all() for cell in cells[1:3])
    assert (cells[3].image == original).all()
    assert cells[1].caption == "yes"
    titles = [cell.title for cell in preview.draws_by_op(
        TrainConfig(augment="userDef", image_size=24), samples, 0, 0, 1)]  # fmt: skip
    assert len([title for title in titles if title]) == 8


def test_a_run_shows_the_very_pictures_that_its_network_saw(tmp_path, photos):
    seen = preview.read_run(run_file(tmp_path, photos))
    trained = Augmented(
        opened(photos, 0.5).train,
        16,
        augmentation("hflip|rotate(20)|random_crop(20)"),
        seed=7,
        stretch=False,
        fit=augmentation("resize(16)|center_crop(16)"),
    )
    assert seen.notes == []
    assert len(seen.dataset) == len(trained) == 12
    for key in ((0, 0), (41, 7), (41, 11)):
        assert (seen.dataset[key][0] == trained[key][0]).all()
        cell = preview.cells_of(seen.dataset, key[1], key[0], 1)[1]
        assert (cell.image == trained[key][0]).all()


def test_the_picture_of_a_run_is_the_one_that_training_hands_its_network(tmp_path, photos):
    config = TrainConfig(augment="allab", data=str(photos), seed=3, image_size=32, cache="off")
    data = open_data(config)
    about = {"name": data.name, "fingerprint": data.fingerprint}
    file = run_file(tmp_path, photos, config=config.asdict(), data=about)
    dataset = augmented(config, data.train, config.augment)
    assert (preview.read_run(file).dataset[9, 5][0] == dataset[9, 5][0]).all()


def test_a_run_by_other_versions_says_so(tmp_path, photos):
    file = run_file(tmp_path, photos, versions={**versions(), "opencv": "4.9", "paddle": "2.6.2"})
    assert preview.read_run(file).notes == [
        f"opencv was 4.9 in the run, and is {cv2.__version__} here"
    ]


def test_a_run_on_other_data_is_refused(tmp_path, photos):
    file = run_file(tmp_path, photos)
    other = write_dataset(tmp_path / "other", classes=2)
    with pytest.raises(UserError, match="or other is other data; --data names where it is now"):
        preview.read_run(file, str(other))


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"config": {"seed": -1}}'])
def test_what_is_no_run_is_refused(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(UserError, match=r"is not the run\.json of a run|--seed must be"):
        preview.read_run(tmp_path / "run.json")
    with pytest.raises(UserError, match=r"--run wants a run\.json"):
        preview.read_run(tmp_path / "none.json")


def test_an_image_is_found_by_its_path_its_name_or_its_place(photos):
    samples = open_dataset(str(photos)).train
    assert preview.place(samples, "class1/train_003.png", None)[1] == 11
    assert preview.place(samples, "train_003.png", None)[1] == 3
    assert preview.place(samples, None, None)[1] == 0
    with pytest.raises(UserError, match=r"did you mean 'class1/train_003\.png'"):
        preview.place(samples, "class1/train_03.png", None)
    with pytest.raises(UserError, match="--index 24 is not of 0 to 23"):
        preview.place(samples, None, 24)
    own, index = preview.choose(None, str(samples[4].file))
    assert own[index].file == samples[4].file


def test_the_pixels_of_the_figure_are_those_of_the_cells():
    blocks = np.kron(generator(0, "drawing").integers(0, 256, (4, 4, 3)), np.ones((64, 64, 1)))
    image = blocks.astype(np.uint8)
    drawing = preview.figure([preview.Cell(image, "a"), preview.Cell(image, "b")], 1, 2)
    shown = [axes.images[0].get_array() for axes in drawing.axes]
    assert len(shown) == 2
    for array in shown:
        want = cv2.resize(image, array.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        middle = np.abs(array.astype(int) - want).max(axis=2) < 3
        assert middle.mean() > 0.85  # all but the seams of the blocks
    assert all(not axes.get_xticks().size for axes in drawing.axes)


@pytest.mark.parametrize("shape", [(60, 20, 3), (20, 60, 3)])
def test_pictures_of_any_shape_keep_it_and_captions_stay_in_the_figure(shape):
    cells = [preview.Cell(np.zeros(shape, np.uint8), "title", "rotate 12° · " * 12)] * 5
    drawing = preview.figure(cells, 2, 3, "a title")
    width, height = drawing.get_size_inches()
    for axes in drawing.axes:
        box = axes.get_position()
        ratio = (box.height * height) / (box.width * width)
        assert ratio == pytest.approx(shape[0] / shape[1], rel=0.01)
    renderer = drawing.canvas.get_renderer() if hasattr(drawing.canvas, "get_renderer") else None
    for text in drawing.texts:
        box = text.get_window_extent(renderer)
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= width * preview.DPI


def test_the_list_tells_of_every_name():
    listing = preview.listing()
    lines = [line.strip() for line in listing.splitlines()]
    names = {line.split("(")[0] for line in lines}
    assert {*AUGMENTATIONS, *COMBINATORS} <= names
    assert "rotate(degrees=180, exact=False)" in lines
    assert "someof(low, high, *ops)" in lines
    assert "Image is uint8" not in listing
    assert len(lines) == 3 + 2 * len({*AUGMENTATIONS, *COMBINATORS})
    assert all(line.endswith((".", ":", ")")) or line in AUGMENTATIONS for line in lines)


def test_without_data_it_takes_what_training_takes(photos, monkeypatch):
    asked = []
    found = open_dataset(str(photos))
    monkeypatch.setattr(preview, "open_dataset", lambda data, check: asked.append(data) or found)
    assert preview.choose(None, index=2) == (found.train, 2)
    assert asked == [None]


def test_the_tool_writes_a_figure(tmp_path, photos):
    done = tool("hflip", "--data", photos, "--rows", 1, "--columns", 2, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "wrote preview.png\n")
    assert (tmp_path / "preview.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give one of: an augmentation, --ops SPEC, --run FILE, --list"),
        (["hflip", "--ops", "userDef"], "give one of"),
        (["rotat"], "did you mean 'rotate'?"),
        (["hflip", "--rows", 0], "--rows must be at least 1, not 0"),
        (["hflip", "--epoch", -1], "--epoch must be from 0 to 2**32 - 1, not -1"),
        (["hflip", "--output", "a.bmp"], "a.bmp ends in none of .png, .svg, .pdf"),
        (["--ops", "userDef", "--rows", 2], "leave --rows away"),
        (["--run", "x.json", "--seed", 3], "--run has its own --seed"),
    ],
)
def test_a_users_mistake_ends_with_one_message(photos, arguments, message, monkeypatch, capsys):
    import runpy

    monkeypatch.setattr(sys, "path", [str(TOOL.parent), *sys.path])
    data = [] if "--run" in arguments else ["--data", str(photos)]
    monkeypatch.setattr(sys, "argv", [str(TOOL), *map(str, arguments), *data])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(TOOL), run_name="__main__")
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert message in said.err
    assert said.err.count("\n") == 1
