"""The invariance map measures networks on changed images, and its files say what it measured."""

import csv
import io
import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import paddle
import pytest
from english_left import english_left
from in_process import refusal, run_tool
from made_data import write_dataset
from matplotlib.colors import to_hex
from matplotlib.text import Text

from paddle_aug.augment.modes import augmentation
from paddle_aug.config import TrainConfig
from paddle_aug.data.normalize import KNOWN
from paddle_aug.errors import UserError
from paddle_aug.evaluation import invariance, invariance_figure, invariance_ops, invariance_report
from paddle_aug.evaluation.invariance import Curve, Subject
from paddle_aug.evaluation.invariance_ops import OPS, Op
from paddle_aug.inputs import open_data
from paddle_aug.networks import NETWORKS
from paddle_aug.results import language
from paddle_aug.results.colours import COLOURS, label
from paddle_aug.rng import generator
from paddle_aug.training import checkpoint
from paddle_aug.training.fit import fit
from paddle_aug.training.weights import Trained

ROOT = Path(__file__).parent.parent.parent
TOOL = ROOT / "tools" / "invariance.py"
BY_NAME = {op.name: op for op in OPS}
LINE = Op("line", lambda image, *_: image, 0, (-3, -2, -1, 0, 1, 2, 3), "steps")


class Finder(paddle.nn.Layer):
    """Knows by rule what `write_dataset` draws: which third of the columns is the brightest."""

    def forward(self, images):
        columns = images.mean(axis=[1, 2])
        return columns.reshape([len(images), 3, -1]).mean(axis=2)


@pytest.fixture(scope="module")
def trained_run(photos, tmp_path_factory):
    """A folder with models/ and logs/ of two modes, trained for an epoch."""
    folder = tmp_path_factory.mktemp("runs")
    config = TrainConfig(
        data=str(photos), network="lenet", image_size=32, epochs=1, device="cpu", threads=1,
        normalize="data", stretch=False, eval_transform="resize(36)|center_crop(32)",
        log_dir=str(folder / "logs"), model_dir=str(folder / "models"),
    )  # fmt: skip
    for mode in ("none", "resize(32)|center_crop(32)|hflip"):
        fit(replace(config, augment=mode))
    return folder


def finder(photos, name="none", mode=""):
    """A network that is always right, as if it were trained on the photos."""
    config = TrainConfig(data=str(photos), image_size=24, batch_size=5, cache="off")
    data = open_data(config)
    half, names = KNOWN["half"], data.class_names
    trained = Trained(Finder(), config, half, names, data.name, data.fingerprint)
    return Subject(name, mode, Path("w.pdparams"), trained)


def curve(rows, op=LINE, subject=None):
    """Of shares of 1000 images that are right, the same ones first."""
    return Curve(subject, op, np.arange(1000) < 1000 * np.array(rows)[:, None])


def a_map(*shares, op=LINE, modes=("", "userDef"), photos=None):
    """A map of made-up networks, each by its shares at the magnitudes of one op."""
    curves = [
        curve(rows, op, finder(photos, label(mode), mode))
        for rows, mode in zip(shares, modes, strict=False)
    ]
    data = open_data(curves[0].subject.config)
    return invariance_report.Map({op.name: curves}, data, 0.05)


def mean_of(trained, samples, name):
    (measured,) = invariance.measure([trained], samples, [BY_NAME[name]])[name]
    return dict(zip(measured.op.magnitudes, measured.accuracy.tolist(), strict=True))


def test_magnitudes_rise_and_the_neutral_one_is_among_them():
    for op in OPS:
        assert list(op.magnitudes) == sorted(set(op.magnitudes)), op.name
        assert op.neutral in op.magnitudes
        if not op.unit:
            assert (op.neutral, op.magnitudes) == (0, (0, 1))
    assert len(BY_NAME) == len(OPS)


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_every_magnitude_but_the_neutral_one_changes_the_image(op):
    image = generator(3, "drawing").integers(0, 256, (40, 40, 3)).astype(np.uint8)
    image = cv2.GaussianBlur(image, (5, 5), 1)
    before = image.copy()
    for magnitude in op.magnitudes:
        changed = op.apply(image, magnitude, 7)
        assert (changed.shape, changed.dtype) == (image.shape, np.uint8)
        assert (op.apply(image, magnitude, 7) == changed).all()
        if magnitude != op.neutral:
            assert (changed != before).any(), magnitude
        elif op.unit and op.name != "hue":  # which is cut to bytes
            assert np.abs(changed.astype(int) - before).max() <= 1
    assert (image == before).all()


def test_moves_go_as_far_as_their_magnitude_says_over_a_black_border():
    image = np.full((40, 60, 3), 200, np.uint8)
    image[:, :30] = 90
    right = BY_NAME["shift_x"].apply(image, 50, 0)
    assert not right[:, :30].any()
    assert (right[:, 31:] == 90).all()
    down = BY_NAME["shift_y"].apply(image, 50, 0)
    assert not down[:20].any()
    assert (down[21:] == image[:19]).all()
    half = BY_NAME["scale"].apply(image, 0.5, 0)
    assert (half > 0).all(axis=2).mean() == pytest.approx(0.25, abs=0.03)
    sheared = BY_NAME["shear_x"].apply(np.full((41, 141, 3), 255, np.uint8), 40, 0)
    lean = np.argmax(sheared[:, :, 0] > 127, axis=1).astype(float)[:18]
    assert abs(np.polyfit(range(18), lean, 1)[0]) == pytest.approx(np.tan(np.radians(40)), abs=0.03)


def test_the_erased_square_is_in_the_middle_and_has_its_share():
    erased = BY_NAME["erase"].apply(np.full((40, 60, 3), 9, np.uint8), 50, 0)
    rows, columns = np.nonzero(erased.sum(axis=2) == 0)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 29, 20, 39)
    assert len(rows) == 400


@pytest.mark.parametrize("side", [32, 128])
def test_pixels_are_distorted_by_the_typical_shift_whatever_the_size_of_the_image(side):
    # Of a ramp, what a pixel becomes tells where it comes from.
    ramp = np.broadcast_to(np.linspace(0, 255, side)[:, None], (side, side, 3)).astype(np.uint8)
    middle = slice(side // 5, -side // 5)
    moved = []
    for seed in range(20):
        distorted = BY_NAME["elastic"].apply(ramp, 4, seed)[middle, middle, 0].astype(float)
        moved.append((distorted - ramp[middle, middle, 0]) / 255)
    assert np.sqrt(np.mean(np.square(moved))) == pytest.approx(0.04, rel=0.15)


def test_each_image_has_noise_of_its_own_and_the_same_at_each_look():
    grey = np.full((30, 30, 3), 128, np.uint8)
    one, other, again = (BY_NAME["noise"].apply(grey, 20, seed) for seed in (1, 2, 1))
    assert (one == again).all()
    assert (one != other).any()
    assert (one.astype(float) - 128).std() == pytest.approx(20, rel=0.05)


def test_the_accuracy_is_that_of_the_network_on_the_changed_images(photos):
    subject = finder(photos)
    samples = open_data(subject.config).eval
    assert mean_of(subject, samples, "vflip") == {0: 1, 1: 1}
    assert mean_of(subject, samples, "hflip") == {0: 1, 1: pytest.approx(1 / 3)}  # the middle class
    assert mean_of(subject, samples, "invert")[1] == 0
    turned = mean_of(subject, samples, "rotate")
    assert turned[0] == 1
    assert turned[180] == turned[-180] == pytest.approx(1 / 3)
    assert mean_of(subject, samples, "color") == dict.fromkeys(invariance_ops.FACTORS, 1)
    shifted = mean_of(subject, samples, "shift_x")
    assert shifted[50] < 0.5  # out of the image, or into the next third


def test_unchanged_images_are_looked_at_once_and_not_through_the_kernel(photos):
    asked = []
    op = Op("op", lambda image, magnitude, _: asked.append(magnitude) or image, 0, (-1, 0, 1), "u")
    subject = finder(photos)
    samples = open_data(subject.config).eval
    (measured,) = invariance.measure([subject], samples, [op])["op"]
    assert sorted(asked) == [-1] * len(samples) + [1] * len(samples)
    assert measured.correct.all()
    assert measured.correct.shape == (3, len(samples))


def test_weights_are_evaluated_as_training_evaluated_them(trained_run):
    weights = sorted((trained_run / "models").glob("*_best.pdparams"))
    networks = invariance.load_subjects(weights)
    data = invariance.held_out(networks, {})
    curves = invariance.measure(networks, data.eval, [BY_NAME["hflip"]])["hflip"]
    for path, measured in zip(weights, curves, strict=True):
        log = trained_run / "logs" / path.name.replace("best.pdparams", "run.json")
        assert measured.clean == json.loads(log.read_text(encoding="utf-8"))["best"]["accEval"]


@pytest.mark.parametrize(
    ("shares", "kept"),
    [
        ((0.8,) * 7, (-3, 3)),
        ((0.1, 0.5, 0.7, 0.8, 0.77, 0.7, 0.1), (0, 1)),
        ((0.1, 0.5, 0.7, 0.8, 0.7, 0.6, 0.1), (0, 0)),
        ((0.79, 0.79, 0.3, 0.8, 0.79, 0.79, 0.3), (0, 2)),  # beyond a gap it is not the same range
        ((0.76, 0.76, 0.76, 0.8, 0.76, 0.76, 0.76), (-3, 3)),  # 95 % of 80 % to the digit
        ((0.9, 0.9, 0.9, 0.8, 0.9, 0.9, 0.9), (-3, 3)),
        ((0.78, 0.757, 0.77, 0.8, 0.757, 0.757, 0.1), (-3, 0)),  # 3 of 1000 less is chance
    ],
)
def test_the_range_kept_is_the_one_around_the_neutral_magnitude(shares, kept):
    assert curve(shares).kept(0.05) == kept
    assert curve(shares).kept(0.9) == (-3, 3)


def test_a_dip_by_chance_does_not_end_the_range():
    # Flat networks, whose every magnitude makes as many images right as wrong.
    rng = generator(0, "noise")
    whole, bare = 0, 0
    for _ in range(200):
        clean = rng.random(300) < 0.7
        rows = [clean if place == 3 else clean ^ (rng.random(300) < np.where(clean, 0.06, 0.14))
                for place in range(7)]  # fmt: skip
        flat = Curve(None, LINE, np.stack(rows))
        whole += flat.kept(0.02) == (-3, 3)
        bare += bool((flat.accuracy >= 0.98 * flat.clean).all())
    assert whole > 1.5 * bare


def test_images_are_drawn_by_class(photos):
    samples = open_data(finder(photos).config).eval
    some = invariance.some_of(samples, 6)
    assert [sample.label for sample in some] == [0, 0, 1, 1, 2, 2]
    assert some == invariance.some_of(samples, 6)
    assert invariance.some_of(samples, None) == samples
    with pytest.raises(UserError, match="must be from 1 to 12, the held-out images, not 13"):
        invariance.some_of(samples, 13)


def test_networks_are_called_by_what_tells_them_apart():
    one, other = Path("a/models/noAug_best.pdparams"), Path("a/models/userDefAug_best.pdparams")
    assert invariance.names_of(["", "userDef"], [one, other]) == ["none", "userDef"]
    last = one.with_name("noAug_last.pdparams")
    assert invariance.names_of(["", ""], [one, last]) == ["noAug_best", "noAug_last"]
    seed = Path("a/seed-1/noAug_best.pdparams")
    assert invariance.names_of(["", ""], [one, seed]) == ["models/noAug_best", "seed-1/noAug_best"]
    elsewhere = Path("b/models/noAug_best.pdparams")
    assert invariance.names_of(["", ""], [one, elsewhere]) == [str(one), str(elsewhere)]
    with pytest.raises(UserError, match="is given twice"):
        invariance.names_of(["", ""], [one, one])


def test_networks_of_other_classes_and_too_few_runs_are_refused(trained_run, tmp_path):
    weights = trained_run / "models" / "noAug_best.pdparams"
    with pytest.raises(UserError, match="--run is given 1 times for 2 weights; give it once"):
        invariance.load_subjects([weights, weights], [Path("run.json")])
    content = checkpoint.load(weights)
    content[checkpoint.DESCRIPTION]["data"]["class_names"] = ["a", "b"]
    two = tmp_path / "two.pdparams"
    checkpoint.save(two, {**content, **NETWORKS["lenet"](2, 32).state_dict()})
    with pytest.raises(UserError, match=r"has 3 classes and .* has 2; compare"):
        invariance.load_subjects([weights, two])


def test_data_that_are_not_the_runs_are_refused(photos, tmp_path):
    subject = finder(photos)
    other = write_dataset(tmp_path / "other", classes=4)
    with pytest.raises(UserError, match="other has other classes than the weights: 'class3' is "):
        invariance.held_out([subject], {"data": str(other)})
    turned = write_dataset(tmp_path / "turned")
    (turned / "labels.txt").write_text("0 class2\n1 class1\n2 class0\n", encoding="utf-8")
    labels = [s.label for s in invariance.held_out([subject], {"data": str(turned)}).eval]
    assert labels == [2] * 4 + [1] * 4 + [0] * 4
    plain = {"data": f"folder:{other / 'Images'}"}
    (other / "Images" / "class3").rename(tmp_path / "class3")
    assert len(invariance.held_out([subject], plain).eval) == 36
    more = write_dataset(tmp_path / "more", evaluate=5)
    assert len(invariance.held_out([subject], {"data": str(more)}).eval) == 15
    moved = replace(subject.trained, config=replace(subject.config, data=str(more)))
    with pytest.raises(UserError, match=r"has changed since, or more is other data; --data names"):
        invariance.held_out([replace(subject, trained=moved)], {})


def test_images_that_one_network_may_have_been_trained_on_are_refused(photos):
    subject = finder(photos)
    networks = []
    for seed in (3, 4):
        config = replace(subject.config, holdout=0.25, seed=seed)
        fingerprint = open_data(config).fingerprint
        facts = replace(subject.trained, config=config, fingerprint=fingerprint)
        networks.append(replace(subject, trained=facts))
    with pytest.raises(UserError, match=r"evaluated on other images than .*by --eval-list"):
        invariance.held_out(networks, {})
    named = invariance.held_out(networks, {"eval_list": str(photos / "Eval.txt")})
    assert named.eval == open_data(subject.config).eval


def test_a_network_that_is_never_right_is_refused(photos):
    subject = finder(photos)
    samples = open_data(subject.config).eval
    wrong = [sample._replace(label=(sample.label + 1) % 3) for sample in samples]
    with pytest.raises(UserError, match="gets none of the 12 unchanged images right"):
        invariance.measure([subject], wrong, [BY_NAME["hflip"]])


def test_the_words_say_what_was_measured(photos):
    falling, flat = (0.1, 0.5, 0.79, 0.8, 0.79, 0.5, 0.1), (0.6,) * 7
    result = a_map(falling, flat, photos=photos)
    assert invariance_report.sentences(result) == [
        "line (steps): none keeps its accuracy from -1 to 1; userDef from -3 to 3, all that was "
        "measured"
    ]
    assert invariance_report.differences(result) == [
        "userDef and none differ most, by the mean share of their accuracy that is left under an "
        "op, at line 100% and 58%"
    ]
    assert invariance_report.limits(result) == []
    sharp = (0.1, 0.2, 0.3, 0.8, 0.3, 0.2, 0.1)
    result = a_map(sharp, falling, photos=photos)
    assert invariance_report.sentences(result) == [
        "line (steps): none loses more than 5% of its accuracy at -1 and 1 already; userDef keeps "
        "its accuracy from -1 to 1"
    ]
    assert invariance_report.limits(result) == ["line below -1 and above 1"]
    assert invariance_report.limits(a_map(sharp, sharp, photos=photos)) == ["line at any magnitude"]


def test_the_words_of_an_op_that_is_on_or_off(photos):
    result = a_map((0.8, 0.4), (0.6, 0.6), op=BY_NAME["vflip"], photos=photos)
    assert invariance_report.sentences(result) == [
        "vflip: none keeps 50% of its accuracy; userDef keeps 100% of its accuracy"
    ]
    assert invariance_report.limits(result) == []
    lost = a_map((0.8, 0.4), (0.6, 0.1), op=BY_NAME["vflip"], photos=photos)
    assert invariance_report.limits(lost) == ["vflip"]


def test_no_english_is_left_in_a_chinese_map(photos):
    op, image = LINE._replace(unit=BY_NAME["rotate"].unit), np.zeros((8, 8, 3), np.uint8)
    flat, middle = (0.8,) * 7, (0.2, 0.2, 0.8, 0.9, 0.8, 0.2, 0.2)
    sharp, left = (0.2, 0.2, 0.4, 0.9, 0.4, 0.2, 0.2), (0.9, 0.9, 0.9, 0.9, 0.2, 0.2, 0.2)
    maps = [
        *(a_map(*shares, op=op, photos=photos)
          for shares in ((flat, middle), (middle, sharp), (sharp, sharp), (left, left),
                         (left[::-1], sharp), ((0.1,) * 7,))),
        a_map((0.8, 0.4), (0.6, 0.1), op=BY_NAME["vflip"], photos=photos),
    ]  # fmt: skip
    with language.used("zh"):
        for result in maps:
            ops = [curves[0].op for curves in result.curves.values()]
            drawn = invariance_figure.figure(invariance_report.as_dict(result), image, ops)
            words = [text.get_text() for text in drawn.findobj(Text)]
            text = "\n".join([invariance_report.page(result), *words])
            assert english_left(text) <= {op.name}


def test_one_network_is_compared_with_none_and_guessing_is_told(photos):
    result = a_map((0.3, 0.3, 0.3, 0.34, 0.3, 0.3, 0.3), photos=photos)
    assert invariance_report.differences(result) == []
    assert invariance_report.notes(result) == [
        "none is right about 34.0% of the unchanged images, which is not shown to be more than one "
        "answer for all of them would get (33.3%): its curves say nothing"
    ]
    assert "By every network" not in invariance_report.page(result)
    assert invariance_report.notes(a_map((0.8,) * 7, photos=photos)) == []


def test_all_files_tell_the_same_numbers(photos, tmp_path):
    falling, flat = (0.1, 0.5, 0.79, 0.8, 0.79, 0.5, 0.1), (0.6,) * 7
    result = a_map(falling, flat, photos=photos, modes=("", "hflip|rotate(20)"))
    files = invariance_report.write(result, tmp_path / "out")
    names = [file.name.removeprefix("invariance.") for file in files]
    assert names == ["png", "csv", "json", "md"]
    assert files[0].read_bytes().startswith(b"\x89PNG")
    rows = list(csv.DictReader(io.StringIO(files[1].read_text(encoding="utf-8"))))
    assert [float(row["accuracy"]) for row in rows] == [*falling, *flat]
    assert [row["magnitude"] for row in rows if row["kept"] == "True"][:3] == ["-1", "0", "1"]
    content = json.loads(files[2].read_text(encoding="utf-8"))
    (op,) = content["ops"]
    assert op["networks"]["none"]["kept"] == [-1, 1]
    assert op["networks"]["none"]["mean_share"] == pytest.approx(0.4633 / 0.8, abs=1e-3)
    assert [point["right"] for point in op["networks"]["hflip|rotate(20)"]["points"]] == [600] * 7
    assert [network["accuracy"] for network in content["networks"]] == [0.8, 0.6]
    text = files[3].read_text(encoding="utf-8")
    assert "| line, steps | -1 to 1 (58%) | -3 to 3 (100%) |" in text
    assert r"| op | none | hflip\|rotate(20) |" in text
    assert "- none: 80.0% (77.4% to 82.4%), `w.pdparams`" in text
    assert "![accuracy under each op](invariance.png)" in text


def test_a_panel_an_op_in_the_colours_of_the_modes(photos):
    modes = {"none": "", "last": "", "u": "userDef"}
    networks = [finder(photos, name, mode) for name, mode in modes.items()]
    curves = {
        op.name: [curve(np.full(len(op.magnitudes), 0.5), op, subject) for subject in networks]
        for op in OPS
    }
    low = np.where(np.array(BY_NAME["elastic"].magnitudes) == 0, 0.5, 0.2)
    curves["elastic"][2] = curve(low, BY_NAME["elastic"], networks[2])
    result = invariance_report.Map(curves, open_data(networks[0].config), 0.05)
    content = invariance_report.as_dict(result)
    image = np.zeros((24, 24, 3), np.uint8)
    drawn = invariance_figure.figure(content, image)
    panels = [axes for axes in drawn.axes if axes.axison]
    titles = [axes.get_title(loc="left") for axes in panels]
    assert titles[0] == "elastic", "the op under which one keeps least is the first"
    assert set(titles[1:-1]) == {op.name for op in OPS if op.unit and op.name != "elastic"}
    assert titles[-1] == "on or off"
    lines = [line for line in panels[1].lines if len(line.get_xdata()) > 2]
    assert [to_hex(line.get_color()) for line in lines] == [
        COLOURS[""], COLOURS[""], COLOURS["userDef"]
    ]  # fmt: skip
    assert len({line.get_linestyle() for line in lines[:2]}) == 2
    assert (lines[0].get_ydata() == 50).all()
    shown = [len(axes.child_axes) for axes in drawn.axes if not axes.axison]
    assert shown == [5] * (len(panels) - 1) + [4]
    names = [tick.get_text() for tick in panels[-1].get_xticklabels()]
    assert names == ["unchanged", "hflip", "vflip", "invert"]
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == [
        "none", "last", "u", "at most 5 % of its accuracy lost", "guessing"
    ]  # fmt: skip
    assert drawn.texts[0].get_text().startswith("photos · vgg16 · 1,000 held-out images")


def test_a_list_of_ops():
    assert invariance_ops.choose_ops(None) == OPS
    assert [op.name for op in invariance_ops.choose_ops("vflip, rotate")] == ["rotate", "vflip"]
    with pytest.raises(UserError, match="--ops 'rotat': did you mean 'rotate'"):
        invariance_ops.choose_ops("rotat")


def test_the_tool_writes_the_map_into_a_folder_of_the_logs(
    trained_run, tmp_path, monkeypatch, capsys
):
    weights = sorted((trained_run / "models").glob("*_best.pdparams"), reverse=True)
    end = ("--device", "cpu", "--threads", 1, "--ops", "hflip,sharpness", "--images", 6)
    monkeypatch.chdir(tmp_path)
    nowhere = (*weights, *end, "--out", "/proc/none")
    said = refusal("invariance.py", *nowhere, monkeypatch=monkeypatch, capsys=capsys)
    assert said.startswith("cannot write to --out /proc/none: ")
    for given in (weights[:1], weights):
        assert run_tool("invariance.py", *given, *end, monkeypatch=monkeypatch) == 0
    said = capsys.readouterr()
    assert "sharpness (factor): resize(32)|center_crop(32)|hflip " in said.out
    out = tmp_path / "logs" / "invariance"
    assert (out / "invariance.png").exists()
    content = json.loads((out / "invariance.json").read_text(encoding="utf-8"))
    assert content["images"] == 6
    assert [op["name"] for op in content["ops"]] == ["sharpness", "hflip"]
    (earlier,) = (out / "replaced").iterdir()
    assert {file.name for file in earlier.iterdir()} == {*invariance_report.FILES}
    assert len(json.loads((earlier / "invariance.json").read_text())["networks"]) == 1
    assert f"moved the files of an earlier map to {earlier.relative_to(tmp_path)}\n" in said.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.pdparams"], "cannot read none.pdparams: No such file"),
        (["none.pdparams", "--tolerance", "1.5"], "--tolerance must be from 0 to below 1, not 1.5"),
    ],
)
def test_a_users_mistake_ends_with_one_message(arguments, message, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert message in refusal(
        "invariance.py", *arguments, "--device", "cpu", monkeypatch=monkeypatch, capsys=capsys
    )


PAGE = (ROOT / "docs" / "invariance.md").read_text(encoding="utf-8")


def test_the_commands_of_its_page_have_options_that_there_are(monkeypatch, capsys):
    lines = [line for line in PAGE.splitlines() if line.startswith("python tools/invariance.py")]
    assert run_tool("invariance.py", "--help", monkeypatch=monkeypatch) == 0
    known = capsys.readouterr().out
    assert lines
    for line in lines:
        for word in shlex.split(line):
            assert not word.startswith("--") or f"{word} " in known, word


def test_its_page_names_all_ops_in_order_with_augmentations_that_there_are():
    rows = [re.split(r"(?<!\\)\|", line)[1:4] for line in PAGE.splitlines() if line[:2] == "| "]
    names = [name.strip() for row in rows[2:] for name in row[0].split(",")]
    assert names == [op.name for op in OPS]
    specs = [spec for row in rows[2:] for spec in re.findall("`(.*?)`", row[2])]
    assert len(specs) >= 12
    for spec in specs:
        augmentation(spec.replace(r"\|", "|"))
