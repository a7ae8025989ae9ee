"""The versions of what may change a pixel."""

import importlib.metadata
import platform

import cv2
import numpy as np
import PIL

from paddle_aug import __version__


def versions() -> dict[str, str]:
    """The versions of this package, Python and the libraries that may change a pixel."""
    return {
        "paddle_aug": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "pillow": PIL.__version__,
        **{name: _installed(name) for name in ("imgaug", "scikit-image", "scipy")},
    }


def differing_versions(before: dict[str, str | None]) -> list[str]:
    """A phrase for each library whose version is not that of `before`."""
    here = versions()
    return [
        f"{name} was {version}, here it is {here.get(name)}"
        for name, version in before.items()
        if here.get(name) != version
    ]


def _installed(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
