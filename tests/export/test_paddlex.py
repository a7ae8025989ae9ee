"""PaddleX opens an exported model by its inference.yml, and gives what `predict` gives."""

import csv
import io
import json

import cv2
import numpy as np
import pytest
import yaml
from in_process import run_tool
from trained import train_tiny


@pytest.fixture
def exported(photos, tmp_path, monkeypatch, capsys):
    """Trains, exports into `out`, and returns the weights and what was logged."""

    def export(*words, **options):
        weights = train_tiny(photos, tmp_path, epochs=2, **options)
        capsys.readouterr()
        words = (weights, tmp_path / "out", *words)
        assert run_tool("export_model.py", *words, monkeypatch=monkeypatch) == 0
        return weights, capsys.readouterr().err

    return export


@pytest.mark.parametrize("interpolation", ["area", "linear"])
def test_the_file_has_the_steps_from_an_image_to_the_names_of_the_classes(
    exported, tmp_path, interpolation
):
    normalize = "0.1,0.2,0.3/0.4,0.5,0.6"
    _, said = exported(interpolation=interpolation, normalize=normalize)
    assert yaml.safe_load((tmp_path / "out" / "inference.yml").read_text("utf-8")) == {
        "Global": {"model_name": "ResNet18"},
        "PreProcess": {
            "transform_ops": [
                {
                    "ResizeImage": {
                        "size": 16,
                        "interpolation": interpolation.upper(),
                        "backend": "cv2",
                    }
                },
                {"NormalizeImage": {
                    "scale": 1 / 255, "mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6],
                }},
                {"ToCHWImage": None},
            ]
        },
        "PostProcess": {"Topk": {"topk": 3, "label_list": ["class0", "class1", "class2"]}},
    }  # fmt: skip
    call = f'create_model(model_name="ResNet18", model_dir="{tmp_path / "out"}")'
    assert said.endswith(f"PaddleX opens it by {call}\n")


@pytest.mark.parametrize(
    ("words", "options", "reason"),
    [
        (["--no-softmax"], {}, "it takes logits for probabilities; drop --no-softmax"),
        (["--with-normalization"], {}, "it normalizes images itself; drop --with-normalization"),
        ([], {"normalize": "image"}, "it does not know --normalize image"),
        ([], {"stretch": False, "eval_transform": "resize(18)|center_crop(16)",
              "augment": "random_crop(16)"},
         "it does not crop as --eval-transform resize(18)|center_crop(16) does"),
    ],
)  # fmt: skip
def test_what_paddlex_cannot_do_is_said_and_no_file_is_written(
    exported, tmp_path, words, options, reason
):
    _, said = exported(*words, **options)
    assert f"no inference.yml for PaddleX: {reason}\n" in said
    assert "create_model" not in said
    assert not (tmp_path / "out" / "inference.yml").exists()


def test_a_file_of_ones_own_moves_aside_and_one_of_an_earlier_export_is_replaced(
    exported, tmp_path
):
    out = tmp_path / "out"
    out.mkdir()
    (out / "inference.yml").write_text("mine")
    _, said = exported()
    (moved,) = (out / "replaced").glob("*/inference.yml")
    assert moved.read_text() == "mine"
    assert f"moved {out / 'inference.yml'} to {moved.parent}\n" in said
    exported("--no-softmax")
    assert not (out / "inference.yml").exists()
    assert len([*(out / "replaced").iterdir()]) == 1


@pytest.mark.slow
@pytest.mark.parametrize("interpolation", ["area", "linear"])
def test_paddlex_gives_the_classes_and_probabilities_of_predict(
    exported, photos, tmp_path, monkeypatch, capsys, interpolation
):
    paddlex = pytest.importorskip("paddlex")
    weights, _ = exported(interpolation=interpolation)
    rng = np.random.default_rng(5)
    files = sorted((photos / "Images" / "class1").glob("eval_*.png"))
    for number, size in enumerate([(131, 190), (16, 40), (333, 50)]):
        coarse = rng.integers(0, 256, (7, 9, 3)).astype(np.uint8)
        picture = cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)
        files.append(tmp_path / f"{number}.jpg")
        cv2.imwrite(str(files[-1]), picture)
    run_tool("predict.py", weights, *files, "--top", 3, "--csv", "-", monkeypatch=monkeypatch)
    want = {}
    for row in csv.DictReader(io.StringIO(capsys.readouterr().out)):
        want.setdefault(row["path"], []).append((row["class"], float(row["probability"])))
    names = json.loads((tmp_path / "out" / "description.json").read_text())["class_names"]
    model = paddlex.create_model(model_name="ResNet18", model_dir=str(tmp_path / "out"))
    for result in model.predict([str(file) for file in files], batch_size=4):
        classes, probabilities = zip(*want[result["input_path"]], strict=True)
        assert result["label_names"] == [*classes]
        assert [names[index] for index in result["class_ids"]] == [*classes]
        np.testing.assert_allclose(result["scores"], probabilities, atol=1e-4)
        want.pop(result["input_path"])
    assert want == {}
