"""Steps of the optimizers against their formulas, and the first weights."""

import numpy as np
import paddle
import pytest

from paddle_aug.config import TrainConfig
from paddle_aug.training.optimizers import initialize, make_optimizer
from paddle_aug.training.pretrained import scale_head_lr

START = np.array([[1.0, -2.0]], np.float32)
GRADIENT = np.array([[0.3, 0.5]], np.float32)


class Net(paddle.nn.Layer):
    """The gradient of its sum is GRADIENT, in the body and in the head."""

    heads = ("fc",)

    def __init__(self):
        super().__init__()
        self.body = paddle.nn.Linear(1, 2, bias_attr=False)
        self.fc = paddle.nn.Linear(1, 2, bias_attr=False)
        for layer in (self.body, self.fc):
            layer.weight.set_value(paddle.to_tensor(START))

    def forward(self):
        return ((self.body.weight + self.fc.weight) * paddle.to_tensor(GRADIENT)).sum()


def steps(config, count, times=1.0):
    """The weights of the body and of the head after each step."""
    network = Net()
    scale_head_lr(network, times)
    optimizer = make_optimizer(config, network)
    found = []
    for _ in range(count):
        network().backward()
        optimizer.step()
        optimizer.clear_grad()
        found.append((network.body.weight.numpy().copy(), network.fc.weight.numpy().copy()))
    return found


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_adds_the_decay_to_the_gradient_and_sums_with_momentum(momentum):
    config = TrainConfig(optimizer="sgd", learning_rate=0.1, momentum=momentum, weight_decay=0.01)
    weight, speed = START.astype(np.float64), 0.0
    for body, head in steps(config, 4):
        speed = momentum * speed + GRADIENT + 0.01 * weight
        weight = weight - 0.1 * speed
        np.testing.assert_allclose(body, weight, rtol=1e-5)
        np.testing.assert_array_equal(body, head)


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_adam_decays_by_its_gradient_and_adamw_beside_it(optimizer, decay):
    config = TrainConfig(optimizer=optimizer, learning_rate=0.1, weight_decay=decay)
    weight, first, second = START.astype(np.float64), 0.0, 0.0
    for step, (body, _) in enumerate(steps(config, 4), 1):
        gradient = GRADIENT + (decay * weight if optimizer == "adam" else 0)
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        if optimizer == "adamw":
            weight = weight * (1 - 0.1 * decay)
        mean, square = first / (1 - 0.9**step), second / (1 - 0.999**step)
        weight = weight - 0.1 * mean / (np.sqrt(square) + 1e-8)
        np.testing.assert_allclose(body, weight, rtol=1e-4)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_the_head_learns_so_many_times_as_fast(optimizer):
    config = TrainConfig(optimizer=optimizer, learning_rate=0.001, momentum=0.0)
    ((body, head),) = steps(config, 1, times=10.0)
    np.testing.assert_allclose(START - head, 10 * (START - body), rtol=1e-3)


def test_frozen_weights_are_not_touched_by_decay_either():
    network = Net()
    network.body.weight.stop_gradient = True
    config = TrainConfig(optimizer="adamw", learning_rate=0.1, weight_decay=0.5)
    optimizer = make_optimizer(config, network)
    network().backward()
    optimizer.step()
    np.testing.assert_array_equal(network.body.weight.numpy(), START)
    assert not np.array_equal(network.fc.weight.numpy(), START)


def test_xavier_is_uniform_within_the_bound_of_both_fans():
    paddle.seed(0)
    network = paddle.nn.Sequential(paddle.nn.Conv2D(16, 32, 3), paddle.nn.Linear(200, 300))
    bias = network[0].bias.numpy().copy()
    initialize(network, "xavier")
    for weight, fans in ((network[0].weight, (16 + 32) * 9), (network[1].weight, 200 + 300)):
        bound = np.sqrt(6 / fans)
        values = np.sort(np.abs(weight.numpy().ravel())) / bound
        assert values[-1] <= 1
        # Of uniform numbers in order, each is near its share.
        np.testing.assert_allclose(values, np.linspace(0, 1, len(values)), atol=0.03)
    np.testing.assert_array_equal(network[0].bias.numpy(), bias)


def test_the_default_keeps_paddles_weights():
    network = paddle.nn.Linear(3, 4)
    before = network.weight.numpy().copy()
    initialize(network, "default")
    np.testing.assert_array_equal(network.weight.numpy(), before)
