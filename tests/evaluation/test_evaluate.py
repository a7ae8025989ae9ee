"""Measures are what they are called, and an evaluation is of the images that training evaluates."""

import argparse
import csv
import json
import shutil
from dataclasses import replace
from math import sqrt

import numpy as np
import paddle
import pytest
from in_process import refusal, run_tool
from made_data import write_dataset
from made_font import write_font
from matplotlib.image import imread, imsave

from paddle_aug.augment.modes import augmentation
from paddle_aug.check.next_command import recipe
from paddle_aug.commands import evaluate as evaluate_command
from paddle_aug.data.image import read_image, resize
from paddle_aug.data.samples import Sample
from paddle_aug.errors import UserError
from paddle_aug.evaluation import evaluate
from paddle_aug.evaluation.predict import FIRST_DRAW, parse_tta, predictions
from paddle_aug.results import fonts
from paddle_aug.results.metrics import (
    BINS,
    by_loss,
    calibration_bins,
    confused_pairs,
    measure,
    worst_mistakes,
)
from paddle_aug.rng import generator
from paddle_aug.training.weights import eval_data, load_trained


@pytest.fixture(scope="module")
def trained(weights):
    return load_trained(weights)


@pytest.fixture
def samples(trained):
    return eval_data(trained, {}).eval


def guesses(images=400, classes=7):
    """Probabilities that lean towards the true class, and the true classes."""
    rng = generator(1, "drawing")
    labels = rng.integers(0, classes, images)
    logits = rng.normal(size=(images, classes))
    logits[np.arange(images), labels] += 1.5
    odds = np.exp(2 * logits)
    return odds / odds.sum(axis=1, keepdims=True), labels


def test_measures_are_those_of_a_slow_loop():
    probabilities, labels = guesses()
    measured = measure(probabilities, labels)
    counts = np.zeros((7, 7), int)
    right = among_five = 0
    for row, label in zip(probabilities, labels, strict=True):
        ranking = sorted(range(7), key=lambda each: -row[each])
        counts[label, ranking[0]] += 1
        right += ranking[0] == label
        among_five += label in ranking[:5]
    assert (measured.images, measured.correct) == (400, right)
    assert 0.3 < measured.accuracy < 0.9
    n, p, z = 400, right / 400, 1.959963984540054  # Wilson's interval at 95 %
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = ((p + z * z / (2 * n) + sign * half) / (1 + z * z / n) for sign in (-1, 1))
    assert measured.interval == (pytest.approx(low), pytest.approx(high))
    assert measured.top5 == among_five / 400
    assert (measured.confusion == counts).all()
    hits = counts.diagonal()
    precision, recall = hits / counts.sum(axis=0), hits / counts.sum(axis=1)
    np.testing.assert_allclose(measured.precision, precision)
    np.testing.assert_allclose(measured.recall, recall)
    np.testing.assert_allclose(measured.f1, 2 / (1 / precision + 1 / recall))


def test_the_calibration_error_is_the_mean_gap_between_confidence_and_accuracy():
    probabilities, labels = guesses()
    gaps = 0
    for number in range(BINS):
        inside = [
            (row.max(), row.argmax() == label)
            for row, label in zip(probabilities, labels, strict=True)
            if number / BINS < row.max() <= (number + 1) / BINS
        ]
        gaps += abs(sum(confidence - right for confidence, right in inside))
    assert measure(probabilities, labels).calibration_error == pytest.approx(gaps / 400)
    sure = np.tile([0.75, 0.25], (4, 1))
    assert measure(sure, np.array([0, 0, 0, 1])).calibration_error == pytest.approx(0)
    assert measure(sure, np.array([1, 1, 1, 1])).calibration_error == pytest.approx(0.75)


def test_a_confidence_between_two_bins_counts_in_the_lower_one():
    images = calibration_bins(np.array([0.2, 0.2, 1.0]), np.array([True, False, True]))[:, 0]
    assert np.flatnonzero(images).tolist() == [2, 14], "of 15; 0.2 ends the third"


def test_a_class_without_images_or_predictions_has_no_value_there():
    measured = measure(np.eye(3)[[0, 0]], np.array([0, 1]))
    assert np.isnan(measured.recall).tolist() == [False, False, True]
    assert np.isnan(measured.precision).tolist() == [False, True, True]
    assert measured.f1[:2].tolist() == [2 / 3, 0]
    assert np.isnan(measured.f1[2])
    assert measured.top5 is None, "of three classes it says nothing"


def test_the_worst_mistakes_are_the_most_confident_wrong_predictions():
    probabilities = np.array([[0.6, 0.4], [0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])
    assert worst_mistakes(probabilities, np.array([1, 1, 1, 0]), 2).tolist() == [2, 3]
    assert worst_mistakes(probabilities, np.array([0, 1, 0, 1]), 2).tolist() == []


def test_the_hardest_images_are_those_with_the_highest_loss_by_their_label():
    probabilities, labels = guesses()
    losses = [-np.log(row[label]) for row, label in zip(probabilities, labels, strict=True)]
    assert by_loss(probabilities, labels).tolist() == sorted(
        range(400), key=lambda place: -losses[place]
    )
    sure = evaluate.Evaluation(["a", "b"], [Sample("", "", 1)], np.array([[1.0, 0.0]]))
    ((_, _, _, _, own, loss),) = evaluate.hardest_rows(sure)[1:]
    assert own == 0
    assert 700 < loss < 710, "finite, because JSON has no infinity"


def test_confused_pairs_are_the_most_frequent_mistakes():
    confusion = np.array([[5, 2, 0], [2, 1, 3], [0, 0, 9]])
    assert confused_pairs(confusion, 9) == [(1, 2, 3, 3 / 6), (1, 0, 2, 2 / 6), (0, 1, 2, 2 / 7)]
    assert confused_pairs(confusion, 1) == [(1, 2, 3, 3 / 6)]
    assert confused_pairs(np.diag([3, 0]), 9) == []


def test_probabilities_are_those_of_the_images_as_training_prepares_them(trained, samples):
    pixels = np.stack([resize(read_image(sample.file), 16) for sample in samples])
    inputs = paddle.to_tensor(pixels.transpose(0, 3, 1, 2).astype("float32") / 255 * 2 - 1)
    logits = trained.network(inputs).numpy().astype("float64")
    want = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for batch_size in (5, 32):
        predicted = np.stack(list(predictions(trained, samples, batch_size=batch_size)))
        np.testing.assert_allclose(predicted, want, atol=1e-6)


def test_worker_processes_make_no_difference(trained, samples):
    alone, helped = (
        np.stack(list(predictions(trained, samples, ("userDef", 2), 12, processes)))
        for processes in (0, 1)
    )
    np.testing.assert_array_equal(alone, helped)


@pytest.mark.parametrize(("spec", "draws"), [("rotate(20)", 3), ("hflip", None)])
def test_tta_is_the_mean_over_the_image_and_its_draws(trained, samples, spec, draws):
    sample = samples[5]
    image = resize(read_image(sample.file), 16)
    op = augmentation(spec)
    drawn = [op(image, generator(0, "augment", FIRST_DRAW + draw)) for draw in range(draws or 0)]
    views = np.stack([image, *(drawn or [image[:, ::-1]])])  # hflip is the mirrored image, once
    inputs = paddle.to_tensor(views.transpose(0, 3, 1, 2).astype("float32"))
    want = paddle.nn.functional.softmax(trained.network(inputs / 255 * 2 - 1)).numpy().mean(axis=0)
    (averaged,) = predictions(trained, [sample], parse_tta(spec, draws))
    np.testing.assert_allclose(averaged, want, atol=1e-6)
    (plain,) = predictions(trained, [sample])
    assert np.abs(averaged - plain).max() > 1e-3


@pytest.mark.parametrize(
    ("spec", "draws", "message"),
    [
        (None, 3, "--tta-draws needs --tta"),
        ("hflip", 3, "drop --tta-draws"),
        ("userDef", 0, "--tta-draws must be at least 1, not 0"),
        ("rotat", None, "did you mean 'rotate'"),
    ],
)
def test_a_mistake_in_tta_is_told(spec, draws, message):
    with pytest.raises(UserError, match=message):
        parse_tta(spec, draws)


def test_the_tool_finds_the_accuracy_that_training_found(
    weights, photos, tmp_path, monkeypatch, capsys
):
    out = tmp_path / "out"
    code = run_tool("evaluate.py", weights, "--out", out, "--json", monkeypatch=monkeypatch)
    assert code == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts == json.loads((out / "evaluation.json").read_text())
    run = json.loads((weights.parent.parent / "logs" / "noAug_run.json").read_text())
    accuracy = np.load(weights.parent.parent / "logs" / "noAug_accEval.npy")[-1]
    assert facts["accuracy"] == pytest.approx(accuracy)
    assert facts["data"]["fingerprint"] == run["data"]["fingerprint"]
    assert facts["images"] == 12
    assert len(facts["mistakes"]) == 12 - facts["correct"] > 0
    assert all(mistake["class"] != mistake["predicted"] for mistake in facts["mistakes"])
    header, *rows = csv.reader((out / "confusion.csv").read_text().splitlines())
    assert header[1:] == [row[0] for row in rows] == ["class0", "class1", "class2"]
    assert [[*map(int, row[1:])] for row in rows] == facts["confusion"]
    counts = np.array(facts["confusion"])
    for pair in facts["confused_pairs"]:
        true, taken = int(pair["class"][-1]), int(pair["taken_for"][-1])
        assert pair["images"] == counts[true, taken] > 0
        assert pair["share"] == pair["images"] / 4
    wrong = sum(pair["images"] for pair in facts["confused_pairs"])
    assert wrong == 12 - facts["correct"]
    rows = csv.DictReader((out / "classes.csv").read_text().splitlines())
    shares = [float(row["accuracy"]) for row in rows]
    assert shares == [row["accuracy"] for row in facts["classes"]]
    names = ["classes.csv", "confusion.csv", "confusion.png", "evaluation.html"]
    assert sorted(file.name for file in out.iterdir()) == [
        *names,
        "evaluation.json",
        "hardest.csv",
        "mistakes.png",
        "reliability.png",
    ]
    page = (out / "evaluation.html").read_text()
    assert f"compare.py --data {photos} --recipe {recipe()}</code>" in page


def test_the_next_command_divides_the_data_as_the_run_did(weights, trained):
    options = argparse.Namespace(on="eval", weights=weights, run=None)
    folds = replace(trained, config=replace(trained.config, data="photos", fold="2/4"))
    command = evaluate_command.next_step(options, folds)[1]
    assert command.endswith(f"compare --data photos --kfold 4 --recipe {recipe()}")
    part = {"data": "photos", "first": 20, "fraction": 0.5, "holdout": 0.25}
    command = evaluate_command.next_step(
        options, replace(trained, config=replace(trained.config, **part))
    )[1]
    words = "--data photos --first 20 --fraction 0.5 --holdout 0.25 --recipe"
    assert command.endswith(f"compare {words} {recipe()}")
    # On AI Studio, data that was mounted is used without an option.
    for name, data, words in (
        ("sample", None, "--recipe sample"),
        ("data123", None, f"--recipe {recipe()}"),
        ("sample", "my/sample", f"--data my/sample --recipe {recipe()}"),
    ):
        mounted = replace(trained, data_name=name, config=replace(trained.config, data=data))
        assert evaluate_command.next_step(options, mounted)[1].endswith(f"compare {words}")


def test_on_train_ranks_the_training_images_by_their_loss(
    weights, photos, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    options = ("--on", "train", "--heatmap", "--mistakes", "3", "--json")
    assert run_tool("evaluate.py", weights, *options, monkeypatch=monkeypatch) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["on"], facts["images"]) == ("train", 24)
    out = tmp_path / "logs" / "noAug_last-train"
    assert (out / "hardest.png").exists()
    assert (out / "heatmaps.png").exists()
    assert not (out / "mistakes.png").exists()
    assert f"evaluate.py {weights}</code>" in (out / "evaluation.html").read_text()
    trained = load_trained(weights)
    samples = eval_data(trained, {}).train
    chances = [
        (-row[sample.label], sample.path)
        for sample, row in zip(samples, predictions(trained, samples), strict=True)
    ]
    rows = list(csv.DictReader((out / "hardest.csv").read_text().splitlines()))
    assert [row["path"] for row in rows] == [path for _, path in sorted(chances)[::-1]]
    assert [row["rank"] for row in rows] == [f"{rank}" for rank in range(1, 25)]
    for row in rows:
        assert float(row["loss"]) == pytest.approx(-np.log(float(row["probability of the class"])))
        assert row["path"].startswith(row["class"])
    assert [image["path"] for image in facts["hardest"]] == [row["path"] for row in rows[:3]]
    assert facts["hardest"][0]["loss"] == float(rows[0]["loss"])


def test_without_out_it_writes_beside_the_logs_and_keeps_an_earlier_evaluation(
    weights, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    other = tmp_path / "other" / weights.name
    other.parent.mkdir()
    shutil.copy(weights, other)
    for file in (weights, other):
        assert run_tool("evaluate.py", file, "--tta", "hflip", monkeypatch=monkeypatch) == 0
    said = capsys.readouterr()
    assert "wrote logs/noAug_last/evaluation.json" in said.err
    assert ", with --tta hflip\n" in said.out
    assert "95 % interval" in said.out
    lines = said.out.splitlines()
    table = len(lines) - 1 - lines[::-1].index("")
    assert [line.split()[0] for line in lines[table - 4 : table]] == [
        "class0", "class1", "class2", "mean"
    ]  # fmt: skip
    assert lines[table + 1].split(maxsplit=1)[1].strip() == "taken for   images   of the class"
    images = [int(line.split()[2]) for line in lines[table + 2 :]]
    assert images == sorted(images, reverse=True)
    assert 1 <= len(images) <= 6
    out = tmp_path / "logs" / "noAug_last"
    (earlier,) = (out / "replaced").iterdir()
    assert f"moved the files of an earlier evaluation to {earlier.relative_to(tmp_path)}\n" in (
        said.err
    )
    assert {file.name for file in earlier.iterdir()} == {file.name for file in out.glob("*.*")}
    for folder, file in ((earlier, weights), (out, other)):
        assert json.loads((folder / "evaluation.json").read_text())["weights"] == str(file)


def test_an_image_that_is_gone_ends_an_evaluation(weights, tmp_path, monkeypatch, capsys):
    other = write_dataset(tmp_path / "other")
    (other / "Images" / "class1" / "eval_002.png").write_bytes(b"")
    options = ("--data", other, "--out", tmp_path / "out")
    said = refusal("evaluate.py", weights, *options, monkeypatch=monkeypatch, capsys=capsys)
    assert "eval_002.png: the file is empty" in said
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--mistakes", "0"], "--mistakes must be at least 1, not 0"),
        (["--batch-size", "0"], "--batch-size must be at least 1, not 0"),
        (["--data", "nowhere"], "no folder nowhere"),
        (["--on", "test"], "photos has no test images to evaluate on; drop --on"),
        (["--out", "/proc/none"], "cannot write to --out /proc/none"),
    ],
)
def test_a_users_mistake_ends_with_one_message(weights, options, message, monkeypatch, capsys):
    said = refusal("evaluate.py", weights, *options, monkeypatch=monkeypatch, capsys=capsys)
    assert message in said


def made_evaluation(classes, images=300):
    probabilities, labels = guesses(images, classes)
    samples = [Sample("a.png", "a.png", int(label)) for label in labels]
    names = [f"a_class_with_a_name_of_{number}_letters" for number in range(classes)]
    return evaluate.Evaluation(names, samples, probabilities)


@pytest.mark.parametrize("classes", [2, 16, 100])
def test_the_confusion_figure_shows_the_matrix_with_its_names(classes):
    evaluation = made_evaluation(classes)
    figure = evaluate.confusion_figure(evaluation)
    axes = figure.axes[0]
    shown = np.asarray(axes.images[0].get_array())
    counts = evaluation.measures.confusion
    want = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    np.testing.assert_allclose(shown, want)
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert len(labels) == classes
    assert max(map(len, labels)) == evaluate.MAX_LETTERS
    assert (
        axes.get_title(loc="left")
        .replace("\n", " ")
        .startswith(f"{evaluation.measures.correct} of 300 ")
    )
    numbers = [text.get_text() for text in axes.texts]
    assert numbers == ([f"{count}" for count in counts[counts > 0]] if classes <= 30 else [])
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.get_yticklabels()]
    heights = [(box.y0 + box.y1) / 2 for box in boxes]
    assert min(-np.diff(heights)) > 0.8 * max(box.height for box in boxes), "names overlap"


def test_figures_and_text_take_names_with_formula_signs(tmp_path):
    evaluation = made_evaluation(6, 40)
    names = replace(evaluation, class_names=["$x", "a_b^", "\\frac", "{", "$y$", "<z>"])
    perfect = replace(names, probabilities=np.eye(6)[names.labels])
    files = evaluate.write(perfect, tmp_path, 1)
    assert tmp_path / "mistakes.png" not in files
    for name in ("confusion.png", "reliability.png"):
        assert imread(tmp_path / name).shape[0] > 100
    assert "top-5: 100.0 %" in evaluate.text(perfect)


def test_chinese_names_are_drawn_or_numbered_and_never_boxes(tmp_path, monkeypatch):
    samples = [Sample(str(tmp_path / name), name, n) for n, name in enumerate(["一.png", "2.png"])]
    for sample in samples:
        imsave(sample.file, np.zeros((8, 8, 3)))
    wrong = np.array([[0.1, 0.9], [0.8, 0.2]])
    evaluation = evaluate.Evaluation(["玫瑰", "rose"], samples, wrong)
    font = write_font(tmp_path / "a.ttf", "Chinese of a test", "一玫瑰")
    for installed, shown in (([font], ["玫瑰", "rose"]), ([], ["class 0", "rose"])):
        monkeypatch.setattr(fonts, "_installed", lambda installed=installed: installed)
        evaluate.write(evaluation, tmp_path / "out", 2)  # a missing glyph would warn
        axes = evaluate.confusion_figure(evaluation).axes[0]
        assert [text.get_text() for text in axes.get_yticklabels()] == shown
