"""The Network tab's answers: the numbers of predict and evaluate, and what it refuses."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from in_process import run_tool
from made_data import write_dataset
from plugged_in import TINY, forgotten_plugins
from studio_answers import pixels, query
from trained import train_tiny

from paddle_aug.errors import UserError
from paddle_aug.evaluation.evaluate import overlaid
from paddle_aug.evaluation.gradcam import heatmaps
from paddle_aug.evaluation.predict import predictions
from paddle_aug.inputs import augmented
from paddle_aug.studio import loaded as loading
from paddle_aug.studio import network
from paddle_aug.studio.state import Options, Studio
from paddle_aug.system import plugins
from paddle_aug.training.weights import eval_data, load_trained


@pytest.fixture(scope="module")
def weights(tmp_path_factory, photos):
    return train_tiny(photos, tmp_path_factory.mktemp("run"))


def ask(studio, name, **words):
    return network.ROUTES[name](studio, query(**words))


def status(studio):
    """The status once nothing is loading any more."""
    while (answer := ask(studio, "network"))["state"] == "loading":
        time.sleep(0.01)
    return answer


@pytest.fixture(scope="module")
def studio(weights):
    studio = Studio(Options(weights=weights))
    assert status(studio)["state"] == "ready"
    yield studio
    studio.end()


@pytest.fixture(scope="module")
def trained(weights):
    return load_trained(weights)


def test_a_network_is_loaded_in_the_background_and_described(weights):
    studio = Studio(Options(weights=weights))
    assert ask(studio, "network") == {"state": "loading", "weights": str(weights)}
    with pytest.raises(UserError, match="no network is loaded yet"):
        ask(studio, "network-look")
    answer = status(studio)
    assert (answer["network"], answer["image_size"]) == ("vgg_thin_bn", 16)
    assert answer["classes"] == ["class0", "class1", "class2"]
    assert answer["photos"] == len(eval_data(load_trained(weights), {}).eval)
    assert {*answer["spread"]} <= {*range(answer["photos"])}


def test_the_probabilities_of_a_photo_are_those_of_predict(studio, trained):
    samples = eval_data(trained, {}).eval
    for photo, row in enumerate(predictions(trained, samples)):
        answer = ask(studio, "network-look", photo=photo)
        own = {one["name"]: one["probability"] for one in answer["top"]}
        for name, probability in zip(trained.class_names, row, strict=True):
            assert own[name] == pytest.approx(probability, abs=1e-5)
        assert answer["top"][0]["name"] == trained.class_names[int(row.argmax())]
        assert answer["right"]["label"] == samples[photo].label
        assert answer["path"] == samples[photo].path


def test_an_upload_is_predicted_like_the_photo_and_has_no_right_class_until_one_is_given(
    studio, trained
):
    sample = eval_data(trained, {}).eval[0]
    word = studio.upload(Path(sample.file).read_bytes(), "mine.png")
    answer = ask(studio, "network-look", upload=word)
    assert answer["top"] == ask(studio, "network-look", photo=0)["top"]
    assert (answer["right"], answer["path"]) == (None, "mine.png")
    assert ask(studio, "network-look", upload=word, label=2)["right"]["name"] == "class2"
    with pytest.raises(UserError, match="lacks label"):
        ask(studio, "network-draws", upload=word)


def test_a_heat_map_over_its_picture_is_that_of_evaluate(studio, trained):
    sample = eval_data(trained, {}).eval[3]
    ((image, maps),) = heatmaps(trained, [sample], [[1]])
    picture = pixels(ask(studio, "network-picture", photo=3))
    heat = pixels(ask(studio, "network-heat", photo=3, label=1))
    assert np.array_equal(picture, image)
    half = (picture.astype(float) + heat) / 2
    assert np.abs(half - overlaid(image, maps[1])).max() <= 1


def test_draws_are_pictures_of_the_dataset_each_with_its_own_probability(studio, trained):
    spec = "hflip|rotate(40)|noise(30)"
    sample = eval_data(trained, {}).eval[5]
    answer = ask(studio, "network-draws", photo=5, spec=f"{spec}+mixup", seed=7, count=10)
    first, *drawn = answer["draws"]
    assert first["probability"] == ask(studio, "network-look", photo=5)["right"]["probability"]
    assert (len(drawn), answer["mix"]) == (10, "mixup")
    assert [step["name"] for step in answer["steps"]] == ["hflip", "rotate", "noise"]
    dataset = augmented(trained.config, [sample], spec)
    dataset.seed = 7
    images = [dataset[epoch, 0][0] for epoch in range(10)]
    as_samples = [sample._replace(pixels=image) for image in images]
    rows = np.stack(list(predictions(trained, as_samples)))
    for image, row, draw in zip(images, rows, drawn, strict=True):
        assert np.array_equal(pixels(draw["picture"]), image)
        assert draw["probability"] == pytest.approx(row[sample.label], abs=1e-5)
        assert draw["right"] == (row.argmax() == sample.label)
        assert "rotate" in draw["caption"]
    values = [draw["probability"] for draw in drawn]
    bare = ask(studio, "network-draws", photo=5, spec=spec, seed=7, count=10, bare=1)
    assert bare["mean"] == pytest.approx(np.mean(values))
    assert (bare["least"], bare["most"]) == (min(values), max(values))
    assert "draws" not in bare


@pytest.mark.parametrize(
    ("spec", "step", "field", "first", "last", "values"),
    [
        ("hflip|rotate(20)", 1, "degrees", "hflip|rotate(0)", "hflip|rotate", (0, 180)),
        ("rotate((-5, 20))", 0, "degrees", "rotate((-180, -180))", "rotate((180, 180))", None),
        ("cutout(4)|noise(3)", 0, "size", "cutout(1)|noise(3)", "cutout|noise(3)", (1, 16)),
    ],
)
def test_the_rungs_of_a_slider_go_over_its_span(studio, spec, step, field, first, last, values):
    answer = ask(studio, "network-rungs", spec=spec, step=step, field=field)
    assert (answer["texts"][0], answer["texts"][-1]) == (first, last)
    assert len(answer["values"]) == len(answer["texts"]) == network.RUNGS
    if values:
        assert (answer["values"][0], answer["values"][-1]) == values
    for text in answer["texts"]:
        ask(studio, "network-draws", photo=0, spec=text, count=1, bare=1)


def test_what_has_no_slider_has_no_rungs(studio):
    for spec, field in [("userDef", "p"), ("hflip", "degrees"), ("affine", "mode")]:
        with pytest.raises(UserError, match="has no slider"):
            ask(studio, "network-rungs", spec=spec, field=field)


def test_pipelines_that_grow_are_refused_as_in_explore(studio):
    with pytest.raises(UserError, match="studio draws"):
        ask(studio, "network-draws", photo=0, spec="resize(30000)|resize(16)")


def test_an_evaluation_in_the_background_has_the_numbers_of_evaluate(
    studio, weights, tmp_path, monkeypatch, capsys
):
    assert ask(studio, "network-evaluation")["none"]
    answer = ask(studio, "network-evaluate")
    while answer["running"]:
        time.sleep(0.01)
        answer = ask(studio, "network-evaluation")
        assert answer["done"] <= answer["total"]
    run_tool("evaluate.py", weights, "--json", "--mistakes", 24, "--out", tmp_path,
             monkeypatch=monkeypatch)  # fmt: skip
    facts, own = json.loads(capsys.readouterr().out), answer["facts"]
    for name in ("images", "correct", "accuracy", "interval_95", "top5"):
        assert own[name] == facts[name]
    near = pytest.approx(facts["expected_calibration_error"], abs=1e-5)
    assert own["expected_calibration_error"] == near
    samples = network.network_of(studio).ready().data.eval
    assert len(own["mistakes"]) == len(facts["mistakes"]) > 0
    for mistake, there in zip(own["mistakes"], facts["mistakes"], strict=True):
        assert mistake["probability"] == pytest.approx(there["probability"], abs=1e-5)
        assert (mistake["path"], mistake["predicted"]) == (there["path"], there["predicted"])
        assert samples[mistake["photo"]].path == mistake["path"]
    for pair, there in zip(own["pairs"], facts["confused_pairs"], strict=True):
        assert there.items() <= pair.items()
        names = {f"class{samples[photo].label}" for photo in pair["confused"]}
        assert names == {pair["class"]}
        assert {f"class{samples[photo].label}" for photo in pair["like"]} <= {pair["taken_for"]}
    assert ask(studio, "network-evaluate")["facts"] == own  # and not a second time


def test_without_weights_the_runs_that_have_some_can_be_chosen(weights):
    run = weights.parent.parent
    studio = Studio(Options(logs=run / "logs"))
    answer = ask(studio, "network")
    assert answer["state"] == "none"
    assert "train" in answer["command"]
    (one,) = answer["runs"]
    assert (one["mode"], one["network"]) == ("none", "vgg_thin_bn")
    assert ask(studio, "network-choose", id=one["id"])["state"] == "loading"
    assert status(studio)["state"] == "ready"
    with pytest.raises(UserError, match="no longer there"):
        ask(studio, "network-choose", id="../models")
    assert status(studio)["state"] == "ready"
    studio.end()


def test_without_weights_and_logs_the_command_that_trains_is_told(tmp_path):
    assert ask(Studio(Options()), "network")["runs"] == []
    answer = ask(Studio(Options(given={"data": "my photos"}, logs=tmp_path)), "network")
    assert answer["runs"] == []
    assert answer["command"].endswith("--data 'my photos' --recipe probe")
    public = Studio(Options(given={"data": "/home/me/photos"}, public=True))
    assert "/home/me" not in ask(public, "network")["command"]


def test_weights_that_cannot_be_loaded_are_refused_in_the_words_of_predict(weights, tmp_path):
    for content in (b"", weights.read_bytes()[:-100]):
        damaged = tmp_path / "damaged.pdparams"
        damaged.write_bytes(content)
        with pytest.raises(UserError) as refused:
            load_trained(damaged)
        answer = status(Studio(Options(weights=damaged)))
        assert (answer["state"], answer["message"]) == ("failed", str(refused.value))


def test_a_network_of_a_plug_in_wants_its_import(photos, tmp_path):
    file = tmp_path / "tiny.py"
    file.write_text(TINY)
    with forgotten_plugins():
        plugins.load([str(file)])
        weights = train_tiny(photos, tmp_path, network="tiny")
        assert status(Studio(Options(weights=weights)))["network"] == "tiny"
    answer = status(Studio(Options(weights=weights)))
    assert answer["state"] == "failed"
    assert f"it was trained with --import {file}: if you trust that code" in answer["message"]


def test_a_network_without_its_data_predicts_uploads_and_says_why_no_more(weights, tmp_path):
    folder = write_dataset(tmp_path / "other")
    (folder / "labels.txt").write_text("0 cat\n1 dog\n2 owl\n")
    studio = Studio(Options(given={"data": str(folder)}, weights=weights))
    answer = status(studio)
    assert (answer["state"], answer["photos"]) == ("ready", 0)
    assert "has other classes than the weights: 'cat'" in answer["no_data"]
    for name in ("network-look", "network-photo", "network-evaluate"):
        with pytest.raises(UserError, match="has other classes than the weights"):
            ask(studio, name, photo=0)
    word = studio.upload(next((folder / "Images").rglob("*.png")).read_bytes(), "mine.png")
    assert ask(studio, "network-look", upload=word)["top"]


def test_a_network_that_cannot_be_compiled_is_used_as_it_is(weights, trained, monkeypatch):
    def fails(network, threads):
        raise RuntimeError("no")

    for compiled in (
        fails,
        lambda network, threads: lambda images: np.zeros((len(images), 3), "f"),
    ):
        monkeypatch.setattr(loading, "compiled", compiled)
        own = loading.load(weights, {})
        assert own.quick is own.trained
    image = np.full((16, 16, 3), 90, np.uint8)
    (row,) = own.probabilities([image])
    assert row == pytest.approx(loading.probabilities(trained, image[None])[0])


def test_an_image_that_has_gone_ends_an_evaluation_with_a_message(tmp_path, photos):
    folder = Path(shutil.copytree(photos, tmp_path / "photos"))
    studio = Studio(Options(weights=train_tiny(folder, tmp_path)))
    status(studio)
    next((folder / "Images").rglob("eval_*.png")).unlink()
    answer = ask(studio, "network-evaluate")
    while answer.get("running"):
        time.sleep(0.01)
        answer = ask(studio, "network-evaluation")
    assert "no such file" in answer["error"]


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["loading", "ready", "evaluating"])
def test_ctrl_c_ends_a_studio_with_a_network_whatever_it_does(weights, photos, moment):
    words = ["--weights", str(weights), "--data", str(photos), "--port", "0", "--no-browser"]
    with subprocess.Popen(
        [sys.executable, "-m", "paddle_aug", "studio", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"}, start_new_session=True,
    ) as process:  # fmt: skip
        address = re.search(r"http://\S+/", process.stdout.readline())[0]

        def answer(name, post=False):
            headers = {"X-Studio": "1"} if post else {}
            request = urllib.request.Request(f"{address}api/{name}", b"" if post else None, headers)
            with urllib.request.urlopen(request) as response:
                return json.load(response)

        assert answer("network")["state"] == "loading"
        if moment != "loading":
            while answer("network")["state"] == "loading":
                time.sleep(0.05)
        if moment == "evaluating":
            answer("network-evaluate", post=True)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped" in errors
    assert "Traceback" not in errors
