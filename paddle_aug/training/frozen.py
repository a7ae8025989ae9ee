"""The frozen first layers of a network: no gradients, and equal images go through them once.

On a CPU they run by Paddle Inference with oneDNN, many times as fast as by Paddle's own kernels;
the features differ by about 1e-5.
"""

import hashlib
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np
import paddle
from paddle import nn

from paddle_aug.augment.transform import Identity
from paddle_aug.config import TrainConfig
from paddle_aug.data.augmented import Key, key_of_pass
from paddle_aug.data.dataset import Dataset
from paddle_aug.inputs import transform_of
from paddle_aug.system.processes import cores
from paddle_aug.training.batches import Batches, Normalize, tensor_of
from paddle_aug.training.mixing import mixes_of
from paddle_aug.training.predictor import compiled
from paddle_aug.training.pretrained import NORMS, in_head

Known = dict[Hashable, np.ndarray]  # features by name

BLOCK = 8  # images in a call of the predictor
CHUNK = 4 * BLOCK  # images that workers make, and that pass the frozen layers, together


class Way(NamedTuple):
    """How images become logits: `network(prepare(images))` for the images of each batch."""

    batches: Callable[..., Batches]
    prepare: Callable
    network: nn.Layer


def ways(
    config: TrainConfig,
    data: Dataset,
    network: nn.Layer,
    frozen: Sequence[nn.Layer],
    normalize: Normalize,
) -> tuple[Way, Way]:
    """The ways of training batches and of evaluations; `frozen` is what `freeze` has returned.

    Where the first layers are frozen, batches have their features in the place of images. Mixing
    needs the images, which then pass the frozen layers in each epoch.
    """
    first, rest = split(network, frozen)
    if not first.parameters():
        whole = Way(Batches, normalize, network)
        return whole, whole
    features = features_of(config, data, first, normalize)
    evaluation = Way(partial(FeatureBatches, features=features, passes=1), features, rest)
    if mixes_of(config):
        return Way(Batches, normalize, nn.Sequential(features.front, rest)), evaluation
    trained = [name for name, value in network.named_parameters() if not value.stop_gradient]
    passes = config.passes if all(in_head(network, name) for name in trained) else 0
    if isinstance(transform_of(config), Identity):
        passes = 1
    batches = partial(FeatureBatches, features=features, passes=passes)
    return evaluation._replace(batches=batches), evaluation


# The latest features, with the digest of their layers, and what all parts of their data set share.
_latest: list[tuple[str, dict, "Features"]] = []


def features_of(
    config: TrainConfig, data: Dataset, layers: nn.Sequential, normalize: Normalize
) -> "Features":
    """The features by these layers. This process keeps the latest: the runs of a comparison start
    from the same weights, and evaluate the same images."""
    how = (
        config.image_size, config.stretch, config.interpolation, normalize.normalization,
        paddle.device.get_device(),
        config.eval_transform != "none" and (config.eval_transform, config.seed),  # it may draw
    )  # fmt: skip
    digest = hashlib.sha256(repr(how).encode())
    for name, value in layers.state_dict().items():
        digest.update(name.encode() + value.numpy().tobytes())
    key = digest.hexdigest()
    for known, shared, features in _latest:
        # Not by the files' names: those of a data set that is opened again may have new images.
        if known == key and shared is data.digests:
            return features
    _latest[:] = [
        (key, data.digests, Features(Front(layers, config.threads or cores()), normalize))
    ]
    return _latest[0][2]


def split(network: nn.Layer, frozen: Sequence[nn.Layer]) -> tuple[nn.Sequential, nn.Sequential]:
    """The first layers, which no training changes, and the rest; together they are the network."""
    layers = chain(network)
    count = 0
    while count < len(layers) and is_fixed(layers[count], frozen):
        count += 1
    return nn.Sequential(*layers[:count]), nn.Sequential(*layers[count:])


def chain(network: nn.Layer) -> list[nn.Layer]:
    """The layers that a network applies one after the other."""
    if type(network).forward is not nn.Sequential.forward:
        return [network]
    return [layer for child in network.children() for layer in chain(child)]


def is_fixed(layer: nn.Layer, frozen: Sequence[nn.Layer]) -> bool:
    """Whether the layer learns nothing, and gives equal inputs equal outputs in training."""
    for part in layer.sublayers(include_self=True):
        if isinstance(part, nn.Dropout) and part.p:
            return False
        if isinstance(part, NORMS) and not any(part is norm for norm in frozen):
            return False
    return all(value.stop_gradient for value in layer.parameters())


class Front(nn.Layer):
    """Frozen layers, with the weights they have now: normalised images [N, 3, H, W] to features."""

    def __init__(self, layers: nn.Sequential, threads: int):
        super().__init__()
        self.layers = layers
        on_cpu = paddle.device.get_device() == "cpu"
        self.predictor = compiled(layers, threads) if on_cpu else None
        # On some CPUs the last bits of a linear layer's outputs depend on the image's place among
        # the others. Those of convolutions do not, in batches of one size.
        linear = any(isinstance(layer, nn.Linear) for layer in layers.sublayers())
        self.block = 1 if linear else BLOCK

    def forward(self, inputs):
        if self.predictor:
            images = inputs.numpy()
            count = len(images)
            if lacking := -count % self.block:
                images = np.concatenate([images, images[:1].repeat(lacking, axis=0)])
            starts = range(0, count, self.block)
            features = [self.predictor(images[start : start + self.block]) for start in starts]
            return tensor_of(np.concatenate(features)[:count])
        self.layers.eval()
        with paddle.no_grad():
            return self.layers(inputs)


class Wanted(NamedTuple):
    """The names of a batch of features. `known` has the features by name, except those in `new`:
    names and images, uint8 [M, H, W, 3]."""

    names: list[Hashable]
    new: list[tuple[list[Hashable], paddle.Tensor]]
    known: Known


class Features:
    """The features of batches, and of all images that are not augmented."""

    def __init__(self, front: Front, normalize: Normalize):
        self.front = front
        self.normalize = normalize
        self.known: Known = {}

    def __call__(self, wanted: Wanted) -> paddle.Tensor:
        """The features of a batch, float32 [N, …]."""
        for names, images in wanted.new:
            computed = self.front(self.normalize(images)).numpy()
            wanted.known.update(zip(names, computed, strict=True))
        return tensor_of(np.stack([wanted.known[name] for name in wanted.names]))


@dataclass(frozen=True)
class FeatureBatches(Batches):
    """Batches with `Wanted` features in the place of images.

    Features of unaugmented images are computed once, in 1 pass. For augmented images see
    `key_of_pass`.
    """

    features: Features = field(kw_only=True)
    passes: int = field(kw_only=True)
    known: Known = field(default_factory=dict)

    def of(self, epoch: int) -> Iterator[tuple[Wanted, paddle.Tensor, int]]:
        """The batches of one epoch."""
        dataset, parts = self.workers.datasets[self.name], self.parts(epoch)
        plain = isinstance(dataset.transform, Identity)
        drawn = key_of_pass(self.images, self.seed, epoch, self.passes)
        known = self.features.known if plain else self.known

        def name(key: Key) -> Hashable:
            sample = dataset.samples[key[1]]
            return (sample.file, sample.path) if plain else drawn(key)

        lacking = {name(key): drawn(key) for part, _ in parts for key in part}
        lacking = {name: key for name, key in lacking.items() if name not in known}
        starts = range(0, len(lacking), CHUNK)
        chunks = [[*lacking][start : start + CHUNK] for start in starts]
        images = self.tensors([[lacking[name] for name in chunk] for chunk in chunks])
        fetched, coming = set(known), iter(chunks)
        for part, total in parts:
            names, new = [name(key) for key in part], []
            while not fetched.issuperset(names):
                new.append((next(coming), next(images)[0]))
                fetched.update(new[-1][0])
            labels = np.array([dataset.samples[key[1]].label for key in part], np.int64)
            yield Wanted(names, new, known), tensor_of(labels), total
            if not self.passes:
                for used in names:
                    del known[used]  # no later epoch has these augmentations
