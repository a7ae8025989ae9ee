"""Weights of PyTorch fit our networks, each where it belongs."""

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest

from paddle_aug.networks import NETWORKS
from paddle_aug.training.torch_names import from_torch

# torchvision's names of the layers, in the order of its modules, which is that of ours too.
BLOCKS = {"denseblock1": 6, "denseblock2": 12, "denseblock3": 24, "denseblock4": 16}


def densenet121(norm: str) -> list[str]:
    names = ["features.conv0", "features.norm0"]
    for number, (block, layers) in enumerate(BLOCKS.items(), 1):
        for layer in range(1, layers + 1):
            for part in ("norm", "conv"):  # of a layer: norm1, conv1, norm2, conv2
                names.append(f"features.{block}.denselayer{layer}.{part}{norm}1")
            for part in ("norm", "conv"):
                names.append(f"features.{block}.denselayer{layer}.{part}{norm}2")
        if number < 4:
            names += [f"features.transition{number}.norm", f"features.transition{number}.conv"]
    return [*names, "features.norm5", "classifier"]


def lite0() -> list[str]:
    """The names in the package's file, in its order."""
    names = ["_conv_stem", "_bn0"]
    for block in range(16):
        parts = ["_expand_conv", "_bn0"] if block else []
        parts += ["_depthwise_conv", "_bn1", "_project_conv", "_bn2"]
        names += [f"_blocks.{block}.{part}" for part in parts]
    return [*names, "_conv_head", "_bn1", "_fc"]


ALEXNET = [*(f"features.{place}" for place in (0, 3, 6, 8, 10)),
           *(f"classifier.{place}" for place in (1, 4, 6))]  # fmt: skip
THEIR_KIND = {"_mean": "running_mean", "_variance": "running_var"}


def their_weights(network, layers: list[str] | None) -> dict[str, np.ndarray]:
    """Numbers for all weights of a network, by PyTorch's names and in its layout.

    `layers` are the names of its layers in order; None if they are ours.
    """
    rng = np.random.default_rng(0)
    own, weights = network.state_dict(), {}
    layers_of_ours = list(dict.fromkeys(name.rpartition(".")[0] for name in own))
    theirs = dict(zip(layers_of_ours, layers or layers_of_ours, strict=True))
    for name, value in own.items():
        layer, _, kind = name.rpartition(".")
        shape = value.shape[::-1] if value.ndim == 2 else value.shape
        fan_in = float(np.prod(shape[1:]))
        array = (rng.uniform(0.1, 1, shape) / fan_in).astype(np.float32)
        weights[f"{theirs[layer]}.{THEIR_KIND.get(kind, kind)}"] = array
        if kind == "_mean":
            weights[f"{theirs[layer]}.num_batches_tracked"] = np.array(7)
    return weights


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("resnet18", None),
        ("resnet50", None),
        ("vgg_thin", None),
        ("vgg_thin_bn", None),
        ("alexnet", ALEXNET),
        ("densenet121", densenet121("")),
        ("densenet121", densenet121(".")),  # in files of 2017
        ("efficientnet_lite0", lite0()),
    ],
)
def test_each_weight_finds_its_place(name, layers):
    with paddle.LazyGuard():
        network = NETWORKS[name](5, 64)
    theirs = their_weights(network, layers)
    ours = from_torch(theirs, network)
    own = network.state_dict()
    assert list(ours) == list(own)
    kept = [array for name, array in theirs.items() if not name.endswith("num_batches_tracked")]
    for (name, array), their_array in zip(ours.items(), kept, strict=True):
        assert list(array.shape) == own[name].shape, name
        share = array / (their_array.T if array.ndim == 2 else their_array)
        assert share.min() == share.max() == share.flat[0], name
        assert share.flat[0] in (1, 2), name


def test_precisions_become_float32_where_they_fit_and_nothing_else_is_copied():
    network = NETWORKS["lenet"](5, 32)
    half = np.ones(5, np.float16)
    (head,) = network.heads
    theirs = {f"{head}.bias": half, f"{head}.weight": half[None], "other.bias": half}
    ours = from_torch(theirs, network)
    assert [array.dtype for array in ours.values()] == [np.float32, np.float16, np.float16]
    assert ours["other.bias"] is half


def dense(x, weights, name):
    return x @ paddle.to_tensor(weights[f"{name}.weight"]).T + weights[f"{name}.bias"]


def conv(x, weights, name, **how):
    weight, bias = (paddle.to_tensor(weights[f"{name}.{kind}"]) for kind in ("weight", "bias"))
    return F.relu(F.conv2d(x, weight, bias, **how))


def torchvisions_alexnet(x, weights):
    x = F.max_pool2d(conv(x, weights, "features.0", stride=4, padding=2), 3, 2)
    x = F.max_pool2d(conv(x, weights, "features.3", padding=2), 3, 2)
    x = conv(conv(x, weights, "features.6", padding=1), weights, "features.8", padding=1)
    x = F.max_pool2d(conv(x, weights, "features.10", padding=1), 3, 2).flatten(1)
    x = F.relu(dense(x, weights, "classifier.1"))
    return dense(F.relu(dense(x, weights, "classifier.4")), weights, "classifier.6")


def torchvisions_vgg(x, weights):
    for place in (0, 3, 6, 9):
        x = F.max_pool2d(conv(x, weights, f"features.{place}", padding=1), 2)
    x = F.relu(dense(x.flatten(1), weights, "classifier.0"))
    return dense(F.relu(dense(x, weights, "classifier.3")), weights, "classifier.6")


@pytest.mark.parametrize(
    ("name", "size", "layers", "theirs"),
    [
        ("alexnet", 63, ALEXNET, torchvisions_alexnet),
        ("vgg_thin", 16, None, torchvisions_vgg),
    ],
)
def test_the_outputs_are_theirs_whose_dropout_does_not_scale_at_inference(
    name, size, layers, theirs
):
    network = NETWORKS[name](5, size)
    weights = their_weights(network, layers)
    network.set_state_dict(from_torch(weights, network))
    network.eval()
    rng = np.random.default_rng(1)
    images = paddle.to_tensor(rng.uniform(-1, 1, (2, 3, size, size)).astype(np.float32))
    with paddle.no_grad():
        want, logits = theirs(images, weights).numpy(), network(images).numpy()
    assert np.ptp(want) > 0
    np.testing.assert_allclose(logits, want, rtol=1e-5)
