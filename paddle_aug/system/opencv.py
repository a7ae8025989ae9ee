"""Which OpenCV is installed, told in one warning where it is one to replace."""

import functools
import importlib.metadata
import time
import warnings
from collections.abc import Callable

import cv2
import numpy as np

GOOD = "opencv-python>=4.10,<5,!=4.12.*,!=4.13.*"
# Each is all of cv2: of two that are installed, the later has overwritten part of the other.
WHEELS = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
# Differences of bytes as floats take 3 times as long as sums of bytes; on the wheels of 4.12 and
# 4.13, whose version of Intel's IPP is the likely cause, it is 30 times and more.
SLOW = 10


@functools.cache
def warn_of_opencv() -> None:
    """Warn, once a process, of an OpenCV that is slow, that makes other pixels, or is there twice.

    It is measured, in a millisecond at most: other builds of the same versions are in order.
    """
    wheels = installed_wheels()
    faults = opencv_faults(cv2.__version__, wheels, slowness())
    if faults:
        warnings.warn(
            f"{'; '.join(faults)}. To mend it: pip uninstall {' '.join(wheels)}, "
            f'then pip install "{GOOD}"',
            RuntimeWarning,
            stacklevel=3,
        )


def opencv_faults(version: str, wheels: list[str], slowness: float) -> list[str]:
    """What is wrong with an OpenCV, in words."""
    faults = []
    if len(wheels) > 1:
        faults.append(f"{' and '.join(wheels)} are both installed, and overwrite each other")
    if slowness > SLOW:
        faults.append(
            f"OpenCV {version} is slow here: plain arithmetic on images takes "
            f"{slowness / 3:.0f} times as long as it should"
        )
    if int(version.split(".")[0]) >= 5:
        faults.append(f"OpenCV {version} makes other pixels than the 4.x that all is tested with")
    return faults


def installed_wheels() -> list[str]:
    """The packages that are here of those that bring cv2."""
    return [wheel for wheel in WHEELS if any(importlib.metadata.distributions(name=wheel))]


def slowness() -> float:
    """How much longer a difference of bytes as floats takes than a sum of bytes."""
    image = np.zeros((64, 64, 3), np.uint8)
    mixed = _best_time(lambda: cv2.subtract(image, image, dtype=cv2.CV_32F))
    return mixed / _best_time(lambda: cv2.add(image, image))


def _best_time(call: Callable) -> float:
    times = []
    for _ in range(5):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)
