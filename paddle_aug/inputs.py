"""From a config to what its network sees, as training makes it, where there need be no Paddle."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from paddle_aug.augment.modes import OPS, augmentation, mix_of, split_mix
from paddle_aug.augment.transform import Identity, Params, Steps, Transform
from paddle_aug.config import TrainConfig, make_config
from paddle_aug.data import remarks
from paddle_aug.data.augmented import Augmented, Key
from paddle_aug.data.cache import Cache, Store, decoded_images
from paddle_aug.data.dataset import Dataset, checked, find_dataset
from paddle_aug.data.duplicates import SIDE
from paddle_aug.data.samples import Found, Sample
from paddle_aug.data.split import select
from paddle_aug.rng import generator

logger = logging.getLogger(__name__)

# Of a config, what decides the images: which, in which order, and what is drawn.
SOURCES = ("data", "train_list", "eval_list", "image_root")
DRAWS = (
    "augment", "first", "fraction", "holdout", "seed", "image_size", "stretch", "interpolation",
    "eval_transform", "engine",
)  # fmt: skip
# And what decides how they are mixed.
MIXING = (
    "mix", "mix_prob", "mix_per", "mix_off_epochs", "batch_size", "accumulate", "global_batch",
    "epochs",
)  # fmt: skip


def engine(config: TrainConfig) -> str:
    """Who runs the imgaug pipeline."""
    return "native" if config.engine == "auto" else config.engine


def of_mode(config: TrainConfig, mode: str) -> TrainConfig:
    """The config of one mode, whose text may end in a mix: "userDef+cutmix"; it comes before the
    config's own.

    Raises:
        UserError: the mode has its own mix, and is given another one.
    """
    augment, mix = split_mix(mode)
    config = replace(config, augment=augment, mix=mix or config.mix)
    mix_of(config.augment, config.mix)
    return config


def find_data(config: TrainConfig) -> Found:
    """The data that a config names, before it is checked; no image is read.

    Raises:
        UserError: see `find_dataset`.
    """
    return find_dataset(config.data, config.train_list, config.eval_list, config.image_root)


def config_and_data(given: dict, recipe: str | None) -> tuple[TrainConfig, Found]:
    """The config of a recipe with the options that are given, and its data before it is checked.

    Without a recipe, "sample" is the recipe of the sample data, and "aistudio" of all other data.

    Raises:
        UserError: see `make_config` and `find_dataset`.
    """
    config = make_config(given, recipe or "aistudio")
    found = find_data(config)
    if recipe is None and found.drawn:
        config = make_config(given, "sample")
    return config, found


def open_data(
    config: TrainConfig,
    check: bool = True,
    found: Found | None = None,
    select_part: bool = True,
    fingerprint: str | None = None,
) -> Dataset:
    """The data that a config names, all of it checked, and the part of it that the config selects.

    Each image is decoded once: those of the selected part are kept as the config's `cache` says,
    and the data set takes them along to whatever is done with it, in this process or in others (see
    `Dataset`). Several runs on one data set open it once, without `select_part`, and take their
    parts by `selected`. `found` spares a second `find_data`. For `fingerprint` see `selected`.

    Raises:
        UserError: see `find_dataset`, `checked` and `select`.
    """
    if found is None:
        found = find_data(config)
    size, way = stretched_size(config), config.cache
    # Without a cache, copies are searched for among small images: none is decoded a second time.
    small = Cache(SIDE, "ram", interpolation="area") if _searches_copies(config, found) else None
    cache = Cache(size, way, config.cache_dir, config.interpolation, instead=small)
    part = partial(selected, config, fingerprint=fingerprint) if select_part else None
    data = checked(found, check, cache, part)
    if check:
        warn(config, found, data, select_part)
    return data


def warn(config: TrainConfig, found: Found, data: Dataset, select_part: bool) -> None:
    """Log what is odd about the data, a line each."""
    for remark in remarks.of_classes(found):
        logger.warning("%s: %s", found.name, remark)
    if _searches_copies(config, found):
        # Without a part selected, each run will hold back its own.
        divided = [*data.train, *data.eval] if select_part else data.train
        share = config.holdout or 0.25
        for text in remarks.of_copies(found, data, divided, share, config.seed):
            logger.warning("%s: %s", found.name, text)


def _searches_copies(config: TrainConfig, found: Found) -> bool:
    """Whether `--holdout` divides the data; of an archive, the copies are left alone."""
    return found.root is not None and bool(config.holdout or not found.eval)


def selected(config: TrainConfig, data: Dataset, fingerprint: str | None = None) -> Dataset:
    """The part of an open data set that the config selects, or selected in version 0.1.0 if that
    part has the fingerprint."""
    options = (config.first, config.fraction, config.holdout, config.seed)
    part = select(data, *options)
    if fingerprint is None or part.has_fingerprint(fingerprint):
        return part
    earlier = select(data, *options, copies_together=False)
    return earlier if earlier.has_fingerprint(fingerprint) else part


def stretched_size(config: TrainConfig) -> int | None:
    """The side that images are stretched to before they are augmented; None if they are not."""
    return config.image_size if config.stretch else None


def augmented(
    config: TrainConfig, samples: Sequence[Sample], mode: str, store: Store | None = None
) -> Augmented:
    """The samples of a list under a mode.

    Their decoded images come from the `store` of their data set; without one that has them, they
    are decoded now, if `cache` says so. Under "none" a training image is prepared as an evaluation
    image is.
    """
    size = stretched_size(config)
    how = size, config.interpolation
    decoded = (
        store.of(samples) if store and (store.image_size, store.interpolation) == how else None
    )
    if decoded is None:
        decoded = decoded_images(
            samples, size, config.cache, config.cache_dir, config.interpolation
        )
    return Augmented(
        samples,
        config.image_size,
        augmentation(mode, engine(config)),
        config.seed,
        decoded,
        config.stretch,
        augmentation(config.eval_transform, engine(config)),
        config.interpolation,
    )


class OwnSize(Augmented):
    """The images of training without `stretch`, before the eval transform: of the size that the
    augmentation leaves them at."""

    def augmented(self, image: np.ndarray, key: Key) -> np.ndarray:
        rng = generator(self.seed, "augment", *key)
        return self.under(self.transform_for_epoch(key[0]), image, rng, key)


def own_size(config: TrainConfig, samples: Sequence[Sample], store: Store | None = None) -> OwnSize:
    """As `augmented`, at the images' own sizes."""
    transform = augmentation(config.augment, engine(config))
    decoded = store.of(samples) if store and store.image_size is None else None
    return OwnSize(samples, config.image_size, transform, config.seed, decoded, stretch=False)


def read_one_by_one(config: TrainConfig, samples: Sequence[Sample]) -> Augmented:
    """The training images, each read when it is asked for; without `stretch` at their own sizes."""
    if not config.stretch:
        return own_size(config, samples)
    return augmented(replace(config, cache="off"), samples, config.augment)


def drawn(dataset: Augmented, image: np.ndarray, key: Key) -> list[tuple[str, Params]]:
    """The ops that a key takes this unchanged image through, by name, in order, with what each
    draws."""
    transform = dataset.transform_for_epoch(key[0])
    params = transform.sample(generator(dataset.seed, "augment", *key), tuple(image.shape))
    return list(_named(transform, params))


def _named(transform: Transform, params: Params):
    if isinstance(transform, Identity):
        return
    if not isinstance(transform, Steps):
        yield op_name(transform), params
        return
    for member, inner in params["steps"]:
        yield from _named(transform.ops[member], inner)


def members(transform: Transform) -> list[Transform]:
    """The ops that a pipeline is made of, each once, whatever combines them."""
    if not isinstance(transform, Steps):
        return [transform]
    ops = [op for member in transform.ops for op in members(member)]
    return [op for place, op in enumerate(ops) if op not in ops[:place]]


def op_name(op: Transform) -> str:
    """What an op is called in a pipeline's text; one that has no name there, by its class."""
    names = {kind: name for name, kind in OPS.items()}
    return names.get(type(op), type(op).__name__)
