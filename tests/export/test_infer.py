"""infer.py predicts beside an exported model what `predict` does, with nothing of this package."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from in_process import run_tool
from PIL import Image
from trained import train_tiny

from paddle_aug.data.image import read_image, resize
from paddle_aug.export import infer
from paddle_aug.export.model import INFER

# What a deployment lacks: importing one of these fails.
LACKING = ("paddle_aug", "cv2", "scipy", "skimage", "matplotlib", "yaml", "tqdm")
ALONE = f"""
import runpy, sys
sys.modules.update(dict.fromkeys({LACKING}))
sys.argv = sys.argv[1:]
runpy.run_path("infer.py", run_name="__main__")
"""


def test_it_imports_paddle_numpy_and_pillow_only():
    lines = INFER.read_text(encoding="utf-8").splitlines()
    heads = {re.split(r"[ .]", line)[1] for line in lines if line.startswith(("import ", "from "))}
    assert heads - {*sys.stdlib_module_names} == {"paddle", "numpy", "PIL"}


@pytest.fixture
def files(tmp_path):
    """A large photo, a turned one, one with transparency, grey, 16 bits, PPM, and one whose
    EXIF is none."""
    rng = np.random.default_rng(7)
    coarse = rng.integers(0, 256, (7, 9, 4)).astype(np.uint8)
    picture = cv2.resize(coarse, (190, 131), interpolation=cv2.INTER_CUBIC)
    turned = Image.Exif()
    turned[0x0112] = 6
    folder = tmp_path / "照片"
    folder.mkdir()
    Image.fromarray(picture[..., :3]).save(folder / "large.jpg")
    Image.fromarray(picture[..., :3]).save(folder / "turned.jpg", exif=turned)
    Image.fromarray(picture[..., :3]).save(folder / "junk.jpg", exif=b"Exif\0\0no TIFF at all")
    Image.fromarray(picture[..., :3]).save(folder / "camera.ppm")
    Image.fromarray(picture).save(folder / "transparent.png")
    Image.fromarray(picture[:20, :11, 0]).save(folder / "small grey.png")
    Image.fromarray(picture[..., 1].astype(np.uint16) * 257).save(folder / "deep.png")
    Image.fromarray(picture[..., :3]).convert("P").save(folder / "colours.gif")
    return sorted(map(str, folder.iterdir()))


@pytest.mark.parametrize(
    ("options", "export_options", "tolerance"),
    [
        ({}, (), 1e-4),
        ({}, ("--with-normalization",), 1e-4),
        ({}, ("--no-softmax",), 1e-4),
        ({"interpolation": "linear"}, (), 1e-4),
        ({"normalize": "image"}, (), 2e-3),
        ({"normalize": "0.1,0.2,0.3/0.4,0.5,0.6"}, (), 1e-4),
        # Its resize is Pillow's, from which ours differs by up to a grey level on average.
        ({"stretch": False, "eval_transform": "resize(18)|center_crop(16)",
          "augment": "random_crop(16)"}, (), 2e-2),
        ({"stretch": False, "eval_transform": "resize(18, exact=True)|center_crop(16)",
          "augment": "random_crop(16)"}, (), 1e-4),
    ],
)  # fmt: skip
def test_it_gives_the_probabilities_of_predict(
    photos, files, tmp_path, monkeypatch, capsys, options, export_options, tolerance
):
    # The tolerances are of probabilities: of rounding alone, or of single grey levels.
    weights = train_tiny(photos, tmp_path, epochs=2, **options)
    out = tmp_path / "exported"
    images = [*files, *map(str, sorted((photos / "Images" / "class1").glob("eval_*.png")))]
    assert run_tool("export_model.py", weights, out, *export_options, monkeypatch=monkeypatch) == 0
    capsys.readouterr()
    run_tool("predict.py", weights, *images, "--top", 3, "--csv", "-", monkeypatch=monkeypatch)
    rows = csv.DictReader(io.StringIO(capsys.readouterr().out))
    predicted = {(row["path"], row["class"]): float(row["probability"]) for row in rows}
    monkeypatch.setattr(infer, "FOLDER", out)
    about, predictor = json.loads((out / "description.json").read_text()), infer.open_model()
    inputs = np.stack([infer.prepare(path, about) for path in images])
    ours = infer.probabilities(predictor, inputs, about)
    want = [[predicted[path, name] for name in about["class_names"]] for path in images]
    np.testing.assert_allclose(ours, want, atol=tolerance)
    assert np.ptp(want, axis=0).max() > 10 * tolerance, "the images are told apart"


@pytest.mark.parametrize(
    "size", [(131, 190), (64, 64), (20, 11), (33, 50), (16, 900), (300, 300), (48, 16)]
)
@pytest.mark.parametrize("side", [16, 32, 50])
def test_it_stretches_as_training_does(size, side):
    image = np.random.default_rng(3).integers(0, 256, (*size, 3)).astype(np.uint8)
    linear = resize(image, side, "linear")
    np.testing.assert_array_equal(infer.stretch(image, side, "linear"), linear)
    difference = infer.stretch(image, side, "area").astype(int) - resize(image, side, "area")
    assert np.abs(difference).max() <= 1  # halves, which OpenCV rounds in several ways


def test_it_reads_files_as_training_does(files):
    for path in files:
        ours, theirs = read_image(path).astype(int), infer.decode(path)
        assert np.abs(ours - theirs).max() <= 1, path
    deep = Path(files[0]).with_name("deep.tiff")
    Image.fromarray(np.ones((9, 9), np.float32)).save(deep)
    for read in (read_image, infer.decode):
        with pytest.raises(ValueError, match="pixels of 32 bits have no agreed white"):
            read(deep)


@pytest.fixture(scope="module")
def exported(photos, tmp_path_factory):
    """The weights of a training, and the folder that they are exported to."""
    folder = tmp_path_factory.mktemp("run")
    weights = train_tiny(photos, folder)
    with pytest.MonkeyPatch.context() as patch:
        assert run_tool("export_model.py", weights, folder / "exported", monkeypatch=patch) == 0
    return weights, folder / "exported"


def test_what_it_cannot_read_is_told_and_the_rest_is_predicted(
    exported, photos, tmp_path, monkeypatch, capsys
):
    (tmp_path / "no.png").write_bytes(b"text")
    capsys.readouterr()
    good = str(photos / "Images" / "class1" / "eval_000.png")
    argv = ["infer.py", str(tmp_path / "no.png"), str(tmp_path / "lost.png"), good]
    monkeypatch.setattr(infer, "FOLDER", exported[1])
    monkeypatch.setattr(sys, "argv", argv)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert infer.main() == 1
    sys.stdout.seek(0)
    assert sys.stdout.read().startswith(f"{good}\tclass")
    messages = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[0] for line in messages] == argv[1:3]
    monkeypatch.setattr(sys, "argv", ["infer.py"])
    with pytest.raises(SystemExit, match=r"python infer\.py IMAGE"):
        infer.main()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("normalize", "options", "tolerance"),
    [("half", (), 2e-4), ("image", ("--with-normalization",), 2e-3)],
)
def test_it_runs_in_its_folder_where_this_package_is_not(
    photos, files, tmp_path, monkeypatch, capsys, normalize, options, tolerance
):
    out = tmp_path / "exported"
    weights = train_tiny(photos, tmp_path, normalize=normalize)
    assert run_tool("export_model.py", weights, out, *options, monkeypatch=monkeypatch) == 0
    capsys.readouterr()
    run_tool("predict.py", weights, *files, monkeypatch=monkeypatch)
    want = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    command = [sys.executable, "-I", "-c", ALONE, "infer.py", *files]
    ended = subprocess.run(command, cwd=out, capture_output=True, text=True, encoding="utf-8")
    assert ended.returncode == 0, ended.stderr
    assert "ccache" not in ended.stderr
    lines = [line.split("\t") for line in ended.stdout.splitlines()]
    assert [line[:2] for line in lines] == [line[:2] for line in want]
    for line, wanted in zip(lines, want, strict=True):
        assert abs(float(line[2]) - float(wanted[2])) < tolerance
    reader, writer = os.pipe()
    os.close(reader)  # as `| head` does once it has its lines
    ended = subprocess.run(command, cwd=out, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert ended.returncode == 141
    assert b"BrokenPipeError" not in ended.stderr


def test_an_infer_py_of_ones_own_is_not_overwritten(photos, tmp_path, monkeypatch, capsys):
    weights, out = train_tiny(photos, tmp_path), tmp_path / "exported"
    out.mkdir()
    (out / "infer.py").write_text("mine")
    for _ in range(2):
        assert run_tool("export_model.py", weights, out, monkeypatch=monkeypatch) == 0
    (moved,) = (out / "replaced").glob("*/*")
    assert f"moved {out / 'infer.py'} to {moved.parent}\n" in capsys.readouterr().err
    assert moved.read_text() == "mine"
    assert (out / "infer.py").read_bytes() == INFER.read_bytes()


def test_without_the_ops_for_a_preparation_there_is_no_infer_py(
    photos, tmp_path, monkeypatch, capsys
):
    options = {"stretch": False, "eval_transform": "center_crop(16)|grayscale(1.0)"}
    weights = train_tiny(photos, tmp_path, augment="random_crop(16)", **options)
    out = tmp_path / "exported"
    assert run_tool("export_model.py", weights, out, monkeypatch=monkeypatch) == 0
    assert (
        "no infer.py: it knows resize and center_crop, not --eval-transform center_crop(16)|"
        in (capsys.readouterr().err)
    )
    assert not (out / "infer.py").exists()
