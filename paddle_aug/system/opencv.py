"""A warning about an OpenCV that should be replaced."""

import functools
import importlib.metadata
import warnings

import cv2

GOOD = "opencv-python>=4.10,<5,!=4.12.*,!=4.13.*"
# Each contains all of cv2; of two that are installed, the later overwrites part of the other.
WHEELS = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)


@functools.cache
def warn_of_opencv() -> None:
    """Warn, once a process, of an OpenCV that is slow, changes pixels or is installed twice.

    The wheels of 4.12 and 4.13 take 25 to 150 times as long for scalar and mixed-type arithmetic.
    OpenCV built from source has no wheel here, and may well be fast.
    """
    version, wheels = cv2.__version__, installed_wheels()
    faults = []
    if len(wheels) > 1:
        faults.append(f"{' and '.join(wheels)} are both installed and overwrite each other")
    if wheels and version.startswith(("4.12.", "4.13.")):
        faults.append(f"OpenCV {version} is slow: plain arithmetic takes 25 times as long, or more")
    if int(version.split(".")[0]) >= 5:
        faults.append(f"OpenCV {version} changes pixels; everything is tested with 4.x")
    if faults:
        fix = f'pip uninstall {" ".join(wheels)}, then pip install "{GOOD}"'
        message = f"{'; '.join(faults)}. To fix this: {fix}"
        warnings.warn(message, RuntimeWarning, stacklevel=3)


def installed_wheels() -> list[str]:
    """The installed packages that contain cv2."""
    return [wheel for wheel in WHEELS if any(importlib.metadata.distributions(name=wheel))]
