"""What an evaluation found, for the page: what `evaluate` writes, and where its pictures are."""

import numpy as np

from paddle_aug.data.dataset import Dataset
from paddle_aug.evaluation.evaluate import PAIRS, Evaluation, facts
from paddle_aug.results.metrics import confused_pairs, worst_mistakes

MISTAKES = 24  # in the gallery
PAIR_PHOTOS = 6  # of each side of a pair
WORDS = ("images", "correct", "accuracy", "interval_95", "top5", "expected_calibration_error")


def evaluated(data: Dataset, probabilities: np.ndarray) -> dict:
    """The measures, the worst mistakes and the most confused pairs; photos by their places in the
    eval list."""
    evaluation = Evaluation(data.class_names, data.eval, probabilities)
    labels, guesses = evaluation.labels, probabilities.argmax(axis=1)
    found = facts(evaluation, MISTAKES)
    mistakes = worst_mistakes(probabilities, labels, MISTAKES).tolist()
    pairs = confused_pairs(evaluation.measures.confusion, PAIRS)

    def of(label: int, guess: int) -> list[int]:
        """Photos of a class that are taken for a class, the most certain first."""
        places = np.flatnonzero((labels == label) & (guesses == guess))
        return places[np.argsort(-probabilities[places, guess], kind="stable")].tolist()

    return {
        **{name: found[name] for name in WORDS},
        "mistakes": [
            {
                **row,
                "photo": place,
                "label": int(labels[place]),
                "guess": int(guesses[place]),
                "of_its_class": float(probabilities[place, labels[place]]),
            }
            for place, row in zip(mistakes, found["mistakes"], strict=True)
        ],
        "pairs": [
            {
                **row,
                "confused": of(label, guess)[:PAIR_PHOTOS],
                "like": of(guess, guess)[:PAIR_PHOTOS],
            }
            for row, (label, guess, *_) in zip(found["confused_pairs"], pairs, strict=True)
        ],
    }
