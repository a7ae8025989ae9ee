"""The networks are the published ones, and run."""

import numpy as np
import paddle
import pytest
from paddle import nn

import paddle_aug
from paddle_aug.errors import UserError
from paddle_aug.networks import NETWORKS
from paddle_aug.networks.vgg import VGG


@pytest.fixture(autouse=True)
def cpu():
    paddle.set_device("cpu")


# Parameters in millions with 1,000 classes, Table 2 of the paper, and exactly as torchvision's.
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("vgg11", 132_863_336),
        ("vgg13", 133_047_848),
        ("vgg16", 138_357_544),
        ("vgg19", 143_667_240),
    ],
)
def test_parameter_counts_are_the_published_ones(name, parameters):
    network = NETWORKS[name](1000, 224)
    assert sum(int(np.prod(weight.shape)) for weight in network.parameters()) == parameters


@pytest.mark.parametrize("name", ["vgg11", "vgg_thin", "vgg_thin_bn"])
def test_images_become_a_logit_a_class(name):
    network = NETWORKS[name](5, 64)
    assert network(paddle.zeros([2, 3, 64, 64])).shape == [2, 5]


def test_vgg_is_had_from_the_package_itself():
    network = paddle_aug.VGG(num_classes=16, conv_arch=((1, 4), (2, 8)), image_size=32, hidden=10)
    assert network(paddle.zeros([1, 3, 32, 32])).shape == [1, 16]
    assert network.classifier[1].weight.shape == [8 * 8 * 8, 10]


def test_dropout_scales_at_inference_as_the_notebooks_does():
    network = VGG(3, ((1, 4),), image_size=8, hidden=4)
    dropouts = [layer for layer in network.sublayers() if isinstance(layer, nn.Dropout)]
    assert [layer.mode for layer in dropouts] == ["downscale_in_infer"] * 2
    layer = dropouts[0].eval() or dropouts[0]
    assert layer(paddle.ones([1, 4])).numpy().tolist() == [[0.5] * 4]


def test_too_small_images_are_refused():
    with pytest.raises(ValueError, match="32 pixels"):
        VGG(image_size=16)


def test_a_wrong_name_is_told_with_the_nearest_right_one():
    with pytest.raises(UserError, match="did you mean 'vgg_thin'"):
        NETWORKS["vgg_thn"]
