"""The public names: each is there, each is told about, and importing them costs nothing."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import geo_mbo


@pytest.mark.parametrize("name", geo_mbo.__all__)
def test_every_public_name_is_there_and_has_a_docstring(name: str) -> None:
    thing = getattr(geo_mbo, name)
    assert inspect.getdoc(thing), name


@pytest.mark.parametrize(
    "name", [name for name in geo_mbo.__all__ if inspect.isfunction(getattr(geo_mbo, name))]
)
def test_every_public_function_says_what_it_takes(name: str) -> None:
    function = getattr(geo_mbo, name)
    told = inspect.getdoc(function) or ""
    for parameter in inspect.signature(function).parameters:
        assert parameter in told, f"{name} does not say what {parameter} is"


def test_the_list_and_the_places_agree() -> None:
    placed = sorted(name for names in geo_mbo._PLACES.values() for name in names)
    assert placed == sorted(geo_mbo.__all__)
    assert dir(geo_mbo) == geo_mbo.__all__


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="absent"):
        _ = geo_mbo.absent


def test_importing_costs_nothing() -> None:
    code = "import sys, geo_mbo; print({'numpy', 'pandas', 'pydantic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
