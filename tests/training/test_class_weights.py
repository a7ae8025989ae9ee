"""Class weights: their formula, and that a batch has one loss however it is divided."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import paddle
import pytest
from paddle.nn import functional as F
from same_run import assert_same_run

from paddle_aug.config import TrainConfig
from paddle_aug.data.dataset import Dataset
from paddle_aug.data.samples import Sample
from paddle_aug.errors import UserError
from paddle_aug.results import runlog
from paddle_aug.training import fit as train
from paddle_aug.training import gradients
from paddle_aug.training.class_weights import class_weights
from paddle_aug.training.distributed import Group


def listed(sizes, names=("ant", "bee", "cat")) -> Dataset:
    labels = np.repeat(np.arange(len(sizes)), sizes).tolist()
    samples = [Sample("", f"{n}.png", label) for n, label in enumerate(labels)]
    return Dataset("made", samples, [], list(names))


def test_no_class_weighs_more_by_default():
    assert class_weights(TrainConfig(), listed((5, 3, 2))) is None


def test_balanced_weights_are_those_of_scikit_learn():
    """n / (classes × images of the class), of the classes that have images."""
    config = TrainConfig(class_weights="balanced")
    expected = [10 / (3 * 5), 10 / (3 * 3), 10 / (3 * 2)]
    np.testing.assert_allclose(class_weights(config, listed((5, 3, 2))), expected, rtol=1e-6)
    expected = [10 / (2 * 8), 0, 10 / (2 * 2)]
    np.testing.assert_allclose(class_weights(config, listed((8, 0, 2))), expected, rtol=1e-6)


@pytest.mark.parametrize(("sampler", "drawn"), [("shuffle", (5, 3, 2)), ("balanced", (1, 1, 1))])
def test_the_weights_of_a_file_are_scaled_to_a_mean_of_one_over_the_images_of_an_epoch(
    tmp_path, sampler, drawn
):
    file = tmp_path / "weights.txt"
    file.write_text("cat 4\n\nant, 1\n big bee: 0.5\r\n", encoding="utf-8-sig")
    config = TrainConfig(class_weights=str(file), sampler=sampler)
    weights = class_weights(config, listed((5, 3, 2), ("ant", "big bee", "cat")))
    assert weights @ drawn / sum(drawn) == pytest.approx(1)
    np.testing.assert_allclose(weights / weights[0], [1, 0.5, 4], rtol=1e-6)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("ant 1\nbeee 2\ncat 1", ":2: no class named 'beee'; did you mean 'bee'?"),
        ("ant 1\nbee 0\ncat 1", ":2: 'bee 0' is not \"name weight\" with a weight above 0"),
        ("ant 1\nbee x\ncat 1", ":2: 'bee x' is not \"name weight\" with a weight above 0"),
        ("ant 1\nbee\ncat inf", ":2: 'bee' is not \"name weight\" with a weight above 0"),
        ("ant 1\nbee 1\ncat 1\nant 2", ":4: class 'ant' has a weight already"),
        ("ant 1\ncat 1", ": no weight for class 'bee'"),
        (None, ": cannot be read (No such file or directory)"),
    ],
)
def test_a_file_that_does_not_weigh_each_class_once_is_refused(tmp_path, text, fault):
    file = tmp_path / "weights.txt"
    if text:
        file.write_text(text)
    with pytest.raises(UserError) as error:
        class_weights(TrainConfig(class_weights=str(file)), listed((5, 3, 2)))
    assert f"{file}{fault}" in str(error.value).splitlines()


def test_balanced_is_given_once():
    with pytest.raises(UserError) as error:
        TrainConfig(class_weights="balanced", sampler="balanced")
    message = "--class-weights and --sampler: give balanced to one of them, not both"
    assert str(error.value) == message


def run_with(weights, batch=6, accumulate=1, smoothing=0.0, group=None):
    config = TrainConfig(batch_size=batch, accumulate=accumulate, label_smoothing=smoothing)
    return SimpleNamespace(
        config=config,
        group=group or Group(),
        scaler=paddle.amp.GradScaler(enable=False),
        class_weights=None if weights is None else paddle.to_tensor(weights, "float32"),
    )


def by_numpy(logits, targets, weights, smoothing):
    """The mean over images of: the target's share of each class times its weight, times the cross
    entropy of the smoothed target."""
    logits = logits.astype(np.float64)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    smoothed = (1 - smoothing) * targets + smoothing / targets.shape[1]
    return ((targets @ weights) * -(smoothed * log_p).sum(axis=1)).mean()


def mixed(rng, count):
    """Logits, and targets of which some are mixed."""
    targets = np.eye(3)[rng.integers(3, size=count)]
    share = rng.choice([0, 0.3, 0.5], size=count)[:, None]
    targets = (1 - share) * targets + share * targets[::-1]
    return rng.normal(size=(count, 3)).astype(np.float32), targets.astype(np.float32)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_weighted_loss_of_mixed_targets_is_that_of_its_formula(smoothing):
    weights = np.array([0.5, 1, 4])
    for seed in range(5):
        logits, targets = mixed(np.random.default_rng(seed), 7)
        run = run_with(weights, smoothing=smoothing)
        loss = gradients.smoothed_loss(run, paddle.to_tensor(logits), paddle.to_tensor(targets))
        assert float(loss) == pytest.approx(by_numpy(logits, targets, weights, smoothing), rel=1e-5)
        even = gradients.smoothed_loss(
            run_with(None, smoothing=smoothing), paddle.to_tensor(logits), paddle.to_tensor(targets)
        )
        assert float(even) == pytest.approx(
            by_numpy(logits, targets, np.ones(3), smoothing), rel=1e-5
        )


@pytest.mark.parametrize("accumulate", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2])
def test_the_parts_of_a_batch_add_up_to_the_gradient_of_the_whole(accumulate, size):
    """Seven images of a rare and two frequent classes, in micro-batches and over processes, whose
    gradients are averaged; by numpy: the derivative of the mean over all seven."""
    weights, smoothing, total = np.array([0.5, 1, 4]), 0.1, 7
    inputs, targets = mixed(np.random.default_rng(3), total)
    network = paddle.nn.Linear(3, 3)
    sums = 0.0
    for rank in range(size):
        group = Group(rank, size)
        run = run_with(weights, -(-total // accumulate), accumulate, smoothing, group)
        own = slice(rank, None, size)
        part = (paddle.to_tensor(values[own]) for values in (inputs, targets))
        gradients.add_gradients(run, network, *part, total)
        sums = sums + network.weight.grad.numpy() / size
        network.clear_gradients()
    logits = inputs @ network.weight.numpy() + network.bias.numpy()
    smoothed = (1 - smoothing) * targets + smoothing / 3
    wrong = F.softmax(paddle.to_tensor(logits)).numpy() - smoothed
    expected = inputs.T @ ((targets @ weights)[:, None] * wrong) / total
    np.testing.assert_allclose(sums, expected, atol=1e-6)


def test_weights_change_what_is_learned_not_how_it_is_logged_and_resume_to_the_same_bits(
    config, data, elsewhere
):
    config = replace(config, class_weights="balanced", label_smoothing=0.1)
    fewer = replace(data, train=data.train[:19])
    plain = replace(config, class_weights="none", **elsewhere)
    before, after = (train.fit(one, fewer).curves["lossTrain"] for one in (plain, config))
    assert before != after
    weights = class_weights(config, fewer)
    run = runlog.read_run_file(config.log_dir, config.mode)
    assert run["class_weights"] == weights.tolist()
    assert run["data"]["train_of_class"] == np.bincount([s.label for s in fewer.train]).tolist()
    whole = replace(config, **elsewhere)
    train.fit(whole, fewer)
    train.fit(replace(config, epochs=1), fewer)
    train.fit(replace(config, resume=True), fewer)
    assert_same_run(config, whole)


def test_equal_weights_are_no_weights_and_the_head_alone_learns_by_weights_too(
    config, data, tmp_path
):
    """One step after the head alone: its logged loss is that of the head."""
    file = tmp_path / "weights.txt"
    file.write_text("".join(f"{name} 3\n" for name in data.class_names))
    fewer = replace(data, train=data.train[:19])
    config = replace(config, network="lenet", image_size=32, head_epochs=3, batch_size=24, epochs=1)
    losses = []
    for number, weights in enumerate(("none", str(file), "balanced")):
        folders = {name: str(tmp_path / f"{name}{number}") for name in ("log_dir", "model_dir")}
        curves = train.fit(replace(config, class_weights=weights, **folders), fewer).curves
        losses.append((curves["lossTrain"], curves["lossEval"]))
    assert losses[0] == losses[1]
    assert losses[0][0] != losses[2][0]


def test_a_step_of_no_learning_logs_the_loss_without_weights(config, data, elsewhere):
    """The first step's loss is that of the first weights."""
    config = replace(config, batch_size=24, epochs=1, augment="none", network="lenet")
    config = replace(config, image_size=32)
    weighted = replace(config, class_weights="balanced", **elsewhere)
    fewer = replace(data, train=data.train[:20])
    curves = [train.fit(one, fewer).curves["lossTrain"] for one in (config, weighted)]
    assert curves[0] == curves[1]


def test_other_weights_in_the_file_cannot_be_resumed(config, data, tmp_path):
    file = tmp_path / "weights.txt"
    names = data.class_names
    file.write_text("".join(f"{name} {n}\n" for n, name in enumerate(names, 1)))
    config = replace(config, class_weights=str(file), epochs=1)
    train.fit(config, data)
    file.write_text("".join(f"{name} 1\n" for name in names))
    with pytest.raises(UserError, match=f"was trained with other weights than {file} has now"):
        train.fit(replace(config, resume=True, epochs=2), data)
