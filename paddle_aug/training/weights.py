"""Trained weights with all that using them needs: one file, which may be copied anywhere."""

import math
from dataclasses import asdict, dataclass
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
    "normalization": (None, {"mean": [NUMBER], "std": [NUMBER], "per_image": bool}),
}


@dataclass(frozen=True)
class Trained:
    """A trained network in eval mode, and what it was trained on and how.

    `config` has the fields of `CONFIG`, all others are defaults.
    """

    network: paddle.nn.Layer
    config: TrainConfig
    normalization: Normalization
    class_names: list[str]
    data_name: str
    fingerprint: str


def describe(config: TrainConfig, data: Dataset, normalization: dict) -> dict:
    """What stands beside the weights, in plain values, under the names that run.json gives them."""
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
    """Write weights that `load_trained` reads, and paddle.load too."""
    checkpoint.save(path, {**network.state_dict(), checkpoint.DESCRIPTION: description})


def load_trained(path: Path | str, run: Path | str | None = None) -> Trained:
    """The network of a file of weights.

    Weights from before they were described want the run.json of their run.

    Raises:
        UserError: the file cannot be read, does not say what its weights are of (or says so and
            `run` is given besides), or its weights are of another network.
    """
    path = Path(path)
    weights = checkpoint.load(path)
    description = weights.pop(checkpoint.DESCRIPTION, None)
    if run is not None:
        if description is not None:
            raise UserError(f"{path} says itself what its weights are of; leave --run away")
        trained = understood(read_json(Path(run)), Path(run))
    elif description is None:
        raise UserError(
            f"{path} does not say what its weights are of, as those of earlier versions do not; "
            "name the run.json that lies with the logs of its run: --run FILE, or train again"
        )
    else:
        trained = understood(description, path)
    checkpoint.load_weights(trained.network, weights, path)
    trained.network.eval()
    return trained


def read_json(file: Path) -> dict:
    """What a run.json says.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return files.read_json(file)
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror}; --run wants a run.json") from None
    except ValueError as error:
        raise UserError(f"{file} is not the run.json of a run: {error}") from None


def understood(description: dict, file: Path) -> Trained:
    """The network that a description is of, which has no weights yet.

    Raises:
        UserError: it is none, or a later version wrote it, or has a network that this one has not.
    """
    told: dict = {"format": FORMAT, "engine": TrainConfig.engine, "normalization": None}
    told |= description if isinstance(description, dict) else {}
    if isinstance(told["format"], int) and told["format"] > FORMAT:
        raise UserError(f"{file} was written by a later version of paddle_aug; use that one")
    if fault := misfit(told, SCHEMA, "it") or _contradiction(told):
        raise UserError(f"{file} does not describe trained weights: {fault}")
    config = config_of({**told["config"], "engine": told["engine"]}, (*CONFIG, "engine"), file)
    data, normalized = told["data"], told["normalization"]
    if normalized is None:  # runs from before --normalize were all the notebook's
        normalized = asdict(KNOWN["half"])
    with found_in(file):
        make = NETWORKS[config.network]
    try:
        with paddle.LazyGuard():  # no memory before the weights are found to fit
            network = make(len(data["class_names"]), config.image_size)
    except ValueError as error:
        raise UserError(f"{file} does not describe trained weights: {error}") from None
    mean, std = tuple(normalized["mean"]), tuple(normalized["std"])
    return Trained(
        network,
        config,
        Normalization(mean, std, normalized["per_image"]),
        data["class_names"],
        data["name"],
        data["fingerprint"],
    )


def _contradiction(told: dict) -> str | None:
    """What of a description cannot be meant."""
    if not told["data"]["class_names"]:
        return "its classes are not named"
    for name in ("mean", "std"):
        numbers = (told["normalization"] or {name: (0.0,) * 3})[name]
        if len(numbers) != 3 or not all(map(math.isfinite, numbers)):
            return f"it: normalization: {name} is not of three numbers"
    return None


def eval_data(trained: Trained, given: dict) -> Dataset:
    """What to evaluate trained weights on: the data of their run, or what is `given` instead.

    `given` holds fields of `SOURCES`. `data` is other data, of which the whole eval list is taken;
    without it, the others take the place of the run's.

    Raises:
        UserError: the data cannot be had, has other classes, nothing to evaluate on, or has changed
            since the weights were trained.
    """
    if given:
        kept = {} if "data" in given else {n: getattr(trained.config, n) for n in SOURCES}
        found = open_dataset(**{**kept, **given}, check=False)
    else:
        found = open_data(trained.config, check=False)
        if found.fingerprint != trained.fingerprint:
            raise UserError(
                f"the data {trained.data_name}, on which the weights were trained, has changed "
                f"since, or {found.name} is other data; --data names what to evaluate on"
            )
    for number, (name, other) in enumerate(zip_longest(trained.class_names, found.class_names)):
        if name != other:
            raise UserError(
                f"{found.name} has other classes than the weights: class {number} is "
                f"{quoted(other)} in it, and {quoted(name)} in them"
            )
    if not found.eval:
        raise UserError(
            f"{found.name} has no images to evaluate on; name data that has, or give --eval-list"
        )
    return found


def quoted(name: str | None) -> str:
    """A class's name for a message."""
    return "not there" if name is None else repr(name)
