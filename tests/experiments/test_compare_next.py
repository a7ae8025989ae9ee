"""What a comparison cannot tell yet, and the command that it ends with."""

import math
import shlex

import numpy as np
import pytest
from made_comparison import change_state, write_comparison, write_run

from paddle_aug.commands import compare as compare_command
from paddle_aug.commands import search as search_command
from paddle_aug.commands import train as train_command
from paddle_aug.experiments import compare_page, compare_report, compare_results
from paddle_aug.experiments.compare_next import next_step, rising, too_early
from paddle_aug.results import runlog
from paddle_aug.rng import generator

BETTER = {"none": [0.50, 0.51, 0.49], "hflip": [0.60, 0.62, 0.59], "allab": [0.40, 0.41, 0.40]}
UNCLEAR = {"none": [0.50, 0.51, 0.49], "hflip": [0.53, 0.51, 0.53]}
EQUAL = {"none": [0.50, 0.51, 0.49], "hflip": [0.50, 0.51, 0.49]}
WORSE = {"none": [0.50, 0.51, 0.49], "allab": [0.40, 0.41, 0.40]}
COMMAND = (
    "python tools/compare.py --data 'my photos' --modes none,hflip -c small --jobs 2 --seeds 3 "
    "--batch-size=8 --out logs/mine"
)


def comparison(folder, accuracies=UNCLEAR, **settings):
    return compare_results.read(write_comparison(folder, accuracies, command=COMMAND, **settings))


def change_curves(folder, mode, change):
    """Change a mode's eval curves, by their seed."""
    for seed_folder in folder.glob("seed-*"):
        file = seed_folder / f"{runlog.prefix(mode)}accEval.npy"
        seed = int(seed_folder.name.removeprefix("seed-"))
        np.save(file, change(seed, np.load(file)))


def test_where_epochs_are_below_the_recipes_the_answer_begins_with_that(tmp_path):
    results = comparison(tmp_path, BETTER, epochs=4)
    assert compare_report.answer(results).startswith(
        "Too early to tell: the runs had 4 epochs, and the recipe `small` has 20; longer training "
        "tends to favour stronger augmentation. So far: `hflip` helps on made: better by "
    )
    change_state(tmp_path, recipe={"name": "small", "epochs": 4})
    assert compare_report.answer(compare_results.read(tmp_path)).startswith("`hflip` helps")
    change_state(tmp_path, recipe=None)  # a comparison of a script
    assert too_early(compare_results.read(tmp_path)) == []


def test_where_curves_still_rise_the_answer_begins_with_that_too(tmp_path):
    comparison(tmp_path, BETTER)
    rng = generator(1, "drawing")
    change_curves(
        tmp_path,
        "allab",
        lambda seed, curve: np.linspace(0.1, 0.4, 20) + 0.001 * rng.standard_normal(20),
    )
    results = compare_results.read(tmp_path)
    assert rising(results) == pytest.approx({"allab": 0.3 * 4 / 19}, abs=0.003)
    assert compare_report.answer(results).startswith(
        "Too early to tell: the eval accuracy of `allab` (by 6.2 points) still rises in the last 5 "
        "epochs. So far: "
    )
    assert next_step(results).command.endswith("--epochs 40 --out logs/mine-40-epochs")
    change_state(tmp_path, recipe={"name": "small", "epochs": 100})
    both = too_early(compare_results.read(tmp_path))
    assert [sentence.split()[0] for sentence in both] == ["Too", "The"]
    config = results.settings["config"] | {"early_stop": 5, "early_stop_by": "accuracy"}
    change_state(tmp_path, settings=results.settings | {"config": config}, recipe=None)
    assert too_early(compare_results.read(tmp_path)) == []  # each run ended where it rose no more


def test_runs_that_all_stopped_early_had_enough_epochs(tmp_path):
    comparison(tmp_path, WORSE, epochs=6)
    settings = compare_results.read(tmp_path).settings
    config = settings["config"] | {"early_stop": 2, "early_stop_by": "accuracy"}
    change_state(tmp_path, settings=settings | {"config": config | {"epochs": 8}})
    results = compare_results.read(tmp_path)  # the recipe has 20 epochs
    assert (too_early(results), next_step(results).command.split()[1]) == ([], "tools/search.py")
    write_run(tmp_path / "seed-0", "none", 0, 0.5, epochs=8)
    assert too_early(compare_results.read(tmp_path))[0].startswith("Too early to tell: the runs ")


def test_a_lead_that_still_grows_is_an_answer_and_says_so(tmp_path):
    comparison(tmp_path, BETTER)
    rng = generator(1, "drawing")
    change_curves(
        tmp_path,
        "hflip",
        lambda seed, curve: np.linspace(0.4, 0.65, 20) + 0.001 * rng.standard_normal(20),
    )
    results = compare_results.read(tmp_path)
    answer = compare_report.answer(results)
    assert answer.startswith("`hflip` helps on made: better by ")
    assert answer.endswith(
        "The eval accuracy of `hflip` still rises in the last 5 epochs: the lead may grow."
    )
    assert next_step(results).command.endswith("--augment hflip")


@pytest.mark.parametrize(
    ("accuracies", "settings", "why", "command"),
    [
        (
            {"none": [0.5, 0.51, 0.5], "hflip": [0.5, None, None]}, {},
            "Not all runs are done. The same command continues:", COMMAND,
        ),
        (
            {"none": [0.5, 0.51, 0.5], "hflip": [0.5, None, None]}, {"budget": 5400.0},
            "The budget ended before all runs were done. This continues:", f"{COMMAND} --budget 3h",
        ),
        (
            {"none": [0.5, 0.51], "hflip": [0.5, math.nan]}, {},
            "Runs diverged. This compares with a smaller learning rate:",
            COMMAND[:-15] + "--learning-rate 0.0001 --out logs/mine-smaller-rate",
        ),
        (
            BETTER, {"epochs": 4},
            "More epochs can change the answer. This compares after 20 epochs:",
            COMMAND[:-15] + "--epochs 20 --out logs/mine-20-epochs",
        ),
        (
            {"none": [0.5], "hflip": [0.6]}, {},
            "One seed cannot tell a difference from chance. This trains five:",
            COMMAND.replace("--seeds 3 ", "") + " --seeds 5",
        ),
        (
            BETTER, {},
            "This trains with `hflip` and keeps the weights, which compare does not:",
            "python tools/train.py --data 'my photos' -c small --batch-size=8 --augment hflip",
        ),
        (
            UNCLEAR, {},
            "About 9 seeds would show the difference of `hflip`, if it is the one seen here. This "
            "trains those that are missing:",
            COMMAND.replace("--seeds 3 ", "") + " --seeds 9",
        ),
        (
            EQUAL, {},
            "No mode of this comparison is shown to help. This searches for one that does:",
            "python tools/search.py --data 'my photos' -c small --batch-size=8",
        ),
        (
            WORSE, {},
            "No mode of this comparison is shown to help. This searches for one that does:",
            "python tools/search.py --data 'my photos' -c small --batch-size=8",
        ),
    ],
)  # fmt: skip
def test_the_next_command_is_the_one_that_settles_what_is_open(
    accuracies, settings, why, command, tmp_path
):
    step = next_step(comparison(tmp_path, accuracies, **settings))
    assert step == (why, command)
    _, tool, *words = shlex.split(step.command)
    parsers = {"compare": compare_command, "search": search_command, "train": train_command}
    assert parsers[tool.split("/")[1].removesuffix(".py")].parse(words)


def test_a_budget_that_was_not_used_up_is_not_doubled(tmp_path):
    comparison(tmp_path, {"none": [0.5, 0.51, 0.5], "hflip": [0.5, None, None]}, budget=5400.0)
    change_state(tmp_path, finished=False)
    results = compare_results.read(tmp_path)
    assert next_step(results).command == COMMAND
    assert compare_report.left_out(results) == "Not all runs are done: `hflip` has 1 of 3 seeds."


def test_with_few_images_to_evaluate_on_folds_come_before_more_seeds(tmp_path):
    results = comparison(tmp_path)
    for run in results.finished(1.0):
        run.run["data"]["train"] = 900
    step = next_step(results)
    assert step.text.startswith("With 100 images to evaluate on, the choice of these")
    assert step.command.endswith("--batch-size=8 --kfold 5 --out logs/mine-5-folds")
    assert "--seeds" not in step.command


def test_the_best_mode_is_trained_with_the_learning_rate_that_was_chosen_for_it(tmp_path):
    comparison(tmp_path, BETTER, rates=[0.001, 0.0005])
    change_state(tmp_path, rates={"none": 0.001, "hflip": 0.0005, "allab": 0.001})
    step = next_step(compare_results.read(tmp_path))
    assert step.command.endswith("--augment hflip --learning-rate 0.0005")


def test_after_folds_of_data_without_an_eval_list_training_holds_a_part_back(tmp_path):
    results = comparison(tmp_path, BETTER, kfold=3)
    for images, end in ((0, "--augment hflip --holdout 0.25"), (100, "--augment hflip")):
        results.state["data"]["eval"] = images
        assert next_step(results).command.endswith(end)


def test_the_report_ends_with_the_next_command_and_how_it_was_made(tmp_path):
    results = comparison(tmp_path)
    compare_page.write(results)
    step = next_step(results)
    text = (tmp_path / "report.md").read_text()
    made = text.index("## How this was made")
    assert text.index(step.text) < text.index(step.command) < made < text.index(COMMAND)
    assert compare_report.as_text(results).endswith(f"{step.text}\n{step.command}")
