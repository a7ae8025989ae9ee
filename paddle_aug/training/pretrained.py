"""Fine-tuning: pretrained weights, a new head, frozen layers, and a learning rate for the head."""

import logging
from importlib import import_module
from pathlib import Path

import paddle

from paddle_aug.errors import UserError
from paddle_aug.names import near_miss
from paddle_aug.networks.vgg import VGG, from_upscaled
from paddle_aug.training import checkpoint

logger = logging.getLogger(__name__)

IMAGENET = "imagenet"
# The words before a file: whose network its weights are of.
THEIRS, OURS = "paddle.vision", "paddle_aug"
BODY = "body"
NORMS = (paddle.nn.BatchNorm1D, paddle.nn.BatchNorm2D)
# The modules of paddle.vision.models that list the addresses of weights.
FAMILIES = ("resnet", "densenet", "alexnet", "googlenet", "vgg")


def within(name: str, layer: str) -> bool:
    """Whether this layer or parameter is the given layer or lies inside it."""
    return f"{name}.".startswith(f"{layer}.")


def in_head(network: paddle.nn.Layer, name: str) -> bool:
    """Whether this layer or parameter belongs to the head, the layers that output the classes."""
    return any(within(name, head) for head in network.heads)


def load_pretrained(network: paddle.nn.Layer, source: str, network_name: str) -> None:
    """Load the weights of a file, or ImageNet's for the network of this name.

    "paddle.vision:FILE" and "paddle_aug:FILE" say whose weights they are, which a VGG must know. A
    head with another number of classes keeps its first weights, and the log says so. All other
    weights must fit.

    Raises:
        UserError: the file cannot be read, is of another network, does not say whose it is, or
            cannot be downloaded.
    """
    whose, colon, file = source.partition(":")
    if source == IMAGENET:
        whose, path = THEIRS, download(network_name)
    elif colon and whose in (THEIRS, OURS):
        path = Path(file).expanduser()  # shells do not expand it after a colon
    else:
        whose, path = "", Path(source)
    weights = checkpoint.load(path)
    if checkpoint.DESCRIPTION in weights:
        if whose == THEIRS:
            raise UserError(f"{path} was written by paddle_aug; give it as --pretrained {path}")
        whose = OURS
    if isinstance(network, VGG) and network.dropout:
        if not whose:
            raise UserError(
                f"{path} does not say whose VGG it is of: paddle.vision's scales dropout in "
                "training and ours at inference, and their weights differ by a factor of 2; for "
                "weights of paddle.vision (or converted from torchvision) give --pretrained "
                f"{THEIRS}:{path}, for those of an early version of paddle_aug --pretrained "
                f"{OURS}:{path}"
            )
        if whose == THEIRS:
            weights = from_upscaled(weights)
    own = network.state_dict()
    replaced = [
        name
        for name, value in own.items()
        if in_head(network, name)
        and checkpoint.described(weights.get(name)) != checkpoint.described(value)
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
            "paddle.vision"
        ) from None
    if replaced:
        logger.info(
            "%s: its head has other classes and was replaced (%s)", path.name, ", ".join(replaced)
        )
    else:
        logger.info("%s: loaded with its head, which has as many classes", path.name)


def download(network_name: str) -> Path:
    """Download Paddle's own weights for ImageNet into its folder in the user's home."""
    urls = {}
    for family in FAMILIES:
        urls.update(import_module(f"paddle.vision.models.{family}").model_urls)
    if network_name not in urls:
        raise UserError(
            f"--pretrained imagenet: Paddle has no weights that fit --network {network_name}; "
            f"{near_miss(network_name, urls)}"
        )
    url, checksum = urls[network_name]
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

    Names are separated by commas, as in "conv1,layer1", and include all layers inside. Returns the
    frozen batch normalisations: keep them in eval mode, or their running statistics would change.

    Raises:
        UserError: there is no such layer, or nothing is left to learn.
    """
    parameters = dict(network.named_parameters())
    layers = dict(network.named_sublayers())
    chosen = set()
    for part in which.split(",") if which else []:
        if part != BODY and part not in layers:
            raise UserError(f"--freeze {part!r}: {near_miss(part, [*layers, BODY])}")
        for name in (*parameters, *layers):
            if within(name, part) if part != BODY else not in_head(network, name):
                chosen.add(name)
    if all(name in chosen or value.stop_gradient for name, value in parameters.items()):
        raise UserError(f"--freeze {which} leaves nothing to learn")
    for name in chosen.intersection(parameters):
        parameters[name].stop_gradient = True
    return [layers[name] for name in layers if name in chosen and isinstance(layers[name], NORMS)]


def scale_head_lr(network: paddle.nn.Layer, factor: float) -> None:
    """Multiply the head's learning rate by a factor."""
    for name, parameter in network.named_parameters():
        if in_head(network, name):
            parameter.optimize_attr["learning_rate"] = factor
