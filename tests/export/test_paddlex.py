"""PaddleX opens an exported model by its inference.yml, and gives what `predict` gives."""

import csv
import io
import json
import os
import subprocess
import sys
from importlib.util import find_spec

import cv2
import numpy as np
import pytest
import yaml
from in_process import run_tool
from trained import train_tiny

# PaddleX on a model's folder and images; a line of JSON an image.
PREDICT = """
import json, sys
from paddlex import create_model
model = create_model(model_name="ResNet18", model_dir=sys.argv[1])
for result in model.predict(sys.argv[2:], batch_size=4):
    scores = [float(score) for score in result["scores"]]
    print(json.dumps([result["input_path"], list(result["label_names"]), scores]))
"""


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
@pytest.mark.skipif(find_spec("paddlex") is None, reason="PaddleX is not installed")
@pytest.mark.parametrize("interpolation", ["area", "linear"])
def test_paddlex_gives_the_classes_and_probabilities_of_predict(
    exported, photos, tmp_path, monkeypatch, capsys, interpolation
):
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
    command = [sys.executable, "-c", PREDICT, str(tmp_path / "out"), *map(str, files)]
    env = {**os.environ, "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True"}  # stay offline
    ended = subprocess.run(command, env=env, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    results = [json.loads(line) for line in ended.stdout.splitlines() if line[:2] == '["']
    assert [path for path, *_ in results] == [*want]
    for path, labels, scores in results:
        classes, probabilities = zip(*want[path], strict=True)
        assert labels == [*classes]
        np.testing.assert_allclose(scores, probabilities, atol=1e-4)
