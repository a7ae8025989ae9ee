"""A step of a small network with batch normalisation: in all processes together as in one, up to
the rounding of float64. Then tools/train.py in float64."""

import sys

import numpy as np
import paddle
from paddle import nn
from rounding_rank import calculate_in

from paddle_aug import cli
from paddle_aug.rng import generator
from paddle_aug.training.distributed import Group, join_group
from paddle_aug.training.sync_norm import synchronize

IMAGES = 11  # of which two processes have six and five


def make_network() -> nn.Layer:
    paddle.seed(1)
    return nn.Sequential(
        nn.Conv2D(3, 4, 3), nn.BatchNorm(4, act="relu"),
        nn.Conv2D(4, 5, 3), nn.BatchNorm2D(5, weight_attr=False, bias_attr=False),
        nn.AdaptiveAvgPool2D(1), nn.Flatten(), nn.Linear(5, 6), nn.BatchNorm1D(6),
    ).to(dtype="float64")  # fmt: skip


def compare(group: Group) -> None:
    rng = generator(0, "drawing")
    images = paddle.to_tensor(rng.normal(3, 2, (IMAGES, 3, 9, 9)))
    targets = paddle.to_tensor(rng.normal(size=(IMAGES, 6)))
    own = slice(group.rank, None, group.size)
    alone, together = make_network(), make_network()
    wrapped = group.wrap(together)
    synchronize(together, group)
    share = len(images[own]) * group.size / IMAGES
    for _ in range(2):  # the running statistics take up both
        ((alone(images) - targets) ** 2).mean().backward()
        (((wrapped(images[own]) - targets[own]) ** 2).mean() * share).backward()
    for one, other in zip(alone.parameters(), together.parameters(), strict=True):
        if one.grad is not None:  # Paddle counts running statistics among the parameters
            assert_close(other.grad, one.grad)
    for name, expected in alone.state_dict().items():
        assert_close(together.state_dict()[name], expected)
    alone.eval()
    together.eval()
    assert_close(together(images), alone(images))


def assert_close(found: paddle.Tensor, expected: paddle.Tensor) -> None:
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=0, atol=1e-12)


if __name__ == "__main__":
    paddle.set_device("cpu")
    group = join_group()
    compare(group)
    print("as one", group.rank)
    calculate_in("float64")
    sys.argv[0] = "tools/train.py"
    cli.run_command("train")
