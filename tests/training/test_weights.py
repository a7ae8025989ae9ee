"""Weights say what they are of: one file is enough to use them, and older ones ask for more."""

import json
import shutil
import warnings
from dataclasses import replace

import numpy as np
import paddle
import pytest
from made_data import write_dataset
from trained import train_tiny

from paddle_aug.data.dataset import open_dataset
from paddle_aug.data.split import select
from paddle_aug.errors import UserError
from paddle_aug.networks import NETWORKS
from paddle_aug.training import checkpoint
from paddle_aug.training.weights import eval_data, from_description, load_trained

NAMES = ["class0", "class1", "class2"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, photos):
    folder = tmp_path_factory.mktemp("run")
    options = {"stretch": False, "eval_transform": "resize(18)|center_crop(16)"}
    train_tiny(photos, folder, augment="hflip", normalize="data", **options)
    return folder


@pytest.fixture
def weights(folder):
    (file,) = (folder / "models").glob("*_last.pdparams")
    return file


@pytest.fixture
def run_json(folder):
    (file,) = (folder / "logs").glob("*_run.json")
    return file


@pytest.fixture
def undescribed(weights, tmp_path):
    """Weights as they were saved before they were described."""
    content = checkpoint.load(weights)
    del content[checkpoint.DESCRIPTION]
    checkpoint.save(tmp_path / "old.pdparams", content)
    return tmp_path / "old.pdparams"


def assert_what_was_trained(trained, weights, run_json):
    run = json.loads(run_json.read_text())
    assert not trained.network.training
    for name, value in trained.network.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), checkpoint.load(weights)[name])
    assert trained.class_names == NAMES
    assert (trained.data_name, trained.fingerprint) == ("photos", run["data"]["fingerprint"])
    config = trained.config
    assert (config.network, config.image_size, config.augment) == ("vgg_thin_bn", 16, "hflip")
    assert (config.stretch, config.eval_transform) == (False, "resize(18)|center_crop(16)")
    assert list(trained.normalization.mean) == run["normalization"]["mean"]
    assert list(trained.normalization.std) == run["normalization"]["std"]
    assert 0 < trained.normalization.std[0] < 0.5, "of the images, so not the default's"
    assert trained.normalization.per_image is False


def test_a_file_of_weights_is_all_that_loading_them_takes(weights, run_json, tmp_path):
    alone = tmp_path / "alone.pdparams"
    alone.write_bytes(weights.read_bytes())
    assert_what_was_trained(load_trained(alone), weights, run_json)


def test_best_weights_are_described_as_the_last_are(weights):
    best, last = (
        checkpoint.load(weights.with_name(weights.name.replace("last", name)))
        for name in ("best", "last")
    )
    assert best[checkpoint.DESCRIPTION] == last[checkpoint.DESCRIPTION]


def test_paddle_reads_described_weights_without_a_word(weights):
    network = NETWORKS["vgg_thin_bn"](3, 16)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        content = paddle.load(str(weights))
        missing, unexpected = network.set_state_dict(content)
    assert (missing, unexpected) == ([], [checkpoint.DESCRIPTION])
    loaded = load_trained(weights).network.state_dict()
    for name, value in network.state_dict().items():
        assert (value == loaded[name]).all()


def test_older_weights_are_loaded_by_the_run_json_of_their_run(undescribed, weights, run_json):
    with pytest.raises(
        UserError,
        match=r"no description.*--run FILE, or train again.*--pretrained paddle\.vision:.*old\.p",
    ):
        load_trained(undescribed)
    assert_what_was_trained(load_trained(undescribed, run_json), weights, run_json)
    with pytest.raises(UserError, match="has a description of its own; drop --run"):
        load_trained(weights, run_json)


def test_a_run_from_before_normalize_was_the_notebooks(run_json):
    run = json.loads(run_json.read_text())
    del run["normalization"]
    assert from_description(run, run_json).normalization.mean == (0.5, 0.5, 0.5)


def test_weights_say_how_images_are_stretched_and_old_ones_mean_linear(photos, tmp_path):
    weights = train_tiny(photos, tmp_path)
    assert load_trained(weights).config.interpolation == "area"
    content = checkpoint.load(weights)
    del content[checkpoint.DESCRIPTION]["config"]["interpolation"]
    checkpoint.save(weights, content)
    assert load_trained(weights).config.interpolation == "linear"


HALF = {"mean": [0.5] * 3, "std": [0.5] * 3, "per_image": False}
DATA = {"name": "photos", "fingerprint": "0", "class_names": ["a"]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "was written by a later version of paddle_aug"),
        ({"config": {"network": "resnet19"}}, "no network named 'resnet19'; did you mean 'resnet1"),
        ({"config": {"network": "googlenet", "image_size": 8}}, "does not describe trained weigh"),
        ({"config": {"image_size": "16"}}, "image_size wants a value of type int, got '16'"),
        ({"config": {"image_size": 100_000}}, "--image-size must be from 1 to 8192, not 100000"),
        ({"normalization": {"mean": [0.5] * 3}}, "does not .*: it: normalization: std is missing"),
        ({"normalization": {**HALF, "mean": [0.5]}}, "mean must be a list of 3"),
        ({"data": {}}, "does not describe trained weights: it: data: name is missing"),
        ({"data": {**DATA, "class_names": []}}, "its classes are not named"),
        ({"data": {**DATA, "class_names": ["a", 1]}}, "data: class_names 1 must be a string"),
        ({"data": {**DATA, "name": [1]}}, "data: name must be a string"),
        ({"engine": {"native": 1}}, "engine must be a string"),
        ({"config": 3}, "does not describe trained weights: it: config must be an object"),
        # Its dense layers would have 550 GB.
        ({"config": {"network": "vgg16", "image_size": 8192}}, "is of another network"),
    ],
)
def test_a_description_that_cannot_be_understood_is_refused(weights, tmp_path, change, message):
    content = checkpoint.load(weights)
    content[checkpoint.DESCRIPTION].update(change)
    checkpoint.save(tmp_path / "w.pdparams", content)
    with pytest.raises(UserError, match=rf"w\.pdparams.*{message}"):
        load_trained(tmp_path / "w.pdparams")


def test_a_part_held_back_is_evaluated_on_again(photos, tmp_path):
    held = load_trained(train_tiny(photos, tmp_path, holdout=0.25, seed=3))
    found = eval_data(held, {})
    assert (len(found.eval), len(found.test)) == (6, 12)
    assert {sample.path for sample in found.eval} <= {
        sample.path for sample in open_dataset(str(photos)).train
    }


def test_an_eval_list_takes_the_place_of_the_runs(weights, photos, tmp_path):
    (tmp_path / "two.txt").write_text("class0/eval_000.png 0\nclass2/eval_001.png 2\n")
    data = eval_data(load_trained(weights), {"eval_list": str(tmp_path / "two.txt")})
    assert [sample.label for sample in data.eval] == [0, 2]


def test_other_data_is_evaluated_on_whole(weights, tmp_path):
    other = write_dataset(tmp_path / "other", evaluate=5)
    assert len(eval_data(load_trained(weights), {"data": str(other)}).eval) == 15


def test_data_that_has_changed_is_refused(tmp_path):
    photos = write_dataset(tmp_path / "photos")
    trained = load_trained(train_tiny(photos, tmp_path))
    with open(photos / "Eval.txt", "a") as file:
        file.write("class0/eval_000.png 0\n")
    with pytest.raises(UserError, match="photos, on which the weights were trained, has changed"):
        eval_data(trained, {})
    assert len(eval_data(trained, {"data": str(photos)}).eval) == 13


def test_data_may_lack_classes_and_number_them_in_another_order(weights, tmp_path):
    trained = load_trained(weights)
    fewer = write_dataset(tmp_path / "fewer", classes=2)
    (fewer / "labels.txt").write_text("0 class2\n1 class0\n", encoding="utf-8")
    data = eval_data(trained, {"data": str(fewer)})
    assert (data.class_names, data.num_classes) == (NAMES, 3)
    assert [sample.label for sample in data.eval] == [2] * 4 + [0] * 4


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("0 class0\n1 cow\n2 class1\n", "'cow' is none of 'class0', 'class1', 'class2'$"),
        ("0 0\n1 1\n2 2\n", "'0' is none of .*; write labels.txt beside its lists, a line a class"),
        ("0 class0\n1 class0\n2 class1\n", "two of one name"),
    ],
)
def test_other_classes_are_refused(weights, tmp_path, names, message):
    other = write_dataset(tmp_path / "other")
    (other / "labels.txt").write_text(names, encoding="utf-8")
    with pytest.raises(UserError, match=f"other has other classes than the weights.*{message}"):
        eval_data(load_trained(weights), {"data": str(other)})


def test_a_class_folder_is_evaluated_on_whole_but_for_what_was_trained_on(
    weights, photos, tmp_path, caplog
):
    caplog.set_level("INFO", "paddle_aug")
    (tmp_path / "flat").mkdir()
    for name in NAMES[1:]:
        (tmp_path / "flat" / name).symlink_to(photos / "Images" / name)
    flat = {"data": f"folder:{tmp_path / 'flat'}"}
    data = eval_data(load_trained(weights), flat)
    assert {sample.path.split("/")[0]: sample.label for sample in data.eval} == {
        "class1": 1, "class2": 2
    }  # fmt: skip
    assert (len(data.eval), data.train) == (24, [])
    assert caplog.messages[-2] == "flat is not split; evaluating on all its 24 images"
    told = "16 of the 24 evaluation images of flat were used to train these weights: the accuracy "
    assert caplog.messages[-1].startswith(told)

    held = load_trained(train_tiny(flat["data"], tmp_path, holdout=0.25))
    data = eval_data(held, flat)
    assert (len(data.eval), len(data.train)) == (6, 18)
    assert caplog.messages[-1].startswith("flat was trained on; evaluating on the part")


def test_data_that_has_changed_since_it_was_trained_on_gets_a_warning(photos, tmp_path, caplog):
    flat = tmp_path / "flat"
    shutil.copytree(photos / "Images", flat)
    trained = load_trained(train_tiny(flat, tmp_path, holdout=0.25))
    shutil.copy(flat / "class0" / "train_000.png", flat / "class0" / "new.png")
    assert len(eval_data(trained, {"data": str(flat)}).eval) == 37
    text = "has the name of the data that the weights were trained on, but differs from it"
    assert f"flat {text}" in caplog.text
    caplog.clear()
    divided = write_dataset(tmp_path / "divided")
    trained = load_trained(train_tiny(divided, tmp_path))
    eval_data(trained, {"data": str(divided)})
    (tmp_path / "two.txt").write_text("class0/eval_000.png 0\nclass2/eval_001.png 2\n")
    eval_data(trained, {"eval_list": str(tmp_path / "two.txt")})
    assert text not in caplog.text
    first, *others = (divided / "Train.txt").read_text().splitlines(keepends=True)
    (divided / "Train.txt").write_text("".join(others))
    (divided / "Eval.txt").write_text(first)
    eval_data(trained, {"data": str(divided)})
    assert f"divided {text}" in caplog.text


def test_copies_of_images_that_were_trained_on_are_counted_wherever_they_are(
    photos, tmp_path, caplog
):
    """As after check --split, which writes lists of the images of a folder, or in a second copy of
    the photos with some new ones."""
    trained = load_trained(train_tiny(photos, tmp_path))
    shutil.copytree(photos / "Images", tmp_path / "v2", ignore=shutil.ignore_patterns("train_*"))
    again = [
        shutil.copy(file, tmp_path / "v2" / "class0" / f"again_{file.name}")
        for file in (photos / "Images" / "class1").glob("train_*")
    ]
    eval_data(trained, {"data": str(tmp_path / "v2")})
    assert "8 of the 20 evaluation images of v2 were used to train these weights" in caplog.text
    caplog.clear()
    for file in again:
        file.unlink()
    eval_data(trained, {"data": str(tmp_path / "v2")})
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


def test_other_data_is_evaluated_though_a_photo_of_the_training_is_gone(tmp_path, caplog):
    trained = load_trained(train_tiny(write_dataset(tmp_path / "photos"), tmp_path))
    shutil.copytree(tmp_path / "photos" / "Images", tmp_path / "v2")
    (tmp_path / "photos" / "Images" / "class0" / "train_000.png").unlink()
    assert len(eval_data(trained, {"data": str(tmp_path / "v2")}).eval) == 36


def test_names_that_were_corrected_since_leave_each_label_its_number(tmp_path, caplog):
    photos = write_dataset(tmp_path / "photos")
    (photos / "labels.txt").write_text("0 lily\n1 rose\n2 tulip\n")
    trained = load_trained(train_tiny(photos, tmp_path))
    was = eval_data(trained, {})
    (photos / "labels.txt").write_text("0 rose\n1 lily\n2 tulip\n")
    now = eval_data(trained, {})
    assert (now.eval, now.class_names) == (was.eval, ["lily", "rose", "tulip"])
    assert "names of the classes of photos have changed" in caplog.messages[-1]
    assert "'lily' is 'rose' now" in caplog.messages[-1]


def test_weights_from_before_copies_stayed_together_still_find_what_was_held_back(
    weights, photos, tmp_path
):
    shutil.copytree(photos / "Images", tmp_path / "flat")
    for file in (tmp_path / "flat").rglob("train_*"):
        shutil.copy(file, file.with_name(f"copy of {file.name}"))
    trained = load_trained(weights)
    config = replace(trained.config, data=str(tmp_path / "flat"), holdout=0.25)
    whole = open_dataset(config.data)
    earlier = select(whole, holdout=0.25, seed=config.seed, copies_together=False)
    assert earlier.eval != select(whole, holdout=0.25, seed=config.seed).eval
    trained = replace(trained, config=config, fingerprint=earlier.fingerprint)
    for given in ({}, {"data": config.data}):
        assert eval_data(trained, given).eval == earlier.eval


def test_weights_from_before_test_lists_were_read_still_find_their_data(tmp_path):
    photos = write_dataset(tmp_path / "photos")
    trained = load_trained(train_tiny(photos, tmp_path))
    shutil.copy(photos / "Images" / "class0" / "eval_000.png", photos / "Images" / "new.png")
    (photos / "Test.txt").write_text("new.png 0\n")
    assert len(eval_data(trained, {}).test) == 1


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, ": No such file or directory; --run wants the run.json of a run"),
        ("{", ": Expecting property name"),
        ("[]", " does not describe trained weights"),
    ],
)
def test_a_file_that_is_no_run_json_is_refused(undescribed, tmp_path, content, fault):
    file = tmp_path / "given.json"
    if content:
        file.write_text(content)
    with pytest.raises(UserError, match=rf"given\.json{fault}"):
        load_trained(undescribed, file)
