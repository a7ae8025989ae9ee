"""Frozen layers are computed by another way, once for equal images, and to the same result."""

import shutil
from collections import Counter
from dataclasses import replace

import cv2
import numpy as np
import paddle
import pytest
from same_run import assert_same_run
from trained import tiny_config, train_tiny

from paddle_aug.augment.modes import augmentation
from paddle_aug.augment.transform import Identity
from paddle_aug.data.augmented import Augmented
from paddle_aug.data.image import read_sample
from paddle_aug.data.workers import Workers
from paddle_aug.inputs import open_data
from paddle_aug.networks import NETWORKS
from paddle_aug.networks.depthwise import DepthwiseConv2D
from paddle_aug.training import fit as train
from paddle_aug.training import frozen
from paddle_aug.training.batches import Normalize
from paddle_aug.training.callbacks import Callback
from paddle_aug.training.distributed import Group
from paddle_aug.training.frozen import chain, split
from paddle_aug.training.pretrained import freeze
from paddle_aug.training.weights import load_trained


@pytest.fixture(autouse=True)
def no_earlier_features():
    """No test has the features of another."""
    frozen._latest.clear()


@pytest.fixture(scope="module")
def weights(photos, tmp_path_factory):
    return train_tiny(photos, tmp_path_factory.mktemp("source"), epochs=2, seed=1)


@pytest.fixture
def config(photos, tmp_path, weights):
    """A training of the head on frozen layers that know the data a little."""
    return tiny_config(
        photos, tmp_path, pretrained=str(weights), freeze="body", augment="userDef", batch_size=5,
        epochs=4, passes=2,
    )  # fmt: skip


@pytest.fixture
def plainly(monkeypatch):
    """Computes nothing in another way inside a call."""

    def plainly(config):
        with monkeypatch.context() as patch:
            patch.setattr(frozen, "is_fixed", lambda layer, frozen: False)
            return train.fit(config)

    return plainly


@pytest.mark.parametrize(
    ("name", "frozen_names", "first_of_the_rest"),
    [
        ("resnet18", "body", "fc"),
        ("resnet18", "conv1,bn1,layer1,layer3", "layer2.0"),
        ("resnet18", "layer1", ""),
        ("vgg_thin_bn", "body", "classifier.8"),
        ("vgg_thin", "body", "classifier.2"),  # which draws
        ("densenet121", "body", "out"),
        ("efficientnet_lite0", "body", "classifier"),
        ("efficientnet_lite0", "blocks.0-11", "blocks.12"),
        ("efficientnet_lite0", "blocks.0-11,statistics", "blocks.12"),
    ],
)
def test_the_front_is_what_is_frozen_from_the_first_layer_on(name, frozen_names, first_of_the_rest):
    network = NETWORKS[name](3, 32)
    first, rest = split(network, freeze(network, frozen_names))
    network.eval()
    images = paddle.randn([2, 3, 32, 32])
    np.testing.assert_array_equal(rest(first(images)), network(images))
    layers = dict(network.named_sublayers())
    want = layers[first_of_the_rest] if first_of_the_rest else chain(network)[0]
    assert rest[0] is want


def test_batch_normalisation_that_is_not_frozen_is_not_fixed():
    norm = paddle.nn.BatchNorm2D(3, weight_attr=False, bias_attr=False)  # learns statistics alone
    assert not frozen.is_fixed(norm, [])
    assert frozen.is_fixed(norm, [norm])


@pytest.mark.parametrize("name", ["resnet18", "efficientnet_lite0", "vgg_thin"])
def test_compiled_layers_give_the_same_for_an_image_in_any_batch_and_with_any_threads(name):
    network = NETWORKS[name](3, 64)
    first, _ = split(network, freeze(network, "body"))
    network.eval()
    images = paddle.randn([11, 3, 64, 64])
    wanted = first(images).numpy()
    for threads in (1, 2):
        front = frozen.Front(first, threads)
        together = front(images).numpy()
        assert np.abs(together - wanted).max() < 1e-4 * np.abs(wanted).max()
        for part in (slice(0, 1), slice(1, 7), slice(3, 11)):
            np.testing.assert_array_equal(front(images[part]), together[part])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"augment": "none"},
        {"passes": 0},
        {"augment": "none+mixup"},
        {"freeze": "features.0,features.1,features.2,features.3", "ema": 0.5},
        {"accumulate": 2, "head_epochs": 2},
        {"sampler": "balanced", "first": 19, "head_epochs": 2},
    ],
    ids=str,
)
def test_a_run_is_the_one_that_computes_nothing_in_another_way(config, plainly, elsewhere, changes):
    config = replace(config, epochs=1, **{"passes": 0, **changes})
    one, other = train.fit(config), plainly(replace(config, **elsewhere))
    for name in ("lossTrain", "lossEval"):  # the five steps enlarge differences of 1e-5
        np.testing.assert_allclose(one.curves[name], other.curves[name], rtol=1e-2, err_msg=name)


def test_without_a_predictor_as_on_a_gpu_a_run_is_the_same(config, elsewhere, monkeypatch):
    config = replace(config, augment="none", epochs=1, head_epochs=2)
    one = train.fit(config)
    monkeypatch.setattr(frozen, "compiled", lambda layers, threads: None)
    frozen._latest.clear()
    other = train.fit(replace(config, **elsewhere))
    for name in ("lossTrain", "lossEval"):
        np.testing.assert_allclose(one.curves[name], other.curves[name], rtol=1e-3, err_msg=name)


def test_copies_in_a_balanced_epoch_take_the_passes_in_turn(config, data):
    """One image of the last class fills eight places of an epoch: four of each of two passes."""
    samples = [*data.train[:17], *data.train[:7]]
    dataset = Augmented(samples, 16, augmentation("userDef"), seed=0)
    front = frozen.Features(
        lambda images: images.mean(axis=[1, 2, 3]), lambda i: i.astype("float32")
    )
    with Workers({"train": dataset}, 0, 9) as workers:
        how = (workers, "train", 6, 0, True, Group(), None, True)
        batches = frozen.FeatureBatches(*how, features=front, passes=2)
        names, images = [], 0
        for wanted, labels, _ in batches.of(3):
            images += sum(len(new) for new, _ in wanted.new)
            named = zip(wanted.names, labels.numpy().tolist(), strict=True)
            names += [name for name, label in named if label == 2]
            assert front(wanted).shape == [len(wanted.names)]
    assert Counter(names) == {(0, 16): 4, (1, 16): 4}
    assert images <= len(samples) - 6


@pytest.mark.parametrize(("passes", "epochs"), [(2, {0, 1}), (0, {0, 1, 2, 3})])
def test_an_image_is_augmented_once_a_pass(config, monkeypatch, passes, epochs):
    keys = []
    augmented = Augmented.augmented

    def counted(dataset, image, key):
        if not isinstance(dataset.transform, Identity):
            keys.append(key)
        return augmented(dataset, image, key)

    data = open_data(config)
    monkeypatch.setattr(Augmented, "augmented", counted)
    begin = Callback()
    begin.on_train_begin = lambda run, progress: keys.clear()
    train.fit(replace(config, passes=passes), data, [begin])
    assert len(keys) == len(set(keys))
    assert {epoch for epoch, _ in keys} == epochs
    assert len(keys) > 1.8 * len(data.train)


def test_unaugmented_images_are_computed_once_in_a_process(config, elsewhere, monkeypatch):
    config = replace(config, augment="none")
    counts = []
    compute = frozen.Front.forward
    monkeypatch.setattr(
        frozen.Front,
        "forward",
        lambda front, images: counts.append(len(images)) or compute(front, images),
    )
    data = open_data(config)
    train.fit(config, data)
    assert sum(counts) == len(data.train) + len(data.eval)
    train.fit(replace(config, **elsewhere), data)
    assert sum(counts) == len(data.train) + len(data.eval)
    train.fit(replace(config, **elsewhere, normalize="unit"), data)
    assert sum(counts) == 2 * (len(data.train) + len(data.eval))


def test_photos_that_changed_in_a_session_are_computed_anew(photos, config, elsewhere, tmp_path):
    """In a notebook: other photos of the same names, and the cell once more."""
    folder = shutil.copytree(photos, tmp_path / "mine")
    config = replace(config, data=str(folder), augment="none")
    before = train.fit(config).curves["lossEval"]
    for file in folder.rglob("*.png"):
        cv2.imwrite(str(file), 255 - cv2.imread(str(file)))
    now = train.fit(replace(config, **elsewhere)).curves["lossEval"]
    frozen._latest.clear()
    assert now == train.fit(replace(config, **elsewhere)).curves["lossEval"]
    assert now != before


def test_chunks_of_images_go_across_batches(config, monkeypatch):
    sizes = []
    compute = frozen.Front.forward
    monkeypatch.setattr(frozen, "CHUNK", 8)

    def counted(front, images):
        sizes.append(len(images))
        return compute(front, images)

    monkeypatch.setattr(frozen.Front, "forward", counted)
    data = open_data(config)
    train.fit(replace(config, epochs=1), data)  # batches of five
    parts = len(data.train), len(data.eval)
    assert sizes == [min(8, part - start) for part in parts for start in range(0, part, 8)]


def test_the_weights_of_a_run_are_whole(config):
    progress = train.fit(config)
    trained = load_trained(f"{config.model_dir}/userDefAug_last.pdparams")
    batches = open_data(config).eval
    pixels = np.stack([read_sample(sample, 16) for sample in batches])
    logits = trained.logits(Normalize(trained.normalization)(paddle.to_tensor(pixels)))
    right = logits.numpy().argmax(axis=1) == [sample.label for sample in batches]
    assert right.mean() == pytest.approx(progress.curves["accEval"][-1])


@pytest.mark.parametrize("layers", ["body", "features.0,features.1,features.2,features.3"])
def test_a_resumed_run_is_the_whole_one(config, elsewhere, layers):
    config = replace(config, head_epochs=2, freeze=layers)
    train.fit(config)
    other = replace(config, **elsewhere)
    train.fit(replace(other, epochs=2))
    train.fit(replace(other, resume=True))
    assert_same_run(config, other)


def test_the_head_alone_is_fitted_first_and_better_than_at_random(config, caplog):
    caplog.set_level("INFO", "paddle_aug")
    train.fit(replace(config, head_epochs=20, init="xavier", epochs=1))
    (line,) = [text for text in caplog.messages if "with the head alone" in text]
    assert float(line.split()[2]) > 60


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("shape", [(8, 8), (7, 7), (1, 1), (5, 8)], ids=str)
def test_depthwise_convolution_as_a_product_is_paddles(kernel, stride, shape):
    layer = DepthwiseConv2D(6, kernel, stride)
    images = paddle.randn([3, 6, *shape])
    images.stop_gradient = False
    results = []
    for forward in (layer.forward, super(DepthwiseConv2D, layer).forward):
        output = forward(images)
        (output * output).sum().backward()
        results.append([output.numpy(), images.grad.numpy(), layer.weight.grad.numpy()])
        images.clear_grad()
        layer.weight.clear_grad()
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
