"""Training: one fresh network under one augmentation, and the curves it leaves."""

import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
import paddle
from paddle.nn import functional as F
from tqdm import tqdm

from paddle_aug.config import TrainConfig, flag, of_type
from paddle_aug.data.augmented import Augmented
from paddle_aug.data.dataset import Dataset
from paddle_aug.data.normalize import normalization
from paddle_aug.data.workers import Workers
from paddle_aug.errors import UserError
from paddle_aug.inputs import augmented, engine, of_mode, open_data
from paddle_aug.networks import NETWORKS
from paddle_aug.results import runlog
from paddle_aug.results.stats import LAST
from paddle_aug.rng import generator, integer_seed
from paddle_aug.system.files import refuse_unwritable, set_aside
from paddle_aug.system.processes import cores
from paddle_aug.system.signals import restore_sigterm
from paddle_aug.system.versions import commit, versions
from paddle_aug.training import checkpoint, checkpoint_schema, visualdl
from paddle_aug.training.batches import Batches, ToNetwork, joined, tensor_of
from paddle_aug.training.cpu import MKL_INSTRUCTIONS, use_fast_instructions
from paddle_aug.training.distributed import Group, join_group, processes
from paddle_aug.training.ema import Average
from paddle_aug.training.history import Column, Epochs
from paddle_aug.training.mixing import Batch, Drawn, Mixing, mixed
from paddle_aug.training.optimizers import initialize, make_optimizer
from paddle_aug.training.pretrained import freeze, load_pretrained, quicken_head
from paddle_aug.training.schedule import learning_rate
from paddle_aug.training.sync_norm import synchronize
from paddle_aug.training.weights import describe, save_trained

# What may differ between the run that was interrupted and the one that goes on with it: where
# things are and how fast they go. All else decides the curves.
MAY_CHANGE = {
    "data", "train_list", "eval_list", "image_root", "epochs", "num_workers", "cache", "cache_dir",
    "device", "threads", "log_dir", "model_dir", "visualdl", "resume",
}  # fmt: skip

# What GoogLeNet's paper (arXiv 1409.4842) gives the loss of each auxiliary classifier.
AUXILIARY = 0.3

# Epochs from one evaluation of the training images, neither augmented nor mixed, to the next.
CLEAN_EVERY = 10

TOLERABLE_WAIT = 0.1  # of an epoch, for data

MODEL_FILES = ("best.pdparams", "last.pdparams", "checkpoint.pdstates")


@dataclass
class Progress:
    """What a run has come to: all that its logs say and that going on needs, weights aside."""

    curves: dict[str, Column] = field(
        default_factory=lambda: {name: Column() for name in runlog.CURVES}
    )
    epochs: Epochs = field(default_factory=Epochs)
    sessions: list[dict] = field(default_factory=list)
    test: dict[str, float] | None = None  # of the last weights, where there is a list to test on

    @classmethod
    def of(cls, state: dict) -> "Progress":
        """What a checkpoint holds of it."""
        curves = {name: Column(state["curves"][name]) for name in runlog.CURVES}
        epochs = Epochs.of(state["epochs"])
        return cls(curves, epochs, state["sessions"], state["test"])

    def reserve(self, epochs: int) -> None:
        """Take the memory of so many epochs at once (see `Column.reserve`)."""
        for column in (*self.curves.values(), self.epochs):
            column.reserve(epochs)

    @property
    def done(self) -> int:
        """Finished epochs."""
        return len(self.epochs)

    @property
    def best(self) -> dict:
        """The first epoch, counted from 1, of the highest eval accuracy."""
        best = int(np.argmax(self.curves["accEval"].array))
        return {"epoch": best + 1, "accEval": self.curves["accEval"][best]}


@dataclass
class Run:
    """What is trained, on what, and how."""

    config: TrainConfig
    data: Dataset
    group: Group
    network: paddle.nn.Layer
    optimizer: paddle.optimizer.Optimizer
    average: Average
    scaler: paddle.amp.GradScaler
    normalization: dict


def fit(config: TrainConfig, data: Dataset | None = None) -> Progress:
    """Train a fresh network and keep its curves and weights, epoch by epoch.

    `data` is what `open_data` makes of the config's own fields, which it is asked for if it is not
    given; several runs on one data set need it opened and checked only once.

    Each epoch ends with an evaluation of every eval image, a line on the terminal, the log files
    (`<log_dir>/<prefix>*`), and the files to go on from (`<model_dir>/<prefix>*`); the best weights
    are kept as they come.

    Raises:
        UserError: something in the config cannot be had, or does not fit the run to be resumed.
    """
    config = of_mode(config, config.augment)
    if data is None:
        data = open_data(config)
    device = use_device(config)
    group = join_group()
    refuse_small_batches(config, group)
    training = augmented(config, data.train, config.augment, data.store)
    datasets = {
        "train": training,
        "clean": training.plain(),
        "eval": augmented(config, data.eval, "none", data.store),
        "test": augmented(config, data.test, "none", data.store),
    }
    refuse_wrong_sizes(datasets)
    normalized = normalization(config.normalize, unchanged_images(datasets["train"]))
    # A last batch of too few images joins the batch before it.
    at_once = group.most(config.micro_batch + 2 * group.size)
    # Optimizer state is filed under names that Paddle counts a process; the guard starts the count
    # anew, so that a second network in the same process can be resumed in another one.
    with (
        paddle.utils.unique_name.guard(),
        Workers(datasets, num_workers(config, device), at_once) as workers,
        visualdl.view(config, group) as view,
    ):
        batches = {
            name: Batches(workers, name, config.micro_batch, config.seed, False, group)
            for name in datasets
        }
        batches["train"] = Batches(
            workers, "train", config.step_batch, config.seed, True, group, at_once
        )
        to_network = ToNetwork(normalized)
        mixer = Mixer(config, data.num_classes, to_network, group)
        paddle.seed(integer_seed(config.seed, "network"))
        network = make_network(config, data)
        frozen = freeze(network, config.freeze)
        optimizer = make_optimizer(config, network)
        average = Average(network, config.ema)
        scaler = paddle.amp.GradScaler(enable=config.amp)
        run = Run(config, data, group, network, optimizer, average, scaler, normalized.as_dict())
        progress = begin(run)
        if progress.done == config.epochs:
            return progress
        progress.reserve(config.epochs)
        progress.sessions.append(session(progress, device, group, workers))
        progress.test = None  # of a run that was to end earlier
        trained_network = group.wrap(network)
        view.begin(network, progress.done)
        if config.sync_bn:
            synchronize(network, group)

        first = progress.done
        for epoch in range(first, config.epochs):
            # Dropout draws from Paddle's generator; seeding it here keeps it out of the checkpoint.
            paddle.seed(integer_seed(config.seed, "dropout", epoch, group.rank))
            total, watch = Totals(), Stopwatch()
            network.train()
            for layer in frozen:
                layer.eval()
            title = f"{config.mode} {epoch + 1}/{config.epochs}"
            with progress_bar(batches["train"].images, title, group) as bar:
                steps = watch.waiting(batches["train"].of(epoch))
                for step, (images, labels, whole) in enumerate(steps, 1):
                    share = step / batches["train"].steps
                    losses = progress.curves["lossEval"]
                    optimizer.set_lr(learning_rate(config, epoch, share, losses))
                    inputs, targets = mixer(epoch, step, images, labels, whole)
                    view.batch(epoch, step, inputs, normalized)
                    logits = add_gradients(run, trained_network, inputs, targets, whole)
                    scaler.step(optimizer)
                    scaler.update()
                    optimizer.clear_grad()
                    average.update()
                    total.add(logits, targets)
                    if bar.update(whole):
                        bar.set_postfix(**total.means(), wait=f"{watch.share:.0%}", refresh=False)
            trained = total.means(group)
            watch.stop()
            group.unite_statistics(network.state_dict())
            group.unite_statistics(average.weights)
            with average.in_place():
                evaluated = evaluate(network, to_network, batches["eval"])
                last = epoch + 1 == config.epochs
                if last and data.test:
                    progress.test = evaluate(network, to_network, batches["test"])
                clean = None
                if mixer.mixing.members and (last or (epoch + 1) % CLEAN_EVERY == 0):
                    clean = evaluate(network, to_network, batches["clean"])
                    del clean["right"]

            progress.curves["lossTrain"].append(trained["loss"])
            progress.curves["accTrain"].append(trained["acc"])
            progress.curves["lossEval"].append(evaluated["loss"])
            progress.curves["accEval"].append(evaluated["acc"])
            progress.epochs.append(
                {
                    "seconds": round(watch.elapsed, 3),
                    "data_wait": round(watch.share, 4),
                    "images_per_s": round(batches["train"].images / watch.seconds, 2),
                    "right": evaluated["right"],
                    **({"clean": clean} if clean else {}),
                }
            )
            progress.epochs.forget("right", progress.done - 1 - LAST)
            if group.is_first:
                report_epoch(progress, config)
                if epoch == first + 1:  # the first one waits for workers to start, too
                    advise(config, workers, watch.share)
                # Before the checkpoint: what is shown beyond it is cut off when the run goes on.
                view.epoch(progress.curves, progress.epochs[-1], optimizer.get_lr())
                save(run, progress)
                publish(run, progress)
    return progress


def add_gradients(
    run: Run, network: paddle.nn.Layer, inputs: paddle.Tensor, targets: paddle.Tensor, whole: int
) -> paddle.Tensor:
    """Add up the gradients of this process's part of a batch of `whole` images, which goes through
    the network in as many micro-batches as the config accumulates; return all of its logits.

    The gradients are those of the mean over the whole batch: each micro-batch weighs as many images
    as it has.
    """
    config, group = run.config, run.group
    starts = micro_batches(config, group, len(inputs), whole)
    found = []
    for start, end in zip(starts, [*starts[1:], len(inputs)], strict=True):
        batch, wanted = inputs[start:end], targets[start:end]
        with group.apart(network) if end < len(inputs) else nullcontext():
            with paddle.amp.auto_cast(enable=config.amp):
                logits, *auxiliary = as_list(network(batch))
                loss = sum(
                    (AUXILIARY * smoothed_loss(config, each, wanted) for each in auxiliary),
                    smoothed_loss(config, logits, wanted),
                )
                # Gradients are averaged over processes, whose parts may differ by an image.
                loss = loss * (len(batch) * group.size / whole)
            run.scaler.scale(loss).backward()
        found.append(logits.detach())
    return joined(found)


def micro_batches(config: TrainConfig, group: Group, part: int, whole: int) -> list[int]:
    """Where the micro-batches begin in a process's `part` of a batch of `whole` images.

    There are as many in each process, or it would wait for the others for ever; fewer in a last
    batch that is short. Where a micro-batch has two images or more, none has less.
    """
    images = group.most(config.micro_batch)
    wanted = min(config.accumulate, -(-group.most(whole) // images))
    count = max(1, min(wanted, whole // group.size // min(2, images)))
    return [number * part // count for number in range(count)]


def progress_bar(images: int, title: str, group: Group) -> tqdm:
    """A bar on the terminal of the first process; none where the output goes to a file."""
    hidden = None if group.is_first else True
    return tqdm(total=images, desc=title, unit="img", leave=False, disable=hidden)


def refuse_small_batches(config: TrainConfig, group: Group) -> None:
    """Stop where a process would have one image of a batch, too few for batch normalisation."""
    fewest = 2 * group.size * config.accumulate
    if group.size > 1 and config.step_batch < fewest:
        name = "batch_size" if config.global_batch is None else "global_batch"
        least = fewest if config.global_batch else 2 * group.size
        raise UserError(
            f"{flag(name)} {getattr(config, name)} is that of all processes together, and for "
            f"{group.size} of them must be at least {least}, two images in the network of each"
        )


def refuse_wrong_sizes(datasets: dict[str, Augmented]) -> None:
    """Stop before training where the first image of a list does not come out at its size."""
    for dataset in datasets.values():
        if len(dataset):
            dataset[0, 0]


def unchanged_images(dataset: Augmented) -> Iterator[np.ndarray]:
    """The images of a list before they are augmented."""
    return (dataset.unchanged(index) for index in range(len(dataset)))


def as_list(outputs: paddle.Tensor | tuple) -> list[paddle.Tensor]:
    """A network's logits, and behind them those of its auxiliary classifiers, if it has some."""
    return list(outputs) if isinstance(outputs, tuple | list) else [outputs]


class Mixer:
    """Makes of a batch for training what the network is trained on: normalised images and targets,
    mixed as the config says. What is drawn depends on seed, epoch and step alone, and partners come
    from the batch of all processes."""

    def __init__(self, config: TrainConfig, classes: int, to_network: ToNetwork, group: Group):
        self.mixing = Mixing.of(config)
        self.config = config
        self.classes = classes
        self.to_network = to_network
        self.group = group

    def __call__(
        self, epoch: int, step: int, images: paddle.Tensor, labels: paddle.Tensor, whole: int
    ) -> Batch:
        batch = self.to_network(images), F.one_hot(labels, self.classes)
        if not self.mixing.active(epoch):
            return batch
        partner, drawn = self.drawn(epoch, step, whole)
        own = slice(self.group.rank, None, self.group.size)
        chosen = tensor_of(partner[own])
        partners = (
            self.to_network(self.group.united(images, whole)[chosen]),
            F.one_hot(self.group.united(labels, whole)[chosen], self.classes),
        )
        return mixed(batch, partners, [(mix, numbers[own]) for mix, numbers in drawn])

    def drawn(self, epoch: int, step: int, whole: int) -> tuple[np.ndarray, Drawn]:
        """Each image's partner, and mixes with their numbers, for the batch of all processes; steps
        are counted from 1."""
        rng = generator(self.config.seed, "mix", epoch, step)
        return self.mixing.draw(rng, epoch, whole, self.config.image_size)


def smoothed_loss(
    config: TrainConfig, logits: paddle.Tensor, targets: paddle.Tensor
) -> paddle.Tensor:
    """The mean cross entropy that a step lowers."""
    return F.cross_entropy(logits, targets, soft_label=True, label_smoothing=config.label_smoothing)


def evaluate(network: paddle.nn.Layer, to_network: ToNetwork, batches: Batches) -> dict:
    """Mean loss and accuracy over all images, each once, and how many of each class are right; the
    network is left in eval mode."""
    network.eval()
    total = Totals()
    with paddle.no_grad():
        for images, labels, _ in batches.of(0):
            logits = network(to_network(images))
            total.add(logits, F.one_hot(labels, logits.shape[1]))
    return {**total.means(batches.group), "right": total.right_of_class(batches.group)}


class Totals:
    """Sums over an epoch, by sample and not by batch; they stay on the device until asked for."""

    def __init__(self):
        self.loss = paddle.zeros([], "float64")
        self.correct = paddle.zeros([], "float64")
        self.right = paddle.zeros([1], "float64")  # by class, as soon as there is a batch
        self.count = 0

    @paddle.no_grad()
    def add(self, logits: paddle.Tensor, targets: paddle.Tensor) -> None:
        """Count a batch by its plain cross entropy, whatever loss is trained on, and an image as
        right by its target's share of the class that the network finds."""
        loss = F.cross_entropy(logits, targets, soft_label=True)
        self.loss += loss.astype("float64") * len(targets)
        found = logits.argmax(axis=1, keepdim=True)
        shares = paddle.take_along_axis(targets, found, 1).astype("float64")
        self.correct += shares.sum()
        self.right = self.right + (shares * targets).sum(axis=0)
        self.count += len(targets)

    def means(self, group: Group | None = None) -> dict[str, float]:
        """Mean loss and accuracy of what was counted; with a group, by all of its processes."""
        sums = [float(self.loss), float(self.correct), self.count]
        loss, correct, count = group.sum(sums) if group else sums
        return {"loss": loss / count, "acc": correct / count}

    def right_of_class(self, group: Group) -> list[int]:
        """How many images of each class were right, where no target was mixed."""
        return [round(number) for number in group.sum(self.right.numpy().tolist())]


class Stopwatch:
    """How long a loop over batches takes, and what share of it is spent waiting for them."""

    def __init__(self):
        self.started = time.perf_counter()
        self.waited = 0.0
        self.seconds = None  # of the loop, once it has stopped

    def waiting(self, batches):
        """The same batches; the time that each is waited for is added up."""
        batches = iter(batches)
        while True:
            asked = time.perf_counter()
            batch = next(batches, None)
            self.waited += time.perf_counter() - asked
            if batch is None:
                return
            yield batch

    def stop(self) -> None:
        """The loop is over; `share` does not change after this."""
        self.seconds = self.elapsed

    @property
    def elapsed(self) -> float:
        """Seconds since the start, whether the loop is over or not."""
        return time.perf_counter() - self.started

    @property
    def share(self) -> float:
        """Waiting as a part of the loop, from 0 to 1."""
        return self.waited / (self.seconds or self.elapsed)


def use_device(config: TrainConfig) -> str:
    """Set Paddle's device and its CPU threads, and return the device's name: "cpu", "gpu:0" ….

    Raises:
        UserError: there is no such device, or mixed precision is asked of a CPU.
    """
    restore_sigterm()
    gpus = paddle.device.cuda.device_count() if paddle.device.is_compiled_with_cuda() else 0
    name = config.device
    if name == "auto":
        name = "gpu" if gpus else "cpu"
    if name.startswith("gpu:") and processes() > 1:
        raise UserError(
            f"--device {name}: each of {processes()} processes has a GPU of its own; --device gpu"
        )
    if name == "gpu" and processes() > 1:
        name = f"gpu:{paddle.distributed.ParallelEnv().device_id}"
    kind, _, number = name.partition(":")
    if not re.fullmatch(r"cpu|gpu(:[0-9]+)?", name):
        raise UserError(f"--device {name!r} is none of auto, cpu, gpu, gpu:0, gpu:1 …")
    if kind == "gpu" and int(number or 0) >= gpus:
        raise UserError(f"--device {name}: Paddle sees {gpus} GPUs here; --device cpu works always")
    if kind == "cpu" and config.amp:
        raise UserError("--amp wants a GPU, and this run uses the CPU")
    paddle.set_device(name)
    if kind == "cpu":
        use_fast_instructions()
        # Paddle itself uses one thread unless OMP_NUM_THREADS says more.
        paddle.base.core.set_num_threads(config.threads or cores())
    return paddle.get_device()


def make_network(config: TrainConfig, data: Dataset) -> paddle.nn.Layer:
    """The network that the config names, for the data's classes.

    Raises:
        UserError: there is no such network, the images are too small for it, or the weights that it
            is to start from cannot be had.
    """
    try:
        network = NETWORKS[config.network](data.num_classes, config.image_size)
    except ValueError as error:
        raise UserError(
            f"--network {config.network} --image-size {config.image_size}: {error}"
        ) from None
    initialize(network, config.init)
    if config.pretrained:
        load_pretrained(network, config.pretrained, config.network)
    quicken_head(network, config.head_lr_mult)
    return network


def num_workers(config: TrainConfig, device: str) -> int:
    """Processes that augment: beside a GPU one a core; on a CPU the network has the cores."""
    if config.num_workers is not None:
        return config.num_workers
    return 0 if device == "cpu" else cores()


def begin(run: Run) -> Progress:
    """Take up the interrupted run that `--resume` asks for, or make room for a new one.

    Raises:
        UserError: the run on the disk had other settings or other data, or lacks its checkpoint; or
            the folders cannot be written to.
    """
    config, data = run.config, run.data
    if run.group.is_first:
        refuse_unwritable(config.log_dir, "--log-dir")
        refuse_unwritable(config.model_dir, "--model-dir")
    path = model_file(config, "checkpoint.pdstates")
    if config.resume:
        refuse_what_some_do_not_see(run, path)
    if config.resume and path.exists():
        state = checkpoint.load(path)
        refuse_misfit(path, checkpoint_schema.fault(state))
        refuse_part_of_epoch(path, state)
        refuse_other_run(path, state, config, data)
        average = state["average"]
        checkpoint.load_weights(run.network, state["network"], path)
        stepped = average["steps"] > 0 and not config.amp  # which leaves steps out that overflow
        checkpoint.load_optimizer(run.optimizer, state["optimizer"], stepped, path)
        checkpoint.refuse_others(run.average.weights, average["weights"], path)
        run.average.set_state_dict(average)
        checkpoint.refuse_others(run.scaler.state_dict(), state["scaler"], path)
        run.scaler.load_state_dict(state["scaler"])
        progress = Progress.of(state)
        if run.group.is_first:
            publish(run, progress)  # a kill may have come between the two
        print(f"{config.mode}: going on after epoch {progress.done} of {config.epochs}")
        return progress
    if config.resume:
        earlier = runlog.read_run_file(config.log_dir, config.mode)
        if earlier.get("finished"):
            file = runlog.run_file(config.log_dir, config.mode)
            refuse_misfit(file, checkpoint_schema.settings_fault(earlier))
            refuse_other_run(file, earlier, config, data)
            print(f"{config.mode}: finished already, and its checkpoint {path} deleted")
            found = runlog.read_run(config.log_dir, config.mode)
            curves = {name: Column(curve) for name, curve in found.curves.items()}
            return Progress(curves, Epochs(earlier["epochs"]), test=earlier.get("test"))
        if earlier:
            raise UserError(
                f"{path} is not there, which the unfinished run in {config.log_dir} would go on "
                "from; leave --resume away to start anew"
            )
        print(f"{config.mode}: nothing to resume, so it starts anew")
    if run.group.is_first:
        set_earlier_run_aside(config)
    run.group.wait()
    return Progress()


def refuse_what_some_do_not_see(run: Run, path: Path) -> None:
    """Stop where a process, on another machine, would start anew while others go on."""
    found = [path.exists(), bool(runlog.read_run_file(run.config.log_dir, run.config.mode))]
    for number in run.group.sum([float(each) for each in found]):
        if 0 < number < run.group.size:
            raise UserError(
                f"{path}, or the logs in {run.config.log_dir}, are not there for all processes: "
                "--resume wants --model-dir and --log-dir in a folder that all machines see, or "
                "copied to each"
            )


def set_earlier_run_aside(config: TrainConfig) -> None:
    """Make room for the files of a new run."""
    for folder in (
        runlog.set_aside(config.log_dir, config.mode),
        set_aside([model_file(config, name) for name in MODEL_FILES]),
        set_aside(visualdl.files(config)),
    ):
        if folder:
            print(f"{config.mode}: an earlier run was here; its files are now in {folder}")


def refuse_misfit(file: Path, fault: str | None) -> None:
    """Stop where a file of the earlier run is not made as such files are."""
    if fault:
        raise UserError(
            f"{file} cannot be gone on from: {fault}; leave --resume away to start anew"
        )


def refuse_part_of_epoch(path: Path, state: dict) -> None:
    """Stop at a checkpoint of an earlier version that was interrupted within an epoch."""
    if state.get("part"):
        epoch = len(state["curves"]["accEval"]) + 1
        raise UserError(
            f"{path} was written in the middle of epoch {epoch} by an earlier version of "
            "paddle_aug, and this version resumes after whole epochs only; finish that epoch with "
            "the earlier version, or drop --resume to start over"
        )


def refuse_other_run(path: Path, state: dict, config: TrainConfig, data: Dataset) -> None:
    """Stop where going on would mix two runs."""
    before = {
        item.name: of_type(item.name, state["config"].get(item.name, item.default), path)
        for item in fields(config)
    }
    for name, value in before.items():
        now = getattr(config, name)
        if name not in MAY_CHANGE and value != now:
            raise UserError(
                f"{path} was trained with {flag(name)} {value}, this run has {now}; give the same "
                "to go on, or leave --resume away to start anew"
            )
    if config.schedule == "cosine" and before["epochs"] != config.epochs:
        raise UserError(
            f"{path} was trained towards --epochs {before['epochs']}, and its learning rate fell "
            f"accordingly; it cannot go on towards {config.epochs}"
        )
    there = state["data"]["fingerprint"], state["data"]["classes"]
    if there != (data.fingerprint, data.num_classes):
        raise UserError(f"{path} was trained on other data, or its lists have changed since")
    done = len(Epochs.of(state["epochs"]))
    if done > config.epochs:
        raise UserError(f"{path} is past --epochs {config.epochs}: it has {done}")


def save(run: Run, progress: Progress) -> None:
    """Write the checkpoint, from which all else can be written again."""
    state = {
        "network": run.network.state_dict(),
        "optimizer": checkpoint.kept_by(run.optimizer),
        "average": run.average.state_dict(),
        "scaler": run.scaler.state_dict(),
        "curves": {name: curve.array for name, curve in progress.curves.items()},
        "epochs": progress.epochs.state_dict(),
        "sessions": progress.sessions,
        "test": progress.test,
        "config": run.config.asdict(),
        "data": about_data(run.data),
    }
    with telling_what_cannot_be_written():
        checkpoint.save(model_file(run.config, "checkpoint.pdstates"), state)


def publish(run: Run, progress: Progress) -> None:
    """Write the logs, and the weights if they are the best so far or the last."""
    config, latest = run.config, progress.sessions[-1]
    facts = {
        "augment": config.mode,
        "seed": config.seed,
        "config": config.asdict(),
        "engine": engine(config),
        **{name: latest[name] for name in ("argv", "versions", "commit", "device")},
        "sessions": progress.sessions,
        "data": about_data(run.data),
        "normalization": run.normalization,
        "best": progress.best,
        "test": progress.test,
        "epochs": progress.epochs,
        "finished": progress.done == config.epochs,
    }
    description = describe(config, run.data, run.normalization)
    with telling_what_cannot_be_written(), run.average.in_place():
        runlog.write(config.log_dir, config.mode, progress.curves, facts)
        if progress.best["epoch"] == progress.done:
            save_trained(model_file(config, "best.pdparams"), run.network, description)
        if facts["finished"]:
            save_trained(model_file(config, "last.pdparams"), run.network, description)


@contextmanager
def telling_what_cannot_be_written():
    """Turn a full disk into one message."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"cannot write {error.filename or 'a file of the run'}: {error.strerror}; the last "
            "checkpoint is whole: make room, then go on with --resume"
        ) from None


def session(progress: Progress, device: str, group: Group, workers: Workers) -> dict:
    """What trains from here on; epochs are counted from 0."""
    decoded = workers.datasets["train"].decoded
    return {
        "from_epoch": progress.done,
        "argv": sys.argv,
        "versions": {**versions(), "paddle": paddle.__version__},
        "commit": commit(),
        "device": device,
        "processes": group.size,
        "mkl": os.environ.get(MKL_INSTRUCTIONS),
        "num_workers": workers.processes,
        "cache": decoded.way if decoded else "off",
    }


def model_file(config: TrainConfig, name: str) -> Path:
    """A file of this run in the folder of weights."""
    return Path(config.model_dir) / f"{runlog.prefix(config.mode)}{name}"


def about_data(data: Dataset) -> dict:
    """What run.json says of the data."""
    return {
        "name": data.name,
        "fingerprint": data.fingerprint,
        "classes": data.num_classes,
        "class_names": data.class_names,
        "train": len(data.train),
        "eval": len(data.eval),
        "test": len(data.test),
        "eval_of_class": np.bincount(
            [sample.label for sample in data.eval], minlength=data.num_classes
        ).tolist(),
    }


def advise(config: TrainConfig, workers: Workers, share: float) -> None:
    """Say what would shorten the wait for data, where it takes more than a tenth of the time."""
    if share <= TOLERABLE_WAIT:
        return
    if engine(config) == "imgaug":
        way_out = "--engine native draws the same pipeline many times faster"
    elif workers.datasets["train"].decoded is None:
        way_out = "--cache ram or disk would decode each image only once"
    elif workers.processes < cores():
        way_out = f"--num-workers {cores()} would augment on every core"
    else:
        way_out = (
            "every core augments already; more cores, a smaller --image-size or a lighter "
            "augmentation would help"
        )
    print(
        f"{config.mode}: {share:.0%} of the epoch was spent waiting for data; {way_out}",
        file=sys.stderr,
    )


def report_epoch(progress: Progress, config: TrainConfig) -> None:
    """A line like the notebook's two."""
    now = {name: values[-1] for name, values in progress.curves.items()}
    epoch = progress.epochs[-1]
    print(
        f"{config.mode} epoch: {progress.done}/{config.epochs}, "
        f"loss is: {now['lossTrain']:.4f}, acc is: {now['accTrain']:.4f}, "
        f"[validation] loss/accuracy: {now['lossEval']:.4f}/{now['accEval']:.4f} "
        f"({epoch['seconds']:.1f} s, {epoch['images_per_s']:.0f} images/s, "
        f"{epoch['data_wait']:.0%} waiting for data)",
        flush=True,
    )
    if "clean" in epoch:
        print(
            f"{config.mode} [training images, neither augmented nor mixed] loss/accuracy: "
            f"{epoch['clean']['loss']:.4f}/{epoch['clean']['acc']:.4f}",
            flush=True,
        )
    if progress.test:
        print(
            f"{config.mode} [test] loss/accuracy of the last weights: "
            f"{progress.test['loss']:.4f}/{progress.test['acc']:.4f}",
            flush=True,
        )
