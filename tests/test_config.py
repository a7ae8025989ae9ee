"""Defaults < recipe < command line, and every mistake has a message."""

import dataclasses
import json
import shlex
from pathlib import Path

import numpy as np
import pytest
import yaml

from paddle_aug.augment.modes import augmentation, split_modes
from paddle_aug.commands._options import words_of
from paddle_aug.commands.train import parse
from paddle_aug.config import (
    RECIPES,
    TrainConfig,
    config_of,
    load_recipe,
    make_config,
    recipe_names,
    smaller_rate,
)
from paddle_aug.errors import UserError
from paddle_aug.networks import NETWORKS


def test_the_defaults_are_the_notebooks_but_for_the_resize():
    config = TrainConfig()
    assert (config.network, config.image_size, config.batch_size) == ("vgg16", 224, 8)
    assert (config.learning_rate, config.epochs, config.augment) == (1e-4, 100, "none")
    assert config.interpolation == "area"
    assert make_config({}, "aistudio") == dataclasses.replace(config, interpolation="linear")


def test_a_value_that_holds_itself_many_times_is_shortened_in_the_message():
    value = ()
    for _ in range(60):  # written out, 2**60 brackets
        value = (value, value)
    with pytest.raises(
        UserError, match=r"^a\.pdparams: epochs wants a value of type int, got \(\("
    ):
        config_of({"epochs": value}, ["epochs"], Path("a.pdparams"))


def test_values_from_python_become_those_that_a_file_can_keep():
    given = {
        "seed": np.int64(3), "first": np.uint8(9), "learning_rate": "1e-3", "warmup": 1,
        "ema": np.float64(0.5), "amp": np.bool_(True), "data": Path("photos"),
        "augment": np.str_("hflip"), "threads": None,
    }  # fmt: skip
    kept = make_config(given, "small").asdict()
    wanted = {**given, "learning_rate": 0.001, "data": "photos"}
    assert {name: kept[name] for name in given} == wanted
    assert json.loads(json.dumps(kept)) == kept
    assert {type(value) for value in kept.values()} == {str, int, float, bool, type(None)}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"epoch": 1}, "unknown option 'epoch'; did you mean 'epochs'?"),
        ({3: 1}, "unknown option 3; known: "),
        ({"epochs": "5"}, "epochs wants a value of type int, got '5'"),
        ({"epochs": np.float64(5)}, "epochs wants a value of type int, got 5.0"),
        ({"seed": Path("a")}, "seed wants a value of type int, got 'a'"),
        ({"log_dir": None}, "log_dir wants a value of type str, got None"),
        ({"augment": ["hflip"]}, r"augment wants a value of type str, got \['hflip'\]"),
    ],
    ids=str,
)
def test_what_python_gives_wrongly_is_told_as_in_a_recipe(given, message):
    with pytest.raises(UserError, match=f"^{message}"):
        make_config(given, "small")


def test_the_command_line_overrides_the_recipe_and_the_recipe_the_defaults():
    given, recipe = parse(["--recipe", "small", "--epochs", "3", "--augment", "allab"])
    config = make_config(given, recipe)
    assert (config.epochs, config.augment) == (3, "allab")
    assert config.image_size == load_recipe("small")["image_size"] != TrainConfig().image_size
    assert config.log_dir == "logs"


def test_every_field_is_an_option_and_back():
    argv = []
    words = {
        "device": "cpu", "schedule": "step", "engine": "imgaug", "cache": "disk", "init": "xavier",
        "optimizer": "sgd", "momentum": "0.7", "label_smoothing": "0.7", "ema": "0.7",
        "mix": "mixup:7", "mix_prob": "0.7", "mix_per": "pair", "interpolation": "linear",
        "sampler": "balanced", "early_stop_by": "loss",
    }  # fmt: skip
    for item in dataclasses.fields(TrainConfig):
        name = "--" + item.name.replace("_", "-")
        switch = item.name in ("amp", "resume", "stretch", "sync_bn")
        argv += [name] if switch else [name, words.get(item.name, "7")]
    given, _ = parse(argv)
    assert given.keys() == {item.name for item in dataclasses.fields(TrainConfig)}
    del given["batch_size"]  # which global_batch takes the place of
    assert make_config(given, "aistudio").num_workers == 7


def test_the_batch_of_a_step_is_given_by_its_micro_batches_or_as_a_whole(tmp_path):
    def sizes(**given):
        config = make_config(given, str(recipe))
        return config.step_batch, config.micro_batch

    recipe = tmp_path / "mine.yaml"
    recipe.write_text("config: {global_batch: 64, accumulate: 2}\n", encoding="utf-8")
    assert sizes() == (64, 32)
    assert sizes(accumulate=1) == (64, 64)
    assert sizes(batch_size=12) == (24, 12)
    assert sizes(global_batch=10, accumulate=4) == (10, 3)
    with pytest.raises(UserError, match="give --batch-size or --global-batch, not both"):
        sizes(batch_size=8, global_batch=8)
    with pytest.raises(UserError, match="--global-batch 2 is less than --accumulate 3"):
        TrainConfig(global_batch=2, accumulate=3)


@pytest.mark.parametrize("recipe", recipe_names())
def test_a_config_as_options_is_the_same_config(recipe):
    changes = {
        "stretch": False, "resume": True, "augment": "mild", "mix": "mixup:0.4", "seed": 7,
        "name": "mild=hflip|rotate(5),wild=noise(9)", "learning_rate": 3e-5, "fraction": 1 / 3,
        "log_dir": "-logs", "threads": 2,
    }  # fmt: skip
    config = dataclasses.replace(make_config({}, recipe), **changes)
    given, named = parse(words_of(config, recipe))
    assert make_config(given, named) == config


def test_the_rate_to_try_after_a_divergence_is_a_tenth_or_the_largest_of_a_recipe():
    largest = {}
    for config in (make_config({}, name) for name in recipe_names()):
        largest.setdefault(config.optimizer, []).append(config.learning_rate)
    for optimizer, rates in largest.items():
        rate_after = {
            rate: smaller_rate({"learning_rate": rate, "optimizer": optimizer})
            for rate in (0.02, 1e30)
        }
        assert rate_after == {0.02: 0.002, 1e30: max(rates)}


@pytest.mark.parametrize("name", [name for name in recipe_names() if "aistudio" in name])
def test_the_notebooks_recipes_resize_as_it_does(name):
    assert make_config({}, name).interpolation == "linear"


def test_the_help_names_every_network():
    text = next(f for f in dataclasses.fields(TrainConfig) if f.name == "network").metadata["help"]
    assert text.split(";")[0].split(", ") == list(NETWORKS)


def test_a_switch_of_a_recipe_can_be_switched_off(tmp_path):
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("config:\n  amp: true\n  learning_rate: 1e-3\n", encoding="utf-8")
    given, name = parse(["-c", str(recipe), "--no-amp"])
    assert make_config({}, name).amp is True
    assert make_config(given, name).amp is False
    assert make_config({}, name).learning_rate == 0.001, "YAML itself reads 1e-3 as text"


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_loads_and_names_what_we_have(name):
    config = make_config({}, name)
    assert config.network in NETWORKS
    for spec in (*split_modes(config.augment), config.eval_transform):
        augmentation(spec)


@pytest.mark.parametrize("name", recipe_names())
def test_the_command_of_a_recipe_is_one(name):
    content = yaml.safe_load((RECIPES / f"{name}.yaml").read_text(encoding="utf-8"))
    program, tool, *argv = shlex.split(content["command"])
    assert (program, tool) == ("python", "tools/train.py")
    assert parse(argv)[1] == name


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("config:\n  epoch: 3\n", "unknown option 'epoch'; did you mean 'epochs'"),
        ("config:\n  epochs: many\n", "epochs wants a value of type int, got 'many'"),
        ("config:\n  epochs: true\n", "epochs wants a value of type int, got True"),
        ("config:\n  learning_rate: fast\n", "learning_rate wants a value of type float"),
        ("config:\n  augment:\n", "augment wants a value of type str, got None"),
        ("config:\n  epochs: 0\n", "--epochs must be at least 1"),
        ("confg:\n  epochs: 3\n", "needs a mapping 'config'"),
        ("config: {}\ncomand: x\n", "unknown key 'comand'; did you mean 'command'"),
        ("config: [", "is not YAML"),
        ("- 1\n", "needs a mapping 'config'"),
        ("config: !!python/object/apply:os.getcwd []\n", "is not YAML"),
        ("config:\n  epochs: 2020-13-45\n", "is not YAML: month must be in 1..12"),
        ("config:\n  learning_rate: 1" + "0" * 400, "learning_rate wants a value of type float"),
        ("config: " + "[" * 50_000, "is not YAML: maximum recursion depth"),
        ("config:\n  image_size: 9000\n", "--image-size must be from 1 to 8192, not 9000"),
    ],
)
def test_a_faulty_recipe_is_reported_by_file_and_key(tmp_path, content, message):
    recipe = tmp_path / "mine.yaml"
    recipe.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        make_config({}, str(recipe))


def test_an_unknown_recipe_is_reported_with_the_nearest(tmp_path):
    with pytest.raises(UserError, match="did you mean 'small'"):
        load_recipe("smal")
    with pytest.raises(UserError, match="cannot read the recipe"):
        load_recipe(str(tmp_path / "nowhere.yaml"))


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--epoch", "3"], "no option --epoch; did you mean '--epochs'?"),
        (["--augmnt=none"], "no option --augmnt; did you mean '--augment'?"),
        (["--epochs", "many"], "argument --epochs: invalid int value: 'many'; see "),
        (["--epochs"], "argument --epochs: expected one argument; see "),
        (["-x"], "unrecognized arguments: -x; see "),
    ],
    ids=str,
)
def test_a_mistyped_option_is_one_message(argv, message):
    with pytest.raises(UserError) as raised:
        parse(argv)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batch_size", 0), ("num_workers", -1), ("seed", -1), ("seed", 2**32), ("threads", 0),
        ("learning_rate", float("nan")), ("learning_rate", 0.0), ("schedule", "cosin"),
        ("engine", "imgag"), ("interpolation", "are"), ("optimizer", "adm"), ("init", "xaver"),
        ("momentum", 1.0), ("momentum", -0.1), ("label_smoothing", 1.0), ("ema", float("nan")),
        ("weight_decay", -1.0),
        ("warmup", float("inf")), ("gamma", 0.0), ("patience", 0), ("head_lr_mult", 0.0),
    ],
)  # fmt: skip
def test_impossible_values_are_refused(name, value):
    with pytest.raises(UserError, match="--" + name.replace("_", "-")):
        make_config({name: value}, "aistudio")
