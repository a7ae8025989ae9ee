"""The settings of a training run: defaults, then a recipe, then the command line."""

import reprlib
import typing
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from paddle_aug.config_fields import (
    AT_LEAST_ONE,
    BELOW_ONE,
    NOT_NEGATIVE,
    POSITIVE,
    PROBABILITY,
    Rule,
    option,
)
from paddle_aug.errors import UserError, found_in
from paddle_aug.names import near_miss
from paddle_aug.system.files import read_bytes
from paddle_aug.system.script_task import kept

RECIPES = Path(__file__).parent / "recipes"
RECIPE_KEYS = ("about", "command", "cost", "result", "config")

# The sections of `--help`, each from this field on.
GROUPS = {
    "data": "data",
    "augmentation": "augment",
    "network": "network",
    "optimisation": "batch_size",
    "speed": "num_workers",
    "output": "log_dir",
}


@dataclass(frozen=True)
class TrainConfig:
    """All settings of a run; the defaults are the notebook's, except `interpolation`.

    Each field is the option of the same name (`batch_size` is `--batch-size`), a key of a recipe,
    and a key of the run.json that a run writes.
    """

    data: str | None = option(
        None,
        "folder with the list files or of class folders, a single list, a CSV table, or 'sample'; "
        "or KIND:PATH: folder:PATH, csv:FILE, cifar10:PATH or cifar100:PATH of the python archive, "
        "mnist:FOLDER, fashion-mnist:FOLDER; by default the data set mounted on AI Studio",
        "DATA",
    )
    train_list: str | None = option(
        None, "list of the training images, a line each: path label", "FILE"
    )
    eval_list: str | None = option(None, "list of the evaluation images", "FILE")
    image_root: str | None = option(
        None, "folder that the paths in the lists start from; / for absolute paths", "FOLDER"
    )
    first: int | None = option(None, "train on the first N images of the list only")
    fraction: float = option(1.0, "train on this fraction of each class, drawn by the seed")
    holdout: float = option(
        0.0,
        "hold back this fraction of each class and evaluate on it; the evaluation list is then "
        "used once, after the last epoch",
    )
    fold: str | None = option(
        None, "evaluate on the K-th of N folds of the training list, train on the others", "K/N"
    )
    sampler: str = option(
        "shuffle",
        "images of an epoch: shuffle takes each once; balanced draws as many, evenly over classes",
        choices=("shuffle", "balanced"),
    )
    augment: str = option(
        "none",
        "none, userDef, imgaugLib, allab, allba, samplePairing, mixup; auto, which is recommended; "
        "a pipeline such as 'hflip|rotate(20)'; any with a mix, as in userDef+mixup:0.4; a comma "
        "list of them, or all for the first five: each trains a fresh network",
        "MODES",
    )
    name: str | None = option(
        None,
        "name a pipeline, as in mild='hflip|rotate(15)', for --augment, logs, figures and tables; "
        "once for each",
        "NAME=PIPELINE",
        repeated=True,
    )
    mix: str = option(
        "none",
        "mix the images of a batch and their labels: none, mixup, cutmix, resizemix, "
        "samplePairing; mixup:0.4 and cutmix:1 set alpha; mixup+cutmix draws one of them",
        "MIX",
    )
    mix_prob: float = option(1.0, "probability of mixing", rule=PROBABILITY)
    mix_per: str = option(
        "batch",
        "draw the mix for each batch, pair or element",
        "UNIT",
        choices=("batch", "pair", "element"),
    )
    mix_off_epochs: int = option(0, "do not mix in the last N epochs", rule=NOT_NEGATIVE)
    stretch: bool = option(
        True,
        "resize images to a square of --image-size before augmenting, as the notebook does; with "
        "--no-stretch they are augmented at their own size",
    )
    interpolation: str = option(
        "area",
        "how images are resized to --image-size: area averages over all pixels when it shrinks; "
        "linear, as in the notebook, takes two pixels of each axis, however many it skips",
        choices=("area", "linear"),
    )
    eval_transform: str = option(
        "none",
        "with --no-stretch, what makes evaluation images square, such as "
        "'resize(256)|center_crop(224)'; training images that are still of another size after "
        "their augmentation go through it too",
        "PIPELINE",
    )
    normalize: str = option(
        "half",
        "half maps pixels to -1..1, unit to 0..1; imagenet, data (the training images) and image "
        "(each its own) subtract a mean and divide by a deviation; or three means / three "
        "deviations of pixels in 0..1, such as 0.5,0.5,0.5/0.2,0.2,0.2",
    )
    engine: str = option(
        "auto",
        "what runs imgaugLib: native (this package's operations, also auto) or imgaug itself",
        choices=("auto", "native", "imgaug"),
    )
    network: str = option(
        "vgg16",
        "vgg11, vgg13, vgg16, vgg19, vgg_thin, vgg_thin_bn, lenet, alexnet, googlenet, resnet18, "
        "resnet34, resnet50, resnet101, resnet152, densenet121, densenet161, densenet169, "
        "densenet201, efficientnet_lite0, keras_cnn, d2l_resnet18, residual_mnist; or a network of "
        "paddle.vision.models, such as paddle.vision:mobilenet_v3_small",
    )
    init: str = option(
        "default",
        "initial weights: default (Paddle's) or xavier (uniform)",
        choices=("default", "xavier"),
    )
    pretrained: str | None = option(
        None,
        "start from the weights in FILE (ours, PyTorch's, or paddle.vision:FILE), or from "
        "'imagenet', which a package has for efficientnet_lite0 and Paddle downloads for others; a "
        "head for another number of classes is replaced",
        "FILE",
    )
    freeze: str | None = option(
        None,
        "do not train these weights: 'body' (all but the head), or a comma list of how their names "
        "start, such as blocks.0-11 (with the layers before them); 'statistics' are those of batch "
        "normalisation",
        "NAMES",
    )
    head_epochs: int = option(
        0, "train the head alone first, for N epochs on unaugmented images", rule=NOT_NEGATIVE
    )
    passes: int = option(
        5,
        "with all but the head frozen: augment each image N times, and draw one of these in each "
        "epoch; 0 augments anew in each epoch",
        rule=NOT_NEGATIVE,
    )
    head_lr_mult: float = option(1.0, "multiply the learning rate of the head", rule=POSITIVE)
    image_size: int = option(
        224,
        "height and width of the network's input in pixels",
        rule=Rule("from 1 to 8192", lambda value: 1 <= value <= 8192),
    )
    sync_bn: bool = option(
        False, "batch normalisation over the images of all processes, not of each process alone"
    )
    batch_size: int = option(
        8,
        "images per batch, over all processes; an optimizer step takes --accumulate batches",
        rule=AT_LEAST_ONE,
    )
    accumulate: int = option(
        1,
        "sum the gradients of N batches in a step: N times the images in the memory of one batch",
        rule=AT_LEAST_ONE,
    )
    global_batch: int | None = option(
        None,
        "instead of --batch-size: images per optimizer step, over all processes and accumulated "
        "batches",
    )
    optimizer: str = option(
        "adam", "adam, adamw (decoupled weight decay) or sgd", choices=("adam", "adamw", "sgd")
    )
    learning_rate: float = option(1e-4, "step size of the optimizer", rule=POSITIVE)
    momentum: float = option(0.9, "momentum of sgd", rule=BELOW_ONE)
    weight_decay: float = option(
        0.0, "add this share of the weights to their gradient", rule=NOT_NEGATIVE
    )
    schedule: str = option(
        "constant",
        "learning rate: constant; cosine, falling to 0 over the epochs; step, times gamma at each "
        "milestone; plateau, times gamma when the evaluation loss stops falling",
        choices=("constant", "cosine", "step", "plateau"),
    )
    milestones: str = option("", "epochs of --schedule step, such as 15,18", "EPOCHS")
    gamma: float = option(0.1, "factor of --schedule step and plateau", rule=POSITIVE)
    patience: int = option(
        5, "epochs that --schedule plateau waits for a lower evaluation loss", rule=AT_LEAST_ONE
    )
    warmup: float = option(
        0.0, "epochs in which the learning rate rises from 0, step by step", rule=NOT_NEGATIVE
    )
    label_smoothing: float = option(
        0.0,
        "share of the target that is spread over all classes; not part of the logged losses",
        rule=BELOW_ONE,
    )
    class_weights: str = option(
        "none",
        "weights of classes in the loss, not in the logged losses: none; balanced, n / (classes × "
        "images of the class); or a file with a line for each class: name weight",
        "WEIGHTS",
    )
    ema: float = option(
        0.0,
        "evaluate and save a moving average of the weights, with this decay per step, such as "
        "0.999; 0 for none",
        rule=BELOW_ONE,
    )
    epochs: int = option(100, "passes over the training images", rule=AT_LEAST_ONE)
    early_stop: int = option(
        0, "end when the evaluation has not improved for N epochs; 0 for never", rule=NOT_NEGATIVE
    )
    early_stop_by: str = option(
        "accuracy", "what must improve: accuracy or loss", choices=("accuracy", "loss")
    )
    seed: int = option(
        0,
        "seed of initial weights, order, augmentation and dropout",
        rule=Rule("from 0 to 2**32 - 1", lambda value: 0 <= value < 2**32),
    )
    num_workers: int | None = option(
        None,
        "processes that augment; by default one per core with a GPU, 0 without",
        rule=NOT_NEGATIVE,
    )
    cache: str = option(
        "auto",
        "where decoded images are kept: ram, disk (for later runs too) or off; auto takes ram, "
        "else disk, if the images need at most half of what is free",
        "WHERE",
        choices=("auto", "ram", "disk", "off"),
    )
    cache_dir: str | None = option(
        None,
        "folder of --cache disk; by default paddle_aug in the user's cache folder, on AI Studio in "
        "/tmp",
        "FOLDER",
    )
    device: str = option("auto", "gpu, gpu:1 or cpu; auto is the GPU, if any")
    threads: int | None = option(
        None, "CPU threads of the network; by default one per core", rule=AT_LEAST_ONE
    )
    amp: bool = option(False, "mixed precision, on a GPU")
    log_dir: str = option(kept("logs"), "folder of the curves and run.json", "FOLDER")
    model_dir: str = option(kept("models"), "folder of the weights", "FOLDER")
    visualdl: str | None = option(
        None,
        "write curves, augmented batches and the network's graph for VisualDL to this folder; "
        f"{kept('logs/visualdl')} if none is named",
        "FOLDER",
        bare=kept("logs/visualdl"),
    )
    resume: bool = option(False, "resume an interrupted run from its last whole epoch")

    def __post_init__(self) -> None:
        for item in fields(self):
            value, rule = getattr(self, item.name), item.metadata["rule"]
            if rule and value is not None and not rule.holds(value):
                raise UserError(f"{flag(item.name)} must be {rule.text}, not {value}")
            choices = item.metadata["choices"]
            if choices and value not in choices:
                raise UserError(f"{flag(item.name)} {value!r}: {near_miss(value, choices)}")
        if self.global_batch is not None and self.global_batch < self.accumulate:
            raise UserError(
                f"--global-batch {self.global_batch} is less than --accumulate {self.accumulate}; "
                "each accumulated batch needs an image"
            )
        if self.class_weights == self.sampler == "balanced":
            raise UserError("--class-weights and --sampler: give balanced to one of them, not both")
        if (self.schedule == "step") != bool(self.milestone_epochs):
            raise UserError(
                "--schedule step and --milestones need each other: --schedule step --milestones 15"
            )

    @property
    def mode(self) -> str:
        """The run's name in its logs: augmentation and mix, as `--augment` takes them."""
        return self.augment if self.mix == "none" else f"{self.augment}+{self.mix}"

    @property
    def step_batch(self) -> int:
        """Images per optimizer step, over all processes and accumulated batches."""
        return self.global_batch or self.batch_size * self.accumulate

    @property
    def micro_batch(self) -> int:
        """Images per batch, over all processes, at most."""
        return -(-self.step_batch // self.accumulate)

    @property
    def milestone_epochs(self) -> list[int]:
        """The epochs, counted from 0, from which the learning rate is lower by `gamma` each."""
        try:
            epochs = [int(part) for part in self.milestones.split(",")] if self.milestones else []
        except ValueError:
            epochs = [0]
        if not all(epoch > 0 for epoch in epochs) or sorted(set(epochs)) != epochs:
            raise UserError(
                f"--milestones takes rising epochs, such as 15,18, not {self.milestones}"
            )
        return epochs

    def asdict(self) -> dict[str, Any]:
        """The fields as plain values, as in run.json."""
        return asdict(self)


# The values of fields that the files of earlier versions lack.
EARLIER_DEFAULTS = {**TrainConfig().asdict(), "interpolation": "linear"}

# The largest learning rates of the recipes, by optimizer.
LARGEST_RATES = {"adam": 3e-3, "adamw": 1e-2, "sgd": 0.1}


def smaller_rate(config: dict[str, Any]) -> float:
    """The learning rate to try where these fields of a config, as in run.json, diverge."""
    tenth: float = config["learning_rate"] / 10
    return min(tenth, LARGEST_RATES[config["optimizer"]])


def flag(name: str) -> str:
    """The option of a field."""
    return "--" + name.replace("_", "-")


def value_type(name: str) -> type:
    """The type of a field's values that are not None."""
    hint: type = typing.get_type_hints(TrainConfig)[name]
    return next(iter(typing.get_args(hint)), hint)  # the first of `str | None`


def recipe_names() -> list[str]:
    """The recipes that come with the package."""
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))


def load_recipe(name: str) -> dict[str, Any]:
    """The fields that a recipe sets; `name` is its name or its path.

    A recipe is YAML: `config` holds fields of TrainConfig; `about`, `command`, `cost` and `result`
    say what it is for, how to run it, what it takes and what it gave.

    Raises:
        UserError: no such recipe, an unknown key, or a value of the wrong type.
    """
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        path = RECIPES / f"{name}.yaml"
        if not path.exists():
            raise UserError(f"no recipe named {name!r}; {near_miss(name, recipe_names())}")
    try:
        content = yaml.safe_load(read_bytes(path))
    except OSError as error:
        raise UserError(f"cannot read the recipe {path}: {error.strerror}") from None
    except Exception as error:  # for tags and values that do not match, PyYAML raises any kind
        raise UserError(f"the recipe {path} is not YAML: {error}") from None
    if not isinstance(content, dict) or not isinstance(content.get("config"), dict):
        raise UserError(f"the recipe {path} needs a mapping 'config' with the options it sets")
    for key in content:
        if key not in RECIPE_KEYS:
            raise UserError(f"{path}: unknown key {key!r}; {near_miss(str(key), RECIPE_KEYS)}")
    with found_in(path):
        return {name: of_type(name, value) for name, value in content["config"].items()}


def of_type(name: str, value: Any) -> Any:
    """A value from a file or a script, in the type of its field.

    YAML reads 1e-4 as text, and 1 as a whole number where 1.0 is meant; scripts have paths and
    NumPy's numbers, too.

    Raises:
        UserError: there is no such field, or the value is of another type.
    """
    if name not in (known := [item.name for item in fields(TrainConfig)]):
        raise UserError(f"unknown option {name!r}; {near_miss(str(name), known)}")
    kind = value_type(name)
    if isinstance(value, np.generic):
        value = value.item()
    elif isinstance(value, PathLike):
        value = fspath(value)
    if value is None and getattr(TrainConfig, name) is None:
        return None
    if kind is float and type(value) in (int, str):
        with suppress(ValueError, OverflowError):
            return float(value)
    if type(value) is not kind:
        shown = reprlib.repr(value)
        raise UserError(f"{name} wants a value of type {kind.__name__}, got {shown}")
    return value


def config_of(values: dict[str, Any], names: Iterable[str], file: Path) -> TrainConfig:
    """The config with a file's values of these fields, or those of earlier versions where it lacks
    them, and the defaults of the others.

    Raises:
        UserError: a value is of another type, or refused.
    """
    values = EARLIER_DEFAULTS | values
    with found_in(file):
        return TrainConfig(**{name: of_type(name, values[name]) for name in names})


def make_config(given: dict[str, Any], recipe: str) -> TrainConfig:
    """The config of `fit`: the defaults, overridden by the recipe, then by the fields given.

    Fields are the options of `tools/train.py` with `_` for `-`; `recipe` is a name or a file.

    >>> from paddle_aug import make_config
    >>> make_config({"augment": "hflip", "epochs": 5}, recipe="small").image_size
    64

    Raises:
        UserError: see `load_recipe` and `of_type`; or a value is refused or contradicts another.
    """
    values = load_recipe(recipe)
    given = {name: of_type(name, value) for name, value in given.items()}
    if "batch_size" in given:
        if "global_batch" in given:
            raise UserError("give --batch-size or --global-batch, not both")
        values.pop("global_batch", None)
    return replace(TrainConfig(), **{**values, **given})
