"""The networks of paddle.vision.models keep the contract of ours."""

import inspect

import numpy as np
import paddle
import pytest
from paddle.vision import models

from paddle_aug.errors import UserError
from paddle_aug.networks import NETWORKS, paddle_vision
from paddle_aug.networks.contract import find_heads

# One of each family: the smallest images it takes, and its head.
FAMILIES = {
    "resnet18": (17, "fc"),
    "wide_resnet50_2": (17, "fc"),
    "vgg11": (32, "classifier.6"),
    "mobilenet_v1": (17, "fc"),
    "mobilenet_v2": (17, "classifier.1"),
    "mobilenet_v3_small": (17, "classifier.3"),
    "densenet121": (29, "out"),
    "alexnet": (223, "_fc8"),
    "inception_v3": (75, "fc"),
    "squeezenet1_0": (35, "_conv9"),
    "squeezenet1_1": (29, "_conv9"),
    "shufflenet_v2_x0_25": (17, "_fc"),
}


def make(name: str, classes: int, size: int) -> paddle.nn.Layer:
    return NETWORKS[f"paddle.vision:{name}"](classes, size)


def lazy(name: str, classes: int, size: int) -> paddle.nn.Layer:
    with paddle.LazyGuard():
        return make(name, classes, size)


def test_every_function_of_paddles_is_a_network_but_googlenet():
    functions = {name for name in models.__all__ if inspect.isfunction(getattr(models, name))}
    assert {*paddle_vision.NAMES} == functions - {"googlenet"}
    assert len(functions) >= 38


@pytest.mark.parametrize("name", FAMILIES)
def test_the_smallest_images_leave_one_pixel_and_give_logits(name):
    size, _ = FAMILIES[name]
    paddle.nn.initializer.set_global_initializer(paddle.nn.initializer.XavierUniform())
    try:
        network = make(name, 5, size)
    finally:
        paddle.nn.initializer.set_global_initializer(None)
    sides = []
    for layer in network.sublayers():
        if isinstance(layer, paddle.nn.Conv2D):
            layer.register_forward_post_hook(lambda _, __, maps: sides.append(min(maps.shape[2:])))
    network.eval()
    with paddle.no_grad():
        logits = network(paddle.randn([2, 3, size, size]))
    assert logits.shape == [2, 5]
    assert np.isfinite(logits.numpy()).all()
    # VGG and AlexNet pool after their last convolution.
    assert min(sides) == {"vgg11": 2, "alexnet": 13}.get(name, 1)


@pytest.mark.parametrize("name", FAMILIES)
def test_smaller_images_are_refused(name):
    size, _ = FAMILIES[name]
    with pytest.raises(ValueError, match=f" needs images of {size} "):
        lazy(name, 2, size - 1)


def test_the_alexnet_of_paddle_refuses_larger_images_and_names_ours():
    assert lazy("alexnet", 2, 254).heads == ("_fc8",)
    with pytest.raises(ValueError, match="223 to 254 pixels; --network alexnet takes other sizes"):
        lazy("alexnet", 2, 255)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_head_is_what_the_number_of_classes_changes(name):
    size, head = FAMILIES[name]
    assert lazy(name, 2, size).heads == (head,)


def test_a_network_may_have_several_heads():
    with paddle.LazyGuard():
        network = models.googlenet(num_classes=3)
    found = find_heads(network, lambda classes: models.googlenet(num_classes=classes), 3)
    assert found == NETWORKS["googlenet"].heads


def test_looking_for_the_head_changes_neither_weights_nor_names():
    networks = []
    for build in (
        lambda: models.mobilenet_v3_small(num_classes=3),
        lambda: make("mobilenet_v3_small", 3, 32),
    ):
        with paddle.utils.unique_name.guard():
            paddle.seed(1)
            networks.append([build(), paddle.nn.Linear(2, 2)])
    for theirs, ours in zip(*networks, strict=True):
        for one, other in zip(theirs.parameters(), ours.parameters(), strict=True):
            assert one.name == other.name
            np.testing.assert_array_equal(one.numpy(), other.numpy())


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("paddle.vision:resnet19", "no network 'resnet19'; did you mean 'resnet18'"),
        ("paddle.vision:lenet", "no network 'lenet'"),
        ("paddle.vision:ResNet", "no network 'ResNet'; did you mean 'resnet"),
        ("paddle.vision:__file__", "no network '__file__'; known: alexnet, densenet121, "),
        ("paddle.vision:googlenet", "three outputs; --network googlenet is the same network"),
        ("paddle.vision.resnet18", "did you mean 'paddle.vision:resnet18'?"),
        ("mobilenet_v3_small", "did you mean 'paddle.vision:mobilenet_v3_small'?"),
        ("resnet19", "no network named 'resnet19'; did you mean 'resnet18'?"),
        ("xyz", "known: vgg11, .*, residual_mnist, and paddle.vision:NAME$"),
    ],
)  # fmt: skip
def test_the_message_about_an_unknown_name_has_the_nearest(name, told):
    with pytest.raises(UserError, match=told):
        NETWORKS[name]
