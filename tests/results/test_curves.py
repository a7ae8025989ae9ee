"""Which figures the logs make, and what is in them."""

import cv2
import numpy as np
import pytest
from made_logs import NOTEBOOK_MODES, curves, logs
from matplotlib.colors import to_rgb

from paddle_aug.results import charts, runlog
from paddle_aug.results.charts import curves_chart
from paddle_aug.results.colours import COLOURS
from paddle_aug.results.curves import curves_figure, draw, modes_figure, plan
from paddle_aug.results.runlog import by_mode, clean_points, read_runs, read_seeds


def figure_of(runs, quantity="acc"):
    return curves_figure(curves_chart(quantity, by_mode(runs)))


def legend_texts(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def ends_of(axes):
    """The names at the ends of lines, from top to bottom."""
    texts = [text for text in axes.texts if text.get_text() != "guessing"]
    return [text.get_text() for text in sorted(texts, key=lambda text: -text.get_position()[1])]


def test_the_notebooks_logs_make_its_three_figures_and_two_of_all_modes(tmp_path):
    files = draw(read_runs(logs(tmp_path)), tmp_path / "out")
    assert [file.stem for file in files] == [
        "loss", "accuracy", "accuracy_stacked", "loss_all", "accuracy_all"
    ]  # fmt: skip
    assert sorted(files) == sorted((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("modes", "figures"),
    [
        (["", "userDef"], ["loss", "accuracy"]),
        (["allab", "allba"], ["accuracy_stacked", "loss_all"]),
        (["", "userDef", "a"], ["loss_all", "accuracy_all"]),
        (
            [*NOTEBOOK_MODES, "a"],
            ["loss", "accuracy", "accuracy_stacked", "loss_all", "accuracy_all"],
        ),
    ],
    ids=str,
)
def test_the_notebooks_figures_keep_their_names_and_one_of_each_quantity_has_all_modes(
    modes, figures
):
    planned = plan(modes)
    assert list(planned) == figures
    for quantity in ("loss", "acc"):
        assert (quantity, list(modes)) in planned.values()
    for name, shown in (("accuracy", NOTEBOOK_MODES[:3]), ("accuracy_stacked", NOTEBOOK_MODES[3:])):
        if name in planned:
            assert planned[name] == ("acc", [mode for mode in shown if mode in modes])


def test_every_epoch_is_drawn_counted_from_one_train_thin_and_eval_bold_and_dashed(tmp_path):
    axes = figure_of(read_runs(logs(tmp_path, ["userDef"])), "acc").axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Epoch", "Accuracy (%)")
    train, held_out = axes.lines
    assert train.get_linewidth() < held_out.get_linewidth()
    assert (train.is_dashed(), held_out.is_dashed()) == (False, True)
    for line, name in ((train, "accTrain"), (held_out, "accEval")):
        np.testing.assert_array_equal(line.get_xdata(), range(1, 13))
        np.testing.assert_allclose(line.get_ydata(), 100 * np.array(curves()[name]))


def test_of_more_than_three_modes_eval_has_a_panel_above_that_of_train(tmp_path):
    above, below = figure_of(read_runs(logs(tmp_path)), "loss").axes
    assert [above.get_ylabel(), below.get_ylabel()] == [
        "Eval cross-entropy loss", "Train cross-entropy loss"
    ]  # fmt: skip
    for axes, name in ((above, "lossEval"), (below, "lossTrain")):
        assert len(axes.lines) == 5
        np.testing.assert_allclose(axes.lines[2].get_ydata(), curves()[name])
    assert set(ends_of(above)) == {"none", "userDef", "imgaugLib", "allab", "allba"}


def test_modes_are_named_beside_the_ends_of_their_lines_in_their_order(tmp_path):
    for mode, level in (("", 0.3), ("userDef", 0.31), ("a|b(1)", 0.9)):
        facts = {"augment": mode, "data": {"name": "pets", "classes": 4}, "seed": 7}
        facts["config"] = {"network": "lenet"}
        runlog.write(tmp_path, mode, {name: [0.1, level] for name in runlog.CURVES}, facts)
    axes = figure_of(read_runs(tmp_path)).axes[0]
    assert ends_of(axes) == ["a|b(1)", "userDef", "none"]
    none, user_def = (text for text in axes.texts if text.get_text() in ("none", "userDef"))
    assert abs(none.get_position()[1] - user_def.get_position()[1]) > 0.02, "they would overlap"
    assert axes.figure.texts[0].get_text() == "pets · lenet · 1 seed"
    guessing = next(line for line in axes.lines if len(line.get_xdata()) == 2
                    and list(line.get_xdata()) == [0, 1])  # fmt: skip
    assert list(guessing.get_ydata()) == [25, 25]


def test_a_single_run_is_smoothed_over_its_faint_values(tmp_path):
    values = np.random.default_rng(0).random(80)
    runlog.write(tmp_path, "userDef", dict.fromkeys(runlog.CURVES, values), {})
    (train, held_out) = curves_chart("acc", by_mode(read_runs(tmp_path))).lines
    assert charts.window(80) == 5
    np.testing.assert_allclose(held_out.raw[0], 100 * values)
    np.testing.assert_allclose(train.values[40], 100 * values[38:43].mean())
    np.testing.assert_allclose(train.values[[0, 1, 79]], 100 * np.array(
        [values[0], values[:3].mean(), values[79]]))  # fmt: skip
    faint, bold = [line for line in figure_of(read_runs(tmp_path)).axes[0].lines][2:]
    assert (faint.get_alpha(), bold.get_alpha()) == (0.3, None)


def test_two_runs_are_shown_themselves_and_three_as_an_interval():
    two, three = (charts.measured("a", [0.5, 0.6, 0.55][:n]) for n in (2, 3))
    assert (two.margin, two.values, three.mean) == (None, [50, 60], pytest.approx(55))
    assert three.margin == pytest.approx(5 / np.sqrt(3) * 4.302653, rel=1e-5)
    chart = charts.ModesChart("", "", [two, three], 10, {"a": "#000000"})
    axes = modes_figure(chart).axes[0]
    ticks = next(
        line for line in axes.lines if line.get_marker() == "|" and line.get_markersize() > 10
    )
    assert list(ticks.get_xdata()) == [50, 60]
    (bar,) = (c for c in axes.collections if len(c.get_segments()))
    np.testing.assert_allclose(bar.get_segments()[0][:, 0], 55 + three.margin * np.array([-1, 1]))


def test_several_seeds_become_their_mean_in_a_band_of_one_standard_deviation(tmp_path):
    for seed in range(3):
        logs(tmp_path / f"seed-{seed}", ["userDef"], seed=seed)
    axes = figure_of(read_seeds([tmp_path]), "loss").axes[0]
    values = np.array([curves(seed=seed)["lossTrain"] for seed in range(3)])
    mean = values.sum(axis=0) / 3
    spread = np.sqrt(((values - mean) ** 2).sum(axis=0) / 2)
    np.testing.assert_allclose(axes.lines[0].get_ydata(), mean)
    band = axes.collections[0].get_paths()[0].vertices
    for epoch in range(1, 13):
        edge = band[band[:, 0] == epoch][:, 1]
        np.testing.assert_allclose(edge.min(), mean[epoch - 1] - spread[epoch - 1])
        np.testing.assert_allclose(edge.max(), mean[epoch - 1] + spread[epoch - 1])
    assert axes.figure.texts[0].get_text() == "3 seeds, mean ± standard deviation"


def test_modes_with_different_numbers_of_seeds_are_labelled_with_them(tmp_path):
    logs(tmp_path / "seed-0", ["", "userDef"], seed=0)
    logs(tmp_path / "seed-1", ["userDef"], seed=1)
    axes = figure_of(read_seeds([tmp_path])).axes[0]
    assert sorted(ends_of(axes)) == ["none (n = 1)", "userDef (n = 2)"]
    assert axes.figure.texts[0].get_text() == "1 to 2 seeds, mean over faint runs"


def test_seeds_are_drawn_up_to_the_shortest(tmp_path):
    for seed, epochs in ((0, 12), (1, 8)):
        logs(tmp_path / f"seed-{seed}", [""], seed=seed)
        logs(tmp_path / f"seed-{seed}", ["userDef"], epochs, seed)
    lines = curves_chart("acc", by_mode(read_seeds([tmp_path]))).lines
    assert [len(line.values) for line in lines] == [12, 12, 8, 8]
    figure_of(read_seeds([tmp_path]))


def test_accuracy_on_clean_training_images_is_drawn_as_points(tmp_path):
    """Both seeds measure it in epochs 2 and 4, and one of them in epoch 3."""
    for seed, more in ((0, 0.2), (1, 0.4)):
        epochs = [{} for _ in range(4)]
        for number in (2, 4, 3)[: 2 + seed]:
            epochs[number - 1] = {"clean": {"acc": 0.1 * number + more, "loss": 1.5}}
        folder = tmp_path / f"seed-{seed}"
        runlog.write(folder, "userDef+mixup", curves(4, seed), {"seed": seed, "epochs": epochs})
    runs = read_seeds([tmp_path])
    assert clean_points(runs, "acc") == {2: pytest.approx(0.5), 4: pytest.approx(0.7)}
    figure = figure_of(runs)
    (points,) = (line for line in figure.axes[0].lines if line.get_marker() == "D")
    np.testing.assert_allclose(points.get_xydata(), [[2, 50], [4, 70]])
    assert legend_texts(figure)[-1] == "train, clean images"


def test_names_are_in_a_legend_below_the_axes_where_their_ends_have_no_room(tmp_path):
    long = "|".join(["hflip", "maybe(0.5, cutout(16))", "oneof(blur, noise)", "rotate(20)"] * 6)
    for modes in (["", "userDef", "imgaugLib"], ["", long, "userDef"]):
        figure = figure_of(read_runs(logs(tmp_path / str(len(modes[1])), modes)))
        figure.draw_without_rendering()
        legend = figure.legends[0].get_window_extent()
        assert legend.y1 <= figure.axes[0].get_tightbbox().y0
        assert legend.x0 >= 0
        assert legend.x1 <= figure.bbox.x1
    assert legend_texts(figure)[0] == "none"
    assert "|\nmaybe(0.5," in legend_texts(figure)[2], "broken between operations"
    assert not ends_of(figure.axes[0])


def test_a_dollar_sign_in_a_name_is_no_formula(tmp_path):
    runlog.write(tmp_path, "a", curves(), {})
    for file in tmp_path.iterdir():
        file.rename(tmp_path / file.name.replace("aAug", r"$\frac$Aug"))
    (file, *_) = draw(read_runs(tmp_path), tmp_path)
    assert file.exists()


def test_curves_that_diverged_and_runs_of_one_epoch_are_drawn(tmp_path):
    for seed in range(2):
        diverged = {**curves(3, seed), "lossTrain": [1.0, np.inf, np.nan]}
        runlog.write(tmp_path / f"seed-{seed}", "", diverged, {})
        runlog.write(tmp_path / f"seed-{seed}", "userDef", curves(1, seed), {})
    files = draw(read_seeds([tmp_path]), tmp_path)
    assert [file.name for file in files] == ["loss.png", "accuracy.png"]
    markers = [line.get_marker() for line in figure_of(read_seeds([tmp_path])).axes[0].lines]
    assert "o" in markers


@pytest.mark.parametrize("others", [[], ["none"], ["none", "allab", "allba"]], ids=len)
def test_a_mode_without_a_finite_value_is_named_in_the_corner(tmp_path, others):
    """That a layout collapses is a warning, and so an error of this test."""
    large = {name: [1e6 + value for value in values] for name, values in curves().items()}
    for mode in others:
        runlog.write(tmp_path, mode, large, {})
    runlog.write(tmp_path, "userDef", {name: [np.nan] for name in large}, {})
    assert len(draw(read_seeds([tmp_path]), tmp_path)) >= 2
    axes = figure_of(read_seeds([tmp_path])).axes[0]
    (named,) = (text for text in axes.texts if "diverged" in text.get_text())
    assert named.xy == (axes.get_xlim()[1], axes.get_ylim()[0])


@pytest.mark.parametrize(("file_format", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_figures_are_written_in_the_format_asked_for(tmp_path, file_format, start):
    files = draw(read_runs(logs(tmp_path, ["allab"])), tmp_path, file_format)
    assert [file.name for file in files] == [
        f"accuracy_stacked.{file_format}", f"loss_all.{file_format}"
    ]  # fmt: skip
    assert files[0].read_bytes().startswith(start)


def test_a_png_has_the_width_of_a_readme_and_shows_the_modes_in_their_colours(tmp_path):
    draw(read_runs(logs(tmp_path)), tmp_path)
    image = cv2.imread(str(tmp_path / "accuracy.png"))[:, :, ::-1]
    assert 900 <= image.shape[1] <= 1200
    for mode, shown in (("", True), ("userDef", True), ("imgaugLib", True), ("allab", False)):
        colour = np.round(255 * np.array(to_rgb(COLOURS[mode])))
        assert ((image == colour).all(axis=2).sum() > 10) == shown
