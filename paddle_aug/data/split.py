"""Parts of a data set: the first images, a holdout for evaluation, a fraction for training."""

import heapq
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from paddle_aug.data.content import content_groups
from paddle_aug.data.dataset import Dataset
from paddle_aug.data.samples import Sample, first_of_each, normal_path
from paddle_aug.errors import UserError
from paddle_aug.results.text import count, shortened
from paddle_aug.rng import generator
from paddle_aug.system.program import again


def select(
    dataset: Dataset,
    first: int | None = None,
    fraction: float = 1.0,
    holdout: float = 0.0,
    seed: int = 0,
    copies_together: bool = True,
    fold: str | None = None,
) -> Dataset:
    """Take the first training images, hold back a share or a fold of them, and keep a fraction of
    the rest.

    With `holdout`, `eval` becomes the images held back and `test` the former eval list, if there is
    one. The seed draws both shares: round(share × images) in all, from each class its share give or
    take one, and a smaller part lies within a larger one. Images of equal content are held back
    together or not at all, unless `copies_together` is False, as in version 0.1.0. Every class
    keeps an image to train on, so a class with a single image has none in `eval`. Lists keep their
    order.

    With a `fold` "k/n", `eval` becomes the k-th of n parts, counted from 1 (see `fold_of`), and
    `test` is empty. The parts are the same for every seed.

    Raises:
        UserError: a value is out of range or leaves nothing, or there is nothing to evaluate on.
    """
    if not 0 < fraction <= 1:
        raise UserError(f"--fraction must be above 0 and at most 1, not {fraction}")
    if not 0 <= holdout < 1:
        raise UserError(f"--holdout must be at least 0 and below 1, not {holdout}")
    if fold and holdout:
        raise UserError("--holdout and --fold both hold images back; give one of them")
    if not dataset.eval and not holdout and not fold:
        raise UserError(
            f"{dataset.name} has no images to evaluate on; hold back a quarter of the training "
            f"images: {again('--holdout', '0.25')}"
        )
    if dataset.eval and dataset.test and holdout:
        raise UserError(
            f"{dataset.name} has images to evaluate on and others to test on; drop --holdout"
        )
    train = first_images(dataset, first)
    if holdout:
        if copies_together:
            groups = content_groups(train, dataset.digests)
        else:
            groups = {path: number for number, path in enumerate(first_of_each(train))}
        train, held = hold_back(train, holdout, seed, groups)
        dataset = replace(dataset, eval=held, test=dataset.eval or dataset.test)
    if fold:
        train, held = fold_of(train, fold, dataset)
        dataset = replace(dataset, eval=held, test=[])
    if fraction < 1:
        train = [train[index] for index in sorted(_part(train, fraction, seed))]
    return dataset if train is dataset.train else replace(dataset, train=train)


def first_images(dataset: Dataset, first: int | None) -> list[Sample]:
    """The first images to train on, or with None all.

    Raises:
        UserError: there are fewer, or they leave a class without an image.
    """
    if first is None:
        return dataset.train
    images = len(dataset.train)
    if not 0 < first <= images:
        raise UserError(
            f"--first {first} is not from 1 to {images:,}, the number of images to train on"
        )
    train = dataset.train[:first]
    lost = sorted({s.label for s in dataset.train} - {s.label for s in train})
    if lost:
        names = shortened([dataset.class_names[label] for label in lost], 5)
        raise UserError(
            f"--first {first} leaves no image of {names}; --fraction takes a share of each class"
        )
    return train


def hold_back(
    train: list[Sample], share: float, seed: int, groups: dict[str, int]
) -> tuple[list[Sample], list[Sample]]:
    """The samples that stay and those that are held back; each class keeps an image.

    An image that is listed several times (a known trick) counts once, and is held back once.
    `groups` has the group of each image by its normal path. The images of a group stay together. A
    group is not held back if it has several classes, or more images than the rest of its class's
    share.

    Raises:
        UserError: nothing would be held back.
    """
    first = first_of_each(train)
    units: dict[int, list[Sample]] = {}
    for path, sample in first.items():
        units.setdefault(groups[path], []).append(sample)
    members = list(units.values())
    labels = [samples[0].label for samples in members]
    order = stratified_order(labels, generator(seed, "holdout"))
    last = {labels[index]: index for index in order}
    mixed = [len({sample.label for sample in samples}) > 1 for samples in members]
    order = [index for index in order if index != last[labels[index]] and not mixed[index]]
    wanted = round(share * len(first))
    if len(members) == len(first):
        taken = order[:wanted]
    else:
        taken = _whole_groups(members, labels, order, wanted)
    held = {normal_path(sample) for index in taken for sample in members[index]}
    if not held:
        copies = "; copies of an image stay together" if len(members) < len(first) else ""
        images = count(len(first), "image")
        raise UserError(f"--holdout {share} holds back none of {images}{copies}")
    left = [sample for sample in train if normal_path(sample) not in held]
    return left, [sample for path, sample in first.items() if path in held]


def fold_of(train: list[Sample], fold: str, dataset: Dataset) -> tuple[list[Sample], list[Sample]]:
    """The samples to train on and those of the fold "k/n", which are evaluated.

    The folds share out the images: each is in one of them, once even if it is listed several times,
    with its copies of equal content. Folds have the same number of each class's images, give or
    take one, where there are no copies.

    Raises:
        UserError: there is no such fold, or the others have no image of a class.
    """
    match = re.fullmatch(r"([0-9]+)/([0-9]+)", fold)
    number, folds = map(int, match.groups()) if match else (0, 0)
    if not 1 <= number <= folds or folds < 2:
        raise UserError(f"--fold takes K/N, such as 1/5 for the first of five folds, not {fold}")
    first = first_of_each(train)
    groups = content_groups(train, dataset.digests)
    units: dict[int, list[str]] = {}
    for path in first:
        units.setdefault(groups[path], []).append(path)
    members = list(units.values())
    order = generator(0, "folds").permutation(len(members)).tolist()
    order.sort(key=lambda unit: -len(members[unit]))  # what is large is hardest to place
    images: Counter[tuple[int, int]] = Counter()  # by fold and class
    totals: Counter[int] = Counter()
    fold_by_path = {}
    for paths in (members[unit] for unit in order):
        label = first[paths[0]].label
        chosen = min(range(folds), key=lambda k: (images[k, label], totals[k]))
        images[chosen, label] += len(paths)
        totals[chosen] += len(paths)
        fold_by_path.update(dict.fromkeys(paths, chosen + 1))
    left = [sample for sample in train if fold_by_path[normal_path(sample)] != number]
    lost = sorted({sample.label for sample in train} - {sample.label for sample in left})
    if lost:
        names = shortened([dataset.class_names[label] for label in lost], 5)
        raise UserError(
            f"--fold {fold} leaves no image of {names} to train on: each class needs two images or "
            "more that are no copies of each other"
        )
    held = [sample for path, sample in first.items() if fold_by_path[path] == number]
    if not held:
        raise UserError(f"--fold {fold} is empty: there are {count(len(members), 'image')}")
    return left, held


def _whole_groups(
    members: list[list[Sample]], labels: list[int], order: list[int], wanted: int
) -> list[int]:
    """The groups, in order, that fit into their class's share, until `wanted` images are taken."""
    images = Counter()
    for samples, label in zip(members, labels, strict=True):
        images[label] += len(samples)
    total = images.total()
    room = {label: -(-wanted * number // total) for label, number in images.items()}
    taken = []
    for index in order:
        size = len(members[index])
        if wanted <= 0:
            break
        if size <= room[labels[index]]:
            taken.append(index)
            room[labels[index]] -= size
            wanted -= size
    return taken


def _part(train: list[Sample], share: float, seed: int) -> set[int]:
    """The indices of a share of the training images, with at least one of each class."""
    labels = [sample.label for sample in train]
    order = stratified_order(labels, generator(seed, "fraction"))
    first = {labels[index]: index for index in reversed(order)}
    order = [*first.values(), *(i for i in order if i != first[labels[i]])]
    return set(order[: max(len(first), round(share * len(train)))])


def stratified_order(labels: Sequence[int], rng: np.random.Generator) -> list[int]:
    """The indices of all labels, in an order of which the first k have their share of each class.

    Of the first k of n, a class of m has k × m / n images, give or take less than one. If shares
    were rounded by largest remainder, a larger part could hold fewer images of a class than a
    smaller one (the Alabama paradox). Here the j-th image of a class comes after j × n / m and
    before (j + 1) × n / m, the most urgent first (Steiner and Yeomans,
    "Level schedules for mixed-model, just-in-time processes", 1993).
    """
    count = len(labels)
    members: dict[int, list[int]] = {}
    for index in rng.permutation(count).tolist():
        members.setdefault(labels[index], []).append(index)
    coming = [
        (place * count // len(indices), -(-(place + 1) * count // len(indices)), label, index)
        for label, indices in sorted(members.items())
        for place, index in enumerate(indices)
    ]
    coming.sort()
    order, ready = [], []
    now = 0
    for turn in range(count):
        while now < count and coming[now][0] <= turn:
            heapq.heappush(ready, coming[now][1:])
            now += 1
        order.append(heapq.heappop(ready)[2])
    return order
