"""The sample data set: drawn pictures of sixteen things, for users without data.

It is as hard as real data with few images. Training pictures show each thing as people photograph
it, upright and well lit. Evaluation pictures show it turned, mirrored, nearer or farther, in other
light and on other backgrounds. The class depends on the shape alone, so a picture keeps its class
under rotations, flips and changes of light.
"""

from pathlib import Path

from paddle_aug.data.readers.drawn_pictures import EVAL, THINGS, TRAIN, picture, png
from paddle_aug.errors import UserError
from paddle_aug.rng import generator
from paddle_aug.system.files import make_folder

SEED = 22612  # the number of the notebook's data set
TRAIN_PICTURES = 24
EVAL_PICTURES = 14
LISTS = {
    "Train.txt": (TRAIN, range(1, 1 + TRAIN_PICTURES)),
    "Eval.txt": (EVAL, range(1 + TRAIN_PICTURES, 1 + TRAIN_PICTURES + EVAL_PICTURES)),
}


def path_of(label: int, thing: str, number: int) -> str:
    """A picture's path in the lists, as Caltech-256 names its pictures."""
    return f"{thing}/{label + 1:03d}_{number:04d}.png"


TEXTS = {"labels.txt": "".join(f"{label} {thing}\n" for label, thing in enumerate(THINGS))} | {
    name: "".join(
        f"{path_of(label, thing, number)} {label}\n"
        for label, thing in enumerate(THINGS)
        for number in numbers
    )
    for name, (_, numbers) in LISTS.items()
}


def draw_sample(folder: Path) -> None:
    """Write Train.txt, Eval.txt, labels.txt and Images/ into `folder`, unless they are all there.

    The folder appears whole or not at all. Of several processes, one draws and the others wait.

    Raises:
        UserError: the folder holds something else, or other lists, and is left as it is; or it
            cannot be written.
    """
    folder = Path(folder)
    try:
        make_folder(folder, draw_into)
        # The images are checked like those of any other data set.
        whole = all(
            (folder / name).is_file() and (folder / name).read_bytes() == text.encode()
            for name, text in TEXTS.items()
        )
    except OSError as error:
        raise UserError(
            f"cannot draw the sample data set into {folder} ({error.filename or folder}: "
            f"{error.strerror}); start in a folder that you can write to, or give your own data by "
            "--data FOLDER"
        ) from None
    if not whole:
        raise UserError(
            f"{folder} is not the whole sample data set; move the folder away, and the set will be "
            "drawn again"
        )


def draw_into(folder: Path) -> None:
    """Draw the whole set into an empty folder."""
    for label, thing in enumerate(THINGS):
        (folder / "Images" / thing).mkdir(parents=True)
        for variety, numbers in LISTS.values():
            for number in numbers:
                rng = generator(SEED, "drawing", 0, 1000 * label + number)
                file = folder / "Images" / path_of(label, thing, number)
                file.write_bytes(png(picture(thing, variety, rng)))
    for name, text in TEXTS.items():
        (folder / name).write_bytes(text.encode())
