"""The Runs tab's answers: runs as they change, reports, and what a run saw, without a port."""

import json
import math
import os
from contextlib import ExitStack

import numpy as np
import pytest
from made_logs import curves, logs
from studio_answers import pixels, query
from trained import tiny_config

from paddle_aug.errors import UserError
from paddle_aug.preview import preview
from paddle_aug.results import runlog
from paddle_aug.results.colours import COLOURS
from paddle_aug.studio import runs
from paddle_aug.studio.state import Options, Studio
from paddle_aug.training import fit as train


@pytest.fixture
def studio_of():
    """Makes studios on a folder of logs."""
    with ExitStack() as stack:

        def start(folder, **given) -> Studio:
            studio = Studio(Options(given, logs=folder))
            stack.callback(studio.end)
            return studio

        yield start


def ask(studio, route="runs", **words):
    return runs.ROUTES[route](studio, query(**words))


def by_mode(answer) -> dict[str, dict]:
    return {run.get("mode") or run["name"]: run for run in answer["runs"]}


def test_the_curves_and_numbers_of_all_runs_below_the_folder(studio_of, tmp_path):
    epochs = [{"seconds": 2.0, "data_wait": 0.25}] * 12
    config = {"epochs": 12, "network": "vgg_thin_bn"}
    logs(tmp_path / "a/b/seed-3", ["", "userDef"], seed=3, config=config, epochs=12)
    runlog.write(tmp_path, "hflip|rotate(9)", curves(4), {"augment": "hflip|rotate(9)", "seed": 1})
    expected = curves(12, 3)
    runlog.write(
        tmp_path / "a/b/seed-3", "", expected,
        {"augment": "", "seed": 3, "config": config, "epochs": epochs, "finished": True},
    )  # fmt: skip
    answer = ask(studio_of(tmp_path))
    found = by_mode(answer)
    assert set(found) == {"none", "userDef", "hflip|rotate(9)"}
    none = found["none"]
    for name, values in expected.items():
        np.testing.assert_allclose(none["curves"][name], values, atol=1e-5)
    assert (none["folder"], none["group"], none["seed"]) == ("a/b/seed-3", "a/b", 3)
    assert (none["epochs"], none["planned"], none["state"]) == (12, 12, "finished")
    assert (none["seconds"], none["data_wait"]) == (24.0, 25.0)
    held_out = 100 * np.array(expected["accEval"])
    assert none["last"] == pytest.approx(held_out[-1], abs=1e-4)
    assert none["best"] == pytest.approx(held_out.max(), abs=1e-4)
    assert none["best_epoch"] == held_out.argmax() + 1
    assert none["mean_last"] == pytest.approx(held_out[-10:].mean(), abs=1e-4)
    assert found["userDef"]["state"] == "unfinished"
    assert found["hflip|rotate(9)"]["mean_last"] is None
    assert answer["colours"]["none"] == COLOURS[""]
    assert answer["there"]
    json.dumps(answer, allow_nan=False)


def test_seeds_of_a_mode_are_a_row_of_the_table(studio_of, tmp_path):
    for seed in range(3):
        logs(tmp_path / f"seed-{seed}", ["userDef"], seed=seed)
    answer = ask(studio_of(tmp_path))
    [row] = answer["modes"]
    assert (row["group"], row["augmentation"], row["seeds"]) == (".", "userDef", "3")
    assert "±" in row["eval (%)"]
    assert {run["group"] for run in answer["runs"]} == {"."}


def test_only_what_has_changed_is_read_and_sent_again(studio_of, tmp_path, monkeypatch):
    logs(tmp_path, ["", "userDef"], epochs=3)
    read = []
    one_run = runs.read_stem
    monkeypatch.setattr(runs, "read_stem", lambda *at: read.append(at[1]) or one_run(*at))
    studio = studio_of(tmp_path)
    first = ask(studio)
    assert sorted(read) == ["no", "userDef"]
    second = ask(studio, since=first["version"])
    assert second["runs"] == []
    assert second["version"] == first["version"]
    assert "modes" not in second
    runlog.write(tmp_path, "userDef", curves(4), {"augment": "userDef", "seed": 0})
    third = ask(studio, since=first["version"])
    assert [(run["mode"], run["epochs"]) for run in third["runs"]] == [("userDef", 4)]
    assert read[2:] == ["userDef"]
    assert len(third["modes"]) == 2
    for file in tmp_path.glob("userDef*"):
        file.unlink()
    fourth = ask(studio, since=third["version"])
    assert fourth["runs"] == []
    assert len(fourth["ids"]) == 1


def test_an_empty_folder_and_one_that_is_not_there_have_no_runs(studio_of, tmp_path):
    answer = ask(studio_of(tmp_path))
    assert (answer["ids"], answer["reports"], answer["there"]) == ([], [], True)
    assert not ask(studio_of(tmp_path / "later"))["there"]
    with pytest.raises(UserError, match="without a folder of logs; give --logs"):
        ask(Studio())


def test_a_run_with_a_fault_says_so_beside_the_others(studio_of, tmp_path):
    logs(tmp_path, ["", "userDef", "allab", "allba"], epochs=3)
    (tmp_path / "userDefAug_run.json").write_text("{")
    (tmp_path / "allabAug_run.json").write_text('{"config": 7, "epochs": [{"seconds": "x"}]}')
    (tmp_path / "allbaAug_accEval.npy").write_bytes(b"\x93NUMPY")
    np.save(tmp_path / "imgaugLibAug_lossTrain.npy", np.ones(1))  # training is writing the rest
    answer = ask(studio_of(tmp_path))
    found = by_mode(answer)
    assert "problem" not in found["none"]
    assert found["userDef"]["problem"].startswith("userDefAug_run.json is damaged")
    assert "allabAug_run.json is not the run.json of a run" in found["allab"]["problem"]
    assert found["allba"]["problem"].startswith("allbaAug_accEval.npy is damaged")
    assert [name for name, run in found.items() if run.get("begun")] == ["imgaugLib"]
    assert str(tmp_path) not in json.dumps([run.get("problem") for run in answer["runs"]])


def test_numbers_that_are_not_finite_become_gaps(studio_of, tmp_path):
    lost = curves(6)
    for name in lost:
        lost[name][4:] = [math.nan, math.inf]
    runlog.write(tmp_path, "userDef", lost, {"augment": "userDef", "seed": 0, "diverged": 5})
    answer = ask(studio_of(tmp_path))
    [run] = answer["runs"]
    assert run["curves"]["accEval"][4:] == [None, None]
    assert (run["state"], run["diverged"], run["last"]) == ("diverged", 5, None)
    assert run["best_epoch"] <= 4
    json.dumps(answer, allow_nan=False)


def test_runs_that_were_set_aside_or_hidden_are_left_out(studio_of, tmp_path):
    for name in ("kept", "replaced/today", ".part"):
        logs(tmp_path / name, [""], epochs=2)
    assert [run["folder"] for run in ask(studio_of(tmp_path))["runs"]] == ["kept"]


def test_very_many_folders_are_bounded(studio_of, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "MAX_FOLDERS", 3)
    for seed in range(5):
        logs(tmp_path / f"seed-{seed}", [""], epochs=1)
    answer = ask(studio_of(tmp_path))
    assert len(answer["ids"]) == 2
    assert answer["more"]


def test_reports_are_read_by_their_folder(studio_of, tmp_path):
    for name, files in {
        "mine": {"compare.json": "{}", "report.html": "<p>answer", "report.md": "answer"},
        "found": {"search.json": "{}", "report.html": "<p>won", "report.png": "picture"},
        "begun": {"compare.json": "{}"},
    }.items():
        (tmp_path / name).mkdir()
        for file, text in files.items():
            (tmp_path / name / file).write_text(text)
    studio = studio_of(tmp_path)
    reports = {one["folder"]: one for one in ask(studio)["reports"]}
    shown = {name: (one["kind"], one["ready"]) for name, one in reports.items()}
    assert shown == {
        "mine": ("compare", True),
        "found": ("search", True),
        "begun": ("compare", False),
    }
    page = ask(studio, "runs-report", id=reports["mine"]["id"])
    assert (page.bytes, page.media_type) == (b"<p>answer", "text/html")
    assert ask(studio, "runs-report", id=reports["found"]["id"]).bytes == b"<p>won"
    with pytest.raises(UserError, match="not written yet"):
        ask(studio, "runs-report", id=reports["begun"]["id"])
    for word in ("../mine", "mine", ""):
        with pytest.raises(UserError, match="no longer there"):
            ask(studio, "runs-report", id=word)


def seen(studio, **words) -> dict:
    """What a run saw, once its data is open."""
    while (answer := ask(studio, "runs-seen", **words))["loading"]:
        for job in list(studio._jobs.values()):
            job.join()
    return answer


def test_a_run_saw_what_training_fed(studio_of, photos, tmp_path):
    config = tiny_config(photos, tmp_path, batch_size=5, epochs=3, seed=3, augment="hflip|noise(9)")
    train.fit(config)
    studio = studio_of(tmp_path / "logs")
    [run] = ask(studio)["runs"]
    answer = seen(studio, id=run["id"], epoch=2, image=7)
    dataset = preview.read_run(next(tmp_path.rglob("*run.json"))).dataset
    original, *drawn = answer["cells"]
    assert np.array_equal(pixels(original["picture"]), dataset.unchanged(7))
    assert [cell["epoch"] for cell in drawn] == [2, 3]
    for cell in drawn:
        assert np.array_equal(pixels(cell["picture"]), dataset[cell["epoch"] - 1, 7][0])
        assert "noise" in cell["caption"]
    assert (answer["path"], answer["epochs"]) == (dataset.samples[7].path, 3)
    with pytest.raises(UserError, match="epoch wants a number from 1 to 3"):
        ask(studio, "runs-seen", id=run["id"], epoch=4)
    with pytest.raises(UserError, match="image wants a number from 0 to 23"):
        ask(studio, "runs-seen", id=run["id"], image=24)


def test_a_run_that_mixed_images_is_shown_as_the_network_had_them(studio_of, photos, tmp_path):
    config = tiny_config(photos, tmp_path, batch_size=5, epochs=1, augment="hflip", mix="mixup")
    train.fit(config)
    studio = studio_of(tmp_path)
    [run] = ask(studio)["runs"]
    original, drawn = seen(studio, id=run["id"])["cells"]
    assert "mix" in drawn["caption"]
    assert pixels(original["picture"]).shape == pixels(drawn["picture"]).shape


def test_data_that_has_moved_is_taken_from_the_studio(studio_of, photos, tmp_path):
    config = tiny_config(photos, tmp_path, batch_size=5, epochs=1)
    train.fit(config)
    file = next(tmp_path.rglob("*run.json"))
    run = json.loads(file.read_text())
    run["config"]["data"] = str(tmp_path / "gone")
    file.write_text(json.dumps(run))
    lost = studio_of(tmp_path)
    [run] = ask(lost)["runs"]
    with pytest.raises(UserError, match="gone"):
        seen(lost, id=run["id"])
    assert seen(studio_of(tmp_path, data=str(photos)), id=run["id"])["cells"]


def test_few_runs_keep_their_data_open(studio_of, photos, tmp_path):
    for seed in range(runs.OPEN_RUNS + 1):
        folder = tmp_path / f"seed-{seed}"
        os.makedirs(folder)
        train.fit(tiny_config(photos, folder, batch_size=12, epochs=1, seed=seed))
    studio = studio_of(tmp_path)
    for run in ask(studio)["runs"]:
        assert seen(studio, id=run["id"])["cells"]
    assert len(studio._jobs) == runs.OPEN_RUNS
