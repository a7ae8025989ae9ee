"""A comparison's report: the statistics behind it, its words, and its files."""

import csv
import io
import math
import re

import numpy as np
import pytest
from made_comparison import change_state, write_comparison, write_run
from scipy import stats as scipy_stats

from paddle_aug.errors import UserError
from paddle_aug.experiments import compare_csv, compare_page, compare_report, compare_results
from paddle_aug.results.stats import Comparison, difference
from paddle_aug.rng import generator

BETTER = {
    "none": [0.50, 0.51, 0.49, 0.50, 0.52],
    "userDef": [0.60, 0.62, 0.59, 0.61, 0.61],
    "imgaugLib": [0.63, 0.64, 0.62, 0.62, 0.65],
    "hflip": [0.51, 0.50, 0.50, 0.49, 0.53],
    "allab": [0.40, 0.41, 0.40, 0.42, 0.41],
}


def rows_of(content):
    return list(csv.DictReader(io.StringIO(content)))


def test_the_answer_names_the_best_by_how_much_and_what_is_not_shown(tmp_path):
    results = compare_results.read(write_comparison(tmp_path, BETTER))
    assert compare_report.answer(results) == (
        "`imgaugLib` helps most on made: better by 12.8 ± 0.6 points than `none` (63.2 ± 1.6 % "
        "against 50.4 ± 1.4 %, 5 seeds, p < 0.001). Also better: `userDef` by 10.2 ± 1.0 points. "
        "`hflip` (+0.2 ± 1.4 points): no difference shown with 5 seeds; if the true difference is "
        "the one seen here, about 338 seeds would show it. Worse than `none`: `allab` by 9.6 ± 1.4 "
        "points."
    )


def test_modes_share_a_rank_where_none_is_shown_to_be_better(tmp_path):
    rows = compare_results.read(write_comparison(tmp_path, BETTER)).rows(1.0)
    assert [(row.mode, row.rank) for row in rows] == [
        ("imgaugLib", (1, 1)), ("userDef", (2, 2)), ("hflip", (3, 4)), ("none", (3, 4)),
        ("allab", (5, 5)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("accuracies", "sentence"),
    [
        (
            {"none": [0.50, 0.51, 0.49], "userDef": [0.60, 0.61, 0.59], "hflip": [0.61, 0.59, 0.6]},
            r"`(userDef|hflip)` helps on .* `\1` is not shown to be better than `",
        ),
        (
            {"none": [0.50, 0.53, 0.49], "userDef": [0.52, 0.52, 0.53]},
            r"No augmentation is shown to help on made, compared with `none` \(3 seeds .* seeds "
            "would show it",
        ),
        (
            {"none": [0.5], "userDef": [0.9]},
            "No augmentation [^±]* one seed cannot tell a difference from chance[^±]*$",
        ),
        (
            {"none": [0.5, None], "userDef": [None, 0.9]},
            "No answer: the baseline `none` has no seed in common with another mode.",
        ),
    ],
)
def test_an_answer_claims_no_more_than_the_runs_show(accuracies, sentence, tmp_path):
    results = compare_results.read(write_comparison(tmp_path, accuracies))
    assert re.match(sentence, compare_report.answer(results))


def test_unfinished_runs_do_not_count_and_are_listed(tmp_path):
    folder = write_comparison(tmp_path, BETTER)
    write_run(folder / "seed-4", "userDef", 4, 0.1, finished=False)
    np.save(folder / "seed-4" / "allbaAug_lossTrain.npy", np.ones(1))  # a run that has just begun
    results = compare_results.read(folder)
    assert sorted(results.accuracies[1.0]["userDef"]) == [0, 1, 2, 3]
    assert compare_report.left_out(results) == "Not all runs are done: `userDef` has 4 of 5 seeds."
    change_state(folder, settings=results.settings | {"budget": 5400.0})
    assert compare_report.left_out(compare_results.read(folder)) == (
        "The budget of 1h30m ran out: `userDef` has 4 of 5 seeds."
    )
    assert "4 to 5 seeds" in compare_report.method(results)


def test_a_runs_accuracy_is_the_mean_of_its_last_epochs(tmp_path):
    results = compare_results.read(write_comparison(tmp_path, BETTER, epochs=20))
    assert results.accuracies[1.0]["allab"][3] == pytest.approx(0.42)
    assert "mean of the last 5 epochs" in compare_report.method(results)


def test_class_changes_add_up_to_the_change_of_the_whole(tmp_path):
    folder = write_comparison(tmp_path, {"none": [0.5, 0.5, 0.5], "hflip": [0.6, 0.6, 0.6]})
    shares = [[0.4, 0.6, 0.5], [0.5, 0.6, 0.4], [0.45, 0.7, 0.4]]
    for seed, right in enumerate(shares):
        write_run(folder / f"seed-{seed}", "hflip", seed, 0.6, right=right)
    results = compare_results.read(folder)
    changes = results.class_changes()["hflip"]
    # The shares are those of 40, 30 and 30 images, so they are exact.
    expected = np.mean(shares, axis=0) - 0.5
    assert [change.mean for change in changes] == pytest.approx(expected.tolist())
    heads, rows = compare_report.class_table(results)
    assert heads == ["class", "hflip"]
    assert [row[0] for row in rows] == ["bee", "ant", "cat"]  # the most helped first


def write_rare(folder):
    """A comparison of three folds: all evaluate an ant, two a cat, one a bee, and none a dog."""
    folder = write_comparison(folder, {"none": [0.5] * 3, "hflip": [0.6] * 3}, kfold=3)
    state = compare_results.read(folder).state
    change_state(folder, data=state["data"] | {"class_names": ["ant", "bee", "cat", "dog"]})
    for seed, of_class in enumerate([[40, 2, 2, 0], [40, 0, 2, 0], [40, 0, 0, 0]]):
        for mode, right in (("none", [0.5] * 4), ("hflip", [0.6, 1, seed, 0])):
            logs = folder / f"seed-{seed}"
            write_run(logs, mode, seed, 0.5, right=right, eval_of_class=of_class)
    return compare_results.read(folder)


def test_a_class_that_not_all_folds_evaluate_has_the_change_of_those_that_do(tmp_path):
    results = write_rare(tmp_path)
    ant, bee, cat, dog = results.class_changes()["hflip"]
    assert (ant.n, ant.mean) == (3, pytest.approx(0.1))
    assert (bee.n, bee.mean, bee.margin) == (1, 0.5, None)
    assert (cat.n, cat.mean) == (2, 0)  # -0.5 and 0.5
    # Student's t for 97.5 % and one degree of freedom is 12.706.
    assert cat.margin == pytest.approx(12.706 * 0.5**0.5 / 2**0.5, rel=1e-4)
    assert dog is None
    assert compare_report.class_table(results)[1] == [
        ["bee (1 fold)", "+50.0"],
        ["ant", "+10.0"],
        ["cat (2 folds)", "+0.0 ± 635.3"],
        ["dog", "–"],
    ]
    assert compare_report.class_text(results).startswith("Of 3 changes, none is shown")


def test_class_changes_that_may_be_luck_are_not_reported_as_more(tmp_path):
    rng = generator(3, "drawing")
    folder = write_comparison(tmp_path, {"none": [0.5] * 4, "hflip": [0.5] * 4})
    for seed in range(4):
        for mode in ("none", "hflip"):
            shares = list(0.5 + rng.uniform(-0.1, 0.1, 3))
            write_run(folder / f"seed-{seed}", mode, seed, 0.5, right=shares)
    assert "none is shown to be more than luck" in compare_report.class_text(
        compare_results.read(folder)
    )


def test_of_many_class_changes_the_text_names_the_largest_and_says_that_there_are_more(tmp_path):
    modes = ["none", "hflip", "vflip", "invert"]
    folder = write_comparison(tmp_path, dict.fromkeys(modes, [0.5] * 4))
    for seed in range(4):
        for place, mode in enumerate(modes):
            shares = [0.3 + 0.1 * place + 0.1 * (seed == 3) * (place > 0)] * 3
            write_run(folder / f"seed-{seed}", mode, seed, 0.5, right=shares)
    text = compare_report.class_text(compare_results.read(folder))
    assert text.startswith("Of 9 changes, 9 are shown")
    assert text.count(" under ") == 6
    assert text.endswith(" and ….")


def test_logs_of_earlier_versions_have_no_classes_and_all_else(tmp_path):
    results = compare_results.read(write_comparison(tmp_path, BETTER))
    for run in results.finished(1.0):
        for epoch in run.run["epochs"]:
            epoch.pop("right", None)
    assert results.class_changes() == {}
    assert compare_report.class_text(results) == ""
    assert "## Classes" not in compare_page.markdown(results, {})


def test_parts_of_the_list_have_tables_of_their_own(tmp_path):
    accuracies = {"none": [0.5, 0.52], "hflip": [0.6, 0.63]}
    tenth = {"none": [0.3, 0.32], "hflip": [0.5, 0.5]}
    results = compare_results.read(write_comparison(tmp_path, accuracies, tenth=tenth))
    assert results.main == 1.0
    assert "## 10 % of the training list, 8 images" in compare_page.markdown(results, {})
    rows = rows_of(compare_csv.table_csv(results))
    assert [(row["augmentation"], row["fraction"], row["images"]) for row in rows] == [
        ("hflip", "1.0", "80"), ("none", "1.0", "80"), ("hflip", "0.1", "8"), ("none", "0.1", "8"),
    ]  # fmt: skip


def test_the_tables_as_csv_hold_every_figure_unrounded(tmp_path):
    results = compare_results.read(write_comparison(tmp_path, BETTER))
    rows = {row["augmentation"]: row for row in rows_of(compare_csv.table_csv(results))}
    tests = {
        mode: scipy_stats.ttest_rel(values, BETTER["none"])
        for mode, values in BETTER.items()
        if mode != "none"
    }
    assert float(rows["userDef"]["accuracy"]) == pytest.approx(np.mean(BETTER["userDef"]))
    for mode, test in tests.items():
        assert float(rows[mode]["p"]) == pytest.approx(test.pvalue)
    hflip = rows["hflip"]  # whose p is the largest, so Holm's correction leaves it
    assert hflip["p_holm"] == hflip["p"]
    smallest = min(tests, key=lambda mode: tests[mode].pvalue)
    assert float(rows[smallest]["p_holm"]) == pytest.approx(4 * tests[smallest].pvalue)
    assert float(rows["userDef"]["images_per_s"]) == 50
    assert rows["none"]["difference"] == ""
    runs = rows_of(compare_csv.runs_csv(results))
    assert len(runs) == 25
    assert {row["logs"] for row in runs if row["augmentation"] == "none"} == {
        f"seed-{seed}/noAug_*" for seed in range(5)
    }


def test_chosen_learning_rates_are_listed_and_the_end_of_a_grid_is_pointed_out(tmp_path):
    folder = write_comparison(tmp_path, BETTER, rates=[1e-4, 5e-4, 2e-3])
    change_state(folder, rates={"none": 5e-4, "userDef": 2e-3})
    text = compare_report.method(compare_results.read(folder))
    assert "0.0005 for `none` and 0.002 for `userDef`" in text
    assert "For `userDef` it is at the end of the grid" in text


@pytest.mark.parametrize(("seeds", "experiments", "claims"), [(3, 20, 1), (5, 12, 1), (60, 1, 0)])
def test_one_mode_under_two_names_was_found_to_differ_as_often_as_the_page_says(
    repository, seeds, experiments, claims
):
    """Sixty pairs of real runs, cut into comparisons of `seeds` seeds."""
    rows = rows_of((repository / "logs/reference/compare-null/runs.csv").read_text("utf-8"))
    values = {row["augmentation"]: {} for row in rows}
    for row in rows:
        values[row["augmentation"]][int(row["seed"])] = float(row["accuracy"])
    one, other = values.values()
    parts = [range(start, start + seeds) for start in range(0, 60, seeds)]
    assert len(parts) == experiments
    differences = [
        difference({seed: one[seed] for seed in part}, {seed: other[seed] for seed in part})
        for part in parts
    ]
    assert sum(Comparison(change, change.p, 1).shown for change in differences) == claims


LOST = math.nan


@pytest.mark.parametrize(
    ("accuracies", "sentences"),
    [
        (
            {"none": [0.50, 0.51, 0.49, 0.5], "userDef": [0.60, LOST, 0.595, LOST]},
            r"`userDef` helps on made: .* against 49\.5 .* 2 seeds, .* `userDef` diverged with 2 "
            r"of 4 seeds \(1 in epoch 3 and 3 in epoch 3\): the losses were no longer finite "
            r"numbers\. Runs that diverged are in no mean; compare again with --learning-rate "
            r"0\.0001 and another ",
        ),
        (
            {"none": [LOST, LOST], "userDef": [0.5, 0.6]},
            r"No answer: .* no seed in common .*\. `none` diverged with 2 of 2 seeds",
        ),
        ({"none": [0.5, 0.6], "userDef": [LOST, LOST]}, "No answer: .* `userDef` diverged with 2"),
        ({"none": [LOST], "userDef": [LOST]}, "No answer: .* `none` .* and `userDef` diverged"),
    ],
)
def test_runs_that_diverged_are_listed_and_are_in_no_number(accuracies, sentences, tmp_path):
    results = compare_results.read(write_comparison(tmp_path, accuracies))
    assert re.match(sentences, compare_report.answer(results))
    compare_page.write(results)
    for name in ("report.md", "report.html"):
        assert "diverged" in (tmp_path / name).read_text(encoding="utf-8")
    page = (tmp_path / "report.html").read_text(encoding="utf-8").split("<script>")[0]
    assert "nan" not in page.lower()
    _, rows = compare_report.accuracy_table(results, 1.0)
    assert sorted(row[0] for row in rows) == ["none", "userDef"]
    for row in rows_of(compare_csv.table_csv(results)):
        values = accuracies[row["augmentation"]]
        sound = [value for value in values if not math.isnan(value)]
        assert int(row["seeds"]) == len(sound)
        assert int(row["diverged"]) == len(values) - len(sound)
        assert row["accuracy"] == "" or float(row["accuracy"]) == pytest.approx(np.mean(sound))
    for row in rows_of(compare_csv.runs_csv(results)):
        lost = math.isnan(accuracies[row["augmentation"]][int(row["seed"])])
        assert row["diverged"] == ("3" if lost else "")
        assert (row["accuracy"] == "") == (row["lossEval"] == "") == lost


def test_the_answer_counts_the_seeds_that_both_modes_have(tmp_path):
    accuracies = {"none": [0.50, 0.51, 0.49], "userDef": [0.51, LOST, 0.48]}
    results = compare_results.read(write_comparison(tmp_path, accuracies))
    assert "compared with `none` (2 seeds each)." in compare_report.answer(results)


def test_a_comparison_without_a_finished_run_has_no_results(tmp_path):
    folder = write_comparison(tmp_path, {"none": [None], "hflip": [None]})
    with pytest.raises(UserError, match="no run of this comparison is finished yet"):
        compare_results.read(folder)
