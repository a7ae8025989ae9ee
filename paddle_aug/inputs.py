"""From a config to the images that its network sees in training. No Paddle."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from paddle_aug.augment.modes import (
    AUGMENTATIONS,
    AUTO,
    MIXES,
    SEQUEL_MIXES,
    augmentation,
    mix_of,
    recommended,
    refuse_twice,
    split_mix,
    split_modes,
    split_outside,
)
from paddle_aug.augment.spec import COMBINATORS
from paddle_aug.augment.transform import Identity, Params, Steps, Transform
from paddle_aug.config import TrainConfig, flag, make_config
from paddle_aug.data import remarks
from paddle_aug.data.augmented import Augmented, Key
from paddle_aug.data.cache import Cache, Store, decoded_images
from paddle_aug.data.dataset import Dataset, checked, find_dataset
from paddle_aug.data.duplicates import SIDE
from paddle_aug.data.samples import Found, Sample
from paddle_aug.data.split import first_images, select
from paddle_aug.errors import UserError
from paddle_aug.rng import generator

logger = logging.getLogger(__name__)

# The fields of a config that decide the images: which, in which order, and what is drawn.
SOURCES = ("data", "train_list", "eval_list", "image_root")
DRAWS = (
    "augment", "name", "first", "fraction", "holdout", "fold", "seed", "image_size", "stretch",
    "interpolation", "eval_transform", "engine",
)  # fmt: skip
# The fields that decide how images are mixed.
MIXING = (
    "mix", "mix_prob", "mix_per", "mix_off_epochs", "sampler", "batch_size", "accumulate",
    "global_batch", "epochs",
)  # fmt: skip


def engine(config: TrainConfig) -> str:
    """What runs the notebook's imgaug pipeline: "native" or "imgaug"."""
    return "native" if config.engine == "auto" else config.engine


def of_mode(config: TrainConfig, mode: str) -> TrainConfig:
    """The config of one mode. Its text may end in a mix, such as "userDef+cutmix", which replaces
    the config's own. Of the pipelines that `name` names, it keeps its own. "auto" becomes the mode
    that it stands for.

    Raises:
        UserError: the mode has a mix of its own, and this is another one.
    """
    augment, mix = split_mix(mode)
    if augment == AUTO:
        augment = recommended(pretrained=config.pretrained is not None)
    name = f"{augment}={named}" if (named := named_pipelines(config).get(augment)) else None
    config = replace(config, augment=augment, mix=mix or config.mix, name=name)
    mix_of(config.augment, config.mix)
    return config


def of_modes(config: TrainConfig, text: str) -> list[TrainConfig]:
    """The configs of the modes that a text names, as `--augment` takes them.

    Raises:
        UserError: see `split_modes` and `of_mode`.
    """
    configs = [of_mode(config, mode) for mode in split_modes(text)]
    refuse_twice([one.mode for one in configs], text)
    return configs


def named_pipelines(config: TrainConfig) -> dict[str, str]:
    """The pipelines that `config.name` names.

    Raises:
        UserError: a name is no word, is taken, or has no pipeline.
    """
    taken = {*AUGMENTATIONS.names(), *COMBINATORS, *SEQUEL_MIXES, "all", AUTO}
    taken |= {mix.partition(":")[0] for mix in MIXES}
    pipelines: dict[str, str] = {}
    for part in split_outside(config.name, ",") if config.name else []:
        name, _, pipeline = (side.strip() for side in part.partition("="))
        if not (name.isidentifier() and pipeline):
            raise UserError(f"--name takes NAME=PIPELINE, as mild='hflip|rotate(15)', not {part!r}")
        if name in taken or name in pipelines:
            raise UserError(f"--name {name}: this name is taken; choose another for the pipeline")
        pipelines[name] = pipeline
    return pipelines


def transform_of(config: TrainConfig, mode: str | None = None) -> Transform:
    """The augmentation of a config, or of another mode with its names and its engine.

    Raises:
        UserError: see `augmentation`.
    """
    mode = config.augment if mode is None else mode
    return augmentation(named_pipelines(config).get(mode, mode), engine(config))


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
        UserError: see `make_config`, `augmentation` and `find_dataset`.
    """
    config = make_config(given, recipe or "aistudio")
    for one in of_modes(config, config.augment):  # first, because reading data may take long
        transform_of(one)
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
    """The data that a config names, checked, and cut down to the part that the config selects.

    Each image is decoded once. The images of the selected part are kept as the config's `cache`
    says, in the data set's `store`, which other processes share (see `Dataset`). Runs that differ
    in their part, such as the seeds of a `holdout`, share a data set that was opened with
    `select_part=False`: `fit` selects each one's part. Then all images are kept, or those of the
    config's `first`. `found` spares a second `find_data`. For `fingerprint` see `selected`.

    Raises:
        UserError: see `find_dataset`, `checked` and `select`.
    """
    found = found or find_data(config)
    # Without a cache, copies are searched for among small images: none is decoded a second time.
    small = Cache(SIDE, "ram", interpolation="area") if _searches_copies(config, found) else None
    cache = replace(cache_of(config), instead=small)
    part = partial(selected, config, fingerprint=fingerprint) if select_part else None
    data = checked(found, check, cache, part, partial(first_part, config))
    if check:
        warn(config, found, data, select_part)
    return data


def warn(config: TrainConfig, found: Found, data: Dataset, select_part: bool) -> None:
    """Log what is odd about the data, a line each."""
    for remark in remarks.lines_of_classes(found):
        logger.warning("%s: %s", found.name, remark)
    part = data
    if not select_part and (config.holdout or config.fold):
        part = selected(config, replace(data, test=[]))  # that of the first run stands for all
    if unevaluated := remarks.of_unevaluated(part):
        logger.warning("%s: %s", found.name, unevaluated)
    if _searches_copies(config, found):
        # Without a selected part, each run holds back its own.
        divided = [*data.train, *data.eval] if select_part else first_images(data, config.first)
        share = None if config.fold else config.holdout or 0.25
        for text in remarks.of_copies(found, data, divided, share, config.seed):
            logger.warning("%s: %s", found.name, text)


def _searches_copies(config: TrainConfig, found: Found) -> bool:
    """Whether `--holdout` or folds divide the data; of an archive, the copies are left alone."""
    return found.root is not None and bool(config.holdout or config.fold or not found.eval)


def first_part(config: TrainConfig, data: Dataset) -> Dataset:
    """The data with no more than the config's `first` images to train on."""
    return replace(data, train=first_images(data, config.first))


def selected(config: TrainConfig, data: Dataset, fingerprint: str | None = None) -> Dataset:
    """The part of an open data set that the config selects, or selected in version 0.1.0 if that
    part has the fingerprint. A part that the same options selected is returned as it is.

    Raises:
        UserError: the data set is a part that other options selected; see also `select`.
    """
    named = part_options(config)
    if data.part and data.part != named:
        raise UserError(
            f"{data.name} was opened with {data.part}, and this config has {named or 'none'}; open "
            "data that several runs share by open_data(config, select_part=False)"
        )
    if data.part:
        return data
    options = (config.first, config.fraction, config.holdout, config.seed)
    part = replace(select(data, *options, fold=config.fold), part=named)
    if fingerprint is None or part.has_fingerprint(fingerprint):
        return part
    earlier = select(data, *options, copies_together=False)
    return earlier if earlier.has_fingerprint(fingerprint) else part


def part_options(config: TrainConfig) -> str:
    """The options of the config that select a part of its data, such as "--holdout 0.25 --seed 0";
    "" if it takes all."""
    names = ["first", "fraction", "holdout", "fold"]
    names = [name for name in names if getattr(config, name) != getattr(TrainConfig, name)]
    if {"fraction", "holdout"} & {*names}:  # drawn by the seed
        names.append("seed")
    return " ".join(f"{flag(name)} {getattr(config, name)}" for name in names)


def stretched_size(config: TrainConfig) -> int | None:
    """The side that images are stretched to before they are augmented; None if they are not."""
    return config.image_size if config.stretch else None


def cache_of(config: TrainConfig) -> Cache:
    """Where a config keeps decoded images, and how they are resized."""
    return Cache(stretched_size(config), config.cache, config.cache_dir, config.interpolation)


def augmented(
    config: TrainConfig, samples: Sequence[Sample], mode: str, store: Store | None = None
) -> Augmented:
    """The samples of a list under a mode; under "none", a training image is prepared like one of
    evaluation.

    The `store` of their data set has their decoded images, if it stretched them in the same way.
    Without it, they are decoded now if `cache` says so.
    """
    cache, decoded = cache_of(config), None
    if store and (store.image_size, store.interpolation) == (cache.image_size, cache.interpolation):
        decoded = store.of(samples)
    if decoded is None:
        decoded = decoded_images(samples, cache)
    return Augmented(
        samples,
        config.image_size,
        transform_of(config, mode),
        config.seed,
        decoded,
        config.stretch,
        augmentation(config.eval_transform, engine(config)),
        config.interpolation,
    )


class OwnSize(Augmented):
    """The images of training without `stretch`, at the sizes that the augmentation leaves them at,
    before the eval transform."""

    def sized(
        self, result: np.ndarray, image: np.ndarray, rng: np.random.Generator, key: Key
    ) -> np.ndarray:
        return result


def own_size(config: TrainConfig, samples: Sequence[Sample], store: Store | None = None) -> OwnSize:
    """Like `augmented`, for images at their own sizes."""
    transform = transform_of(config)
    decoded = store.of(samples) if store and store.image_size is None else None
    return OwnSize(samples, config.image_size, transform, config.seed, decoded, stretch=False)


def mixes(config: TrainConfig) -> bool:
    """Whether images are mixed with others of their batch."""
    return mix_of(config.augment, config.mix) != "none"


def dataset_of(
    config: TrainConfig, samples: Sequence[Sample], store: Store | None = None
) -> Augmented:
    """The training images under their augmentation, each read on access; without `stretch`, and
    where none are mixed, at the sizes that the augmentation leaves them at."""
    if config.stretch or mixes(config):
        return augmented(replace(config, cache="off"), samples, config.augment, store)
    return own_size(config, samples, store)


def drawn(dataset: Augmented, image: np.ndarray, key: Key) -> list[tuple[str, Params]]:
    """The ops that a key applies to this unchanged image, in order: the name and the drawn
    parameters of each."""
    return [(op_name(op), params) for op, params in _drawn(dataset, image, key)]


def changing(dataset: Augmented, image: np.ndarray, key: Key) -> list[tuple[str, Params]]:
    """Those of the `drawn` ops that change a pixel: no hflip that does not flip."""
    ops = []
    for op, params in _drawn(dataset, image, key):
        before, image = image, op.apply(image, **params)
        if not np.array_equal(before, image):
            ops.append((op_name(op), params))
    return ops


def _drawn(dataset: Augmented, image: np.ndarray, key: Key) -> Iterator[tuple[Transform, Params]]:
    transform = dataset.transform_for_epoch(key[0])
    params = transform.sample(generator(dataset.seed, "augment", *key), tuple(image.shape))
    return _leaves(transform, params)


def _leaves(transform: Transform, params: Params) -> Iterator[tuple[Transform, Params]]:
    if isinstance(transform, Identity):
        return
    if not isinstance(transform, Steps):
        yield transform, params
        return
    for member, inner in params["steps"]:
        yield from _leaves(transform.ops[member], inner)


def members(transform: Transform) -> list[Transform]:
    """The single ops of a pipeline, each once, whatever combines them."""
    if not isinstance(transform, Steps):
        return [transform]
    ops = [op for member in transform.ops for op in members(member)]
    return [op for place, op in enumerate(ops) if op not in ops[:place]]


def op_name(op: Transform) -> str:
    """The name of an op in a pipeline's text or, if it has none there, of its class."""
    names = {kind: name for name, kind in AUGMENTATIONS.items()}
    return names.get(type(op), type(op).__name__)
