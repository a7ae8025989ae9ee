"""Previews: what they draw is what training sees, and what they say of it is what was drawn."""

import json
import re
from collections import Counter
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from in_process import refusal, run_tool
from made_data import write_dataset

from paddle_aug.augment.modes import AUGMENTATIONS, NOTEBOOK_MODES, OPS, SEQUEL_MIXES, augmentation
from paddle_aug.augment.spec import COMBINATORS
from paddle_aug.config import TrainConfig
from paddle_aug.data import dataset
from paddle_aug.data.augmented import Augmented
from paddle_aug.data.dataset import open_dataset
from paddle_aug.data.image import read_image, read_sample
from paddle_aug.data.readers import aistudio
from paddle_aug.errors import UserError
from paddle_aug.inputs import dataset_of, open_data
from paddle_aug.preview import listing, preview
from paddle_aug.preview.captions import NBSP, caption
from paddle_aug.preview.figure import DPI, figure, wrap
from paddle_aug.preview.mixing import processes
from paddle_aug.preview.preview import Cell, Draws, Section, Shown
from paddle_aug.rng import generator
from paddle_aug.system.versions import versions
from paddle_aug.training.mixing import MIXES

TOOL = Path(__file__).parent.parent.parent / "tools" / "preview.py"


@pytest.fixture
def samples(data):
    return data.train


def run_file(folder, photos, **changes):
    """A run.json as training leaves it, as far as previews read it."""
    config = TrainConfig(
        augment="hflip|rotate(20)|random_crop(20)", data=str(photos), seed=7, image_size=16,
        stretch=False, fraction=0.5, eval_transform="resize(16)|center_crop(16)",
    )  # fmt: skip
    data = {"name": "photos", "fingerprint": open_data(config, check=False).fingerprint}
    run = {"config": config.asdict(), "engine": "native", "data": data, "versions": versions()}
    file = folder / "run.json"
    file.write_text(json.dumps({**run, **changes}), encoding="utf-8")
    return file


def shown(config, samples):
    return Shown(config, dataset_of(config, samples))


def section(*cells, title=""):
    return Section(title, "class0/a.png", list(cells))


def test_the_first_cell_is_the_image_and_the_others_are_its_epochs(samples):
    config = TrainConfig(augment="userDef", seed=5, image_size=24, interpolation="linear")
    trained = Augmented(samples, 24, augmentation("userDef"), seed=5, interpolation="linear")
    first, *others = preview.cells_of(shown(config, samples), 3, Draws(4, epoch=2))
    want = cv2.resize(read_image(samples[3].file), (24, 24), interpolation=cv2.INTER_LINEAR)
    assert (first.image == want).all()
    assert (first.title, first.caption) == ("original", samples[3].path)
    for epoch, cell in enumerate(others, 2):
        assert (cell.image == trained[epoch, 3][0]).all()
        assert cell.title == f"epoch {epoch + 1}"
    assert len({cell.image.tobytes() for cell in others}) == 4


def test_a_caption_replays_to_its_picture(samples):
    config = TrainConfig(augment="brightness(0.4)|flip", image_size=24)
    first, *others = preview.cells_of(shown(config, samples), 0, Draws(6))
    for cell in others:
        factor, _, flips = cell.caption.partition(" · ")  # no flip that does not flip
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
    assert caption(ops) == text


def test_every_op_has_a_caption_of_what_it_draws():
    for name, kind in OPS.items():
        sized = {"resize", "center_crop", "random_crop", "random_resized_crop"}
        op = kind(16) if name in sized else kind()
        params = op.sample(generator(0, "augment"), (32, 32, 3))
        longest = 170 if name == "augmix" else 110  # of which each image has up to nine ops
        assert len(caption([(name, params)])) < longest


def test_a_caption_is_broken_between_ops():
    lines = wrap("rotate 12° · hflip yes · crop top 1, right 2, bottom 3, left 4", 22)
    assert [line.replace(NBSP, " ") for line in lines] == [
        "rotate 12° ·", "hflip yes · crop top", "1, right 2, bottom 3,", "left 4",
    ]  # fmt: skip


def test_a_row_for_each_op_of_a_mode_with_draws_of_that_op_alone(samples):
    spec = "maybe(0.1, vflip(1.0))|rotate|vflip(1.0)|rotate(5)"
    ops = preview.ops_of(TrainConfig(augment=spec, image_size=24), samples)
    sections = preview.draws_by_op(ops, 0, Draws(2))
    assert [section.title for section in sections] == ["vflip", "rotate", "rotate 2"]
    assert sections[2].about == "Rotate(degrees=5, exact=False)"
    (original, *flipped), turned, _ = (section.cells for section in sections)
    assert [cell.caption for cell in flipped] == ["yes", "yes"]
    assert all((cell.image == original.image[::-1]).all() for cell in flipped)
    assert (turned[0].image == original.image).all()
    assert turned[1].caption != turned[2].caption
    assert len(preview.draws_by_op(ops, 0, Draws(3, original=False))[0].cells) == 3
    assert len(preview.ops_of(TrainConfig(augment="userDef", image_size=24), samples)) == 8


def test_a_run_is_shown_as_far_as_it_goes(tmp_path, photos, monkeypatch, capsys):
    run = json.loads(run_file(tmp_path, photos).read_text())
    short = run_file(tmp_path, photos, config={**run["config"], "epochs": 4})
    drawn = []
    monkeypatch.setattr("paddle_aug.commands.preview.draw", lambda *given: drawn.extend(given))
    run_tool("preview.py", "--run", short, "--epoch", 2, "--columns", 5, monkeypatch=monkeypatch)
    assert [cell.title for cell in drawn[0][0].cells] == [
        "original",
        "epoch 2",
        "epoch 3",
        "epoch 4",
    ]
    options = ("--run", short, "--epoch", 5)
    said = refusal("preview.py", *options, monkeypatch=monkeypatch, capsys=capsys)
    assert said == "--epoch must be from 1 to 4 for this run, not 5\n"


def test_a_run_by_other_versions_says_so(tmp_path, photos):
    others = {**versions(), "opencv": "4.9", "paddle": "2.6.2", "imgaug": None}
    file = run_file(tmp_path, photos, versions=others)
    opencv = f"opencv was 4.9, here it is {cv2.__version__}"
    assert preview.read_run(file).notes == [opencv]
    file = run_file(tmp_path, photos, versions=others, engine="imgaug")
    assert preview.read_run(file).notes == [opencv, "imgaug was None, here it is 0.4.0"]


def test_a_run_that_does_not_tell_its_passes_says_so(tmp_path, photos, monkeypatch, capsys):
    config = json.loads(run_file(tmp_path, photos).read_text())["config"]
    frozen = {**config, "freeze": "body", "passes": 3}

    def notes(config, *sessions):
        sessions = [{"from_epoch": epoch, **session} for epoch, session in enumerate(sessions)]
        return preview.read_run(run_file(tmp_path, photos, config=config, sessions=sessions)).notes

    (note,) = notes(frozen, {}, {"passes": 3})
    assert note == (
        "this run.json is of an earlier version and does not say whether --passes 3 applied; if it "
        "did, the network saw other draws than these"
    )
    before_passes = {name: value for name, value in frozen.items() if name != "passes"}
    others = [{"augment": "none"}, {"mix": "mixup"}, {"freeze": None}, {"passes": 0}]
    for known in (config, before_passes, *({**frozen, **change} for change in others)):
        assert notes(known, {}) == []
    assert notes(frozen, {"passes": 3}) == []

    page = tmp_path / "a.html"
    claim = "was given, pixel by pixel"
    for session, claimed in (({"passes": 3}, True), ({}, False)):
        file = run_file(tmp_path, photos, config=frozen, sessions=[{"from_epoch": 0, **session}])
        run_tool("preview.py", "--run", file, "--html", page, monkeypatch=monkeypatch)
        text = page.read_text(encoding="utf-8")
        assert (claim in text, note in text) == (claimed, not claimed)
        assert (note in capsys.readouterr().err) is not claimed


def test_a_run_on_other_data_is_refused(tmp_path, photos):
    file = run_file(tmp_path, photos)
    other = write_dataset(tmp_path / "other", classes=2)
    with pytest.raises(UserError, match="other is not the data of the run, photos, or has changed"):
        preview.read_run(file, str(other))


def test_a_run_from_before_mixes_and_area_has_neither(tmp_path, photos):
    """As logs/reference has them."""
    old = json.loads(run_file(tmp_path, photos).read_text())["config"]
    for name in ("mix", "mix_per", "stretch", "interpolation"):
        del old[name]
    shown = preview.read_run(run_file(tmp_path, photos, config=old, sessions=[{"from_epoch": 3}]))
    assert (shown.config.mix, shown.config.interpolation) == ("none", "linear")
    linear = read_sample(shown.dataset.samples[0], shown.config.image_size, "linear")
    assert (shown.dataset.unchanged(0) == linear).all()
    assert processes(shown.sessions, 5) == 1


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "is not the run.json of a run: "),
        ("[]", "is not the run.json of a run: it must be an object"),
        ("{}", "is not the run.json of a run: it: config is missing"),
        ('{"config": {}, "data": {"fingerprint": ""}, "versions": {}, "sessions": [{}]}',
         "is not the run.json of a run: it: sessions 0: from_epoch is missing"),
        ('{"config": {"seed": -1}, "data": {"fingerprint": ""}, "versions": {}}', "--seed must be"),
        (None, "No such file or directory; give a run.json to --run"),
    ],
)  # fmt: skip
def test_what_is_no_run_is_refused(tmp_path, text, fault):
    if text is not None:
        (tmp_path / "run.json").write_text(text)
    with pytest.raises(UserError, match=re.escape(fault)):
        preview.read_run(tmp_path / "run.json")


def test_an_image_is_found_by_its_path_its_name_or_its_place(samples):
    assert preview.image_index(samples, "class1/train_003.png") == 11
    assert preview.image_index(samples, "train_003.png") == 3
    assert preview.image_index(samples) == 0
    with pytest.raises(UserError, match=r"did you mean 'class1/train_003\.png'"):
        preview.image_index(samples, "class1/train_03.png", None)
    with pytest.raises(UserError, match="--index must be from 0 to 23 here, not 24"):
        preview.image_index(samples, None, 24)
    name = str(samples[4].file)
    _, (own,) = preview.as_training({}, file=name)
    assert own.file == samples[4].file
    assert preview.image_index([own], name) == 0


def test_the_pixels_of_the_figure_are_those_of_the_cells():
    blocks = np.kron(generator(0, "drawing").integers(0, 256, (4, 4, 3)), np.ones((64, 64, 1)))
    image = blocks.astype(np.uint8)
    drawing = figure([section(Cell(image, "a"), Cell(image, "b"))], 2)
    assert len(drawing.axes) == 2
    for axes in drawing.axes:
        array = axes.images[0].get_array()
        want = cv2.resize(image, array.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        middle = np.abs(array.astype(int) - want).max(axis=2) < 3
        assert middle.mean() > 0.85  # all but the seams of the blocks
        assert not axes.get_xticks().size


@pytest.mark.parametrize("shape", [(60, 20, 3), (20, 60, 3)])
def test_pictures_of_any_shape_keep_it_and_captions_stay_in_the_figure(shape):
    cells = [Cell(np.zeros(shape, np.uint8), "title", "rotate 12° · " * 12)] * 5
    drawing = figure([section(*cells), section(*cells[:2])], 3, "a title")
    width, height = drawing.get_size_inches()
    for axes in drawing.axes:
        box = axes.get_position()
        ratio = (box.height * height) / (box.width * width)
        assert ratio == pytest.approx(shape[0] / shape[1], rel=0.01)
    for text in drawing.texts:
        box = text.get_window_extent()
        assert min(box.x0, box.y0) >= 0
        assert box.x1 <= width * DPI


def test_narrow_sections_stand_beside_each_other_and_wide_ones_below():
    cells = [Cell(np.zeros((8, 8, 3), np.uint8), "")] * 6
    for columns, beside, below in ((4, 1, 2), (3, 2, 1), (2, 3, 1), (1, 3, 1)):
        number = beside * below
        drawing = figure([section(*cells[:columns], title=str(n)) for n in range(number)], columns)
        boxes = [axes.get_position() for axes in drawing.axes]
        assert len(boxes) == number * columns
        assert len({round(box.y0, 4) for box in boxes}) == below
        assert len({round(box.x0, 4) for box in boxes}) == columns * beside
        headings = [text for text in drawing.texts if text.get_text().isdigit()]
        assert len({round(text.get_position()[0], 4) for text in headings}) == beside


def test_images_are_spread_over_the_classes(samples):
    in_turn = [number + 8 * label for number in range(8) for label in range(3)]
    assert preview.spread_over_classes(samples, 2) == [0, 8]
    for count in (3, 5, 99):
        assert preview.spread_over_classes(samples, count) == in_turn[:count]


def test_the_list_has_every_name():
    text = listing.listing()
    lines = [line.strip() for line in text.splitlines()]
    written = [line for line, below in pairwise(lines) if below.endswith(".")]
    names = [line.split("(")[0].split(":")[0] for line in written]
    assert "rotate(degrees=180, exact=False)" in lines
    assert "someof(low, high, *ops)" in lines
    assert "Image is uint8" not in text
    assert Counter(names) == Counter([*AUGMENTATIONS, *COMBINATORS, *SEQUEL_MIXES, *MIXES])
    headings = [line for line in lines if line.endswith(":")]
    assert len(lines) == len(headings) + 2 * len(names)
    assert [heading.split(",")[0].removesuffix(":") for heading in headings] == [
        "Ops", "Policies", "Modes", "Mixes", "Combinators",
    ]  # fmt: skip
    policies = text[text.index("Policies") : text.index("Modes")]
    assert "trivialaugment(bins=31)" in policies
    assert "hflip" not in policies


def test_the_list_has_the_mixes_of_training_with_their_defaults():
    assert list(listing.MIXES) == [
        ":".join([name, *(f"{field.default}" for field in fields(MIXES[name]))]) for name in MIXES
    ]


@pytest.mark.parametrize(
    ("given", "recipe", "image_size"),
    [
        ({}, None, 32),
        ({"data": "photos"}, None, 224),
        ({"data": "photos"}, "small", 64),
        ({"data": "photos", "image_size": 48}, "small", 48),
        ({"data": "photos", "seed": 3}, "own.yaml", 224),
    ],
    ids=str,
)
def test_it_takes_the_images_and_the_size_that_training_takes(
    photos, tmp_path, monkeypatch, given, recipe, image_size
):
    (tmp_path / "own.yaml").write_text("config: {holdout: 0.25, fraction: 0.5}")
    (tmp_path / "data").mkdir()
    for name in ("photos", "data/sample"):
        (tmp_path / name).symlink_to(photos)
    monkeypatch.setattr(dataset, "draw_sample", lambda folder: None)
    monkeypatch.setattr(aistudio, "find_data", lambda start, home: None)
    monkeypatch.chdir(tmp_path)
    config, samples = preview.as_training(given, recipe)
    assert config.image_size == image_size
    assert samples == open_data(config, check=False).train


def test_data_without_images_to_evaluate_on_are_shown(photos):
    _, samples = preview.as_training({"data": str(photos / "Images")})
    assert len(samples) == len(open_dataset(photos / "Images").train)


@pytest.mark.parametrize(
    ("arguments", "sections", "columns"),
    [
        (["userDef", "--rows", 4, "--columns", 4, "--no-original"], {"": 16}, 4),
        (["userDef"], {"": 9}, 3),
        (["", "--rows", 1, "--columns", 2], {"": 2}, 2),
        (["userDef", "--images", 2], {"": 10}, 5),
        (["allab,allba", "--rows", 4, "--columns", 2, "--no-original"],
         {"allab": 8, "allba": 8}, 2),
        (["--sweep", "rotate|noise"], {"rotate": 6, "noise": 6}, 6),
        (["all", "--rows", 1, "--columns", 3], dict.fromkeys(NOTEBOOK_MODES, 3), 3),
        (["--ops", "userDef"], dict.fromkeys(
            ["brightness", "contrast", "color", "sharpness", "center_crop_resize", "flip",
             "rotate", "noise"], 5), 5),
        (["--ops", "imgaugLib"], None, 3),  # many ops, two of them side by side
    ],
)  # fmt: skip
def test_a_command_makes_each_grid_of_the_notebook(
    photos, arguments, sections, columns, monkeypatch
):
    drawn = []
    monkeypatch.setattr("paddle_aug.commands.preview.draw", lambda *given: drawn.extend(given))
    run_tool(
        "preview.py", *arguments, "--data", photos, "--image-size", 16, monkeypatch=monkeypatch
    )
    pictures = Counter()
    for grid in drawn[0]:
        pictures[grid.title] += len(grid.cells)
        assert (grid.cells[0].title == "original") != ("--no-original" in arguments) or grid.about
    if sections is not None:
        assert pictures == sections
    assert drawn[1] == columns


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "one of the arguments AUGMENT --list --ops --sweep --run is required"),
        (["hflip", "--ops", "userDef"], "argument --ops: not allowed with argument AUGMENT"),
        (["rotat"], "did you mean 'rotate'?"),
        (["hflip", "--rows", 0], "--rows must be at least 1, not 0"),
        (["hflip", "--epoch", 0], "--epoch must be from 1 to 2**32, not 0"),
        (["hflip", "--output", "a.bmp"], "a.bmp must end in .png, .svg, .pdf"),
        (["--ops", "userDef", "--rows", 2], "drop --rows"),
        (["--run", "x.json", "--seed", 3], "--run takes --seed from the run"),
        (["--run", "x.json", "--recipe", "small"], "--run takes --recipe from the run"),
        (["--ops", "userDef+cutmix"], "--ops shows single ops, and +cutmix mixes images"),
        (["--ops", "none|hflip"], "has an op that changes nothing; drop it"),
        (["--ops", "hflip,vflip"], "--ops takes one augmentation, not 2"),
        (["--sweep", "rotate", "--columns", 2], "five strengths of each operation; drop --columns"),
        (["--sweep", "rotate", "--seed", 7], "five strengths of each operation; drop --seed"),
        (["--sweep", "rotate", "--rows", 2], "--sweep draws a row for each operation; drop --rows"),
        (["--sweep", "hflip"], "--sweep needs an operation with a strength, such as rotate; hflip"),
        (["hflip", "--images", 0], "--images must be at least 1, not 0"),
        (["hflip", "--rows", 1, "--columns", 1], "the original fills the only picture"),
        (["hflip", "--html", TOOL / "a.html"], "cannot write --html "),
    ],
)
def test_a_users_mistake_ends_with_one_message(photos, arguments, message, monkeypatch, capsys):
    data = [] if "--run" in arguments else ["--data", str(photos)]
    assert message in refusal(
        "preview.py", *arguments, *data, monkeypatch=monkeypatch, capsys=capsys
    )
