"""A network that somebody adds has heads, takes two numbers, and returns logits."""

import re

import paddle
import pytest
from paddle import nn
from plugged_in import forgotten_plugins

from paddle_aug.errors import UserError
from paddle_aug.networks import NETWORKS


@pytest.fixture(autouse=True)
def restored():
    with forgotten_plugins():
        yield


def make(num_classes, image_size):
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * image_size**2, num_classes))


def test_the_head_is_found_unless_the_network_names_it():
    def named(num_classes, image_size):
        network = make(num_classes, image_size)
        network.heads = ("0", "1")
        return network

    NETWORKS.add("found")(make)
    NETWORKS.add("named")(named)
    assert NETWORKS["found"](5, 4).heads == ("1",)
    assert NETWORKS["named"](5, 4).heads == ("0", "1")
    with paddle.LazyGuard():  # as when weights are loaded
        assert NETWORKS["found"](5, 4).heads == ("1",)
    assert NETWORKS["found"](5, 4).training


def test_a_name_is_given_once():
    with pytest.raises(ValueError, match="network 'vgg11' is registered twice"):
        NETWORKS.add("vgg11")(make)
    NETWORKS.add("again")(make)
    NETWORKS.add("again")(make)  # as when a cell of a notebook runs again
    with pytest.raises(ValueError, match="network 'again' is registered twice"):
        NETWORKS.add("again")(lambda num_classes, image_size: make(num_classes, image_size))


def test_a_maker_without_an_image_size_is_refused_when_it_is_added():
    with pytest.raises(TypeError, match=r"'mine' must take \(num_classes, image_size\)"):
        NETWORKS.add("mine")(lambda num_classes: make(num_classes, 4))


@pytest.mark.parametrize(
    ("network", "told"),
    [
        (lambda classes, size: "a network", "--network mine makes a str, not a paddle.nn.Layer"),
        (
            lambda classes, size: nn.Conv2D(3, classes, 1),
            "returns [1, 5, 4, 4] for an image [1, 3, ",
        ),
        (lambda classes, size: make(7, size), "returns [1, 7] for an image [1, 3, 4, 4]; it must "),
    ],
)
def test_what_does_not_return_logits_is_told(network, told):
    NETWORKS.add("mine")(network)
    with pytest.raises(UserError, match=re.escape(told)):
        NETWORKS["mine"](5, 4)


def test_the_nearest_name_may_be_one_that_was_added():
    NETWORKS.add("tinynet")(make)
    with pytest.raises(UserError, match="did you mean 'tinynet'"):
        NETWORKS["tiny_net"]
