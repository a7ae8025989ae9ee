"""Pipelines of imgaug 0.4.0 as our transforms. Only this module imports imgaug, and mends it.

imgaug's last release dates from 2020. Newer NumPy and scikit-image break it, partly in silence;
`load()` mends the copy in this process and nothing else. docs/imgaug.md has the evidence.
"""

import functools
import inspect
import shlex
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddle_aug.augment.adapters.foreign import Foreign
from paddle_aug.errors import UserError
from paddle_aug.rng import seeded_globals

if TYPE_CHECKING:
    from imgaug.augmenters import Augmenter

VERSION = "0.4.0"
PACKAGES = (f"imgaug=={VERSION}", "scikit-image>=0.22,<0.27")  # as the extra of pyproject.toml
INSTALL = f"install it with: {shlex.join(['pip', 'install', *PACKAGES])}"


@functools.cache
def load() -> tuple[types.ModuleType, types.ModuleType]:
    """Import imgaug, mend it, and return `(imgaug, imgaug.augmenters)`, known as `ia` and `iaa`.

    Raises:
        UserError: imgaug is missing, is not 0.4.0, or does not import here.
    """
    try:
        with _sctypes():
            import imgaug
            import imgaug.augmenters
    except (ImportError, AttributeError) as error:
        raise UserError(f"imgaug cannot be imported ({error}); {INSTALL}") from error
    if imgaug.__version__ != VERSION:
        raise UserError(f"imgaug is {imgaug.__version__}, want {VERSION}; {INSTALL}")
    _mend_numpy_names(imgaug)
    _mend_superpixels(imgaug.augmenters.segmentation)
    _mend_piecewise_affine(imgaug.augmenters.geometric)
    _mend_elastic_transformation(imgaug.augmenters.geometric)
    with seeded_globals(0):
        imgaug.random.get_global_rng()  # made once, from a number of NumPy's global generator
    return imgaug, imgaug.augmenters


@contextmanager
def _sctypes() -> Iterator[None]:
    """Lend NumPy its `sctypes`, gone in 2.0; imgaug uses it only while it is imported."""
    if hasattr(np, "sctypes"):
        yield
        return
    np.sctypes = {  # noqa: NPY201
        "int": [np.int8, np.int16, np.int32, np.int64],
        "uint": [np.uint8, np.uint16, np.uint32, np.uint64],
        "float": [np.float16, np.float32, np.float64, np.longdouble],
    }
    try:
        yield
    finally:
        del np.sctypes  # noqa: NPY201


class _Overlay(types.ModuleType):
    """A module with some names replaced, which imgaug's modules see in its place."""

    def __init__(self, module: types.ModuleType, **names):
        super().__init__(module.__name__)
        self._module = module
        self.__dict__.update(names)

    def __getattr__(self, name):
        return getattr(self._module, name)


def _mend_numpy_names(imgaug) -> None:
    """SomeOf wants `np.bool` and two parameters `np.complex`, which NumPy 1.24 took away."""
    old_numpy = _Overlay(np, bool=np.bool_, complex=np.complex128)
    imgaug.augmenters.meta.np = old_numpy
    imgaug.augmentables.polys.np = old_numpy
    imgaug.parameters.np = old_numpy


def _mend_superpixels(segmentation) -> None:
    """Superpixels takes label k for the k-th region. Since scikit-image 0.19 labels start at 1, and
    it paints each segment with the mean colour of the next; `mean_intensity` warns since 0.26."""
    skimage = segmentation.skimage

    class Region:
        def __init__(self, properties):
            self.properties = properties

        @property
        def mean_intensity(self):
            return self.properties.intensity_mean

    def regionprops(labels, intensity_image):
        regions = skimage.measure.regionprops(labels, intensity_image)
        return [Region(properties) for properties in regions]

    slic = functools.partial(skimage.segmentation.slic, start_label=0)
    segmentation.skimage = _Overlay(
        skimage,
        segmentation=_Overlay(skimage.segmentation, slic=slic),
        measure=_Overlay(skimage.measure, regionprops=regionprops),
    )


def _mend_piecewise_affine(geometric) -> None:
    """PiecewiseAffine calls `estimate`, deprecated in scikit-image 0.26: take it from under the
    decorator that warns."""
    transform = geometric.tf

    class PiecewiseAffineTransform(transform.PiecewiseAffineTransform):
        estimate = inspect.unwrap(transform.PiecewiseAffineTransform.estimate)

    geometric.tf = _Overlay(transform, PiecewiseAffineTransform=PiecewiseAffineTransform)


def _mend_elastic_transformation(geometric) -> None:
    """ElasticTransformation with a whole `alpha` multiplies float32 maps by a NumPy integer; in
    NumPy 2 that makes float64, which OpenCV's convertMaps refuses."""
    generate = geometric.ElasticTransformation._generate_shift_maps.__func__

    @functools.wraps(generate)
    def generate_float32(cls, *args, **kwargs):
        dx, dy = generate(cls, *args, **kwargs)
        return dx.astype(np.float32, copy=False), dy.astype(np.float32, copy=False)

    geometric.ElasticTransformation._generate_shift_maps = classmethod(generate_float32)


@dataclass(frozen=True)
class Imgaug(Foreign):
    """An imgaug pipeline as one of our transforms: image and seed alone decide the pixels.

    `op` makes the augmenter, once in each process; it must be a top-level function of a module, so
    that a spawned worker can import it. imgaug's generator is seeded for each image and restored
    afterwards: earlier calls and other users of imgaug do not matter, and do not notice. An
    augmenter with a seed of its own follows ours too. A pipeline that changes the size needs
    `size`, (height, width).

    Raises:
        UserError: imgaug does not load, or the result is not a uint8 image of the right size.
    """

    op: "Callable[[], Augmenter]"

    def __post_init__(self):
        super().__post_init__()
        load()  # reports a missing imgaug now, not at the first image

    def seeded(self, seed):
        return _seeded(seed)

    def call(self, image, seed):
        return _augmenter(self.op)(image=image)


@functools.cache
def _augmenter(build: "Callable[[], Augmenter]") -> "Augmenter":
    """This process's augmenter of `build`, with imgaug's generator in all its parts."""
    imgaug, _ = load()
    with _seeded(0):
        augmenter = build()
    for part in [augmenter, *augmenter.get_all_children(flat=True)]:
        part.random_state = imgaug.random.RNG(None)
        part.deterministic = False
    return augmenter


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed imgaug's generator as `imgaug.seed(seed)` does, and restore it afterwards.

    A process has one, and some augmenters (MotionBlur) draw from it even if they have their own.
    """
    imgaug, _ = load()
    generator = imgaug.random.get_global_rng()
    before = generator.state
    imgaug.seed(seed)
    try:
        yield
    finally:
        generator.state = before


def notebook_pipeline() -> "Augmenter":
    """Build the pipeline of the notebook's `imgaugLib`: the heavy example in imgaug's
    documentation, with p=0.5 for all `sometimes`."""
    ia, iaa = load()

    def sometimes(augmenter):
        return iaa.Sometimes(0.5, augmenter)

    blur = iaa.OneOf(
        [iaa.GaussianBlur((0, 3.0)), iaa.AverageBlur(k=(2, 7)), iaa.MedianBlur(k=(3, 11))]
    )
    edges = iaa.OneOf(
        [iaa.EdgeDetect((0, 0.7)), iaa.DirectedEdgeDetect((0, 0.7), direction=(0.0, 1.0))]
    )
    dropout = iaa.OneOf(
        [
            iaa.Dropout((0.01, 0.1), per_channel=0.5),
            iaa.CoarseDropout((0.03, 0.15), size_percent=(0.02, 0.05), per_channel=0.2),
        ]
    )
    return iaa.Sequential(
        [
            iaa.Fliplr(0.5),
            iaa.Flipud(0.2),
            sometimes(iaa.Crop(percent=(0, 0.1))),
            sometimes(
                iaa.Affine(
                    scale={"x": (0.8, 1.2), "y": (0.8, 1.2)},
                    translate_percent={"x": (-0.2, 0.2), "y": (-0.2, 0.2)},
                    rotate=(-45, 45),
                    shear=(-16, 16),
                    order=[0, 1],
                    cval=(0, 255),
                    mode=ia.ALL,
                )
            ),
            iaa.SomeOf(
                (0, 5),
                [
                    sometimes(iaa.Superpixels(p_replace=(0, 1.0), n_segments=(20, 200))),
                    blur,
                    iaa.Sharpen(alpha=(0, 1.0), lightness=(0.75, 1.5)),
                    iaa.Emboss(alpha=(0, 1.0), strength=(0, 2.0)),
                    sometimes(edges),
                    iaa.AdditiveGaussianNoise(loc=0, scale=(0.0, 0.05 * 255), per_channel=0.5),
                    dropout,
                    iaa.Invert(0.05, per_channel=True),
                    iaa.Add((-10, 10), per_channel=0.5),
                    iaa.Multiply((0.5, 1.5), per_channel=0.5),
                    iaa.LinearContrast((0.5, 2.0), per_channel=0.5),
                    iaa.Grayscale(alpha=(0.0, 1.0)),
                    sometimes(iaa.ElasticTransformation(alpha=(0.5, 3.5), sigma=0.25)),
                    sometimes(iaa.PiecewiseAffine(scale=(0.01, 0.05))),
                ],
                random_order=True,
            ),
        ],
        random_order=True,
    )
