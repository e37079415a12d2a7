"""The packages of the wheel say that they are typed, so that type checkers read their annotations."""

from __future__ import annotations

import tomllib
from pathlib import Path

import supportgenie
import switchroom

ROOT = Path(__file__).parents[1]


def test_each_package_of_the_wheel_ships_its_mark():
    with open(ROOT / "pyproject.toml", "rb") as file:
        wheel = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]
    packages = [ROOT / package for package in wheel.pop("packages")]
    assert [package.name for package in packages] == ["switchroom", "supportgenie"]
    assert [package for package in packages if not (package / "py.typed").is_file()] == []
    assert wheel == {}, "the wheel takes all files of its packages"


def test_the_packages_that_are_imported_have_it_too():
    for package in (switchroom, supportgenie):
        assert package.__file__ is not None
        assert Path(package.__file__).with_name("py.typed").is_file()
