"""The Network tab: what a trained network makes of an image, of its draws and of the eval list.

Paddle, which takes seconds to import, is met in a thread of its own; see `Network`.
"""

import shlex
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddle_aug.augment.modes import split_mix
from paddle_aug.data.dataset import Dataset
from paddle_aug.data.image import read_sample
from paddle_aug.data.samples import Sample
from paddle_aug.errors import UserError
from paddle_aug.inputs import SOURCES, augmented
from paddle_aug.preview.captions import caption
from paddle_aug.preview.preview import spread_over_classes
from paddle_aug.studio.answer import Picture, Respond, picture
from paddle_aug.studio.controls import EITHER, NUMBER, RANGE, Step, controls, steps_of, written
from paddle_aug.studio.drawing import Drawn, draw_all, pipeline
from paddle_aug.studio.evaluation import evaluated
from paddle_aug.studio.explore import places, source
from paddle_aug.studio.explore import steps_of as chain_of
from paddle_aug.studio.query import Query
from paddle_aug.studio.runs import Entry, logs_of
from paddle_aug.studio.state import Job, Studio, thumbnail
from paddle_aug.system.program import tool

if TYPE_CHECKING:
    from paddle_aug.studio.loaded import Loaded

STRIP = 16  # photos to choose from
TOP = 5  # classes of an image
MAX_DRAWS = 35
PIECE = 8  # images in the network at once: short work for any network
RUNGS = 9  # strengths of a slider
JOBS = ("network", "network-evaluation")


class Network:
    """The network of a studio: one at a time, which one thread loads and calculates with.

    Whoever has something calculated holds a turn of the studio meanwhile.
    """

    def __init__(self, weights: Path | None):
        self.weights = weights
        self.loaded: Loaded | None = None
        self.evaluation: Job | None = None
        self.thread = ThreadPoolExecutor(1, "network")

    def calculate(self, function: Callable, *args) -> Any:
        """The result of a function, computed in the network's thread."""
        return self.thread.submit(function, *args).result()

    def probabilities(self, studio: Studio, images: Sequence[np.ndarray]) -> np.ndarray:
        """Those of prepared images, float64 [N, classes], in short pieces."""
        loaded, rows = self.ready(), []
        for start in range(0, len(images), PIECE):
            studio.proceed()
            rows.append(self.calculate(loaded.probabilities, images[start : start + PIECE]))
        return np.concatenate(rows)

    def ready(self) -> "Loaded":
        """The network.

        Raises:
            UserError: it is not loaded (yet).
        """
        if self.loaded is None:
            raise UserError("no network is loaded yet")
        return self.loaded


def network_of(studio: Studio) -> Network:
    """The one network of a studio."""
    return studio.for_tab("network", lambda: Network(studio.options.weights))


def status(studio: Studio, query: Query) -> dict:
    """Which network there is; the first question loads it."""
    network = network_of(studio)
    if network.weights is None:
        return {"state": "none", **choice(studio, query)}
    job = studio.background("network", lambda job: _load(studio, network, job))
    weights = network.weights.name if studio.options.public else str(network.weights)
    if job.error is not None:
        return {
            "state": "failed",
            "weights": weights,
            "message": job.error,
            **choice(studio, query),
        }
    if network.loaded is None:
        return {"state": "loading", "weights": weights}
    trained, data = network.loaded.trained, network.loaded.data
    lacking = isinstance(data, str)
    return {
        "state": "ready",
        "weights": weights,
        "network": trained.config.network,
        "augment": trained.config.mode,
        "image_size": trained.config.image_size,
        "classes": trained.class_names,
        "data": trained.data_name if lacking else data.name,
        "photos": 0 if lacking else len(data.eval),
        "spread": [] if lacking else spread_over_classes(data.eval, STRIP),
        "no_data": data if lacking else None,
    }


def _load(studio: Studio, network: Network, job: Job) -> dict:
    weights = network.weights
    given = {name: value for name, value in studio.options.given.items() if name in SOURCES}
    with studio.turn():  # Paddle takes seconds to import
        module = network.calculate(import_module, "paddle_aug.studio.loaded")
    job.step(1, 2)
    with studio.turn():
        loaded = network.calculate(module.load, weights, given)
    if network.weights == weights:
        network.loaded = loaded
    return {}


def choice(studio: Studio, query: Query) -> dict:
    """The runs below the logs that have weights, the latest first, and how to train one."""
    runs = []
    if studio.options.logs is not None:
        _, entries, _ = logs_of(studio).scan()
        runs = [entry for entry in entries if weights_of(entry)]
        runs.sort(key=lambda entry: -entry.facts["written"])
    facts = ("id", "group", "mode", "seed", "network", "best", "state")
    data = None if studio.options.public else studio.options.given.get("data")
    given = ["--data", str(data)] if data else []
    return {
        "runs": [{name: entry.facts[name] for name in facts} for entry in runs],
        "command": shlex.join([*tool("train"), *given, "--recipe", "probe"]),
    }


def weights_of(entry: Entry) -> Path | None:
    """The weights of a run, the best rather than the last, where its run.json says that they
    are."""
    folder = entry.run.run.get("config", {}).get("model_dir") if entry.run else None
    if not isinstance(folder, str):
        return None
    files = (Path(folder) / f"{entry.stem}Aug_{name}.pdparams" for name in ("best", "last"))
    return next((file for file in files if file.is_file()), None)


def choose(studio: Studio, query: Query) -> dict:
    """Take the network of a run in the place of the one that is loaded."""
    weights = weights_of(logs_of(studio).entry(query))
    if weights is None:
        raise UserError("the weights of this run are no longer there")
    network = network_of(studio)
    for name in JOBS:
        studio.forget(name)
    network.weights, network.loaded, network.evaluation = weights, None, None
    return status(studio, query)


def photos(loaded: "Loaded") -> Dataset:
    """The data whose eval images are the photos of this tab.

    Raises:
        UserError: why there is none.
    """
    if isinstance(loaded.data, str):
        raise UserError(loaded.data)
    return loaded.data


def asked(studio: Studio, loaded: "Loaded", query: Query) -> tuple[Sample, int | None]:
    """The picture that a request names, and its right class where that is known."""
    known = len(loaded.trained.class_names) - 1
    if word := query.text("upload", ""):
        sample, label = studio.uploaded(word), None
    else:
        samples = photos(loaded).eval
        sample = samples[query.whole("photo", 0, 0, len(samples) - 1)]
        label = sample.label
    given = query.whole("label", -1, -1, known)
    return sample, label if given < 0 else given


def prepared(loaded: "Loaded", sample: Sample) -> np.ndarray:
    """A picture as the network gets it."""
    return augmented(replace(loaded.trained.config, cache="off"), [sample], "none")[0, 0][0]


def look(studio: Studio, query: Query) -> dict:
    """The likeliest classes of a picture, and the probability of the right one."""
    network = network_of(studio)
    loaded = network.ready()
    sample, label = asked(studio, loaded, query)
    image = prepared(loaded, sample)
    (row,) = network.probabilities(studio, [image])
    order = np.argsort(-row, kind="stable")[:TOP].tolist()

    def named(label: int) -> dict:
        name = loaded.trained.class_names[label]
        return {"label": label, "name": name, "probability": float(row[label])}

    return {
        "path": Path(sample.path).name if studio.options.public else sample.path,
        "top": [named(label) for label in order],
        "right": None if label is None else named(label),
    }


def seen(studio: Studio, query: Query) -> Picture:
    """A picture as the network gets it."""
    loaded = network_of(studio).ready()
    sample, _ = asked(studio, loaded, query)
    return picture(prepared(loaded, sample))


def heat(studio: Studio, query: Query) -> Picture:
    """Where the network sees the class `label` in a picture."""
    network = network_of(studio)
    loaded = network.ready()
    sample, label = asked(studio, loaded, query)
    if label is None:
        raise UserError("the request lacks label")
    image = prepared(loaded, sample)
    return picture(network.calculate(loaded.heat, image, label))


def photo(studio: Studio, query: Query) -> Picture:
    """The middle of a photo, `side` pixels wide."""
    loaded = network_of(studio).ready()
    samples = photos(loaded).eval
    sample = samples[query.whole("photo", None, 0, len(samples) - 1)]
    return picture(thumbnail(read_sample(sample), query.whole("side", 96, 16, 256)))


def draws(studio: Studio, query: Query) -> dict:
    """The probability of the right class under draws of an augmentation and, unless `bare`, the
    picture and each draw with its parameters and what it is taken for."""
    network = network_of(studio)
    loaded = network.ready()
    sample, label = asked(studio, loaded, query)
    if label is None:
        raise UserError("the request lacks label, the right class of this picture")
    count, bare = query.whole("count", 11, 1, MAX_DRAWS), query.flag("bare")
    config = replace(loaded.trained.config, cache="off", seed=query.whole("seed", 0))
    made = pipeline(config, [sample], query.text("spec", ""), places(query, "off"))
    dataset = augmented(config, [sample], made.text)  # at the network's size, without `stretch` too
    dataset.transform = made.dataset.transform
    keys = [(epoch, 0) for epoch in range(count)]
    drawn, _, late = draw_all(studio, dataset, [dataset.unchanged(0)] * count, keys)
    rows = network.probabilities(studio, [one.image for one in drawn])
    of_draws = rows[:, label]
    answer = {
        "mean": float(of_draws.mean()),
        "least": float(of_draws.min()),
        "most": float(of_draws.max()),
        "late": late,
    }
    if bare:
        return answer
    first = Drawn(prepared(loaded, sample))
    # Alone, as `look` does: a batch may round to other last bits.
    rows = np.concatenate([network.probabilities(studio, [first.image]), rows])
    own, guesses = rows[:, label].tolist(), rows.argmax(axis=1).tolist()
    shown = [
        {
            "probability": probability,
            "right": guess == label,
            "guess": loaded.trained.class_names[guess],
            "caption": caption(one.ops),
            "picture": source(one.image),
        }
        for one, guess, probability in zip((first, *drawn), guesses, own, strict=True)
    ]
    return answer | {"draws": shown, "mix": made.mix, "steps": chain_of(made.text)}


def rungs(studio: Studio, query: Query) -> dict:
    """The texts of a pipeline with one slider, `field` of the op at the place `step`, at as many
    strengths over its span; and the strengths."""
    spec, _ = split_mix(query.text("spec", ""))
    steps = steps_of(spec) or []
    place, field = query.whole("step", 0, 0, max(0, len(steps) - 1)), query.text("field")
    known = {one.field: one for one in controls(steps[place].name)} if steps else {}
    if field not in known or known[field].kind not in (NUMBER, EITHER, RANGE):
        raise UserError(f"{spec} has no slider {field}")
    one, (name, arguments) = known[field], steps[place]
    single = one.kind == NUMBER or not isinstance(arguments.get(field, one.default), tuple)
    ends = (one.least, one.most) if single else (one.low, one.high)
    size = network_of(studio).ready().trained.config.image_size
    values = np.linspace(*(size if end is None else end for end in ends), RUNGS)
    values = [round(value) if one.whole else float(f"{value:.3g}") for value in values.tolist()]
    values = list(dict.fromkeys(values))

    def at(value: float) -> str:
        step = Step(name, {**arguments, field: value if single else (value, value)})
        return written([*steps[:place], step, *steps[place + 1 :]])

    return {"texts": [at(value) for value in values], "values": values}


def evaluate(studio: Studio, query: Query) -> dict:
    """Begin to evaluate the network on its eval images; a second time only after an error."""
    network = network_of(studio)
    loaded = network.ready()
    data = photos(loaded)
    if network.evaluation and network.evaluation.error is not None:
        studio.forget("network-evaluation")

    def run(job: Job) -> dict:
        rows = loaded.predictions(data.eval, PIECE)
        try:
            probabilities = []
            for place in range(len(data.eval)):
                job.step(place, len(data.eval))
                with studio.turn():
                    row = network.calculate(next, rows)
                if isinstance(row, UserError):
                    raise row
                probabilities.append(row)
        finally:
            network.calculate(rows.close)
        with studio.turn():
            return {"facts": evaluated(data, np.stack(probabilities))}

    network.evaluation = studio.background("network-evaluation", run)
    return network.evaluation.answer()


def evaluation(studio: Studio, query: Query) -> dict:
    """How far the evaluation is and, at the end, what it found."""
    job = network_of(studio).evaluation
    return {"running": False, "none": True} if job is None else job.answer()


ROUTES: dict[str, Respond] = {
    "network": status,
    "network-choice": choice,
    "network-choose": choose,
    "network-look": look,
    "network-picture": seen,
    "network-heat": heat,
    "network-photo": photo,
    "network-draws": draws,
    "network-rungs": rungs,
    "network-evaluate": evaluate,
    "network-evaluation": evaluation,
}
POSTS = frozenset({"network-choose", "network-evaluate"})
