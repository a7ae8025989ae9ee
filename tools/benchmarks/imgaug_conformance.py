"""Compare imgaug 0.4.0 under our adapter with imgaug as published.

    cd tools && python -m benchmarks.imgaug_conformance --folder ~/imgaug-stacks

Makes a virtual environment for each stack in the folder, runs imgaug's own unit tests and the
notebook's augmenters in each, and compares the results with those of the oldest stack, on which
imgaug works unchanged. Prints what differs; the exit code is 1 if something differs that this file
does not explain. Needs Python 3.11, the only one for which all stacks have wheels, PyPI, 2 GB and
a few minutes of one core.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import unittest
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from _clone import run

from paddle_aug.augment.adapters import imgaug as adapter
from paddle_aug.errors import UserError

TOOLS = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Run:
    """A stack to test on, with or without the adapter's mends."""

    title: str
    folder: str
    mended: bool
    requirements: str


OLD = (
    "numpy==1.23.5 opencv-python==4.10.0.84 scikit-image==0.22.0 scipy==1.11.4 Pillow==9.5.0 "
    "shapely==2.0.7 imageio==2.31.6 tifffile==2023.12.9 matplotlib==3.7.5 contourpy==1.2.1"
)
NEW = "scikit-image==0.26.0 scipy==1.17.1 Pillow==13.0.0 shapely==2.2.0 imageio==2.38.1"
RUNS = [
    Run("NumPy 1.23, as published", "numpy1.23", False, OLD),
    Run("NumPy 1.23, mended", "numpy1.23", True, OLD),
    Run("NumPy 1.26, mended", "numpy1.26", True, f"numpy==1.26.4 opencv-python==4.11.0.86 {NEW}"),
    Run("NumPy 2, mended", "numpy2", True, f"numpy==2.4.6 opencv-python==4.14.0.94 {NEW}"),
]
PUBLISHED, MENDED = 0, 1  # of RUNS; the pixels of the others are compared with the latter's

# imgaug 0.4.0's source distribution has no tests; the newest that has them is 0.3.0's. It has none
# for EdgeDetect and DirectedEdgeDetect ("TODO" says imgaug), which only their pixels check.
TESTS_VERSION = "0.3.0"
TESTS = {
    "test_arithmetic": "TestAdd TestAddElementwise AdditiveGaussianNoise TestDropout "
    "TestCoarseDropout TestMultiply TestMultiplyElementwise TestInvert",
    "test_blur": "Test_blur_gaussian_ TestGaussianBlur TestAverageBlur TestMedianBlur",
    "test_color": "Test_change_colorspace_ TestGrayscale",
    "test_contrast": "TestLinearContrast Test_adjust_contrast_linear",
    "test_convolutional": "TestConvolve TestSharpen TestEmboss",
    "test_flip": "TestFliplr TestFlipud Test_fliplr Test_flipud",
    "test_geometric": "TestAffine TestAffine___init__ TestAffine_noop TestAffine_scale "
    "TestAffine_translate TestAffine_rotate TestAffine_cval TestAffine_fit_output "
    "TestAffine_alignment TestAffine_other_dtypes TestAffine_other TestPiecewiseAffine "
    "TestElasticTransformation",
    "test_meta": "TestSequential TestSomeOf TestOneOf TestSometimes",
    "test_segmentation": "TestSuperpixels",
    "test_size": "TestCrop",
}

# The runs in which tests fail; docs/imgaug.md says why none of these failures matters.
EXPLAINED = [
    ("NumPy 1.23, as published", r"TestSuperpixels\."),
    (
        "NumPy 2, mended",
        r"TestInvert\.test_other_dtypes_p_is_one_with_max_value|TestCrop\.test_other_dtypes_float"
        r"|Test_fliplr\.test__fliplr_sliced_3d_513_channels",
    ),
    (
        "all runs",
        r"TestAffine_(scale|rotate)\.test_keypoints|TestAffine_alignment\.test_image_"
        r"|TestAffine\.test_get_parameters|TestAffine___init__\.test___init___translate_p"
        r"|TestCoarseDropout\.test___init___size_px_and_size_percent_both_none"
        r"|TestPiecewiseAffine\.test_cval_is_(list|zero)|test_rotate_skimage_order_not_0_bool"
        r"|test_translate_skimage_order_0_float|TestPiecewiseAffine\.test_other_dtypes_float",
    ),
]
# The mends are meant to change Superpixels. On newer stacks the maps of the two warps have other
# last bits, which moves a few values in a million by a level or two.
PIXELS_BY_THE_MENDS = {"Superpixels", "the whole pipeline"}
PIXELS_TOLERATED = 0.001  # share of the values


def main() -> int | None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--folder", type=Path, required=True, help="where the environments go")
    parser.add_argument("--python", default="python3.11", help="makes them (default: python3.11)")
    parser.add_argument("--inside", choices=["published", "mended"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    folder = options.folder.resolve()
    if options.inside:
        record(folder, mended=options.inside == "mended")
        return None

    if not shutil.which(options.python):
        raise UserError(f"there is no {options.python}; say with --python where Python 3.11 is")
    pythons = [environment(folder, stack, options.python) for stack in RUNS]
    tests = unpack_tests(folder, pythons[0])
    for number, (stack, python) in enumerate(zip(RUNS, pythons, strict=True)):
        print(f"running: {stack.title}", file=sys.stderr)
        state = "mended" if stack.mended else "published"
        command = [python, "-m", "benchmarks.imgaug_conformance"]
        call([*command, "--folder", folder, "--inside", state], PYTHONPATH=str(tests))
        (folder / "record.json").replace(folder / f"record-{number}.json")
        (folder / "pixels.npz").replace(folder / f"pixels-{number}.npz")

    lines, unexplained = compare(folder)
    print("\n".join(lines))
    for line in unexplained:
        print(f"unexplained: {line}", file=sys.stderr)
    return 1 if unexplained else None


def call(command: list, **settings: str) -> None:
    """Run a command to its end, with one thread and with these environment variables."""
    environ = os.environ | {"OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"} | settings
    if subprocess.run([str(word) for word in command], env=environ, cwd=TOOLS).returncode:
        raise UserError(f"this failed, see above: {' '.join(map(str, command))}")


def environment(folder: Path, stack: Run, python: str) -> Path:
    """Make the virtual environment of a run, or complete it, and return its Python."""
    home = folder / stack.folder
    call([python, "-m", "venv", home])
    inside = home / "bin" / "python"
    packages = ["imgaug==0.4.0", *stack.requirements.split()]
    call([inside, "-m", "pip", "install", "--quiet", *packages])
    return inside


def unpack_tests(folder: Path, python: Path) -> Path:
    """Download imgaug's source distribution, unpack its tests, and return their folder."""
    # Its setup.py imports pkg_resources, which setuptools has dropped. Older and newer releases of
    # pip have different names for the same setting.
    old = folder / "old-setuptools.txt"
    old.write_text("setuptools<70\n")
    wanted = ["--no-deps", "--no-binary", "imgaug", "--dest", folder, f"imgaug=={TESTS_VERSION}"]
    call(
        [python, "-m", "pip", "download", "--quiet", *wanted],
        PIP_CONSTRAINT=str(old),
        PIP_BUILD_CONSTRAINT=str(old),
    )
    with tarfile.open(folder / f"imgaug-{TESTS_VERSION}.tar.gz") as archive:
        tests = [item for item in archive.getmembers() if item.name.split("/")[1:2] == ["test"]]
        archive.extractall(folder, members=tests, filter="data")
    return folder / f"imgaug-{TESTS_VERSION}" / "test" / "augmenters"


def record(folder: Path, mended: bool) -> None:
    """Run the tests, draw the pixels, and write both down; runs in the environment of a stack."""
    warnings.simplefilter("ignore")
    if not mended:
        import imgaug.augmenters

        adapter.load = lambda: (imgaug, imgaug.augmenters)
    adapter.load()
    failures, count = run_tests()
    content = {"count": count, "failures": failures}
    (folder / "record.json").write_text(json.dumps(content))
    np.savez(folder / "pixels.npz", **draw_pixels())


def run_tests() -> tuple[Counter, int]:
    """How often each test function failed, counting each subtest, and the number of functions."""
    names = [f"{module}.{name}" for module, names in TESTS.items() for name in names.split()]
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    count = suite.countTestCases()
    result = unittest.TestResult()
    suite.run(result)
    failed = [getattr(test, "test_case", test) for test, _ in result.failures + result.errors]
    return Counter(test.id() for test in failed), count


def draw_pixels() -> dict[str, np.ndarray]:
    """Three photos after each of the notebook's augmenters with 10 seeds, and after the whole
    pipeline with 80."""
    from skimage import data

    imgaug, _ = adapter.load()
    photos = [photo()[:256:2, :256:2].copy() for photo in (data.astronaut, data.chelsea)]
    photos.append(data.coffee()[100:356:2, 100:356:2].copy())
    pipeline = adapter.notebook_pipeline()
    parts = pipeline.get_all_children(flat=True)
    leaves = {type(part).__name__: part for part in parts if not part.get_children_lists()}

    def draw(augmenter, seeds):
        drawn = []
        for photo in photos:
            for seed in range(seeds):
                imgaug.seed(seed)
                drawn.append(augmenter(image=photo))
        return np.stack(drawn)

    pixels = {name: draw(leaf, 10) for name, leaf in leaves.items()}
    return pixels | {"the whole pipeline": draw(pipeline, 80)}


def compare(folder: Path) -> tuple[list[str], list[str]]:
    """The lines of the report, and those of them that nothing explains."""
    records = [json.loads((folder / f"record-{n}.json").read_text()) for n in range(len(RUNS))]
    pixels = [np.load(folder / f"pixels-{n}.npz") for n in range(len(RUNS))]
    lines = [
        f"{stack.title}: {record['count']} test functions, {len(record['failures'])} fail"
        for stack, record in zip(RUNS, records, strict=True)
    ]
    failing, unexplained = tests_report([record["failures"] for record in records])
    differing, more = pixels_report(pixels)
    return [*lines, *failing, *differing], unexplained + more


def tests_report(failures: list[dict[str, int]]) -> tuple[list[str], list[str]]:
    """How often each test function failed in each run, and the lines that nothing explains."""
    lines, unexplained = [], []
    for test in sorted(set().union(*failures)):
        counts = [of_run.get(test, 0) for of_run in failures]
        lines.append(f"{test} fails {counts} times")
        titles = [stack.title for stack, count in zip(RUNS, counts, strict=True) if count]
        kind = "all runs" if len(set(counts)) == 1 else ", ".join(titles)
        if not any(kind == where and re.search(pattern, test) for where, pattern in EXPLAINED):
            unexplained.append(lines[-1])
    return lines, unexplained


def pixels_report(pixels: list) -> tuple[list[str], list[str]]:
    """Where pixels differ from those of the oldest stack, mended, and what nothing explains."""
    lines, unexplained = [], []
    for name, wanted in pixels[MENDED].items():
        for number, stack in enumerate(RUNS):
            off = np.abs(pixels[number][name].astype(int) - wanted)
            share = np.mean(off > 0)
            if share:
                lines.append(
                    f"{name}, {stack.title}: {np.mean(~off.any(axis=(1, 2, 3))):.0%} of the images "
                    f"equal; {share:.4%} of the values differ, by {off.max()} at most"
                )
                by_mends = number == PUBLISHED and name in PIXELS_BY_THE_MENDS
                if not by_mends and (number == PUBLISHED or share > PIXELS_TOLERATED):
                    unexplained.append(lines[-1])
    return lines, unexplained


if __name__ == "__main__":
    run(main)
