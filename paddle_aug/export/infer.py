"""Predict the classes of images with the exported model in this folder: python infer.py IMAGE...

Needs Paddle, NumPy and Pillow, and prints what paddle_aug's predict prints: path, class and
probability. Each image goes through the steps under "preparation" in description.json. Its resize
is that of training; another kind of resize costs accuracy.
"""

import json
import os
import sys
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

# Of Paddle, as it is imported; it builds nothing here.
warnings.filterwarnings("ignore", "No ccache found", UserWarning)

from paddle import inference  # noqa: E402

FOLDER = Path(__file__).resolve().parent


def decode(path: str) -> np.ndarray:
    """The image, uint8 [height, width, 3], RGB: upright, 8 bits, transparency over white."""
    with Image.open(path) as file:
        file.load()
        kind = file.format
        try:
            image = ImageOps.exif_transpose(file)
        except Exception:  # EXIF is damaged, not the picture
            image = file.copy()
    if image.mode.startswith("I;16") or (image.mode == "I" and kind in ("PNG", "PPM")):
        return np.stack([(np.asarray(image, np.int64) + 128) // 257] * 3, axis=2).astype(np.uint8)
    if image.mode in ("I", "F"):
        raise ValueError("pixels of 32 bits have no agreed white; save the image with 8 or 16 bits")
    if "transparency" in image.info or image.mode in ("LA", "PA", "RGBA"):
        colours = image.convert("RGBA")
        image = Image.new("RGBA", image.size, "white")
        image.alpha_composite(colours)
    return np.asarray(image.convert("RGB"))


def stretch(image: np.ndarray, size: int, interpolation: str) -> np.ndarray:
    """The image at the size of the network's input: "linear" gives the bytes of OpenCV's
    INTER_LINEAR; "area", which averages when it shrinks, its INTER_AREA to a grey level."""
    if interpolation == "area":
        image = averaged(image, min(image.shape[0], size), min(image.shape[1], size))
    (above, above_share), (below, below_share) = neighbours(image.shape[0], size)
    (left, left_share), (right, right_share) = neighbours(image.shape[1], size)

    def part(rows, share):
        pixels = image[rows].astype(np.int64)
        blend = pixels[:, left] * left_share[:, None] + pixels[:, right] * right_share[:, None]
        return ((blend >> 4) * share[:, None, None]) >> 16

    return ((part(above, above_share) + part(below, below_share) + 2) >> 2).astype(np.uint8)


def neighbours(length: int, size: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The old pixels before and after the middle of each of `size` new ones, both with their shares
    in 2048ths, as OpenCV counts."""
    middle = ((np.arange(size) + 0.5) * (length / size) - 0.5).astype(np.float32)
    first = np.floor(middle).astype(int)
    share = middle - first.astype(np.float32)  # of the pixel after the middle
    return [
        (place.clip(0, length - 1), np.rint(2048 * weight).astype(np.int64))
        for place, weight in ((first, 1 - share), (first + 1, share))
    ]


def averaged(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """The mean over the area that each new pixel covers."""
    down, across = overlaps(image.shape[0], height), overlaps(image.shape[1], width)
    rows = np.tensordot(down, image.astype(np.float32), axes=1)
    means = np.tensordot(across, rows, axes=(1, 1)).transpose(1, 0, 2)
    return np.floor(means + 0.5).astype(np.uint8)


def overlaps(length: int, size: int) -> np.ndarray:
    """[size, length]: the share of each old pixel in each new one."""
    edges, old = np.arange(size + 1)[:, None] * (length / size), np.arange(length)
    common = np.minimum(edges[1:], old + 1) - np.maximum(edges[:-1], old)
    return (common.clip(0) * (size / length)).astype(np.float32)


def fit(image: np.ndarray, size: int, ops: list) -> np.ndarray:
    """An image of another size after torchvision's `resize` and `center_crop`.

    Each op has a number, which is the shorter side or that of a square, or [height, width].
    """
    if image.shape[:2] != (size, size):
        for name, wanted in ops:
            image = STEPS[name](image, wanted)
    if image.shape[:2] != (size, size):
        raise ValueError(f"{image.shape[0]} x {image.shape[1]} pixels, want {size} x {size}")
    return image


def resize(image: np.ndarray, wanted: int | list[int]) -> np.ndarray:
    height, width = image.shape[:2]
    if isinstance(wanted, int):
        longer = int(wanted * max(height, width) / min(height, width))
        wanted = [wanted, longer] if height < width else [longer, wanted]
    return np.asarray(Image.fromarray(image).resize(wanted[::-1], Image.Resampling.BILINEAR))


def center_crop(image: np.ndarray, wanted: int | list[int]) -> np.ndarray:
    height, width = (wanted, wanted) if isinstance(wanted, int) else wanted
    gaps = image.shape[0] - height, image.shape[1] - width
    top, left = (max(round(gap / 2), int(gap / 2)) for gap in gaps)  # as torchvision rounds
    return np.asarray(Image.fromarray(image).crop((left, top, left + width, top + height)))


def normalize(
    image: np.ndarray, mean: list[float], std: list[float], per_image: bool
) -> np.ndarray:
    """Float32 [3, height, width]; `per_image` uses the image's own mean and deviation too."""
    levels = image.astype(np.float32) / 255
    own_mean, own_std = (levels.mean(), levels.std()) if per_image else (0, 0)
    normalized = (levels - own_mean - np.float32(mean)) / (own_std + np.float32(std))
    return np.ascontiguousarray(normalized.transpose(2, 0, 1))


STEPS = {step.__name__: step for step in (decode, stretch, fit, resize, center_crop, normalize)}


def prepare(path: str, description: dict) -> np.ndarray:
    """The network's input for one image."""
    result = path
    for step in description["preparation"]:
        arguments = {name: value for name, value in step.items() if name not in ("step", "how")}
        result = STEPS[step["step"]](result, **arguments)
    return result


def open_model() -> inference.Predictor:
    """The model in this folder, on the CPU; `config.enable_use_gpu(256, 0)` takes a GPU."""
    programs = FOLDER / "inference.json", FOLDER / "inference.pdmodel"  # of Paddle 3 and 2
    program = next(file for file in programs if file.exists())
    config = inference.Config(str(program), str(FOLDER / "inference.pdiparams"))
    config.disable_glog_info()
    return inference.create_predictor(config)


def probabilities(
    predictor: inference.Predictor, images: np.ndarray, description: dict
) -> np.ndarray:
    """The probability of each class for a batch of prepared images, [N, classes]."""
    predictor.get_input_handle(predictor.get_input_names()[0]).copy_from_cpu(images)
    predictor.run()
    outputs = predictor.get_output_handle(predictor.get_output_names()[0]).copy_to_cpu()
    if "probabilities" in description["output"]:
        return outputs
    powers = np.exp(outputs.astype(np.float64) - outputs.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def main() -> int:
    if not sys.argv[1:]:
        sys.exit(__doc__)
    description = json.loads((FOLDER / "description.json").read_text(encoding="utf-8"))
    predictor = open_model()
    sys.stdout.reconfigure(errors="backslashreplace")
    faults = 0
    for path in sys.argv[1:]:
        try:
            image = prepare(path, description)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            print(f"{path}: {error}", file=sys.stderr)
            faults = 1
            continue
        (row,) = probabilities(predictor, image[None], description)
        print(f"{path}\t{description['class_names'][row.argmax()]}\t{row.max():.4f}")
    return faults


if __name__ == "__main__":
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # as in `python infer.py … | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    sys.exit(code)
