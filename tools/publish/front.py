"""The README's pictures: six photos under five modes, and a thumbnail of each tool's output.

    PYTHONPATH=.:tools python -m publish.front DATA docs/images

DATA has photos16, of Caltech-101 (Li, Andreeto, Ranzato, Perona; CC BY 4.0). Thumbnails show pages
in Debian's Chromium, which Playwright drives. Two minutes, most of them for a network to look at.
"""

import argparse
import io
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from paddle_aug.augment.modes import augmentation
from paddle_aug.data.image import read_image
from paddle_aug.rng import generator
from paddle_aug.studio import state
from paddle_aug.studio.server import start
from paddle_aug.system.files import write_bytes

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "logs" / "reference"
CHROMIUM = "/usr/bin/chromium"

PHOTOS = (
    "butterfly/003_0024.jpg",
    "ketch/012_0067.jpg",
    "starfish/015_0057.jpg",
    "llama/014_0006.jpg",
    "hawksbill/008_0026.jpg",
    "elephant/006_0025.jpg",
)
MODES = ("userDef", "imgaugLib", "allab", "allba", "trivialaugment")
EPOCH = 6  # as training with seed 0 would draw them, were the photos the first six of its list
CELL, GAP, HEAD = 224, 8, 46  # pixels; shown in a README 800 pixels wide, a photo has 129
BACKGROUND, INK = "#24292f", "white"
FONT = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")

THUMBNAIL = (720, 360)  # twice the width of a column of the README
OF_FIGURE = (0, 0, 1024, 512)  # the pixels of a figure that its thumbnail shows
MAX_THUMBNAIL = 30_000  # bytes
# Pages load a picture when it comes into view: load all now, and wait for them.
DECODE = """Promise.all(Array.from(document.images, it => {
  it.loading = "eager"
  return it.decode()
}))"""


@dataclass(frozen=True)
class Shot:
    """A part of a page: `width` × `width` / 2 pixels of its style sheet.

    They begin `above` the top of the first element of that selector.
    """

    address: str
    width: int = THUMBNAIL[0]
    element: str = "body"
    above: int = 0


def grid(photos: list[np.ndarray]) -> Image.Image:
    """A photo a row: the original, then a draw of each mode."""
    columns = ("original", *MODES)
    step = CELL + GAP
    size = (step * len(columns) - GAP, HEAD + step * len(photos) - GAP)
    picture = Image.new("RGB", size, BACKGROUND)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.truetype(str(FONT), 26)
    for column, mode in enumerate(columns):
        middle = column * step + CELL // 2
        draw.text((middle, HEAD // 2), mode, INK, font, anchor="mm")
        aug = augmentation("none" if mode == "original" else mode)
        for row, photo in enumerate(photos):
            image = state.thumbnail(photo, CELL)
            drawn = aug(image, generator(0, "augment", EPOCH, row))
            picture.paste(Image.fromarray(drawn), (column * step, HEAD + row * step))
    return picture


def jpeg(picture: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, optimize=True, progressive=True)
    return buffer.getvalue()


def thumbnail(picture: Image.Image) -> bytes:
    """A JPEG of the best quality that is small enough."""
    small = picture.convert("RGB").resize(THUMBNAIL, Image.Resampling.LANCZOS)
    files = (jpeg(small, quality) for quality in range(90, 0, -5))
    return next(file for file in files if len(file) <= MAX_THUMBNAIL)


def run_tool(name: str, *words: str | Path, room: Path) -> None:
    """Run a tool in a folder, into which it writes."""
    command = [sys.executable, str(ROOT / "tools" / f"{name}.py"), *map(str, words), "--quiet"]
    subprocess.run(command, cwd=room, check=True, stdout=subprocess.DEVNULL)


def make_outputs(photos16: Path, room: Path) -> None:
    """What the tools write of these photos, into a folder."""
    of_photo = ("--data", photos16, "--file", PHOTOS[3])
    run_tool(
        "preview",
        "userDef,imgaugLib,trivialaugment",
        *of_photo,
        "--html",
        "preview.html",
        room=room,
    )
    run_tool("check", photos16, "--html", "check.html", room=room)
    run_tool("train", "--data", photos16, "--recipe", "probe", "--epochs", "5", room=room)
    (weights,) = (room / "models").glob("*_last.pdparams")
    run_tool("evaluate", weights, "--heatmap", "--out", "evaluated", room=room)


def thumbnails(photos16: Path, room: Path) -> dict[str, Shot | Path]:
    """What they show, by their names: a page or a figure."""
    listed = (photos16 / "Train.txt").read_text(encoding="utf-8").split("\n")
    number = next(index for index, line in enumerate(listed) if line.startswith(PHOTOS[1]))
    compared, searched = (
        REFERENCE / f"{name}-photos16" / "report.html" for name in ("compare", "search")
    )
    explored = urlencode({"x.spec": "hflip|rotate(20)|brightness(0.5)", "x.photo": number})
    return {
        "compare": Shot(compared.as_uri(), element="#accuracy"),
        "search": Shot(searched.as_uri(), 800, "#tried ~ figure", above=44),
        "preview": Shot((room / "preview.html").as_uri(), element="table", above=50),
        "studio": Shot(f"{start(photos16, 'probe')}#{explored}", 960),
        "check": Shot((room / "check.html").as_uri(), element="#notes"),
        "evaluate": Shot((room / "evaluated" / "evaluation.html").as_uri(), element="#worst"),
        "invariance": REFERENCE / "invariance-photos16" / "invariance.png",
        "plot": REFERENCE / "compare-photos16" / "accuracy_all.png",
    }


def take(shots: dict[str, Shot | Path]) -> dict[str, bytes]:
    """The thumbnails by their names."""
    from playwright.sync_api import sync_playwright

    taken = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, shot in shots.items():
            if isinstance(shot, Path):
                picture = Image.open(shot).crop(OF_FIGURE)
            else:
                page = browser.new_page(viewport={"width": shot.width, "height": shot.width // 2})
                page.goto(shot.address)
                page.wait_for_selector("body:not([data-busy=yes])", state="attached")
                page.evaluate(DECODE)
                page.locator(shot.element).first.evaluate(
                    f"it => scrollTo(0, it.getBoundingClientRect().top + scrollY - {shot.above})"
                )
                picture = Image.open(io.BytesIO(page.screenshot()))
                page.close()
            taken[name] = thumbnail(picture)
        browser.close()
    return taken


def main(data: Path, output: Path) -> None:
    photos16 = data / "photos16"
    photos = [read_image(photos16 / "Images" / name) for name in PHOTOS]
    write_bytes(output / "front.jpg", jpeg(grid(photos), quality=80))
    with tempfile.TemporaryDirectory() as folder:
        make_outputs(photos16.absolute(), Path(folder))
        for name, file in take(thumbnails(photos16, Path(folder))).items():
            write_bytes(output / f"{name}.jpg", file)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    main(**vars(parser.parse_args()))
