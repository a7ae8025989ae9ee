"""The state of a run: its parts, its progress, and how they are saved and resumed."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
import paddle

from paddle_aug.config import EARLIER_DEFAULTS, TrainConfig, flag, of_type
from paddle_aug.data.dataset import Dataset
from paddle_aug.data.normalize import Normalization
from paddle_aug.data.samples import Sample
from paddle_aug.errors import Diverged, UserError, found_in
from paddle_aug.inputs import engine
from paddle_aug.results import runlog
from paddle_aug.results.stats import best_epoch
from paddle_aug.system import plugins
from paddle_aug.system.commit import commit
from paddle_aug.system.files import set_aside
from paddle_aug.system.versions import versions
from paddle_aug.training import checkpoint, checkpoint_schema
from paddle_aug.training.batches import Batches
from paddle_aug.training.cpu import MKL_INSTRUCTIONS, cpu_model
from paddle_aug.training.distributed import Group
from paddle_aug.training.ema import Average
from paddle_aug.training.weights import describe, save_trained

logger = logging.getLogger(__name__)

# The options that may change when a run is resumed: paths and speed. All others decide the curves.
MAY_CHANGE = {
    "data", "train_list", "eval_list", "image_root", "epochs", "num_workers", "cache", "cache_dir",
    "device", "threads", "log_dir", "model_dir", "visualdl", "resume",
}  # fmt: skip

MODEL_FILES = ("best.pdparams", "last.pdparams", "checkpoint.pdstates")


@dataclass
class Progress:
    """The results of a run so far: all that its logs hold and resuming needs, except weights.

    `curves` has the four of the logs, and `epochs` the facts about each epoch, as in run.json.
    """

    curves: dict[str, list[float]] = field(
        default_factory=lambda: {name: [] for name in runlog.CURVES}
    )
    epochs: list[dict] = field(default_factory=list)
    sessions: list[dict] = field(default_factory=list)
    test: dict[str, float] | None = None  # of the last weights, if there is a test list
    stopped: bool = False
    diverged: dict | None = None  # where; the curves then end with an epoch of NaN
    dead: bool = False  # whether the network gives all images the same outputs

    @property
    def done(self) -> int:
        """The number of finished epochs."""
        return len(self.epochs)

    @property
    def best(self) -> dict:
        """The first epoch, counted from 1, with the highest eval accuracy."""
        best = best_epoch(self.curves["accEval"])
        return {"epoch": best + 1, "accEval": self.curves["accEval"][best]}

    def stop(self) -> None:
        """End the training after this epoch."""
        self.stopped = True

    def finished(self, config: TrainConfig) -> bool:
        """Whether there is nothing left to train."""
        return self.stopped or self.done == config.epochs


@dataclass
class Run:
    """The parts of a training."""

    config: TrainConfig
    data: Dataset
    group: Group
    network: paddle.nn.Layer
    optimizer: paddle.optimizer.Optimizer
    average: Average
    scaler: paddle.amp.GradScaler
    normalization: Normalization
    class_weights: paddle.Tensor | None = None
    writes_weights: bool = True  # apart from those in the checkpoint

    @property
    def class_weight_list(self) -> list[float] | None:
        """The class weights as plain numbers."""
        return None if self.class_weights is None else self.class_weights.numpy().tolist()


def begin(run: Run) -> Progress:
    """Resume the run that `--resume` asks for, or make room for a new one.

    Raises:
        UserError: the run on the disk has other settings or other data, or lacks its checkpoint.
    """
    config = run.config
    path = model_file(config, "checkpoint.pdstates")
    if config.resume:
        refuse_unshared(run, path)
        if path.exists():
            return resume(run, path)
        if earlier := runlog.read_run_file(config.log_dir, config.mode):
            return finished_before(run, earlier, path)
        logger.info("%s: nothing to resume, so it starts from the beginning", config.mode)
    if run.group.is_first:
        set_earlier_run_aside(config)
    run.group.wait()
    return Progress()


def resume(run: Run, path: Path) -> Progress:
    """Load the run's state from its checkpoint, after checking that it is this run's."""
    config = run.config
    state = checkpoint_schema.current(checkpoint.load(path), path)
    refuse_other_run(path, state, config, run.data)
    if state.get("class_weights") != run.class_weight_list:
        raise UserError(
            f"{path} was trained with other weights than {config.class_weights} has now; restore "
            "the file to resume, or drop --resume to start over"
        )
    average = state["average"]
    checkpoint.load_weights(run.network, state["network"], path)
    stepped = average["steps"] > 0 and not config.amp  # with amp, overflowing steps are skipped
    checkpoint.load_optimizer(run.optimizer, state["optimizer"], stepped, path)
    checkpoint.refuse_others(run.average.weights, average["weights"], path)
    checkpoint.refuse_diverged(average["weights"], path)
    run.average.set_state_dict(average)
    checkpoint.refuse_others(run.scaler.state_dict(), state["scaler"], path)
    run.scaler.load_state_dict(state["scaler"])
    # A run that a callback stopped may be given more epochs.
    stopped = state["stopped"] and config.epochs <= state["config"]["epochs"]
    progress = Progress(state["curves"], state["epochs"], state["sessions"], state["test"], stopped)
    if run.group.is_first:
        publish(run, progress)  # in case a kill came after the checkpoint and before the logs
    logger.info("%s: resuming after epoch %d of %d", config.mode, progress.done, config.epochs)
    return progress


def finished_before(run: Run, earlier: dict, path: Path) -> Progress:
    """The progress of a finished run without a checkpoint, from its logs.

    Raises:
        UserError: it is not finished, its files are damaged, or it has other settings or data.
        Diverged: it diverged.
    """
    config = run.config
    if not runlog.has_ended(config.log_dir, config.mode):
        raise UserError(
            f"cannot resume the unfinished run in {config.log_dir}: {path} is missing; drop "
            "--resume to start over"
        )
    file = runlog.run_file(config.log_dir, config.mode)
    checkpoint_schema.refuse_damaged({"test": None, **earlier}, checkpoint_schema.FINISHED, file)
    refuse_other_run(file, earlier, config, run.data)
    before = runlog.read_run(config.log_dir, config.mode)
    if before.diverged is not None:
        raise Diverged(
            f"cannot resume {config.mode} in {config.log_dir}: it diverged in epoch "
            f"{before.diverged}; drop --resume to start over, with a smaller --learning-rate than "
            f"{config.learning_rate:g}"
        )
    logger.info("%s: already finished; its checkpoint %s was deleted", config.mode, path)
    curves = {name: curve.tolist() for name, curve in before.curves.items()}
    return Progress(curves, earlier["epochs"], test=earlier.get("test"), stopped=True)


def begin_session(run: Run, progress: Progress, device: str, batches: Batches) -> None:
    """Add this session, as run.json has it, and warn if it computes other bits than the one before.

    Epochs are counted from 0.
    """
    workers = batches.workers
    decoded = workers.datasets["train"].decoded
    session = {
        "from_epoch": progress.done,
        "argv": sys.argv,
        "versions": {**versions(), "paddle": paddle.__version__},
        "commit": commit(),
        "device": device,
        "cpu": cpu_model(),
        "processes": run.group.size,
        "mkl": os.environ.get(MKL_INSTRUCTIONS),
        "passes": batches.passes,
        "num_workers": workers.processes,
        "cache": decoded.way if decoded else "off",
        "imports": plugins.loaded(),
    }
    if progress.sessions and run.group.is_first:
        warn_of_other_machine(run.config, progress.sessions[-1], session)
        if names := plugins.changed(progress.sessions[-1].get("imports", {})):
            logger.warning(
                "%s: changed since the epochs before: %s; from here on images or weights may "
                "differ from those of an undisturbed run",
                run.config.mode,
                ", ".join(names),
            )
    progress.sessions.append(session)
    progress.test = None  # a resumed run may have been tested at an earlier end


def warn_of_other_machine(config: TrainConfig, before: dict, now: dict) -> None:
    """Warn if a resumed run does not compute with the same instructions as before."""

    def described(session: dict) -> dict:
        kind = session["device"].partition(":")[0]
        # Earlier versions did not write the CPU.
        cpu = {"CPU": session.get("cpu", now["cpu"]), MKL_INSTRUCTIONS: session.get("mkl")}
        facts = {"Paddle": session["versions"].get("paddle"), "device": kind}
        return facts | (cpu if kind == "cpu" else {})

    here = described(now)
    changed = [
        f"{name} {here.get(name) or 'unset'} (before: {value or 'unset'})"
        for name, value in described(before).items()
        if value != here.get(name)
    ]
    if changed:
        logger.warning(
            "%s: from here on the bits differ from those of an undisturbed run: %s",
            config.mode,
            ", ".join(changed),
        )


def refuse_unshared(run: Run, path: Path) -> None:
    """Stop if only some of the processes, on several machines, see the run to resume."""
    exist = [path.exists(), bool(runlog.read_run_file(run.config.log_dir, run.config.mode))]
    for number in run.group.sum([float(exists) for exists in exist]):
        if 0 < number < run.group.size:
            raise UserError(
                f"cannot resume: {path}, or the logs in {run.config.log_dir}, are missing for some "
                "processes; put --model-dir and --log-dir in a folder that all machines share, or "
                "copy them to each"
            )


def set_earlier_run_aside(config: TrainConfig) -> None:
    """Move the files of an earlier run out of the way of a new one."""
    visualdl_files = visualdl_folder(config).glob("vdl*.log") if config.visualdl else []
    for folder in (
        runlog.set_aside(config.log_dir, config.mode),
        set_aside([model_file(config, name) for name in MODEL_FILES]),
        set_aside(sorted(visualdl_files)),
    ):
        if folder:
            logger.info("%s: moved the files of an earlier run to %s", config.mode, folder)


def refuse_other_run(path: Path, state: dict, config: TrainConfig, data: Dataset) -> None:
    """Stop if the run that wrote `state` has other settings, other data, or more epochs."""
    values = EARLIER_DEFAULTS | state["config"]
    with found_in(path):
        before = {item.name: of_type(item.name, values[item.name]) for item in fields(config)}
    for name, value in before.items():
        now = getattr(config, name)
        if name not in MAY_CHANGE and value != now:
            raise UserError(
                f"{path} was trained with {flag(name)} {value}, this run has {now}; give the same "
                "to resume, or drop --resume to start over"
            )
    if config.schedule == "cosine" and before["epochs"] != config.epochs:
        raise UserError(
            f"{path} was trained towards --epochs {before['epochs']}, and its learning rate fell "
            f"accordingly; it cannot be resumed towards {config.epochs}"
        )
    then = state["data"]
    if not data.has_fingerprint(then["fingerprint"]) or then["classes"] != data.num_classes:
        copies = len({*data.digests.values()}) < len(data.digests)
        earlier = ", or by version 0.1.0, whose --holdout separates copies of an image" * copies
        raise UserError(
            f"{path} was trained on other data, or its lists have changed since{earlier}; "
            "drop --resume to start over"
        )
    if len(state["epochs"]) > config.epochs:
        raise UserError(
            f"{path} is past --epochs {config.epochs}: it has {len(state['epochs'])} epochs"
        )


def save(run: Run, progress: Progress) -> None:
    """Write the checkpoint, from which `resume` can restore all other files."""
    state = {
        "format": checkpoint_schema.FORMAT,
        "network": run.network.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "average": run.average.state_dict(),
        "scaler": run.scaler.state_dict(),
        "curves": progress.curves,
        "epochs": progress.epochs,
        "sessions": progress.sessions,
        "test": progress.test,
        "stopped": progress.stopped,
        "class_weights": run.class_weight_list,
        "config": run.config.asdict(),
        "data": about_data(run.data),
    }
    with report_full_disk():
        checkpoint.save(model_file(run.config, "checkpoint.pdstates"), state)


def publish(run: Run, progress: Progress) -> None:
    """Write the logs, and the weights if they are the best so far or the last.

    Of a run that diverged only the logs: its weights are lost.
    """
    config, latest = run.config, progress.sessions[-1]
    normalization = run.normalization.as_dict()
    facts = {
        "augment": config.mode,
        "seed": config.seed,
        "config": config.asdict(),
        "engine": engine(config),
        **{name: latest[name] for name in ("argv", "versions", "commit", "device")},
        "sessions": progress.sessions,
        "data": about_data(run.data),
        "normalization": normalization,
        "best": progress.best if progress.done else None,
        "diverged": progress.diverged,
        "test": progress.test,
        "class_weights": run.class_weight_list,
        "stopped": progress.stopped,
        "epochs": progress.epochs,
        "finished": progress.finished(config) and not progress.diverged,
    }
    description = describe(config, run.data, normalization)
    with report_full_disk(), run.average.in_place():
        runlog.write(config.log_dir, config.mode, progress.curves, facts)
        if progress.diverged or not run.writes_weights:
            return
        if progress.best["epoch"] == progress.done:
            save_trained(model_file(config, "best.pdparams"), run.network, description)
        if facts["finished"]:
            save_trained(model_file(config, "last.pdparams"), run.network, description)


@contextmanager
def report_full_disk() -> Iterator[None]:
    """Raise a UserError if a file cannot be written."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"cannot write {error.filename or 'a file of the run'}: {error.strerror}; the last "
            "checkpoint is whole: make room, then run the same command with --resume"
        ) from None


def model_file(config: TrainConfig, name: str) -> Path:
    """The path of a file in `--model-dir` that belongs to this run."""
    return Path(config.model_dir) / f"{runlog.prefix(config.mode)}{name}"


def about_data(data: Dataset) -> dict:
    """The facts about the data in run.json."""

    def of_class(samples: list[Sample]) -> list[int]:
        labels = [sample.label for sample in samples]
        return np.bincount(labels, minlength=data.num_classes).tolist()

    return {
        "name": data.name,
        "fingerprint": data.fingerprint,
        "classes": data.num_classes,
        "class_names": data.class_names,
        "train": len(data.train),
        "eval": len(data.eval),
        "test": len(data.test),
        "train_of_class": of_class(data.train),
        "eval_of_class": of_class(data.eval),
        "test_of_class": of_class(data.test),
    }


def visualdl_folder(config: TrainConfig) -> Path:
    """The folder of a run below `--visualdl`; VisualDL shows its name."""
    return Path(config.visualdl or "") / runlog.prefix(config.mode).removesuffix("_")
