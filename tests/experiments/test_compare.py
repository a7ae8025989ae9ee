"""A comparison: which runs it trains, in what order, and that it continues where it was stopped."""

import re
import shlex
import shutil
import signal
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import paddle
import pytest
from in_process import TOOLS, refusal, run_tool
from made_data import spoil_images, write_dataset
from played import Played
from same_run import assert_same_comparison

from paddle_aug.config import TrainConfig
from paddle_aug.data import image
from paddle_aug.data.dataset import open_dataset
from paddle_aug.errors import UserError
from paddle_aug.experiments import compare, compare_report, compare_results, runner, search
from paddle_aug.experiments.compare import Experiment
from paddle_aug.experiments.compare_plan import Order, Settings, narrowing
from paddle_aug.experiments.runner import Local, Outcome
from paddle_aug.inputs import of_mode
from paddle_aug.results import runlog
from paddle_aug.results.stats import compared_in_pairs, compared_together, difference
from paddle_aug.rng import generator
from paddle_aug.system.files import read_json, write_json
from paddle_aug.training import fit as train
from paddle_aug.training import frozen

MODES = ("none", "hflip", "userDef")


def settings(**changes):
    """A run takes ten played seconds."""
    config = TrainConfig(
        network="lenet", image_size=28, epochs=10, device="cpu", batch_size=6, seed=3
    )
    config = replace(config, **changes.pop("config", {}))
    return Settings(config, **{"modes": MODES, "baseline": "none", "seeds": 3, **changes})


@pytest.fixture
def compared(monkeypatch, data, tmp_path):
    """Runs a comparison with played training; returns its results and what was played."""

    def run(played=None, jobs=1, folder=tmp_path, data=data, **changes):
        played = (played or Played()).install(monkeypatch)
        experiment = Experiment(settings(**changes), data, folder, "command", jobs, played.clock)
        return experiment.run(), played

    return run


def begun(played):
    return [(training.config.mode, training.config.seed) for training in played.begun]


# What is trained


def test_all_modes_have_one_seed_before_any_has_the_next(compared, tmp_path):
    _, played = compared()
    assert begun(played) == [(mode, seed) for seed in (3, 4, 5) for mode in MODES]
    for seed in (3, 4, 5):  # with logs named as the notebook's, in a folder a seed
        for prefix in ("noAug", "hflipAug", "userDefAug"):
            assert (tmp_path / f"seed-{seed}" / f"{prefix}_accEval.npy").exists()
    assert len(runlog.read_seeds([tmp_path])) == 9
    assert not (tmp_path / "models").exists()  # weights are not kept


def test_of_a_seed_the_modes_that_take_longest_are_first(compared):
    _, played = compared(Played(epoch_seconds={"hflip": 2.0, "userDef": 3.0}))
    assert begun(played) == [
        *((mode, 3) for mode in MODES),
        *((mode, seed) for seed in (4, 5) for mode in ("userDef", "hflip", "none")),
    ]


@pytest.mark.parametrize(("slots", "seeds"), [(2, 5), (2, 4), (4, 4)])
def test_no_slot_is_idle_for_long_at_the_end(compared, slots, seeds):
    seconds = {"none": 19.6, "userDef": 21.0, "imgaugLib": 22.0, "allab": 23.5, "allba": 23.7}
    played = Played(epoch_seconds=seconds)
    _, played = compared(played, jobs=slots, modes=tuple(seconds), seeds=seeds)
    shared = seeds * sum(
        map(played.seconds, {run.config.mode: run.config for run in played.begun}.values())
    )
    assert played.now < 1.02 * shared / slots


def test_runs_side_by_side_share_the_cores_and_a_continued_comparison_keeps_its_threads(
    compared, monkeypatch, tmp_path
):
    monkeypatch.setattr(runner, "cores", lambda: 64)
    for folder, jobs, seeds, at_once, threads in (
        ("a", 2, 3, 2, 32), ("a", 5, 4, 3, 32), ("b", 0, 5, 15, 64 // 15),
    ):  # fmt: skip
        _, played = compared(jobs=jobs, seeds=seeds, folder=tmp_path / folder)
        assert played.at_once == at_once
        assert {training.config.threads for training in played.begun} == {threads}


def test_fractions_of_the_list_are_trained_on_after_the_whole(compared, tmp_path):
    results, played = compared(fractions=(0.5, 1.0), seeds=2)
    assert [training.config.fraction for training in played.begun] == [1.0] * 6 + [0.5] * 6
    assert (tmp_path / "fraction-0.5" / "seed-3" / "noAug_run.json").exists()
    assert (results.trained_on(0.5), results.trained_on(1.0)) == (12, 24)


def test_a_seed_gives_all_modes_the_same_order_of_images(data, monkeypatch):
    """And the same first weights, as the tests of training show."""
    orders = {}

    class Stop(Exception):
        pass

    class Watched(frozen.Batches):
        def of(self, epoch):
            orders[run] = [labels.numpy().tolist() for _, labels, _ in super().of(epoch)]
            raise Stop

    monkeypatch.setattr(frozen, "Batches", Watched)
    monkeypatch.setattr(train, "begin", lambda run: train.Progress())
    for run in (("none", 3), ("hflip+mixup", 3), ("userDef", 3), ("none", 4)):
        mode, seed = run
        with pytest.raises(Stop):
            train.fit(replace(of_mode(settings().config, mode), seed=seed, threads=1), data)
    assert orders["none", 3] == orders["hflip+mixup", 3] == orders["userDef", 3]
    assert orders["none", 3] != orders["none", 4]


def test_each_mode_gets_the_learning_rate_that_did_best_on_images_held_back(compared, data):
    best = {"none": 1e-3, "hflip": 1e-4, "userDef": 1e-3}

    class ByRate(Played):
        def train(self, config, data):
            right = config.learning_rate == best[config.mode]
            self.skill = {config.mode: 0.9 if right else 0.4}
            return super().train(config, data)

    results, played = compared(ByRate(), rates=(1e-4, 1e-3), seeds=2)
    tuning, tested = played.runs[:6], played.runs[6:]
    evaluated = {sample.path for sample in data.eval}
    for _, part in tuning:
        assert (len(part.train), len(part.eval), len(part.test)) == (18, 6, 0)
        assert not evaluated & {sample.path for sample in [*part.train, *part.eval]}
    assert {(config.mode, config.learning_rate) for config, _ in tested} == set(best.items())
    assert results.state["rates"] == best
    assert len(results.state["tuning"]) == 6
    assert "0.0001 for `hflip`" in compare_report.method(results)
    _, played = compared(rates=(1e-4, 1e-3), seeds=3)  # rates are chosen once
    assert len(played.begun) == 3


# Folds


def test_each_fold_of_the_training_list_is_evaluated_once_by_each_mode(compared, data, tmp_path):
    results, played = compared(kfold=4, seeds=4, config={"fold": "1/4"})
    evaluated = {mode: [] for mode in MODES}
    for config, part in played.runs:
        assert config.fold == f"{config.seed - 2}/4"
        assert not {s.path for s in part.train} & {s.path for s in part.eval}
        assert (len(part.train), len(part.eval), len(part.test)) == (18, 6, 0)
        evaluated[config.mode] += [sample.path for sample in part.eval]
    for paths in evaluated.values():
        assert sorted(paths) == sorted(sample.path for sample in data.train)
    assert len({tuple(paths) for paths in evaluated.values()}) == 1
    again, played = compared(kfold=4, seeds=4, config={"fold": "1/4"})
    assert played.begun == []
    assert again.accuracies == results.accuracies
    with pytest.raises(UserError, match=r"is a comparison with --kfold 4, but this one has None"):
        compared(seeds=4)


def test_a_report_on_folds_says_so(compared):
    played = Played({"hflip": 0.8, "userDef": 0.5}, spread={"userDef": 0.1})
    results, _ = compared(played, kfold=5, seeds=5, config={"fold": "1/5"})
    answer, method = compare_report.answer(results), compare_report.method(results)
    assert re.search(r"`hflip` helps on photos: .*, 5 folds, p ", answer)
    assert re.search(r"`userDef` \(.*\): no difference shown with 5 folds\.", answer)
    assert "seed" not in answer + method
    assert "modes are compared in pairs by fold" in method
    assert "Each image of the training list is evaluated in one fold" in method
    assert "folds share training images, so that p comes out somewhat too small" in method
    assert compare_report.accuracy_table(results, 1.0)[0][-1] == "folds"


def test_folds_within_a_budget_and_on_fractions(compared):
    results, played = compared(
        kfold=4, seeds=4, fractions=(0.5, 1.0), budget=165.0, config={"fold": "1/4"}
    )
    assert {len(part.train) for config, part in played.runs if config.fraction == 0.5} == {9}
    assert "has 3 of 4 folds" in compare_report.left_out(results)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--kfold 5 --seeds 3", "give --kfold or --seeds, not both: with folds, a mode has a run"),
        ("--kfold 1", "--kfold must be at least 2, not 1"),
        ("--kfold 5 --holdout 0.2", "--kfold does not go with --holdout: each fold is held back"),
        ("--kfold 5 --fold 1/5", "give --kfold or --fold, not both"),
        ("--kfold 5 --early-stop 3", "--kfold does not go with --early-stop: no images are left"),
        ("--kfold 5 --learning-rates 0.1", "--kfold does not go with --learning-rates: they would "
         "be chosen on images of all folds; drop one of them"),
        ("--early-stop 3", "--early-stop chooses epochs by the images that a comparison judges by; "
         "add --holdout 0.2, so that runs stop by images held back from the training list, and are "
         "judged by the evaluation list"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_with_folds_or_early_stopping_is_refused(
    words, message, tmp_path, monkeypatch, capsys
):
    options = ["--data", tmp_path, "--out", tmp_path / "out", *words.split()]
    assert message in refusal("compare.py", *options, monkeypatch=monkeypatch, capsys=capsys)


# Early stopping


class StopsEarly(Played):
    """Runs are worth 0.9 by the test list, whatever the images held back say."""

    def train(self, config, data):
        seconds = super().train(config, data)
        file = runlog.run_file(config.log_dir, config.mode)
        test = {"loss": 1.0, "acc": 0.9 if config.mode == "hflip" else 0.5, "right": [4, 2, 0]}
        write_json(file, read_json(file) | {"test": test})
        return seconds


def test_runs_that_stop_early_are_judged_by_the_evaluation_list_alone(compared, data):
    results, played = compared(
        StopsEarly({"none": 0.99}), config={"early_stop": 3, "holdout": 0.25}
    )
    assert {tuple(s.path for s in part.test) for _, part in played.runs} == {
        tuple(sample.path for sample in data.eval)
    }
    assert results.accuracies[1.0]["hflip"] == {3: 0.9, 4: 0.9, 5: 0.9}
    assert results.accuracies[1.0]["none"] == {3: 0.5, 4: 0.5, 5: 0.5}
    run = results.runs[1.0]["hflip"][3]
    np.testing.assert_array_equal(compare_results.recall(run), [1, 0.5, 0])
    method = compare_report.method(results)
    assert (
        "until the accuracy on 6 images that were held back had not improved for 3 epoch" in method
    )
    assert "that of its last weights on the 12 images of the evaluation list" in method


def test_runs_that_stop_early_need_an_evaluation_list(compared, data):
    with pytest.raises(
        UserError, match="photos has no evaluation list, by which runs with --early"
    ):
        compared(data=replace(data, eval=[]), config={"early_stop": 3, "holdout": 0.25})


def test_a_file_of_weights_with_faults_is_refused_before_the_first_run_begins(compared, tmp_path):
    (tmp_path / "weights.txt").write_text("rose 2")
    played = Played()
    with pytest.raises(UserError, match="no class named 'rose'"):
        compared(played, config={"class_weights": str(tmp_path / "weights.txt")})
    assert played.begun == []


# Budget


def test_a_budget_reaches_as_far_as_it_can_and_the_report_names_the_rest(compared):
    results, played = compared(seeds=5, budget=95.0)
    assert begun(played) == [(mode, seed) for seed in (3, 4, 5) for mode in MODES]
    assert played.now == 90
    assert compare_report.left_out(results) == (
        "The budget of 1m35s ran out: `none` has 3 of 5 seeds, `hflip` has 3 of 5 seeds and "
        "`userDef` has 3 of 5 seeds."
    )


def test_beyond_three_seeds_a_budget_goes_where_the_interval_is_widest(compared):
    _, played = compared(Played(spread={"userDef": 0.05}), seeds=9, budget=150.0)
    later = begun(played)[9:]
    assert [mode for mode, _ in later] == ["none", "userDef"] * 3
    assert [seed for _, seed in later] == [6, 6, 7, 7, 8, 8]


def test_a_costly_mode_gets_fewer_runs_of_a_budget(compared):
    played = Played(epoch_seconds={"userDef": 30.0}, spread={"userDef": 0.01, "hflip": 0.01})
    compared(played, seeds=6, budget=1400.0)
    modes = [mode for mode, _ in begun(played)]
    assert (modes.count("hflip"), modes.count("userDef")) == (6, 4)


def test_where_the_budget_goes_does_not_depend_on_which_mode_is_ahead(compared, tmp_path):
    orders = []
    for skill in (0.1, 0.5, 0.9):
        played = Played(skill={"userDef": skill}, spread={"userDef": 0.03, "hflip": 0.02})
        compared(played, folder=tmp_path / f"{skill}", seeds=9, budget=200.0)
        orders.append(begun(played))
    assert orders[0] == orders[1] == orders[2]


def test_a_budget_that_is_spent_in_sessions_is_spent_once(compared):
    compared(seeds=5, budget=65.0)
    _, played = compared(seeds=5, budget=95.0)
    assert len(played.begun) == 3
    _, played = compared(seeds=5, budget=95.0)
    assert played.begun == []


# Racing


def test_a_mode_that_is_clearly_worse_gets_no_further_seeds_and_the_report_says_so(compared):
    played = Played(skill={"hflip": 0.4, "userDef": 0.6})
    results, _ = compared(played, seeds=6, racing=True)
    modes = [mode for mode, _ in begun(played)]
    assert [modes.count(mode) for mode in MODES] == [6, 3, 6]  # the baseline is worse, and stays
    assert compare_report.left_out(results) == (
        "By racing, `hflip` has 3 of 6 seeds, because the best was better by more than chance "
        "allows; that saved 30s of training."
    )
    assert "at 5 % for all such looks together" in compare_report.method(results)
    _, played = compared(played, seeds=6, racing=True)
    assert len(begun(played)) == 15  # none is trained again
    _, played = compared(seeds=6)
    assert begun(played) == [("hflip", seed) for seed in (6, 7, 8)]


def test_modes_that_are_equal_or_diverge_are_not_out(compared, tmp_path):
    _, played = compared(Played(spread=dict.fromkeys(MODES, 0.0)), seeds=5, racing=True)
    assert len(begun(played)) == 15
    diverges = Played(skill={"hflip": 0.1}, diverges=lambda config: config.mode == "userDef")
    _, played = compared(diverges, seeds=5, racing=True, folder=tmp_path / "other")
    modes = [mode for mode, _ in begun(played)]
    assert [modes.count(mode) for mode in MODES] == [5, 3, 5]


def test_racing_calls_no_more_than_five_per_cent_of_equal_modes_different():
    """Five modes that are all the same, six seeds: 400 comparisons by the comparison's own rules,
    half of them with unlike spreads."""
    modes = ("none", "hflip", "vflip", "userDef", "allab")
    racing = settings(modes=modes, seeds=6, racing=True, config={"seed": 0})
    rng = generator(1, "drawing")
    dropped = claimed = 0
    for number in range(400):
        spreads = rng.uniform(0.5, 2, 5) if number % 2 else np.ones(5)
        shared = rng.normal(0, 0.01, 6)  # by all runs of a seed
        drawn = [dict(enumerate(shared + rng.normal(0, 0.01 * spread, 6))) for spread in spreads]
        values = dict(zip(modes, drawn, strict=True))
        runs = [*Order(racing, partial(outcome_of, values), lambda: 0.0)]
        dropped += len(runs) < 30
        seen = {mode: {} for mode in modes}
        for trial in runs:
            seen[trial.mode][trial.seed] = values[trial.mode][trial.seed]
        pairs = {mode: (seen[mode], seen["none"]) for mode in modes[1:]}
        claimed += any(comparison.shown for comparison in compared_in_pairs(pairs).values())
    most = 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    assert dropped / 400 < most
    assert claimed / 400 < most


def outcome_of(values, trial):
    return Outcome(values[trial.mode][trial.seed], 1.0)


# Continuing


def test_spending_by_spread_claims_no_more_than_five_per_cent_of_differences_that_do_not_exist():
    """A budget of 18 runs over three modes that are all the same, with unlike spreads: 400
    comparisons, by the comparison's own rule."""
    rng = generator(1, "drawing")
    claims = 0
    for _ in range(400):
        values = [rng.normal(0, spread, 40) for spread in rng.uniform(0.002, 0.03, 2)]
        pairs = [dict(enumerate(drawn[:3])) for drawn in values]
        for _ in range(12):
            gains = [narrowing(seen, dict.fromkeys(seen, 0.0), len(seen)) for seen in pairs]
            mode = int(np.argmax(gains))
            pairs[mode][len(pairs[mode])] = values[mode][len(pairs[mode])]
        comparisons = compared_together(
            {mode: difference(seen, dict.fromkeys(seen, 0.0)) for mode, seen in enumerate(pairs)}
        )
        claims += any(comparison.shown for comparison in comparisons.values())
    assert claims / 400 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_finished_runs_are_not_trained_again_and_leave_no_weights_whenever_a_kill_came(
    compared, tmp_path
):
    compared(seeds=2, modes=("none", "hflip"))
    left = tmp_path / "models" / "seed-4" / ".hflipAug_last.pdparams.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half, as a kill leaves it after the logs of the run")
    _, played = compared(seeds=2, modes=("none", "hflip"))
    assert played.begun == []
    assert not (tmp_path / "models").exists()
    results, played = compared()  # with another seed and another mode
    assert begun(played) == [("userDef", 3), ("userDef", 4), *((mode, 5) for mode in MODES)]
    assert {len(seeds) for seeds in results.accuracies[1.0].values()} == {3}


def test_a_run_that_dies_again_and_again_ends_the_comparison_which_keeps_the_rest(
    compared, tmp_path
):
    with pytest.raises(UserError) as error:
        compared(Played(deaths=[("hflip", 4)] * 3))
    assert str(error.value) == (
        "seed 4 hflip: its process was killed by signal 9, 3 times after 0 of 10 epochs; its "
        f"output is in {tmp_path}/seed-4/hflipAug_training.log. Run the same command to continue"
    )
    results, played = compared(Played(deaths=[("hflip", 4)] * 2))
    assert begun(played)[:3] == [("hflip", 4)] * 3
    assert len(results.accuracies[1.0]["hflip"]) == 3


def test_a_run_that_diverges_ends_like_another_and_is_not_trained_again(compared, tmp_path, caplog):
    played = Played(diverges=lambda config: (config.mode, config.seed) == ("hflip", 4))
    results, _ = compared(played)
    assert len(played.begun) == 9
    assert "seed 4 hflip: diverged in epoch 2" in caplog.messages
    assert read_json(tmp_path / "compare.json")["diverged"] == [{"run": "seed 4 hflip", "epoch": 2}]
    assert "`hflip` diverged with 1 of 3 seeds (4 in epoch 2)" in compare_report.answer(results)
    _, again = compared()
    assert again.begun == []
    assert read_json(tmp_path / "compare.json")["diverged"] == [{"run": "seed 4 hflip", "epoch": 2}]


def test_a_learning_rate_that_diverges_is_not_chosen(compared):
    """Of rates that all diverge, the smallest is."""
    results, _ = compared(
        Played(
            diverges=lambda config: config.learning_rate > (0.5 if config.mode == "none" else 0)
        ),
        rates=(1.0, 0.5),
        seeds=1,
    )
    assert results.state["rates"] == {"none": 0.5, "hflip": 0.5, "userDef": 0.5}
    text = compare_report.method(results)
    assert "At 1, `none` diverged. At 1 and 0.5, `hflip` diverged." in text


def test_what_no_run_could_take_is_refused_before_the_first_begins(compared, data, tmp_path):
    played = Played()
    for changes, config, message in (
        ({"test": data.eval}, {"holdout": 0.25}, "others to test on; drop --holdout"),
        ({"eval": []}, {}, "has no images to evaluate on"),
        ({}, {"first": 99}, "--first 99 is not from 1 to 24"),
        ({}, {"network": "vgg16"}, "--network vgg16 --image-size 28: "),
        ({}, {"freeze": "conv9"}, "--freeze 'conv9'"),
        ({}, {"stretch": False}, "eval-transform"),
        (
            {},
            {"network": "efficientnet_lite0", "pretrained": "imagenet", "normalize": "unit"},
            "--normalize unit: these weights lose",
        ),
    ):
        with pytest.raises(UserError, match=message):
            compared(played, data=replace(data, **changes), config=config)
    assert played.begun == []
    assert not any(tmp_path.rglob("compare.json"))  # the right command may have the same folder


def test_another_comparison_is_not_continued(compared, data):
    compared(seeds=1)
    with pytest.raises(UserError, match=r"a comparison with --learning-rates none, but this one"):
        compared(seeds=1, rates=(0.1,))
    with pytest.raises(UserError, match=r"is a comparison on other data, or its lists have chan"):
        compared(seeds=1, data=replace(data, train=data.train[:-1]))


def test_runs_with_other_settings_in_the_folder_are_refused(compared, tmp_path):
    compared(folder=tmp_path / "a", seeds=1)
    compared(folder=tmp_path / "b", seeds=1, config={"learning_rate": 0.1})
    for file in (tmp_path / "b" / "seed-3").glob("noAug*"):
        file.replace(tmp_path / "a" / "seed-3" / file.name)
    with pytest.raises(UserError, match=r"--learning-rate 0.1"):
        compared(folder=tmp_path / "a", seeds=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"modes": ("none",)}, "--modes needs at least two modes"),
        ({"modes": ("none", "hflip", "hflip")}, "--modes lists hflip twice"),
        ({"baseline": "allab"}, "--baseline allab is not one of --modes none,hflip,userDef"),
        ({"modes": ("none", "hflop")}, "did you mean 'hflip'"),
        ({"seeds": 0}, "--seeds must be at least 1, not 0"),
        ({"fractions": (0.5, 0.5)}, "--fractions lists a value twice"),
        ({"fractions": (1.5,)}, "--fractions: 1.5 is not above 0 and at most 1"),
        ({"rates": (0.0,)}, "--learning-rates: 0 is not above 0"),
        ({"racing": True, "budget": 60.0}, "--racing and --budget both say which modes get more"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(UserError, match=message):
        settings(**changes)


def test_the_devices_are_the_gpus_in_turn_or_the_cpu(monkeypatch):
    config = TrainConfig(device="cpu")
    assert Local().devices(config, 3) == ["cpu"] * 3
    assert Local().devices(config) == ["cpu"] * runner.cores()
    monkeypatch.setattr(paddle.device, "is_compiled_with_cuda", lambda: True)
    monkeypatch.setattr(paddle.device.cuda, "device_count", lambda: 2)
    config = TrainConfig()
    assert Local().devices(config) == ["gpu:0", "gpu:1"]
    assert Local().devices(config, 3) == ["gpu:0", "gpu:1", "gpu:0"]
    assert Local().devices(replace(config, device="gpu:1")) == ["gpu:1"]
    assert Local(per_gpu=2).devices(config) == ["gpu:0", "gpu:1"] * 2
    assert Local(per_gpu=2).devices(replace(config, device="gpu:1")) == ["gpu:1"] * 2


# The tool itself

OPTIONS = (
    "--modes", "none,hflip", "--seeds", "2", "--network", "lenet", "--image-size", "28",
    "--epochs", "3", "--batch-size", "6", "--device", "cpu", "--jobs", "2",
)  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--learning-rates", "1e-3", "--learning-rate", "0.1"), "-rates or --learning-rate, not"),
        (("--fractions", "0.5", "--fraction", "0.5"), "--fractions or --fraction, not both"),
        (("--fractions", "half"), "argument --fractions: invalid numbers value: 'half'"),
        (("--jobs", "-1"), "--jobs must not be negative: -1"),
        (("--budget", "soon"), "--budget 'soon' is not a time"),
    ],
)
def test_a_mistyped_option_ends_with_one_message(options, message, monkeypatch, capsys):
    assert run_tool("compare.py", *options, monkeypatch=monkeypatch) == 2
    assert message in capsys.readouterr().err


def test_a_comparison_from_the_command_line_decodes_each_image_once_and_leaves_its_report(
    tmp_path, monkeypatch, capfd
):
    photos = write_dataset(tmp_path / "photos", classes=2, train=24, evaluate=8)
    out = tmp_path / "logs" / "mine"
    decoded = []

    def decode(data, path):
        decoded.append(path)
        return decode_image(data, path)

    def run(self, **options):
        spoil_images(photos)  # runs have no need of the files
        return run_comparison(self, **options)

    decode_image, run_comparison = image.decode_image, Experiment.run
    monkeypatch.setattr(image, "decode_image", decode)
    monkeypatch.setattr(Experiment, "run", run)
    words = ("--data", photos, "--out", out, *OPTIONS, "--fractions", "0.5,1")
    assert run_tool("compare.py", *words, monkeypatch=monkeypatch) == 0
    assert len(decoded) == len(set(decoded)) == 64
    printed = capfd.readouterr()
    results = compare_results.read(out)
    assert printed.out == compare_report.as_text(results) + "\n"
    recipe = {"name": "small", "epochs": 100}
    assert results.state["recipe"] == recipe  # so a longer comparison is what comes next
    assert "--epochs 100 --out" in printed.out.splitlines()[-1]
    assert "epoch" not in printed.err  # which is for the runs' own logs
    assert "Warning" not in printed.err
    for fraction in (0.5, 1.0):
        assert {len(seeds) for seeds in results.accuracies[fraction].values()} == {2}
    for name in ("report.html", "report.md", "report.csv", "runs.csv", "modes.png", "examples.png"):
        assert (out / name).stat().st_size > 0
    log = (out / "seed-0" / "noAug_training.log").read_text()
    assert "3/3" in log
    assert results.state["command"].startswith(f"python {TOOLS / 'compare.py'} --data ")


@pytest.mark.slow
def test_a_comparison_that_is_stopped_says_how_to_continue_and_does(
    photos, tmp_path, monkeypatch, stop_tool
):
    """By SIGTERM; a search is stopped by Ctrl-C."""
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    words = ("--data", photos, *OPTIONS, "--out")
    log = stopped / "seed-0" / "noAug_training.log"
    stop_tool("compare.py", (*words, stopped), log, "1/3", signal.SIGTERM)
    for folder in (whole, stopped):
        assert run_tool("compare.py", *words, folder, monkeypatch=monkeypatch) == 0
    assert_same_comparison(whole, stopped)


def test_the_listed_commands_train_what_the_comparison_would(photos, tmp_path, monkeypatch, capsys):
    whole, listed = tmp_path / "whole", tmp_path / "listed"
    names = ("--fractions", "0.5,1", "--name", "mild=hflip|rotate(5)")
    words = ("--data", photos, *OPTIONS, *names, "--modes", "none,mild+mixup", "--out")
    assert run_tool("compare.py", *words, whole, monkeypatch=monkeypatch) == 0
    capsys.readouterr()
    assert run_tool("compare.py", *words, listed, "--list-commands", monkeypatch=monkeypatch) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 8
    for line in lines:
        python, tool, *options = shlex.split(line)
        assert (python, tool) == ("python", str(TOOLS / "train.py"))
        assert run_tool("train.py", *options, monkeypatch=monkeypatch) == 0
    capsys.readouterr()
    assert run_tool("compare.py", *words, listed, "--list-commands", monkeypatch=monkeypatch) == 0
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(runner.LocalWorker, "begin", None)  # no run is left
    assert run_tool("compare.py", *words, listed, monkeypatch=monkeypatch) == 0
    for log in whole.rglob("*_training.log"):  # which a run of its own does not have
        log.unlink()
    assert_same_comparison(whole, listed)


@pytest.mark.parametrize(("option", "value"), [("--budget", "1h"), ("--learning-rates", "0.1,0.2")])
def test_runs_that_depend_on_others_are_not_listed(
    photos, tmp_path, option, value, monkeypatch, capsys
):
    words = ("--data", photos, *OPTIONS, option, value, "--out", tmp_path, "--list-commands")
    message = refusal("compare.py", *words, monkeypatch=monkeypatch, capsys=capsys)
    assert message.endswith(f"no list of commands has them all; drop {option}\n")


@pytest.mark.parametrize(
    "part",
    [
        lambda data: compare.held_back(TrainConfig(), 0.25, data),
        lambda data: search.part_of(0.25, 1, data),
        lambda data: search.set_test_aside(search.Settings(TrainConfig(), 9.0), data)[0],
    ],
    ids=["rates", "candidates", "test"],
)
def test_copies_of_an_image_are_not_on_both_sides_of_any_part(tmp_path, part):
    folder = write_dataset(tmp_path / "made", classes=2, train=16, evaluate=0) / "Images"
    for file in list(folder.rglob("*.png")):
        shutil.copy(file, file.with_name(f"{file.stem}-2.png"))
    data = part(open_dataset(folder))
    sides = [
        {Path(sample.file).read_bytes() for sample in side} for side in (data.train, data.eval)
    ]
    assert all(sides)
    assert not set.intersection(*sides)
