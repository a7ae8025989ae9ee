"""A step of a small network with batch normalisation: in all processes together as in one, up to
the rounding of float32 and up to that of float64."""

import numpy as np
import paddle
from paddle import nn

from paddle_aug.rng import generator
from paddle_aug.training.distributed import Group, join_group
from paddle_aug.training.sync_norm import synchronize

IMAGES = 11  # of which two processes have six and five


def network(dtype: str) -> nn.Layer:
    paddle.seed(1)
    return nn.Sequential(
        nn.Conv2D(3, 4, 3), nn.BatchNorm2D(4), nn.ReLU(),
        nn.Conv2D(4, 5, 3), nn.BatchNorm2D(5, weight_attr=False, bias_attr=False),
        nn.AdaptiveAvgPool2D(1), nn.Flatten(), nn.Linear(5, 6), nn.BatchNorm1D(6),
    ).to(dtype=dtype)  # fmt: skip


def gradients(called: nn.Layer, images, targets, weight: float) -> None:
    loss = ((called(images) - targets) ** 2).mean() * weight
    loss.backward()


def compare(group: Group, dtype: str, tolerance: float, of_outputs: float) -> None:
    def assert_close(found, expected, tolerance=tolerance):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=0, atol=tolerance)

    rng = generator(0, "drawing")
    images = paddle.to_tensor(rng.normal(3, 2, (IMAGES, 3, 9, 9)).astype(dtype))
    targets = paddle.to_tensor(rng.normal(size=(IMAGES, 6)).astype(dtype))
    own = slice(group.rank, None, group.size)
    alone, together = network(dtype), network(dtype)
    wrapped = group.wrap(together)
    synchronize(together, group)
    share = len(images[own]) * group.size / IMAGES
    for _ in range(2):  # the running statistics take up both
        gradients(alone, images, targets, 1)
        gradients(wrapped, images[own], targets[own], share)
    for name, expected in alone.named_parameters():
        found = dict(together.named_parameters())[name]
        if expected.grad is None:  # Paddle counts running statistics among the parameters
            assert found.grad is None
            continue
        assert_close(found.grad, expected.grad)
    for name, expected in alone.state_dict().items():
        assert_close(together.state_dict()[name], expected)
    alone.eval()
    together.eval()
    assert_close(together(images), alone(images), of_outputs)


if __name__ == "__main__":
    paddle.set_device("cpu")
    group = join_group()
    compare(group, "float32", 3e-6, of_outputs=1e-5)
    compare(group, "float64", 1e-12, of_outputs=1e-12)
    print("as one", group.rank)
