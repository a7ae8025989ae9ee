"""The pages made of what the benchmark wrote: docs/kernels.md and docs/loading.md."""

import json
import statistics
from collections.abc import Iterable, Sequence
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
# Of each op its formula and its source, which cannot be measured.
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
    "median_blur": ("median of k × k, k odd; a sorting network for 7 × 7 and 9 × 9", IMGAUG),
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


# Why another is faster, by op and library; "" is all of them.
FASTER = {
    ("rotate", ""): (
        "Pillow's loop takes as long as OpenCV's `warpAffine`, our floor; and its picture is "
        "Pillow's before and after, where we begin and end with an array"
    ),
    ("affine, constant border", "paddle.vision cv2"): (
        "the same `warpAffine`; ours also draws a scale for each axis, 10 µs with the matrix. On "
        "the other stack no difference shows"
    ),
    ("crop", "paddle.vision cv2"): (
        "a slice and a bilinear resize, as ours; on the other stack no difference shows"
    ),
    ("center_crop_resize", "paddle.vision cv2"): (
        "the same bicubic and bilinear calls; its nearest pixel is OpenCV's, ours Pillow's. The "
        "interval holds 1"
    ),
    ("hflip", "paddle.vision cv2"): "the same call of 9 µs; the interval holds 1",
    ("resize", "paddle.vision cv2"): (
        "it reduces without a blur, and so aliases: at half the size 3.3 levels from Pillow's on "
        "average, ours 0.2"
    ),
    ("resize", "albumentations"): "as paddle.vision's cv2",
    ("center_crop", "paddle.vision cv2"): "4 µs: it returns a view, ours is a copy of 4 µs more",
    ("random_rotation", "paddle.vision cv2"): (
        "the same `warpAffine`; on the other stack ours is ahead, and the interval holds 1"
    ),
    ("color_jitter", "albumentations"): (
        "its hue turns OpenCV's HSV bytes, 0.39 levels from Pillow's on average where ours is 0.003"
    ),
    ("shear_x", ""): (
        "at 32 px a dozen calls of NumPy, a µs each, are more than the moving of pixels; at 224 px "
        "ours is ahead"
    ),
    ("shear_y", ""): "as shear_x",
    ("cutout", "paddle.vision cv2"): (
        "µs: a copy in which a rectangle is set, as ours; the draws are Python's own, where ours "
        "come of NumPy's generator. At 224 px the interval holds 1"
    ),
    ("random_erasing", "paddle.vision cv2"): ("as cutout; a few µs"),
    ("invert", ""): "a few µs: it has nothing to draw, and no channels to choose",
}

EXPENSIVE = {
    "median_blur, k 5": "OpenCV's own call, which is a sorting network too",
    "median_blur, k 7": (
        "OpenCV moves a histogram along, whatever the window. Ours is a sorting network of minima "
        "and maxima of whole images (Adams 2021): 298 for two columns at k 7, 454 at k 9"
    ),
    "median_blur, k 9": "as above",
    "median_blur, k 11": (
        "OpenCV's own call; the figures are of a network of 1194 steps for four columns"
    ),
    "superpixels": (
        "imgaug's, by scikit-image, takes ten rounds over all pixels in doubles. Ours takes three "
        "over a sample, and one over all: two rounds leave crumbs on noisy images, no connecting "
        "of pieces another look, and argmin in the place of the packed minimum costs more than all "
        "else. A tenth of it is OpenCV's `connectedComponents`"
    ),
    "elastic_transformation": (
        "the field is drawn 16 bits a number and not blurred at sigma 0.25, where that changes 2 % "
        "of the bytes; a margin spares OpenCV's slow way outside the image; what remains is its "
        "bicubic `remap` at a place of its own for each pixel"
    ),
}


KERNEL_COMMANDS = ("modes", "parity", "ops")
LOADING_COMMANDS = ("loader", "train", "soak")


def read_reports(folder: Path, commands: tuple[str, ...]) -> dict[str, list[dict]]:
    """What these commands wrote: several reports of one where there are several stacks or sizes.

    Files are named by the command, and may go on: ops.json, modes-numpy1.json.

    Raises:
        UserError: a command has none.
    """
    reports = {}
    for command in commands:
        named = [file for file in folder.glob("*.json") if file.stem.split("-")[0] == command]
        found = sorted(named, key=lambda file: (len(file.stem), file.stem))
        if not found:
            raise UserError(
                f"{folder}: no {command}.json; write it with tools/benchmark.py {command}"
            )
        reports[command] = [json.loads(file.read_text(encoding="utf-8")) for file in found]
    return reports


def pages(folder: Path) -> dict[str, str]:
    """The pages by name, of the reports in a folder."""
    return {
        "kernels.md": kernels_page(read_reports(folder, KERNEL_COMMANDS)),
        "loading.md": loading_page(read_reports(folder, LOADING_COMMANDS)),
    }


MADE = [
    "`python tools/benchmark.py docs docs/benchmark --output docs` writes this page from the",
    "figures in docs/benchmark; do not edit either.",
]


def loading_page(reports: dict[str, list[dict]]) -> str:
    """docs/loading.md."""
    lines = [
        "# From files to the network",
        "",
        *MADE,
        "",
        "Images a second on the clock, over the epochs after the first: the median, with the least",
        "and the largest in brackets. All loaders make Paddle tensors on a CPU: ours of bytes,",
        "to be cast, scaled and reordered on the device, the others of float32 [N, 3, H, W]. The",
        "jitter job decodes, resizes, crops at random, flips, and changes brightness, contrast and",
        "saturation.",
    ]
    for report in reports["loader"]:
        lines += ["", f"## {report['pictures']}, {report['size']} px, batches of "]
        lines[-1] += f"{report['batch_size']}"
        lines += ["", f"{report['machine']}.", "", *loader_table(report["rows"])]
        if "parts" in report:
            lines += ["", "Processor time of each part, one thread:", ""]
            lines += parts_table(report["parts"])
    for report in reports["train"]:
        lines += ["", f"## Training, {report['pictures']}", "", f"{report['machine']}.", ""]
        lines += train_table(report["rows"])
    for report in reports["soak"]:
        lines += ["", f"## Training for {report['minutes']:.0f} minutes", ""]
        lines += soak_table(report)
    return "\n".join(lines) + "\n"


def table(header: str, rows: Iterable[Sequence]) -> list[str]:
    """A table in Markdown; `header` is its first line."""
    rule = "|" + " --- |" * (header.count("|") - 1)
    return [header, rule, *(f"| {' | '.join(map(str, row))} |" for row in rows)]


def loader_table(rows: list[dict]) -> list[str]:
    """A row a loader."""
    cells = [
        (
            row["name"],
            rate(row["images_per_s"], row["spread"]),
            row["against"],
            rate(row["against_images_per_s"], row["against_spread"]),
            f"{row['ratio']:.1f}×",
            f"{row['memory_mb'][0]:.0f}–{row['memory_mb'][-1]:.0f}",
        )
        for row in rows
    ]
    return [
        *table("| job | ours | other | other's rate | ratio | memory, MB |", cells),
        "",
        "Memory: trainer and workers together, after the first and after the last of these epochs.",
    ]


def rate(median: float, spread: list[float]) -> str:
    low, high = spread
    return f"{median:,.0f} ({low:,.0f}–{high:,.0f})"


def parts_table(rows: list[dict]) -> list[str]:
    return table("| part | ms |", ((row["name"], f"{row['ms']:.3f}") for row in rows))


def train_table(rows: list[dict]) -> list[str]:
    """A row a run."""
    cells = [
        (
            row["name"], f"{row['images_per_s']:.0f}", f"{row['step_ms']:.1f}",
            f"{row['epoch_s']:.1f}", f"{row['data_wait']:.1%}", f"{row['peak_memory_mb']:.0f}",
        )
        for row in rows
    ]  # fmt: skip
    header = "| recipe, mode | images/s | step, ms | epoch, s | waiting for data | memory, MB |"
    return table(header, cells)


GROWING = {
    "anonymous_mb": "memory that no file holds, MB",
    "pss_mb": "memory, shared parts in proportion (PSS), MB",
    "uss_mb": "memory of its own (USS), MB",
    "shared_mb": "shared memory, MB",
    "files": "open files",
    "threads": "threads",
    "processes": "processes",
}


def soak_table(report: dict) -> list[str]:
    """A row for each thing that could grow."""
    seconds, memory = (np.array(report["series"][name]) for name in ("seconds", "anonymous_mb"))
    counted = memory[seconds >= WARM * seconds[-1]]
    first, second = (f"{half.min()} to {half.max()} MB" for half in np.array_split(counted, 2))
    lines = [
        f"{report['machine']}. {report['epochs']:,} epochs, {report['images']:,} images, trainer",
        "and workers together. The growth in 24 hours is the slope of a straight line through the",
        "means of 20 blocks of the time, without its first fifth, with its 95 % interval. PSS and",
        "USS rise and fall because the kernel takes back pages that it can read from files again.",
        f"Memory that no file holds also rises and falls within an epoch: {first} in the",
        f"first half of the counted time, {second} in the second.",
        "",
        "| | first block | last block | maximum | in 24 hours |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in report["rows"]:
        low, high = row["interval"]
        lines.append(
            f"| {GROWING[row['name']]} | {row['begin']:,.1f} | {row['end']:,.1f} "
            f"| {row['most']:,.1f} | {row['per_24_h']:+,.1f} ({low:+,.1f} to {high:+,.1f}) |"
        )
    return lines


def kernels_page(reports: dict[str, list[dict]]) -> str:
    """docs/kernels.md."""
    certain = f"{100 * reach(reports['ops']):.0f} %"
    lines = [
        "# Kernels",
        "",
        *MADE,
        "",
        "Times are processor time of one thread, in milliseconds an image, uint8 RGB. Each library",
        "runs in a process of its own, and they take turns. Ratios are theirs over ours, from one",
        f"run; by their 95 % intervals half of the ratios of ops are certain to {certain}.",
        "Milliseconds differ between machines and between hours.",
    ]
    for report in reports["modes"]:
        lines += ["", f"## Cost of a mode{on(report)}", "", *made_on(report), ""]
        lines += modes_table(report)
    for report in reports["parity"]:
        lines += ["", "## Pixels", "", *made_on(report), "", *pixels_table(report)]
    for report in reports["ops"]:
        lines += ["", f"## Cost of an op{on(report)}", "", *made_on(report)]
        lines += [
            "",
            "A bold ratio means that the other is faster by more than 5 %.",
        ]
        for size in sorted({row["size"] for row in report["rows"]}, reverse=True):
            lines += ["", f"### At {size} × {size}", "", *cost_table(report, size)]
    lines += ["", "## Where another is faster", "", *exceptions(reports["ops"])]
    lines += ["", "## What stays expensive", "", *expensive(reports["ops"][0])]
    for report in reports["ops"]:
        lines += ["", f"## Floor{on(report)}", "", *made_on(report), "", *floor_table(report)]
    return "\n".join(lines) + "\n"


def reach(reports: list[dict]) -> float:
    """How far the 95 % interval of a ratio goes, up or down: its median over all rows."""
    intervals = [(row["ratio"], *row["interval"]) for report in reports for row in report["rows"]]
    return statistics.median(max(high / ratio, ratio / low) - 1 for ratio, low, high in intervals)


def on(report: dict) -> str:
    """Our side's stack, for a heading."""
    ours = report["versions"]["ours"]
    return f", NumPy {ours['numpy']} and OpenCV {ours['opencv']}"


def exceptions(reports: list[dict]) -> list[str]:
    """A row for each op and library with a ratio in bold: how far, and why."""
    places = {}
    for report in reports:
        for row in report["rows"]:
            if is_faster(row):
                where = places.setdefault((row["name"], row["against"]), [])
                low, high = row["interval"]
                where.append(
                    f"{row['ratio']:.2f}× ({low:.2f}–{high:.2f}) at {row['size']} px{on(report)}"
                )
    return table(
        "| op | faster | ratio, 95 % interval | why |",
        (
            (name, against, "; ".join(where), reason(name, against))
            for (name, against), where in places.items()
        ),
    )


def reason(name: str, against: str) -> str:
    """Why another is faster at an op; "not explained" fails a test."""
    for (op, peer), why in FASTER.items():
        if op in (name, "") and peer in (against, ""):
            return why
    return "not explained"


def expensive(report: dict) -> list[str]:
    """The ops that take most, at the largest size, beside the call that does their main work."""
    size = max(row["size"] for row in report["rows"])
    took = {row["name"]: row["ours_ms"] for row in report["rows"] if row["size"] == size}
    bare = {row["name"]: row["ms"] for row in report["floor"] if row["size"] == size}
    cells = []
    for name, tried in EXPENSIVE.items():
        floor = "–"
        if name in OF_OP:
            floor = " + ".join(f"{call} {bare[call]:.2f}" for call in OF_OP[name])
        cells.append((name, f"{took[name]:.2f}", floor, tried))
    return [
        f"Milliseconds at {size} × {size}{on(report)}.",
        "",
        *table("| op | ours | the bare call | what was tried |", cells),
    ]


def made_on(report: dict) -> list[str]:
    """On which processor, with what, of which pictures."""
    stacks = [
        f"{name}: {', '.join(f'{package} {version}' for package, version in versions.items())}"
        for name, versions in report["versions"].items()
    ]
    starts = f"; {report['starts']} starts of each process" if "starts" in report else ""
    return [f"{report['machine']}; {report['pictures']}{starts}. {'; '.join(stacks)}."]


def pixels_table(report: dict) -> list[str]:
    """A row an op: formula, source, and how near it is, given the same parameters."""
    measured = {}
    for row in report["rows"]:
        name, _, how = row["name"].partition(", ")
        measured.setdefault(name, []).append((how, row))
    rows = []
    for name, (formula, source) in KERNELS.items():
        for how, row in measured.get(name, []):
            note = f"; {row['note']}" if "note" in row else ""
            identical = percent(row["identical"]) if "identical" in row else "–"
            rows.append(
                (
                    f"{name}{how and ', ' + how}", formula, source, f"{row['against']}{note}",
                    identical, row.get("max", "–"), f"{row['mean']:.3g}",
                )
            )  # fmt: skip
    return table(
        "| op | what it does | as in | compared with | identical | largest | mean difference |",
        rows,
    )


def percent(share: float) -> str:
    """100 % only where it is all: 0.999999 is 99.9999 %."""
    if share == 1:
        return "100 %"
    digits = next(digits for digits in range(2, 9) if digits == 8 or round(share, digits + 2) < 1)
    return f"{share * 100:.{digits}f} %"


def cost_table(report: dict, size: int) -> list[str]:
    """A row an op: our time, its floor, and the others' times over ours."""
    rows = [row for row in report["rows"] if row["size"] == size]
    others = list(dict.fromkeys(row["against"] for row in rows))
    bare = {row["name"]: row["ms"] for row in report["floor"] if row["size"] == size}
    cells = []
    for name in dict.fromkeys(row["name"] for row in rows):
        same = {row["against"]: row for row in rows if row["name"] == name}
        ours = next(iter(same.values()))["ours_ms"]
        floor = f"{sum(bare[call] for call in OF_OP[name]):.3f}" if name in OF_OP else "–"
        ratios = [ratio(same[each]) if each in same else "–" for each in others]
        cells.append((name, f"{ours:.3f}", floor, *ratios))
    return table(f"| op | ours, ms | floor, ms | {' | '.join(others)} |", cells)


def ratio(row: dict) -> str:
    """Theirs over ours, marked where they are faster."""
    return f"**{row['ratio']:.2f}×**" if is_faster(row) else f"{row['ratio']:.2f}×"


def is_faster(row: dict) -> bool:
    """Whether the other is, by more than two measurements differ."""
    return row["ratio"] < 0.95


def modes_table(report: dict) -> list[str]:
    """A row a mode and size: means, tails, and the part that is not pixels."""
    lines = [
        "| mode | px | ours, ms | notebook, ms | ratio | 95 % interval | p99 ours, notebook "
        "| ratio | drawing | drawing and Python |",
        "| --- |" + " --- |" * 9,
    ]
    for row in report["rows"]:
        low, high = row["interval"]
        lines.append(
            f"| {row['name']} | {row['size']} | {row['ours_ms']:.3f} | {row['against_ms']:.2f} "
            f"| {row['ratio']:.1f}× | {low:.1f}–{high:.1f} "
            f"| {row['ours_p99_ms']:.2f}, {row['against_p99_ms']:.1f} | {row['p99_ratio']:.1f}× "
            f"| {row['drawing_ms'] / row['ours_ms']:.0%} | {row['tiny_ms'] / row['ours_ms']:.0%} |"
        )
    lines += ["", "Drawing and Python: the time for an image of 4 × 4 pixels."]
    return lines


def floor_table(report: dict) -> list[str]:
    """The bare calls, in microseconds."""
    sizes = sorted({row["size"] for row in report["floor"]}, reverse=True)
    took = {(row["name"], row["size"]): 1000 * row["ms"] for row in report["floor"]}
    names = dict.fromkeys(row["name"] for row in report["floor"])
    return table(
        f"| call, µs | {' | '.join(f'{size} px' for size in sizes)} |",
        ((name, *(f"{took[name, size]:.1f}" for size in sizes)) for name in names),
    )
