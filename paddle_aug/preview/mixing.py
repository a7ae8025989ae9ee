"""Pictures of mixed images: as in training, each is mixed with another one of its batch."""

from collections.abc import Sequence

import numpy as np
import paddle
from paddle.nn.functional import one_hot

from paddle_aug.data.normalize import KNOWN
from paddle_aug.errors import UserError
from paddle_aug.inputs import changing
from paddle_aug.preview.captions import SEPARATOR, caption
from paddle_aug.preview.preview import Cell, Draws, Shown, batch_of, of_epochs, original, session_of
from paddle_aug.results.language import _
from paddle_aug.training.batches import Normalize
from paddle_aug.training.distributed import Group
from paddle_aug.training.mixing import Drawn, Mixer


def mixed_cells(shown: Shown, index: int, draws: Draws) -> list[Cell]:
    """The image before it is augmented, and as a network sees it in each epoch, to a grey level.

    The last batch of an epoch depends on the number of processes, which a run's sessions have. For
    epochs that do not draw the image see `of_epochs`.

    Raises:
        UserError: there is no other image to mix it with.
    """
    config, dataset = shown.config, shown.dataset
    if len(dataset) == 1:
        raise UserError("there is no other image to mix this one with; give its data set by --data")
    first = original(dataset, index)

    def seen(epoch: int) -> tuple[np.ndarray, str]:
        key = (epoch, index)
        labels = [sample.label for sample in dataset.samples]
        step, keys = batch_of(config, labels, key, processes(shown.sessions, epoch))
        place = keys.index(key)
        images, labels = zip(*(dataset[key] for key in keys), strict=True)
        mixer = Mixer(config, Group(), Normalize(KNOWN["unit"]))
        batch = paddle.to_tensor(np.stack(images))
        targets = one_hot(paddle.to_tensor(labels), max(labels) + 1)
        inputs = mixer(epoch, step, batch, targets, len(keys))[0]
        pixels = inputs[place].transpose([1, 2, 0]).numpy()
        partner, numbers = mixer.draw(epoch, step, len(keys))
        other = dataset.samples[keys[partner[place]][1]].path
        ops = changing(dataset, first.image, key)
        texts = [caption(ops)] if ops else []
        text = SEPARATOR.join(texts + mix_captions(numbers, place, other))
        return np.rint(255 * pixels).astype(np.uint8), text

    return ([first] if draws.original else []) + of_epochs(seen, draws, config.image_size)


def processes(sessions: Sequence[dict], epoch: int) -> int:
    """The number of processes that trained in this epoch; 1 if no session says."""
    return session_of(sessions, epoch).get("processes", 1)


def mix_captions(drawn: Drawn, place: int, other: str) -> list[str]:
    """For each mix, what it did to the image at this place of the batch, in a few words."""
    texts = []
    for mix, numbers in drawn:
        number = numbers[place]
        if np.all(number == mix.unchanged):
            continue
        name = type(mix).__name__.lower()
        if np.ndim(number):
            top, bottom, left, right = number.tolist()
            words = _("{name} {other} in {width}×{height} at {left},{top}").format(
                name=name,
                other=other,
                width=right - left,
                height=bottom - top,
                left=left,
                top=top,
            )
            texts.append(words)
        else:
            texts.append(f"{name} {1 - number:.0%} {other}")
    return texts or [_("not mixed")]
