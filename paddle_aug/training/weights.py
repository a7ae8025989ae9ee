"""Trained weights and all that is needed to use them, in one file that works anywhere."""

import math
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import paddle

from paddle_aug.config import TrainConfig, config_of
from paddle_aug.data.dataset import Dataset, open_dataset
from paddle_aug.data.normalize import KNOWN, Normalization
from paddle_aug.errors import UserError, found_in
from paddle_aug.inputs import DRAWS, SOURCES, engine, open_data
from paddle_aug.networks import NETWORKS
from paddle_aug.system import files
from paddle_aug.system.schema import COUNT, NUMBER, TEXT, misfit
from paddle_aug.training import checkpoint

FORMAT = 1
CONFIG = ("network", "mix", *SOURCES, *DRAWS)
SCHEMA = {
    "format": COUNT,
    "config": {},
    "engine": TEXT,
    "data": {"name": TEXT, "fingerprint": TEXT, "class_names": [TEXT]},
    "normalization": {"mean": [NUMBER], "std": [NUMBER], "per_image": bool},
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
    description = weights.pop(checkpoint.DESCRIPTION, None)
    if run is not None:
        if description is not None:
            raise UserError(f"{path} has a description of its own; drop --run")
        try:
            description = files.read_json(run)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", error)
            raise UserError(
                f"cannot read {run}: {reason}; --run wants the run.json of a run"
            ) from None
        trained = from_description(description, Path(run))
    elif description is None:
        raise UserError(
            f"{path} has no description, like weights of early versions; give the run.json from "
            "the logs of its run: --run FILE, or train again. Weights of paddle.vision and others "
            f"are a start for a training: --pretrained paddle.vision:{path}"
        )
    else:
        trained = from_description(description, path)
    checkpoint.load_weights(trained.network, weights, path)
    trained.network.eval()
    return trained


def from_description(description: dict, file: Path) -> Trained:
    """Make the network of a description or a run.json; it has no weights yet."""
    # Early versions had neither a format nor --engine nor --normalize.
    facts: dict = {"format": FORMAT, "engine": TrainConfig.engine, "normalization": None}
    facts |= description if isinstance(description, dict) else {}
    if facts["normalization"] is None:
        facts["normalization"] = KNOWN["half"].as_dict()
    if isinstance(facts["format"], int) and facts["format"] > FORMAT:
        raise UserError(f"{file} was written by a later version of paddle_aug; use that one")
    if fault := misfit(facts, SCHEMA, "it") or _misfit_of_numbers(facts):
        raise UserError(f"{file} does not describe trained weights: {fault}")
    config = config_of({**facts["config"], "engine": facts["engine"]}, (*CONFIG, "engine"), file)
    data, normalization = facts["data"], facts["normalization"]
    with found_in(file):
        make = NETWORKS[config.network]
    try:
        with paddle.LazyGuard():  # no memory until the weights have been found to fit
            network = make(len(data["class_names"]), config.image_size)
    except ValueError as error:
        raise UserError(f"{file} does not describe trained weights: {error}") from None
    mean, std = tuple(normalization["mean"]), tuple(normalization["std"])
    return Trained(
        network,
        config,
        Normalization(mean, std, normalization["per_image"]),
        data["class_names"],
        data["name"],
        data["fingerprint"],
    )


def _misfit_of_numbers(facts: dict) -> str | None:
    """The fault that the schema cannot see, if there is one."""
    if not facts["data"]["class_names"]:
        return "its classes are not named"
    for name in ("mean", "std"):
        numbers = facts["normalization"][name]
        if len(numbers) != 3 or not all(map(math.isfinite, numbers)):
            return f"it: normalization: {name} is not of three numbers"
    return None


def eval_data(trained: Trained, given: dict) -> Dataset:
    """The data to evaluate trained weights on: that of their run, unless other data is `given`.

    `given` holds fields of `SOURCES`. With `data`, its whole eval list is used; without it, the
    fields replace those of the run.

    Raises:
        UserError: the data cannot be opened, has other classes, has no eval images, or has changed
            since the weights were trained.
    """
    if given:
        own = {} if "data" in given else {n: getattr(trained.config, n) for n in SOURCES}
        data = open_dataset(**{**own, **given}, check=False)
    else:
        data = open_data(trained.config, check=False)
        if data.fingerprint != trained.fingerprint:
            raise UserError(
                f"the data {trained.data_name}, on which the weights were trained, has changed "
                f"since, or {data.name} is other data; --data names what to evaluate on"
            )
    for number, (name, other) in enumerate(zip_longest(trained.class_names, data.class_names)):
        if name != other:
            quoted = ["not there" if text is None else repr(text) for text in (other, name)]
            raise UserError(
                f"{data.name} has other classes than the weights: class {number} is {quoted[0]} in "
                f"it, and {quoted[1]} in them"
            )
    if not data.eval:
        raise UserError(
            f"{data.name} has no images to evaluate on; name data that has, or give --eval-list"
        )
    return data
