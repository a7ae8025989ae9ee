"""How good a classifier is, computed from its probabilities."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

BINS = 15  # of the expected calibration error, as in Guo et al. (arXiv 1706.04599)


@dataclass(frozen=True, eq=False)
class Measures:
    """Metrics for N images and C classes. All shares are from 0 to 1, or NaN for 0 / 0.

    `interval` is Wilson's 95 % interval. `top5` is None for five classes or fewer. `confusion`
    counts images by true class (row) and predicted class (column). `precision`, `recall` (the
    accuracy of a class) and `f1` have a value per class. `bins` has a row for each of `BINS` equal
    ranges of confidence: images, mean confidence, accuracy. `calibration_error` is the mean
    difference of the latter two, weighted by images.
    """

    images: int
    correct: int
    interval: tuple[float, float]
    top5: float | None
    confusion: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    bins: np.ndarray
    calibration_error: float

    @property
    def accuracy(self) -> float:
        return self.correct / self.images


def wilson(correct: int, images: int) -> tuple[float, float]:
    """The 95 % interval of an accuracy, by Wilson's score."""
    interval = binomtest(correct, images).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def measure(probabilities: np.ndarray, labels: np.ndarray) -> Measures:
    """Compare probabilities [N, C] with the true classes [N]; N is at least 1."""
    images, classes = probabilities.shape
    order = np.argsort(-probabilities, axis=1, kind="stable")
    predicted = order[:, 0]
    right = predicted == labels
    correct = int(right.sum())
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    hits, of_class, as_class = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    bins = calibration_bins(probabilities.max(axis=1), right)
    return Measures(
        images=images,
        correct=correct,
        interval=wilson(correct, images),
        top5=float((order[:, :5] == labels[:, None]).any(axis=1).mean()) if classes > 5 else None,
        confusion=confusion,
        precision=share(hits, as_class),
        recall=share(hits, of_class),
        f1=share(2 * hits, of_class + as_class),
        bins=bins,
        calibration_error=float(np.nansum(bins[:, 0] * np.abs(bins[:, 1] - bins[:, 2])) / images),
    )


def share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """`part / whole`; NaN where the whole is 0."""
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)


def calibration_bins(confidence: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Images, mean confidence and accuracy of each bin, [BINS, 3]; bins include their upper end."""
    place = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    count, confident, correct = (
        np.bincount(place, weights, minlength=BINS) for weights in (None, confidence, right)
    )
    return np.stack([count, share(confident, count), share(correct, count)], axis=1)


def worst_mistakes(probabilities: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """Indices of the wrong predictions with the highest confidence, the highest first."""
    order = np.argsort(-probabilities.max(axis=1), kind="stable")
    return order[probabilities.argmax(axis=1)[order] != labels[order]][:count]


def by_loss(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Indices of all images, the highest loss by the image's label first."""
    return np.argsort(probabilities[np.arange(len(labels)), labels], kind="stable")


def confused_pairs(confusion: np.ndarray, count: int) -> list[tuple[int, int, int, float]]:
    """The most frequent mistakes: true class, predicted class, images, and their share of the true
    class."""
    wrong = confusion - np.diag(np.diag(confusion))
    shares = wrong / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    order = np.lexsort((-shares.ravel(), -wrong.ravel()))[:count]
    places = zip(*np.unravel_index(order, wrong.shape), strict=True)
    return [
        (int(true), int(predicted), int(wrong[true, predicted]), float(shares[true, predicted]))
        for true, predicted in places
        if wrong[true, predicted]
    ]
