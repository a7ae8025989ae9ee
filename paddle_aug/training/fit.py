"""The training loop."""

import hashlib
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import paddle
from paddle.nn import functional as F

from paddle_aug.config import TrainConfig, flag
from paddle_aug.data.augmented import Augmented
from paddle_aug.data.dataset import Dataset
from paddle_aug.data.normalize import normalization
from paddle_aug.data.remarks import refuse_one_class
from paddle_aug.data.workers import Workers, refuse_unguarded_script
from paddle_aug.errors import UserError
from paddle_aug.inputs import augmented, of_mode, open_data, selected
from paddle_aug.networks import NETWORKS
from paddle_aug.results.stats import LAST
from paddle_aug.rng import integer_seed
from paddle_aug.system import plugins
from paddle_aug.system.files import read_bytes
from paddle_aug.training.batches import Batches, Normalize
from paddle_aug.training.callbacks import Callback, Callbacks, EarlyStop, Step
from paddle_aug.training.class_weights import class_weights
from paddle_aug.training.console import Console
from paddle_aug.training.device import num_workers, use_device
from paddle_aug.training.distributed import Group, join_group
from paddle_aug.training.divergence import refuse_divergence, warn_of_dead_network
from paddle_aug.training.ema import Average
from paddle_aug.training.frozen import Way, ways
from paddle_aug.training.gradients import add_gradients
from paddle_aug.training.head import fit_head
from paddle_aug.training.hold import hold_files
from paddle_aug.training.meters import EpochMetrics, Stopwatch
from paddle_aug.training.mixing import Mixer
from paddle_aug.training.optimizers import initialize, make_optimizer
from paddle_aug.training.pretrained import (
    IMAGENET,
    dense_head,
    find_weights,
    freeze,
    load_pretrained,
    scale_head_lr,
)
from paddle_aug.training.schedule import learning_rate
from paddle_aug.training.state import Progress, Run, begin, begin_session, publish, save
from paddle_aug.training.sync_norm import synchronize
from paddle_aug.training.visualdl import VisualDL

logger = logging.getLogger(__name__)

# Epochs between evaluations of the training images, neither augmented nor mixed.
CLEAN_EVERY = 10
# Seconds, at least, between two saves of a run that writes no weights beside its checkpoint.
SAVE_EVERY = 5.0


def fit(
    config: TrainConfig,
    data: Dataset | None = None,
    callbacks: Sequence[Callback] = (),
    weights: bool = True,
) -> Progress:
    """Train a fresh network and keep its curves and weights, epoch by epoch.

    `data` comes from `open_data`, so that several runs can share one data set. If it is the whole,
    opened with `select_part=False`, the run takes the part that its config selects. `callbacks`
    follow the training and may stop it (see `Callback`). With `weights=False`, as in a comparison,
    the checkpoint is the only file with weights, and an epoch that ends within five seconds of the
    last save is saved with a later one.

    Each epoch ends with an evaluation of every eval image, a logged line, the checkpoint and the
    best weights (`<model_dir>/<prefix>*`), and the log files (`<log_dir>/<prefix>*`).

    Raises:
        UserError: the config names something unknown, or differs from that of the run to resume;
            `data` is a part that other options selected; or another training writes to these files.
        Diverged: the losses or the weights are no longer finite numbers.
    """
    refuse_unguarded_script()
    config = of_mode(config, config.augment)
    with hold_files([config]):
        data = open_data(config) if data is None else selected(config, data)
        return fit_held(config, data, callbacks, weights)


def fit_held(
    config: TrainConfig,
    data: Dataset,
    callbacks: Sequence[Callback] = (),
    writes_weights: bool = True,
) -> Progress:
    """As `fit` with data as they are, for a caller that holds the run's files."""
    refuse_one_class(data)
    device = use_device(config)
    group = join_group()
    refuse_small_batches(config, group)
    weights = class_weights(config, data)
    datasets = make_datasets(config, data)
    unchanged = map(datasets["train"].unchanged, range(len(datasets["train"])))
    normalize = Normalize(normalization(config.normalize, unchanged))
    # A last batch of too few images joins the batch before it.
    at_once = group.max_part(config.micro_batch + 2 * group.size)
    # Paddle numbers the parameters of a process, and optimizer state has these names. The guard
    # restarts the count, so that another process can resume the second network of this one.
    with (
        paddle.utils.unique_name.guard(),
        Workers(datasets, num_workers(config, device), at_once) as workers,
        Callbacks([*own_callbacks(config, group, workers), *callbacks]) as observers,
    ):
        paddle.seed(integer_seed(config.seed, "network"))
        network = make_network(config, data)
        frozen = freeze(network, config.freeze)
        optimizer = make_optimizer(config, network)
        average = Average(network, config.ema)
        scaler = paddle.amp.GradScaler(enable=config.amp)
        run = Run(
            config, data, group, network, optimizer, average, scaler, normalize.normalization,
            None if weights is None else paddle.to_tensor(weights), writes_weights,
        )  # fmt: skip
        progress = begin(run)
        if progress.finished(config):
            return progress
        training, evaluation = ways(config, data, network, frozen, normalize)
        batches = {
            name: evaluation.batches(workers, name, config.micro_batch, config.seed, False, group)
            for name in ("eval", "test", "clean")
        }
        how = (config.step_batch, config.seed, True, group, at_once, config.sampler == "balanced")
        train_batches = training.batches(workers, "train", *how)
        begin_session(run, progress, device, train_batches)
        mixer = Mixer(config, group, training.prepare)
        if config.head_epochs and not progress.done:
            all_images = (workers, "clean", config.micro_batch, config.seed, False, Group())
            head = dense_head(network, config.network)
            fit_head(run, evaluation, head, evaluation.batches(*all_images))
            head_alone = evaluate(evaluation, batches["eval"])["acc"]
            logger.info("%s: eval %.1f %% with the head alone", config.mode, 100 * head_alone)
        trained_network = group.wrap(training.network)
        observers.call("on_train_begin", run, progress)
        if config.sync_bn:
            synchronize(network, group)

        saved = time.monotonic()
        while not progress.finished(config):
            epoch = progress.done
            observers.call("on_epoch_begin", run, progress)
            # Dropout draws from Paddle's generator; seeding it here keeps it out of the checkpoint.
            paddle.seed(integer_seed(config.seed, "dropout", epoch, group.rank))
            network.train()
            for layer in frozen:
                layer.eval()
            metrics, watch = EpochMetrics(config.amp), Stopwatch()
            for number, batch in enumerate(watch.waiting(train_batches.of(epoch)), 1):
                images, labels, total = batch
                targets = F.one_hot(labels, data.num_classes)
                inputs, targets = mixer(epoch, number, images, targets, total)
                share = number / train_batches.steps
                rate = learning_rate(config, epoch, share, progress.curves["lossEval"])
                logits = train_step(run, trained_network, rate, inputs, targets, total)
                metrics.add(logits, targets)
                step = Step(number, total, inputs, targets, logits, metrics, watch)
                observers.call("on_batch_end", run, progress, step)
            watch.stop()
            group.average_statistics(network.state_dict())
            group.average_statistics(average.weights)

            clean = None
            with average.in_place():
                evaluated = evaluate(evaluation, batches["eval"])
                last = epoch + 1 == config.epochs
                if mixer.mixes and (last or (epoch + 1) % CLEAN_EVERY == 0):
                    clean = evaluate(evaluation, batches["clean"])
            trained = metrics.means(group)
            refuse_divergence(run, progress, epoch, metrics, [trained, evaluated, clean])
            record(progress, trained, evaluated, clean, watch, train_batches.images)
            observers.call("on_epoch_end", run, progress)
            warn_of_dead_network(run, progress, "dead" in evaluated)
            progress.stopped = group.sum([float(progress.stopped)])[0] > 0
            if progress.finished(config) and data.test:
                with average.in_place():
                    progress.test = evaluate(evaluation, batches["test"])
                refuse_divergence(run, progress, epoch, metrics, [progress.test])
            late = time.monotonic() - saved >= SAVE_EVERY
            if group.is_first and (writes_weights or late or progress.finished(config)):
                save(run, progress)
                publish(run, progress)
                saved = time.monotonic()
        observers.call("on_train_end", run, progress)
    return progress


def train_step(
    run: Run,
    network: paddle.nn.Layer,
    rate: float,
    inputs: paddle.Tensor,
    targets: paddle.Tensor,
    total: int,
) -> paddle.Tensor:
    """Update the weights by this process's part of a batch of `total` images; return its logits."""
    run.optimizer.set_lr(rate)
    logits = add_gradients(run, network, inputs, targets, total)
    run.scaler.step(run.optimizer)
    run.scaler.update()
    run.optimizer.clear_grad()
    run.average.update()
    return logits


def evaluate(way: Way, batches: Batches) -> dict[str, Any]:
    """Mean loss and accuracy over all images, and the number of correct images of each class.

    The key "dead" is there, too, if the network gives all images the same outputs. Leaves the
    network in eval mode.
    """
    way.network.eval()
    metrics, group = EpochMetrics(), batches.group
    first, varied = None, batches.images <= group.size  # one image cannot vary
    with paddle.no_grad():
        for images, labels, _ in batches.of(0):
            logits = way.network(way.prepare(images))
            metrics.add(logits, F.one_hot(labels, logits.shape[1]))
            first = logits[:1] if first is None else first
            varied = varied or bool((logits != first).any())
    dead = group.sum([float(varied)])[0] == 0
    means = {**metrics.means(group), "right": metrics.right_of_class(group)}
    return {**means, "dead": True} if dead else means


def record(
    progress: Progress,
    trained: dict[str, Any],
    evaluated: dict[str, Any],
    clean: dict[str, Any] | None,
    watch: Stopwatch,
    images: int,
) -> None:
    """Add an epoch to the progress. Only the last epochs keep the correct images of each class."""
    for name, means in (("Train", trained), ("Eval", evaluated)):
        progress.curves[f"loss{name}"].append(means["loss"])
        progress.curves[f"acc{name}"].append(means["acc"])
    progress.epochs.append(
        {
            "seconds": round(watch.elapsed, 3),
            "data_wait": round(watch.share, 4),
            "images_per_s": round(images / watch.seconds, 2),
            "right": evaluated["right"],
            **({"clean": {name: clean[name] for name in ("loss", "acc")}} if clean else {}),
        }
    )
    if progress.done > LAST:
        progress.epochs[progress.done - 1 - LAST].pop("right", None)


def own_callbacks(config: TrainConfig, group: Group, workers: Workers) -> list[Callback]:
    """The callbacks of every training; only the first process has any."""
    if not group.is_first:
        return []
    return [Console(workers), *([VisualDL(config)] if config.visualdl else []), EarlyStop()]


def make_datasets(config: TrainConfig, data: Dataset) -> dict[str, Augmented]:
    """The images to train and evaluate on, by name; "clean" are training images as they are."""
    train = augmented(config, data.train, config.augment, data.store)
    datasets = {
        "train": train,
        "clean": train.plain(),
        "eval": augmented(config, data.eval, "none", data.store),
        "test": augmented(config, data.test, "none", data.store),
    }
    for dataset in datasets.values():
        if len(dataset):
            dataset[0, 0]  # raises a UserError if it does not get the network's size
    return datasets


def check_start(config: TrainConfig, data: Dataset) -> None:
    """Stop where `fit` would before its first epoch, but do not read or fill any weights.

    Raises:
        UserError: images, network, pretrained weights or frozen layers do not fit each other, or
            the class weights do not fit the data.
    """
    class_weights(config, data)
    make_datasets(config, data)
    with paddle.LazyGuard():
        freeze(new_network(config, data), config.freeze)
    if config.pretrained:
        find_weights(config)


def named_files(config: TrainConfig) -> dict[str, dict[str, str]]:
    """The SHA-256 of the files that options name, which all runs of an experiment should share.

    Files that cannot be read are left out; the runs report them.
    """
    named: dict[str, str] = {}
    if config.pretrained and config.pretrained != IMAGENET:
        named["pretrained"] = str(find_weights(config)[1])
    if config.class_weights not in ("none", "balanced"):
        named["class_weights"] = config.class_weights
    digests = {}
    for name, file in named.items():
        with suppress(OSError):
            digests[name] = hashlib.sha256(read_bytes(file)).hexdigest()
    return {"imports": plugins.loaded(), "files": digests}


def new_network(config: TrainConfig, data: Dataset) -> paddle.nn.Layer:
    """The network that the config names, for the data's classes."""
    try:
        network = NETWORKS[config.network](data.num_classes, config.image_size)
    except ValueError as error:
        raise UserError(
            f"--network {config.network} --image-size {config.image_size}: {error}"
        ) from None
    if config.head_epochs:
        dense_head(network, config.network)  # refuses others
    return network


def make_network(config: TrainConfig, data: Dataset) -> paddle.nn.Layer:
    """The network that the config names, for the data's classes, with its first weights."""
    network = new_network(config, data)
    initialize(network, config.init)
    if config.pretrained:
        load_pretrained(network, config, data)
    scale_head_lr(network, config.head_lr_mult)
    return network


def refuse_small_batches(config: TrainConfig, group: Group) -> None:
    """Stop if a process would get a single image, too few for batch normalisation."""
    fewest = 2 * group.size * config.accumulate
    if group.size > 1 and config.step_batch < fewest:
        name = "batch_size" if config.global_batch is None else "global_batch"
        least = fewest if config.global_batch else 2 * group.size
        raise UserError(
            f"{flag(name)} {getattr(config, name)} is shared by {group.size} processes and must be "
            f"at least {least}, two images for each process and micro-batch"
        )
