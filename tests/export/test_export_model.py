"""An exported model is the network: its outputs, and what its description says of it."""

import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import paddle
import pytest
from in_process import refusal, run_tool
from trained import train_tiny

from paddle_aug.config import TrainConfig
from paddle_aug.data.image import read_image, resize
from paddle_aug.data.normalize import KNOWN
from paddle_aug.errors import UserError
from paddle_aug.export import model as export_model
from paddle_aug.networks import NETWORKS
from paddle_aug.training.batches import Normalize
from paddle_aug.training.predictor import Predictor
from paddle_aug.training.weights import Trained


@pytest.fixture(scope="module")
def weights(tmp_path_factory, photos):
    return train_tiny(photos, tmp_path_factory.mktemp("run"), image_size=32, network="lenet")


@pytest.fixture
def pixels():
    """The noise on which a model is compared."""
    return export_model.comparison_pixels(untrained(), [])


def untrained(network="vgg_thin_bn", normalization="half", size=16):
    paddle.seed(3)
    layers = NETWORKS[network](4, size)
    layers.eval()
    config = TrainConfig(network=network, image_size=size)
    return Trained(layers, config, KNOWN[normalization], list("abcd"), "data", "0123")


PROGRAM = "inference.json" if paddle.__version__ >= "3" else "inference.pdmodel"
FILES = {PROGRAM, "inference.pdiparams", "description.json", "infer.py"}


def predictor_logits(folder, images):
    """By Paddle Inference as its own documents have it."""
    program = folder / PROGRAM
    config = paddle.inference.Config(str(program), str(folder / "inference.pdiparams"))
    config.disable_gpu()
    predictor = paddle.inference.create_predictor(config)
    (name,) = predictor.get_input_names()
    assert name == "images"
    predictor.get_input_handle(name).copy_from_cpu(images)
    predictor.run()
    (name,) = predictor.get_output_names()
    return predictor.get_output_handle(name).copy_to_cpu()


@pytest.mark.parametrize(("with_normalization", "softmax"), [(False, True), (True, False)])
@pytest.mark.parametrize(
    ("network", "normalization", "size"),
    [
        ("vgg_thin_bn", "half", 16),
        ("vgg_thin", "image", 16),  # each image by its own mean and deviation
        ("keras_cnn", "imagenet", 8),  # batch normalisation without weights
        ("efficientnet_lite0", "half", 32),  # padding of TensorFlow's
    ],
)
def test_the_outputs_are_those_of_the_network(
    tmp_path, network, normalization, size, with_normalization, softmax
):
    trained = untrained(network, normalization, size)
    before = {name: value.numpy().copy() for name, value in trained.network.state_dict().items()}
    seen = export_model.comparison_pixels(trained, [])
    export_model.export(trained, tmp_path / "out", seen, with_normalization, softmax=softmax)
    pixels = seen[:3, ::-1].copy()  # not those that the export was compared on
    levels = pixels.astype("float64") / 255
    norm = trained.normalization
    mean, std = np.array(norm.mean), np.array(norm.std)
    if norm.per_image:
        mean = levels.mean(axis=(1, 2, 3), keepdims=True)
        std = levels.std(axis=(1, 2, 3), keepdims=True) + std
    normalized = ((levels - mean) / std).transpose(0, 3, 1, 2).astype("float32")
    want = trained.network(paddle.to_tensor(normalized)).numpy()
    if softmax:
        powers = np.exp(want.astype("float64"))
        want = powers / powers.sum(axis=1, keepdims=True)
    given = pixels if with_normalization else normalized
    for count in (3, 1):
        np.testing.assert_allclose(
            predictor_logits(tmp_path / "out", given[:count]), want[:count], atol=1e-5
        )
    after = trained.network.state_dict()
    assert before.keys() == after.keys(), "the network itself is left as it was"
    assert all((before[name] == after[name].numpy()).all() for name in before)


def test_the_description_says_what_goes_in_and_what_comes_out(
    weights, photos, tmp_path, monkeypatch, capsys
):
    images = [photos / "Images" / "class0", photos / "Images" / "class1" / "eval_000.png"]
    options = (tmp_path / "out", "--images", *images)
    assert run_tool("export_model.py", weights, *options, monkeypatch=monkeypatch) == 0
    said = capsys.readouterr()
    of_17 = "Paddle Inference: probabilities of 17 images differ by at most"  # 4 of noise
    assert of_17 in said.out
    assert f"wrote {tmp_path / 'out'}" in said.err
    content = json.loads((tmp_path / "out" / "description.json").read_text())
    assert content["class_names"] == ["class0", "class1", "class2"]
    assert (content["network"], content["image_size"]) == ("lenet", 32)
    assert content["input"] == {
        "name": "images", "shape": [None, 3, 32, 32], "dtype": "float32", "colours": "RGB",
        "normalized_by_the_model": False,
    }  # fmt: skip
    assert content["normalization"]["mean"] == [0.5, 0.5, 0.5]
    assert content["output"] == {"probabilities": [None, 3]}
    decode, stretch, normalize = content["preparation"]
    assert (decode["step"], stretch["step"], normalize["step"]) == (
        "decode",
        "stretch",
        "normalize",
    )
    assert (stretch["size"], stretch["interpolation"]) == (32, "area")
    assert "to 32 x 32 whatever the aspect ratio: cv2.INTER_AREA along sides" in stretch["how"]
    assert normalize["std"] == [0.5, 0.5, 0.5]
    names = {file.name for file in (tmp_path / "out").iterdir()}
    assert names == {*FILES, "inference.yml"}


def test_another_export_takes_the_place_of_the_first(weights, tmp_path, monkeypatch):
    out = tmp_path / "out"
    out.mkdir()
    for name in ("inference.pdmodel", "inference.json", "inference.onnx", "notes.txt"):
        (out / name).write_text("of another export")
    options = (out, "--with-normalization", "--no-softmax")
    assert run_tool("export_model.py", weights, *options, monkeypatch=monkeypatch) == 0
    names = {file.name for file in out.iterdir()}
    assert names == {*FILES, "notes.txt"}
    content = json.loads((out / "description.json").read_text())
    assert (content["input"]["shape"], content["input"]["dtype"]) == ([None, 32, 32, 3], "uint8")
    assert content["output"] == {"logits": [None, 3]}
    pixels = np.zeros((2, 32, 32, 3), np.uint8)
    assert predictor_logits(out, pixels).shape == (2, 3)


def test_a_model_with_other_outputs_is_not_kept(tmp_path, monkeypatch, pixels):
    right = Predictor.__call__
    monkeypatch.setattr(Predictor, "__call__", lambda *arguments: right(*arguments) + 1)
    with pytest.raises(
        UserError, match=r"of Paddle Inference differ from the network's by up to 1; no"
    ):
        export_model.export(untrained(), tmp_path / "out", pixels)
    assert list(tmp_path.iterdir()) == []


def test_nan_is_another_output():
    with pytest.raises(UserError, match="ONNX Runtime differ from"):
        export_model.compare(np.zeros((1, 2)), np.array([[np.nan, 0]]), "ONNX Runtime", 1.0)


def test_onnx_without_paddle2onnx_is_told(weights, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "paddle2onnx", None)
    options = (weights, tmp_path / "out", "--onnx")
    said = refusal("export_model.py", *options, monkeypatch=monkeypatch, capsys=capsys)
    assert said.startswith("--onnx needs paddle2onnx (")
    assert said.endswith(
        "): pip install paddle2onnx; or drop --onnx, which writes the Paddle model alone\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_conversion_to_onnx_that_fails_is_told(tmp_path, monkeypatch, pixels):
    def export(model, params, save_file, **options):
        raise RuntimeError("no such operator")

    monkeypatch.setitem(sys.modules, "paddle2onnx", SimpleNamespace(export=export))
    with pytest.raises(UserError, match="paddle2onnx cannot convert this network: no such oper"):
        export_model.export(untrained(), tmp_path / "out", pixels, onnx=True)
    assert list(tmp_path.iterdir()) == []


def test_onnx_gives_the_networks_outputs(tmp_path, pixels):
    pytest.importorskip("paddle2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    trained = untrained()
    export_model.export(trained, tmp_path, pixels, with_normalization=True, onnx=True)
    session = onnxruntime.InferenceSession(str(tmp_path / "inference.onnx"))
    (probabilities,) = session.run(None, {"images": pixels})
    logits = trained.network(Normalize(trained.normalization)(paddle.to_tensor(pixels)))
    want = paddle.nn.functional.softmax(logits).numpy()
    np.testing.assert_allclose(probabilities, want, atol=1e-5)


def test_a_folder_that_cannot_be_written_and_an_image_that_is_bad_are_told(
    weights, tmp_path, monkeypatch, capsys
):
    (tmp_path / "bad.png").write_bytes(b"")
    for options, message in (
        ((tmp_path / "bad.png" / "out",), "cannot write to"),
        ((tmp_path / "out", "--images", tmp_path / "bad.png"), "bad.png: the file is empty"),
        ((tmp_path / "out", "--images", tmp_path / "*.gif"), "*.gif: no image found"),
    ):
        assert message in refusal(
            "export_model.py", weights, *options, monkeypatch=monkeypatch, capsys=capsys
        )


def test_images_to_compare_on_are_prepared_as_evaluation_prepares_them(data):
    samples = data.eval[:2]
    pixels = export_model.comparison_pixels(untrained(), samples)
    assert pixels.shape == (6, 16, 16, 3)
    assert (pixels[5] == resize(read_image(samples[1].file), 16)).all()
    unstretched = untrained()
    config = replace(unstretched.config, stretch=False, eval_transform="center_crop(16)")
    pixels = export_model.comparison_pixels(replace(unstretched, config=config), samples)
    assert (pixels[5] == read_image(samples[1].file)[12:28, 16:32]).all()
