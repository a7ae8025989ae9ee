"""Heat maps are where Grad-CAM's formula says, for every network, and frozen ones too."""

import matplotlib
import numpy as np
import paddle
import pytest
from paddle import nn

from paddle_aug.data.image import read_image, resize
from paddle_aug.evaluation.evaluate import overlaid
from paddle_aug.evaluation.gradcam import grad_cam, heatmaps
from paddle_aug.networks import NETWORKS
from paddle_aug.rng import generator
from paddle_aug.training.weights import eval_data, load_trained


@pytest.fixture(autouse=True)
def seeded():
    """The weights of a network are those of a seed, whichever tests ran before."""
    paddle.seed(0)


def pixels(size):
    images = generator(0, "drawing").normal(size=(1, 3, size, size)).astype("float32")
    return paddle.to_tensor(images)


def frozen(network):
    network.eval()
    for value in network.parameters():
        value.stop_gradient = True
    return network


def test_the_map_is_that_of_the_formula():
    """Two channels, of which one sees red and the other green less blue, and a linear head."""
    network = nn.Sequential(
        nn.Conv2D(3, 2, 1, bias_attr=False), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 4 * 5, 3)
    )
    kernel = np.array([[1, 0, 0], [0, 1, -1]], "float32").reshape(2, 3, 1, 1)
    network[0].weight.set_value(kernel)
    rng = generator(0, "drawing")
    image = rng.normal(size=(1, 3, 4, 5)).astype("float32")
    head = rng.normal(size=(40, 3)).astype("float32")
    network[3].weight.set_value(head)
    found = grad_cam(frozen(network), paddle.to_tensor(image), [2, 0, 1])
    assert list(found) == [2, 0, 1]
    channels = np.maximum([image[0, 0], image[0, 1] - image[0, 2]], 0)
    for label, heat in found.items():
        weights = head[:, label].reshape(2, 4, 5).mean(axis=(1, 2))  # the logit is linear in them
        want = np.maximum(weights[0] * channels[0] + weights[1] * channels[1], 0)
        assert (want.max() > 0) == (label > 0), "a map of nothing, and two others"
        np.testing.assert_allclose(heat, want, atol=1e-6)


def test_a_class_that_red_speaks_for_is_seen_in_the_red_corner_alone():
    network = nn.Sequential(
        nn.Conv2D(3, 2, 1, bias_attr=False), nn.AdaptiveAvgPool2D(1), nn.Flatten(), nn.Linear(2, 2)
    )
    network[0].weight.set_value(np.eye(3, dtype="float32")[:2].reshape(2, 3, 1, 1))
    network[3].weight.set_value(np.array([[6, -6], [0, 0]], "float32"))
    image = np.zeros((1, 3, 6, 6), "float32")
    image[0, 0, :2, 4:] = 3  # red
    image[0, 1, 3:, :3] = 9  # green, which no class heeds
    found = grad_cam(frozen(network), paddle.to_tensor(image), [0, 1])
    want = np.zeros((6, 6))
    want[:2, 4:] = 3 * 6 / 36
    np.testing.assert_allclose(found[0], want, atol=1e-6)
    np.testing.assert_array_equal(found[1], 0)


# The side of the last map at a size that the network takes.
SIDES = {
    "vgg_thin": (64, 4), "vgg_thin_bn": (16, 2), "resnet18": (96, 3), "d2l_resnet18": (32, 4),
    "densenet121": (96, 3), "efficientnet_lite0": (96, 3), "googlenet": (128, 3),
    "alexnet": (96, 2), "lenet": (32, 5), "keras_cnn": (32, 14), "residual_mnist": (96, 6),
}  # fmt: skip


@pytest.mark.parametrize("name", SIDES)
def test_the_map_of_a_network_is_the_last_one_before_its_pixels_are_pooled(name):
    size, side = SIDES[name]
    network = frozen(NETWORKS[name](4, size))
    with paddle.no_grad():
        before = network(pixels(size)).numpy()
    found = grad_cam(network, pixels(size), [1, 3])
    assert [heat.shape for heat in found.values()] == [(side, side)] * 2
    assert all(np.isfinite(heat).all() and heat.min() >= 0 for heat in found.values())
    assert not any(layer._forward_post_hooks for layer in network.sublayers())
    with paddle.no_grad():
        np.testing.assert_array_equal(network(pixels(size)).numpy(), before)


@pytest.mark.parametrize("name", ["resnet18", "densenet121", "efficientnet_lite0"])
def test_before_a_mean_and_a_linear_head_the_weights_are_those_of_the_head(name):
    """There, Grad-CAM is CAM (Zhou et al., arXiv 1512.04150) over the number of pixels."""
    network = frozen(NETWORKS[name](4, 96))
    *body, pool, _, head = network.children()
    with paddle.no_grad():
        features = nn.Sequential(*body)(pixels(96))
        assert pool(features).shape[2:] == [1, 1]
    found = grad_cam(network, pixels(96), range(4))
    for label, heat in found.items():
        weights = head.weight.numpy()[:, label].astype(np.float64) / 9
        want = np.maximum(np.tensordot(weights, features.numpy()[0], axes=1), 0)
        np.testing.assert_allclose(heat, want, atol=1e-6 * max(1, np.abs(want).max()))
    assert max(heat.max() for heat in found.values()) > 0


def test_of_vgg_the_weights_are_gradients_through_its_dense_layers():
    network = frozen(NETWORKS["vgg_thin"](4, 64))
    found = grad_cam(network, pixels(64), range(4))
    for label, heat in found.items():
        features = network.features(pixels(64)).detach()
        features.stop_gradient = False
        network.classifier(network.flatten(features))[0, label].backward()
        weights = features.grad.numpy()[0].mean(axis=(1, 2))
        want = np.maximum(np.tensordot(weights, features.numpy()[0], axes=1), 0)
        np.testing.assert_allclose(heat, want, atol=1e-6)
    assert max(heat.max() for heat in found.values()) > 1e-4


def test_the_maps_of_samples_are_of_the_images_as_the_network_gets_them(weights):
    trained = load_trained(weights)
    samples = eval_data(trained, {}).eval[:3]
    seen = heatmaps(trained, samples, [[0], [1, 2], [2]])
    assert [[*one.maps] for one in seen] == [[0], [1, 2], [2]]
    for sample, one in zip(samples, seen, strict=True):
        np.testing.assert_array_equal(one.image, resize(read_image(sample.file), 16))
    inputs = seen[1].image.transpose(2, 0, 1)[None].astype("float32") / 255 * 2 - 1
    want = grad_cam(trained.network, paddle.to_tensor(inputs), [2])[2]
    np.testing.assert_allclose(seen[1].maps[2], want, atol=1e-6)


def test_over_its_image_a_map_is_bright_where_it_is_largest():
    image = np.full((8, 8, 3), 200, np.uint8)
    shown = overlaid(image, np.array([[0, 0], [0, 5]], "float32"))
    for spot, share in (((0, 0), 0.0), ((7, 7), 1.0)):
        colour = np.array(matplotlib.colormaps["inferno"](share)[:3])
        np.testing.assert_allclose(shown[spot], 100 + 255 * colour / 2, atol=0.51)
    dark = 100 + 255 * np.array(matplotlib.colormaps["inferno"](0.0)[:3]) / 2
    nothing = overlaid(image, np.zeros((2, 2), "float32"))
    np.testing.assert_allclose(nothing, np.broadcast_to(dark, (8, 8, 3)), atol=0.51)
