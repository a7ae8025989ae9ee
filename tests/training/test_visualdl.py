"""What VisualDL is given, by a stand-in that notes calls, and where it is installed by itself."""

import re
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import paddle
import pytest
from PIL import Image
from same_run import assert_same_run

from paddle_aug.commands.train import parse
from paddle_aug.data.normalize import KNOWN
from paddle_aug.errors import UserError
from paddle_aug.rng import generator
from paddle_aug.training import fit as train
from paddle_aug.training import visualdl as visual
from paddle_aug.training.batches import Normalize
from paddle_aug.training.callbacks import EarlyStop
from paddle_aug.training.console import Console
from paddle_aug.training.distributed import Group
from paddle_aug.training.state import visualdl_folder

TAGS = {
    "loss/train", "accuracy/train", "loss/eval", "accuracy/eval", "learning_rate", "images_per_s",
    "data_wait",
}  # fmt: skip


@pytest.fixture
def config(config, tmp_path):
    changes = {"schedule": "step", "milestones": "2", "visualdl": str(tmp_path / "visual")}
    return replace(config, augment="userDef+mixup:1", **changes)


@pytest.fixture
def writer(monkeypatch):
    """In the place of every LogWriter."""
    writer = Mock()
    monkeypatch.setitem(sys.modules, "visualdl", Mock(LogWriter=Mock(return_value=writer)))
    return writer


def points(writer):
    """The steps and the values of each curve."""
    shown = {tag: [] for tag in TAGS}
    for call in writer.add_scalar.call_args_list:
        tag, value, step = call.args
        shown[tag].append((step, value))
    return shown


@pytest.fixture(scope="module")
def visualdl(tmp_path_factory):
    """The library; it makes a folder in the user's own when it is imported."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield pytest.importorskip("visualdl")


def test_each_epoch_gives_a_point_to_each_curve_and_every_so_many_a_batch(
    config, data, writer, monkeypatch
):
    monkeypatch.setattr(visual, "EVERY", 2)
    progress = train.fit(config, data)
    writer.close.assert_called_once()
    folder = Path(sys.modules["visualdl"].LogWriter.call_args.args[0])
    assert folder.parent == Path(config.visualdl)
    ((network, inputs),) = (call.args for call in writer.add_graph.call_args_list)
    assert not network.training
    assert [tuple(each.shape) for each in inputs] == [(-1, 3, 16, 16)]
    for call, epoch in zip(writer.add_image.call_args_list, (1, 3), strict=True):
        tag, image, step = call.args
        assert (tag, step, image.shape) == ("batch", epoch, (2 * 18, 3 * 18, 3))
        assert image.dtype == np.uint8
    curves = {"loss/train": "lossTrain", "accuracy/train": "accTrain"}
    curves |= {"loss/eval": "lossEval", "accuracy/eval": "accEval"}
    expected = {tag: progress.curves[name] for tag, name in curves.items()}
    for name in ("images_per_s", "data_wait"):
        expected[name] = [epoch[name] for epoch in progress.epochs]
    expected["learning_rate"] = pytest.approx([1e-3, 1e-3, 1e-4])
    for tag, shown in points(writer).items():
        assert [step for step, _ in shown] == [1, 2, 3]
        assert [value for _, value in shown] == expected[tag]


def test_a_resumed_run_goes_on_counting_and_may_ask_for_visualdl_or_not(config, data, writer):
    hidden = replace(config, visualdl=None)
    for epochs, changed in ((1, hidden), (2, config), (3, config), (4, hidden)):
        train.fit(replace(changed, epochs=epochs, resume=True), data)
    for shown in points(writer).values():
        assert [step for step, _ in shown] == [2, 3]


def test_without_visualdl_one_message_says_what_to_install_and_nothing_is_moved(
    config, data, monkeypatch
):
    monkeypatch.setitem(sys.modules, "visualdl", None)
    hidden = replace(config, visualdl=None, epochs=1)
    train.fit(hidden, data)
    before = sorted(Path(config.log_dir).rglob("*"))
    command = f'pip install visualdl "numpy=={np.__version__}"'
    with pytest.raises(UserError, match=f"not installed: {re.escape(command)}"):
        train.fit(replace(hidden, visualdl=config.visualdl), data)
    assert sorted(Path(config.log_dir).rglob("*")) == before


def test_a_network_that_cannot_be_traced_is_trained_with_one_warning(
    config, data, writer, capsys, caplog
):
    def refuse(network, inputs):
        print("Failed to save model graph")
        raise TypeError("In transformed code:\n\n    TypeError: tanh() must be Value\n")

    writer.add_graph.side_effect = refuse
    assert train.fit(replace(config, epochs=1), data).done == 1
    (said,) = (record.getMessage() for record in caplog.records if record.levelname == "WARNING")
    assert said == (
        "--visualdl shows everything but the graph of vgg_thin_bn, which VisualDL cannot make on "
        f"Paddle {paddle.__version__}: TypeError: tanh() must be Value"
    )
    assert "Failed" not in capsys.readouterr().out


def test_only_the_first_process_shows_anything(config, writer):
    shown = [train.own_callbacks(config, Group(rank, 2), None) for rank in (0, 1)]
    assert [type(callback) for callback in shown[0]] == [Console, visual.VisualDL, EarlyStop]
    assert shown[1] == []
    hidden = train.own_callbacks(replace(config, visualdl=None), Group(), None)
    assert [type(callback) for callback in hidden] == [Console, EarlyStop]


def test_the_option_may_go_without_a_folder():
    assert parse(["--visualdl"])[0] == {"visualdl": "logs/visualdl"}
    assert parse(["--visualdl", "there", "--amp"])[0] == {"visualdl": "there", "amp": True}
    assert parse([])[0] == {}


@pytest.mark.parametrize("name", ["half", "unit", "imagenet"])
def test_a_picture_is_what_was_normalised_to_the_bit(name):
    images = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(1, 16, 16, 3)
    inputs = Normalize(KNOWN[name])(paddle.to_tensor(images))
    np.testing.assert_array_equal(visual.pictures(inputs, KNOWN[name]), images)


def test_a_picture_of_what_was_normalised_by_itself_has_all_its_contrast():
    images = np.stack([np.full((4, 4, 3), 7), np.arange(60, 108).reshape(4, 4, 3)])
    inputs = Normalize(KNOWN["image"])(paddle.to_tensor(images.astype(np.uint8)))
    flat, rising = visual.pictures(inputs, KNOWN["image"])
    assert (flat == flat[0, 0, 0]).all()
    expected = np.rint(np.arange(48) * 255 / 47).reshape(4, 4, 3)
    np.testing.assert_allclose(rising, expected, atol=1)


@pytest.mark.parametrize(("count", "rows", "columns"), [(1, 1, 1), (5, 2, 3), (16, 4, 4)])
def test_a_grid_has_the_images_row_by_row_in_white_frames(count, rows, columns):
    images = generator(0, "drawing").integers(0, 256, (count, 4, 6, 3)).astype(np.uint8)
    whole = np.full((rows * 6, columns * 8, 3), 255, np.uint8)
    for number, image in enumerate(images):
        row, column = divmod(number, columns)
        whole[row * 6 + 1 : row * 6 + 5, column * 8 + 1 : column * 8 + 7] = image
    np.testing.assert_array_equal(visual.grid(images), whole)


def read(visualdl, config):
    """The steps of each curve and of the pictures, and the pictures."""
    reader = visualdl.LogReader(file_path=str(visualdl_folder(config) / "vdlrecords.log"))
    points = {tag: reader.get_data("scalar", tag) for tag in reader.get_tags()["scalar"]}
    images = reader.get_data("image", "batch")
    steps = {tag: [point.id for point in found] for tag, found in points.items()}
    pictures = [Image.open(BytesIO(each.image.encoded_image_string)) for each in images]
    return {**steps, "batch": [each.id for each in images]}, pictures


def test_visualdl_reads_it_and_the_run_is_the_same_to_the_bit(config, data, visualdl, elsewhere):
    config = replace(config, network="vgg_thin")  # which has dropout
    train.fit(config, data)
    steps, (picture,) = read(visualdl, config)
    assert steps == {**{tag: [1, 2, 3] for tag in TAGS}, "batch": [1]}
    assert picture.size == (3 * 18, 2 * 18)
    graphs = list(visualdl_folder(config).glob("vdlgraph*"))
    assert len(graphs) == 1
    assert "conv2d" in graphs[0].read_text()

    hidden = replace(config, visualdl=None, **elsewhere)
    train.fit(hidden, data)
    assert_same_run(config, hidden)


def test_after_a_kill_nothing_is_there_twice_and_nothing_is_missing(
    config, data, visualdl, monkeypatch, capsys
):
    """The kill came after epoch 2 was shown and before it was saved, within a record of epoch 3."""
    monkeypatch.setattr(visual, "EVERY", 1)
    train.fit(replace(config, epochs=1), data)
    file = visualdl_folder(config) / "vdlrecords.log"
    record = visualdl.LogWriter(str(file.parent), file_name=file.name)
    for tag in TAGS:
        record.add_scalar(tag, 0.5, 2)
    record.close()
    content = file.read_bytes()
    file.write_bytes(content + content[-20:-3])
    capsys.readouterr()

    train.fit(replace(config, resume=True), data)
    steps, _ = read(visualdl, config)
    assert steps == {tag: [1, 2, 3] for tag in (*TAGS, "batch")}
    assert len(list(file.parent.glob("vdlgraph*"))) == 1
    assert "is exists" not in capsys.readouterr().out


def test_a_new_run_moves_what_the_old_one_showed(config, data, visualdl):
    config = replace(config, epochs=1)
    train.fit(config, data)
    folder = visualdl_folder(config)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    train.fit(config, data)
    (moved,) = (folder / "replaced").iterdir()
    assert {file.name: file.read_bytes() for file in moved.iterdir()} == before
    assert read(visualdl, config)[0] == {tag: [1] for tag in (*TAGS, "batch")}
