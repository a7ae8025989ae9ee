"""Trained weights and all that is needed to use them, in one file that works anywhere."""

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import paddle

from paddle_aug.config import TrainConfig, config_of
from paddle_aug.data.content import same_images
from paddle_aug.data.dataset import Dataset, open_dataset
from paddle_aug.data.normalize import KNOWN, Normalization
from paddle_aug.errors import UserError, found_in
from paddle_aug.inputs import DRAWS, SOURCES, engine, open_data, selected, transform_of
from paddle_aug.networks import NETWORKS
from paddle_aug.results.text import shortened
from paddle_aug.system import files, plugins
from paddle_aug.system.schema import COUNT, TEXT, misfit
from paddle_aug.training import checkpoint
from paddle_aug.training.pretrained import NORMALIZATION

logger = logging.getLogger(__name__)

FORMAT = 1
MAX_NAMES = 8  # classes that a message names
CONFIG = ("network", "mix", *SOURCES, *DRAWS)
SCHEMA = {
    "format": COUNT,
    "config": {},
    "engine": TEXT,
    "imports": [TEXT],
    "data": {"name": TEXT, "fingerprint": TEXT, "class_names": [TEXT]},
    "normalization": NORMALIZATION,
}


@dataclass(frozen=True)
class Trained:
    """A trained network in eval mode, its data and its config.

    `config` has the fields of `CONFIG` from the training; all others are defaults.
    """

    network: paddle.nn.Layer
    config: TrainConfig
    normalization: Normalization
    class_names: list[str]
    data_name: str
    fingerprint: str

    def logits(self, inputs: paddle.Tensor) -> paddle.Tensor:
        """The network's outputs [N, classes] for normalised images.

        Raises:
            UserError: they are not finite numbers, though the weights are.
        """
        with paddle.no_grad():
            logits = self.network(inputs)
        if not bool(paddle.isfinite(logits).all()):
            raise UserError(
                "the outputs of the trained network are not finite numbers: its training was about "
                "to diverge; train again with a smaller --learning-rate"
            )
        return logits


def describe(config: TrainConfig, data: Dataset, normalization: dict) -> dict:
    """The description beside the weights: plain values, with the names that run.json has."""
    return {
        "format": FORMAT,
        "config": {name: getattr(config, name) for name in CONFIG},
        "engine": engine(config),
        "imports": list(plugins.loaded()),
        "data": {
            "name": data.name,
            "fingerprint": data.fingerprint,
            "class_names": data.class_names,
        },
        "normalization": normalization,
    }


def save_trained(path: Path, network: paddle.nn.Layer, description: dict) -> None:
    """Write weights that `load_trained` and paddle.load can read."""
    checkpoint.save(path, {**network.state_dict(), checkpoint.DESCRIPTION: description})


def load_trained(path: Path | str, run: Path | str | None = None) -> Trained:
    """Load a network from a file of weights.

    Weights of early versions have no description, and need the run.json of their run.

    Raises:
        UserError: the file cannot be read, has no description (or has one and `run` is given too),
            or its weights are of another network, or not finite.
    """
    path = Path(path)
    weights = checkpoint.load(path)
    description, file = weights.pop(checkpoint.DESCRIPTION, None), path
    if run is None and description is None:
        raise UserError(
            f"{path} has no description, like weights of early versions; give the run.json from "
            "the logs of its run: --run FILE, or train again. Weights of paddle.vision and others "
            f"are a start for a training: --pretrained paddle.vision:{path}"
        )
    if run is not None and description is not None:
        raise UserError(f"{path} has a description of its own; drop --run")
    if run is not None:
        file = Path(run)
        try:
            description = files.read_json(file)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", error)
            advice = "--run wants the run.json of a run"
            raise UserError(f"cannot read {file}: {reason}; {advice}") from None
    trained = from_description(description, file)
    checkpoint.load_weights(trained.network, weights, path)
    trained.network.eval()
    return trained


def from_description(description: dict, file: Path) -> Trained:
    """Make the network of a description or a run.json; it has no weights yet."""
    # Early versions had neither a format nor --engine nor --normalize.
    facts: dict = {"format": FORMAT, "engine": TrainConfig.engine, "normalization": None}
    facts["imports"] = []
    facts |= description if isinstance(description, dict) else {}
    if facts["normalization"] is None:
        facts["normalization"] = KNOWN["half"].as_dict()
    if isinstance(facts["format"], int) and facts["format"] > FORMAT:
        raise UserError(f"{file} was written by a later version of paddle_aug; use that one")
    fault = misfit(facts, SCHEMA, "it")
    if fault or not facts["data"]["class_names"]:
        fault = fault or "its classes are not named"
        raise UserError(f"{file} does not describe trained weights: {fault}")
    config = config_of({**facts["config"], "engine": facts["engine"]}, (*CONFIG, "engine"), file)
    data = facts["data"]
    with plugins.missing(facts["imports"]), found_in(file):
        make = NETWORKS[config.network]
        transform_of(config, config.eval_transform)
    try:
        with paddle.LazyGuard():  # no memory until the weights are known to fit
            network = make(len(data["class_names"]), config.image_size)
    except ValueError as error:
        raise UserError(f"{file} does not describe trained weights: {error}") from None
    norm = facts["normalization"]
    normalization = Normalization(tuple(norm["mean"]), tuple(norm["std"]), norm["per_image"])
    names, name, fingerprint = data["class_names"], data["name"], data["fingerprint"]
    return Trained(network, config, normalization, names, name, fingerprint)


def eval_data(trained: Trained, given: dict) -> Dataset:
    """The data to evaluate trained weights on: that of their run, unless other data is `given`.

    `given` holds fields of `SOURCES`. With `data`, its whole eval list is used, or all its images
    if it is not split; without it, the fields replace those of the run. Classes may be missing.

    Raises:
        UserError: the data cannot be opened, has classes that the weights do not know, or has
            changed since the weights were trained.
    """
    if given:
        own = {} if "data" in given else {n: getattr(trained.config, n) for n in SOURCES}
        data = open_dataset(**{**own, **given}, check=False)
        return with_classes(to_evaluate(trained, data, other="data" in given), trained)
    data = open_data(trained.config, check=False, fingerprint=trained.fingerprint)
    if not data.has_fingerprint(trained.fingerprint):
        raise UserError(
            f"the data {trained.data_name}, on which the weights were trained, has changed "
            f"since, or {data.name} is other data; --data names images to evaluate on, which "
            "should be new to the network"
        )
    # Names may have been corrected since; the labels are those of the training.
    pairs = zip(trained.class_names, data.class_names, strict=True)
    if changed := [f"{was!r} is {now!r} now" for was, now in pairs if was != now]:
        logger.warning(
            f"the names of the classes of {data.name} have changed since the weights were "
            f"trained: {shortened(changed, MAX_NAMES)}; reports keep the names from the training"
        )
    return replace(data, class_names=trained.class_names)


def to_evaluate(trained: Trained, data: Dataset, other: bool) -> Dataset:
    """The data with its eval list or, where it is not split, all its images, unless the weights
    were trained on some of them. `other` data is not known to be the run's."""
    own = None
    with suppress(UserError):  # data that cannot be split as the run's data was is other data
        part = selected(trained.config, data, trained.fingerprint)
        own = part if part.has_fingerprint(trained.fingerprint) else None
    if own and not data.eval:
        logger.info(f"{data.name} was trained on; evaluating on the part that was held back")
        return own
    if not data.eval:
        logger.info(f"{data.name} is not split; evaluating on all its {len(data.train):,} images")
        data = replace(data, train=[], eval=data.train)
    if other and own is None:
        warn_of_trained_images(trained, data)
    return data


def warn_of_trained_images(trained: Trained, data: Dataset) -> None:
    """Warn if the weights were trained on some of the images to evaluate on; if the data of their
    training is no longer as it was, the names of both decide."""
    shared = None
    if trained.config.data != "sample" and (trained.config.data or trained.config.train_list):
        with suppress(UserError, OSError):  # it may be on another machine, or have changed
            run = open_data(trained.config, check=False, fingerprint=trained.fingerprint)
            if run.has_fingerprint(trained.fingerprint):
                shared = len(same_images(run.train, data.eval))
    if shared:
        logger.warning(
            f"{shared:,} of the {len(data.eval):,} evaluation images of {data.name} were used to "
            "train these weights: the accuracy will be too high"
        )
    elif shared is None and data.name == trained.data_name:
        logger.warning(
            f"{data.name} has the name of the data that the weights were trained on, but differs "
            "from it: if training used some of these images, the accuracy will be too high"
        )


def with_classes(data: Dataset, trained: Trained) -> Dataset:
    """The data with the classes of the weights, and each label the number of its class there.

    Raises:
        UserError: the weights do not know a class of the data, or two classes have one name.
    """
    known, there = trained.class_names, data.class_names
    if known == there:
        return data
    if unknown := [name for name in there if name not in known]:
        names = shortened([*map(repr, known)], MAX_NAMES)
        numbered = all(name.isdigit() for name in there)
        advice = "; write labels.txt beside its lists, a line a class: 0 name" if numbered else ""
        raise UserError(
            f"{data.name} has other classes than the weights: {unknown[0]!r} is none of {names}"
            f"{advice}"
        )
    if len(set(known)) < len(known) or len(set(there)) < len(there):
        raise UserError(f"{data.name} has other classes than the weights, and two of one name")
    train, eval_, test = (
        [sample._replace(label=known.index(there[sample.label])) for sample in samples]
        for samples in (data.train, data.eval, data.test)
    )
    return replace(data, class_names=known, train=train, eval=eval_, test=test)
