"""Which figures the logs make, and what is in them."""

import cv2
import numpy as np
import pytest
from made_logs import NOTEBOOK_MODES, curves, logs
from matplotlib.colors import to_rgb

from paddle_aug.results import runlog
from paddle_aug.results.colours import COLOURS, colours
from paddle_aug.results.curves import curves_figure, draw, plan
from paddle_aug.results.runlog import by_mode, clean_points, read_runs, read_seeds


def figure_of(runs, quantity="acc"):
    groups = by_mode(runs)
    return curves_figure(quantity, groups, colours(list(groups)))


def legend_texts(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_the_notebooks_logs_make_its_three_figures(tmp_path):
    files = draw(read_runs(logs(tmp_path)), tmp_path / "out")
    assert [file.name for file in files] == ["loss.png", "accuracy.png", "accuracy_stacked.png"]
    assert sorted(files) == sorted((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("modes", "figures"),
    [
        (
            NOTEBOOK_MODES,
            {
                "loss": ("loss", list(NOTEBOOK_MODES[:3])),
                "accuracy": ("acc", list(NOTEBOOK_MODES[:3])),
                "accuracy_stacked": ("acc", ["allab", "allba"]),
            },
        ),
        (["userDef"], {"loss": ("loss", ["userDef"]), "accuracy": ("acc", ["userDef"])}),
        (["allba"], {"accuracy_stacked": ("acc", ["allba"])}),
        (["a"], {"loss_more": ("loss", ["a"]), "accuracy_more": ("acc", ["a"])}),
        (
            ["", "a", "b", "c", "d"],
            {
                "loss": ("loss", [""]),
                "accuracy": ("acc", [""]),
                "loss_more": ("loss", ["", "a", "b", "c"]),
                "accuracy_more": ("acc", ["", "a", "b", "c"]),
                "loss_more_2": ("loss", ["", "d"]),
                "accuracy_more_2": ("acc", ["", "d"]),
            },
        ),
    ],
    ids=str,
)
def test_figures_show_the_notebooks_modes_and_three_further_ones_beside_none(modes, figures):
    assert plan(modes) == figures


def test_every_epoch_is_drawn_counted_from_one_train_solid_and_eval_dashed(tmp_path):
    axes = figure_of(read_runs(logs(tmp_path, ["userDef"])), "acc").axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Epoch", "Accuracy (%)")
    train, held_out = axes.lines
    assert (train.get_linestyle(), held_out.get_linestyle()) == ("-", "--")
    for line, name in ((train, "accTrain"), (held_out, "accEval")):
        np.testing.assert_array_equal(line.get_xdata(), range(1, 13))
        np.testing.assert_allclose(line.get_ydata(), 100 * np.array(curves()[name]))


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
    assert axes.get_title(loc="left") == "Mean ± standard deviation of 3 seeds"


def test_one_seed_has_no_band_and_claims_none(tmp_path):
    axes = figure_of(read_runs(logs(tmp_path))).axes[0]
    assert not axes.collections
    assert axes.get_title(loc="left") == ""


def test_modes_with_different_numbers_of_seeds_are_labelled_with_them(tmp_path):
    logs(tmp_path / "seed-0", ["", "userDef"], seed=0)
    logs(tmp_path / "seed-1", ["userDef"], seed=1)
    figure = figure_of(read_seeds([tmp_path]))
    assert legend_texts(figure) == ["none (n = 1)", "userDef (n = 2)", "train", "eval"]
    assert figure.axes[0].get_title(loc="left") == "Mean ± standard deviation of n seeds"


def test_seeds_are_drawn_up_to_the_shortest(tmp_path):
    for seed, epochs in ((0, 12), (1, 8)):
        logs(tmp_path / f"seed-{seed}", [""], seed=seed)
        logs(tmp_path / f"seed-{seed}", ["userDef"], epochs, seed)
    lines = figure_of(read_seeds([tmp_path])).axes[0].lines
    assert [len(line.get_xdata()) for line in lines] == [12, 12, 8, 8]


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


def test_the_legend_lies_outside_the_axes(tmp_path):
    long = "|".join(["hflip", "maybe(0.5, cutout(16))", "oneof(blur, noise)", "rotate(20)"] * 3)
    for modes in (["", "userDef", "imgaugLib"], ["", long, "mixup", "samplePairing"]):
        figure = figure_of(read_runs(logs(tmp_path / str(len(modes)), modes)))
        figure.draw_without_rendering()
        legend = figure.legends[0].get_window_extent()
        assert legend.y1 <= figure.axes[0].get_tightbbox().y0
        assert legend.x0 >= 0
        assert legend.x1 <= figure.bbox.x1


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
    one_epoch = figure_of(read_seeds([tmp_path])).axes[0].lines[2]
    assert one_epoch.get_marker() == "o"


@pytest.mark.parametrize(("file_format", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_figures_are_written_in_the_format_asked_for(tmp_path, file_format, start):
    files = draw(read_runs(logs(tmp_path, ["allab"])), tmp_path, file_format)
    assert [file.name for file in files] == [f"accuracy_stacked.{file_format}"]
    assert files[0].read_bytes().startswith(start)


def test_a_png_has_the_width_of_a_readme_and_shows_the_modes_in_their_colours(tmp_path):
    draw(read_runs(logs(tmp_path)), tmp_path)
    image = cv2.imread(str(tmp_path / "accuracy.png"))[:, :, ::-1]
    assert 900 <= image.shape[1] <= 1200
    for mode, shown in (("", True), ("userDef", True), ("imgaugLib", True), ("allab", False)):
        colour = np.round(255 * np.array(to_rgb(COLOURS[mode])))
        assert ((image == colour).all(axis=2).sum() > 100) == shown
