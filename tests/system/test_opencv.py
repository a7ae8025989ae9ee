import pytest

from paddle_aug.augment.modes import augmentation
from paddle_aug.system import opencv


@pytest.fixture
def warn_again():
    """Forget that this process has been warned, before and after."""
    opencv.warn_of_opencv.cache_clear()
    yield
    opencv.warn_of_opencv.cache_clear()


def test_the_opencv_of_the_requirements_is_in_order(warn_again):
    assert opencv.installed_wheels() == ["opencv-python"]
    augmentation("userDef")  # would raise: warnings are errors here


@pytest.mark.parametrize(
    ("version", "wheels", "message"),
    [
        ("4.12.0", ["opencv-python"], "OpenCV 4.12.0 is slow"),
        ("4.13.0", ["opencv-python"], "OpenCV 4.13.0 is slow"),
        ("5.0.0", ["opencv-python"], "OpenCV 5.0.0 changes pixels"),
        ("4.11.0", ["opencv-python", "opencv-python-headless"], "headless are both installed"),
        ("4.13.0", list(opencv.WHEELS[:2]), "both installed.*; .*is slow"),
    ],
)
def test_each_fault_is_named_in_one_warning_with_the_fix(
    version, wheels, message, monkeypatch, warn_again
):
    monkeypatch.setattr(opencv.cv2, "__version__", version)
    monkeypatch.setattr(opencv, "installed_wheels", lambda: wheels)
    fix = f'pip uninstall {" ".join(wheels)}, then pip install "opencv-python>=4.10,<5,'
    with pytest.warns(RuntimeWarning, match=f"{message}.*{fix}") as caught:
        augmentation("userDef")
    assert len(caught) == 1
    augmentation("allab")  # once a process is enough


@pytest.mark.parametrize(
    ("version", "wheels"),
    [("4.10.0", ["opencv-python"]), ("4.14.0", ["opencv-python-headless"]), ("4.12.0", [])],
)
def test_other_versions_and_builds_from_source_are_in_order(
    version, wheels, monkeypatch, warn_again
):
    monkeypatch.setattr(opencv.cv2, "__version__", version)
    monkeypatch.setattr(opencv, "installed_wheels", lambda: wheels)
    augmentation("userDef")
