"""A data set with one of each fault; `SPOILED` lists them, and where they are."""

from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from paddle_aug.rng import generator

WHITE_TO_BLACK = np.linspace(255, 0, 160, dtype=np.uint8)

# Each finding's code, and the places where check reports it.
SPOILED = {
    "lists": {"Train.txt:60", "Train.txt:61", "Eval.txt:19"},
    "missing": {"Train.txt:37"},
    "unreadable": {"Train.txt:38", "Train.txt:39", "Train.txt:40"},
    "other-label": {"Train.txt:53"},
    "leak-file": {"Eval.txt:9"},
    "leak": {"Eval.txt:10"},
    "near-leak": {"Eval.txt:11", "Eval.txt:12"},
    "near-other-label": {"Train.txt:54"},
    "same-in-train": {"Train.txt:55"},
    "same-in-eval": {"Eval.txt:14"},
    "near-same-in-train": {"Train.txt:56"},
    "near-same-in-eval": {"Eval.txt:16"},
    "repeated-in-train": {"Train.txt:59"},
    "repeated-in-eval": {"Eval.txt:18"},
    "label-gap": {"label 3"},
    "few-images": {"label 4"},
    "imbalance": {"label 0", "label 4"},
    "not-evaluated": {"label 4"},
    "wrong-suffix": {"Train.txt:41"},
    "cmyk": {"Train.txt:42"},
    "sixteen-bit": {"Train.txt:43"},
    "palette": {"Train.txt:44"},
    "grey": {"Train.txt:45"},
    "transparent": {"Train.txt:46"},
    "animated": {"Train.txt:47"},
    "turned": {"Train.txt:48"},
    "long": {"Train.txt:49"},
    "small": {"Train.txt:50"},
    "large": {"Train.txt:51"},
    "blank": {"Train.txt:52"},
}


def scene(number: int, size: tuple[int, int] = (160, 128)) -> np.ndarray:
    """A picture unlike any other: coloured clouds, uint8 [H, W, 3]; `size` is width and height."""
    clouds = generator(0, "drawing", 1, number).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return cv2.resize(clouds, size, interpolation=cv2.INTER_CUBIC)


def saved(pixels: np.ndarray, format: str, **options) -> bytes:
    content = BytesIO()
    Image.fromarray(pixels).save(content, format, **options)
    return content.getvalue()


def jpeg(pixels: np.ndarray, **options) -> bytes:
    return saved(pixels, "JPEG", **{"quality": 95, **options})


def write_spoiled(folder: Path) -> Path:
    """Five classes, 61 lines to train on and 19 to evaluate on, in the notebook's layout."""
    root = folder / "Images"
    lists: dict[str, list[str]] = {"Train": [], "Eval": []}
    numbers = iter(range(10_000))

    def image(list_name: str, label: int, content=None, name: str = "", line: int = 0) -> Path:
        number = next(numbers)
        file = root / f"c{label}" / (name or f"{number:03}.png")
        file.parent.mkdir(parents=True, exist_ok=True)
        content = scene(number) if content is None else content
        if isinstance(content, bytes):
            file.write_bytes(content)
        elif isinstance(content, Image.Image):
            content.save(file)
        else:
            Image.fromarray(content).save(file)
        lists[list_name].append(f"{file.relative_to(root).as_posix()} {label}")
        assert line in (0, len(lists[list_name]))
        return file

    train = [image("Train", label) for label in [0] * 12 + [1] * 12 + [2] * 11 + [4]]

    image("Train", 0, name="missing.png", line=37).unlink()
    image("Train", 0, b"", "empty.png", 38)
    image("Train", 0, jpeg(scene(1001))[:-500], "truncated.jpg", 39)
    image("Train", 0, b"<html>Not found</html>", "page.jpg", 40)
    image("Train", 0, saved(scene(1002), "PNG"), "png.jpg", 41)
    image("Train", 0, Image.fromarray(scene(1003)).convert("CMYK"), "print.jpg", 42)
    deep = cv2.imencode(".png", scene(1004).astype(np.uint16) * 257)[1].tobytes()
    image("Train", 0, deep, "deep.png", 43)
    image("Train", 0, Image.fromarray(scene(1005)).convert("P"), "palette.png", 44)
    image("Train", 0, Image.fromarray(scene(1006)).convert("L"), "grey.png", 45)
    glass = Image.fromarray(scene(1007)).convert("RGBA")
    glass.putalpha(Image.fromarray(np.tile(WHITE_TO_BLACK, (128, 1))))
    image("Train", 0, glass, "glass.png", 46)
    second = Image.fromarray(scene(1009))
    frames = saved(scene(1008), "WEBP", save_all=True, append_images=[second])
    image("Train", 0, frames, "frames.webp", 47)
    turned = Image.Exif()
    turned[0x0112] = 6
    image("Train", 0, jpeg(scene(1010), exif=turned), "turned.jpg", 48)
    image("Train", 0, scene(1011, (600, 120)), "long.png", 49)
    image("Train", 0, scene(1012, (60, 60)), "small.png", 50)
    image("Train", 0, jpeg(scene(1013, (6000, 4000))), "large.jpg", 51)
    image("Train", 0, np.full((128, 160, 3), 90, np.uint8), "blank.png", 52)
    image("Train", 1, train[0].read_bytes(), "copy_of_c0.png", 53)
    image("Train", 1, jpeg(scene(1), quality=60), "like_c0.jpg", 54)
    image("Train", 0, train[2].read_bytes(), "copy.png", 55)
    image("Train", 0, scene(3)[:, ::-1].copy(), "mirrored.png", 56)
    image("Train", 0)
    image("Train", 0)
    lists["Train"].append(lists["Train"][4])
    lists["Train"].append(lists["Train"][5].replace(" 0", " 2"))
    lists["Train"].append("c0/057.png cat")

    for label in (0, 0, 0, 1, 1, 2, 2, 3):
        image("Eval", label)
    image("Eval", 0, train[6].read_bytes(), "same_file.png", 9)
    image("Eval", 0, saved(scene(7), "BMP"), "same_pixels.bmp", 10)
    image("Eval", 0, jpeg(scene(8), quality=50), "coded.jpg", 11)
    image("Eval", 0, jpeg(cv2.resize(scene(9), (240, 192))[:, ::-1]), "mirrored_larger.jpg", 12)
    known = image("Eval", 1, line=13)
    image("Eval", 1, known.read_bytes(), "copy_in_eval.png", 14)
    image("Eval", 1, scene(2000), "other.png", 15)
    image("Eval", 1, np.clip(scene(2000) * 0.9 + 20, 0, 255).astype(np.uint8), "brighter.png", 16)
    image("Eval", 2)
    lists["Eval"].append(lists["Eval"][0])
    lists["Eval"].append(lists["Train"][10])
    for name, lines in lists.items():
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "labels.txt").write_text("0 cat\n1 dog\n2 cow\n3 owl\n4 elk\n", encoding="utf-8")
    return folder
