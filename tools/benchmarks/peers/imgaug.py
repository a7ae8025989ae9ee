"""imgaug 0.4.0: its augmenters, each made once with the parameters of the notebook."""

import _clone  # noqa: F401  puts the clone first on sys.path

from paddle_aug.augment.adapters.imgaug import load

imgaug, iaa = load()

PACKAGES = {"imgaug": imgaug}


def subjects(size: int) -> dict:
    both = {"x": (0.8, 1.2), "y": (0.8, 1.2)}
    shift = {"x": (-0.2, 0.2), "y": (-0.2, 0.2)}
    augmenters = {
        "hflip": iaa.Fliplr(1.0),
        "vflip": iaa.Flipud(1.0),
        "crop": iaa.Crop(percent=(0, 0.1)),
        "affine": iaa.Affine(
            scale=both,
            translate_percent=shift,
            rotate=(-45, 45),
            shear=(-16, 16),
            order=[0, 1],
            cval=(0, 255),
            mode=imgaug.ALL,
        ),
        "superpixels": iaa.Superpixels(p_replace=(0, 1.0), n_segments=(20, 200)),
        "gaussian_blur": iaa.GaussianBlur((0, 3.0)),
        "average_blur": iaa.AverageBlur(k=(2, 7)),
        "median_blur": iaa.MedianBlur(k=(3, 11)),
        **{f"median_blur, k {k}": iaa.MedianBlur(k=k) for k in (5, 7, 9, 11)},
        "sharpen": iaa.Sharpen(alpha=(0, 1.0), lightness=(0.75, 1.5)),
        "emboss": iaa.Emboss(alpha=(0, 1.0), strength=(0, 2.0)),
        "edge_detect": iaa.EdgeDetect(alpha=(0, 0.7)),
        "directed_edge_detect": iaa.DirectedEdgeDetect(alpha=(0, 0.7), direction=(0.0, 1.0)),
        "additive_gaussian_noise": iaa.AdditiveGaussianNoise(scale=(0.0, 12.75), per_channel=0.5),
        "dropout": iaa.Dropout((0.01, 0.1), per_channel=0.5),
        "coarse_dropout": iaa.CoarseDropout(
            (0.03, 0.15), size_percent=(0.02, 0.05), per_channel=0.2
        ),
        "invert": iaa.Invert(1.0),
        "add": iaa.Add((-10, 10), per_channel=0.5),
        "multiply": iaa.Multiply((0.5, 1.5), per_channel=0.5),
        "linear_contrast": iaa.LinearContrast((0.5, 2.0), per_channel=0.5),
        "grayscale": iaa.Grayscale(alpha=(0.0, 1.0)),
        "elastic_transformation": iaa.ElasticTransformation(alpha=(0.5, 3.5), sigma=0.25),
        "elastic_transformation, sigma 4": iaa.ElasticTransformation(alpha=20.0, sigma=4.0),
        "piecewise_affine": iaa.PiecewiseAffine(scale=(0.01, 0.05)),
    }

    def call(augmenter):
        return lambda image: augmenter(image=image)

    return {name: call(augmenter) for name, augmenter in augmenters.items()}
