import io
import re

import numpy as np
import pytest

from paddle_aug.errors import UserError
from paddle_aug.results import runlog
from paddle_aug.results.runlog import CURVES, prefix, read_runs, read_seeds

EPOCHS = 5
PIPELINE = "hflip|rotate(20)"


def curves(epochs=EPOCHS):
    return {
        name: [round(0.1 * epoch + number, 3) for epoch in range(epochs)]
        for number, name in enumerate(CURVES)
    }


def notebook_logs(folder, start="noAug_", dtype=np.float64, shape=(EPOCHS,)):
    """Logs as the notebook itself wrote them: np.save, four files, nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in curves().items():
        np.save(folder / f"{start}{name}.npy", np.array(values, dtype).reshape(shape))


def refusal(folder):
    with pytest.raises(UserError) as caught:
        read_runs(folder)
    return str(caught.value)


def test_a_pipeline_text_has_a_prefix_that_can_be_read_and_is_safe_in_a_file_name():
    assert prefix(f" {PIPELINE} ") == prefix(PIPELINE)
    for spec in ("../../etc/passwd", 'rotate("a/b\\c:*?<>|")', ".", "旋转(20)", "x|" * 99):
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{,60}Aug_", prefix(spec))


def test_no_two_modes_share_a_prefix():
    modes = [
        *("", "no", "No", "none2", "userDef"),
        *("rotate(20)", "rotate(-20)", "rotate(2.0)", "rotate(2,0)", "rotate((20))"),
        *("旋转", "翻转", "hflip|rotate", "hflip-rotate", "hflip|rotate" * 20, "hflip|rotate" * 21),
    ]
    assert len({prefix(mode) for mode in modes}) == len(modes)


@pytest.mark.parametrize(
    ("mode", "start"),
    [("", "noAug_"), ("userDef", "userDefAug_"), (PIPELINE, "hflip-rotate-20-1456ef26Aug_")],
)
def test_logs_are_the_notebooks_four_float64_arrays_and_run_json_and_are_read(
    tmp_path, mode, start
):
    run_json = {"augment": mode, "seed": 7, "epochs": [{"seconds": 1.5}]}
    runlog.write(tmp_path, mode, curves(2), {})
    runlog.write(tmp_path, mode, curves(), run_json)  # replaces those of the epoch before
    names = [*sorted(f"{name}.npy" for name in CURVES), "run.json"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{start}{name}" for name in names]
    assert np.load(tmp_path / f"{start}accEval.npy", allow_pickle=False).dtype == np.float64
    (run,) = read_runs(tmp_path)
    assert (run.mode, run.folder, run.seed, run.run) == (mode, tmp_path, 7, run_json)
    assert {name: values.tolist() for name, values in run.curves.items()} == curves()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(EPOCHS,), (EPOCHS, 1)])
def test_the_notebooks_own_logs_are_read(tmp_path, dtype, shape):
    notebook_logs(tmp_path, dtype=dtype, shape=shape)
    (run,) = read_runs(tmp_path)
    assert (run.mode, run.run, run.seed) == ("", {}, None)
    for name, values in curves().items():
        assert run.curves[name].dtype == np.float64
        np.testing.assert_allclose(run.curves[name], values, rtol=1e-6)


def test_modes_come_in_the_notebooks_order_and_then_by_name(tmp_path):
    for mode in ("mixup", "allba", "cutmix", "imgaugLib", "", "allab", "userDef"):
        runlog.write(tmp_path, mode, curves(), {})
    modes = [run.mode for run in read_runs(tmp_path)]
    assert modes == ["", "userDef", "imgaugLib", "allab", "allba", "cutmix", "mixup"]


@pytest.mark.parametrize(
    ("name", "augment", "mode"),
    # Else two variants of a mode, kept apart by hand, would be taken for two seeds of it.
    [("userDefSlow", "userDef", "userDefSlow"), ("none", "none", ""), ("a|b", "a|b", "a|b")],
)
def test_a_run_whose_files_were_renamed_goes_by_their_name(tmp_path, name, augment, mode):
    runlog.write(tmp_path, name, curves(), {"augment": augment})
    assert read_runs(tmp_path)[0].mode == mode


def test_the_seed_is_that_of_run_json_else_that_of_the_folders_name(tmp_path):
    notebook_logs(tmp_path / "seed-4")
    assert read_runs(tmp_path / "seed-4")[0].seed == 4
    (tmp_path / "seed-4" / "noAug_run.json").write_text('{"seed": 9}')
    assert read_runs(tmp_path / "seed-4")[0].seed == 9


def test_other_files_and_folders_are_no_logs(tmp_path):
    notebook_logs(tmp_path)
    notebook_logs(tmp_path / "replaced" / "20250101-000000", "userDefAug_")
    for name in ("loss.png", "._noAug_accEval.npy", ".noAug_accEval.npy.71.part", "x_accEval.npy"):
        (tmp_path / name).write_bytes(b"something else")
    assert [run.mode for run in read_runs(tmp_path)] == [""]


def test_nan_and_infinity_are_values_of_a_run_that_diverged(tmp_path):
    notebook_logs(tmp_path)
    np.save(tmp_path / "noAug_lossTrain.npy", [1, np.nan, np.inf, np.nan, np.nan])
    (run,) = read_runs(tmp_path)
    np.testing.assert_array_equal(run.curves["lossTrain"], [1, np.nan, np.inf, np.nan, np.nan])


def test_the_epoch_that_a_kill_left_half_written_is_left_out(tmp_path):
    notebook_logs(tmp_path)
    for name in ("lossTrain", "accTrain"):
        np.save(tmp_path / f"noAug_{name}.npy", curves(EPOCHS + 1)[name])
    (run,) = read_runs(tmp_path)
    assert {name: values.tolist() for name, values in run.curves.items()} == curves()


def test_lengths_that_no_kill_explains_are_refused(tmp_path):
    notebook_logs(tmp_path)
    np.save(tmp_path / "noAug_accEval.npy", np.zeros(EPOCHS + 2))
    message = refusal(tmp_path)
    assert "noAug_*.npy are not of one run" in message
    assert "lossTrain 5, accTrain 5, lossEval 5, accEval 7" in message


def npy(array, save=np.save, **options):
    content = io.BytesIO()
    save(content, array, **options)
    return content.getvalue()


CURVE_FILE, RUN_FILE = "noAug_lossEval.npy", "noAug_run.json"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *((f"noAug_{name}.npy", None) for name in CURVES),
        (CURVE_FILE, b"epoch,loss\n1,0.5\n"),
        (CURVE_FILE, npy(np.zeros(EPOCHS), np.savez)),
        (CURVE_FILE, npy(np.array([{"a": 1}], dtype=object), allow_pickle=True)),
        (CURVE_FILE, npy(np.zeros(0))),
        (CURVE_FILE, npy(np.float64(3))),
        (CURVE_FILE, npy(np.zeros((EPOCHS, 2)))),
        (CURVE_FILE, npy(np.zeros((1, EPOCHS, 1)))),
        (CURVE_FILE, npy(np.zeros(EPOCHS, int))),
        (RUN_FILE, b'{"seed": 0'),
        (RUN_FILE, b"[1, 2]"),
        (RUN_FILE, b"\xff\xfe{}"),
        (RUN_FILE, b"[" * 100_000),
        (RUN_FILE, b'{"seed": "zero"}'),
        (RUN_FILE, b'{"epochs": 7}'),
        (RUN_FILE, b'{"epochs": [1, 2]}'),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_file_that_is_missing_damaged_or_no_curve_is_refused_by_its_name(tmp_path, name, content):
    notebook_logs(tmp_path)
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(content)
    message = f"{tmp_path / name} is missing" if content is None else str(tmp_path / name)
    assert message in refusal(tmp_path)


def test_a_file_cut_anywhere_is_refused(tmp_path):
    notebook_logs(tmp_path)
    file = tmp_path / "noAug_lossEval.npy"
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        assert "noAug_lossEval.npy is damaged" in refusal(tmp_path)


def test_an_earlier_run_is_set_aside_whole_and_the_other_modes_stay(tmp_path):
    runlog.write(tmp_path, "userDef", curves(), {"seed": 1})
    runlog.write(tmp_path, "", curves(), {"seed": 2})
    before = {path.name: path.read_bytes() for path in tmp_path.glob("userDefAug_*")}
    folder = runlog.set_aside(tmp_path, "userDef")
    assert folder.parent == tmp_path / "replaced"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [run.mode for run in read_runs(tmp_path)] == [""]
    assert runlog.set_aside(tmp_path, "userDef") is None


def test_folders_of_seeds_are_read_as_the_runs_of_those_seeds(tmp_path):
    for seed in (10, 0, 2):
        notebook_logs(tmp_path / f"seed-{seed}")
        notebook_logs(tmp_path / f"seed-{seed}", "userDefAug_")
    notebook_logs(tmp_path / "old" / "seed-5")
    (tmp_path / "seed-7").write_text("a file")
    modes_and_seeds = [(run.mode, run.seed) for run in read_seeds([tmp_path])]
    assert modes_and_seeds == [(mode, seed) for mode in ("", "userDef") for seed in (0, 2, 10)]
    folders = [tmp_path / "seed-0", tmp_path / "seed-2", tmp_path / "seed-0"]
    assert [run.seed for run in read_seeds(folders)] == [0, 2] * 2  # of two modes, each once


def test_folders_of_seeds_may_be_links_to_folders_of_any_name(tmp_path):
    for seed, name in ((1, "monday"), (0, "tuesday")):
        notebook_logs(tmp_path / "elsewhere" / name)
        (tmp_path / "runs").mkdir(exist_ok=True)
        (tmp_path / "runs" / f"seed-{seed}").symlink_to(tmp_path / "elsewhere" / name)
    assert [run.seed for run in read_seeds([tmp_path / "runs"])] == [0, 1]


def test_a_folder_with_runs_of_its_own_is_those_runs(tmp_path):
    notebook_logs(tmp_path, "userDefAug_")
    notebook_logs(tmp_path / "seed-1")
    assert [run.mode for run in read_seeds([tmp_path])] == ["userDef"]


def test_one_seed_of_a_mode_twice_is_refused(tmp_path):
    for name in ("first", "second"):
        runlog.write(tmp_path / name, "userDef", curves(), {"seed": 0})
    with pytest.raises(UserError, match=r"first and .*second both hold seed 0 of 'userDef'"):
        read_seeds([tmp_path / "first", tmp_path / "second"])


def of_data(folder, seed, name="photos", class_names=("ant", "bee"), like=None, **config):
    """A run of userDef on this data, whose fingerprint is the seed, or that of `like`; with each
    seed, other images are evaluated."""
    fingerprint = f"{seed if like is None else like}"
    data = {"name": name, "fingerprint": fingerprint, "class_names": class_names, "eval": 3 + seed}
    runlog.write(folder, "userDef", curves(), {"seed": seed, "config": config, "data": data})
    return folder


@pytest.mark.parametrize(
    ("second", "text"),
    [
        (
            {"class_names": ["a"]},
            r"photos \(1 class: a; held-back images\) with lenet \(32 pixels\)",
        ),
        ({"network": "vgg11"}, r"photos \(2 classes: .*\) with vgg11 \(32 pixels\)"),
    ],
)
def test_seeds_of_a_mode_with_other_classes_or_networks_are_refused(tmp_path, second, text):
    same = {"holdout": 0.25, "network": "lenet", "image_size": 32}
    folders = [
        of_data(tmp_path / "first", 0, **same),
        of_data(tmp_path / "second", 1, **{**same, **second}),
    ]
    first = r"photos \(2 classes: ant, bee; held-back images\) with lenet \(32 pixels\)"
    message = f"'userDef' on different data or networks: {first}, and {text}; leave one"
    with pytest.raises(UserError, match=message):
        read_seeds(folders)


def test_seeds_that_hold_back_other_images_moved_data_and_old_logs_are_taken_together(tmp_path):
    shares = [of_data(tmp_path / f"share-{seed}", seed, holdout=0.5) for seed in (0, 1)]
    folds = [of_data(tmp_path / f"fold-{seed}", seed, fold=f"{seed}/5") for seed in (2, 3)]
    copy = of_data(tmp_path / "copy", 4, "copy", like=0)
    moved = of_data(tmp_path / "moved", 6, "moved", holdout=0.5)
    old = [tmp_path / "old", tmp_path / "older"]
    runlog.write(old[0], "userDef", curves(), {"seed": 5, "data": {"name": "other"}})
    notebook_logs(old[1], "userDefAug_")
    assert len(read_seeds([*shares, *folds, copy, moved, *old])) == 8


def test_a_folder_that_is_missing_or_has_no_logs_is_refused(tmp_path):
    assert f"{tmp_path / 'nowhere'} is not a folder" in refusal(tmp_path / "nowhere")
    notebook_logs(tmp_path / "full")
    (tmp_path / "bare").mkdir()
    with pytest.raises(UserError, match="bare holds no logs"):
        read_seeds([tmp_path / "full", tmp_path / "bare"])
