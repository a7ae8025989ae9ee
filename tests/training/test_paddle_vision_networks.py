"""A network of paddle.vision.models is trained, saved, loaded and exported like one of ours."""

import json
from dataclasses import replace

import numpy as np
import paddle
import pytest
from in_process import refusal, run_tool
from same_run import assert_same_run
from torch_writer import save_zip, state_dict
from trained import options_of, tiny_config, train_tiny

from paddle_aug.errors import UserError
from paddle_aug.networks import NETWORKS, paddle_vision
from paddle_aug.networks.vgg import BEHIND_DROPOUT
from paddle_aug.results import runlog
from paddle_aug.training import checkpoint, state
from paddle_aug.training import fit as train
from paddle_aug.training.pretrained import download, freeze, load_pretrained, of_paddle
from paddle_aug.training.torch_names import from_torch
from paddle_aug.training.weights import load_trained

NAME = "paddle.vision:mobilenet_v3_small"


@pytest.fixture
def config(photos, tmp_path):
    return tiny_config(photos, tmp_path, network=NAME, image_size=32, augment="userDef", epochs=2)


@pytest.fixture(scope="module")
def trained_config(photos, tmp_path_factory):
    """A training that has ended."""
    folder = tmp_path_factory.mktemp("vision")
    config = tiny_config(photos, folder, network=NAME, image_size=32)
    train.fit(config)
    return config


@pytest.fixture(scope="module")
def weights(trained_config):
    return state.model_file(trained_config, "last.pdparams")


def lazy(name: str, classes: int = 3, size: int = 224) -> paddle.nn.Layer:
    with paddle.LazyGuard():
        return NETWORKS[name](classes, size)


def test_the_weights_name_the_network_and_evaluate_to_its_last_epoch(
    trained_config, weights, tmp_path, monkeypatch, capsys
):
    assert load_trained(weights).config.network == NAME
    capsys.readouterr()
    words = (weights, "--json", "--out", tmp_path, "--device", "cpu")
    assert run_tool("evaluate.py", *words, monkeypatch=monkeypatch) == 0
    found = json.loads(capsys.readouterr().out)
    (run,) = runlog.read_runs(trained_config.log_dir)
    assert found["accuracy"] == run.curves["accEval"][-1]


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "shufflenet_v2_x0_25", "squeezenet1_1"])
def test_an_exported_model_gives_the_networks_outputs(name, photos, tmp_path, monkeypatch, capsys):
    file = train_tiny(photos, tmp_path, network=f"paddle.vision:{name}", image_size=32)
    capsys.readouterr()
    assert run_tool("export_model.py", file, tmp_path / "out", monkeypatch=monkeypatch) == 0
    assert capsys.readouterr().out.count("differ by at most") == 2
    described = json.loads((tmp_path / "out" / "description.json").read_text())
    assert described["network"] == f"paddle.vision:{name}"


def test_a_resumed_run_is_the_whole_one(config, tmp_path):
    train.fit(config)
    other = replace(config, log_dir=str(tmp_path / "l"), model_dir=str(tmp_path / "m"))
    train.fit(replace(other, epochs=1))
    train.fit(replace(other, resume=True))
    assert_same_run(config, other)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"network": "paddle.vision:mobilenet_v4"}, "no network 'mobilenet_v4'; did you mean 'mo"),
        ({"network": "paddle.vision:inception_v3"}, "--image-size 32: inception_v3 needs images "),
        ({"network": "paddle.vision:squeezenet1_1", "head_epochs": 1}, "drop --head-epochs"),
        ({"network": "googlenet", "head_epochs": 1, "image_size": 64}, "single dense layer"),
        ({"freeze": "classifer.3"}, "--freeze 'classifer.3': did you mean 'classifier.3'"),
    ],
)
def test_what_a_network_cannot_do_is_one_message(config, changes, told, monkeypatch, capsys):
    words = ["--quiet", *options_of(replace(config, **changes))]
    assert told in refusal("train.py", *words, monkeypatch=monkeypatch, capsys=capsys)


def test_the_head_alone_is_fitted_first(config, caplog):
    caplog.set_level("INFO", "paddle_aug")
    train.fit(replace(config, head_epochs=20, epochs=1, learning_rate=1e-9, augment="none"))
    assert any("with the head alone" in text for text in caplog.messages)
    paddle.seed(train.integer_seed(0, "network"))
    before = NETWORKS[NAME](3, 32).state_dict()
    after = checkpoint.load(state.model_file(replace(config, augment="none"), "last.pdparams"))
    moved = {
        name
        for name, value in before.items()
        if not name.endswith(("_mean", "_variance"))
        and np.abs(value.numpy() - after[name]).max() > 1e-6
    }
    assert moved == {"classifier.3.weight", "classifier.3.bias"}


def test_the_body_is_frozen_with_its_statistics(config):
    network = NETWORKS["paddle.vision:densenet121"](3, 32)  # whose layers are Paddle's oldest
    norms = freeze(network, "body")
    assert [n for n, value in network.named_parameters() if not value.stop_gradient] == [
        "out.weight", "out.bias",
    ]  # fmt: skip
    assert len(norms) == 121
    train.fit(replace(config, freeze="body", epochs=1, pretrained=None))
    saved = checkpoint.load(state.model_file(config, "last.pdparams"))
    paddle.seed(train.integer_seed(0, "network"))
    before = NETWORKS[NAME](3, 32).state_dict()
    changed = {name for name, value in before.items() if not np.array_equal(value, saved[name])}
    assert changed == {"classifier.3.weight", "classifier.3.bias"}


def test_paddles_own_weights_are_taken_as_they_are(tmp_path):
    theirs = paddle.vision.models.mobilenet_v3_small(num_classes=7)
    file = tmp_path / "theirs.pdparams"
    paddle.save(theirs.state_dict(), str(file))
    for source in (str(file), f"paddle.vision:{file}"):
        network = NETWORKS[NAME](3, 32)
        load_pretrained(network, train.TrainConfig(network=NAME, pretrained=source))
        for name, value in theirs.state_dict().items():
            if not name.startswith("classifier.3"):
                np.testing.assert_array_equal(network.state_dict()[name], value, err_msg=name)


def described(network: str, weights: dict) -> dict:
    data = {"name": "photos", "class_names": ["cat"], "fingerprint": ""}
    return {**weights, checkpoint.DESCRIPTION: {"config": {"network": network}, "data": data}}


@pytest.mark.parametrize(
    ("network", "source", "factor"),
    [
        ("paddle.vision:vgg11", {}, 1),
        ("paddle.vision:vgg11", {"network": "paddle.vision:vgg11"}, 1),
        ("paddle.vision:vgg11", {"network": "vgg11"}, 0.5),
        ("paddle.vision:vgg11", {"whose": "paddle_aug"}, 0.5),
        ("vgg11", {"network": "paddle.vision:vgg11"}, 2),
        ("vgg11", {"network": "vgg11"}, 1),
    ],
)
def test_a_vggs_weights_follow_the_dropout_of_the_network(tmp_path, network, source, factor):
    weights = {name: np.ones(2, np.float32) for name in (*BEHIND_DROPOUT, "classifier.0.weight")}
    if "network" in source:
        weights = described(source["network"], weights)
    file = tmp_path / "vgg.pdparams"
    checkpoint.save(file, weights)
    found = of_paddle(lazy(network), file, source.get("whose", ""))
    assert {name: found[name][0] for name in (*BEHIND_DROPOUT, "classifier.0.weight")} == {
        **dict.fromkeys(BEHIND_DROPOUT, factor), "classifier.0.weight": 1,
    }  # fmt: skip


def test_pytorchs_vgg_fits_paddles_as_it_is_and_its_alexnet_is_doubled_behind_dropout():
    weight = np.ones((5, 4096), np.float32)
    for network, there, here, factor in (
        ("vgg11", "classifier.6.weight", "classifier.6.weight", 1),
        ("alexnet", "classifier.6.weight", "_fc8.weight", 1),
        ("alexnet", "classifier.4.weight", "_fc7.weight", 2),
    ):
        found = from_torch({there: weight}, lazy(f"paddle.vision:{network}"))
        np.testing.assert_array_equal(found[here], factor * weight.T)


def mobilenet_v2() -> list[str]:
    """torchvision's names of the layers of its MobileNetV2."""
    names = ["features.0.0", "features.0.1"]
    for block in range(1, 18):
        parts = ("0.0", "0.1", "1.0", "1.1", "2", "3") if block > 1 else ("0.0", "0.1", "1", "2")
        names += [f"features.{block}.conv.{part}" for part in parts]
    return [*names, "features.18.0", "features.18.1", "classifier.1"]


def test_pytorchs_mobilenet_v2_fits_paddles(tmp_path):
    network = NETWORKS["paddle.vision:mobilenet_v2"](3, 32)
    own = network.state_dict()
    assert list(dict.fromkeys(name.rpartition(".")[0] for name in own)) == mobilenet_v2()
    kinds = {"_mean": "running_mean", "_variance": "running_var"}
    theirs = {}
    for name, value in own.items():
        layer, _, kind = name.rpartition(".")
        array = value.numpy().T if value.ndim == 2 else value.numpy()
        theirs[f"{layer}.{kinds.get(kind, kind)}"] = np.ascontiguousarray(1 + abs(array))
    file = save_zip(tmp_path / "m.pth", state_dict(theirs))
    load_pretrained(network, train.TrainConfig(network="x", pretrained=str(file)))
    for name, value in network.state_dict().items():
        assert value.numpy().min() > 0, name


WITHOUT = ("vgg11", "vgg13")  # Paddle lists no weights for them


@pytest.mark.parametrize("name", [name for name in paddle_vision.NAMES if name not in WITHOUT])
def test_a_network_downloads_its_own_weights(name, monkeypatch):
    monkeypatch.setattr(paddle.utils.download, "get_weights_path_from_url", lambda url, md5: url)
    file = download(f"paddle.vision:{name}").name.lower()
    assert file.replace("_", "").startswith(name.replace("_", "").split("x0")[0]), file


@pytest.mark.parametrize("name", WITHOUT)
def test_a_network_without_weights_is_told(name):
    told = f"fit --network paddle.vision:{name}; did you mean 'paddle.vision:vgg1"
    with pytest.raises(UserError, match=told):
        download(f"paddle.vision:{name}")
