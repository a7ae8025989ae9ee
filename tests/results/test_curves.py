import itertools
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb

from paddle_aug.results import curves as plot
from paddle_aug.results import runlog
from paddle_aug.rng import generator

FIVE = ("", "userDef", "imgaugLib", "allab", "allba")


def curves(epochs=12, seed=0):
    """Curves of the usual shape: loss falls, accuracy rises from 0 to below 1."""
    rng, epoch = generator(seed, "noise"), np.arange(1, epochs + 1)
    rise = 1 - np.exp(-epoch / 5)
    return {
        "lossTrain": list(2.8 * (1 - rise) + 0.05 * rng.random(epochs)),
        "accTrain": list(0.9 * rise + 0.05 * rng.random(epochs)),
        "lossEval": list(2.8 - rise + 0.05 * rng.random(epochs)),
        "accEval": list(0.6 * rise + 0.05 * rng.random(epochs)),
    }


def logs(folder, modes=FIVE, length=12, seed=0, **run):
    for mode in modes:
        runlog.write(folder, mode, curves(length, seed), {"augment": mode, "seed": seed, **run})
    return folder


def figure_of(runs, quantity="acc"):
    groups = plot.by_mode(runs)
    return plot.curves_figure(quantity, groups, plot.colours(list(groups)))


def legend_texts(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def cells(text):
    """A Markdown table as a dict a row."""
    head, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.split("\n")]
    return [dict(zip(head, row, strict=True)) for row in rows]


def table_of(folders):
    return cells(plot.table(runlog.read_seeds(folders), markdown=True))


def test_the_notebooks_logs_make_its_three_figures(tmp_path):
    logs(tmp_path)
    files = plot.draw(runlog.read_runs(tmp_path), tmp_path / "out")
    assert [file.name for file in files] == ["loss.png", "accuracy.png", "accuracy_stacked.png"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        file.name for file in files
    )


def test_the_three_figures_show_the_modes_that_the_notebook_shows():
    assert plot.plan(FIVE) == {
        "loss": ("loss", ["", "userDef", "imgaugLib"]),
        "accuracy": ("acc", ["", "userDef", "imgaugLib"]),
        "accuracy_stacked": ("acc", ["allab", "allba"]),
    }


def test_a_mode_that_is_missing_is_not_drawn_and_a_figure_of_none_is_not_made():
    assert plot.plan(["userDef"]) == {
        "loss": ("loss", ["userDef"]),
        "accuracy": ("acc", ["userDef"]),
    }
    assert plot.plan(["allba"]) == {"accuracy_stacked": ("acc", ["allba"])}


def test_further_modes_follow_three_to_a_figure_beside_no_augmentation():
    made = plot.plan(["", "a", "b", "c", "d"])
    assert made["loss_more"] == ("loss", ["", "a", "b", "c"])
    assert made["accuracy_more"] == ("acc", ["", "a", "b", "c"])
    assert made["loss_more_2"] == ("loss", ["", "d"])
    assert made["accuracy_more_2"] == ("acc", ["", "d"])
    assert plot.plan(["a"]) == {"loss_more": ("loss", ["a"]), "accuracy_more": ("acc", ["a"])}


def test_every_epoch_is_drawn_counted_from_one_train_solid_and_eval_dashed(tmp_path):
    logs(tmp_path, ["userDef"], length=12)
    axes = figure_of(runlog.read_runs(tmp_path), "acc").axes[0]
    train, held_out = axes.lines
    assert (train.get_linestyle(), held_out.get_linestyle()) == ("-", "--")
    for line, name in ((train, "accTrain"), (held_out, "accEval")):
        np.testing.assert_array_equal(line.get_xdata(), range(1, 13))
        np.testing.assert_allclose(line.get_ydata(), 100 * np.array(curves()[name]))


def test_the_axes_say_what_they_show(tmp_path):
    runs = runlog.read_runs(logs(tmp_path))
    for quantity, said in (("loss", "Cross-entropy loss"), ("acc", "Accuracy (%)")):
        axes = figure_of(runs, quantity).axes[0]
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("Epoch", said)


def test_several_seeds_become_their_mean_in_a_band_of_one_standard_deviation(tmp_path):
    for seed in range(3):
        logs(tmp_path / f"seed-{seed}", ["userDef"], seed=seed)
    figure = figure_of(runlog.read_seeds([tmp_path]), "loss")
    axes = figure.axes[0]
    values = np.array([curves(seed=seed)["lossTrain"] for seed in range(3)])
    mean = values.sum(axis=0) / 3
    spread = np.sqrt(((values - mean) ** 2).sum(axis=0) / 2)
    np.testing.assert_allclose(axes.lines[0].get_ydata(), mean)
    band = axes.collections[0].get_paths()[0].vertices
    for epoch in range(1, 13):
        edge = band[band[:, 0] == epoch][:, 1]
        np.testing.assert_allclose(edge.min(), mean[epoch - 1] - spread[epoch - 1])
        np.testing.assert_allclose(edge.max(), mean[epoch - 1] + spread[epoch - 1])
    assert axes.get_title(loc="left") == "Mean ± standard deviation of 3 seeds"


def test_one_seed_has_no_band_and_claims_none(tmp_path):
    axes = figure_of(runlog.read_runs(logs(tmp_path))).axes[0]
    assert not axes.collections
    assert axes.get_title(loc="left") == ""


def test_modes_with_other_numbers_of_seeds_say_theirs(tmp_path):
    logs(tmp_path / "seed-0", ["", "userDef"], seed=0)
    logs(tmp_path / "seed-1", ["userDef"], seed=1)
    figure = figure_of(runlog.read_seeds([tmp_path]))
    assert legend_texts(figure) == ["none (n = 1)", "userDef (n = 2)", "train", "eval"]
    assert figure.axes[0].get_title(loc="left") == "Mean ± standard deviation of n seeds"


def test_seeds_are_drawn_up_to_the_shortest_and_a_note_says_so(tmp_path):
    logs(tmp_path / "seed-0", ["", "userDef"], seed=0, length=12)
    logs(tmp_path / "seed-1", ["", "userDef"], seed=1, length=12)
    logs(tmp_path / "seed-1", ["userDef"], seed=1, length=8)
    runs = runlog.read_seeds([tmp_path])
    lengths = [len(line.get_xdata()) for line in figure_of(runs).axes[0].lines]
    assert lengths == [12, 12, 8, 8]
    (note,) = plot.notes(runs)
    assert note.startswith("userDef: the seeds have 12, 8 epochs; shown up to 8")


def test_the_legend_lies_outside_the_axes(tmp_path):
    long = "|".join(["hflip", "maybe(0.5, cutout(16))", "oneof(blur, noise)", "rotate(20)"] * 3)
    for modes in (["", "userDef", "imgaugLib"], ["", long, "mixup", "samplePairing"]):
        folder = logs(tmp_path / str(len(modes)), modes)
        figure = figure_of(runlog.read_runs(folder))
        figure.draw_without_rendering()
        legend = figure.legends[0].get_window_extent()
        axes = figure.axes[0].get_tightbbox()
        assert legend.y1 <= axes.y0
        assert legend.x0 >= 0
        assert legend.x1 <= figure.bbox.x1


def test_a_dollar_sign_in_a_name_is_no_formula(tmp_path):
    runlog.write(tmp_path, "a", curves(), {})
    for file in tmp_path.iterdir():
        file.rename(tmp_path / file.name.replace("aAug", r"$\frac$Aug"))
    (file, *_) = plot.draw(runlog.read_runs(tmp_path), tmp_path)
    assert file.exists()


def test_letters_that_no_font_has_are_not_replaced_in_silence(tmp_path, monkeypatch):
    monkeypatch.setattr(plot, "_CHINESE_FONTS", ())
    runlog.write(tmp_path, "旋", curves(), {"augment": "旋"})
    with pytest.warns(UserWarning, match="Glyph 26059 .* missing from font"):
        plot.draw(runlog.read_runs(tmp_path), tmp_path)


def test_curves_that_diverged_and_runs_of_one_epoch_are_drawn(tmp_path):
    for seed in range(2):
        values = curves(3, seed)
        values["lossTrain"] = [1.0, np.inf, np.nan]
        runlog.write(tmp_path / f"seed-{seed}", "", values, {})
        runlog.write(tmp_path / f"seed-{seed}", "userDef", curves(1, seed), {})
    files = plot.draw(runlog.read_seeds([tmp_path]), tmp_path)
    assert [file.name for file in files] == ["loss.png", "accuracy.png"]
    one_epoch = figure_of(runlog.read_seeds([tmp_path])).axes[0].lines[2]
    assert one_epoch.get_marker() == "o"


@pytest.mark.parametrize(("file_format", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_figures_are_written_in_the_format_asked_for(tmp_path, file_format, start):
    files = plot.draw(runlog.read_runs(logs(tmp_path, ["allab"])), tmp_path, file_format)
    assert [file.name for file in files] == [f"accuracy_stacked.{file_format}"]
    assert files[0].read_bytes().startswith(start)


def test_a_png_has_the_width_of_a_readme_and_shows_the_modes_in_their_colours(tmp_path):
    plot.draw(runlog.read_runs(logs(tmp_path)), tmp_path)
    image = cv2.imread(str(tmp_path / "accuracy.png"))[:, :, ::-1]
    assert 900 <= image.shape[1] <= 1200
    for mode, shown in (("", True), ("userDef", True), ("imgaugLib", True), ("allab", False)):
        colour = np.round(255 * np.array(to_rgb(plot.COLOURS[mode])))
        assert ((image == colour).all(axis=2).sum() > 100) == shown


def test_a_mode_has_the_same_colour_whatever_it_is_drawn_with():
    modes = [*FIVE, "mixup", "cutmix"]
    every = plot.colours(modes)
    for mode in modes:
        assert plot.colours([mode])[mode] == every[mode]


def test_modes_of_one_folder_have_different_colours_as_long_as_there_are_any():
    names = [f"mode{number}" for number in range(len(plot.FURTHER_COLOURS))]
    assert len(set(plot.colours([*FIVE, *names]).values())) == 5 + len(names)
    assert set(plot.colours([*names, "one", "more"])) == {*names, "one", "more"}


def test_red_green_and_blue_are_those_of_the_notebook():
    for mode, channel in (("", 0), ("userDef", 1), ("imgaugLib", 2)):
        assert np.argmax(to_rgb(plot.COLOURS[mode])) == channel


# Machado, Oliveira and Fernandes 2009: what linear RGB becomes without one kind of cones.
CONES_MISSING = {
    "all there": np.eye(3),
    "long": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "middle": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


@pytest.mark.parametrize("cones", CONES_MISSING)
def test_modes_of_one_figure_stay_apart_for_colour_blind_eyes(cones):
    def seen(colour):
        rgb = np.array(to_rgb(colour))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        linear = np.clip(CONES_MISSING[cones] @ linear, 0, 1)
        srgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
        return cv2.cvtColor(srgb.astype(np.float32)[None, None], cv2.COLOR_RGB2Lab)[0, 0]

    none, user_def, imgaug_lib, allab, allba = plot.COLOURS.values()
    for figure in (
        [none, user_def, imgaug_lib],
        [allab, allba],
        [none, *plot.FURTHER_COLOURS],
    ):
        for one, other in itertools.combinations(figure, 2):
            # CIE76, of which 2.3 is just seen; the notebook's own red and green are 10 apart.
            assert np.linalg.norm(seen(one) - seen(other)) > 20, (one, other)


def test_every_colour_is_visible_on_white():
    for colour in [*plot.COLOURS.values(), *plot.FURTHER_COLOURS]:
        assert to_hex(colour) == colour
        assert np.dot(to_rgb(colour), [0.2126, 0.7152, 0.0722]) < 0.75


def one_run(folder, accEval, accTrain=None, mode="userDef", **run):
    accTrain = accTrain or [0.9] * len(accEval)
    loss = [1.0] * len(accEval)
    values = dict(lossTrain=loss, accTrain=accTrain, lossEval=loss, accEval=accEval)
    runlog.write(folder, mode, values, run)


def test_a_row_tells_final_best_and_mean_accuracy_gap_and_epochs(tmp_path):
    one_run(tmp_path, accEval=[0.1, 0.2, 0.7, *[0.4] * 8, 0.5], accTrain=[*[0.3] * 11, 0.95])
    assert table_of([tmp_path]) == [
        {
            "augmentation": "userDef",
            "eval (%)": "50.0",
            "best (%, epoch)": "70.0 (3)",
            "last 10 (%)": "44.0",  # 0.7, eight times 0.4, and 0.5
            "train (%)": "95.0",
            "gap (points)": "45.0",
            "epochs": "12",
            "seeds": "1",
        }
    ]


def test_several_seeds_give_mean_and_sample_standard_deviation(tmp_path):
    for seed, (best, last) in enumerate([(0.5, 0.4), (0.7, 0.6), (0.6, 0.5)]):
        accuracy = [0.1] * 10
        accuracy[seed + 2], accuracy[-1] = best, last
        one_run(tmp_path / f"seed-{seed}", accuracy, accTrain=[*[0.1] * 9, 0.8])
    (row,) = table_of([tmp_path])
    assert row["eval (%)"] == "50.0 ± 10.0"
    assert row["best (%, epoch)"] == "60.0 ± 10.0 (3–5)"
    assert row["gap (points)"] == "30.0 ± 10.0"
    assert row["train (%)"] == "80.0 ± 0.0"
    assert row["seeds"] == "3"


def test_fewer_than_ten_epochs_have_no_mean_of_ten(tmp_path):
    one_run(tmp_path, [0.5] * 9)
    assert "last 10 (%)" not in table_of([tmp_path])[0]
    one_run(tmp_path, [0.5] * 10, mode="allab")
    assert [row["last 10 (%)"] for row in table_of([tmp_path])] == ["–", "50.0"]


def test_the_share_of_waiting_is_weighted_by_time(tmp_path):
    epochs = [{"seconds": 30.0, "data_wait": 0.1}, {"seconds": 10.0, "data_wait": 0.5}]
    one_run(tmp_path, [0.5, 0.6], epochs=epochs)
    assert table_of([tmp_path])[0]["data wait"] == "20 %"  # (30 × 0.1 + 10 × 0.5) / 40


@pytest.mark.parametrize(
    "run",
    [
        {},
        {"epochs": []},
        {"epochs": [{"seconds": 3.0}, {"data_wait": 0.2}]},
        {"epochs": [{"seconds": None, "data_wait": "?"}]},
        {"epochs": [{"seconds": 0.0, "data_wait": 0.0}]},
    ],
)
def test_without_times_there_is_no_column_of_waiting(tmp_path, run):
    one_run(tmp_path, [0.5], **run)
    assert "data wait" not in table_of([tmp_path])[0]


def test_rows_come_in_the_notebooks_order(tmp_path):
    for mode in ("mixup", "allba", "", "userDef"):
        one_run(tmp_path, [0.5], mode=mode)
    names = [row["augmentation"] for row in table_of([tmp_path])]
    assert names == ["none", "userDef", "allba", "mixup"]


def test_the_best_epoch_passes_over_nan(tmp_path):
    one_run(tmp_path, [0.3, np.nan, 0.6, np.nan])
    (row,) = table_of([tmp_path])
    assert row["best (%, epoch)"] == "60.0 (3)"
    assert row["eval (%)"] == "nan"


def test_a_bar_in_a_pipeline_does_not_break_the_markdown(tmp_path):
    one_run(tmp_path, [0.5], mode="hflip|rotate(20)", augment="hflip|rotate(20)")
    table = plot.table(runlog.read_runs(tmp_path), markdown=True)
    assert r"| hflip\|rotate(20) |" in table


def test_the_columns_of_the_terminals_table_are_aligned(tmp_path):
    for mode in ("", "userDef", "aVeryLongNameOfAMode"):
        one_run(tmp_path, [0.5, 1.0], mode=mode)
    head, *rows = plot.table(runlog.read_runs(tmp_path)).split("\n")
    assert len({len(line) for line in [head, *rows]}) == 1
    assert all(row.index("100.0 (2)") == rows[0].index("100.0 (2)") for row in rows)


def test_accuracy_on_clean_training_images_is_drawn_as_points_and_makes_the_gap(tmp_path):
    """All of two seeds measure it in epochs 2 and 4, and one in epoch 3, too."""
    for seed, more in ((0, 0.2), (1, 0.4)):
        epochs = [{} for _ in range(4)]
        for number in (2, 4, 3)[: 2 + seed]:
            epochs[number - 1] = {"clean": {"acc": 0.1 * number + more, "loss": 1.5}}
        logs(tmp_path / f"seed-{seed}", ["userDef+mixup"], 4, seed, epochs=epochs)
    runs = runlog.read_seeds([tmp_path])
    assert plot.clean_points(runs, "acc") == {2: pytest.approx(50), 4: pytest.approx(70)}
    figure = figure_of(runs)
    (points,) = (line for line in figure.axes[0].lines if line.get_marker() == "D")
    np.testing.assert_allclose(points.get_xydata(), [[2, 50], [4, 70]])
    assert legend_texts(figure)[-1] == "train, clean images"
    (row,) = table_of([tmp_path])
    assert row["clean (%)"] == "70.0 ± 14.1"
    evaluated = 100 * np.array([run.curves["accEval"][-1] for run in runs])
    assert row["gap (points)"].startswith(f"{70 - evaluated.mean():.1f} ±")


def test_without_clean_measurements_there_is_neither_point_nor_column(tmp_path):
    runs = runlog.read_runs(logs(tmp_path, ["userDef"], epochs=[{"clean": "damaged"}] * 12))
    assert plot.clean_points(runs, "acc") == {}
    assert "clean" not in plot.table(runs)
    assert "train, clean images" not in legend_texts(figure_of(runs))


@pytest.fixture
def tool(repository, tmp_path):
    """Run tools/plot.py from another folder, where importing Paddle fails, and where another
    paddle_aug than the clone's is installed."""
    for package in ("paddle", "paddle_aug"):
        (tmp_path / "poison" / package).mkdir(parents=True)
        (tmp_path / "poison" / package / "__init__.py").write_text("raise ImportError('poison')\n")

    def run(*arguments):
        return subprocess.run(
            [sys.executable, repository / "tools" / "plot.py", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path / "poison"), "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            encoding="utf-8",
        )

    return run


def names(folder):
    return sorted(path.name for path in folder.rglob("*"))


def test_the_tool_prints_the_table_and_writes_the_figures_without_paddle(tool, tmp_path):
    logs(tmp_path / "logs")
    ended = tool("logs")
    assert (ended.returncode, ended.stdout.count("\n")) == (0, 6), ended.stderr
    assert ended.stdout.split()[:2] == ["augmentation", "eval"]
    for name in ("loss.png", "accuracy.png", "accuracy_stacked.png"):
        assert (tmp_path / "logs" / name).exists()
        assert name in ended.stderr


def test_the_tools_markdown_is_all_that_it_prints_on_stdout(tool, tmp_path):
    logs(tmp_path / "logs")
    ended = tool("logs", "--markdown", "--output", "figures", "--format", "svg")
    assert ended.stdout == plot.table(runlog.read_runs(tmp_path / "logs"), markdown=True) + "\n"
    assert names(tmp_path / "figures") == ["accuracy.svg", "accuracy_stacked.svg", "loss.svg"]
    assert not list((tmp_path / "logs").glob("*.svg"))


def test_a_mode_that_would_clear_the_screen_is_printed_with_its_escape_told(tool, tmp_path):
    for seed in range(2):
        logs(tmp_path / f"seed-{seed}", ["hflip|\x1b[2Jrotate(5)"], seed=seed, length=10 + seed)
    ended = tool("seed-0", "seed-1")
    assert ended.returncode == 0
    assert "hflip|\\x1b[2Jrotate(5)" in ended.stdout
    assert "hflip|\\x1b[2Jrotate(5): the seeds have 10, 11 epochs" in ended.stderr
    assert "\x1b" not in ended.stdout + ended.stderr


def test_the_figures_of_several_seeds_go_beside_their_folders(tool, tmp_path):
    for seed in range(2):
        logs(tmp_path / "logs" / f"seed-{seed}", ["allab"], seed=seed, length=10 + seed)
    ended = tool("logs/seed-0", "logs/seed-1")
    assert ended.returncode == 0
    assert [path.name for path in (tmp_path / "logs").glob("*.*")] == ["accuracy_stacked.png"]
    assert "allab: the seeds have 10, 11 epochs" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bare"], "bare holds no logs"),
        (["nowhere"], "nowhere is not a folder"),
        (["torn"], "noAug_lossEval.npy is damaged"),
        (["whole", "--output", "whole/noAug_run.json"], "cannot write"),
    ],
)
def test_a_mistake_ends_with_one_message_and_code_2_and_writes_nothing(
    tool, tmp_path, arguments, said
):
    (tmp_path / "bare").mkdir()
    logs(tmp_path / "whole", [""])
    file = logs(tmp_path / "torn", ["", "userDef"]) / "noAug_lossEval.npy"
    file.write_bytes(file.read_bytes()[:-1])
    before = names(tmp_path)
    ended = tool(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert names(tmp_path) == before


def test_an_abbreviated_option_is_refused(tool, tmp_path):
    logs(tmp_path / "logs", [""])
    ended = tool("logs", "--mark")
    assert ended.returncode == 2
    assert ended.stderr == "no option --mark; did you mean '--markdown'?\n"
