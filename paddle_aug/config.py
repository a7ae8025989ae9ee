"""What a training run is told: defaults, then a recipe, then the command line."""

import reprlib
import types
import typing
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

import yaml

from paddle_aug.errors import UserError, found_in
from paddle_aug.names import near_miss
from paddle_aug.system.files import read_bytes

SCHEDULES = ("constant", "cosine", "step", "plateau")
OPTIMIZERS = ("adam", "adamw", "sgd")
INITIALIZERS = ("default", "xavier")
MIX_UNITS = ("batch", "pair", "element")
ENGINES = ("auto", "native", "imgaug")
CACHES = ("auto", "ram", "disk", "off")
RECIPES = Path(__file__).parent / "recipes"
MOST_RECIPE = 2**16  # bytes; YAML is read at some 50,000 a second
MOST_IMAGE_SIZE = 2**13  # pixels
# What reading YAML raises: where tags and values do not go together, nearly anything.
_YAML_ERRORS = (
    yaml.YAMLError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    RecursionError,
)


def option(default, text: str, bare: str | None = None):
    """A field with the text that `--help` shows for it, and its value where the option is given
    without one."""
    return field(default=default, metadata={"help": text, "bare": bare})


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a run; the defaults are the notebook's.

    Each field is the option of the same name (`batch_size` is `--batch-size`), a key of a recipe,
    and a key of the run.json that a run leaves behind.
    """

    augment: str = option(
        "none",
        "none, userDef, imgaugLib, allab, allba, samplePairing, mixup, a pipeline such as "
        "'hflip|rotate(20)', any of these with a mix as in userDef+mixup:0.4, a comma list of "
        "them, or all for the first five; each trains a fresh network",
    )
    mix: str = option(
        "none",
        "mix images of a batch, and their labels: none, mixup, cutmix, resizemix, samplePairing; "
        "mixup:0.4 and cutmix:1 with their alpha; mixup+cutmix takes either, at random",
    )
    mix_prob: float = option(1.0, "probability of mixing")
    mix_per: str = option(
        "batch", "what mixing is drawn for: the whole batch, each pair, each element"
    )
    mix_off_epochs: int = option(0, "the last so many epochs go without mixing")
    data: str | None = option(
        None,
        "folder with the list files, or 'sample'; or another kind: folder:PATH of class folders, "
        "csv:FILE, cifar10:PATH and cifar100:PATH of the python archive, mnist:FOLDER and "
        "fashion-mnist:FOLDER; without it AI Studio's data are looked for",
    )
    train_list: str | None = option(None, "list file to train on, 'path label' a line")
    eval_list: str | None = option(None, "list file to evaluate on")
    image_root: str | None = option(None, "folder that the paths in the lists start from")
    first: int | None = option(None, "train on the first so many images of the list only")
    fraction: float = option(
        1.0, "train on this part of the training list, the same in each class, drawn by the seed"
    )
    holdout: float = option(
        0.0,
        "hold back this part of the training list, the same in each class, and evaluate on it; "
        "the eval list is then tested on once, after the last epoch",
    )
    stretch: bool = option(
        True,
        "resize images to image_size × image_size before augmenting, as the notebook does; "
        "without, they are augmented at their own size",
    )
    eval_transform: str = option(
        "none",
        "what makes an evaluation image image_size × image_size where they are not stretched, such "
        "as 'resize(256)|center_crop(224)'; training images that their augmentation leaves at "
        "another size go through it too",
    )
    normalize: str = option(
        "half",
        "of pixels from 0 to 1: half, to -1 to 1; unit, as they are; imagenet; data, by mean and "
        "deviation of the training images; image, by its own; or three means / three deviations, "
        "such as 0.5,0.5,0.5/0.2,0.2,0.2",
    )
    engine: str = option(
        "auto", "who runs the imgaug pipeline: native (our ops, the same as auto) or imgaug itself"
    )
    network: str = option(
        "vgg16",
        "vgg11, vgg13, vgg16, vgg19, vgg_thin, vgg_thin_bn, lenet, alexnet, googlenet, resnet18, "
        "resnet34, resnet50, resnet101, resnet152, densenet121, densenet161, densenet169, "
        "densenet201, keras_cnn, d2l_resnet18, residual_mnist",
    )
    init: str = option("default", "first weights: default (Paddle's), or xavier (uniform)")
    pretrained: str | None = option(
        None,
        "start from the weights of this file, or from 'imagenet', which Paddle downloads; a head "
        "for another number of classes is replaced",
    )
    freeze: str | None = option(
        None, "keep these weights as they are: 'body' (all but the head), or starts of their names"
    )
    head_lr_mult: float = option(1.0, "the head learns so many times as fast as the rest")
    image_size: int = option(224, "side in pixels of what the network sees")
    batch_size: int = option(
        8, "images in the network at once, of all processes together; and so those of a step"
    )
    accumulate: int = option(
        1,
        "sum the gradients of so many batches for a step, which then sees accumulate × batch_size "
        "images in the memory of batch_size",
    )
    global_batch: int | None = option(
        None,
        "in place of batch_size: images of a step, of all processes and all that is accumulated; "
        "a process has global_batch / accumulate / processes of them in its network at once",
    )
    sync_bn: bool = option(
        False, "batch normalisation measures the images of all processes, not of each its own"
    )
    optimizer: str = option(
        "adam", "adam, adamw (its weight decay is decoupled from the gradient), sgd"
    )
    learning_rate: float = option(1e-4, "step size of the optimizer")
    momentum: float = option(0.9, "of sgd; 0 for none")
    weight_decay: float = option(0.0, "this share of the weights is added to their gradient")
    schedule: str = option(
        "constant",
        "of the learning rate: constant; cosine, falling to 0 over the epochs; step, times gamma "
        "at each milestone; plateau, times gamma when the eval loss no longer falls",
    )
    milestones: str = option("", "epochs of the schedule step, such as 15,18")
    gamma: float = option(0.1, "what step and plateau multiply the learning rate by")
    patience: int = option(5, "epochs without a lower eval loss that plateau waits for")
    warmup: float = option(0.0, "epochs in which the learning rate rises from 0, step by step")
    label_smoothing: float = option(
        0.0, "share of the target that is spread over all classes; the curves leave it out"
    )
    ema: float = option(
        0.0,
        "decay a step of an average of the weights, such as 0.999, which is then evaluated and "
        "saved; 0 for none",
    )
    epochs: int = option(100, "times through the training list")
    seed: int = option(0, "decides weights, order, augmentation and dropout")
    num_workers: int | None = option(
        None, "processes that augment; by default one a core with a GPU, and 0 without one"
    )
    cache: str = option(
        "auto",
        "where the decoded, resized images are kept: ram, disk (for later runs too), off (decoded "
        "in each epoch); auto is ram, else disk, if they take at most half of what is free",
    )
    cache_dir: str | None = option(
        None, "folder of the disk cache; by default paddle_aug in the user's folder for caches"
    )
    device: str = option("auto", "gpu, gpu:1, cpu; auto is the GPU where there is one")
    threads: int | None = option(None, "CPU threads of the network; by default one a core")
    amp: bool = option(False, "mixed precision, on a GPU")
    log_dir: str = option("logs", "folder for the curves and run.json")
    model_dir: str = option("models", "folder for the weights")
    visualdl: str | None = option(
        None,
        "folder for what VisualDL shows of the training: curves, augmented batches, the network's "
        "graph; without a folder's name logs/visualdl",
        bare="logs/visualdl",
    )
    resume: bool = option(False, "go on where an interrupted run of this mode stopped")

    def __post_init__(self):
        for name in ("image_size", "batch_size", "accumulate", "epochs", "patience"):
            if getattr(self, name) < 1:
                raise UserError(f"{flag(name)} must be at least 1, not {getattr(self, name)}")
        if self.image_size > MOST_IMAGE_SIZE:
            raise UserError(
                f"--image-size must be at most {MOST_IMAGE_SIZE}, not {self.image_size}"
            )
        if self.global_batch is not None and self.global_batch < self.accumulate:
            raise UserError(
                f"--global-batch must be at least --accumulate {self.accumulate}, an image each "
                f"time, not {self.global_batch}"
            )
        if self.num_workers is not None and self.num_workers < 0:
            raise UserError(f"--num-workers must not be negative: {self.num_workers}")
        if self.threads is not None and self.threads < 1:
            raise UserError(f"--threads must be at least 1, not {self.threads}")
        if not 0 <= self.seed < 2**32:
            raise UserError(f"--seed must be from 0 to 2**32 - 1, not {self.seed}")
        for name, known in (
            ("schedule", SCHEDULES),
            ("optimizer", OPTIMIZERS),
            ("init", INITIALIZERS),
            ("mix_per", MIX_UNITS),
            ("engine", ENGINES),
            ("cache", CACHES),
        ):
            if getattr(self, name) not in known:
                raise UserError(
                    f"{flag(name)} {getattr(self, name)!r}: {near_miss(getattr(self, name), known)}"
                )
        for name in ("learning_rate", "gamma", "head_lr_mult"):
            if not 0 < getattr(self, name) < float("inf"):
                raise UserError(f"{flag(name)} must be more than 0, not {getattr(self, name)}")
        for name in ("weight_decay", "warmup"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise UserError(f"{flag(name)} must be 0 or more, not {getattr(self, name)}")
        for name in ("momentum", "label_smoothing", "ema"):
            if not 0 <= getattr(self, name) < 1:
                raise UserError(
                    f"{flag(name)} must be from 0 to below 1, not {getattr(self, name)}"
                )
        if self.mix_off_epochs < 0:
            raise UserError(f"--mix-off-epochs must not be negative: {self.mix_off_epochs}")
        if not 0 <= self.mix_prob <= 1:
            raise UserError(f"--mix-prob must be from 0 to 1, not {self.mix_prob}")
        if (self.schedule == "step") != bool(self.milestone_epochs):
            raise UserError(
                "--schedule step and --milestones belong together: --schedule step --milestones 15"
            )

    @property
    def mode(self) -> str:
        """What `--augment` takes for this augmentation and mix; the run's name in its logs."""
        return self.augment if self.mix == "none" else f"{self.augment}+{self.mix}"

    @property
    def step_batch(self) -> int:
        """Images of an optimizer's step, of all processes and all that is accumulated."""
        return self.global_batch or self.batch_size * self.accumulate

    @property
    def micro_batch(self) -> int:
        """Images in the network at once, of all processes, at most."""
        return -(-self.step_batch // self.accumulate)

    @property
    def milestone_epochs(self) -> list[int]:
        """The epochs, counted from 0, from which on the learning rate is another `gamma` lower."""
        try:
            epochs = [int(part) for part in self.milestones.split(",")] if self.milestones else []
        except ValueError:
            epochs = [0]
        if not all(epoch > 0 for epoch in epochs) or sorted(set(epochs)) != epochs:
            raise UserError(
                f"--milestones wants rising numbers of epochs, such as 15,18, not {self.milestones}"
            )
        return epochs

    def asdict(self) -> dict:
        """The fields as plain values, as they stand in run.json."""
        return asdict(self)


def flag(name: str) -> str:
    """The option of a field."""
    return "--" + name.replace("_", "-")


def value_type(name: str) -> type:
    """The type of a field's values, None aside."""
    hint = typing.get_type_hints(TrainConfig)[name]
    if isinstance(hint, types.UnionType):
        (hint,) = (member for member in typing.get_args(hint) if member is not types.NoneType)
    return hint


def recipe_names() -> list[str]:
    """The recipes that come with the package."""
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))


def load_recipe(name: str) -> dict:
    """The fields that a recipe sets, by its name or its path.

    A recipe is YAML: `config` holds fields of TrainConfig; `about`, `command`, `cost` and `result`
    tell people what it is for, what it takes and what came out.

    Raises:
        UserError: no such recipe, an unknown key, or a value of the wrong type.
    """
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        path = RECIPES / f"{name}.yaml"
        if not path.exists():
            raise UserError(f"no recipe named {name!r}; {near_miss(name, recipe_names())}")
    try:
        content = yaml.load(read_bytes(path, MOST_RECIPE).decode("utf-8-sig"), Loader=_Plain)
    except OSError as error:
        raise UserError(f"cannot read the recipe {path}: {error.strerror}") from None
    except _YAML_ERRORS as error:
        raise UserError(f"the recipe {path} is not YAML: {error}") from None
    if not isinstance(content, dict) or not isinstance(content.get("config"), dict):
        raise UserError(f"the recipe {path} wants a mapping 'config' with the options it sets")
    known = ["about", "command", "cost", "result", "config"]
    for key in content:
        if key not in known:
            raise UserError(f"{path}: unknown key {key!r}; {near_miss(str(key), known)}")
    names = [item.name for item in fields(TrainConfig)]
    values = {}
    for key, value in content["config"].items():
        if key not in names:
            raise UserError(f"{path}: unknown option {key!r}; {near_miss(str(key), names)}")
        values[key] = of_type(key, value, path)
    return values


class _Plain(yaml.SafeLoader):
    """YAML without aliases: a few lines of them make more than any memory holds."""

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not taken", mark)
        return super().compose_node(parent, index)


def of_type(name: str, value, path: Path):
    """A value that a file gives for a field, in the field's type; YAML reads 1e-4 as text, and 1
    where 1.0 is meant.

    Raises:
        UserError: it is of another type, or no number that could be meant.
    """
    kind = value_type(name)
    if value is None and next(f.default for f in fields(TrainConfig) if f.name == name) is None:
        return None
    if isinstance(value, int) and abs(value) >= 2**63:
        raise UserError(f"{path}: {name} is a number of more than 63 bits")
    if kind is float and isinstance(value, int | str) and not isinstance(value, bool):
        try:
            return float(value)
        except ValueError:
            pass
    if type(value) is not kind:
        raise UserError(
            f"{path}: {name} wants a value of type {kind.__name__}, got {reprlib.repr(value)}"
        )
    return value


def config_of(values: dict, names: Iterable[str], file: Path) -> TrainConfig:
    """The config that a file tells by these fields of it; the others are defaults.

    Raises:
        UserError: a value is of another type, or refused.
    """
    kept = {name: of_type(name, values[name], file) for name in names if name in values}
    with found_in(file):
        return TrainConfig(**kept)


def make_config(given: dict, recipe: str) -> TrainConfig:
    """Defaults, then the recipe, then what was given.

    Raises:
        UserError: see `load_recipe`; or what was given is refused, or says two things.
    """
    values = load_recipe(recipe)
    if "batch_size" in given:
        if "global_batch" in given:
            raise UserError(
                "--batch-size and --global-batch both say how large a batch is; leave one away"
            )
        values.pop("global_batch", None)
    return replace(TrainConfig(), **{**values, **given})
