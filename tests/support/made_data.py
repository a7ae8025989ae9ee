"""Small data sets in the list-file layout, for tests."""

from pathlib import Path

import numpy as np
from PIL import Image

from paddle_aug.rng import generator


def write_dataset(folder: Path, classes: int = 3, train: int = 8, evaluate: int = 4) -> Path:
    """Write `train` and `evaluate` pictures a class: a bright square whose place is its class."""
    folder.mkdir(parents=True)
    rng = generator(0, "drawing")
    for name, count in (("Train", train), ("Eval", evaluate)):
        lines = []
        for label in range(classes):
            for number in range(count):
                picture = rng.integers(0, 120, (40, 48, 3)).astype(np.uint8)
                left = 4 + label * 40 // classes
                picture[8:24, left : left + 10] += 100
                path = f"class{label}/{name.lower()}_{number:03}.png"
                (folder / "Images" / path).parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(picture).save(folder / "Images" / path)
                lines.append(f"{path} {label}\n")
        (folder / f"{name}.txt").write_text("".join(lines), encoding="utf-8")
    return folder


def spoil_images(folder: Path) -> None:
    """Overwrite all images with zeros; their sizes stay, and whatever decodes them fails."""
    for file in folder.rglob("*.png"):
        file.write_bytes(bytes(file.stat().st_size))
