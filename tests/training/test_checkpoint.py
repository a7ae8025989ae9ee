"""What is saved comes back to the bit, and a file that could run code is refused."""

import os
import pickle
import weakref
from pathlib import Path

import numpy as np
import paddle
import pytest
from torch_writer import save_stream, save_zip

from paddle_aug.errors import UserError
from paddle_aug.networks.vgg import VGG
from paddle_aug.training import checkpoint

MOMENT = "conv2d_0.w_0_moment1_0"


def small_network():
    return VGG(3, ((1, 2),), image_size=8, hidden=4, batch_norm=True)


def equal_weights(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(np.array_equal(a.numpy(), b.numpy()) for a, b in pairs)


def arrays(state):
    return {name: np.asarray(value) for name, value in state.items()}


@pytest.mark.parametrize(
    "save", [checkpoint.save, lambda path, state: paddle.save(state, str(path))]
)
def test_our_weights_and_paddles_are_read_by_both_to_the_bit(tmp_path, save):
    network, ours, theirs = small_network(), small_network(), small_network()
    assert not equal_weights(network, ours)
    path = tmp_path / "w.pdparams"
    save(path, network.state_dict())
    checkpoint.load_weights(ours, checkpoint.load(path), path)
    theirs.set_state_dict(paddle.load(str(path)))
    assert equal_weights(network, ours)
    assert equal_weights(network, theirs)


def test_saving_has_one_array_at_a_time_and_no_copy_of_all(tmp_path, monkeypatch):
    taken, there, real = [], [], paddle.Tensor.numpy

    def numpy(tensor):
        made = real(tensor)
        taken.append(weakref.ref(made))
        there.append(sum(each() is not None for each in taken))
        return made

    network = small_network()
    monkeypatch.setattr(paddle.Tensor, "numpy", numpy)
    checkpoint.save(tmp_path / "w.pdparams", {"network": network.state_dict()})
    assert len(there) == len(network.state_dict())
    assert max(there) == 1


def test_a_pickle_of_more_than_arrays_is_refused(tmp_path):
    """None of its code runs: see tests/system/test_pickles.py."""
    path = tmp_path / "w.pdparams"
    path.write_bytes(pickle.dumps({"weight": Path("w")}))
    with pytest.raises(UserError, match="not made of arrays alone: it refers to pathlib"):
        checkpoint.load(path)


@pytest.mark.parametrize("keep", [0, 1, 40, 200])
def test_a_truncated_file_is_refused(tmp_path, keep):
    path = tmp_path / "w.pdparams"
    checkpoint.save(path, small_network().state_dict())
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UserError, match="damaged"):
        checkpoint.load(path)


@pytest.mark.parametrize("content", [[1], {b"a": np.zeros(2), "b": np.zeros(2)}])
def test_weights_have_names(tmp_path, content):
    path = tmp_path / "w.pdparams"
    path.write_bytes(pickle.dumps(content, 4))
    with pytest.raises(UserError, match=r"w\.pdparams holds no weights by name"):
        checkpoint.load(path)


def test_a_file_that_cannot_be_opened_is_named_with_the_reason(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, reason in (("nothing", "No such file"), ("pipe", "not an ordinary file")):
        with pytest.raises(UserError, match=f"cannot read .*{name}: {reason}"):
            checkpoint.load(tmp_path / name)


def test_the_message_about_a_name_without_its_ending_has_the_whole_name(tmp_path):
    checkpoint.save(tmp_path / "best_model.pdparams", {})
    message = r"cannot read .*best_model: No such file .*; did you mean .*best_model\.pdparams\?$"
    with pytest.raises(UserError, match=message):
        checkpoint.load(tmp_path / "best_model")


@pytest.mark.parametrize("write", [save_zip, save_stream])
def test_weights_of_pytorch_are_recognized(tmp_path, write):
    path = write(tmp_path / "w.pth", {})
    told = rf"{path} is a PyTorch file, which can only start a training: --pretrained {path}$"
    with pytest.raises(UserError, match=told):
        checkpoint.load(path)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda value: value.astype(np.float16), r"float16 \[2\] in it, float32 \[2\] in this one"),
        (lambda value: value[:1], r"float32 \[1\] in it, float32 \[2\] in this one"),
        (tuple, "a tuple in it"),
    ],
)
def test_weights_of_another_network_are_refused(change, fault):
    network = small_network()
    name = "features.1.bias"
    weights = arrays(network.state_dict())
    with pytest.raises(UserError, match=rf"w is of another network: {name} is {fault}"):
        checkpoint.load_weights(network, {**weights, name: change(weights[name])}, Path("w"))


def test_weights_of_version_0_1_0_with_biases_before_batch_normalisation_give_the_same_output():
    earlier, now = small_network(), small_network()
    for layers in (earlier.features, earlier.classifier):
        for place, layer in enumerate(layers):
            if isinstance(layer, paddle.nn.Conv2D):
                layers[place] = paddle.nn.Conv2D(3, 2, 3, padding=1)
            elif isinstance(layer, paddle.nn.Linear) and layer.bias is None:
                layers[place] = paddle.nn.Linear(*layer.weight.shape)
    rng = np.random.default_rng(0)
    weights = {
        name: value + rng.random(value.shape, np.float32)
        for name, value in arrays(earlier.state_dict()).items()
    }
    earlier.set_state_dict(weights)
    checkpoint.load_weights(now, weights, Path("w"))
    earlier.eval(), now.eval()
    images = paddle.to_tensor(rng.random((2, 3, 8, 8), np.float32))
    assert len(weights) == len(now.state_dict()) + 3
    assert paddle.allclose(earlier(images), now(images), 1e-5)


def stepped(way, state=None):
    """An optimizer's state after a step of a small network, named as in a process of its own."""
    with paddle.utils.unique_name.guard():
        network = small_network()
        optimizer = way(0.1, parameters=network.parameters())
        if state is not None:
            checkpoint.load_optimizer(optimizer, state, True, Path("run.pdstates"))
        network(paddle.ones([2, 3, 8, 8])).sum().backward()
        optimizer.step()
        return arrays(optimizer.state_dict())


@pytest.mark.parametrize("way", list(checkpoint.OPTIMIZER_STATE))
def test_an_optimizer_goes_on_with_all_that_it_kept(way):
    once = stepped(way)
    again = stepped(way, once)
    assert again.keys() == once.keys()
    steps = [key for key in once if key.endswith(("beta1_pow_acc_0", "velocity_0"))]
    assert not any(np.array_equal(again[key], once[key]) for key in steps if once[key].any())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"else_0.w_0_moment1_0": np.zeros(2)}, r"else_0.* is float64 \[2\] in it, unknown"),
        ({MOMENT: np.zeros((1, 3, 3, 3), np.float32)}, r"is float32 \[1, 3, 3, 3\] in it, float32"),
        ({MOMENT: np.zeros((2, 3, 3, 3))}, r"is float64 \[2, 3, 3, 3\] in it, float32 "),
        ({MOMENT: [1, 2]}, "is a list in it, float32"),
        ({MOMENT: ...}, r"is missing in it, float32 \[2, 3, 3, 3\] in this one"),
        ({3: np.zeros(2)}, "3 is float64 .* unknown in this one"),
    ],
)  # fmt: skip
def test_an_optimizer_refuses_what_is_not_its_own(change, message):
    state = stepped(paddle.optimizer.Adam)
    assert MOMENT in state
    changed = {key: value for key, value in {**state, **change}.items() if value is not ...}
    with pytest.raises(UserError, match=rf"run\.pdstates is of another network: .*{message}"):
        stepped(paddle.optimizer.Adam, changed)


def test_an_optimizer_that_has_not_begun_has_kept_nothing():
    fresh = paddle.optimizer.Adam(0.1, parameters=small_network().parameters())
    checkpoint.load_optimizer(fresh, {}, False, Path("run.pdstates"))
    with pytest.raises(UserError, match="is missing in it, float32"):
        checkpoint.load_optimizer(fresh, {}, True, Path("run.pdstates"))
