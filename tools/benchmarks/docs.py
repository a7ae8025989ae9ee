"""Write docs/kernels.md and docs/loading.md from the benchmark's reports.

A page is a list of blocks of text, with a blank line between them.
"""

import json
import statistics
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from benchmarks.peers.floor import OF_OP
from benchmarks.soak import WARM
from paddle_aug.errors import UserError

BLEND = "Pillow's ImageEnhance"
IMGAUG = "imgaug 0.4.0"
TORCHVISION = "torchvision on Pillow's images"
IMAGEOPS = "Pillow's ImageOps"
NEAREST = "Pillow's transform, nearest pixel"
KERAS = "keras-preprocessing 1.1.2"
# The formula of each op and its source, which no benchmark can measure.
KERNELS = {
    "brightness": ("e·v, fraction dropped: one `addWeighted` with -½ + 2⁻¹³", BLEND),
    "contrast": ("m + e·(v - m), m the whole mean of the luma", BLEND),
    "color": ("L + e·(v - L), L the luma of ITU-R 601", BLEND),
    "sharpness": ("s + e·(v - s), s = 9/13 box 3×3 + 4/13 v; border kept", BLEND),
    "center_crop_resize": ("the middle 1/r of each side, stretched", "Pillow's resize"),
    "flip": ("each axis with probability ½", "Pillow"),
    "hflip": ("left to right", IMGAUG),
    "vflip": ("top to bottom", IMGAUG),
    "rotate": ("nearest pixel, Pillow's matrix in 1/65536", "Pillow's rotate"),
    "noise": (
        "v + σ·Φ⁻¹ of 512 strata that random bytes pick, saturating",
        "the notebook, without its wrap-around",
    ),
    "crop": ("each side cut by itself, stretched by `INTER_AREA`", IMGAUG),
    "affine": ("six matrices multiplied out, one `warpAffine` of the image continued", IMGAUG),
    "superpixels": (
        "SLIC at 128 px: nine centres a pixel in one matrix product a cell, three rounds",
        f"{IMGAUG}, Achanta et al. 2012",
    ),
    "gaussian_blur": ("window of 3.3 σ (2.9 from 3, 2.6 from 5), at least 5", IMGAUG),
    "average_blur": ("mean of k × k", IMGAUG),
    "median_blur": ("median of k × k, k odd; a sorting network from 7 × 7 to 11 × 11", IMGAUG),
    "sharpen": ("3×3: α(-1 … 8 + lightness … -1) + (1 - α)·v", IMGAUG),
    "emboss": ("3×3 along the diagonal, strength s, blended by α", IMGAUG),
    "edge_detect": ("4-neighbour Laplacian, blended by α", IMGAUG),
    "directed_edge_detect": ("v less neighbours weighed by (1 - angle/180°)⁴", IMGAUG),
    "additive_gaussian_noise": ("the same; one number for all channels, or three", IMGAUG),
    "dropout": ("16 random bits ≥ p·65536 keep the pixel", IMGAUG),
    "coarse_dropout": ("the same on a coarse grid, enlarged by nearest", IMGAUG),
    "invert": ("255 - v, in the channels that are drawn", IMGAUG),
    "add": ("v + a whole number, saturating", IMGAUG),
    "multiply": ("m·v, fraction dropped: a table of 256 levels", IMGAUG),
    "linear_contrast": ("127 + α·(v - 127), fraction dropped: a table", IMGAUG),
    "grayscale": ("(1 - α)·v + α·L, to the nearest level", IMGAUG),
    "elastic_transformation": (
        "pixels from up to α away, field uniform, blurred by σ; bicubic",
        f"{IMGAUG}, Simard et al. 2003",
    ),
    "piecewise_affine": (
        "jittered grid: bilinear by thin matrices, plus the twist of each cell's two triangles",
        IMGAUG,
    ),
    "resize": ("bilinear; when reducing, blurred to the width of Pillow's triangle", TORCHVISION),
    "center_crop": ("the middle, or the image in a black border", TORCHVISION),
    "random_crop": ("any place in the image and its padding", TORCHVISION),
    "random_resized_crop": ("a part of random area and ratio, resized", TORCHVISION),
    "random_rotation": ("as rotate, by any fraction of a degree", TORCHVISION),
    "hue": ("HSV in floats, h and s cut to 1/255 as Pillow's bytes, h shifted", TORCHVISION),
    "color_jitter": ("brightness, contrast, color and hue in random order", TORCHVISION),
    "keras_affine": ("rotation @ shift @ shear @ zoom, one `warpAffine`", KERAS),
    "channel_shift": ("v + s, kept within the image's own levels: a table", KERAS),
    "posterize": ("the upper bits of v", IMAGEOPS),
    "solarize": ("255 - v from a threshold on: an xor with the comparison", IMAGEOPS),
    "autocontrast": ("each channel stretched to 0 … 255: a table", IMAGEOPS),
    "equalize": ("each channel's distribution function: a table", IMAGEOPS),
    "shear_x": ("each row from elsewhere in a padded image, steps of 1/65536", NEAREST),
    "shear_y": ("shear_x of the transposed image", NEAREST),
    "translate_x": ("the rest of the image, and a black border", NEAREST),
    "translate_y": ("as translate_x", NEAREST),
    "cutout": ("a square about any pixel, cut off at the border", "DeVries & Taylor 2017"),
    "random_erasing": ("a rectangle of random area and ratio", "torchvision"),
    "gridmask": ("a grid of squares, turned by one `warpAffine`", "Chen et al. 2020"),
    "hide_and_seek": ("patches by chance, enlarged by nearest", "Singh & Lee 2017"),
    "autoaugment": ("one of 25 pairs of the ops above", TORCHVISION),
    "randaugment": ("two ops of 14, magnitude 9 of 30", TORCHVISION),
    "trivialaugment": ("one op of 14, any magnitude", TORCHVISION),
    "threeaugment": ("grey, solarized or blurred; then a jitter of 0.3", "DeiT III"),
    "augmix": ("a mean of the image and three chains of ops", TORCHVISION),
}


# Why another library is faster, by op and library; "" stands for all libraries.
FASTER = {
    ("rotate", ""): (
        "the intervals hold 1, and on the other stack no difference shows; at 224 px ours is about "
        "twice as fast on both"
    ),
    ("rotate", "paddle.vision cv2"): (
        "the bare `warpAffine` takes 9.1 of our kernel's 10.8 µs at 64 px and 4.3 of 6.1 at 32; "
        "what is left is Pillow's matrix, and a draw of 0.9 µs where Python's own takes 0.2. At "
        "224 px ours is ahead"
    ),
    ("random_rotation", ""): "as rotate",
    ("affine, constant border", "paddle.vision cv2"): (
        "the same `warpAffine`; our nine draws take 4.0 µs and the matrix 2.3. On the other stack "
        "ours is 1.4 times as fast at 32 px"
    ),
    ("crop", "paddle.vision cv2"): (
        "a slice and a resize, as ours: the bare call takes 67.8 of our kernel's 67.9 µs at 224 px "
        "and 4.0 of 4.2 at 32; our draws take 2.7 µs, its 1.3"
    ),
    ("random_resized_crop", "paddle.vision cv2"): (
        "the bare resize takes 66 of our kernel's 67 µs at 224 px and 3.5 of 4.6 at 32; our draws "
        "take 3.1 µs, its 2.0"
    ),
    ("center_crop_resize", "paddle.vision cv2"): (
        "the bare bicubic call takes 68 of our kernel's 71 µs at 224 px and 4.7 of 6.0 at 32; our "
        "draws take 1.8 µs, its 0.9; our nearest pixel is Pillow's, 10.8 µs at 32 px where "
        "OpenCV's takes 2.5"
    ),
    ("hflip", ""): (
        "the bare `flip` takes 6.2 of our kernel's 6.3 µs at 224 px and 0.9 of 1.0 at 32; the "
        "other draws nothing, and an op of ours that does nothing takes 0.6 µs to check the image"
    ),
    ("vflip", ""): "as hflip",
    ("resize", "paddle.vision cv2"): (
        "it reduces without a blur, and so aliases: at half the size 3.3 levels from Pillow's on "
        "average, ours 0.2. At 224 px the blur takes 59 of our 116 µs, its bare call 45"
    ),
    ("resize", "albumentations"): "as paddle.vision's cv2",
    ("resize", "paddle.vision pil"): (
        "the interval holds 1; ours takes 17 µs at 32 px in two calls, a blur and a resize, and is "
        "1.8 times as fast at 64 px and 3 times at 224"
    ),
    ("center_crop", "paddle.vision cv2"): (
        "it returns a view; ours is contiguous, as the results of all ops are, and the bare copy "
        "takes 3.2 of our 5.2 µs at 224 px. At 32 px it takes 0.8 of 2.9, the check of the image "
        "0.6. On NumPy 1.26, Pillow takes 281 µs to read a view of 149 px and 20 to read a copy"
    ),
    ("center_crop", "torchvision v2"): "as paddle.vision's cv2, a view; the interval holds 1",
    ("center_crop", "paddle.vision pil"): (
        "the interval holds 1; at 224 and 32 px ours is 1.6 and 1.2 times as fast, and on the "
        "other stack 1.2 times at 64"
    ),
    ("random_crop", "paddle.vision cv2"): (
        "the interval holds 1; at 224 and 32 px ours is 1.4 and 1.2 times as fast, and on the "
        "other stack 1.2 times at 64"
    ),
    ("noise", "torchvision v2"): (
        "the interval holds 1; ours makes a table of 256 quantiles and looks all pixels up in it, "
        "which is 1.2 times as fast at 64 px and 3.6 times at 224"
    ),
    ("hue", "paddle.vision cv2"): (
        "it turns OpenCV's HSV bytes, 0.39 levels from Pillow's on average where ours is 0.003; "
        "at 64 px bytes take 10 µs there and back, our floats 28"
    ),
    ("color_jitter", "albumentations"): "its hue turns OpenCV's HSV bytes, as hue",
    ("shear_x", ""): "as shear_y",
    ("shear_y", ""): (
        "a dozen calls of NumPy and OpenCV, 0.3 to 1.1 µs each, are 6.7 of our 11.5 µs at 32 px, "
        "transposing there and back 1.8, and the draw and the check of the image 1.3; at 224 px "
        "ours is ahead"
    ),
    ("cutout", "paddle.vision cv2"): (
        "a copy in which a square is set takes 1.1 µs at 32 px, in both; our draws take 1.9, its "
        "1.6 (`Generator.random` 0.35, `random.random` 0.07), and the check of the image 0.6"
    ),
    ("random_erasing", "paddle.vision cv2"): (
        "as cutout; at 32 px our draws take 2.9 of 5.4 µs, its 1.8 of 3.8"
    ),
    ("invert", ""): (
        "`bitwise_not` takes 6.4 of our 8.3 µs; the other has nothing to draw, and no channels to "
        "choose"
    ),
}

EXPENSIVE = {
    "median_blur, k 5": "OpenCV's own call, which is a sorting network too",
    "median_blur, k 7": (
        "OpenCV moves a histogram along, whatever the window. Ours is a sorting network of minima "
        "and maxima of whole images (Adams 2021): 298 for two columns at k 7, 454 at k 9, 834 at "
        "k 11. Networks for four columns (496, 888 and 1396 steps) take 0.95, 1.2 and 0.97 times "
        "as long"
    ),
    "median_blur, k 9": "as above",
    "median_blur, k 11": "as above",
    "superpixels": (
        "imgaug's, by scikit-image, takes ten rounds over all pixels in doubles. Ours takes three "
        "over a sample, and one over all: two rounds leave crumbs on noisy images, no connecting "
        "of pieces another look, and argmin in the place of the packed minimum costs more than all "
        "else. A tenth of it is OpenCV's `connectedComponents`"
    ),
    "elastic_transformation": (
        "the field is drawn 16 bits a number and not blurred at sigma 0.25, where that changes 2 % "
        "of the bytes; a margin spares OpenCV's slow way outside the image; what remains is its "
        "bicubic `remap` at a place of its own for each pixel, which takes no less by planes, with "
        "four bytes a pixel, or with maps in fixed point"
    ),
}


KERNEL_COMMANDS = ("modes", "parity", "ops")
LOADING_COMMANDS = ("loader", "train", "soak")
MADE = """\
`python tools/benchmark.py docs docs/benchmark --output docs` writes this page from the
figures in docs/benchmark; do not edit either."""
LOADING = """\
Images a second on the clock, over the epochs after the first: the median, with the least
and the largest in brackets. All loaders make Paddle tensors on a CPU: ours of bytes,
to be cast, scaled and reordered on the device, the others of float32 [N, 3, H, W]. The
jitter job decodes, resizes, crops at random, flips, and changes brightness, contrast and
saturation. [How the network is fed](feeding.md) says what happens on the way."""
MEMORY = "Memory: trainer and workers together, after the first and after the last of these epochs."
SOAK = """\
{machine}. {epochs:,} epochs, {images:,} images, trainer
and workers together. The growth in 24 hours is the slope of a straight line through the
means of 20 blocks of the time, without its first fifth, with its 95 % interval. PSS and
USS rise and fall because the kernel takes back pages that it can read from files again.
Memory that no file holds also rises and falls within an epoch: {first} in the
first half of the counted time, {second} in the second."""
COSTS = """\
Times are processor time of one thread, in milliseconds an image, uint8 RGB. Each library
runs in a process of its own, and they take turns. Ratios are theirs over ours, from one
run; by their 95 % intervals half of the ratios of ops are certain to {:.0f} %.
Milliseconds differ between machines and between hours."""
GROWING = {
    "anonymous_mb": "memory that no file holds, MB",
    "pss_mb": "memory, shared parts in proportion (PSS), MB",
    "uss_mb": "memory of its own (USS), MB",
    "shared_mb": "shared memory, MB",
    "files": "open files",
    "threads": "threads",
    "processes": "processes",
}


def pages(folder: Path) -> dict[str, str]:
    """The pages by name, from the reports in a folder."""
    return {
        "kernels.md": "\n\n".join(kernels_page(read_reports(folder, KERNEL_COMMANDS))) + "\n",
        "loading.md": "\n\n".join(loading_page(read_reports(folder, LOADING_COMMANDS))) + "\n",
    }


def read_reports(folder: Path, commands: tuple[str, ...]) -> dict[str, list[dict]]:
    """The reports of these commands; a command has several for several stacks or sizes.

    The name of a file begins with the command: ops.json, modes-numpy1.json.

    Raises:
        UserError: a command has no report.
    """
    reports = {}
    for command in commands:
        files = [file for file in folder.glob("*.json") if file.stem.split("-")[0] == command]
        if not files:
            raise UserError(
                f"{folder}: no {command}.json; write it with tools/benchmark.py {command}"
            )
        files.sort(key=lambda file: (len(file.stem), file.stem))
        reports[command] = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return reports


def table(header: str, rows: Iterable[str]) -> str:
    """A table in Markdown; the header and the rows are cells between " | "."""
    rule = " | ".join(["---"] * len(header.split(" | ")))
    return "\n".join(f"| {cells} |" for cells in (header, rule, *rows))


def loading_page(reports: dict[str, list[dict]]) -> list[str]:
    """docs/loading.md."""
    blocks = ["# From files to the network", MADE, LOADING]
    for report in reports["loader"]:
        title = "## {pictures}, {size} px, batches of {batch_size}".format(**report)
        blocks += [title, f"{report['machine']}.", loader_table(report["rows"]), MEMORY]
        if "parts" in report:
            parts = (f"{row['name']} | {row['ms']:.3f}" for row in report["parts"])
            blocks += ["Processor time of each part, one thread:", table("part | ms", parts)]
    for report in reports["train"]:
        blocks += [f"## Training, {report['pictures']}", f"{report['machine']}."]
        blocks += [train_table(report["rows"])]
    for report in reports["soak"]:
        blocks += [f"## Training for {report['minutes']:.0f} minutes", *soaked(report)]
    return blocks


def loader_table(rows: list[dict]) -> str:
    """A row for each loader."""

    def rate(median: float, spread: list[float]) -> str:
        return f"{median:,.0f} ({spread[0]:,.0f}–{spread[1]:,.0f})"

    return table(
        "job | ours | other | other's rate | ratio | memory, MB",
        (
            f"{row['name']} | {rate(row['images_per_s'], row['spread'])} | {row['against']} "
            f"| {rate(row['against_images_per_s'], row['against_spread'])} | {row['ratio']:.1f}× "
            f"| {row['memory_mb'][0]:.0f}–{row['memory_mb'][-1]:.0f}"
            for row in rows
        ),
    )


def train_table(rows: list[dict]) -> str:
    """A row for each run."""
    cells = (
        "{name} | {images_per_s:.0f} | {step_ms:.1f} | {epoch_s:.1f} | {data_wait:.1%} "
        "| {peak_memory_mb:.0f}"
    )
    return table(
        "recipe, mode | images/s | step, ms | epoch, s | waiting for data | memory, MB",
        (cells.format(**row) for row in rows),
    )


def soaked(report: dict) -> list[str]:
    """What was done, and a row for each thing that could grow."""
    seconds, memory = (np.array(report["series"][name]) for name in ("seconds", "anonymous_mb"))
    halves = np.array_split(memory[seconds >= WARM * seconds[-1]], 2)
    first, second = (f"{half.min()} to {half.max()} MB" for half in halves)
    cells = (
        "{} | {begin:,.1f} | {end:,.1f} | {most:,.1f} "
        "| {per_24_h:+,.1f} ({interval[0]:+,.1f} to {interval[1]:+,.1f})"
    )
    rows = (cells.format(GROWING[row["name"]], **row) for row in report["rows"])
    return [
        SOAK.format(**report, first=first, second=second),
        table("resource | first block | last block | maximum | in 24 hours", rows),
    ]


def kernels_page(reports: dict[str, list[dict]]) -> list[str]:
    """docs/kernels.md."""
    blocks = ["# Kernels", MADE, COSTS.format(100 * reach(reports["ops"]))]
    for report in reports["modes"]:
        blocks += [f"## Cost of a mode{on(report)}", made_on(report), modes_table(report)]
        blocks += ["Drawing and Python: the time for an image of 4 × 4 pixels."]
    for report in reports["parity"]:
        blocks += ["## Pixels", made_on(report), pixels_table(report)]
    for report in reports["ops"]:
        blocks += [f"## Cost of an op{on(report)}", made_on(report)]
        blocks += ["A bold ratio means that the other is faster by more than 5 %."]
        for size in sizes(report):
            blocks += [f"### At {size} × {size}", cost_table(report, size)]
    blocks += ["## Where another is faster", exceptions(reports["ops"])]
    blocks += ["## What stays expensive", *expensive(reports["ops"][0])]
    for report in reports["ops"]:
        blocks += [f"## Floor{on(report)}", made_on(report), floor_table(report)]
    return blocks


def sizes(report: dict) -> list[int]:
    """The sizes of the images, the largest first."""
    return sorted({row["size"] for row in report["rows"]}, reverse=True)


def bare_calls(report: dict, size: int) -> dict[str, float]:
    """Milliseconds of each bare call at this size."""
    return {row["name"]: row["ms"] for row in report["floor"] if row["size"] == size}


def reach(reports: list[dict]) -> float:
    """How far the 95 % interval of a ratio goes, up or down: its median over all rows."""
    intervals = [(row["ratio"], *row["interval"]) for report in reports for row in report["rows"]]
    return statistics.median(max(high / ratio, ratio / low) - 1 for ratio, low, high in intervals)


def on(report: dict) -> str:
    """Our side's stack, for a heading."""
    return ", NumPy {numpy} and OpenCV {opencv}".format(**report["versions"]["ours"])


def made_on(report: dict) -> str:
    """The processor, the pictures and the packages."""
    stacks = [
        f"{name}: {', '.join(f'{package} {version}' for package, version in versions.items())}"
        for name, versions in report["versions"].items()
    ]
    starts = f"; {report['starts']} starts of each process" if "starts" in report else ""
    return f"{report['machine']}; {report['pictures']}{starts}. {'; '.join(stacks)}."


def is_faster(row: dict) -> bool:
    """Whether the other library is, by more than two measurements differ."""
    return row["ratio"] < 0.95


def exceptions(reports: list[dict]) -> str:
    """A row for each op and library with a ratio in bold: how far, and why."""
    places = {}
    for report in reports:
        for row in filter(is_faster, report["rows"]):
            place = "{ratio:.2f}× ({interval[0]:.2f}–{interval[1]:.2f}) at {size} px".format(**row)
            places.setdefault((row["name"], row["against"]), []).append(place + on(report))
    return table(
        "op | faster | ratio, 95 % interval | why",
        (
            f"{name} | {against} | {'; '.join(where)} | {reason(name, against)}"
            for (name, against), where in places.items()
        ),
    )


def reason(name: str, against: str) -> str:
    """Why another library is faster at an op; "not explained" fails a test."""
    return FASTER.get((name, against)) or FASTER.get((name, ""), "not explained")


def expensive(report: dict) -> list[str]:
    """The ops that take most, at the largest size, beside the call that does their main work."""
    size = sizes(report)[0]
    took = {row["name"]: row["ours_ms"] for row in report["rows"] if row["size"] == size}
    bare = bare_calls(report, size)
    rows = (
        f"{name} | {took[name]:.2f} "
        f"| {' + '.join(f'{call} {bare[call]:.2f}' for call in OF_OP.get(name, ())) or '–'} "
        f"| {tried}"
        for name, tried in EXPENSIVE.items()
    )
    return [
        f"Milliseconds at {size} × {size}{on(report)}.",
        table("op | ours | the bare call | what was tried", rows),
    ]


def pixels_table(report: dict) -> str:
    """A row for each op: formula, source, and how near it is, given the same parameters."""
    rows = []
    for name, (formula, source) in KERNELS.items():
        for row in report["rows"]:
            if row["name"].partition(", ")[0] == name:
                note = f"; {row['note']}" if "note" in row else ""
                identical = percent(row["identical"]) if "identical" in row else "–"
                rows.append(
                    f"{row['name']} | {formula} | {source} | {row['against']}{note} "
                    f"| {identical} | {row.get('max', '–')} | {row['mean']:.3g}"
                )
    return table(
        "op | what it does | as in | compared with | identical | largest | mean difference", rows
    )


def percent(share: float) -> str:
    """A share with the digits that show that it is not all: 0.999999 is 99.9999 %."""
    if share == 1:
        return "100 %"
    digits = next(digits for digits in range(2, 9) if digits == 8 or round(share, digits + 2) < 1)
    return f"{share * 100:.{digits}f} %"


def cost_table(report: dict, size: int) -> str:
    """A row for each op: our time, its floor, and the others' times over ours."""
    rows = [row for row in report["rows"] if row["size"] == size]
    others = list(dict.fromkeys(row["against"] for row in rows))
    bare, ops = bare_calls(report, size), {}
    for row in rows:
        ratio = f"**{row['ratio']:.2f}×**" if is_faster(row) else f"{row['ratio']:.2f}×"
        ops.setdefault(row["name"], {"ours": f"{row['ours_ms']:.3f}"})[row["against"]] = ratio
    cells = []
    for name, ratios in ops.items():
        floor = f"{sum(bare[call] for call in OF_OP[name]):.3f}" if name in OF_OP else "–"
        cells.append([name, ratios["ours"], floor, *(ratios.get(each, "–") for each in others)])
    return table(f"op | ours, ms | floor, ms | {' | '.join(others)}", map(" | ".join, cells))


def modes_table(report: dict) -> str:
    """A row for each mode and size: means, tails, and the part that is not pixels."""
    cells = (
        "{name} | {size} | {ours_ms:.3f} | {against_ms:.2f} | {ratio:.1f}× "
        "| {interval[0]:.1f}–{interval[1]:.1f} | {ours_p99_ms:.2f}, {against_p99_ms:.1f} "
        "| {p99_ratio:.1f}× | {drawing:.0%} | {tiny:.0%}"
    )
    return table(
        "mode | px | ours, ms | notebook, ms | ratio | 95 % interval | p99 ours, notebook | ratio "
        "| drawing | drawing and Python",
        (
            cells.format(
                **row,
                drawing=row["drawing_ms"] / row["ours_ms"],
                tiny=row["tiny_ms"] / row["ours_ms"],
            )
            for row in report["rows"]
        ),
    )


def floor_table(report: dict) -> str:
    """The bare calls, in microseconds."""
    columns = {size: bare_calls(report, size) for size in sizes(report)}
    return table(
        f"call, µs | {' | '.join(f'{size} px' for size in columns)}",
        (
            " | ".join([name, *(f"{1000 * ms[name]:.1f}" for ms in columns.values())])
            for name in dict.fromkeys(row["name"] for row in report["floor"])
        ),
    )
