"""The average of the weights."""

import numpy as np
import paddle
import pytest

from paddle_aug.training.ema import Average


def set_weights(network, value):
    for parameter in network.parameters():
        parameter.set_value(paddle.full_like(parameter, value))


@pytest.fixture
def network():
    return paddle.nn.Sequential(paddle.nn.Linear(2, 3), paddle.nn.BatchNorm1D(3))


def test_it_follows_fast_at_first_and_by_its_decay_later(network):
    set_weights(network, 1.0)
    average = Average(network, 0.5)
    set_weights(network, 3.0)
    expected = 1.0
    for step in range(1, 20):
        average.update()
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * 3.0
        np.testing.assert_allclose(average.weights["0.weight"].numpy(), expected, rtol=1e-6)


def test_statistics_of_batches_are_averaged_too(network):
    average = Average(network, 0.9)
    network(paddle.full([4, 2], 5.0) + paddle.arange(4, dtype="float32").unsqueeze(1))
    average.update()
    now, mean = network[1]._mean.numpy(), average.weights["1._mean"].numpy()
    np.testing.assert_allclose(mean, now * (1 - 2 / 11), rtol=1e-5)


def test_the_network_has_the_average_within_the_context_and_its_own_weights_after(network):
    set_weights(network, 1.0)
    average = Average(network, 0.9)
    set_weights(network, 3.0)
    with average.in_place():
        np.testing.assert_array_equal(network[0].weight.numpy(), 1.0)
    np.testing.assert_array_equal(network[0].weight.numpy(), 3.0)
    with pytest.raises(RuntimeError), average.in_place():
        raise RuntimeError
    np.testing.assert_array_equal(network[0].weight.numpy(), 3.0)
