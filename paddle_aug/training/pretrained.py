"""Starting from weights that another data set has trained: what is taken, replaced, and kept."""

import logging
from importlib import import_module
from pathlib import Path

import paddle

from paddle_aug.errors import UserError
from paddle_aug.names import near_miss
from paddle_aug.networks.vgg import from_upscaled
from paddle_aug.training import checkpoint

logger = logging.getLogger(__name__)

IMAGENET = "imagenet"
BODY = "body"
NORMS = (paddle.nn.BatchNorm1D, paddle.nn.BatchNorm2D)
# The modules of paddle.vision.models that say where weights are.
FAMILIES = ("resnet", "densenet", "alexnet", "googlenet", "vgg")


def within(name: str, layer: str) -> bool:
    """Whether a layer or a parameter of this name is this layer, or in it."""
    return f"{name}.".startswith(f"{layer}.")


def in_head(network: paddle.nn.Layer, name: str) -> bool:
    """Whether a layer or a parameter of this name belongs to what decides among the classes."""
    return any(within(name, head) for head in network.heads)


def load_pretrained(network: paddle.nn.Layer, source: str, network_name: str) -> None:
    """Take the weights of a file, or ImageNet's for the network of this name.

    A head for another number of classes keeps the weights it has, and a line says so. All else must
    fit.

    Raises:
        UserError: the file cannot be read, is of another network, or cannot be downloaded.
    """
    path = download(network_name) if source == IMAGENET else Path(source)
    weights = checkpoint.load(path)
    if source == IMAGENET and network_name.startswith("vgg"):
        weights = from_upscaled(weights)
    now = network.state_dict()
    replaced = [
        name
        for name, value in now.items()
        if in_head(network, name)
        and checkpoint.described(weights.get(name)) != checkpoint.described(value)
    ]
    fitting = {**weights, **{name: now[name].numpy() for name in replaced}}
    checkpoint.load_weights(network, fitting, path)
    if replaced:
        logger.info(
            "%s: its head has other classes and was replaced (%s)", path.name, ", ".join(replaced)
        )
    else:
        logger.info("%s: loaded with its head, which has as many classes", path.name)


def download(network_name: str) -> Path:
    """Paddle's own weights for ImageNet; kept in its folder in the user's home.

    Raises:
        UserError: there are none for this network, or they cannot be had.
    """
    urls = {}
    for family in FAMILIES:
        urls.update(import_module(f"paddle.vision.models.{family}").model_urls)
    if network_name not in urls:
        raise UserError(
            f"--pretrained imagenet: Paddle has no weights that fit --network {network_name}; "
            f"{near_miss(network_name, urls)}"
        )
    url, checksum = urls[network_name]
    # It would tell of each attempt; what is left is the bar while it loads.
    paddle.utils.download.logger.setLevel(logging.ERROR)
    try:
        return Path(paddle.utils.download.get_weights_path_from_url(url, checksum))
    except (RuntimeError, OSError) as error:
        raise UserError(
            f"--pretrained imagenet: {url} cannot be downloaded ({error}); fetch it on another "
            "machine and give the file: --pretrained PATH"
        ) from None


def freeze(network: paddle.nn.Layer, which: str | None) -> list[paddle.nn.Layer]:
    """Keep parameters as they are: all but the head ("body"), or those of the layers named.

    Several names are parted by commas, "conv1,layer1"; each is a layer with all that is in it.
    Returns the batch normalisations within, which are to stay in eval mode: or what they have
    measured would go on changing.

    Raises:
        UserError: there is no such layer, or nothing is left to learn.
    """
    parameters = dict(network.named_parameters())
    layers = dict(network.named_sublayers())
    chosen = set()
    for start in which.split(",") if which else []:
        if start != BODY and start not in layers:
            raise UserError(f"--freeze {start!r}: {near_miss(start, [*layers, BODY])}")
        for name in (*parameters, *layers):
            if within(name, start) if start != BODY else not in_head(network, name):
                chosen.add(name)
    if all(name in chosen or each.stop_gradient for name, each in parameters.items()):
        raise UserError(f"--freeze {which} leaves nothing to learn")
    for name in chosen.intersection(parameters):
        parameters[name].stop_gradient = True
    return [layers[name] for name in layers if name in chosen and isinstance(layers[name], NORMS)]


def scale_head_lr(network: paddle.nn.Layer, times: float) -> None:
    """Let the head learn so many times as fast as the rest."""
    for name, parameter in network.named_parameters():
        if in_head(network, name):
            parameter.optimize_attr["learning_rate"] = times
