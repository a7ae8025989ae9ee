"""A search: what it plans, that no choice sees the eval list, that it continues after a kill, and
what it reports. Training is played, except in two tests at the end."""

import json
import logging
import re
import shlex
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from in_process import run_tool
from made_data import spoil_images, write_dataset
from made_search import state_of
from played import Played as PlayedTraining

from paddle_aug.commands import compare as compare_command
from paddle_aug.commands import search as search_command
from paddle_aug.config import TrainConfig
from paddle_aug.errors import UserError
from paddle_aug.experiments import runner, search, search_page, search_report
from paddle_aug.experiments.search import Search, Settings
from paddle_aug.results.colours import FURTHER_COLOURS
from paddle_aug.results.runlog import read_seeds
from paddle_aug.results.stats import final_accuracy
from paddle_aug.results.text import parse_duration

BASELINES = ("none", "userDef")
Played = partial(PlayedTraining, start=0.5)


def settings(**changes):
    config = TrainConfig(network="vgg_thin_bn", image_size=16, epochs=20, schedule="cosine", seed=4)
    config = replace(config, **changes.pop("config", {}))
    return Settings(config, **{"budget": 450.0, "candidates": 6, "against": BASELINES, **changes})


@pytest.fixture
def searched(monkeypatch, data, tmp_path):
    """Does a search with played training, through to its end; returns its state."""

    def run(played=None, folder=tmp_path, data=data, jobs=1, **changes):
        played = (played or Played()).install(monkeypatch)
        monkeypatch.setattr(search_page, "write", lambda state, folder: None)
        command = "python tools/train.py"
        return Search(settings(**changes), data, folder, command, jobs, played.clock).run()

    return run


def stage(config):
    """The stage of the search that a run belongs to."""
    return Path(config.log_dir).parent.name


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seeds": 1}, r"--seeds must be at least 2, not 1"),
        ({"candidates": 1}, r"--candidates must be at least 2, not 1"),
        ({"candidates": 2, "also": ("hflip", "vflip", "noise")}, r"--also names 3 modes, more"),
        ({"against": ()}, r"--against names no mode"),
        ({"against": ("userdef",)}, r"did you mean 'userDef'"),
        ({"also": ("hflip+mixap",)}, r"no mix named 'mixap'"),
        ({"config": {"early_stop": 3}}, r"divides the data itself; drop --early-stop"),
        ({"config": {"fold": "1/4"}}, r"divides the data itself; drop --fold"),
    ],
)
def test_a_mistake_in_the_settings_is_refused_before_anything_is_trained(changes, message):
    with pytest.raises(UserError, match=message):
        settings(**changes)


# What is trained, on what


@pytest.mark.parametrize("listed", [True, False], ids=["eval list", "no eval list"])
def test_the_search_sees_nothing_of_the_images_that_test_its_winner(searched, data, listed):
    played = Played()
    state = searched(played, data=data if listed else replace(data, eval=[]))
    parts = [
        (stage(config), *({s.path for s in samples} for samples in (part.train, part.eval)))
        for config, part in played.runs
    ]
    assert not any(part.test for _, part in played.runs)
    ((train, tested),) = {tuple(map(frozenset, sides)) for name, *sides in parts if name == "final"}
    assert not train & tested
    assert len(tested) == (12 if listed else 6)
    assert train | tested == {s.path for s in data.train + data.eval * listed}
    for name, trained, judged in parts:
        if name != "final":
            assert trained | judged == train
            assert not trained & judged
            assert len(judged) == round(0.25 * len(train))
    assert {name for name, *_ in parts} == {"measure", "rung-0", "rung-1", "final"}
    assert ("(25 % of the training list, held back)" in search_report.tested(state)) != listed


def test_no_two_stages_share_a_seed_and_within_one_all_modes_have_the_same(searched):
    state = searched()
    stages = [*state["rungs"], state["final"]]
    seeds = [seed for stage in stages for seed in stage["seeds"]]
    assert len(set(seeds)) == len(seeds)
    for part, stage in zip(("rung-0", "rung-1", "final"), stages, strict=True):
        for by_seed in search_report.accuracies(state, part).values():
            assert sorted(by_seed) == stage["seeds"]


def test_the_best_go_on_and_the_best_of_all_wins(searched):
    candidates = settings().proposed()
    skill = {mode: 0.5 + 0.02 * place for place, mode in enumerate(candidates)}
    state = searched(Played(skill))
    assert state["rungs"][1]["candidates"] == candidates[:-3:-1]
    assert state["final"]["modes"][0] == candidates[-1]
    assert state["final"]["epochs"] == 20


def test_a_candidate_that_diverges_is_the_worst(searched, tmp_path):
    candidates = settings().proposed()
    best = candidates[-1]
    lost = Played({best: 0.9}, diverges=lambda config: config.mode == best)
    state = searched(lost)
    assert state["rungs"][0]["ranking"][-1] == [best, None]
    assert best not in state["rungs"][1]["candidates"]
    assert state["final"]["modes"][0] != best
    report = search_report.report(state)
    assert f"| `{best}` | diverged |" in report.replace("\\|", "|")
    assert "Left out" not in report
    begun = len(lost.runs)
    searched(lost)  # is read from search.json
    assert len(lost.runs) == begun


def test_if_all_candidates_diverge_the_search_ends_with_one_message(searched):
    candidates = settings().proposed()
    with pytest.raises(UserError, match=r"all 6 candidates diverged: .* --learning-rate 1e-05$"):
        searched(Played(diverges=lambda config: config.mode in candidates))


def test_the_users_own_candidates_are_tried_first():
    own, *others = settings(also=("hflip|noise(1)",)).proposed()
    assert (own, len(others)) == ("hflip|noise(1)", 5)


def test_weights_are_kept_of_the_winner_in_the_test_alone(searched, tmp_path):
    state = searched()
    left = sorted(path for path in tmp_path.rglob("*.pd*"))
    seeds = state["final"]["seeds"]
    assert {path.parent.parent.name for path in left} == {f"seed-{seed}" for seed in seeds}
    assert len(left) == 2 * len(seeds)  # best and last
    assert {path.relative_to(tmp_path).parts[0] for path in left} == {"final"}
    assert not (tmp_path / "rung-0" / f"seed-{state['rungs'][0]['seeds'][0]}" / "weights").exists()


def test_the_plan_and_each_run_have_a_line(searched, caplog):
    caplog.set_level(logging.INFO, "paddle_aug")
    state = searched()
    measuring, *messages = caplog.messages
    assert measuring == "measuring an epoch of 2 modes, to plan the search"
    plan = messages.pop(len(BASELINES))  # which are measured before
    assert len(plan.splitlines()) == len(state["plan"]["rungs"]) + 1
    assert plan.startswith("rung 0: 6 candidates")
    assert len(messages) == len(state["runs"])


# The clock


def slow(seconds, candidates):
    """An epoch of a candidate takes so long, but for those that are measured before the plan."""
    proposed = settings(candidates=candidates).proposed()
    return {mode: seconds for mode in proposed if mode not in BASELINES}


@pytest.mark.parametrize("budget", [400.0, 700.0, 5000.0])
@pytest.mark.parametrize("slower", [1.0, 1.5, 4.0])
@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_the_budget_is_overrun_by_one_run_at_most(searched, budget, slower, jobs):
    """Candidates turn out to take up to four times what the first runs took."""
    played = Played(epoch_seconds=slow(slower, 9), start=0.2)
    state = searched(played, budget=budget, candidates=9, jobs=jobs)
    assert played.at_once == jobs
    assert state["spent"] == pytest.approx(played.now)
    assert state["spent"] <= budget + max(run["seconds"] for run in state["runs"])
    if slower == 1.0:
        assert state["spent"] <= budget


def test_runs_side_by_side_buy_a_larger_search(searched, tmp_path):
    one, two = (searched(folder=tmp_path / str(jobs), jobs=jobs, candidates=27) for jobs in (1, 2))
    epochs = [sum(run["epochs"] for run in state["runs"]) for state in (one, two)]
    assert epochs[1] > 1.5 * epochs[0]
    assert "with 2 runs side by side" in search_report.report(two)
    assert "side by side" not in search_report.report(one)


def test_runs_side_by_side_end_in_any_order_and_come_to_the_same(searched, tmp_path):
    """Where the budget is far from being needed."""
    skill = {mode: 0.5 + 0.02 * place for place, mode in enumerate(settings().proposed())}
    uneven = {mode: 1 + place % 3 for place, mode in enumerate(skill)}
    searches = [
        searched(Played(skill, uneven), tmp_path / str(jobs), jobs=jobs, budget=9000.0)
        for jobs in (1, 2, 3)
    ]
    orders = [[(run["mode"], run["seed"]) for run in state["runs"]] for state in searches]
    assert orders[0] != orders[1] != orders[2]
    for name in ("plan", "rungs", "final"):
        parts = [state[name] for state in searches]
        if name == "plan":
            parts = [part["rungs"] for part in parts]
        assert parts[0] == parts[1] == parts[2], name
    tables = [search_report.accuracies(state, "final") for state in searches]
    assert [[*by_seed] for by_seed in tables[1].values()] == [searches[0]["final"]["seeds"]] * 3
    assert tables[0] == tables[1] == tables[2]


def test_when_the_clock_runs_ahead_later_rungs_shrink_and_the_report_says_so(searched):
    state = searched(Played(epoch_seconds=slow(2.2, 27)), candidates=27)
    planned = [list(rung.values()) for rung in state["plan"]["rungs"]]
    assert planned == [[25, 3, 1], [9, 4, 2], [3, 9, 3]]
    assert (
        "Left out because of the budget: 2 of the proposed candidates were not planned for; rung 1 "
        "had 7 candidates, 3 epochs with 1 seed instead of 9 candidates, 4 epochs with 2 seeds; "
        "rung 2 had 3 candidates, 3 epochs with 2 seeds instead of 3 candidates, 9 epochs with 3 "
        "seeds; the test had 9 epochs a run instead of 13."
    ) in search_report.report(state)


def test_a_rung_that_the_clock_stops_is_ranked_by_the_seeds_that_all_candidates_have(
    data, tmp_path
):
    made = Search(settings(), data, tmp_path)
    rung = {"candidates": ["a", "b", "c"], "seeds": [1, 2]}
    made.state["runs"] = [
        {"part": "rung-0", "mode": mode, "seed": seed, "accuracy": accuracy}
        for mode, seed, accuracy in [("a", 1, 0.5), ("b", 1, 0.6), ("c", 1, 0.4), ("a", 2, 0.9)]
    ]
    assert made.ranking("rung-0", rung) == [["b", 0.6], ["a", 0.5], ["c", 0.4]]
    made.state["runs"] = made.state["runs"][:2]
    assert made.ranking("rung-0", rung) == [["b", 0.6], ["a", 0.5]]


def test_time_that_is_left_goes_into_more_seeds_of_the_test(searched):
    state = searched(budget=3000.0)
    assert len(state["final"]["seeds"]) == 10
    assert "trained with 10 seeds" in search_report.tested(state)


def test_a_budget_that_is_too_short_is_refused_with_the_least_that_would_do_and_that_does(searched):
    with pytest.raises(UserError, match=r"--budget 1m is too short for an honest answer") as error:
        searched(budget=60.0)
    least = re.search(r"with --budget (\S+) to continue", str(error.value))[1]
    played = Played()
    state = searched(played, budget=parse_duration(least))
    assert state["final"]["finished"]
    assert not any(stage(config) == "measure" for config, _ in played.runs)
    assert len(state["final"]["seeds"]) == 3


@pytest.mark.parametrize(
    "changes",
    [{"config": {"image_size": 32}}, {"config": {"fraction": 0.5}}, {"against": ("none",)}],
)
def test_what_the_refusal_of_a_budget_advises_is_taken_in_the_same_folder(
    searched, tmp_path, changes, caplog
):
    with pytest.raises(
        UserError, match="a smaller --image-size or --fraction, or with fewer modes"
    ):
        searched(budget=60.0)
    played = Played()
    state = searched(played, **changes)
    assert state["final"]["finished"]
    measured = [config for config, _ in played.runs if stage(config) == "measure"]
    assert len(measured) == len(state["settings"]["against"])
    (moved,) = (tmp_path / "replaced").iterdir()
    assert sorted(path.name for path in moved.iterdir()) == ["measure", "search.json"]


# Continuing


def test_stopped_after_every_single_run_it_comes_to_the_same_end_and_repeats_none(
    searched, tmp_path
):
    expected = searched(folder=tmp_path / "whole")
    for _ in expected["runs"][:-1]:
        with pytest.raises(KeyboardInterrupt):
            searched(Played(stop_after=1), tmp_path / "stopped")
    assert searched(Played(stop_after=1), tmp_path / "stopped") == expected


def test_a_search_from_before_runs_were_side_by_side_is_continued(searched, tmp_path):
    expected = searched(folder=tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        searched(Played(stop_after=5), tmp_path / "stopped")
    file = tmp_path / "stopped" / "search.json"
    state = json.loads(file.read_text("utf-8"))
    for name in ("spent", "threads", "side_by_side"):
        del state[name]
    file.write_text(json.dumps(state), "utf-8")
    assert searched(folder=tmp_path / "stopped") == expected


def test_a_kill_between_a_runs_end_and_its_record_counts_its_epochs_and_leaves_no_weights(
    monkeypatch, data, tmp_path
):
    """`fit` then returns what its logs hold, in no time."""

    class Finished(PlayedTraining):
        def train(self, config, data):
            super().train(config, data)
            return 0.0

    Finished().install(monkeypatch)
    made = Search(settings(), data, tmp_path, jobs=1)
    with runner.Local().workers(data, ["cpu"], 1) as made.workers:
        stage = {"seeds": [4], "epochs": 5, "stopped": False}
        made.train("measure", stage, ["none"], lambda mode: True)
    assert made.state["runs"][0]["seconds"] == 5.0
    assert not list(tmp_path.rglob("*.pd*"))


def test_a_kill_before_the_weights_are_removed_is_made_good(searched, tmp_path):
    expected = searched()
    weights = tmp_path / "measure" / "seed-4" / "weights"
    weights.mkdir()
    for name in ("noAug_best.pdparams", ".noAug_last.pdparams.part"):
        (weights / name).write_bytes(b"left by a kill")
    assert searched() == expected
    assert not weights.exists()


def test_another_search_is_not_continued_but_where_and_how_fast_it_runs_may_change(
    searched, data, tmp_path
):
    expected = searched()
    for changes, difference in (
        ({"budget": 1000.0}, "--budget 7m30s"), ({"config": {"epochs": 30}}, "--epochs 20"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=f"a search with {difference}, but this one has"):
            Search(settings(**changes), data, tmp_path)
    with pytest.raises(UserError, match=r"search\.json is a search on other data"):
        Search(settings(), replace(data, train=data.train[1:]), tmp_path)
    changed = Search(settings(config={"threads": 3, "cache": "off"}), data, tmp_path)
    assert changed.state["runs"] == expected["runs"]


# What is said


HIGH = [0.700, 0.710, 0.702]
LOW = [0.640, 0.649, 0.643]
NOISY = [0.690, 0.650, 0.720]


@pytest.mark.parametrize(
    ("hflip", "others", "sentence"),
    [
        (
            HIGH, {"none": LOW, "userDef": LOW},
            "`hflip` is better than `none` by 6.0 ± 0.2 points and than `userDef` by 6.0 ± 0.2 "
            "points.",
        ),
        (
            HIGH, {"none": LOW, "userDef": NOISY},
            "`hflip` is better than `none` by 6.0 ± 0.2 points; no significant gain over "
            "`userDef` (no difference shown with 3 seeds; if the true difference is the one seen "
            "here, about 52 seeds would show it).",
        ),
        (
            HIGH, {"none": [0.76, 0.771, 0.763], "userDef": LOW},
            "`hflip` is better than `userDef` by 6.0 ± 0.2 points, and worse than `none` by "
            "6.1 ± 0.1 points.",
        ),
        (
            HIGH, {"none": HIGH, "userDef": NOISY},
            "No significant gain over `none` (no difference shown: the same with each of 3 seeds) "
            "and `userDef` (no difference shown with 3 seeds; if the true difference is the one "
            "seen here, about 52 seeds would show it) by `hflip`, the best of 2 candidates.",
        ),
        (
            [0.9], {"none": [0.1]},
            "No significant gain over `none` (no difference shown: one seed cannot tell a "
            "difference from chance) by `hflip`, the best of 2 candidates.",
        ),
        (
            HIGH, {},
            "No gain: the best of 2 candidates is `hflip`, the only mode that it was to be "
            "compared with.",
        ),
        (
            [], {"none": []},
            "No answer: the budget ran out before `hflip`, the best of 2 candidates, could be "
            "tested.",
        ),
        (
            HIGH, {"none": LOW, "userDef": [0.7, None, None]},
            "`hflip` is better than `none` by 6.0 ± 0.2 points; no significant gain over "
            "`userDef` (no difference shown: one seed cannot tell a difference from chance). In "
            "the test, `userDef` with 2 seeds diverged; these runs are in no mean.",
        ),
        (
            [None] * 3, {"none": LOW},
            "No answer: no run of `hflip`, the best of 2 candidates, has one to be compared with. "
            "In the test, `hflip` with 3 seeds diverged; these runs are in no mean.",
        ),
    ],
)  # fmt: skip
def test_the_reports_first_sentence_is_the_answer(hflip, others, sentence, tmp_path):
    state = state_of({"hflip": hflip, **others}, modes=["hflip", *others])
    assert search_report.answer(state) == sentence
    search_page.write(state, tmp_path)
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert text.startswith(sentence + "\n\nEach mode was trained with ")
    assert ("| `hflip` | diverged | 0 | – | – |" in text) == (None in hflip)
    assert (tmp_path / "report.png").exists() == ("![" in text) == ("could be tested" not in text)


@pytest.mark.parametrize("finalists", [3, 12])
def test_modes_of_a_searchs_page_have_colours_of_their_own_and_the_others_share_one(finalists):
    state = state_of({"hflip": HIGH, "none": LOW, "userDef": LOW})
    candidates = ["hflip", *(f"noise({number})" for number in range(3, 23))]
    ranking = [[mode, 0.5] for mode in candidates]
    rung = state["rungs"][0]
    state["rungs"] = [
        {**rung, "candidates": candidates[:most], "ranking": ranking[:most]}
        for most in (21, finalists)
    ]
    modes = search_page.modes_of(state)
    assert len(set(modes.values())) == len(modes)
    assert list(modes)[:4] == ["hflip", "none", "userDef", "noise(3)"]
    assert list(modes)[-1] == search_page.OTHERS
    assert len(modes) == (6 if finalists == 3 else 2 + len(FURTHER_COLOURS) + 1)
    search_page.rungs_chart(state, list(modes))


def test_a_test_that_the_clock_stopped_says_so():
    text = search_report.report(state_of({"hflip": [0.9], "none": [0.1]}, stopped=True))
    assert "was trained with 1 seed and" in text
    assert "The budget ended before all runs of the test were done." in text
    assert "the test was stopped after 2 runs of 9" in text


def test_the_report_says_what_was_tried_what_was_left_out_and_how_to_train(tmp_path):
    state = state_of({"hflip": HIGH, "none": LOW, "userDef": NOISY}, epochs=12)
    state["candidates"].append("blur")
    state["plan"]["rungs"].append({"candidates": 1, "epochs": 8, "seeds": 2})
    text = search_report.report(state)
    assert text.startswith(
        "Too early to tell: the runs of the test had 12 epochs, and the settings have 20; longer "
        "training tends to favour stronger augmentation. So far: `hflip` is better than `none`"
    )
    assert "The runs had 12 epochs each." in text
    for part in (
        "2 of 3 proposed candidates, on 100 training images; each run of the search held back 25 %",
        "1 of the proposed candidates were not planned for; rung 1 was left out; the test had",
        "tools/compare.py --data photos --recipe small --modes none,userDef,hflip --seeds 5 --out",
        "| `hflip` | 70.4 ± 1.3 | 3 | – | – | 1.2 |",
        "| `none` | 64.4 ± 1.1 | 3 | +6.0 ± 0.2 | < 0.001 | 1.2 |",
        "| `noise(3)` | 50.0 | 1.2 |\n",
        "Mean accuracy of the last 5 epochs",
    ):
        assert part in text


def test_pipes_in_a_table_are_escaped_and_in_a_command_quoted():
    state = state_of({"hflip|noise(1)": HIGH, "none": LOW}, modes=["hflip|noise(1)", "none"])
    text = search_report.report(state)
    assert r"| `hflip\|noise(1)` | 70.4" in text
    assert "--augment 'hflip|noise(1)'" in text


@pytest.mark.parametrize(
    ("final", "text", "command"),
    [
        (
            {"hflip": HIGH, "none": LOW},
            "This trains with the winner, `hflip`.", "train.py {data} --augment hflip",
        ),
        (
            {"hflip": LOW, "none": HIGH},
            "This trains with `none`.", "train.py {data} --augment none",
        ),
        (
            {"hflip": HIGH, "none": NOISY},
            "The search does not settle it. This compares the modes of its test, with 5 seeds "
            "each.",
            "compare.py {data} --modes none,hflip --seeds 5 --out logs/compare-winner",
        ),
        (
            {"hflip": HIGH},
            "The test had one mode. This compares it with others, with 5 seeds each.",
            "compare.py {data} --modes 'none,random_resized_crop(area=(0.5, 1))|hflip,"
            "trivialaugment,userDef,imgaugLib,hflip' --seeds 5 --out logs/compare-winner",
        ),
    ],
)  # fmt: skip
def test_a_search_ends_with_the_command_that_settles_what_is_open(final, text, command):
    state = state_of(final, modes=[*final])
    step = search_report.what_next(state)
    full = "python tools/" + command.format(data="--data photos --recipe small")
    assert step == (text, full)
    assert f"## What to run next\n\n{text}\n\n```sh\n{full}\n```" in search_report.report(state)


def test_the_comparison_that_comes_next_takes_the_options_of_the_search():
    state = state_of({"hflip": HIGH, "none": NOISY}, modes=["hflip", "none"])
    state["command"] = "python tools/train.py --data photos --visualdl vdl --amp --augment"
    _, tool, *words = shlex.split(search_report.what_next(state).command)
    assert tool == "tools/compare.py"
    options, given = compare_command.parse(words)
    assert (options.seeds, given) == (5, {"data": "photos", "amp": True})


def test_where_curves_of_the_test_still_rise_the_answer_begins_with_that():
    state = state_of({"hflip": HIGH, "none": LOW}, modes=["hflip", "none"], rising={"none": 0.021})
    assert search_report.answer(state).startswith(
        "Too early to tell: the eval accuracy of `none` (by 2.1 points) still rises in the last 5 "
        "epochs. So far: `hflip` is better than `none`"
    )
    assert search_report.what_next(state).command.startswith("python tools/compare.py")


def test_the_next_command_drops_what_only_made_the_search_shorter(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["tools/search.py"])
    given = {"data": "photos", "fraction": 0.5, "image_size": 32, "batch_size": 8, "threads": 1}
    command, dropped = search_command.training_command(given, "small")
    assert command == "python tools/train.py --recipe small --data photos --batch-size 8 --augment"
    assert dropped == ["--fraction 0.5", "--image-size 32"]
    unsplit, _ = search_command.training_command({"data": "p", "holdout": 0.2}, "small", 0.2)
    assert unsplit.endswith("--data p --holdout 0.2 --augment")
    longer = {"image_size": 96, "epochs": 200}
    command, dropped = search_command.training_command(longer, "small")
    assert command.endswith("--image-size 96 --epochs 200 --augment")
    assert dropped == []


def test_the_chart_has_mean_and_interval_of_each_mode():
    chart = search_report.chart(state_of({"hflip": HIGH, "none": LOW, "userDef": [0.6]}))
    assert [(row.mode, row.note) for row in chart.rows] == [
        ("hflip", "(winner)"), ("none", ""), ("userDef", "")
    ]  # fmt: skip
    assert [row.mean for row in chart.rows] == pytest.approx([70.4, 64.4, 60.0])
    assert [row.margin is None for row in chart.rows] == [False, False, True]
    assert chart.title == (
        "photos · lenet · 1 to 3 seeds, mean of the last 5 epochs with 95 % interval"
    )


# The tool

OPTIONS = (
    "--recipe", "small", "--budget", "20m", "--candidates", "2", "--image-size", "16",
    "--epochs", "2", "--against", "none", "--seeds", "2", "--threads", "1",
)  # fmt: skip


def outcome(folder):
    """The state and the report that a search has left."""
    state = json.loads((folder / "search.json").read_text(encoding="utf-8"))
    return state, (folder / "report.md").read_text(encoding="utf-8")


def test_there_is_nothing_to_resume_in_an_empty_folder(photos, tmp_path, monkeypatch, capsys):
    words = ("--data", photos, "--out", tmp_path, "--resume")
    assert run_tool("search.py", *words, monkeypatch=monkeypatch) == 2
    assert capsys.readouterr() == ("", f"there is no search in {tmp_path}; drop --resume to begin "
                                   "one\n")  # fmt: skip


@pytest.fixture
def two_test_seeds(monkeypatch):
    """The budget of the tests is far from being needed."""
    monkeypatch.setattr(search, "MAX_TEST_SEEDS", 2)


@pytest.mark.usefixtures("two_test_seeds")
def test_the_tool_searches_with_real_training_on_images_decoded_before(
    tmp_path, monkeypatch, capfd
):
    photos = write_dataset(tmp_path / "photos")

    def run(self):
        spoil_images(photos)
        return run_search(self)

    run_search = Search.run
    monkeypatch.setattr(Search, "run", run)
    words = ("--data", photos, *OPTIONS, "--out", tmp_path)
    assert run_tool("search.py", *words, monkeypatch=monkeypatch) == 0
    state, report = outcome(tmp_path)
    printed = capfd.readouterr()
    assert printed.out == search_report.as_text(state) + "\n"
    assert report.startswith(search_report.answer(state))
    assert printed.out.startswith("Too early to tell: the runs of the test had 2 epochs, and the ")
    assert "Warning" not in printed.err
    assert f"--data {photos} --modes none,{state['final']['modes'][0]} --seeds " in report
    assert "It has no `--image-size 16` and `--epochs 2`, which saved time in the search." in report
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")
    log = tmp_path / "final" / "seed-1" / "noAug_training.log"
    assert "2/2" in log.read_text(encoding="utf-8")
    runs = read_seeds([tmp_path / "final"])
    assert len(runs) == 2 * len(state["final"]["modes"])
    for run in runs:
        recorded = search_report.accuracies(state, "final")[run.mode or "none"][run.seed]
        assert final_accuracy(run) == recorded


@pytest.mark.slow
@pytest.mark.usefixtures("two_test_seeds")
def test_ctrl_c_within_a_run_changes_nothing(photos, tmp_path, monkeypatch, stop_tool):
    """It comes after the first of two epochs."""
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    words = ("--data", photos, *OPTIONS, "--out")
    log = stopped / "rung-0" / "seed-0" / "randaugmentAug_training.log"
    stop_tool("search.py", (*words, stopped), log, "1/2")
    assert run_tool("search.py", *words, whole, monkeypatch=monkeypatch) == 0
    assert run_tool("search.py", *words, stopped, "--resume", monkeypatch=monkeypatch) == 0
    before, after = outcome(whole)[0], outcome(stopped)[0]
    assert before["rungs"] == after["rungs"]
    for part in ("rung-0", "final"):
        assert search_report.accuracies(before, part) == search_report.accuracies(after, part)
