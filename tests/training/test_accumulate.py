"""Several micro-batches are one step: the same images, the same gradient, the same curves."""

from dataclasses import replace

import numpy as np
import paddle
import pytest

from paddle_aug.config import TrainConfig, flag
from paddle_aug.errors import UserError
from paddle_aug.networks import NETWORKS
from paddle_aug.results import runlog
from paddle_aug.training import checkpoint, gradients
from paddle_aug.training import fit as train
from paddle_aug.training.distributed import Group
from paddle_aug.training.state import model_file


@pytest.mark.parametrize(
    "fields", [{"batch_size": 5, "accumulate": 2}, {"global_batch": 10, "accumulate": 3}]
)
def test_what_is_accumulated_trains_as_one_large_batch_does(config, data, elsewhere, fields):
    """24 images in steps of 10, so that the last step has four."""
    config = replace(config, mix="mixup:1", network="lenet", image_size=32, warmup=1, ema=0.5)
    config = replace(config, epochs=2)
    one, several = replace(config, batch_size=10), replace(config, **fields, **elsewhere)
    expected, curves = train.fit(one, data).curves, train.fit(several, data).curves
    for name in runlog.CURVES:
        np.testing.assert_allclose(curves[name], expected[name], rtol=2e-6)
    weights, found = (checkpoint.load(model_file(run, "last.pdparams")) for run in (one, several))
    for name in NETWORKS["lenet"](3, 32).state_dict():
        np.testing.assert_allclose(found[name], weights[name], atol=1e-5, err_msg=name)


def test_the_gradient_is_that_of_the_whole_batch(data):
    paddle.seed(0)
    network = NETWORKS["lenet"](3, 32).to(dtype="float64")
    inputs = paddle.randn([7, 3, 32, 32]).astype("float64")
    targets = paddle.nn.functional.one_hot(paddle.arange(7) % 3, 3).astype("float64")

    def gradients_of(accumulate):
        network.clear_gradients()
        config = TrainConfig(global_batch=7, accumulate=accumulate)
        scaler = paddle.amp.GradScaler(enable=False)
        run = train.Run(config, data, Group(), network, None, None, scaler, {})
        logits = gradients.add_gradients(run, network, inputs, targets, 7)
        assert logits.shape == [7, 3]
        return np.concatenate([each.grad.numpy().ravel() for each in network.parameters()])

    expected = gradients_of(1)
    for accumulate in (2, 3, 7):
        found = gradients_of(accumulate)
        assert np.abs(found - expected).max() < 1e-12 * np.abs(expected).max()


@pytest.mark.parametrize("size", [1, 2, 3, 8])
@pytest.mark.parametrize("accumulate", [1, 2, 3, 5])
def test_all_processes_have_as_many_micro_batches_of_about_the_same_size(size, accumulate):
    batch = 2 * size * accumulate + 3
    config = TrainConfig(global_batch=batch, accumulate=accumulate)
    most = -(-config.micro_batch // size)
    for whole in range(2 * size, batch + 2 * size):  # a short last one, up to a joined one
        parts = [len(range(rank, whole, size)) for rank in range(size)]
        starts = [gradients.micro_batches(config, Group(0, size), part, whole) for part in parts]
        assert len({len(each) for each in starts}) == 1
        assert len(starts[0]) <= accumulate
        for part, each in zip(parts, starts, strict=True):
            sizes = np.diff([*each, part])
            assert sizes.min() >= 2
            assert sizes.max() - sizes.min() <= 1
            if whole <= batch and accumulate > 1 and whole // size >= 2 * accumulate:
                assert sizes.max() <= most
    assert gradients.micro_batches(config, Group(0, size), -(-batch // size), batch)[0] == 0


def test_a_batch_of_single_images_is_accumulated_one_by_one():
    config = TrainConfig(batch_size=1, accumulate=4)
    assert gradients.micro_batches(config, Group(), 4, 4) == [0, 1, 2, 3]
    assert gradients.micro_batches(config, Group(), 3, 3) == [0, 1, 2]


@pytest.mark.parametrize(
    ("size", "least", "fields"),
    [
        (1, 1, {"batch_size": 1}),
        (4, 8, {"batch_size": 8}),
        (2, 4, {"batch_size": 4, "accumulate": 4}),
        (2, 16, {"global_batch": 16, "accumulate": 4}),
    ],
)
def test_a_batch_too_small_for_all_processes_and_micro_batches_is_refused(size, least, fields):
    config = TrainConfig(**fields)
    train.refuse_small_batches(config, Group(0, size))
    if size > 1:
        name = next(iter(fields))
        with pytest.raises(UserError, match=rf"{flag(name)} {least - 1} .* at least {least}"):
            train.refuse_small_batches(replace(config, **{name: least - 1}), Group(0, size))
