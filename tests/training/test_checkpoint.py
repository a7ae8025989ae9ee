"""What is saved comes back to the bit, and a file that could run code is refused."""

import os
import pickle
import weakref
from pathlib import Path

import numpy as np
import paddle
import pytest

from paddle_aug.errors import UserError
from paddle_aug.networks.vgg import VGG
from paddle_aug.training import checkpoint

MOMENT = "conv2d_0.w_0_moment1_0"


@pytest.fixture(autouse=True)
def cpu():
    paddle.set_device("cpu")


def small_network(hidden=4):
    return VGG(3, ((1, 2),), image_size=8, hidden=hidden, batch_norm=True)


def equal_weights(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(np.array_equal(a.numpy(), b.numpy()) for a, b in pairs)


def arrays(state):
    return {name: np.asarray(value) for name, value in state.items()}


def test_weights_come_back_to_the_bit(tmp_path):
    network, other = small_network(), small_network()
    assert not equal_weights(network, other)
    checkpoint.save(tmp_path / "w.pdparams", network.state_dict())
    path = tmp_path / "w.pdparams"
    checkpoint.load_weights(other, checkpoint.load(path), path)
    assert equal_weights(network, other)


def test_paddle_reads_our_weights_and_we_read_paddles(tmp_path):
    network, other = small_network(), small_network()
    checkpoint.save(tmp_path / "ours.pdparams", network.state_dict())
    other.set_state_dict(paddle.load(str(tmp_path / "ours.pdparams")))
    assert equal_weights(network, other)

    third, path = small_network(), tmp_path / "theirs.pdparams"
    paddle.save(network.state_dict(), str(path))
    checkpoint.load_weights(third, checkpoint.load(path), path)
    assert equal_weights(network, third)


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


def test_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "w.pdparams"
    checkpoint.save(path, small_network(hidden=5).state_dict())
    with pytest.raises(UserError, match="of another network"):
        checkpoint.load_weights(small_network(), checkpoint.load(path), path)


class Attack:
    """What a stranger's pickle may hold."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_a_pickle_that_would_run_code_is_refused_and_does_not_run(tmp_path):
    mark, path = tmp_path / "it_ran", tmp_path / "w.pdparams"
    path.write_bytes(pickle.dumps({"weight": Attack(mark)}))
    with pytest.raises(UserError, match="arrays alone"):
        checkpoint.load(path)
    assert not mark.exists()
    pickle.loads(path.read_bytes())
    assert mark.exists(), "the attack is a real one"


@pytest.mark.parametrize("keep", [0, 1, 40, 200])
def test_a_truncated_file_is_told(tmp_path, keep):
    path = tmp_path / "w.pdparams"
    checkpoint.save(path, small_network().state_dict())
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UserError, match="damaged"):
        checkpoint.load(path)


def test_what_is_no_dict_and_what_is_not_there_are_told(tmp_path):
    (tmp_path / "list.pdparams").write_bytes(pickle.dumps([1]))
    with pytest.raises(UserError, match="no weights"):
        checkpoint.load(tmp_path / "list.pdparams")
    with pytest.raises(UserError, match="cannot read"):
        checkpoint.load(tmp_path / "nothing.pdparams")


def test_weights_that_are_no_arrays_are_told_and_not_gone_through(tmp_path):
    network = VGG(3, ((1, 2),), image_size=8, hidden=4)
    pairs = ()
    for _ in range(60):  # 2 ** 60 parts, were they counted
        pairs = (pairs, pairs)
    name = next(iter(network.state_dict()))
    weights = {**arrays(network.state_dict()), name: pairs}
    with pytest.raises(UserError, match=f"another network: {name} is a tuple in it"):
        checkpoint.load_weights(network, weights, tmp_path / "w.pdparams")


def test_weights_are_by_names(tmp_path):
    path = tmp_path / "w.pdparams"
    path.write_bytes(pickle.dumps({b"a": np.zeros(2), "b": np.zeros(2)}, 4))
    with pytest.raises(UserError, match=r"w\.pdparams holds weights by other than names"):
        checkpoint.load(path)


def test_a_pipe_is_told_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.pdparams")
    with pytest.raises(UserError, match=r"cannot read .*pipe\.pdparams: not an ordinary file"):
        checkpoint.load(tmp_path / "pipe.pdparams")


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


@pytest.mark.parametrize("way", list(checkpoint.KEPT))
def test_an_optimizer_goes_on_with_all_that_it_kept(way):
    once = stepped(way)
    again = stepped(way, once)
    assert again.keys() == once.keys()
    steps = [key for key in once if key.endswith(("beta1_pow_acc_0", "velocity_0"))]
    assert not any(np.array_equal(again[key], once[key]) for key in steps if once[key].any())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"else_0.w_0_moment1_0": np.zeros(2)}, r"else_0.* is float64 \[2\] in it, unknown"),
        ({MOMENT: np.zeros((1, 3, 3, 3), np.float32)}, r"is float32 \[1, 3, 3, 3\] in it, float32"),
        ({MOMENT: np.zeros((2, 3, 3, 3))}, r"is float64 \[2, 3, 3, 3\] in it, float32 "),
        ({MOMENT: [1, 2]}, "is a list in it, float32"),
        ({MOMENT: ...}, r"is missing in it, float32 \[2, 3, 3, 3\] in this one"),
    ],
)  # fmt: skip
def test_an_optimizer_refuses_what_is_not_its_own(change, told):
    state = stepped(paddle.optimizer.Adam)
    assert MOMENT in state
    changed = {key: value for key, value in {**state, **change}.items() if value is not ...}
    with pytest.raises(UserError, match=rf"run\.pdstates is of another network: .*{told}"):
        stepped(paddle.optimizer.Adam, changed)


@pytest.mark.parametrize("way", list(checkpoint.KEPT))
def test_an_optimizer_tells_what_it_was_given_before_it_has_done_a_step(way):
    state = stepped(way)
    with paddle.utils.unique_name.guard():
        optimizer = way(0.1, parameters=small_network().parameters())
        assert checkpoint.kept_by(optimizer) == {}
        checkpoint.load_optimizer(optimizer, state, True, Path("run.pdstates"))
    kept = arrays(checkpoint.kept_by(optimizer))
    assert kept.keys() == state.keys()
    for name, values in kept.items():
        np.testing.assert_array_equal(values, state[name])


def test_an_optimizer_that_has_not_begun_has_kept_nothing():
    fresh = paddle.optimizer.Adam(0.1, parameters=small_network().parameters())
    checkpoint.load_optimizer(fresh, {}, False, Path("run.pdstates"))
    with pytest.raises(UserError, match="is missing in it, float32"):
        checkpoint.load_optimizer(fresh, {}, True, Path("run.pdstates"))


def test_arrays_by_other_than_names_are_told(tmp_path):
    state = stepped(paddle.optimizer.Adam)
    with pytest.raises(UserError, match=r"another network: 3 is float64 .* unknown in this one"):
        stepped(paddle.optimizer.Adam, {3: np.zeros(2), **state})


def test_weights_of_another_precision_are_told(tmp_path):
    network = small_network()
    halves = {
        name: value.numpy().astype(np.float16) for name, value in network.state_dict().items()
    }
    with pytest.raises(UserError, match=r"is float16 \[.*\] in it, float32 \[.*\] in this one"):
        checkpoint.load_weights(network, halves, tmp_path / "w.pdparams")
