"""The table of the logs, and the command that prints it."""

import numpy as np
import pytest
from in_process import run_tool
from made_logs import logs

from paddle_aug.results import runlog
from paddle_aug.results.runlog import read_runs, read_seeds
from paddle_aug.results.table import notes, paragraph, table


def one_run(folder, accEval, accTrain=None, mode="userDef", **run):
    loss = [1.0] * len(accEval)
    values = {"accTrain": accTrain or [0.9] * len(accEval), "accEval": accEval}
    runlog.write(folder, mode, {"lossTrain": loss, "lossEval": loss, **values}, run)


def rows_of(folder):
    """The rows of the Markdown table of a folder, as a dict each."""
    text = table(read_seeds([folder]), markdown=True)
    head, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.split("\n")]
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_a_row_has_final_best_and_mean_accuracy_gap_and_epochs(tmp_path):
    one_run(tmp_path, accEval=[0.1, 0.2, 0.7, *[0.4] * 8, 0.5], accTrain=[*[0.3] * 11, 0.95])
    (row,) = rows_of(tmp_path)
    assert row == {
        "augmentation": "userDef", "eval (%)": "50.0", "best (%, epoch)": "70.0 (3)",
        "last 10 (%)": "44.0",  # 0.7, eight times 0.4, and 0.5
        "train (%)": "95.0", "gap (points)": "45.0", "epochs": "12", "seeds": "1",
    }  # fmt: skip


def test_several_seeds_give_mean_and_sample_standard_deviation(tmp_path):
    for seed, (best, last) in enumerate([(0.5, 0.4), (0.7, 0.6), (0.6, 0.5)]):
        accuracy = [0.1] * 10
        accuracy[seed + 2], accuracy[-1] = best, last
        one_run(tmp_path / f"seed-{seed}", accuracy, accTrain=[*[0.1] * 9, 0.8])
    (row,) = rows_of(tmp_path)
    assert row["eval (%)"] == "50.0 ± 10.0"
    assert row["best (%, epoch)"] == "60.0 ± 10.0 (3–5)"
    assert row["gap (points)"] == "30.0 ± 10.0"
    assert row["train (%)"] == "80.0 ± 0.0"
    assert row["seeds"] == "3"


def test_seeds_that_were_stopped_count_with_their_own_last_epochs(tmp_path):
    one_run(tmp_path / "seed-0", [0.1, 0.6, 0.4], [0.2, 0.2, 0.5], stopped=True)
    one_run(tmp_path / "seed-1", [0.1, 0.2, 0.3, 0.8, 0.6], [0.2, 0.2, 0.2, 0.2, 0.7])
    (row,) = rows_of(tmp_path)
    assert row["eval (%)"] == "50.0 ± 14.1"
    assert row["best (%, epoch)"] == "70.0 ± 14.1 (2–4)"
    assert (row["train (%)"], row["epochs"]) == ("60.0 ± 14.1", "3–5")
    sentence = (
        "userDef: the seeds have 3, 5 epochs; only the first 3, which all of them have, are shown"
    )
    assert notes(read_seeds([tmp_path])) == [f"{sentence} in figures."]
    one_run(tmp_path / "seed-0", [0.1, 0.6, 0.4], [0.2, 0.2, 0.5])  # interrupted
    (row,) = rows_of(tmp_path)
    assert (row["eval (%)"], row["epochs"]) == ("35.0 ± 7.1", "3")
    assert notes(read_seeds([tmp_path])) == [f"{sentence}."]


def test_fewer_than_ten_epochs_have_no_mean_of_ten(tmp_path):
    one_run(tmp_path, [0.5] * 9)
    assert "last 10 (%)" not in rows_of(tmp_path)[0]
    one_run(tmp_path, [0.5] * 10, mode="allab")
    assert [row["last 10 (%)"] for row in rows_of(tmp_path)] == ["–", "50.0"]


@pytest.mark.parametrize(
    ("epochs", "share"),
    [
        ([{"seconds": 30.0, "data_wait": 0.1}, {"seconds": 10.0, "data_wait": 0.5}], "20 %"),
        ([{"seconds": 3.0}, {}], None),
        ([{"seconds": 0.0, "data_wait": 0.0}], None),
    ],
)
def test_the_share_of_waiting_is_weighted_by_time_where_it_is_known(tmp_path, epochs, share):
    one_run(tmp_path, [0.5, 0.6], epochs=epochs)
    assert rows_of(tmp_path)[0].get("data wait") == share


def test_accuracy_on_clean_training_images_makes_the_gap(tmp_path):
    for seed, accuracy in ((0, 0.6), (1, 0.8)):
        epochs = [{}, {"clean": {"acc": accuracy, "loss": 1.5}}]
        one_run(tmp_path / f"seed-{seed}", [0.1, 0.5], epochs=epochs)
    (row,) = rows_of(tmp_path)
    assert row["clean (%)"] == "70.0 ± 14.1"
    assert row["gap (points)"] == "20.0 ± 14.1"
    one_run(tmp_path / "unmixed", [0.5], epochs=[{}])
    assert "clean (%)" not in rows_of(tmp_path / "unmixed")[0]


def test_runs_that_diverged_are_counted_and_are_in_no_mean(tmp_path):
    one_run(tmp_path / "alone", [0.3, 0.6, np.nan, np.nan])
    (row,) = rows_of(tmp_path / "alone")
    cells = {"eval (%)": "diverged", "best (%, epoch)": "60.0 (2)", "seeds": "0 of 1"}
    assert row == {"augmentation": "userDef", **cells}
    for seed, curve in enumerate(([0.5, 0.7], [0.5, 0.9], [np.nan])):
        one_run(tmp_path / f"seed-{seed}", curve)
    (row,) = rows_of(tmp_path)
    assert (row["eval (%)"], row["seeds"], row["epochs"]) == ("80.0 ± 14.1", "2 of 3", "2")
    assert notes(read_seeds([tmp_path])) == [
        "userDef: 1 run of 3 diverged (epoch 1): from there on the losses are not finite numbers. "
        "Means and figures leave it out."
    ]


def test_the_columns_of_the_terminals_table_are_aligned(tmp_path):
    for mode in ("", "userDef", "aVeryLongNameOfAMode"):
        one_run(tmp_path, [0.5, 1.0], mode=mode)
    head, *rows = table(read_runs(tmp_path)).split("\n")
    assert len({len(line) for line in [head, *rows]}) == 1
    assert all(row.index("100.0 (2)") == rows[0].index("100.0 (2)") for row in rows)


@pytest.mark.parametrize(
    ("width", "heads"),
    [
        (80, "augmentation eval (%) best (%, epoch) last 10 (%) gap (points)"),
        (60, "augmentation eval (%) last 10 (%) seeds"),
        (30, "augmentation"),
    ],
)
def test_a_narrow_terminal_gets_the_columns_that_matter_and_no_broken_lines(tmp_path, width, heads):
    spec = "hflip|rotate(15)|center_crop_resize(1.3)|brightness(0.3)"
    one_run(tmp_path, [0.5] * 12, mode=spec, augment=spec)
    head, *lines = table(read_runs(tmp_path), width=width).split("\n")
    assert max(map(len, [head, *lines])) <= width
    assert " ".join(head.split()) == heads
    assert "".join(line.split("  ")[0] for line in lines) == spec


def test_an_answer_is_wrapped_at_words_where_the_terminal_has_a_width(monkeypatch):
    text = "`hflip` helps: better by 2.0 ± 1.0 points \x1b[2Jrest"
    monkeypatch.delenv("COLUMNS", raising=False)
    assert paragraph(text) == text.replace("\x1b", r"\x1b")
    monkeypatch.setenv("COLUMNS", "30")
    lines = ["`hflip` helps: better by 2.0 ±", r"1.0 points \x1b[2Jrest"]
    assert paragraph(text).split("\n") == lines


def of_data(folder, modes, name, class_names, network="lenet", **run):
    """Runs of a network that were trained by `tools/train.py` on this data."""
    facts = {
        "argv": ["tools/train.py", "--data", name, "--holdout", "0.25"],
        "config": {"holdout": 0.25, "network": network, "image_size": 32},
        "data": {"name": name, "fingerprint": name, "class_names": class_names, "eval": 6},
    }
    return logs(folder, modes, **facts, **run)


@pytest.fixture
def plot(tmp_path, monkeypatch, capsys):
    """Runs tools/plot.py in the folder of the test; returns its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def plot(*arguments):
        code = run_tool("plot.py", *arguments, monkeypatch=monkeypatch)
        return code, *capsys.readouterr()

    return plot


def names(folder):
    return sorted(path.name for path in folder.rglob("*"))


def test_the_tool_prints_the_table_and_writes_the_figures_beside_the_logs(plot, tmp_path):
    logs(tmp_path / "logs")
    code, printed, notes = plot("logs")
    assert (code, printed.count("\n")) == (0, 6)
    assert printed.split()[:2] == ["augmentation", "eval"]
    for name in ("loss.png", "accuracy.png", "accuracy_stacked.png"):
        assert (tmp_path / "logs" / name).exists()
        assert name in notes


def test_the_tools_markdown_is_all_that_it_prints_on_stdout(plot, tmp_path):
    logs(tmp_path / "logs")
    _, printed, _ = plot("logs", "--markdown", "--output", "figures", "--format", "svg")
    assert printed == table(read_runs(tmp_path / "logs"), markdown=True) + "\n"
    assert names(tmp_path / "figures") == [
        "accuracy.svg", "accuracy_all.svg", "accuracy_stacked.svg", "loss.svg", "loss_all.svg"
    ]  # fmt: skip
    assert not list((tmp_path / "logs").glob("*.svg"))


def test_a_mode_that_would_clear_the_screen_is_printed_escaped_and_seeds_share_figures(
    plot, tmp_path
):
    for seed in range(2):
        logs(tmp_path / "logs" / f"seed-{seed}", ["hflip|\x1b[2Jrotate(5)"], 10 + seed, seed)
    code, printed, notes = plot("logs/seed-0", "logs/seed-1")
    assert code == 0
    assert "hflip|\\x1b[2Jrotate(5)" in printed
    assert "hflip|\\x1b[2Jrotate(5): the seeds have 10, 11 epochs; only the first 10" in notes
    assert "\x1b" not in printed + notes
    figures = sorted(path.name for path in (tmp_path / "logs").glob("*.*"))
    assert figures == ["accuracy_all.png", "loss_all.png"]


@pytest.mark.parametrize(
    ("argv", "command"),
    [
        (
            ["tools/train.py", "--data", "my photos", "-c", "small", "--augment", "none,hflip",
             "--log-dir=logs", "--seed", "3", "--resume"],
            "compare.py --data 'my photos' -c small --modes none,hflip --seeds 5\n",
        ),
        (
            ["paddle-aug train", "--data", "photos", "--augment", "all", "--epochs", "9"],
            "compare.py --data photos --epochs 9 --recipe aistudio --modes none,hflip --seeds 5\n",
        ),
        (
            ["tools/train.py", "--data", "photos", "-c", "small", "--early-stop", "5"],
            "compare.py --data photos -c small --modes none,hflip --seeds 5\n",
        ),
        (
            ["tools/train.py", "--data", "photos", "-c", "small", "--early-stop", "5",
             "--holdout", "0.2"],
            "compare.py --data photos -c small --early-stop 5 --holdout 0.2 --modes none,hflip ",
        ),
        (["my_script.py", "--data", "photos"], None),
    ],
)  # fmt: skip
def test_one_run_of_each_mode_leads_on_to_a_comparison_as_the_runs_were_trained(
    plot, tmp_path, argv, command
):
    logs(tmp_path / "logs", ["none", "hflip"], argv=argv, data={"name": "photos"})
    notes = plot("logs")[2]
    assert ("next: python " in notes) == (command is not None)
    assert command is None or command in notes


def test_runs_on_different_data_or_networks_have_a_note_and_no_next_command(plot, tmp_path):
    of_data(tmp_path / "logs", ["none", "hflip"], "other", ["rose", "tulip"])
    assert notes(read_seeds([tmp_path / "logs"])) == []
    assert "next: " in plot("logs")[2]
    of_data(tmp_path / "logs", ["userDef"], "photos", [*"abcde"], network="resnet18")
    _, _, printed = plot("logs")
    assert (
        "These runs are not of the same data: none and hflip on other (2 classes: rose, tulip; "
        "held-back images); userDef on photos (5 classes: a, b, c, d, …; held-back images). "
        "What differs between them may not be the augmentation.\n"
    ) in printed
    assert (
        "These runs are not of the same network and image size: none and hflip with lenet (32 "
        "pixels); userDef with resnet18 (32 pixels). What "
    ) in printed
    assert "next: " not in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bare"], "bare holds no logs"),
        (["nowhere"], "nowhere is not a folder"),
        (["torn"], "noAug_lossEval.npy is damaged"),
        (
            ["first", "second"],
            "first and second hold runs of 'none' on different data or",
        ),
        (["whole", "--output", "whole/noAug_run.json"], "cannot write"),
        (["whole", "--mark"], "no option --mark; did you mean '--markdown'?\n"),
    ],
)
def test_a_mistake_ends_with_one_message_and_code_2_and_writes_nothing(
    plot, tmp_path, arguments, message
):
    (tmp_path / "bare").mkdir()
    logs(tmp_path / "whole", [""])
    of_data(tmp_path / "first", [""], "photos", ["ant"])
    of_data(tmp_path / "second", [""], "other", ["bee"], seed=1)
    file = logs(tmp_path / "torn", ["", "userDef"]) / "noAug_lossEval.npy"
    file.write_bytes(file.read_bytes()[:-1])
    before = names(tmp_path)
    code, printed, refusal = plot(*arguments)
    assert (code, printed, refusal.count("\n")) == (2, "", 1)
    assert message in refusal
    assert names(tmp_path) == before
