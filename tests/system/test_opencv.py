import warnings

import pytest

from paddle_aug.augment.modes import augmentation
from paddle_aug.system import opencv


@pytest.fixture
def asked_anew():
    """Forget that this process has been warned, before and after."""
    opencv.warn_of_opencv.cache_clear()
    yield
    opencv.warn_of_opencv.cache_clear()


def test_the_opencv_of_the_requirements_is_in_order():
    assert opencv.installed_wheels() == ["opencv-python"]
    assert opencv.opencv_faults("4.14.0", ["opencv-python"], opencv.slowness()) == []


@pytest.mark.parametrize(
    ("version", "wheels", "slowness", "told"),
    [
        ("4.13.0", ["opencv-python"], 34.0, "OpenCV 4.13.0 is slow here: plain arithmetic .* 11 "),
        ("5.0.0", ["opencv-python"], 3.0, "OpenCV 5.0.0 makes other pixels"),
        ("4.11.0", ["opencv-python", "opencv-python-headless"], 3.0, "headless are both installed"),
    ],
)
def test_each_fault_is_named_with_the_way_out(
    version, wheels, slowness, told, monkeypatch, asked_anew
):
    monkeypatch.setattr(opencv.cv2, "__version__", version)
    monkeypatch.setattr(opencv, "installed_wheels", lambda: wheels)
    monkeypatch.setattr(opencv, "slowness", lambda: slowness)
    way_out = f'pip uninstall {" ".join(wheels)}, then pip install "opencv-python>=4.10,<5,'
    with pytest.warns(RuntimeWarning, match=f"{told}.*{way_out}") as caught:
        augmentation("userDef")
    assert len(caught) == 1
    augmentation("allab")  # would raise: warnings are errors here, and once a process is enough


def test_several_faults_make_one_warning(monkeypatch, asked_anew):
    monkeypatch.setattr(opencv, "installed_wheels", lambda: list(opencv.WHEELS[:2]))
    monkeypatch.setattr(opencv, "slowness", lambda: 100.0)
    with pytest.warns(RuntimeWarning, match="both installed.*; .*is slow here") as caught:
        augmentation("hflip")
    assert len(caught) == 1


def test_a_build_of_a_slow_version_that_is_not_slow_is_let_be(monkeypatch, asked_anew):
    monkeypatch.setattr(opencv.cv2, "__version__", "4.12.0")
    monkeypatch.setattr(opencv, "slowness", lambda: 3.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        augmentation("userDef")
