"""Exports: what training sees, as files; whole sets, however they came about."""

import hashlib
import io
import json
import logging
import os
import re
import runpy
import shlex
import shutil
import signal
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from in_process import refusal, run_tool
from made_data import write_dataset
from PIL import Image
from same_run import contents
from trained import train_tiny

from paddle_aug.augment.modes import augmentation
from paddle_aug.commands.train import parse
from paddle_aug.config import TrainConfig, make_config
from paddle_aug.data.augmented import Augmented
from paddle_aug.data.dataset import Dataset, open_dataset
from paddle_aug.data.image import read_image
from paddle_aug.data.readers.list_format import read_list
from paddle_aug.data.samples import Sample
from paddle_aug.errors import UserError
from paddle_aug.export import dataset as export_dataset
from paddle_aug.export.dataset import Export, copies_of, encode, export, verify
from paddle_aug.export.manifest import LOCK
from paddle_aug.inputs import augmented, open_data
from paddle_aug.preview import figure as preview_figure
from paddle_aug.rng import generator
from paddle_aug.system import plugins
from paddle_aug.system.files import locked, write_json
from paddle_aug.system.versions import versions

ROOT = Path(__file__).parent.parent.parent
IMAGES = 2 * 9 + 3  # two copies of the training images, and the eval images


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("data") / "photos", train=3, evaluate=1)


@pytest.fixture(scope="module")
def settings(photos):
    return Export(config_of(photos), copies=2)


@pytest.fixture(scope="module")
def exported(tmp_path_factory, settings):
    """A finished set, which tests leave as it is."""
    out = tmp_path_factory.mktemp("exported") / "out"
    assert export(settings, out) == IMAGES
    return out


@pytest.fixture
def out(tmp_path, exported):
    """A finished set for one test."""
    return Path(shutil.copytree(exported, tmp_path / "out"))


def config_of(photos, **changes):
    return replace(
        TrainConfig(augment="userDef", data=str(photos), seed=5, image_size=24), **changes
    )


def lines_of(folder):
    header, *lines = map(json.loads, (folder / "manifest.jsonl").read_text().splitlines())
    return header, lines


def spy_on_maker(monkeypatch, images=None):
    """The paths that the maker is asked for; after so many images it is interrupted."""
    make, asked = export_dataset._Maker.make, []

    def spy(self, items):
        if images is not None and len({path[:25] for path in asked}) >= images:
            raise KeyboardInterrupt
        asked.extend(item.path for item in items)
        return make(self, items)

    monkeypatch.setattr(export_dataset._Maker, "make", spy)
    return asked


def test_copy_k_of_image_i_is_what_training_sees_of_it_in_epoch_k(photos, exported):
    trained = Augmented(open_dataset(str(photos)).train, 24, augmentation("userDef"), seed=5)
    _, lines = lines_of(exported)
    copies = [line for line in lines if line["list"] == "train"]
    assert [(line["index"], line["epoch"]) for line in copies] == [
        (index, epoch) for index in range(9) for epoch in range(2)
    ]
    for line in copies:
        image, label = trained[line["epoch"], line["index"]]
        assert (read_image(exported / line["path"]) == image).all()
        assert line["label"] == label
        assert line["source"] == trained.samples[line["index"]].path


def files_of(samples):
    return [(Path(sample.file).read_bytes(), sample.label) for sample in samples]


def test_the_set_is_one_that_trains_as_it_is(photos, exported):
    result, source = open_dataset(str(exported)), open_dataset(str(photos))
    assert result.class_names == source.class_names == ["class0", "class1", "class2"]
    assert [sample.label for sample in result.train] == [
        s.label for s in source.train for _ in "ab"
    ]
    assert files_of(result.eval) == files_of(source.eval)
    assert {sample.path.split("/")[0] for sample in result.train} == set(result.class_names)


def test_of_a_holdout_the_former_eval_list_becomes_a_test_list(tmp_path, photos):
    config = config_of(photos, holdout=0.34)
    source = open_data(config)
    assert (len(source.train), len(source.eval), len(source.test)) == (6, 3, 3)
    assert export(Export(config), tmp_path / "out") == 6 + 3 + 3
    result = open_dataset(str(tmp_path / "out"))
    assert files_of(result.eval) == files_of(source.eval)
    listed, faults = read_list(tmp_path / "out" / "Test.txt")
    assert not faults
    images = tmp_path / "out" / "Images"
    assert files_of(one._replace(file=images / one.path) for one in listed) == files_of(source.test)
    (tmp_path / "out" / "Test.txt").unlink()
    (tmp_path / "out" / "Images" / listed[2].path).unlink()
    assert len(verify(tmp_path / "out").made_again) == 2


def test_the_bytes_are_the_same_for_any_number_of_workers(tmp_path, settings, exported):
    export(settings, tmp_path / "two", num_workers=2)
    assert contents(tmp_path / "two") == contents(exported)


class Dying(export_dataset._Maker):
    """Its first three processes are killed, as by the system when memory runs out."""

    def make(self, items):
        with open(f"{self.out}-deaths", "a+") as deaths:
            if deaths.write("x") and deaths.tell() <= 3:
                deaths.flush()
                os.kill(os.getpid(), signal.SIGKILL)
        return super().make(items)


def test_files_whose_process_dies_are_made_by_another_but_not_for_ever(
    tmp_path, settings, exported, monkeypatch, caplog
):
    monkeypatch.setattr(export_dataset, "_Maker", Dying)
    with pytest.raises(UserError, match="killed by signal 9, 3 times, most likely because memory"):
        export(settings, tmp_path / "out", num_workers=1)
    assert sum("beginning it again" in message for message in caplog.messages) == 2
    export(settings, tmp_path / "out", num_workers=1)
    assert contents(tmp_path / "out") == contents(exported)


def test_by_default_a_worker_is_started_for_fifty_files(monkeypatch):
    counts = []
    monkeypatch.setattr(
        export_dataset, "_results", lambda maker, images, count, _: counts.append(count) or []
    )
    monkeypatch.setattr(export_dataset, "cores", lambda: 3)
    item = export_dataset.Item("", "train", 0, 0)
    for asked, files in ((None, 49), (None, 100), (None, 1000), (4, 1)):
        list(export_dataset._make_all(None, [item] * files, asked))
    assert counts == [0, 2, 3, 4]


def test_originals_and_eval_are_the_very_files(tmp_path, photos):
    export(Export(config_of(photos), copies=1, originals=True), tmp_path / "out")
    _, lines = lines_of(tmp_path / "out")
    plain = [line for line in lines if line["epoch"] is None]
    assert Counter(line["list"] for line in plain) == {"train": 9, "eval": 3}
    for line in plain:
        source = photos / "Images" / line["source"]
        assert (tmp_path / "out" / line["path"]).read_bytes() == source.read_bytes()
        assert line["drawn"] is None


@pytest.mark.parametrize("originals", [False, True])
@pytest.mark.parametrize("copies", [1, 3])
def test_even_classes_come_to_as_many_as_the_largest(copies, originals):
    labels = [0] * 7 + [1] * 3 + [2] + [0] * 2
    settings = Export(TrainConfig(augment="hflip"), copies, originals=originals, even=True)
    counts = copies_of(labels, settings)
    for label in range(3):
        own = [count for count, other in zip(counts, labels, strict=True) if other == label]
        assert sum(own) + originals * len(own) == 9 * (copies + originals)
        assert max(own) - min(own) <= 1
        assert own == sorted(own, reverse=True)


def test_at_their_own_size_images_are_what_the_augmentation_leaves(tmp_path, photos):
    config = config_of(photos, augment="center_crop(16)|hflip", stretch=False)
    export(Export(config), tmp_path / "out")
    trained = Augmented(
        open_dataset(str(photos)).train, 16, augmentation(config.augment), 5, stretch=False
    )
    _, lines = lines_of(tmp_path / "out")
    for line in lines[:9]:
        assert (read_image(tmp_path / "out" / line["path"]) == trained[0, line["index"]][0]).all()


def test_jpegs_have_quality_95_and_whole_chroma():
    image = np.kron(np.arange(192).reshape(8, 8, 3), np.ones((4, 4, 1))).astype(np.uint8)
    decoded = Image.open(io.BytesIO(encode(image, "jpg")))
    assert np.abs(np.asarray(decoded).astype(int) - image).max() < 12
    _, other = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])
    assert decoded.quantization == Image.open(io.BytesIO(other)).quantization
    assert {(across, down) for _, across, down, _ in decoded.layer} == {(1, 1)}


def test_the_manifest_says_what_made_the_set(photos, exported):
    header, lines = lines_of(exported)
    assert (header["config"]["augment"], header["config"]["seed"]) == ("userDef", 5)
    assert header["copies"] == 2
    assert header["versions"] == versions()
    assert header["data"]["fingerprint"] == open_dataset(str(photos)).fingerprint
    for line in lines:
        assert line["sha256"] == hashlib.sha256((exported / line["path"]).read_bytes()).hexdigest()
    ops = [name for name, _ in lines[0]["drawn"]]
    assert sorted(ops) == ["brightness", "center_crop_resize", "color", "contrast", "flip",
                           "noise", "rotate", "sharpness"]  # fmt: skip


def test_after_an_interruption_the_same_call_makes_the_rest(
    tmp_path, settings, exported, monkeypatch
):
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        asked = spy_on_maker(patch, images=5)
        with pytest.raises(KeyboardInterrupt):
            export(settings, out)
    assert len(asked) == 2 * 5
    assert not (out / "Train.txt").exists()
    with pytest.raises(UserError, match="is not finished; run the command that started it"):
        verify(out)
    (out / asked[3]).write_bytes(b"touched")
    with open(out / ".manifest.part", "a") as file:
        file.write('{"path": "Images/cut sho')
    asked_later = spy_on_maker(monkeypatch)
    export(settings, out)
    assert sorted(asked_later) == sorted({*contents(out)} - {*asked} - {
        "Train.txt", "Eval.txt", "labels.txt", "manifest.jsonl"} | {asked[3]})  # fmt: skip
    assert contents(out) == contents(exported)


def test_two_processes_do_not_export_to_one_folder(tmp_path, settings):
    with locked(tmp_path / LOCK), pytest.raises(UserError, match="another process is exporting"):
        export(settings, tmp_path)


def test_half_a_set_is_made_again_byte_for_byte(out, exported):
    lost = [path for path in contents(out) if path != "manifest.jsonl"][::2]
    for path in lost:
        (out / path).unlink()
    result = verify(out)
    assert sorted(result.made_again) == sorted(lost)
    assert not result.different
    assert contents(out) == contents(exported)
    assert len(verify(out).whole) == IMAGES + 3


def test_what_differs_is_named_and_left_as_it_is(out, monkeypatch, capsys):
    _, lines = lines_of(out)
    (out / lines[0]["path"]).write_bytes(b"other")
    (out / lines[1]["path"]).unlink()
    (out / "Train.txt").write_bytes(b"other")
    (out / "Images" / "class0" / ".DS_Store").touch()
    (out / "notes \udcff.txt").touch()
    header = {**lines_of(out)[0], "versions": {**versions(), "numpy": "1.0"}}
    text = (out / "manifest.jsonl").read_text()
    (out / "manifest.jsonl").write_text(json.dumps(header) + text[text.index("\n") :])
    assert run_tool("export.py", "--verify", out, monkeypatch=monkeypatch) == 1
    output = capsys.readouterr()
    assert output.out.splitlines() == [
        f"made again: {lines[1]['path']}",
        f"differs: {lines[0]['path']}",
        "differs: Train.txt",
        "not in the manifest: Images/class0/.DS_Store",
        "not in the manifest: notes \ufffd.txt",
        f"{out}: 21 files are intact, 1 were missing and made again, 2 differ, "
        "2 are not in the manifest",
    ]
    assert f"numpy was 1.0, here it is {np.__version__}" in output.err
    assert (out / lines[0]["path"]).read_bytes() == b"other"


def test_a_missing_file_that_would_come_out_different_is_not_written(out, monkeypatch):
    _, lines = lines_of(out)
    (out / lines[4]["path"]).unlink()
    monkeypatch.setattr(export_dataset, "encode", lambda image, format: b"by another version")
    result = verify(out)
    assert result.different == [lines[4]["path"]]
    assert not result.made_again
    assert not (out / lines[4]["path"]).exists()


def test_whole_sets_are_verified_without_their_data_and_mended_with_it_elsewhere(tmp_path):
    photos = write_dataset(tmp_path / "here" / "photos", train=2, evaluate=1)
    out = tmp_path / "out"
    export(Export(config_of(photos)), out)
    shutil.move(tmp_path / "here", tmp_path / "there")
    assert len(verify(out).whole) == 6 + 3 + 3
    _, lines = lines_of(out)
    (out / lines[0]["path"]).unlink()
    with pytest.raises(UserError, match="no folder"):
        verify(out)
    other = write_dataset(tmp_path / "other", train=3, evaluate=1)
    with pytest.raises(UserError, match=r"is not the data that .* give its place by --data"):
        verify(out, str(other))
    assert verify(out, str(tmp_path / "there" / "photos")).made_again == [lines[0]["path"]]


def test_a_finished_set_is_not_made_twice(settings, out, exported, monkeypatch, caplog):
    shutil.copy(out / "manifest.jsonl", out / ".manifest.part")  # a kill came between the two
    caplog.set_level(logging.INFO)
    assert spy_on_maker(monkeypatch) == []
    export(settings, out)
    assert "is finished already; --verify checks it" in caplog.text
    assert contents(out) == contents(exported)


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize(
    ("config", "own", "message"),
    [
        ({"seed": 6}, {}, "made with --seed 5, not 6"),
        ({"augment": "hflip"}, {}, "made with --augment userDef, not hflip"),
        ({}, {"copies": 3}, "made with --copies 2, not 3"),
        ({}, {"format": "jpg"}, "made with --format png, not jpg"),
    ],
)
def test_another_set_is_not_mixed_in(settings, out, config, own, message, finished):
    if not finished:
        (out / "manifest.jsonl").rename(out / ".manifest.part")
    before = contents(out)
    with pytest.raises(UserError, match=message):
        export(replace(settings, config=replace(settings.config, **config), **own), out)
    assert contents(out) == before


@pytest.mark.parametrize("finished", [True, False])
def test_copies_of_two_versions_of_an_op_are_not_mixed(settings, tmp_path, finished, monkeypatch):
    monkeypatch.setattr(plugins, "_loaded", {"my_ops.py": "old"})
    export(settings, tmp_path / "set")
    if not finished:
        (tmp_path / "set" / "manifest.jsonl").rename(tmp_path / "set" / ".manifest.part")
    monkeypatch.setattr(plugins, "_loaded", {"my_ops.py": "new"})
    with pytest.raises(UserError, match=r"made before my_ops\.py changed; give a new folder"):
        export(settings, tmp_path / "set")


@pytest.mark.parametrize("finished", [True, False])
def test_a_set_from_before_interpolation_is_one_of_linear(settings, tmp_path, finished):
    linear = replace(settings, config=replace(settings.config, interpolation="linear"))
    out = tmp_path / "linear"
    export(linear, out)
    header, lines = lines_of(out)
    del header["config"]["interpolation"]
    text = "".join(json.dumps(line) + "\n" for line in (header, *lines))
    (out / "manifest.jsonl").write_text(text)
    (out / lines[0]["path"]).unlink()
    assert verify(out).made_again == [lines[0]["path"]]
    if not finished:
        (out / "manifest.jsonl").rename(out / ".manifest.part")
    with pytest.raises(UserError, match="made with --interpolation linear, not area"):
        export(settings, out)
    export(linear, out)
    assert not verify(out).different


def test_a_file_that_cannot_be_read_is_named(out):
    _, lines = lines_of(out)
    (out / lines[0]["path"]).unlink()
    (out / lines[0]["path"]).mkdir()
    with pytest.raises(UserError, match=rf"cannot read .*{lines[0]['path']}: Is a directory"):
        verify(out)


def test_a_folder_with_other_files_and_a_file_are_left_alone(tmp_path, settings):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(UserError, match="has other files; give a new folder"):
        export(settings, tmp_path)
    with pytest.raises(UserError, match="is a file; give a new folder"):
        export(settings, tmp_path / "thesis.tex")
    assert contents(tmp_path) == {"thesis.tex": b"mine"}


def test_pictures_of_an_archive_become_files_and_those_in_both_parts_are_left_out(
    tmp_path, monkeypatch, caplog
):
    pixels = np.arange(4 * 8 * 8 * 3, dtype=np.uint8).reshape(4, 8, 8, 3)
    pixels[1:] += 7
    samples = [Sample("archive", f"batch/{i}", 0, 0, image) for i, image in enumerate(pixels)]
    data = Dataset("archive", samples[:3], [samples[3], samples[1]._replace(path="t/0")], ["a b"])
    monkeypatch.setattr(export_dataset, "open_data", lambda config, found: data)
    caplog.set_level(logging.INFO)
    export(Export(TrainConfig(augment="none", image_size=8), 1, "jpg", True), tmp_path / "out")
    assert "archive: 1 training images are also evaluated on, and are left out" in caplog.text
    header, lines = lines_of(tmp_path / "out")
    assert header["data"]["left_out"] == [1]
    assert {line["index"] for line in lines if line["list"] == "train"} == {0, 2}
    kept = [line for line in lines if line["list"] == "eval"]
    assert [line["path"] for line in kept] == ["Images/a_b/eval_000000_3.png",
                                               "Images/a_b/eval_000001_0.png"]  # fmt: skip
    assert (read_image(tmp_path / "out" / kept[0]["path"]) == pixels[3]).all()
    assert open_dataset(str(tmp_path / "out")).class_names == ["a b"]


@pytest.mark.parametrize(
    "text", ["", "[]\n", '{"manifest": 2}\n', '{"manifest": 1, "config": {"x": 1}}\n', "{"]
)
def test_a_damaged_manifest_is_refused(tmp_path, text):
    (tmp_path / "manifest.jsonl").write_text(text)
    with pytest.raises(UserError, match=r"manifest\.jsonl is damaged"):
        verify(tmp_path)


def test_a_manifest_cannot_point_out_of_its_folder(out):
    text = (out / "manifest.jsonl").read_text()
    (out / "manifest.jsonl").write_text(text.replace("Images/class0", "Images/../../x", 1))
    with pytest.raises(UserError, match="is not below Images"):
        verify(out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--augment", "hflip"], "name the folder of the new data set, or --verify"),
        (["out"], "give the augmentation of the copies"),
        (["out", "--augment", "rotat"], "did you mean 'rotate'?"),
        (["out", "--augment", "hflip", "--copies", 0], "--copies must be at least 1, not 0"),
        (["out", "--augment", "hflip", "--num-workers", -1], "must not be negative: -1"),
        (["out", "--augment", "hflip", "--no-stretch", "--image-size", 8],
         "without --stretch, copies keep their own sizes; drop --image-size"),
        (["out", "--augment", "hflip", "--image-size", 0], "--image-size must be from 1 to 8192"),
        (["out", "--augment", "center_crop(16)", "--image-size", 24],
         "comes out of the augmentation 16 × 16"),
        (["out", "--verify", "other"], "--verify other checks that data set only"),
        (["--verify", "other"], "no manifest.jsonl in other"),
        (["out", "--augment", "mixup"], "the mode mixup mixes images of a batch and their labels"),
        (["out", "--augment", "hflip+cutmix"], "hflip+cutmix mixes the images of a batch"),
    ],
)  # fmt: skip
def test_a_users_mistake_ends_with_one_message(
    tmp_path, photos, monkeypatch, capsys, arguments, message
):
    monkeypatch.chdir(tmp_path)
    arguments = (*arguments, "--data", photos, "--quiet")
    assert message in refusal("export.py", *arguments, monkeypatch=monkeypatch, capsys=capsys)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "side", "size"),
    [
        (["--recipe", "small"], 64, "of 64 × 64 pixels"),
        (["--recipe", "small", "--image-size", "16"], 16, "of 16 × 16 pixels"),
        (["--interpolation", "area"], 224, "of 224 × 224 pixels"),
        ([], 224, "of 224 × 224 pixels"),
    ],
    ids=str,
)
def test_the_tool_makes_copies_of_the_size_at_which_training_sees_them(
    tmp_path, photos, monkeypatch, capsys, options, side, size
):
    out = tmp_path / "out"
    arguments = ["--data", photos, "--augment", "hflip", "--format", "jpg", *options, out]
    assert run_tool("export.py", *arguments, monkeypatch=monkeypatch) == 0
    said = capsys.readouterr().out
    train = " ".join([f"python {ROOT}/tools/train.py --data {out}", *options])
    assert said == f"{out}: 12 images, copies {size}; to train on them: {train}\n"
    copies = [read_image(file) for file in out.rglob("*.jpg")]
    assert len(copies) == 9
    assert {image.shape for image in copies} == {(side, side, 3)}


@pytest.mark.parametrize(
    ("options", "recipe", "more"),
    [
        (["--image-size", "24"], "{augment: 'hflip|rotate', fraction: 0.5, holdout: 0.2}",
         ["--image-size", "24", "--augment", "none", "--fraction", "1.0", "--holdout", "0.0"]),
        (["--no-stretch"], "{image_size: 14}",
         ["--no-stretch", "--eval-transform", "resize(16)|center_crop(14)"]),
        (["--no-stretch"], "{image_size: 14, eval_transform: center_crop(14)}", ["--no-stretch"]),
        ([], "{image_size: 14, stretch: false, eval_transform: center_crop(14)}", []),
        (["--stretch"], "{image_size: 14, stretch: false}", ["--stretch"]),
    ],
    ids=str,
)  # fmt: skip
def test_the_command_that_follows_trains_on_the_copies_as_they_are(
    tmp_path, photos, monkeypatch, capsys, options, recipe, more
):
    out, file = tmp_path / "out", tmp_path / "mine.yaml"
    file.write_text(f"config: {recipe}\n", encoding="utf-8")
    options = ["--data", photos, "--augment", "invert", "--recipe", file, *options, out]
    assert run_tool("export.py", *options, monkeypatch=monkeypatch) == 0
    words = shlex.split(capsys.readouterr().out.split("to train on them: ")[1])
    assert words == ["python", f"{ROOT}/tools/train.py", "--data", f"{out}", "--recipe", f"{file}",
                     *more]  # fmt: skip
    config = make_config(*parse(words[2:]))
    data = open_data(config)
    assert len(data.train) == len(read_list(out / "Train.txt")[0]), "no part is left out"
    transform = augmentation(config.eval_transform)
    for index, sample in enumerate(data.train):
        image, side = read_image(sample.file), config.image_size
        if not config.stretch:
            image = transform.apply(image, **transform.sample(generator(0, "augment"), image.shape))
        assert (augmented(config, data.train, config.augment)[0, index][0] == image).all()
        assert image.shape == (side, side, 3)


def test_copies_of_the_sample_have_the_size_of_its_recipe(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = ("--data", "sample", "--augment", "hflip", "--fraction", 0.05)
    assert run_tool("export.py", *options, "out", monkeypatch=monkeypatch) == 0
    assert "copies of 32 × 32 pixels; " in (said := capsys.readouterr().out)
    assert said.endswith(" --data out --recipe sample\n")


def test_a_recipe_that_mixes_is_not_exported(tmp_path, photos, monkeypatch, capsys):
    (tmp_path / "mixing.yaml").write_text("config: {mix: cutmix}\n")
    options = ("--data", photos, "--augment", "hflip", "-c", tmp_path / "mixing.yaml", "out")
    said = refusal("export.py", *options, monkeypatch=monkeypatch, capsys=capsys)
    assert "the mode hflip+cutmix mixes images of a batch and their labels" in said


def commands_of(page):
    """The commands in its blocks, and those in its tables, which write a pipe as \\|."""
    text = page.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("python ")]
    cells = re.findall(r"`(python [^`]*)`", text)
    return [shlex.split(line) for line in (*lines, *(cell.replace("\\|", "|") for cell in cells))]


def test_every_command_of_the_page_runs(tmp_path, monkeypatch):
    commands = commands_of(ROOT / "docs" / "export-and-preview.md")
    assert len(commands) == 17
    write_dataset(tmp_path / "photos", train=4, evaluate=1)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(ROOT / "tools"), *sys.path])
    figure = preview_figure.figure  # with one picture only, because Matplotlib's text takes time
    monkeypatch.setattr(
        preview_figure,
        "figure",
        lambda sections, *rest: figure([sections[0]._replace(cells=sections[0].cells[:1])], *rest),
    )
    run = TrainConfig(augment="userDef", data="photos", image_size=24)
    data = {"name": "photos", "fingerprint": open_data(run).fingerprint}
    write_json("logs/userDefAug_run.json", {"config": run.asdict(), "data": data, "versions": {}})
    for _, tool, *arguments in commands:
        if tool == "tools/train.py":
            assert arguments == ["--data", "photos-4", "--recipe", "small"]
            train_tiny(Path("photos-4"), Path("trained"), image_size=24)
            continue
        if not {"--list", "--run", "--verify"} & {*arguments}:
            arguments += ["--image-size", "24"]
        monkeypatch.setattr(sys, "argv", [tool, *arguments])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(ROOT / tool), run_name="__main__")
        assert ended.value.code in (0, None), arguments
    assert len(open_dataset("photos-4").train) == 4 * 12
    assert (tmp_path / "ops.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "seen.html").read_text().count("data:image/png") == 6 * 6
