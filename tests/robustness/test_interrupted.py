"""Training that Ctrl-C or SIGTERM interrupts goes on within the epoch, to the bits undisturbed."""

import os
import signal
from dataclasses import replace

import paddle
import pytest
from made_data import write_dataset
from same_run import assert_same_run, checkpoint_of

from paddle_aug.config import TrainConfig
from paddle_aug.data.augmented import Augmented
from paddle_aug.data.dataset import open_dataset
from paddle_aug.data.workers import WorkerKilled
from paddle_aug.errors import UserError
from paddle_aug.inputs import selected
from paddle_aug.results import runlog
from paddle_aug.system.signals import Interrupted
from paddle_aug.training import checkpoint, generator_state
from paddle_aug.training import fit as train
from paddle_aug.training.distributed import Group

STEPS = 5  # an epoch: 24 images, five a step


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return open_dataset(write_dataset(tmp_path_factory.mktemp("data") / "made"))


@pytest.fixture
def config(tmp_path):
    return TrainConfig(
        augment="userDef", network="vgg_thin", image_size=16, batch_size=5, learning_rate=1e-2,
        epochs=2, device="cpu", threads=1, num_workers=0, log_dir=str(tmp_path / "logs"),
        model_dir=str(tmp_path / "models"),
    )  # fmt: skip


def interrupted(config, data, losses, number=signal.SIGTERM):
    """Train until the signal, which comes while so many a loss of this session is computed."""
    compute, seen = train.smoothed_loss, []

    def interrupting(*args):
        seen.append(1)
        if len(seen) == losses:
            os.kill(os.getpid(), number)
        return compute(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "smoothed_loss", interrupting)
        with pytest.raises(Interrupted) as stop:
            train.fit(config, data)
    assert stop.value.number == number
    return stop.value


def interrupt_evaluation(monkeypatch, images):
    """Have it come when so many images have been evaluated."""
    make, seen = Augmented.__getitem__, []

    def interrupted(self, key):
        seen.append(len(self) != 24)
        if sum(seen) == images:
            os.kill(os.getpid(), signal.SIGINT)
        return make(self, key)

    monkeypatch.setattr(Augmented, "__getitem__", interrupted)


def train_interrupted(config, data, moments):
    """Train in sessions, each but the last until a moment; returns what was said."""
    config = replace(config, resume=True)
    said = [str(interrupted(config, data, losses)) for losses in moments]
    train.fit(config, data)
    return said


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"network": "vgg_thin_bn", "ema": 0.5, "mix": "mixup:1+cutmix", "schedule": "cosine"},
        {
            "network": "vgg_thin",
            "num_workers": 1,
            "optimizer": "sgd",
            "momentum": 0.9,
            "holdout": 0.25,
        },
    ],
    ids=["dropout", "batch norm, average, mixing", "a worker and a test list"],
)
def test_interrupted_twice_in_an_epoch_and_again_in_the_next_equals_undisturbed(
    config, data, tmp_path, changes
):
    config = replace(config, **changes)
    chosen = selected(config, data)
    whole = replace(config, log_dir=str(tmp_path / "b"), model_dir=str(tmp_path / "mb"))
    train.fit(whole, chosen)
    steps = -(-len(chosen.train) // 5)
    said = train_interrupted(config, chosen, [2, 1, steps])
    of = f"{config.mode}, epoch {{}} of 2, after step {{}}"
    assert said == [of.format(1, 2), of.format(1, 3), of.format(2, 3)]
    assert_same_run(config, whole)
    sessions = runlog.read_run_file(config.log_dir, config.mode)["sessions"]
    places = [(each["from_epoch"], each["from_step"]) for each in sessions]
    assert places == [(0, 0), (0, 2), (0, 3), (1, 3)]


def test_interrupted_again_before_a_step_equals_undisturbed(config, data, tmp_path):
    whole = replace(config, log_dir=str(tmp_path / "b"), model_dir=str(tmp_path / "mb"))
    train.fit(whole, data)
    interrupted(config, data, 2)
    config = replace(config, resume=True)

    def none(self, epoch, done=0):
        os.kill(os.getpid(), signal.SIGTERM)
        raise WorkerKilled("a worker process was killed")
        yield

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train.Batches, "of", none)
        with pytest.raises(Interrupted, match="userDef, epoch 1 of 2, after step 2"):
            train.fit(config, data)
    train.fit(config, data)
    assert_same_run(config, whole)


def test_a_worker_that_dies_of_the_same_signal_does_not_hide_it(config, data, tmp_path):
    whole = replace(config, log_dir=str(tmp_path / "b"), model_dir=str(tmp_path / "mb"))
    train.fit(whole, data)
    made = train.Batches.of

    def dying(self, epoch, done=0):
        for number, batch in enumerate(made(self, epoch, done)):
            if number == 2 and self.shuffle:
                os.kill(os.getpid(), signal.SIGTERM)
                raise WorkerKilled("a worker process was killed")
            yield batch

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train.Batches, "of", dying)
        with pytest.raises(Interrupted, match="userDef, epoch 1 of 2, after step 2"):
            train.fit(config, data)
    train.fit(replace(config, resume=True), data)
    assert_same_run(config, whole)


def test_a_worker_that_dies_of_something_else_is_told(config, data, monkeypatch):
    def dying(self, epoch, done=0):
        raise WorkerKilled("a worker process was killed")
        yield

    monkeypatch.setattr(train.Batches, "of", dying)
    with pytest.raises(WorkerKilled, match="a worker process was killed"):
        train.fit(config, data)


class OddScaler:
    """In the place of Paddle's, which wants a GPU: its factor is no power of two and changes with
    each step, so that a factor lost is a bit lost."""

    def __init__(self, enable):
        self.steps = 0

    @property
    def factor(self):
        return 3.0 + self.steps

    def scale(self, loss):
        return loss * self.factor

    def step(self, optimizer):
        for parameter in optimizer._parameter_list:
            if parameter.grad is not None:
                parameter.grad.set_value(parameter.grad / self.factor)
        optimizer.step()

    def update(self):
        self.steps += 1

    def state_dict(self):
        return {"steps": self.steps}

    def load_state_dict(self, state):
        self.steps = state["steps"]


def test_the_scaler_of_mixed_precision_goes_on_too(config, data, tmp_path, monkeypatch):
    monkeypatch.setattr(paddle.amp, "GradScaler", OddScaler)
    whole = replace(config, log_dir=str(tmp_path / "b"), model_dir=str(tmp_path / "mb"))
    train.fit(whole, data)
    train_interrupted(config, data, [3])
    assert checkpoint_of(config)["scaler"] == {"steps": 2 * STEPS}
    assert_same_run(config, whole)


def test_interrupted_in_an_evaluation_it_is_done_again_and_the_steps_are_not(
    config, data, tmp_path, monkeypatch
):
    config = replace(config, ema=0.5)
    whole = replace(config, log_dir=str(tmp_path / "b"), model_dir=str(tmp_path / "mb"))
    train.fit(whole, data)
    with monkeypatch.context() as patch:
        interrupt_evaluation(patch, 8)
        with pytest.raises(Interrupted) as stop:
            train.fit(config, data)
    assert str(stop.value) == "userDef, epoch 1 of 2, after step 5"
    assert stop.value.number == signal.SIGINT
    assert checkpoint_of(config)["part"]["step"] == STEPS
    computed = []
    with monkeypatch.context() as patch:
        compute = train.smoothed_loss
        patch.setattr(train, "smoothed_loss", lambda *args: computed.append(1) or compute(*args))
        train.fit(replace(config, resume=True), data)
    assert len(computed) == STEPS
    assert_same_run(config, whole)


def test_what_is_done_of_an_epoch_is_not_read_again(config, data, monkeypatch):
    config = replace(config, cache="off", epochs=1)
    interrupted(config, data, 3)
    made = []
    make = Augmented.__getitem__
    monkeypatch.setattr(
        Augmented, "__getitem__", lambda self, key: made.append(len(self)) or make(self, key)
    )
    train.fit(replace(config, resume=True), data)
    # 9 of 24, and those that are looked at for their size.
    assert made.count(24) == 24 - 3 * 5 + 2


def test_times_of_all_sessions_are_the_epochs(config, data):
    interrupted(config, data, 3)
    path = train.model_file(config, "checkpoint.pdstates")
    state = checkpoint.load(path)
    assert 0 < state["part"]["waited"] < state["part"]["seconds"]
    state["part"] |= {"seconds": 1000.0, "waited": 250.0}
    checkpoint.save(path, state)
    train.fit(replace(config, resume=True), data)
    first = runlog.read_run_file(config.log_dir, config.mode)["epochs"][0]
    assert 1000 < first["seconds"] < 1100
    assert first["data_wait"] == pytest.approx(0.25, rel=0.1)
    assert first["images_per_s"] == pytest.approx(24 / 1000, abs=0.005)  # of two digits


def test_going_on_says_where(config, data, capsys):
    interrupted(config, data, STEPS + 2)
    train.fit(replace(config, resume=True), data)
    assert "userDef: going on in epoch 2 of 2, after step 2\n" in capsys.readouterr().out


def test_an_interrupted_epoch_counts_where_fewer_are_asked_for(config, data):
    interrupted(config, data, STEPS + 2)
    with pytest.raises(UserError, match="past --epochs 1: it has 2"):
        train.fit(replace(config, resume=True, epochs=1), data)


def test_several_processes_go_on_after_the_last_whole_epoch(config, data):
    """Of this one's part of an epoch nothing is kept, as the others' may end elsewhere."""

    class OneOfTwo(Group):
        sum = united = wrap = unite_statistics = None

    train.fit(replace(config, epochs=1), data)
    before = train.model_file(config, "checkpoint.pdstates").read_bytes()
    run = train.Run(config, data, OneOfTwo(0, 2), None, None, None, None, {})
    stop = Interrupted(signal.SIGTERM)
    saved = train.saved_if_interrupted(run, train.Progress(), train.Part(), lambda: None)
    with pytest.raises(Interrupted) as raised, saved:
        raise stop
    assert raised.value is stop
    assert str(stop) == ""
    assert train.model_file(config, "checkpoint.pdstates").read_bytes() == before


def test_a_full_disk_at_the_interrupt_leaves_the_checkpoint_before(config, data, monkeypatch):
    train.fit(replace(config, epochs=1), data)
    before = train.model_file(config, "checkpoint.pdstates").read_bytes()

    def full(*args):
        raise OSError(28, "No space left on device", "checkpoint.pdstates")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", full)
        compute = train.smoothed_loss
        patch.setattr(
            train,
            "smoothed_loss",
            lambda *args: os.kill(os.getpid(), signal.SIGTERM) or compute(*args),
        )
        with pytest.raises(UserError, match="No space left"):
            train.fit(replace(config, resume=True), data)
    assert train.model_file(config, "checkpoint.pdstates").read_bytes() == before


def drawn():
    return generator_state.drawn(5).tolist()


@pytest.mark.parametrize(
    "before", [0, 1, 12345, generator_state.CHUNK - 3, 2 * generator_state.CHUNK + 1]
)
def test_a_generator_goes_to_where_it_was(before):
    paddle.set_device("cpu")
    paddle.seed(3)
    paddle.nn.functional.dropout(paddle.ones([before]), 0.3)
    state = paddle.get_rng_state()
    expected = drawn()
    paddle.set_rng_state(state)
    kept = generator_state.generator_state()
    paddle.seed(3)
    generator_state.go_to(kept)
    assert drawn() == expected


def test_a_gpus_generator_is_put_back_by_what_paddle_tells_of_it(monkeypatch):
    """Tried on the CPU's, of which Paddle 3 tells as much as of a GPU's."""
    paddle.set_device("cpu")
    paddle.seed(3)
    if len(paddle.get_rng_state()[0].__getstate__()) < 4:
        pytest.skip("this Paddle does not tell all of a CPU's generator")
    monkeypatch.setattr(generator_state, "kind", lambda: "gpu")
    drawn()
    state, expected = generator_state.generator_state(), drawn()
    paddle.seed(4)
    generator_state.go_to(state)
    assert drawn() == expected


@pytest.mark.parametrize("other", [{"paddle": "1.8"}, {"device": "gpu"}])
def test_of_another_device_or_paddle_the_generator_is_left_as_it_is(other):
    paddle.set_device("cpu")
    state = {**generator_state.generator_state(), **other}
    paddle.seed(3)
    expected = drawn()
    paddle.seed(3)
    generator_state.go_to(state)
    assert drawn() == expected


def test_a_generator_that_never_comes_there_is_told(monkeypatch):
    paddle.set_device("cpu")
    paddle.seed(4)
    state = generator_state.generator_state()
    monkeypatch.setattr(generator_state, "FARTHEST", 2 * generator_state.CHUNK)
    paddle.seed(3)
    with pytest.raises(UserError, match="leave --resume away"):
        generator_state.go_to(state)
