"""The answers of the Explore tab: photos, and what augmentations make of them."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from paddle_aug.augment.modes import (
    AUGMENTATIONS,
    MIXES,
    OPS,
    SEQUEL_MIXES,
    sequel_user_def,
)
from paddle_aug.augment.ops import policies
from paddle_aug.config import TrainConfig, flag
from paddle_aug.data.image import read_sample
from paddle_aug.data.samples import Sample
from paddle_aug.errors import UserError
from paddle_aug.inputs import SOURCES
from paddle_aug.preview.captions import values
from paddle_aug.preview.listing import about
from paddle_aug.preview.preview import spread_over_classes
from paddle_aug.results.image_bytes import data_uri, is_small, shrunk
from paddle_aug.studio import controls
from paddle_aug.studio.answer import Answer, Picture, Respond, picture
from paddle_aug.studio.drawing import Pipeline, draw, draw_all, pipeline, warnings
from paddle_aug.studio.query import Query
from paddle_aug.studio.starts import starts
from paddle_aug.studio.state import Studio, thumbnail
from paddle_aug.system.program import tool

THUMBNAIL = 96  # pixels
MAX_SIZE = 1024  # pixels a side
MAX_DRAWS = 35
RUNGS = 7  # of a ladder


def info(studio: Studio, query: Query) -> Answer:
    """What the shell shows of the data and the options."""
    config = studio.config
    answer = {
        "loading": studio.loading,
        "size": config.image_size,
        "seed": config.seed,
        "augment": config.augment,
        "public": studio.options.public,
    }
    if studio.loading:
        return answer
    try:
        data = studio.opened.data
    except UserError as error:
        return answer | {"fault": str(error), "name": "", "classes": [], "images": 0}
    return answer | {
        "name": data.name,
        "classes": data.class_names,
        "images": len(data.train),
    }


def photos(studio: Studio, query: Query) -> Answer:
    """Training images of as many classes as possible, or from an index on."""
    data = studio.opened.data
    count = query.whole("count", 16, 1, 200)
    if "from" in query.words:
        first = query.whole("from", 0, 0, len(data.train) - 1)
        indices = range(first, min(first + count, len(data.train)))
    else:
        indices = spread_over_classes(data.train, count)
    rows = [(index, data.train[index]) for index in indices]
    return {
        "photos": [
            {"photo": str(index), "path": sample.path, "class": data.class_names[sample.label]}
            for index, sample in rows
        ]
    }


def thumb(studio: Studio, query: Query) -> Picture:
    """A photo as a small square."""
    photo, side = query.text("photo", "0"), query.whole("side", THUMBNAIL, 16, 256)

    def make() -> Picture:
        chosen = chosen_photo(studio, photo)
        return picture(thumbnail(read_sample(chosen.samples[chosen.index]), side))

    return studio.keep(("explore", "thumb", photo, side), make)


def upload(studio: Studio, query: Query) -> Answer:
    """Keep the picture of a POST for as long as there are few others."""
    name = query.text("name", "upload", 400)
    word = studio.upload(query.body, name)
    return {"photo": word, "path": studio.uploaded(word).path}


class Chosen(NamedTuple):
    """A photo: the images that it is one of, and its index among them."""

    samples: Sequence[Sample]
    index: int
    class_name: str = ""


def chosen_photo(studio: Studio, photo: str) -> Chosen:
    """The photo of a word: an index of the training list, or the word of an upload."""
    if not (photo.isascii() and photo.isdigit() and len(photo) < 12):
        return Chosen([studio.uploaded(photo)], 0)
    data = studio.opened.data
    index = int(photo)
    if index >= len(data.train):
        raise UserError(f"no photo {index}; the last of {data.name} is {len(data.train) - 1}")
    return Chosen(data.train, index, data.class_names[data.train[index].label])


def config_for(studio: Studio, query: Query) -> TrainConfig:
    """The config of training, with the size and the seed that the page asks for."""
    config = studio.config
    size = query.whole("size", config.image_size, 8, MAX_SIZE)
    return replace(config, image_size=size, seed=query.whole("seed", config.seed))


def unchanged(studio: Studio, chosen: Chosen, photo: str, drawn_by: Pipeline) -> np.ndarray:
    """A photo before it is augmented."""
    dataset = drawn_by.dataset
    key = ("explore", "photo", photo, dataset.stretch and dataset.image_size, dataset.interpolation)
    return studio.keep(key, lambda: dataset.unchanged(chosen.index))


def places(query: Query, name: str) -> list[int]:
    """The places of steps in a comma list."""
    words = query.text(name, "", 400)
    try:
        return [int(word) for word in words.split(",") if word]
    except ValueError:
        raise UserError(f"{name} wants a list of places, not {words!r}") from None


def draws(studio: Studio, query: Query) -> Answer:
    """Photos and draws of each, with the parameters, what is odd, and the steps of the text."""
    config = config_for(studio, query)
    text, off = query.text("spec", "none"), places(query, "off")
    words = [*dict.fromkeys(filter(None, query.text("photos", "0").split(",")))][:MAX_DRAWS]
    epoch, count = query.whole("epoch", 0), query.whole("count", 11, 1, MAX_DRAWS)
    count = max(1, min(count, MAX_DRAWS // max(1, len(words))))
    originals, images, keys, titles = [], [], [], []
    for word in words or ["0"]:
        chosen = chosen_photo(studio, word)
        made = pipeline(config, chosen.samples, text, off)
        image = unchanged(studio, chosen, word, made)
        originals.append((word, image, chosen))
        for number in range(count):
            images.append(image)
            keys.append(((epoch + number) % 2**32, chosen.index))
            titles.append(word)
    result = draw_all(studio, made.dataset, images, keys)
    steps = steps_of(made.text)
    return {
        "originals": [
            {
                "photo": word,
                "source": source(image),
                "path": chosen.samples[chosen.index].path,
                "class": chosen.class_name,
                "draws": [
                    {
                        "epoch": keys[place][0],
                        "source": source(result.drawn[place].image),
                        "ops": [[name, values(params)] for name, params in result.drawn[place].ops],
                    }
                    for place in range(len(result.drawn))
                    if titles[place] == word
                ],
            }
            for word, image, chosen in originals
        ],
        "steps": steps,
        "mix": made.mix,
        "warnings": warnings(result.drawn, images, len(steps or [0]), off),
        "late": result.late,
        "milliseconds": round(result.milliseconds, 2),
        "command": command(studio, config, text),
        "python": python_line(made.text),
    }


def source(image: np.ndarray) -> str:
    """A picture as an address that contains it: exact if it is small, shrunk if it is large."""
    return data_uri(shrunk(image, MAX_SIZE), is_small(image))


def exact(studio: Studio, query: Query) -> Picture:
    """A draw, or with `original` the photo before it, with each pixel as in training."""
    config, word = config_for(studio, query), query.text("photo", "0")
    chosen = chosen_photo(studio, word)
    made = pipeline(config, chosen.samples, query.text("spec", "none"), places(query, "off"))
    image = unchanged(studio, chosen, word, made)
    if query.flag("original"):
        return picture(image, exact=True)
    return picture(
        draw(made.dataset, image, (query.whole("epoch", 0), chosen.index)).image, exact=True
    )


def steps_of(text: str) -> list[dict] | None:
    """The ops of a text with their arguments, for its sliders; None for another kind of text."""
    if text == "none":
        return []
    steps = controls.steps_of(text)
    return steps and [{"name": step.name, "arguments": step.arguments} for step in steps]


def command(studio: Studio, config: TrainConfig, text: str) -> str:
    """The command that trains under a text."""
    given, words = studio.options.given, [*tool("train")]
    for name in SOURCES:
        if name in given and not studio.options.public:
            words += [flag(name), str(given[name])]
    if studio.options.recipe:
        words += ["--recipe", studio.options.recipe]
    if config.image_size != studio.config.image_size or "image_size" in given:
        words += ["--image-size", str(config.image_size)]
    if config.seed != 0:
        words += ["--seed", str(config.seed)]
    if not config.stretch and "stretch" in given:
        words.append("--no-stretch")
    return shlex.join([*words, "--augment", text.strip() or "none"])


def python_line(text: str) -> str:
    """The line that makes the augmentation in a program."""
    return f"from paddle_aug import augmentation; aug = augmentation({text!r})"


def catalog(studio: Studio, query: Query) -> Answer:
    """Every op, policy and mode with its controls and with the text that the page starts it by."""
    size = query.whole("size", studio.config.image_size, 8, MAX_SIZE)
    sequel = about(sequel_user_def).removesuffix(".")
    entries = [entry(name, size) for name in AUGMENTATIONS.names()]
    for name, mix in SEQUEL_MIXES.items():
        words = f"{sequel}; mixed by {mix}."
        entries.append({"name": name, "text": name, "about": words, "group": "modes"})
    for mix, words in MIXES.items():
        entries.append({"name": mix.split(":")[0], "text": mix, "about": words, "group": "mixes"})
    return {"entries": entries, "starts": starts(studio)}


def entry(name: str, size: int) -> dict:
    """A name of the catalog: an op with its controls, or a mode, which has none."""
    item = AUGMENTATIONS[name]
    shown = {"name": name, "about": about(item), "text": name}
    if not isinstance(item, type) or name == "none":
        return shown | {"group": "modes"}
    first = controls.Step(name, controls.first_arguments(name, size))
    of_ops = "policies" if item.__module__ == policies.__name__ else "ops"
    return shown | {
        "group": of_ops if name in OPS else "plugins",
        "controls": [one._asdict() for one in controls.controls(name)],
        "first": first.arguments,
        "text": controls.written([first]),
    }


def example(studio: Studio, query: Query) -> Picture:
    """A photo, small, under an op or another text; of a few draws, the one that changes most."""
    text, word = query.text("spec"), query.text("photo", "0")
    size = studio.config.image_size  # which a text with crops may be for
    if text in OPS:
        size = THUMBNAIL
        text = controls.written([controls.Step(text, controls.first_arguments(text, size))])

    def make() -> Picture:
        chosen = chosen_photo(studio, word)
        config = replace(studio.config, image_size=size, stretch=True, seed=0)
        made = pipeline(config, chosen.samples, text)
        image = unchanged(studio, chosen, word, made)
        tries = draw_all(studio, made.dataset, [image] * 4, [(n, chosen.index) for n in range(4)])
        most = max(tries.drawn, key=lambda one: difference(one.image, image))
        return picture(thumbnail(most.image, THUMBNAIL))

    return studio.keep(("explore", "example", text, word), make)


def difference(image: np.ndarray, original: np.ndarray) -> float:
    """How far two images are apart."""
    if image.shape != original.shape:
        return 0.0
    return float(np.mean(np.abs(image.astype(int) - original)))


def ladder(studio: Studio, query: Query) -> Answer:
    """An op alone, with one of its fields from weak to strong, in the same draw."""
    config, word = config_for(studio, query), query.text("photo", "0")
    chosen = chosen_photo(studio, word)
    steps = controls.steps_of(pipeline(config, chosen.samples, query.text("spec")).text)
    place = query.whole("place", 0, 0, len(steps or [0]) - 1)
    if not steps:
        raise UserError("only an op of a plain pipeline has a ladder")
    step, field = steps[place], query.text("field", most=80)
    rungs = controls.ladder(step.name, step.arguments, field, config.image_size, RUNGS)
    key = (query.whole("epoch", 0), chosen.index)
    answer = []
    for rung in rungs:
        studio.proceed()
        made = pipeline(config, chosen.samples, controls.written([rung]))
        drawn = draw(made.dataset, unchanged(studio, chosen, word, made), key)
        answer.append(
            {"value": rung.arguments[field], "text": made.text, "source": source(drawn.image)}
        )
    return {"name": step.name, "field": field, "rungs": answer}


ROUTES: dict[str, Respond] = {
    "info": info,
    "photos": photos,
    "thumb": thumb,
    "upload": upload,
    "draws": draws,
    "exact": exact,
    "catalog": catalog,
    "example": example,
    "ladder": ladder,
}
POSTS = frozenset({"upload"})
