"""The gallery of all augmentations, docs/augmentations.md and its Chinese form, with pictures.

    PYTHONPATH=tools:. python -m publish.gallery photos16/Images

`photos16/Images` has a folder for each of 16 classes of Caltech-101. Without it, the pages alone
are written, from the registry; then a new op lacks its picture.
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from paddle_aug import augmentation
from paddle_aug.augment.modes import AUGMENTATIONS, MIXES, NOTEBOOK_MODES, OPS, SEQUEL_MIXES
from paddle_aug.augment.spec import COMBINATORS, arguments
from paddle_aug.data.image import read_image
from paddle_aug.preview.listing import about
from paddle_aug.preview.strengths import SIDE, high_draw, strengths
from paddle_aug.rng import generator
from paddle_aug.studio.state import thumbnail

ROOT = Path(__file__).parent.parent.parent
PAGES = {"en": ROOT / "docs" / "augmentations.md", "zh": ROOT / "docs" / "zh" / "augmentations.md"}
PICTURES = ROOT / "docs" / "images" / "augmentations"
GLOSSES = ROOT / "paddle_aug" / "studio" / "page" / "glosses.js"
GAP, GREY = 4, 136  # between pictures, and around smaller ones; reads in the light and in the dark
QUALITY = 88  # of JPEG

# The first is drawn at five strengths; all five are drawn once by ops that have none.
PHOTOS = (
    "llama/014_0006.jpg", "elephant/006_0001.jpg", "ibis/010_0005.jpg", "hawksbill/008_0004.jpg",
    "ketch/012_0001.jpg",
)  # fmt: skip

GROUPS = {
    ("Colour and light", "颜色与明暗"): (
        "brightness", "contrast", "color", "hue", "color_jitter", "grayscale", "add", "multiply",
        "linear_contrast", "channel_shift", "invert", "posterize", "solarize", "autocontrast",
        "equalize",
    ),
    ("Turning, moving and bending", "旋转、平移与形变"): (
        "flip", "hflip", "vflip", "rotate", "random_rotation", "affine", "keras_affine", "shear_x",
        "shear_y", "translate_x", "translate_y", "elastic_transformation", "piecewise_affine",
    ),
    ("Crops and sizes", "裁剪与尺寸"): (
        "center_crop_resize", "crop", "random_resized_crop", "random_crop", "center_crop", "resize",
    ),
    ("Blur, edges and noise", "模糊、边缘与噪声"): (
        "sharpness", "sharpen", "gaussian_blur", "average_blur", "median_blur", "emboss",
        "edge_detect", "directed_edge_detect", "superpixels", "noise", "additive_gaussian_noise",
    ),
    ("Erasing", "遮挡"): (
        "dropout", "coarse_dropout", "cutout", "random_erasing", "gridmask", "hide_and_seek",
    ),
    ("Policies", "策略"): (
        "trivialaugment", "randaugment", "autoaugment", "threeaugment", "augmix",
    ),
}  # fmt: skip
MODES = (*NOTEBOOK_MODES, *SEQUEL_MIXES)
# Each draw of these differs; other ops without strengths do the same to every photo.
DRAWN = ("autoaugment", "trivialaugment", "threeaugment")

WORDS = {
    "en": {
        "title": "All augmentations",
        "made": (
            "`make gallery PHOTOS=photos16/Images` makes this page from the registry; do not edit "
            "it."
        ),
        "introduction": (
            "What `--augment` takes: operations, policies and modes, which "
            "[pipelines](pipelines.md) combine, and mixes. On your own photos, `python "
            "tools/preview.py --sweep rotate --data photos` shows an operation from weak to "
            'strong, and `python tools/preview.py "rotate(20)" --data photos` as you would train '
            "with it; the [studio](studio.md) has sliders.\n\n"
            "Behind each name stand its arguments with their defaults. A number means “up to this "
            "much”, drawn for each image; a pair, as in `rotate((10, 30))`, is a range."
        ),
        "credit": (
            "The photos as they are, from Caltech-101 (Li, Andreeto, Ranzato and Perona, "
            "[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/)), cut to squares of 128 "
            "pixels:"
        ),
        "originals": "Five photos: a llama, an elephant, an ibis, a turtle and a ship",
        "strong": "From `{0}` to `{1}`:",
        "once": "The photos under `{0}`:",
        "draws": "Five draws:",
        "mixed": "The first photo as it is, and mixed with each of the others by `+{0}`:",
        "alt": "{0}: five pictures",
        "modes": "Modes",
        "weaker": "`userDef` with weaker noise, and `+{0}`.",
        "mixes": "Mixes",
        "mixes_about": (
            "They mix the images of a batch and stand after a mode, as in `hflip+mixup:0.4`."
        ),
        "combinators": "Combinators",
        "combinators_about": (
            "They take other operations, as in `maybe(0.5, oneof(hflip, rotate(20)))`."
        ),
    },
    "zh": {
        "title": "所有增广一览",
        "made": "本页由 `make gallery PHOTOS=photos16/Images` 从代码生成，请勿手工修改。",
        "introduction": (
            "`--augment` 可以写的全部内容：操作、策略和模式，"
            "它们可以连成[流水线](pipelines.md)；还有混合。"
            "`python tools/preview.py --sweep rotate --data photos` "
            "在自己的照片上由弱到强显示一种操作，"
            '`python tools/preview.py "rotate(20)" --data photos` 按训练时的取值预览，'
            "[Studio](../studio.md)（英文）里可以拖动滑块。\n\n"
            "名字后面是参数及其默认值。一个数表示“最多这么多”，每张图片随机取值；"
            "一对数（如 `rotate((10, 30))`）表示范围。"
        ),
        "credit": (
            "原图如下，来自 Caltech-101（Li、Andreeto、Ranzato、Perona，"
            "[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/)），裁成 128 像素的正方形："
        ),
        "originals": "五张照片：羊驼、大象、朱鹭、海龟、帆船",
        "strong": "从 `{0}` 到 `{1}`：",
        "once": "五张照片经过 `{0}`：",
        "draws": "五次抽样：",
        "mixed": "第一张照片的原图，以及用 `+{0}` 与其余各张混合的结果：",
        "alt": "{0}：五张图",
        "modes": "模式",
        "weaker": "噪声较弱的 `userDef`，再加 `+{0}`。",
        "mixes": "混合",
        "mixes_about": "把一个 batch 里的图片两两混合，写在模式之后，如 `hflip+mixup:0.4`。",
        "combinators": "组合操作",
        "combinators_about": "以其他操作为参数，如 `maybe(0.5, oneof(hflip, rotate(20)))`。",
    },
}
# mixup's default leaves most images nearly as they are, which a picture cannot show.
MIXED = {mix.split(":")[0]: mix for mix in MIXES} | {"mixup": "mixup:1.5"}
TOLD_IN_CHINESE = {
    "chain": "依次执行全部。",
    "shuffled": "以随机顺序执行全部。",
    "oneof": "随机执行其中一个。",
    "someof": "随机执行 `low` 到 `high` 个，顺序随机。",
    "maybe": "以概率 `p` 执行，否则图片不变。",
    "ramp": "执行的概率从第一个 epoch 的 0 升到 `epochs` 个 epoch 之后的 `p`。",
}


class Row(NamedTuple):
    """A name with its arguments, what it does, what its picture shows, and the picture's name."""

    name: str
    written: str
    about: str
    shows: str
    picture: str


def page(language: str) -> str:
    """The gallery in this language, "en" or "zh", from the registry."""
    words = WORDS[language]
    pictures = "../images/augmentations" if language == "zh" else "images/augmentations"
    parts = [f"# {words['title']}", words["introduction"], words["credit"]]
    parts.append(f"![{words['originals']}]({pictures}/originals.jpg)")
    known = glosses() | TOLD_IN_CHINESE if language == "zh" else {}
    for title, text, rows in sections(words, known):
        parts += [f"## {title}", *([text] if text else [])]
        for row in rows:
            parts.append(f"### {row.name}")
            parts += [f"`{row.written}`"] if row.written != row.name else []
            parts.append(row.about)
            if row.picture:
                alt = words["alt"].format(row.name)
                parts += [row.shows, f"![{alt}]({pictures}/{row.picture}.jpg)"]
    return "\n\n".join([*parts, words["made"]]) + "\n"


def sections(words: dict[str, str], known: dict[str, str]) -> Iterator[tuple[str, str, list[Row]]]:
    """The titles of the sections, with a text and rows; `known` says what names do in Chinese."""

    def row(name: str, item: Callable, shows: str = "") -> Row:
        told = known.get(name) or about(item)
        return Row(name, name + arguments(item), told, shows, name if shows else "")

    for titles, names in GROUPS.items():
        yield titles[bool(known)], "", [row(name, OPS[name], shown(name, words)) for name in names]
    modes = [row("none", AUGMENTATIONS["none"])]
    modes += [row(name, AUGMENTATIONS[name], words["draws"]) for name in NOTEBOOK_MODES[1:]]
    for name, mix in SEQUEL_MIXES.items():
        modes.append(Row(name, name, words["weaker"].format(mix), words["draws"], name))
    yield words["modes"], "", modes
    mixes = []
    for mix, told in MIXES.items():
        name = mix.split(":")[0]
        shows = words["mixed"].format(MIXED[name])
        told = known.get(f"+{name}") or told
        mixes.append(Row(f"+{name}", f"+{mix}", told, shows, f"mix-{name}"))
    yield words["mixes"], words["mixes_about"], mixes
    combinators = [row(name, item) for name, item in COMBINATORS.items()]
    yield words["combinators"], words["combinators_about"], combinators


def shown(name: str, words: dict[str, str]) -> str:
    """What the picture of an op shows."""
    if texts := strengths(name):
        return words["strong"].format(texts[0], texts[-1])
    return words["draws"] if name in DRAWN else words["once"].format(once(name))


def once(name: str) -> str:
    """The text of an op without strengths that always acts."""
    return f"{name}(1)" if "p=" in arguments(OPS[name]) else name


def glosses() -> dict[str, str]:
    """What each name does, in Chinese, as the studio says it."""
    chinese = GLOSSES.read_text(encoding="utf-8").partition(" zh: {")[2]
    return {
        name.strip('"'): text for name, text in re.findall(r'^ +(\S+): "(.*)",$', chinese, re.M)
    }


def draw(photos: Path) -> None:
    """Write the pictures."""
    first, *others = images = [thumbnail(read_image(photos / name), SIDE) for name in PHOTOS]
    PICTURES.mkdir(parents=True, exist_ok=True)
    write("originals", images)
    for name in OPS:
        if texts := strengths(name):
            write(name, [apply(text, first, high_draw()) for text in texts])
        elif name in DRAWN:
            write(name, draws(name, first))
        else:
            write(name, [apply(once(name), image, high_draw()) for image in images])
    for name in NOTEBOOK_MODES[1:]:
        write(name, draws(name, first))
    for name, mix in MIXED.items():
        write(f"mix-{name}", [first, *mixed(mix, [first] * 4, others)])
    for name, mix in SEQUEL_MIXES.items():
        partners = [apply("userDef", image, generator(0, "augment", 9)) for image in images]
        write(name, mixed(mix, draws(name, first), partners))


def apply(text: str, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return augmentation(text)(image, rng)


def draws(text: str, image: np.ndarray) -> list[np.ndarray]:
    """The image in the first five epochs."""
    return [apply(text, image, generator(0, "augment", epoch)) for epoch in range(5)]


def mixed(mix: str, images: list[np.ndarray], partners: list[np.ndarray]) -> list[np.ndarray]:
    """Each image mixed with its partner, from much of the image to little of it."""
    import paddle

    from paddle_aug.training.mixing import parse_mix

    (op,) = parse_mix(mix)
    batch, other = (
        paddle.to_tensor(np.stack(batch).transpose(0, 3, 1, 2).astype("float32"))
        for batch in (images, partners)
    )
    targets = paddle.eye(len(images))
    numbers = op.draw(generator(0, "mix"), len(images), SIDE)
    result, _ = op.mix((batch, targets), (other, targets), numbers)
    return list(np.rint(result.numpy()).astype(np.uint8).transpose(0, 2, 3, 1))


def write(name: str, images: list[np.ndarray]) -> None:
    """Write five pictures side by side; a smaller one lies in the middle of its place."""
    row = np.full((SIDE, len(images) * (SIDE + GAP) - GAP, 3), GREY, np.uint8)
    for place, image in enumerate(images):
        height, width = image.shape[:2]
        top, left = (SIDE - height) // 2, place * (SIDE + GAP) + (SIDE - width) // 2
        row[top : top + height, left : left + width] = image
    pixels = cv2.cvtColor(row, cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(PICTURES / f"{name}.jpg"), pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


if __name__ == "__main__":
    if photos := sys.argv[1:]:
        draw(Path(photos[0]))
    for language, file in PAGES.items():
        file.write_text(page(language), encoding="utf-8")
