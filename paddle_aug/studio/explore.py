"""The answers of the Explore tab: photos, and what augmentations make of them."""

from paddle_aug.data.image import read_sample
from paddle_aug.errors import UserError
from paddle_aug.preview.preview import image_index, spread_over_classes
from paddle_aug.studio.answer import Answer, Picture, Respond, picture
from paddle_aug.studio.query import Query
from paddle_aug.studio.state import Studio, thumbnail

THUMBNAIL = 96  # pixels


def info(studio: Studio, query: Query) -> Answer:
    """What the shell shows of the data and the options."""
    config, options = studio.config, studio.options
    answer = {
        "loading": studio.loading,
        "size": config.image_size,
        "seed": config.seed,
        "stretch": config.stretch,
        "recipe": options.recipe,
        "augment": config.augment,
        "public": options.public,
        "logs": options.logs is not None,
        "weights": options.weights is not None,
        "turns": studio.turns,
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
        "evaluation": len(data.eval),
    }


def photos(studio: Studio, query: Query) -> Answer:
    """Training images of as many classes as possible, or from an index on, or of a path's end."""
    data = studio.opened.data
    count = query.whole("count", 16, 1, 200)
    if file := query.text("file", ""):
        indices = [image_index(data.train, file)]
    elif "from" in query.words:
        first = query.whole("from", 0, 0, len(data.train) - 1)
        indices = range(first, min(first + count, len(data.train)))
    else:
        indices = spread_over_classes(data.train, count)
    rows = [(index, data.train[index]) for index in indices]
    return {
        "photos": [
            {"photo": index, "path": sample.path, "class": data.class_names[sample.label]}
            for index, sample in rows
        ],
        "images": len(data.train),
    }


def thumb(studio: Studio, query: Query) -> Picture:
    """A training image as a small square."""
    train = studio.opened.data.train
    index = query.whole("photo", 0, 0, len(train) - 1)
    side = query.whole("side", THUMBNAIL, 16, 256)
    key = ("explore", "thumb", index, side)
    return studio.keep(key, lambda: picture(thumbnail(read_sample(train[index]), side)))


ROUTES: dict[str, Respond] = {"info": info, "photos": photos, "thumb": thumb}
