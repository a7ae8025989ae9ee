"""From a config to images: each image of the data is decoded once, for all uses."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from in_process import run_tool
from made_data import write_dataset

from paddle_aug.augment.modes import augmentation
from paddle_aug.commands.train import parse
from paddle_aug.config import make_config
from paddle_aug.data import cache, image
from paddle_aug.data.image import read_sample
from paddle_aug.errors import UserError
from paddle_aug.inputs import (
    augmented,
    config_and_data,
    dataset_of,
    named_pipelines,
    of_mode,
    of_modes,
    open_data,
    selected,
    transform_of,
)
from paddle_aug.training.fit import fit


@pytest.fixture
def config(tmp_path):
    """64 images, 48 of them to train on."""
    given = {
        "data": str(write_dataset(tmp_path / "made", classes=2, train=24, evaluate=8)),
        "augment": "userDef", "image_size": 24, "epochs": 2, "batch_size": 8, "num_workers": 0,
        "log_dir": str(tmp_path / "logs"), "model_dir": str(tmp_path / "models"),
        "cache_dir": str(tmp_path / "cache"),
    }  # fmt: skip
    return make_config(given, "small")


@pytest.fixture
def decodings(monkeypatch):
    """The names of files that were decoded."""
    names = []

    def counting(data, path):
        names.append(path)
        return decode(data, path)

    decode = image.decode_image
    monkeypatch.setattr(image, "decode_image", counting)
    return names


def test_a_mistyped_mode_is_refused_before_the_data_is_read():
    for recipe in (None, "small"):
        with pytest.raises(UserError, match="did you mean 'rotate'"):
            config_and_data({"augment": "hflip,rotat", "data": "nowhere"}, recipe)


@pytest.mark.parametrize(
    "options",
    [
        {"cache": "ram"},
        {"cache": "disk"},
        {"num_workers": 1, "normalize": "data"},
        {"holdout": 0.25, "fraction": 0.5},
        {"stretch": False, "augment": "resize((24, 24))", "eval_transform": "center_crop(24)"},
    ],
)
def test_training_decodes_each_image_once(config, decodings, options):
    fit(replace(config, **options))
    assert len(decodings) == len(set(decodings)) == 64


@pytest.mark.parametrize("holdout", [0, 0.25])
@pytest.mark.parametrize("way", ["off", "auto"])
def test_without_a_cache_the_check_still_looks_at_each_image_once(
    config, decodings, monkeypatch, holdout, way
):
    monkeypatch.setattr(cache, "free_memory", lambda: 0)
    monkeypatch.setattr(cache, "free_disk", lambda folder: 0)
    config = replace(config, cache=way, holdout=holdout)
    data = open_data(config)
    assert len(decodings) == len(set(decodings)) == 64
    assert augmented(config, data.train, "none", data.store).decoded is None


def test_of_a_whole_data_set_the_first_images_are_kept(config):
    whole = open_data(replace(config, first=30), select_part=False)
    assert (len(whole.train), len(whole.store.places)) == (48, 30 + len(whole.eval))
    part = selected(replace(config, first=30, holdout=0.25), whole)
    assert part.store.of([*part.train, *part.eval, *part.test]) is not None


def test_a_store_that_was_stretched_in_another_way_is_not_taken(config):
    data = open_data(config)
    linear = replace(config, interpolation="linear", cache="off")
    taken = augmented(linear, data.train, "none", data.store)[0, 0][0]
    assert (taken == read_sample(data.train[0], 24, "linear")).all()
    assert (taken != augmented(config, data.train, "none", data.store)[0, 0][0]).any()


@pytest.mark.slow
def test_every_tool_stretches_as_the_weights_or_the_option_say(
    config, tmp_path, monkeypatch, capsys
):
    fit(replace(config, interpolation="linear", augment="none"))
    weights = tmp_path / "models" / "noAug_best.pdparams"
    run, resize, seen = tmp_path / "logs" / "noAug_run.json", image.resize, []

    def recording(pixels, size, interpolation):
        seen.append(interpolation)
        return resize(pixels, size, interpolation)

    for module in (image, cache):
        monkeypatch.setattr(module, "resize", recording)
    some = sorted(Path(config.data).rglob("eval_*.png"))[:2]
    new = ("--data", config.data, "--image-size", 24, "--interpolation", "linear")
    for tool, *arguments in (
        ("evaluate.py", weights, "--out", tmp_path / "evaluation"),
        ("predict.py", weights, *some, "--tta", "hflip"),
        ("invariance.py", weights, "--ops", "brightness", "--out", tmp_path / "invariance"),
        ("export_model.py", weights, tmp_path / "exported", "--images", *some),
        ("preview.py", "--run", run, "--output", tmp_path / "run.png"),
        ("preview.py", "hflip", *new, "--output", tmp_path / "new.png"),
        ("preview.py", "--ops", "hflip", *new, "--output", tmp_path / "ops.png"),
        ("export.py", *new, "--augment", "hflip", "--num-workers", 0, tmp_path / "copies"),
    ):
        seen.clear()
        assert run_tool(tool, *arguments, monkeypatch=monkeypatch) == 0, capsys.readouterr().err
        assert set(seen) == {"linear"}, tool


NAMES = "mild=hflip|rotate((-5, 15)), strong=rotate(degrees=90)"


def test_a_name_stands_for_its_pipeline():
    config = make_config({"name": NAMES, "augment": "mild"}, "small")
    assert named_pipelines(config) == {
        "mild": "hflip|rotate((-5, 15))", "strong": "rotate(degrees=90)",
    }  # fmt: skip
    mild = of_mode(config, "mild+mixup:0.4")
    assert (mild.mode, mild.name) == ("mild+mixup:0.4", "mild=hflip|rotate((-5, 15))")
    assert of_mode(mild, "mild") == replace(mild)
    assert transform_of(mild) == augmentation("hflip|rotate((-5, 15))")
    assert transform_of(mild, "none") == augmentation("none")
    assert of_mode(config, "hflip").name is None, "it does not matter to other modes"


def test_auto_is_the_mode_that_the_evidence_recommends_for_the_start():
    scratch, tuned = make_config({}, "small"), make_config({}, "probe")
    modes = [of_mode(config, "auto").mode for config in (scratch, tuned)]
    assert modes == ["trivialaugment", "random_resized_crop(area=(0.5, 1))|hflip"]
    assert of_mode(scratch, "auto+mixup:0.4").mode == "trivialaugment+mixup:0.4"
    with pytest.raises(UserError, match="'auto,trivialaugment' names 'trivialaugment' twice"):
        of_modes(scratch, "auto,trivialaugment")
    with pytest.raises(UserError, match="depends on a network's first weights"):
        augmentation("auto")


def test_images_under_a_name_are_those_under_its_pipeline(config):
    data = open_data(config)
    named = of_mode(replace(config, name=NAMES), "mild")
    plain = replace(config, augment="hflip|rotate((-5, 15))")
    one, other = (dataset_of(each, data.train) for each in (named, plain))
    assert (one[3, 5][0] == other[3, 5][0]).all()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("mild", "--name takes NAME=PIPELINE, as mild='hflip|rotate(15)', not 'mild'"),
        ("my mild=hflip", "--name takes NAME=PIPELINE"),
        ("mild=", "--name takes NAME=PIPELINE"),
        ("rotate=hflip", "--name rotate: this name is taken; choose another for the pipeline"),
        ("all=hflip", "this name is taken"),
        ("cutmix=hflip", "this name is taken"),
        ("maybe=hflip", "this name is taken"),
        ("a=hflip,a=vflip", "--name a: this name is taken"),
        ("mild=rotat(3)", "no augmentation named 'rotat'; did you mean 'rotate'"),
        ("mild=hflip+mixup", "mixes the images of a batch"),
    ],
)
def test_a_name_that_cannot_be_is_told(name, told):
    with pytest.raises(UserError, match=re.escape(told)):
        transform_of(make_config({"name": name, "augment": "mild"}, "small"))


def test_the_option_may_be_repeated(monkeypatch):
    given, _ = parse(
        ["--name", "a=hflip", "--name", "b=rotate((1, 2))", "--name", "c=vflip,d=flip"]
    )
    assert list(named_pipelines(make_config(given, "small"))) == ["a", "b", "c", "d"]
