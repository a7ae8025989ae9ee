"""Samples under an augmentation, and the keys of an epoch, which decide each image. No Paddle."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import copy

import numpy as np

from paddle_aug.augment.transform import Identity, Transform, failing_step
from paddle_aug.data.cache import Decoded
from paddle_aug.data.image import read_sample
from paddle_aug.data.samples import Sample
from paddle_aug.errors import UserError
from paddle_aug.rng import generator

# All that a sample's pixels depend on: (epoch, index in the list). An image that an epoch has
# several times is augmented anew each time: its copies have a third number, which counts from 1.
Key = tuple[int, ...]

UNCHANGED = Identity()


class Augmented:
    """Augmented samples by key: uint8 images [image_size, image_size, 3] with their labels.

    With `stretch`, an image is resized before it is augmented, by `interpolation`. Without, it is
    augmented at its own size, and `eval_transform` brings one of another size to image_size ×
    image_size.

    Equal keys give equal images: in this process, in a worker or in a later run, and whether the
    image is read from its file or from `decoded`, which has all images of the list (stretched if
    `stretch`).
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        image_size: int,
        transform: Transform,
        seed: int,
        decoded: Decoded | None = None,
        stretch: bool = True,
        eval_transform: Transform = UNCHANGED,
        interpolation: str = "area",
    ):
        # The pixels that are decoded are not sent to a worker a second time.
        self.samples = [s._replace(pixels=None) for s in samples] if decoded else samples
        self.image_size = image_size
        self.transform = transform
        self.seed = seed
        self.decoded = decoded
        self.stretch = stretch
        self.eval_transform = eval_transform
        self.interpolation = interpolation
        self._latest: tuple[Transform | None, int, Transform] = (None, 0, transform)

    def plain(self) -> "Augmented":
        """The same images without augmentation, as an evaluation sees them."""
        plain = copy(self)
        plain.transform = UNCHANGED
        return plain

    def __getitem__(self, key: Key) -> tuple[np.ndarray, int]:
        index = key[1]
        return self.augmented(self.unchanged(index), key), self.samples[index].label

    def unchanged(self, index: int) -> np.ndarray:
        """The image before it is augmented."""
        if self.decoded is not None:
            return self.decoded[index]
        size = self.image_size if self.stretch else None
        return read_sample(self.samples[index], size, self.interpolation)

    def augmented(self, image: np.ndarray, key: Key) -> np.ndarray:
        """The image under the augmentation, with the parameters that its key draws.

        Raises:
            UserError: an op fails (the message names it, the file and the parameters), or the
                image comes out at another size.
        """
        rng = generator(self.seed, "augment", *key)
        result = self.under(self.transform_for_epoch(key[0]), image, rng, key)
        return self.sized(result, image, rng, key)

    def sized(
        self, result: np.ndarray, image: np.ndarray, rng: np.random.Generator, key: Key
    ) -> np.ndarray:
        """What the augmentation made of an image, through the eval transform if its size differs
        from image_size.

        Raises:
            UserError: the image comes out at another size.
        """
        if result.shape[:2] != (self.image_size, self.image_size):
            result = self.under(self.eval_transform, result, rng, key)
        height, width = result.shape[:2]
        if (height, width) != (self.image_size, self.image_size):
            raise UserError(
                f"{self.samples[key[1]].place}, {image.shape[0]} × {image.shape[1]} pixels, comes "
                f"out of the augmentation {height} × {width}, and --image-size is "
                f"{self.image_size}: end --augment or --eval-transform with "
                f"center_crop({self.image_size}) or resize(({self.image_size}, {self.image_size}))"
            )
        return result

    def transform_for_epoch(self, epoch: int) -> Transform:
        """The augmentation of this epoch."""
        transform, latest, of_epoch = self._latest
        if transform is not self.transform or latest != epoch:
            of_epoch = self.transform.for_epoch(epoch)
            self._latest = self.transform, epoch, of_epoch
        return of_epoch

    def under(
        self, transform: Transform, image: np.ndarray, rng: np.random.Generator, key: Key
    ) -> np.ndarray:
        """The image under the parameters that the transform draws."""
        params = transform.sample(rng, image.shape)
        try:
            result = transform.apply(image, **params)
            shape = transform.output_shape(image.shape, **params)
            if (result.shape, result.dtype) != (shape, np.uint8):
                raise ValueError(f"returned {result.dtype} {result.shape}, not uint8 {shape}")
        except Exception as error:
            op, drawn = failing_step(transform, image, params)
            raise UserError(
                f"{self.samples[key[1]].place}: {op} fails with {drawn} (epoch {key[0] + 1}): "
                f"{type(error).__name__}: {error}. Leave it out of --augment to train without it"
            ) from error
        return result

    def __len__(self):
        return len(self.samples)

    def fill(self, images: np.ndarray, keys: list[Key]) -> np.ndarray:
        """Write the images of a batch, [N, H, W, 3], and return their labels, int64 [N]."""
        labels = np.empty(len(keys), np.int64)
        for place, key in enumerate(keys):
            images[place], labels[place] = self[key]
        return labels


def epoch_keys(
    length: int,
    batch_size: int,
    seed: int,
    epoch: int,
    shuffle: bool,
    fewest: int = 2,
    labels: Sequence[int] | None = None,
) -> Iterator[list[Key]]:
    """The keys of an epoch in batches; the last batch may be shorter. The epoch has each sample
    once or, with `labels`, as many of each class (see `balanced_order`).

    With `shuffle` every epoch has its own order; the notebook shuffles once for all epochs.
    Shuffled batches are for training, so a last batch of fewer than `fewest` samples joins the one
    before: batch normalisation would make a single image its own mean.
    """
    order = np.arange(length)
    if shuffle:
        rng = generator(seed, "order", epoch)
        order = rng.permutation(length) if labels is None else balanced_order(labels, rng)
    seen: Counter[int] = Counter()
    keys = []
    for index in order.tolist():
        keys.append((epoch, index, seen[index]) if seen[index] else (epoch, index))
        seen[index] += 1
    starts = batch_starts(length, batch_size, fewest if shuffle else 1)
    for start, end in zip(starts, [*starts[1:], length], strict=True):
        yield keys[start:end]


def key_of_pass(length: int, seed: int, epoch: int, passes: int) -> Callable[[Key], Key]:
    """A function from a key of this epoch to the key whose augmentation the image gets.

    Each of `length` images is augmented in `passes` passes, as the first epochs would. An epoch
    draws one of them for each image; further copies of the image get the next ones. With 0 passes,
    each key has an augmentation of its own.
    """
    if not passes:
        return lambda key: key
    chosen = generator(seed, "passes", epoch).integers(passes, size=length)
    return lambda key: ((int(chosen[key[1]]) + sum(key[2:])) % passes, key[1])


def balanced_order(labels: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """As many indices as there are labels, in random order: each class that has images gets the
    same number of places, give or take one, and so does each image of a class."""
    labels = np.asarray(labels)
    classes = rng.permutation(np.unique(labels))  # the first ones get the places left over
    places = len(labels) // len(classes) + (np.arange(len(classes)) < len(labels) % len(classes))
    of_class = [rng.permutation(np.flatnonzero(labels == label)) for label in classes]
    chosen = [np.resize(indices, count) for indices, count in zip(of_class, places, strict=True)]
    return rng.permutation(np.concatenate(chosen))


def batch_starts(length: int, batch_size: int, fewest: int) -> list[int]:
    """Where the batches of an epoch begin; the last has at least `fewest` samples."""
    starts = list(range(0, length, batch_size))
    if len(starts) > 1 and length - starts[-1] < fewest:
        del starts[-1]
    return starts
