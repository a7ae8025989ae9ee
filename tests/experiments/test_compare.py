"""The experiment behind a comparison: which runs, in what order, and that it goes on."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import paddle
import pytest
from in_process import run_tool
from made_data import write_dataset
from same_run import assert_same_comparison

from paddle_aug.config import TrainConfig
from paddle_aug.data.dataset import open_dataset
from paddle_aug.errors import UserError
from paddle_aug.experiments import compare, compare_report
from paddle_aug.experiments.compare import Experiment, Settings
from paddle_aug.experiments.runner import Died
from paddle_aug.results import runlog
from paddle_aug.results.stats import compared_together, difference
from paddle_aug.rng import generator
from paddle_aug.system.files import locked
from paddle_aug.training import fit as train

ROOT = Path(__file__).parent.parent.parent
MODES = ("none", "hflip", "userDef")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return open_dataset(write_dataset(tmp_path_factory.mktemp("data") / "made"))


class Played:
    """Stands in for the processes that train, and for the clock."""

    def __init__(self, skill=None, seconds=None, spread=None, deaths=(), error=None):
        self.now = 0.0
        self.skill = skill or {}
        self.seconds = seconds or {}
        self.spread = spread or {}
        self.deaths = list(deaths)
        self.error = error
        self.begun = []
        self.at_once = 0

    def clock(self):
        return self.now

    @contextmanager
    def trainers(self, data, devices):
        yield [PlayedTrainer(self, data, device) for device in devices]

    def ended(self, trainers, timeout):
        self.at_once = max(self.at_once, len(trainers))
        return trainers[:1]

    def train(self, training, data):
        config = training.config
        seconds = self.seconds.get(config.mode, 10.0) * config.fraction
        self.now += seconds
        part = training.part(data)
        noise = generator(config.seed, "drawing").normal(0, 0.01)
        own = generator(config.seed, "noise", len(config.mode)).normal(0, 1)
        accuracy = self.skill.get(config.mode, 0.5) + noise
        accuracy += own * self.spread.get(config.mode, 0.002)
        facts = {
            "augment": config.mode, "seed": config.seed, "config": config.asdict(),
            "finished": True, "commit": None, "data": train.about_data(part),
            "epochs": [
                {"seconds": seconds / config.epochs, "data_wait": 0.0, "images_per_s": 9.0,
                 "right": [1, 1, 1]}
            ] * config.epochs,
        }  # fmt: skip
        curves = {name: [accuracy] * config.epochs for name in runlog.CURVES}
        runlog.write(config.log_dir, config.mode, curves, facts)
        weights = train.model_file(config, "last.pdparams")
        weights.parent.mkdir(parents=True, exist_ok=True)
        weights.write_bytes(b"weights")


class PlayedTrainer:
    def __init__(self, played, data, device):
        self.played, self.data, self.device = played, data, device

    def begin(self, training):
        self.training = training
        self.played.begun.append(training)

    def result(self):
        config = self.training.config
        for death in self.played.deaths:
            if death == (config.mode, config.seed):
                self.played.deaths.remove(death)
                raise Died("its process was killed by signal 9")
        if self.played.error:
            raise UserError(self.played.error)
        self.played.train(self.training, self.data)


def settings(**changes):
    config = TrainConfig(
        network="lenet", image_size=28, epochs=4, device="cpu", batch_size=6, seed=3
    )
    config = replace(config, **changes.pop("config", {}))
    return Settings(config, **{"modes": MODES, "baseline": "none", "seeds": 3, **changes})


def compared(monkeypatch, data, folder, played=None, jobs=1, **changes):
    """The results of a comparison with played training, and what stood in."""
    played = played or Played()
    monkeypatch.setattr(compare, "trainers", played.trainers)
    monkeypatch.setattr(compare, "ended", played.ended)
    made = Experiment(settings(**changes), data, folder, "command", jobs, played.clock)
    return made.run(), played


def begun(played):
    return [(each.config.mode, each.config.seed) for each in played.begun]


# What is trained


def test_all_modes_have_one_seed_before_any_has_the_next(monkeypatch, data, tmp_path):
    _, played = compared(monkeypatch, data, tmp_path)
    assert begun(played) == [(mode, seed) for seed in (3, 4, 5) for mode in MODES]


def test_the_logs_lie_as_the_notebook_names_them_in_a_folder_a_seed(monkeypatch, data, tmp_path):
    compared(monkeypatch, data, tmp_path)
    for seed in (3, 4, 5):
        for prefix in ("noAug", "hflipAug", "userDefAug"):
            assert (tmp_path / f"seed-{seed}" / f"{prefix}_accEval.npy").exists()
    assert len(runlog.read_seeds([tmp_path])) == 9


def test_weights_are_not_kept(monkeypatch, data, tmp_path):
    compared(monkeypatch, data, tmp_path)
    assert not (tmp_path / "models").exists()


def test_runs_go_on_side_by_side_with_a_thread_each(monkeypatch, data, tmp_path):
    _, played = compared(monkeypatch, data, tmp_path, jobs=2)
    assert played.at_once == 2
    assert {each.config.threads for each in played.begun} == {max(1, compare.cores() // 2)}


def test_where_there_are_more_cores_than_runs_a_run_has_several(monkeypatch, data, tmp_path):
    monkeypatch.setattr(compare, "cores", lambda: 64)
    _, played = compared(monkeypatch, data, tmp_path, jobs=0, seeds=5, budget=1000.0)
    assert {each.config.threads for each in played.begun} == {64 // 15}
    assert len(played.begun) == 15


def test_a_comparison_that_goes_on_keeps_its_number_of_threads(monkeypatch, data, tmp_path):
    compared(monkeypatch, data, tmp_path, jobs=1)
    _, played = compared(monkeypatch, data, tmp_path, jobs=5, seeds=4)
    assert {each.config.threads for each in played.begun} == {compare.cores()}


def test_parts_of_the_list_are_trained_on_after_the_whole(monkeypatch, data, tmp_path):
    results, played = compared(monkeypatch, data, tmp_path, fractions=(0.5, 1.0), seeds=2)
    assert [each.config.fraction for each in played.begun] == [1.0] * 6 + [0.5] * 6
    assert (tmp_path / "fraction-0.5" / "seed-3" / "noAug_run.json").exists()
    assert results.trained_on(0.5) == 12
    assert results.trained_on(1.0) == 24


# Fair pairs


def test_a_seed_gives_all_modes_the_same_first_weights_and_the_same_order(data, monkeypatch):
    """As the network and the batches of the runs themselves have them."""
    seen = {}

    class Stop(Exception):
        pass

    class Watched(train.Batches):
        def of(self, epoch, done=0):
            for number, (images, labels, whole) in enumerate(super().of(epoch, done)):
                seen[current].append(labels.numpy().tolist())
                if number == 3:
                    raise Stop
                yield images, labels, whole

    before = train.make_network

    def watched(config, data):
        network = before(config, data)
        weights = [value.numpy().tobytes() for value in network.state_dict().values()]
        seen[current] = [weights]
        return network

    monkeypatch.setattr(train, "make_network", watched)
    monkeypatch.setattr(train, "Batches", Watched)
    monkeypatch.setattr(train, "begin", lambda run: train.Progress())
    for current in (("none", 3), ("hflip+mixup", 3), ("userDef", 3), ("none", 4)):
        mode, seed = current
        config = compare.of_mode(settings().config, mode)
        with pytest.raises(Stop):
            train.fit(replace(config, seed=seed, threads=1), data)
    assert seen["none", 3] == seen["hflip+mixup", 3] == seen["userDef", 3]
    assert seen["none", 3][0] != seen["none", 4][0]
    assert seen["none", 3][1:] != seen["none", 4][1:]


# Learning rates


def test_each_mode_gets_the_rate_that_did_best_on_images_held_back(monkeypatch, data, tmp_path):
    played = Played()
    best = {"none": 1e-3, "hflip": 1e-4, "userDef": 1e-3}
    before = Played.train

    def train_by_rate(self, training, data):
        config = training.config
        self.skill = {config.mode: 0.9 if config.learning_rate == best[config.mode] else 0.4}
        before(self, training, data)

    monkeypatch.setattr(Played, "train", train_by_rate)
    results, _ = compared(monkeypatch, data, tmp_path, played, rates=(1e-4, 1e-3), seeds=2)
    tuning, tested = played.begun[:6], played.begun[6:]
    evaluated = {sample.path for sample in data.eval}
    for each in tuning:
        part = each.part(data)
        assert (len(part.train), len(part.eval)) == (18, 6)
        assert not part.test
        assert not evaluated & {sample.path for sample in [*part.train, *part.eval]}
    assert {(each.config.mode, each.config.learning_rate) for each in tested} == set(best.items())
    assert results.state["rates"] == best
    assert len(results.state["tuning"]) == 6
    assert "0.0001 for `hflip`" in compare_report.method(results)


def test_rates_that_were_chosen_are_not_chosen_again(monkeypatch, data, tmp_path):
    compared(monkeypatch, data, tmp_path, rates=(1e-4, 1e-3), seeds=1)
    _, played = compared(monkeypatch, data, tmp_path, rates=(1e-4, 1e-3), seeds=2)
    assert len(played.begun) == 3


# Budget


def test_a_budget_reaches_as_far_as_it_does_and_the_rest_is_told(monkeypatch, data, tmp_path):
    results, played = compared(monkeypatch, data, tmp_path, seeds=5, budget=95.0)
    assert begun(played) == [(mode, seed) for seed in (3, 4, 5) for mode in MODES]
    assert played.now == 90
    assert compare_report.left_out(results) == (
        "The budget of 1m35s did not reach: `none` has 3 of 5 seeds, `hflip` has 3 of 5 seeds and "
        "`userDef` has 3 of 5 seeds."
    )


def test_beyond_three_seeds_a_budget_goes_where_the_interval_is_widest(monkeypatch, data, tmp_path):
    played = Played(spread={"userDef": 0.05})
    compared(monkeypatch, data, tmp_path, played, seeds=9, budget=150.0)
    later = begun(played)[9:]
    assert [mode for mode, _ in later] == ["none", "userDef"] * 3
    assert [seed for _, seed in later] == [6, 6, 7, 7, 8, 8]


def test_a_costly_mode_gets_fewer_runs_of_a_budget(monkeypatch, data, tmp_path):
    played = Played(seconds={"userDef": 300.0}, spread={"userDef": 0.01, "hflip": 0.01})
    compared(monkeypatch, data, tmp_path, played, seeds=6, budget=1400.0)
    modes = [mode for mode, _ in begun(played)]
    assert modes.count("hflip") == 6
    assert modes.count("userDef") == 4


def test_where_the_budget_goes_does_not_depend_on_who_is_ahead(monkeypatch, data, tmp_path):
    orders = []
    for skill in (0.1, 0.5, 0.9):
        played = Played(skill={"userDef": skill}, spread={"userDef": 0.03, "hflip": 0.02})
        compared(monkeypatch, data, tmp_path / f"{skill}", played, seeds=9, budget=200.0)
        orders.append(begun(played))
    assert orders[0] == orders[1] == orders[2]


def test_a_budget_that_is_spent_in_sessions_is_spent_once(monkeypatch, data, tmp_path):
    compared(monkeypatch, data, tmp_path, seeds=5, budget=65.0)
    _, played = compared(monkeypatch, data, tmp_path, seeds=5, budget=95.0)
    assert len(played.begun) == 3
    _, played = compared(monkeypatch, data, tmp_path, seeds=5, budget=95.0)
    assert played.begun == []


def test_spending_by_spread_claims_no_more_than_five_per_cent_of_what_is_not_there():
    """A budget of 18 runs over three modes that are all the same, with unlike spreads: 400
    comparisons, decided upon by the experiment's own rule."""
    rng = generator(1, "drawing")
    claims = 0
    for _ in range(400):
        spreads = rng.uniform(0.002, 0.03, 2)
        pairs = {mode: list(rng.normal(0, spread, 40)) for mode, spread in enumerate(spreads)}
        counts = {0: 3, 1: 3}
        for _ in range(12):
            made = Experiment.__new__(Experiment)
            made.settings = settings(modes=("none", "hflip", "userDef"))
            gains = {}
            for mode, count in counts.items():
                found = {
                    "none": dict.fromkeys(range(count), 0.0),
                    MODES[1 + mode]: dict(enumerate(pairs[mode][:count])),
                }
                gains[mode] = made.narrowing(MODES[1 + mode], found, count)
            counts[max(gains, key=gains.get)] += 1
        found = compared_together(
            {
                mode: difference(
                    dict(enumerate(pairs[mode][:count])), dict.fromkeys(range(count), 0.0)
                )
                for mode, count in counts.items()
            }
        )
        claims += any(each.shown for each in found.values())
    assert claims / 400 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


# Going on


def test_runs_that_have_just_begun_beside_a_finished_one_do_no_harm(monkeypatch, data, tmp_path):
    """Their logs appear one after the other."""

    def begin_others(self, training, data):
        before(self, training, data)
        folder = Path(training.config.log_dir)
        np.save(folder / "allabAug_lossTrain.npy", np.ones(1))

    before = Played.train
    monkeypatch.setattr(Played, "train", begin_others)
    results, _ = compared(monkeypatch, data, tmp_path)
    assert {len(seeds) for seeds in results.accuracies[1.0].values()} == {3}


def test_a_run_that_has_just_begun_keeps_its_folder_when_another_ends(monkeypatch, data, tmp_path):
    def begin(self, training):
        Path(training.config.model_dir).mkdir(parents=True, exist_ok=True)
        before(self, training)

    def result(self):
        there.append(Path(self.training.config.model_dir).is_dir())
        return ending(self)

    there = []
    before, ending = PlayedTrainer.begin, PlayedTrainer.result
    monkeypatch.setattr(PlayedTrainer, "begin", begin)
    monkeypatch.setattr(PlayedTrainer, "result", result)
    compared(monkeypatch, data, tmp_path, jobs=2, fractions=(1.0, 0.5))
    assert there == [True] * 18
    assert not (tmp_path / "models").exists()


def test_what_is_finished_is_not_trained_again(monkeypatch, data, tmp_path):
    compared(monkeypatch, data, tmp_path)
    _, played = compared(monkeypatch, data, tmp_path)
    assert played.begun == []


def test_a_kill_while_the_last_weights_are_written_leaves_nothing_of_them(
    monkeypatch, data, tmp_path
):
    """The run is finished then, as its logs come before them."""
    compared(monkeypatch, data, tmp_path)
    left = tmp_path / "models" / "seed-4" / ".hflipAug_last.pdparams.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    _, played = compared(monkeypatch, data, tmp_path)
    assert played.begun == []
    assert not (tmp_path / "models").exists()


def test_more_seeds_and_modes_are_added_to_what_is_there(monkeypatch, data, tmp_path):
    compared(monkeypatch, data, tmp_path, seeds=2, modes=("none", "hflip"))
    results, played = compared(monkeypatch, data, tmp_path)
    assert begun(played) == [("userDef", 3), ("userDef", 4), *((mode, 5) for mode in MODES)]
    assert {len(seeds) for seeds in results.accuracies[1.0].values()} == {3}


def test_a_run_whose_process_dies_goes_on(monkeypatch, data, tmp_path, capsys):
    played = Played(deaths=[("hflip", 4), ("hflip", 4)])
    results, _ = compared(monkeypatch, data, tmp_path, played)
    assert len(results.accuracies[1.0]["hflip"]) == 3
    assert "seed 4 hflip: its process was killed by signal 9; it goes on" in capsys.readouterr().err


def test_a_run_that_dies_again_and_again_ends_the_comparison(monkeypatch, data, tmp_path):
    played = Played(deaths=[("hflip", 4)] * 3)
    with pytest.raises(UserError) as told:
        compared(monkeypatch, data, tmp_path, played)
    assert str(told.value) == (
        "seed 4 hflip: its process was killed by signal 9, 3 times after 0 of 4 epochs; what it "
        f"printed is in {tmp_path}/seed-4/hflipAug_training.log, and the same command goes on"
    )


def test_what_a_run_is_refused_for_is_told_with_its_name(monkeypatch, data, tmp_path):
    with pytest.raises(UserError, match=r"^seed 3 none: the disk is full$"):
        compared(monkeypatch, data, tmp_path, Played(error="the disk is full"))


def test_another_experiment_is_not_gone_on_with(monkeypatch, data, tmp_path):
    compared(monkeypatch, data, tmp_path)
    with pytest.raises(
        UserError, match=r"comparison with --learning-rate 0.0001, this one has 0.1"
    ):
        compared(monkeypatch, data, tmp_path, config={"learning_rate": 0.1})
    with pytest.raises(UserError, match=r"comparison with --lr \[\], this one has"):
        compared(monkeypatch, data, tmp_path, rates=(0.1,))
    fewer = replace(data, train=data.train[:-1])
    with pytest.raises(UserError, match="comparison on other data, or its lists have changed"):
        compared(monkeypatch, fewer, tmp_path)


def test_two_at_once_do_not_share_a_folder(monkeypatch, data, tmp_path):
    with (
        locked(tmp_path),
        pytest.raises(UserError, match=r"another comparison is at work in .*; wait for it"),
    ):
        compared(monkeypatch, data, tmp_path)


def test_runs_of_other_settings_in_the_folder_are_refused(monkeypatch, data, tmp_path):
    compared(monkeypatch, data, tmp_path / "a", seeds=1)
    compared(monkeypatch, data, tmp_path / "b", seeds=1, config={"learning_rate": 0.1})
    for file in (tmp_path / "b" / "seed-3").glob("noAug*"):
        file.replace(tmp_path / "a" / "seed-3" / file.name)
    with pytest.raises(UserError, match=r"was trained with --learning-rate 0.1"):
        compared(monkeypatch, data, tmp_path / "a", seeds=1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"modes": ("none",)}, "--modes wants two modes at least"),
        ({"modes": ("none", "hflip", "hflip")}, "--modes has hflip twice"),
        ({"baseline": "allab"}, "--baseline allab is not of --modes none,hflip,userDef"),
        ({"modes": ("none", "hflop")}, "did you mean 'hflip'"),
        ({"seeds": 0}, "--seeds must be at least 1, not 0"),
        ({"fractions": (0.5, 0.5)}, "--fractions has a value twice"),
        ({"fractions": (1.5,)}, "--fractions: 1.5 is not above 0 and at most 1"),
        ({"rates": (0.0,)}, "--lr: 0 is not a rate above 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes, said):
    with pytest.raises(UserError, match=said):
        settings(**changes)


def test_the_devices_are_the_gpus_in_turn_or_the_cpu(monkeypatch):
    config = TrainConfig(device="cpu")
    assert compare.devices(config, 3) == ["cpu"] * 3
    assert compare.devices(config) == ["cpu"] * compare.cores()
    monkeypatch.setattr(paddle.device, "is_compiled_with_cuda", lambda: True)
    monkeypatch.setattr(paddle.device.cuda, "device_count", lambda: 2)
    config = TrainConfig()
    assert compare.devices(config) == ["gpu:0", "gpu:1"]
    assert compare.devices(config, 3) == ["gpu:0", "gpu:1", "gpu:0"]
    assert compare.devices(replace(config, device="gpu:1")) == ["gpu:1"]


# The tool itself

OPTIONS = (
    "--modes", "none,hflip", "--seeds", "2", "--network", "lenet", "--image-size", "28",
    "--epochs", "3", "--batch-size", "6", "--device", "cpu", "--jobs", "2",
)  # fmt: skip


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--lr", "1e-3", "--learning-rate", "0.1"), "--lr and --learning-rate both say"),
        (("--fractions", "0.5", "--fraction", "0.5"), "--fractions and --fraction both say"),
        (("--fractions", "half"), "--fractions wants numbers, such as 0.1,0.5, not half"),
        (("--jobs", "-1"), "--jobs must not be negative: -1"),
        (("--budget", "soon"), "--budget 'soon' is no time"),
    ],
)
def test_a_mistyped_option_ends_with_one_message(options, said, monkeypatch, capsys):
    assert run_tool("compare.py", *options, monkeypatch=monkeypatch) == 2
    assert said in capsys.readouterr().err


def test_a_comparison_from_the_command_line_leaves_its_report(tmp_path, monkeypatch, capsys):
    data = write_dataset(tmp_path / "made")
    out = tmp_path / "logs" / "mine"
    code = run_tool("compare.py", "--data", data, "--out", out, *OPTIONS, monkeypatch=monkeypatch)
    assert code == 0
    printed = capsys.readouterr()
    results = compare_report.read(out)
    assert printed.out.splitlines()[-1] == compare_report.answer(results)
    assert {len(seeds) for seeds in results.accuracies[1.0].values()} == {2}
    for name in ("report.html", "report.md", "report.csv", "runs.csv", "modes.png", "examples.png"):
        assert (out / name).stat().st_size > 0
    assert "none epoch: 3/3" in (out / "seed-0" / "noAug_training.log").read_text()
    assert results.state["command"].startswith("python tools/compare.py --data ")


def start(data, folder):
    """The tool as a job of its own, of which Ctrl-C reaches all processes."""
    command = [sys.executable, ROOT / "tools" / "compare.py", "--data", data, *OPTIONS]
    return subprocess.Popen(
        [*map(str, command), "--out", str(folder)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A finished comparison, and its data."""
    folder = tmp_path_factory.mktemp("undisturbed")
    data = write_dataset(folder / "made")
    process = start(data, folder / "a")
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    return data, folder / "a"


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_comparison_that_is_stopped_says_how_it_goes_on_and_does(
    undisturbed, tmp_path, number, code
):
    data, whole = undisturbed
    process = start(data, tmp_path)
    log = tmp_path / "seed-0" / "noAug_training.log"
    while not (log.exists() and "epoch: 1/3" in log.read_text()):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    os.killpg(process.pid, number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert said.splitlines()[-1] == "stopped; the same command goes on"
    assert "Traceback" not in said
    again = start(data, tmp_path)
    _, said = again.communicate(timeout=300)
    assert again.returncode == 0, said
    assert_same_comparison(whole, tmp_path)
