"""Files of users are imported by `--import`, here and in workers, and their faults are one line."""

import hashlib
import multiprocessing
import sys
from importlib.metadata import EntryPoint

import pytest
from in_process import refusal, run_tool
from plugged_in import FOG, forgotten_plugins

from paddle_aug import names
from paddle_aug.augment.modes import AUGMENTATIONS, augmentation
from paddle_aug.errors import UserError
from paddle_aug.inputs import op_name
from paddle_aug.system import plugins


@pytest.fixture(autouse=True)
def restored():
    """What a test imports is gone after it."""
    with forgotten_plugins():
        yield


@pytest.fixture
def fog(tmp_path):
    file = tmp_path / "fog.py"
    file.write_text(FOG)
    return file


def test_a_file_is_imported_once_and_known_by_its_digest(fog, monkeypatch):
    plugins.load([str(fog)])
    monkeypatch.chdir(fog.parent)
    plugins.load(["fog.py", str(fog)])
    digest = hashlib.sha256(FOG.encode()).hexdigest()
    assert plugins.loaded() == {str(fog): digest, "fog.py": digest}
    assert augmentation("fog(0.3)").most == 0.3
    assert op_name(augmentation("fog")) == "fog"
    assert augmentation("hflip|fog", "imgaug").ops[1] == augmentation("fog")


def test_files_of_one_name_are_two_modules(tmp_path):
    for place, name in enumerate(("one", "two")):
        (tmp_path / name).mkdir()
        file = tmp_path / name / "json.py"  # not the library's
        file.write_text(FOG.replace('"fog"', f'"fog{place}"'))
        plugins.load([str(file)])
    assert type(augmentation("fog0")) is not type(augmentation("fog1"))
    assert "dumps" in vars(sys.modules["json"])


def test_a_module_is_imported_by_its_name(fog, monkeypatch):
    monkeypatch.syspath_prepend(fog.parent)
    plugins.load(["fog"])
    assert type(augmentation("fog")).__module__ == "fog"


def apply_there(_, transform, queue):
    queue.put(transform.apply(__import__("numpy").zeros((1, 1, 3), "uint8"), share=1.0).tolist())


def test_a_spawned_process_has_what_its_parent_imported(fog):
    plugins.load([str(fog)])
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    args = (plugins.Loaded(), augmentation("fog"), queue)
    process = context.Process(target=apply_there, args=args)
    process.start()
    assert queue.get(timeout=60) == [[[255, 255, 255]]]
    process.join()
    queue.close()
    queue.join_thread()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("(Transform)", ""), r"line 6: TypeError: Fog is no Transform: write class Fog\(Transf"),
        (("@dataclass(frozen=True)", ""), "TypeError: Fog has fields, .* write @dataclass"),
        (("def apply", "def aply"), r"TypeError: Fog has no apply: write def apply\(self, image"),
        (('"fog"', '"rotate"'), "ValueError: augmentation 'rotate' is registered twice"),
        (('"fog"', '"my fog"'), "'my fog' cannot name an augmentation"),
        (('"fog"', '"maybe"'), "'maybe' cannot name an augmentation"),
        (("import dataclass", "import datacless"), "line 2: ImportError: cannot import name 'data"),
        (("most: float", "most: flout"), r"fog\.py: line 9: NameError: name 'flout'"),
        (("class Fog", "clas Fog"), r"SyntaxError: .*fog\.py, line 8"),
    ],
)
def test_a_fault_of_the_file_is_one_line_with_its_place(fog, change, told):
    fog.write_text(FOG.replace(*change))
    with pytest.raises(UserError, match=told) as caught:
        plugins.load([str(fog)])
    assert "\n" not in str(caught.value)
    assert plugins.loaded() == {}


def test_a_function_of_an_image_is_answered_with_what_to_write(fog):
    fog.write_text(
        "from paddle_aug.augment.modes import AUGMENTATIONS\n"
        "@AUGMENTATIONS.add('light_fog')\n"
        "def fog(image, share=0.5):\n    return image\n"
    )
    told = r"fog takes an image; write a class .*: class LightFog\(Transform\): def apply\(self, im"
    with pytest.raises(UserError, match=told):
        plugins.load([str(fog)])


def test_a_function_that_makes_no_transform_is_told():
    AUGMENTATIONS.add("nothing")(lambda: 3)
    with pytest.raises(UserError, match=r"'nothing' .*it makes a int, and must make a Transform"):
        augmentation("nothing")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("no/such.py", "--import no/such.py: there is no such file"),
        ("no_such", "there is no such module; a file is named with its ending .py"),
    ],
)
def test_what_is_not_there_is_told(name, told):
    with pytest.raises(UserError, match=told):
        plugins.load([name])


def test_an_unknown_op_is_answered_with_the_option():
    with pytest.raises(UserError, match="--import FILE adds your own"):
        augmentation("zzzz")


def test_an_op_of_an_installed_package_is_found_by_its_name(fog, monkeypatch):
    monkeypatch.syspath_prepend(fog.parent)
    fog.write_text(FOG.replace('@AUGMENTATIONS.add("fog")', ""))
    entry = EntryPoint("mist", "fog:Fog", "paddle_aug.ops")

    def installed(group):
        return [entry] if group == entry.group else []

    monkeypatch.setattr(names, "installed", installed)
    assert "fog" not in sys.modules, "until it is named"
    with pytest.raises(UserError, match="did you mean 'mist'"):
        augmentation("mists")
    assert augmentation("mist(0.2)").most == 0.2
    assert op_name(augmentation("mist")) == "mist"
    entry = EntryPoint("broken", "fog:Frog", "paddle_aug.ops")
    with pytest.raises(UserError, match="augmentation 'broken' of fog:Frog: AttributeError"):
        augmentation("broken")


def test_preview_draws_and_lists_an_op(fog, monkeypatch, capsys):
    out = fog.with_name("p.png")
    words = ("preview.py", "fog", "--data", "sample", "--import", fog, "--output", out)
    assert run_tool(*words, "--rows", 1, "--columns", 2, monkeypatch=monkeypatch) == 0
    assert out.exists()
    capsys.readouterr()
    assert run_tool("preview.py", "--list", "--import", fog, monkeypatch=monkeypatch) == 0
    assert "Of plug-ins:\n  fog(most=0.5)\n" in capsys.readouterr().out


def test_a_command_refuses_a_file_with_a_fault(fog, monkeypatch, capsys):
    fog.write_text("1 / 0")
    words = ("preview.py", "fog", "--import", fog)
    line = refusal(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert line == f"--import {fog}: line 1: ZeroDivisionError: division by zero\n"
