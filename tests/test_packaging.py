"""pyproject.toml, constraints.txt and the tree agree."""

import importlib
import importlib.metadata
import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import taskalign

from .source_tree import PYPROJECT, ROOMS, ROOT

PACKAGES = PYPROJECT["tool"]["setuptools"]["packages"]
PROJECT = PYPROJECT["project"]


def folders_of_packages():
    """Import name -> folder, read off the tree: a room is a folder at the top that holds an `__init__.py`."""
    rooms = {file.parent.name for file in ROOT.glob("*/__init__.py")} - {"tests"}
    found = {}
    for room in rooms:
        name = "taskalign" if room == "_taskalign" else f"taskalign.{room}"
        for file in (ROOT / room).rglob("*.py"):
            found[".".join((name, *file.parent.relative_to(ROOT / room).parts))] = file.parent
    return found


def test_packages_equal_the_tree():
    assert sorted(PACKAGES) == sorted(folders_of_packages())


def test_every_package_has_an_init():
    for folder in folders_of_packages().values():
        assert (folder / "__init__.py").is_file(), folder


def test_package_dir_names_each_room_once():
    expected = {name: folder for name, folder in folders_of_packages().items() if folder.parent == ROOT}
    assert expected == ROOMS


@pytest.mark.parametrize("package", PACKAGES)
def test_package_is_imported_from_its_folder(package):
    assert list(importlib.import_module(package).__path__) == [str(folders_of_packages()[package])]


def test_one_version():
    citation = (ROOT / "CITATION.cff").read_text()
    assert re.findall(r"^version: (.+)$", citation, re.MULTILINE) == [taskalign.__version__]
    assert importlib.metadata.version("taskalign") == taskalign.__version__
    assert "version" not in PROJECT
    assert PYPROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "taskalign.__version__"}


def test_data_files_exist():
    for package, patterns in PYPROJECT["tool"]["setuptools"]["package-data"].items():
        for pattern in patterns:
            assert list(ROOMS[package].glob(pattern)), f"{package}: {pattern}"


def pins():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def test_pins_are_exact():
    for pin in pins().values():
        assert [specifier.operator for specifier in pin.specifier] == ["=="], str(pin)
        assert not any((pin.marker, pin.url, pin.extras)), str(pin)


def requirements():
    lists = [PYPROJECT["build-system"]["requires"], PROJECT["dependencies"]]
    return [Requirement(text) for texts in (*lists, *PROJECT["optional-dependencies"].values()) for text in texts]


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_pin_satisfies_requirement(requirement):
    if requirement.name == "taskalign":
        assert requirement.extras <= set(PROJECT["optional-dependencies"])
        return
    (version,) = (pin.version for pin in pins()[canonicalize_name(requirement.name)].specifier)
    assert requirement.specifier.contains(version)


def test_pins_are_complete():
    """Everything that `taskalign[dev]` brings is pinned, as far down as the installed metadata leads."""
    pinned, seen, todo = pins(), set(), [Requirement("taskalign[dev]")]
    while todo:
        requirement = todo.pop()
        name, extras = canonicalize_name(requirement.name), requirement.extras or {""}
        if (name, *extras) in seen:
            continue
        seen.add((name, *extras))
        assert name in pinned or name == "taskalign"
        dependencies = map(Requirement, importlib.metadata.requires(name) or [])
        todo += (
            dependency
            for dependency in dependencies
            if not dependency.marker or any(dependency.marker.evaluate({"extra": extra}) for extra in extras)
        )
