"""The imgaug adapter: pixels that follow from image and seed alone, and what it mends."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from benchmarks import imgaug_conformance as conformance

from paddle_aug.augment.adapters.imgaug import Imgaug, load, notebook_pipeline
from paddle_aug.errors import UserError
from paddle_aug.rng import generator

CLONE = Path(__file__).parent.parent.parent
ia, iaa = load()


def picture(height=48, width=40, grain=56):
    """Smooth colours with `grain` levels of noise, different in every corner and channel."""
    y, x = np.mgrid[:height, :width]
    smooth = np.stack([x * 200 / width, y * 200 / height, (x + y) * 200 / (width + height)], axis=2)
    noise = generator(0, "drawing").integers(0, grain, smooth.shape)
    return (smooth + noise).astype(np.uint8)


def generators_of_their_own():
    """Augmenters that were given a seed, were made deterministic, or draw from imgaug's global
    generator behind the back of their own."""
    return iaa.Sequential(
        [
            iaa.Add((-50, 50), seed=1),
            iaa.Multiply((0.5, 1.5)).to_deterministic(),
            iaa.MotionBlur(k=7),
            iaa.MultiplyAndAddToBrightness(mul=(0.5, 1.5), add=(-30, 30)),
        ]
    )


def two_additions():
    return iaa.Sequential([iaa.Add((-40, 40)).to_deterministic(), iaa.Add((-40, 40))])


def half_size():
    return iaa.Resize(0.5)


def test_the_pixels_are_those_of_the_notebooks_own_call():
    image = picture()
    for seed in range(40):
        ia.seed(seed)
        expected = notebook_pipeline()(images=np.array([image]))[0]
        assert np.array_equal(Imgaug(notebook_pipeline).apply(image, seed), expected)


def test_the_seed_decides_whatever_generators_a_pipeline_has_and_amid_other_use_of_imgaug():
    image, op = picture(), Imgaug(generators_of_their_own)
    straight = [op.apply(image, seed) for seed in range(30)]
    assert len({outcome.tobytes() for outcome in straight}) == 30
    others = iaa.Sequential([iaa.Dropout(0.5), notebook_pipeline()])
    for seed in reversed(range(30)):
        others(image=image)
        ia.seed(seed + 1000)
        assert np.array_equal(op.apply(image, seed), straight[seed])


def test_augmenters_in_deterministic_mode_do_not_repeat_the_draws_of_others():
    grey, op = np.full((2, 2, 3), 128, np.uint8), Imgaug(two_additions)
    sums = [int(op.apply(grey, seed)[0, 0, 0]) - 128 for seed in range(40)]
    assert any(total % 2 for total in sums)  # equal draws would add up to even numbers only


def test_other_users_of_imgaug_do_not_notice():
    image, op = picture(), Imgaug(notebook_pipeline)
    ia.seed(5)
    undisturbed = [iaa.Dropout(0.5)(image=image) for _ in range(3)]
    ia.seed(5)
    for expected in undisturbed:
        op.apply(image, 9)
        assert np.array_equal(iaa.Dropout(0.5)(image=image), expected)


def test_the_notebooks_pipeline_runs_on_any_size():
    op = Imgaug(notebook_pipeline)
    sizes = [(1, 1), (1, 2), (2, 1), (1, 50), (3, 3), (7, 13), (33, 17), (48, 64)]
    for seed in range(320):
        image = picture(*sizes[seed % len(sizes)])
        image.flags.writeable = False
        augmented = op.apply(image, seed)
        assert augmented.shape == image.shape
        assert augmented.dtype == np.uint8
        assert augmented.flags.c_contiguous


def test_superpixels_paints_each_segment_with_its_own_mean():
    from skimage.segmentation import slic

    image = picture(60, 60, grain=8)
    painted = iaa.Superpixels(p_replace=1.0, n_segments=30)(image=image)
    labels = slic(image, n_segments=30, compactness=10)
    assert len(np.unique(labels)) > 15
    for label in np.unique(labels):
        segment = labels == label
        assert np.all(painted[segment] == np.round(image[segment].mean(axis=0)))


def test_elastic_transformation_with_a_whole_alpha_moves_pixels_no_farther_than_it():
    columns = np.tile(np.arange(0, 250, 5, dtype=np.uint8)[None, :, None], (50, 1, 3))
    elastic = iaa.ElasticTransformation(alpha=3, sigma=0.5, order=0, mode="nearest")
    moved = np.abs(elastic(image=columns).astype(int) - columns) / 5
    assert 1 <= moved.max() <= 3


def test_imgaug_finds_the_names_that_numpy_took_away():
    image = picture()
    assert np.array_equal(iaa.SomeOf(1, [iaa.Add(3)])(image=image), image + 3)
    square = ia.Polygon([(1, 1), (5, 1), (5, 5), (1, 5)])
    assert np.array_equal(square.extract_from_image(image)[1:3, 1:3], image[2:4, 2:4])
    noise = ia.parameters.FrequencyNoise().draw_samples((8, 8))
    assert 0 <= noise.min() < noise.max() <= 1


def test_numpy_and_scikit_image_are_as_they_were():
    code = """
import numpy, skimage.measure, skimage.segmentation, skimage.transform
def seen():
    names = [(numpy, name) for name in ("sctypes", "bool", "complex")]
    names += [(skimage.segmentation, "slic"), (skimage.measure, "regionprops")]
    names += [(skimage.transform, "PiecewiseAffineTransform")]
    return [getattr(module, name, "none") for module, name in names]
before = seen()
from paddle_aug.augment.adapters.imgaug import load
load()
assert all(old is new for old, new in zip(before, seen()))
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    from skimage.segmentation import slic

    assert inspect.signature(slic).parameters["start_label"].default == 1


@pytest.mark.parametrize("fault", ["missing", "taken_away"])
def test_an_imgaug_that_cannot_be_imported_is_told_with_what_to_install(
    fault, monkeypatch, tmp_path
):
    for name in [name for name in sys.modules if name.split(".")[0] == "imgaug"]:
        monkeypatch.delitem(sys.modules, name)
    lines = {"missing": "import missing\n", "taken_away": "import numpy\nnumpy.taken_away\n"}
    (tmp_path / "imgaug.py").write_text(lines[fault])
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match=rf"cannot be imported .*{fault}.* install imgaug==0\.4"):
        load.__wrapped__()


def test_another_version_of_imgaug_is_refused(monkeypatch):
    monkeypatch.setattr(ia, "__version__", "0.2.9")
    with pytest.raises(UserError, match=r"imgaug is 0\.2\.9, want 0\.4\.0"):
        load.__wrapped__()


def test_a_pipeline_that_changes_the_size_must_say_so():
    with pytest.raises(UserError, match=r"half_size made uint8 \(24, 20, 3\).*Imgaug\(op, size"):
        Imgaug(half_size).apply(picture(), 0)
    assert Imgaug(half_size, size=(24, 20)).apply(picture(), 0).shape == (24, 20, 3)


def test_the_example_in_the_documentation_runs():
    page = (CLONE / "docs" / "imgaug.md").read_text(encoding="utf-8")
    names = {}
    for example in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(example, names)
    assert names["augmented"].shape == (224, 224, 3)


def test_the_conformance_report_passes_only_what_is_explained_for_those_very_runs():
    mended, newly = "test_segmentation.TestSuperpixels.test_p", "test_flip.TestFliplr.test_images"
    _, unexplained = conformance.tests_report([{mended: 1}, {}, {}, {}])
    assert unexplained == []
    _, unexplained = conformance.tests_report([{}, {}, {}, {mended: 1}])
    assert unexplained == [f"{mended} fails [0, 0, 0, 1] times"]
    _, unexplained = conformance.tests_report([{newly: 2}, {newly: 2}, {newly: 3}, {newly: 2}])
    assert unexplained == [f"{newly} fails [2, 2, 3, 2] times"]


def test_the_conformance_report_does_not_let_pixels_pass_that_differ_much():
    def drawn(value, name):
        return {name: np.full((2, 4, 4, 3), value, np.uint8)}

    equal = [drawn(0, "Add")] * 4
    assert conformance.pixels_report(equal)[1] == []
    assert len(conformance.pixels_report([*equal[:3], drawn(1, "Add")])[1]) == 1
    by_mends = [drawn(1, "Superpixels"), *[drawn(0, "Superpixels")] * 3]
    assert conformance.pixels_report(by_mends)[1] == []
    assert len(conformance.pixels_report([drawn(1, "Add"), *equal[1:]])[1]) == 1
